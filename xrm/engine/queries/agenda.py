"""A person's open work that has a time, over every kind of activity at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xrm.engine.queries.conditions import base_conditions
from xrm.engine.queries.counting import MOST_AT_ONCE, is_mine
from xrm.engine.queries.frame import Frame
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.request import Trash
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared
from xrm.metadata.fieldtypes.times import write_instant
from xrm.metadata.model import STATE, Entity

ACTIVITY = "activity"
DUE, DONE = "due_at", "done_at"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The instants that divide what is due: now, the end of today, the end of the seventh day."""

    now: datetime
    tonight: datetime
    week: datetime


@dataclass(frozen=True, slots=True)
class Agenda:
    """The actor's open work that has a time: how much is overdue, due today, due in a week, and what comes first."""

    overdue: int = 0
    today: int = 0
    week: int = 0
    open: int = 0
    next: Sequence[Mapping[str, Any]] = ()


def agenda(kit: Kit, unit: UnitOfWork, bounds: Bounds, parameters: Mapping[str, Any], limit: int) -> Agenda:
    """What the actor has to do, of every kind of activity whose times they may read."""
    kinds = _kinds(kit)
    if not kinds:
        return Agenda()
    times = {"soon": bounds.now, "tonight": bounds.tonight, "week": bounds.week}
    values = {**parameters, **times, "most": kit.limits.capped_count, "limit": limit}
    counting = kit.plan(("agenda counts", kinds), lambda: _counts(kit, kinds))
    overdue, today, week, number = (n or 0 for n in unit.run(counting, values)[0])
    if not number:
        return Agenda()
    coming = kit.plan(("agenda", kinds), lambda: _coming(kit, kinds))
    rows = (coming.read(row) for row in unit.run(coming, values))
    told = [
        {"entity": kinds[place], "id": str(i), "title": title, DUE: write_instant(due)}
        for place, i, title, due in rows
    ]
    return Agenda(overdue, today, week, number, told)


def _kinds(kit: Kit) -> tuple[str, ...]:
    """The kinds of activity whose records tell the actor when they are due and whether they are done."""
    shape = kit.desk.reader.model.entities.get(ACTIVITY)
    names = shape.implementations if shape is not None else ()
    return tuple(n for n in names if _tells_times(kit, n))[:MOST_AT_ONCE]


def _tells_times(kit: Kit, name: str) -> bool:
    rights = kit.desk.reader.rights(name)
    is_full = all(rights.cell("read", n) == rights.rows_for("read") for n in (DUE, DONE))
    return rights.can("read") and is_full and kit.desk.schema[name].entity.is_owned


def _open(kit: Kit, place: int, name: str) -> sa.Select[Any]:
    """The actor's records of one kind that are due some time and not done."""
    frame = kit.desk.frame(name)
    due = frame.own(DUE)
    number: sa.Label[Any] = sa.literal_column(str(place), sa.Integer()).label("place")
    facts = (frame.id.label("id"), frame.own("title").label("title"), due.label("due"))
    chosen: sa.Select[Any] = sa.select(number, *facts)
    return chosen.where(
        is_mine(frame),
        due.is_not(None),
        frame.own(DONE).is_(None),
        *_unfinished(frame, kit.desk.schema[name].entity),
        *base_conditions(frame, Trash.LIVE),
    )


def _unfinished(frame: Frame, entity: Entity) -> list[sa.ColumnElement[bool]]:
    final = [s.name for s in entity.lifecycle.states.values() if s.final] if entity.lifecycle else []
    return [frame.own(STATE).not_in(final)] if final else []


def _counts(kit: Kit, kinds: Sequence[str]) -> Prepared:
    most = sa.bindparam("most", type_=sa.Integer())
    each = (sa.select(_open(kit, n, kind).limit(most).subquery()) for n, kind in enumerate(kinds))
    every = sa.union_all(*each).subquery()

    def before(name: str) -> sa.ColumnElement[int]:
        return sa.case((every.c.due < sa.bindparam(name, type_=every.c.due.type), 1), else_=0)

    overdue, tonight, week = before("soon"), before("tonight"), before("week")
    sums = (sa.func.sum(overdue), sa.func.sum(tonight - overdue), sa.func.sum(week - overdue))
    return kit.prepare(sa.select(*sums, sa.func.count()).select_from(every))


def _coming(kit: Kit, kinds: Sequence[str]) -> Prepared:
    """What is due first."""
    limit = sa.bindparam("limit", type_=sa.Integer())

    def first(place: int, kind: str) -> sa.Select[Any]:
        chosen = _open(kit, place, kind)
        return sa.select(chosen.order_by(sa.text("due"), sa.text("id")).limit(limit).subquery())

    every = sa.union_all(*(first(n, kind) for n, kind in enumerate(kinds))).subquery()
    return kit.prepare(sa.select(every).order_by(every.c.due, every.c.id).limit(limit))
