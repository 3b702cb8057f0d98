"""The records from which a trail leads to certain others, asked in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.records.batch import Setting
from xrm.engine.records.writer import Writer
from xrm.engine.storage.statements import any_of
from xrm.engine.storage.types import Uuid
from xrm.metadata.dependencies import Step, Trail, Way
from xrm.metadata.model import POINTERS

FIRST: Final = UUID(int=0)  # comes before every record
MANY: Final = (1 << 31) - 2  # more than there are


def origins(setting: Setting, trail: Trail, ends: Collection[UUID], most: int) -> Sequence[UUID]:
    """Some of the records from which the trail leads to one of the ends, at most so many."""
    if not trail or not ends:
        return sorted(ends)[:most]
    return _asked(setting, "some", trail, ends, {"most": most})


def origins_after(
    setting: Setting, entity: str, trail: Trail, ends: Collection[UUID], after: UUID | None, most: int
) -> Sequence[UUID]:
    """The first of those records, by id, that come after that one; without trail and ends all of the entity."""
    if is_whole(trail, ends):
        writer = setting.writers[entity]
        statement = writer.statement("all_after", partial(_all_after, writer))
        rows = setting.unit.run(statement, {"after": after or FIRST, "most": most})
        return [statement.read(row)[0] for row in rows]
    if not trail or not ends:
        return [end for end in sorted(ends) if after is None or end > after][:most]
    return _asked(setting, "after", trail, ends, {"after": after or FIRST, "most": most})


def is_whole(trail: Trail, ends: Collection[UUID]) -> bool:
    """Whether all records of an entity are meant."""
    return not trail and not ends


def count_all(setting: Setting, entity: str, after: UUID | None = None, most: int = MANY) -> int:
    """How many records of the entity come after that one, the trash included; counted as far as `most`."""
    writer = setting.writers[entity]
    statement = writer.statement("count_all", partial(_counting_all, writer))
    row = setting.unit.one(statement, {"after": after or FIRST, "most": most})
    return 0 if row is None else int(statement.read(row)[0])


def count_origins(
    setting: Setting, entity: str, trail: Trail, ends: Collection[UUID], after: UUID | None
) -> int:
    """How many of those records come after that one."""
    if is_whole(trail, ends):
        return count_all(setting, entity, after)
    if not trail or not ends:
        return sum(after is None or end > after for end in ends)
    writer = setting.writers[trail[0].entity]
    statement = writer.statement(("count_origins", trail), partial(_counting, setting, trail))
    row = setting.unit.one(statement, {"ids": list(ends), "after": after or FIRST})
    return 0 if row is None else int(statement.read(row)[0])


def origins_among(
    setting: Setting,
    records: Collection[UUID],
    trails: tuple[Trail, Trail],
    ends: Collection[UUID],
    after: UUID | None,
) -> Collection[UUID]:
    """Those of the records from which both trails, one behind the other, lead to one of the ends.

    Of the records at which they meet only those count that come after that one, by id.
    """
    whole, is_all = (*trails[0], *trails[1]), is_whole(trails[1], ends)
    if not whole:
        return [r for r in records if (is_all or r in ends) and (after is None or r > after)]
    writer = setting.writers[whole[0].entity]
    make = partial(_among, setting, *trails, is_all=is_all)
    statement = writer.statement(("among", *trails, is_all), make)
    values: dict[str, Any] = {"records": list(records)}
    values |= {} if is_all else {"ids": list(ends)}
    values |= {"after": after or FIRST} if trails[1] or is_all else {}
    return [statement.read(row)[0] for row in setting.unit.run(statement, values)]


def _asked(
    setting: Setting, how: str, trail: Trail, ends: Collection[UUID], values: dict[str, Any]
) -> Sequence[UUID]:
    writer = setting.writers[trail[0].entity]
    make = _some if how == "some" else _after
    statement = writer.statement(("origins", how, trail), partial(make, setting, trail))
    rows = setting.unit.run(statement, {"ids": list(ends), **values})
    return [statement.read(row)[0] for row in rows]


def _some(setting: Setting, trail: Trail) -> sa.Select[tuple[UUID]]:
    chosen, _ = _leading(setting, trail)
    return chosen.distinct().limit(sa.bindparam("most", type_=sa.Integer()))


def _after(setting: Setting, trail: Trail) -> sa.Select[tuple[UUID]]:
    chosen, record = _leading(setting, trail, past=0)
    return chosen.distinct().order_by(record).limit(sa.bindparam("most", type_=sa.Integer()))


def _counting(setting: Setting, trail: Trail) -> sa.Select[Any]:
    chosen, _ = _leading(setting, trail, past=0)
    return sa.select(sa.func.count()).select_from(chosen.distinct().subquery())


def _all_after(writer: Writer) -> sa.Select[tuple[UUID]]:
    record = writer.table.table.c.id
    later = sa.select(record).where(record > sa.bindparam("after", type_=Uuid()))
    return later.order_by(record).limit(sa.bindparam("most", type_=sa.Integer()))


def _counting_all(writer: Writer) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(_all_after(writer).subquery())


def _among(setting: Setting, first: Trail, second: Trail, *, is_all: bool) -> sa.Select[tuple[UUID]]:
    past = len(first) if second else None
    chosen, record = _leading(setting, (*first, *second), past=past, is_all=is_all)
    return chosen.where(any_of(record, "records")).distinct()


def _leading(
    setting: Setting, trail: Trail, *, past: int | None = None, is_all: bool = False
) -> tuple[sa.Select[tuple[UUID]], sa.ColumnElement[UUID]]:
    """The ids of the records from which the trail leads to the bound ids, and their column.

    Of the records where the step with the number `past` begins, only those count that come after the bound one. With
    `is_all` no ids are bound: the trail may lead to any record that comes after that one.
    """
    inner: sa.Select[tuple[UUID]] | None = None
    for number, step in reversed(list(enumerate(trail))):
        here, there, *more = _columns(setting, step)
        more += [here > sa.bindparam("after", type_=Uuid())] if number == past else []
        last = there > sa.bindparam("after", type_=Uuid()) if is_all else any_of(there, "ids")
        held = last if inner is None else there.in_(inner)
        inner = sa.select(here).where(held, here.is_not(None), *more).correlate(None)
    if inner is None:
        raise AssertionError("a trail that is asked for has a step")
    return inner, here


def _columns(setting: Setting, step: Step) -> tuple[Any, ...]:
    """The id where the step begins, the id where it leads, and what else holds of such a pair."""
    stored = setting.writers[step.owner].table
    if step.way in (Way.LINKED, Way.LINKING):
        links = stored.links[step.relationship]
        ends = (links.source, links.target.columns[step.to if step.way is Way.LINKED else step.entity])
        return ends if step.way is Way.LINKED else ends[::-1]
    own = stored.table.c.id
    if step.relationship in POINTERS and step.relationship not in stored.lookups:
        pointer = stored.table.c[step.relationship]
        return (own, pointer) if step.way is Way.OUT else (pointer, own)
    lookup, target = stored.lookups[step.relationship], step.to if step.way is Way.OUT else step.entity
    column = lookup.columns.get(target, lookup.record_column)
    if column is None:
        raise AssertionError("a lookup is kept in a column for each entity, or in one for all")
    same = () if lookup.entity_column is None else (lookup.entity_column == setting.numbers[target],)
    return (own, column, *same) if step.way is Way.OUT else (column, own, *same)
