"""What is a person's own: the titles of records that they keep, their open work, and what happened to what they follow.

Each is one statement over all entities that are concerned, read with the rights of the moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.queries import histories
from xrm.engine.queries.conditions import base_conditions
from xrm.engine.queries.counting import MOST_AT_ONCE, Counted
from xrm.engine.queries.frame import Frame
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.references import titles_of
from xrm.engine.queries.request import Trash
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE, COMMENT, MARK, MENTION
from xrm.engine.storage.statements import Prepared, any_of
from xrm.metadata.fieldtypes.times import write_instant
from xrm.metadata.model import Entity

ACTIVITY = "activity"
DUE, DONE, OWNER = "due_at", "done_at", "owner"
FOLLOW = "follow"
FOLLOWED_FOR = timedelta(days=60)
Kept = tuple[str, UUID]


# --- titles -----------------------------------------------------------------------------------------


def titles(
    kit: Kit, unit: UnitOfWork, kept: Sequence[Kept], parameters: Mapping[str, Any]
) -> dict[Kept, str]:
    """The titles of those of the records that exist, outside the trash, and that the actor may read."""
    by_entity: dict[str, list[UUID]] = {}
    for entity, record in kept:
        if entity in kit.desk.schema.entities and kit.desk.reader.rights(entity).can("read"):
            by_entity.setdefault(entity, []).append(record)
    names = tuple(sorted(by_entity))[:MOST_AT_ONCE]
    if not names:
        return {}
    prepared = kit.plan(("titles of", names), lambda: _titles(kit, names))
    ids = {f"ids{n}": by_entity[name] for n, name in enumerate(names)}
    rows = (prepared.read(row) for row in unit.run(prepared, {**parameters, **ids}))
    return {(names[place], record): title for place, record, title in rows}


def _titles(kit: Kit, names: Sequence[str]) -> Prepared:
    def chosen(place: int, name: str) -> sa.Select[Any]:
        frame = kit.desk.frame(name)
        number: sa.Label[Any] = sa.literal_column(str(place), sa.Integer()).label("place")
        here = (any_of(frame.id, f"ids{place}"), *base_conditions(frame, Trash.LIVE))
        made: sa.Select[Any] = sa.select(number, frame.id.label("id"), frame.own("title").label("title"))
        return made.where(*here)

    return kit.prepare(sa.union_all(*(chosen(n, name) for n, name in enumerate(names))))


# --- what is theirs ---------------------------------------------------------------------------------


def owned(
    kit: Kit, unit: UnitOfWork, entities: Sequence[str], parameters: Mapping[str, Any]
) -> dict[str, Counted]:
    """How many readable records of each entity the actor owns, up to the published limit."""
    names = tuple(n for n in entities if kit.desk.schema[n].entity.is_owned)[:MOST_AT_ONCE]
    if not names:
        return {}
    prepared = kit.plan(("owned", names), lambda: _owned(kit, names))
    most = kit.limits.capped_count
    row = unit.run(prepared, {**parameters, "most": most + 1})[0]
    found = zip(names, row, strict=True)
    return {name: Counted(min(count, most), count <= most) for name, count in found}


def _owned(kit: Kit, names: Sequence[str]) -> Prepared:
    def count(name: str) -> sa.ScalarSelect[Any]:
        frame = kit.desk.frame(name)
        one: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(frame.table)
        mine = one.where(_is_mine(frame), *base_conditions(frame, Trash.LIVE))
        limited = mine.limit(sa.bindparam("most", type_=sa.Integer())).subquery()
        return sa.select(sa.func.count()).select_from(limited).scalar_subquery()

    return kit.prepare(sa.select(*(count(name).label(f"c{n}") for n, name in enumerate(names))))


def _is_mine(frame: Frame) -> sa.ColumnElement[bool]:
    owner = frame.own(OWNER)
    return owner == sa.bindparam("me", type_=owner.type)


# --- open work --------------------------------------------------------------------------------------


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
        _is_mine(frame),
        due.is_not(None),
        frame.own(DONE).is_(None),
        *_unfinished(frame, kit.desk.schema[name].entity),
        *base_conditions(frame, Trash.LIVE),
    )


def _unfinished(frame: Frame, entity: Entity) -> list[sa.ColumnElement[bool]]:
    final = [s.name for s in entity.lifecycle.states.values() if s.final] if entity.lifecycle else []
    return [frame.own("state").not_in(final)] if final else []


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


# --- what they follow -------------------------------------------------------------------------------


def followed(
    kit: Kit, unit: UnitOfWork, now: datetime, parameters: Mapping[str, Any], limit: int
) -> list[dict[str, Any]]:
    """What others did lately to the records that the actor follows, since they do, newest first."""
    prepared = kit.plan(("followed",), lambda: kit.prepare(_followed()))
    values = {**parameters, "since": now - FOLLOWED_FOR, "limit": limit}
    rows = unit.run(prepared, values)
    return histories.shown(kit, unit, parameters, prepared, rows) if rows else []


def _followed() -> sa.Select[Any]:
    user, actor = MARK.c.user, CHANGE.c.actor
    me = sa.bindparam("me", type_=user.type)
    joined = CHANGE.join(MARK, sa.and_(MARK.c.record == CHANGE.c.record, MARK.c.entity == CHANGE.c.entity))
    # In the order of the sum no index stands, so the rows are found by record and not by reading the whole log.
    position = CHANGE.c.position + 0
    return (
        sa.select(*CHANGE.c)
        .select_from(joined)
        .where(
            user == me,
            MARK.c.kind == FOLLOW,
            CHANGE.c.at >= MARK.c.at,
            CHANGE.c.at >= sa.bindparam("since", type_=CHANGE.c.at.type),
            sa.or_(actor.is_(None), actor != me),
        )
        .order_by(position.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer()))
    )


def mentions(kit: Kit, unit: UnitOfWork, parameters: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """The last comments in which others mentioned the actor, on records that they may read."""
    prepared = kit.plan(("mentions of me",), lambda: kit.prepare(_mentions()))
    found = [prepared.read(row) for row in unit.run(prepared, {**parameters, "limit": limit})]
    if not found:
        return []
    names = kit.numbers.names
    records = titles(
        kit, unit, [(names.get(entity, ""), record) for _, entity, record, *_ in found], parameters
    )
    people = titles_of(kit, unit, "user", sorted({row[3] for row in found}), parameters)
    return [
        {
            "comment": str(comment),
            "entity": names[entity],
            "record": str(record),
            "title": records[names[entity], record],
            "author": people.get(str(author)),
            "at": write_instant(at),
            "text": text,
        }
        for comment, entity, record, author, at, text in found
        if (names.get(entity, ""), record) in records
    ]


def _mentions() -> sa.Select[Any]:
    user = MENTION.c.user
    me = sa.bindparam("me", type_=user.type)
    facts = (
        COMMENT.c.id,
        COMMENT.c.entity,
        COMMENT.c.record,
        COMMENT.c.author,
        COMMENT.c.created_at,
        COMMENT.c.text,
    )
    return (
        sa.select(*facts)
        .join(MENTION, MENTION.c.comment == COMMENT.c.id)
        .where(user == me, COMMENT.c.author != me)
        .order_by(COMMENT.c.created_at.desc(), COMMENT.c.id.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer()))
    )
