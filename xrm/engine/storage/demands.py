"""What definitions newly demand of the records that are there already: values, and that none is there twice."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import Column, EntityTable, Schema, UniqueKey
from xrm.engine.storage.matching import Match, Past, Standing
from xrm.errors import Problem
from xrm.metadata.model import Entity, Field, Relationship


def unmet_demands(schema: Schema, unit: UnitOfWork, matched: Match, past: Past) -> list[Problem]:
    """A problem for each field and key of `schema` that live records do not fit, as nobody asked it of them before.

    What was demanded before is not looked at again: records may lack a value that their writer could not give.
    """
    return [
        problem
        for stored in schema
        if not stored.entity.is_engine and stored.table.name in matched.standings
        for problem in _unmet(unit, matched.standings[stored.table.name], past, stored)
    ]


def _unmet(unit: UnitOfWork, standing: Standing, past: Past, stored: EntityTable) -> Iterator[Problem]:
    former = (
        past.before.model.entities.get(past.identities.present(stored.entity.name)) if past.before else None
    )
    for thing, columns in _required(stored):
        known = past.identities.fields.get((stored.entity.name, thing.name))
        if not _was_required(former, known.name if known else thing.name):
            yield from _without_value(unit, standing, stored, thing, columns)
    for key in stored.keys.values():
        if key.index and key.index not in standing.live.indexes:
            yield from _shared(unit, standing, stored, key)


def _required(stored: EntityTable) -> Iterator[tuple[Field | Relationship, tuple[Column, ...]]]:
    yield from ((s.field, s.columns) for s in stored.fields.values() if s.field.required)
    for lookup in stored.lookups.values():
        if lookup.relationship.required and not lookup.relationship.is_parent:
            yield lookup.relationship, lookup.all_columns


def _was_required(former: Entity | None, name: str) -> bool:
    thing = former and (former.fields.get(name) or former.relationships.get(name))
    return bool(thing and thing.required)


def _without_value(
    unit: UnitOfWork,
    standing: Standing,
    stored: EntityTable,
    thing: Field | Relationship,
    columns: tuple[Column, ...],
) -> Iterator[Problem]:
    """Where a column is not there yet, no record has a value."""
    empty = [column.is_(None) for column in columns if column.name in standing.columns]
    where = standing.present(sa.and_(stored.table.c.deleted_at.is_(None), *empty))
    count = unit.execute(
        sa.select(sa.func.count()).select_from(sa.table(standing.live.name)).where(where)
    ).scalar()
    if count:
        has = "1 record has" if count == 1 else f"{count} records have"
        yield Problem(
            "S115",
            f"{stored.entity.name}.{thing.name} would be required, and {has} no value.",
            "Leave it optional, give them a value, by an import, a batch or on the pages, then require it.",
            thing.place,
        )


def _shared(unit: UnitOfWork, standing: Standing, stored: EntityTable, key: UniqueKey) -> Iterator[Problem]:
    """Records clash where every column of the key holds a value and another record holds the same."""
    index = next(index for index in stored.table.indexes if index.name == key.index)
    where = index.dialect_options["postgresql"]["where"]
    conditions = [where, *(column.is_not(None) for column in key.columns)]
    used = {c.name for term in conditions for c in sa.sql.visitors.iterate(term) if isinstance(c, sa.Column)}
    if not used <= standing.columns.keys():
        return
    columns = [standing.present(column) for column in key.columns]
    once = (
        sa.select(sa.literal(1))
        .select_from(sa.table(standing.live.name))
        .where(standing.present(sa.and_(*conditions)))
        .group_by(*columns)
        .having(sa.func.count() > 1)
    )
    count = unit.execute(sa.select(sa.func.count()).select_from(once.subquery())).scalar()
    if count:
        values = "1 value is" if count == 1 else f"{count} values are"
        names = ", ".join(f"{stored.entity.name}.{name}" for name in key.key.fields)
        yield Problem(
            "S121",
            f"{names} would be unique, and {values} held by more than one record.",
            "Find the records with equal values and change them first.",
        )
