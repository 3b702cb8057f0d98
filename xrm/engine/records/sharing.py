"""Records shared one by one: who has which of them besides what the rows of their grants say.

A share widens the rows of the grants that its receiver holds by this one record; the fields stay those of the
grants. Whoever shares needs the operation `share` on the record, and holds in full what they give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Change
from xrm.engine.records.batch import Setting
from xrm.engine.records.permits import passing, passing_rule, refusal, rights
from xrm.engine.records.targets import absent
from xrm.engine.records.writer import Writer
from xrm.engine.storage.ledger import SHARE, TEAM, USER
from xrm.engine.storage.stamp import bump
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Place, Problem
from xrm.metadata.model import SHAREABLE
from xrm.metadata.values import Ref

RECEIVERS: Mapping[str, sa.Table] = {"user": USER, "team": TEAM}
LOGGED = "shared:"  # no field has such a name, so the values are for auditors and the operation for readers


@dataclass(frozen=True, slots=True)
class Share:
    """One record shared with one user or team, for these operations; titles are empty where hidden."""

    id: UUID
    to: Ref
    title: str | None
    operations: tuple[str, ...]
    by: UUID
    by_title: str | None
    at: datetime


def shares_of(setting: Setting, writer: Writer, record: UUID) -> tuple[Share, ...]:
    """With whom the record is shared, oldest first; raises NotFound, or Forbidden without the right to share.

    In the trash it is shared with whom it was, who read it there; that can be seen and ended, and nothing added.
    """
    _demand(setting, writer, record)
    return _found(setting, writer, record)


def give_share(setting: Setting, writer: Writer, record: UUID, to: Ref, operations: Sequence[str]) -> Share:
    """The record is shared with `to` for exactly these operations, whatever it was shared for before."""
    bump(setting.unit, rights=True)  # first: its row makes such changes wait for each other
    stored = _demand(setting, writer, record)
    if stored["deleted_at"]:
        raise Conflict(Problem("R144", "The record is in the trash.", "Restore it first.", Place(path="id")))
    _demand_held(setting, writer, record, _checked(operations))
    _demand_receiver(setting, to)
    before = next((s for s in _found(setting, writer, record) if s.to == to), None)
    told = {f"may_{o}": o in operations for o in SHAREABLE}
    values = {**told, "by": setting.actor.id, "at": setting.now}
    if before is None:
        key = {"id": setting.world.new_id(), "entity": writer.number, "record": record, to.entity: to.id}
        setting.unit.execute(sa.insert(SHARE), {"user": None, "team": None, **key, **values})
    else:
        setting.unit.execute(sa.update(SHARE).where(SHARE.c.id == before.id).values(values))
    made = next(s for s in _found(setting, writer, record) if s.to == to)
    _log(setting, writer, stored, "share", before, made)
    return made


def end_share(setting: Setting, writer: Writer, record: UUID, share: UUID) -> None:
    """The record is not shared by this share any more; raises NotFound when it was not."""
    bump(setting.unit, rights=True)
    stored = _demand(setting, writer, record)
    before = next((s for s in _found(setting, writer, record) if s.id == share), None)
    if before is None:
        raise NotFound(Problem("R104", "There is no such share.", "", Place(path="share")))
    setting.unit.execute(sa.delete(SHARE).where(SHARE.c.id == share))
    _log(setting, writer, stored, "unshare", before, None)


# --- who may ----------------------------------------------------------------------------------------


def _demand(setting: Setting, writer: Writer, record: UUID) -> Mapping[str, Any]:
    """The record, as it is stored, which the actor may read and share."""
    stored = writer.load(setting.unit, [record]).get(record)
    if stored is None or not passing(setting, writer, "read", [record]):
        raise absent(writer, Place(path="id"))
    if not passing(setting, writer, "share", [record]):
        raise Forbidden(refusal(writer, "share").at(Place(path="id")))
    return stored


def _demand_held(setting: Setting, writer: Writer, record: UUID, operations: Sequence[str]) -> None:
    """Nobody gives what they do not hold: on this record the operation, with every field of their grants.

    Else somebody could widen, by sharing with themselves, what they may see of a record.
    """
    known = rights(setting, writer)
    for operation in operations:
        rules = {known.rows_for(operation), *(known.cell(operation, n) for n in known.names(operation))}
        if not all(passing_rule(setting, writer, rule, [record]) for rule in rules):
            message = f"You may not {operation} this record in full, so you cannot give that."
            hint = "Give only what you may do yourself."
            raise Forbidden(Problem("A102", message, hint, Place(path="operations")))


def _checked(operations: Sequence[str]) -> Sequence[str]:
    if not operations or any(o not in SHAREABLE for o in operations):
        hint = f"Give some of {', '.join(SHAREABLE)}."
        where = Place(path="operations")
        raise Invalid(Problem("R159", "A share names operations that can be shared.", hint, where))
    return operations


def _demand_receiver(setting: Setting, to: Ref) -> None:
    """The receiver is a user who may sign in, or a team, whom the actor may know of."""
    if to.id == setting.actor.id:
        hint = "Choose somebody else."
        raise Invalid(Problem("R159", "Nobody shares a record with themselves.", hint, Place(path="to")))
    table = RECEIVERS.get(to.entity)
    if table is not None and _readable(setting, to.entity, [to.id]):
        live = sa.select(table.c.id).where(table.c.id == to.id, table.c.deleted_at.is_(None))
        active = live.where(USER.c.active == sa.true()) if table is USER else live
        if setting.unit.execute(active).first() is not None:
            return
    message = "There is no such user or team for you."
    raise Invalid(Problem("R133", message, "Give the id of a user or team.", Place(path="to")))


# --- rows -------------------------------------------------------------------------------------------

_BY = USER.alias("giver")
_ROWS = (
    sa.select(SHARE, USER.c.title.label("user_title"), TEAM.c.title.label("team_title"))
    .add_columns(_BY.c.title.label("by_title"))
    .outerjoin(USER, USER.c.id == SHARE.c.user)
    .outerjoin(TEAM, TEAM.c.id == SHARE.c.team)
    .outerjoin(_BY, _BY.c.id == SHARE.c.by)
    .order_by(SHARE.c.id)
)


def _found(setting: Setting, writer: Writer, record: UUID) -> tuple[Share, ...]:
    wanted = _ROWS.where(SHARE.c.entity == writer.number, SHARE.c.record == record)
    rows = setting.unit.execute(wanted).mappings().all()
    people = {row[name] for row in rows for name in ("user", "by")} - {None}
    teams = {row["team"] for row in rows} - {None}
    known = {"user": _readable(setting, "user", people), "team": _readable(setting, "team", teams)}
    return tuple(_share(row, known) for row in rows)


def _readable(setting: Setting, entity: str, ids: Iterable[UUID]) -> frozenset[UUID]:
    return passing(setting, setting.writers[entity], "read", list(ids))


def _share(row: Any, known: Mapping[str, frozenset[UUID]]) -> Share:
    kind = "user" if row["user"] is not None else "team"
    return Share(
        id=row["id"],
        to=Ref(kind, row[kind]),
        title=row[f"{kind}_title"] if row[kind] in known[kind] else None,
        operations=tuple(o for o in SHAREABLE if row[f"may_{o}"]),
        by=row["by"],
        by_title=row["by_title"] if row["by"] in known["user"] else None,
        at=row["at"],
    )


def _log(
    setting: Setting,
    writer: Writer,
    stored: Mapping[str, Any],
    operation: str,
    before: Share | None,
    after: Share | None,
) -> None:
    change = Change(
        entity=writer.entity.name,
        record=stored["id"],
        version=stored["version"],
        operation=operation,
        before=_told(before),
        after=_told(after),
        at=setting.now,
        title=stored["title"],
    )
    setting.log.append(setting.unit, setting.actor, [change])


def _told(share: Share | None) -> dict[str, Any]:
    if share is None:
        return {}
    to = {"entity": share.to.entity, "id": str(share.to.id)}
    return {LOGGED: {"to": to, "operations": list(share.operations)}}
