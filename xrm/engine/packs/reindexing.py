"""The search index over a change of definitions: what is searched now is found, and what is destroyed is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from xrm.engine.records.searched import index_rows
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable, Schema
from xrm.engine.storage.ledger import FIELD
from xrm.engine.storage.numbers import Numbers, read_numbers, retire
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.shadows import Shadow, read_shadows
from xrm.metadata.model import Entity, Model

AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Before:
    """What was searched before a change: the model, its numbers, and what was kept of what had been removed."""

    model: Model | None
    numbers: Numbers
    shadows: Sequence[Shadow]


def index_newly_searched(
    unit: UnitOfWork, index: SearchIndex, before: Before, schema: Schema, numbers: Numbers
) -> None:
    """Records are found by fields that were not searched before the change.

    What a field that comes back held when it was removed is in the index still; then only records that were written
    since are read.
    """
    if before.model is None:
        return
    known = set(_searched(before.model, before.numbers))
    for stored in schema:
        entity = stored.entity
        if entity.is_engine or numbers.entities[entity.name] not in before.numbers.names:
            continue
        new = {number for number in _of_entity(entity, numbers) if number not in known}
        if new:
            still_there = all(_slot(before.numbers, n) == _slot(numbers, n) for n in new)
            shadows = before.shadows if still_there else ()
            since = _written_since(shadows, numbers.entities[entity.name], new)
            _index(unit, index, stored, numbers, since)


def forget_destroyed(index: SearchIndex, plan: SchemaPlan, schema: Schema | None, unit: UnitOfWork) -> None:
    """The words of what the plan has destroyed are in the index no longer, and its places there are free.

    A field that is defined under its name later is another one, with a history of its own.
    """
    left, numbers = {shadow.number for shadow in read_shadows(unit)}, read_numbers(unit)
    shadows = [s for s in (plan.live.shadows if plan.live else ()) if s.number not in left]
    for shadow in shadows:
        if shadow.is_table and not shadow.is_link and shadow.entity is not None:
            index.remove_entity(unit, shadow.entity)
    members = {(s.entity, s.member) for s in shadows if s.columns and s.member is not None}
    for entity in sorted({e for e, m in members if e is not None and _has_slot(numbers, m)}):
        name = numbers.names.get(entity, "")
        if schema and name in schema.entities and entity not in numbers.gone_entities:
            _index(unit, index, schema[name], numbers, None)
    kept = {shadow.member for shadow in read_shadows(unit)}
    retire(unit, {s.member for s in shadows if s.member is not None and s.member not in kept})


def _has_slot(numbers: Numbers, member: int | None) -> bool:
    return numbers.field_names.get(member or 0, ("", "")) in numbers.slots


def _free_gone(unit: UnitOfWork, entity: int) -> None:
    """The fields that are gone have no places in the index; one that comes back is read anew."""
    gone = sa.and_(FIELD.c.entity == entity, FIELD.c.gone)
    unit.execute(sa.update(FIELD).where(gone).values(slot=None))


def _searched(model: Model, numbers: Numbers) -> Iterator[int]:
    return (number for entity in model.entities.values() for number in _of_entity(entity, numbers))


def _slot(numbers: Numbers, field: int) -> int | None:
    return numbers.slots.get(numbers.field_names.get(field, ("", "")))


def _of_entity(entity: Entity, numbers: Numbers) -> Iterator[int]:
    names = ((entity.name, field.name) for field in entity.fields.values() if field.search)
    return (numbers.fields[name] for name in names if name in numbers.slots)


def _written_since(shadows: Sequence[Shadow], entity: int, fields: set[int]) -> datetime | None:
    """Since when the index may lack something; None where that is everything."""
    whole = next((s.at for s in shadows if s.is_table and not s.is_link and s.entity == entity), None)
    if whole is not None:
        return whole
    kept = {s.member: s for s in shadows if s.columns and _was_searched(s.definition)}
    times = [kept[number].at if number in kept else None for number in fields]
    return min((at for at in times if at is not None), default=None) if None not in times else None


def _was_searched(definition: Any) -> bool:
    return isinstance(definition, Mapping) and bool(definition.get("search"))


def _index(
    unit: UnitOfWork, index: SearchIndex, stored: EntityTable, numbers: Numbers, since: datetime | None
) -> None:
    """The live records, or those that were written since, are found by what is searched of them now.

    Where it is all of them, the index holds nothing any more of what is gone.
    """
    table, last = stored.table, None
    if since is None:
        _free_gone(unit, numbers.entities[stored.entity.name])
    wanted = sa.select(table).where(table.c.deleted_at.is_(None)).order_by(table.c.id).limit(AT_ONCE)
    if since is not None:
        wanted = wanted.where(table.c.updated_at >= since)
    while True:
        chosen = wanted if last is None else wanted.where(table.c.id > last)
        rows = unit.execute(chosen).mappings().all()
        if not rows:
            return
        index_rows(unit, index, stored, numbers, [dict(row) for row in rows])
        last = rows[-1]["id"]
