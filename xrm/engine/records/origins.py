"""The records from which a trail leads to certain others, asked in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.records.batch import Setting
from xrm.engine.storage.statements import any_of
from xrm.engine.storage.types import Uuid
from xrm.metadata.dependencies import Step, Trail, Way
from xrm.metadata.model import POINTERS

FIRST: Final = UUID(int=0)  # comes before every record


def origins(setting: Setting, trail: Trail, ends: Collection[UUID], most: int) -> Sequence[UUID]:
    """Some of the records from which the trail leads to one of the ends, at most so many."""
    if not trail or not ends:
        return sorted(ends)[:most]
    return _asked(setting, "some", trail, ends, {"most": most})


def origins_after(
    setting: Setting, trail: Trail, ends: Collection[UUID], after: UUID | None, most: int
) -> Sequence[UUID]:
    """The first of those records, by id, that come after that one."""
    if not trail or not ends:
        return [end for end in sorted(ends) if after is None or end > after][:most]
    return _asked(setting, "after", trail, ends, {"after": after or FIRST, "most": most})


def count_origins(setting: Setting, trail: Trail, ends: Collection[UUID], after: UUID | None) -> int:
    """How many of those records come after that one."""
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
    whole = (*trails[0], *trails[1])
    if not whole or not ends:
        return [r for r in records if r in ends and (after is None or r > after)]
    writer = setting.writers[whole[0].entity]
    statement = writer.statement(("among", *trails), partial(_among, setting, *trails))
    values = {"records": list(records), "ids": list(ends)} | ({"after": after or FIRST} if trails[1] else {})
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


def _among(setting: Setting, first: Trail, second: Trail) -> sa.Select[tuple[UUID]]:
    chosen, record = _leading(setting, (*first, *second), past=len(first) if second else None)
    return chosen.where(any_of(record, "records")).distinct()


def _leading(
    setting: Setting, trail: Trail, *, past: int | None = None
) -> tuple[sa.Select[tuple[UUID]], sa.ColumnElement[UUID]]:
    """The ids of the records from which the trail leads to the bound ids, and their column.

    Of the records where the step with the number `past` begins, only those count that come after the bound one.
    """
    inner: sa.Select[tuple[UUID]] | None = None
    for number, step in reversed(list(enumerate(trail))):
        here, there, *more = _columns(setting, step)
        more += [here > sa.bindparam("after", type_=Uuid())] if number == past else []
        held = any_of(there, "ids") if inner is None else there.in_(inner)
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
