"""The steps of a plan with which relationships are stored in another way, or filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.forms import DECIDED, NOTHING_DECIDED, Decided
from xrm.engine.storage.matching import Match, Past
from xrm.engine.storage.relinking import Ruling, look, problems, ruling_of, write
from xrm.engine.storage.relinks import FIRST, LAST, Relink, Spot
from xrm.engine.storage.shadows import Shadow, keep
from xrm.engine.storage.steps import Effect, Occasion, Rows, Step, TurnLinks
from xrm.engine.storage.turning import Found
from xrm.errors import PlanRefused, Problem

if TYPE_CHECKING:
    from alembic.operations import Operations


def aside_sentence(relink: Relink, what: str) -> str:
    """What a column or table that is renamed is about."""
    kept = "values" if relink.to_links else "links"
    return f"Keep the {kept} of {relink.name} ({relink.home.table.name}): {what}."


def relink_step(relink: Relink, aside: Shadow | None, matched: Match, past: Past) -> Step:
    """The references stand where they shall; those of before are the shadow `aside`."""
    table = str(relink.home.table.name)

    def note(unit: UnitOfWork, occasion: Occasion) -> None:
        ruling = ruling_of(unit, relink, past, matched, after=True)
        left = write(unit, relink, ruling, _source_after(relink, aside), table, occasion)
        if aside is not None:
            keep(unit, replace(aside, turned={**_noted(relink, ruling), "left": left}), occasion)

    used = relink.uses() != NOTHING_DECIDED
    return TurnLinks(
        " ".join((_sentence(relink, past.days), *_decided(relink))),
        lambda op: _run(op, relink),
        _inverse(relink),
        Effect.DECISION if used else Effect.REWRITE,
        measure=lambda unit: _measured(unit, relink, past, matched),
        note=note,
    )


def _noted(relink: Relink, ruling: Ruling) -> dict[str, Any]:
    """What the ledger has to know of what is set aside: by which decisions it became what is in force, and was made."""
    back = relink.shadow.turned if relink.shadow is not None else None
    made = {DECIDED: back[DECIDED], "default": back["default"]} if back else None
    default = [ruling.default.entity, str(ruling.default.record)] if ruling.default else None
    decided = Decided(unfit=ruling.stays).as_json()
    return {"links": not relink.to_links, DECIDED: decided, "default": default, "made": made}


def _source_after(relink: Relink, aside: Shadow | None) -> Spot | None:
    """Where the references stand when the tables are as they shall be."""
    if aside is None:
        return relink.target if relink.fills else None
    return relink.source.called(aside.table, aside.columns) if relink.source else None


def _run(op: Operations, relink: Relink) -> None:
    """A database administrator is told what a program does with the rows."""
    if op.get_context().as_sql:
        op.execute(f"-- each reference of {relink.name} is read and written by xrm")


def _measured(unit: UnitOfWork, relink: Relink, past: Past, matched: Match) -> Rows:
    try:
        return looked(unit, relink, past, matched).rows
    except PlanRefused:
        return Rows()  # the refusal itself is among the demands


def looked(unit: UnitOfWork, relink: Relink, past: Past, matched: Match) -> Found:
    """What becomes of the references as they are now; what was seen while one plan is made is not looked at again."""
    key = f"links of {relink.name}"
    if key not in past.seen:
        ruling = ruling_of(unit, relink, past, matched, after=False)
        past.seen[key] = look(unit, relink, ruling)
    return past.seen[key]


def unlinked(unit: UnitOfWork, past: Past, matched: Match) -> Iterator[Problem]:
    """What stands against relationships that are stored in another way or filled in."""
    for relink in matched.relinks:
        if not list(relink.faults()):
            try:
                yield from problems(relink, looked(unit, relink, past, matched))
            except PlanRefused as refusal:
                yield from refusal.problems


# --- words ------------------------------------------------------------------------------------------


def _sentence(relink: Relink, days: int) -> str:
    name, table = relink.name, relink.home.table.name
    if relink.fills:
        return f"Fill in {name} ({table}) where a record has none."
    now, then = ("values", "links") if relink.to_links else ("links", "values")
    kept = f"the {now} of now are kept for {days} days."
    if relink.kept is not None:
        return f"Bring back the {then} of {name} ({table}), with what was changed since; {kept}"
    if relink.to_links:
        return f"Turn {name} ({table}) from a lookup into many-to-many, each value into a link; {kept}"
    return (
        f"Turn {name} ({table}) from many-to-many into a lookup, the link of a record into its value; {kept}"
    )


def _decided(relink: Relink) -> Iterator[str]:
    said = relink.uses()
    if said.unfit is not None and not relink.to_links:
        stays = said.unfit if said.unfit in (FIRST, LAST) else ""
        yield f"Of several links the {stays} one stays." if stays else "Of several links none stays."
    elif said.unfit is not None:
        yield "A value that cannot be a link becomes empty."
    if said.empty is not None:
        yield f"A record that has none gets {said.empty}."


def _inverse(relink: Relink) -> str:
    if relink.fills:
        return "Change the records back."
    return "Roll back: what was before comes back, with what is changed until then."
