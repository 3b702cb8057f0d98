"""The versions of an installation: which layers were in force when, and what each activation changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.packs.layers import sources_of
from xrm.engine.packs.proposal import Proposal, version_in
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import ACTIVATION
from xrm.engine.storage.meant import last_position, names_in_force
from xrm.engine.storage.numbers import Names, Numbers, names_of
from xrm.engine.storage.options import origins_of
from xrm.errors import NotFound, Problem
from xrm.metadata.setting_values import changed_settings
from xrm.metadata.sources import Layer, PackSource

MOST = 200  # versions that are listed at once
MOST_NUMBER = 2**63 - 1  # that a database can compare with


@dataclass(frozen=True, slots=True)
class Version:
    """What one activation put in force. `changes` says it in sentences, `door` how its actor came in, `can_return`
    whether its layers are known.
    """

    number: int
    at: datetime
    actor: UUID | None
    fingerprint: str
    changes: tuple[str, ...]
    can_return: bool
    is_current: bool
    door: str = ""


def read_versions(unit: UnitOfWork, below: int | None = None) -> tuple[Version, ...]:
    """The newest versions, or those before the version `below`; the newest first, no more than MOST."""
    wanted = _TOLD.order_by(ACTIVATION.c.number.desc()).limit(MOST)
    if below is not None:
        wanted = wanted.where(ACTIVATION.c.number < min(below, MOST_NUMBER))
    return _versions(unit, wanted)


def read_version(unit: UnitOfWork, number: int) -> Version:
    """The version of that number; raises NotFound."""
    found = _versions(unit, _TOLD.where(_is(number)))
    if not found:
        message = f"There is no version {number} of the definitions."
        raise NotFound(Problem("P157", message, "See xrm model versions."))
    return found[0]


# Names and layers of a version are large, and are not told.
_TOLD = sa.select(
    *(ACTIVATION.c[name] for name in ("number", "at", "actor", "fingerprint", "sentences", "door")),
    ACTIVATION.c.layers.is_not(None).label("can_return"),
)


def _is(number: int) -> sa.ColumnElement[bool]:
    """Whether a version has that number; none has one that no database can hold."""
    return ACTIVATION.c.number == number if 0 < number <= MOST_NUMBER else sa.false()


def _versions(unit: UnitOfWork, wanted: sa.Select[Any]) -> tuple[Version, ...]:
    last = unit.execute(sa.select(sa.func.max(ACTIVATION.c.number))).scalar()
    return tuple(
        Version(
            row.number,
            row.at,
            row.actor,
            row.fingerprint,
            tuple(row.sentences or ()),
            row.can_return,
            row.number == last,
            row.door or "",
        )
        for row in unit.execute(wanted).all()
    )


def sources_of_version(unit: UnitOfWork, number: int) -> tuple[tuple[PackSource, ...], Names]:
    """The files that were in force in that version, but for those of the program, and what its names stood for."""
    row = unit.execute(sa.select(ACTIVATION).where(_is(number))).one_or_none()
    if row is None or row.layers is None:
        message = f"There is no version {number} of the definitions that can be gone back to."
        raise NotFound(Problem("P157", message, "See xrm model versions."))
    kept = [(x["name"], x["content"]) for x in row.layers if x["name"] != str(Layer.CORE)]
    return sources_of(unit, kept), Names.from_json(row.names)


def keep_version(unit: UnitOfWork, proposal: Proposal, numbers: Numbers, at: datetime, actor: Actor) -> int:
    """The installation can come back to what the proposal puts in force; gives the number of that version."""
    kept, then = proposal.plan.kept_keys, proposal.then
    origins = origins_of(proposal.model, numbers, kept, names_in_force(unit), then)
    names = replace(names_of(proposal.model, numbers), options=origins)
    layers = [
        {"name": pack.name, "version": version_in(pack), "content": pack.content} for pack in proposal.layers
    ]
    unit.execute(
        sa.insert(ACTIVATION),
        {
            "fingerprint": proposal.model.fingerprint,
            "plan": proposal.plan.hash,
            "at": at,
            "actor": actor.id,
            "door": actor.door,
            "layers": layers,
            "names": names.as_json(),
            "sentences": [
                *layer_sentences(proposal),
                *changed_settings(proposal.before, proposal.layers),
                *proposal.plan.sentences(),
            ],
            "position": last_position(unit),
        },
    )
    number: int = unit.execute(sa.select(sa.func.max(ACTIVATION.c.number))).scalar_one()
    return number


def layer_sentences(proposal: Proposal) -> Iterable[str]:
    """Which layers come, go and change."""
    before = {pack.name: version_in(pack) for pack in proposal.before}
    for change in proposal.changes:
        yield _told(change.pack.name, version_in(change.pack), before.get(change.pack.name))
    for name in sorted(proposal.gone):
        yield f"{name} {before[name]}".strip() + " goes out."


def _told(name: str, version: str, before: str | None) -> str:
    if before is None:
        return f"{name} {version}".strip() + " comes in."
    if before == version:
        return f"{name} {version}".strip() + " has other content."
    return f"{name} goes from {before} to {version}."
