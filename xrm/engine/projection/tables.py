"""From the Model to tables: a pure projection, the same for both databases.

Names are readable on purpose, for people with reporting tools. Constraints and indexes that depend on a
definition carry its hash in their name, so that the planner compares names and never definitions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from xrm.engine.projection.indexes import add_indexes
from xrm.engine.storage.entity_tables import (
    Column,
    EntityTable,
    LinkTable,
    Schema,
    StoredField,
    StoredLookup,
    alone_among,
)
from xrm.engine.storage.faults import CHECK, FOREIGN_KEY, Meaning
from xrm.engine.storage.ledger import LEDGER, TEAM, UNIT, USER, system_columns
from xrm.engine.storage.names import bounded
from xrm.engine.storage.types import Code, Date, Instant, Integer, Text, Uuid, stored_type
from xrm.metadata.fieldtypes.base import Part, Storage
from xrm.metadata.model import OWNER_FIELDS, Entity, Field, Model, Relationship, Shape

# The name of the entity as it is stored now, for one of the model.
Present = Callable[[str], str]
_OWNERS = {"owner": USER, "team": TEAM, "unit": UNIT}
_recent: deque[Schema] = deque(maxlen=4)  # nobody changes a schema: those who ask share it


def sql_schema(model: Model) -> Schema:
    """The tables that keep the records of the model; nothing is read or written.

    A plan and what is activated after it ask for the same one: the last few are remembered.
    """
    known = next((schema for schema in tuple(_recent) if schema.model is model), None)
    if known is None:
        _recent.append(known := _schema_of(model))
    return known


def _schema_of(model: Model) -> Schema:
    build = _Build(model)
    entities = {
        entity.name: build.entity(entity) for entity in model.entities.values() if not entity.abstract
    }
    return Schema(model, build.metadata, entities, build.meanings)


class _Build:
    """One projection under way: the tables made so far and what their constraints mean."""

    def __init__(self, model: Model) -> None:
        self.model, self.metadata = model, sa.MetaData()
        self.meanings: dict[str, Meaning] = {}

    def entity(self, entity: Entity) -> EntityTable:
        """The table of the entity, with its link tables and indexes."""
        if entity.is_engine:
            return self._engine_entity(entity)
        info = {
            "entity": entity.name,
            "pack": entity.pack,
            "place": entity.place,
            "moved_from": entity.moved_from,
            "called": lambda _, name: f"{entity.pack}__{name}",
        }
        table = sa.Table(entity.table, self.metadata, *system_columns(), info=info)
        self._add_special_columns(entity, table)
        fields = {name: _add_field(table, f) for name, f in entity.fields.items() if f.parts}
        lookups = {r.name: self._add_lookup(table, r, r.name) for r in _own_lookups(entity)}
        links = {r.name: self._link_table(entity, r) for r in _links(entity)}
        return add_indexes(entity, table, fields, lookups, links, self.meanings)

    def _add_special_columns(self, entity: Entity, table: sa.Table) -> None:
        if entity.is_owned:
            for name in OWNER_FIELDS:
                self._append(table, _reference(table, name, _OWNERS[name].c.id), (name,))
        if entity.lifecycle is not None:
            table.append_column(sa.Column("state", Code(), info={"field": "state"}))
            table.append_column(sa.Column("state_since", Instant(), info={"field": "state"}))

    def _engine_entity(self, entity: Entity) -> EntityTable:
        """The engine's own table, read like an entity's."""
        table = LEDGER.tables[f"xrm_{entity.name}"]
        fields = {
            name: StoredField(f, *_present_columns(table, f)) for name, f in entity.fields.items() if f.parts
        }
        lookups = {
            r.name: StoredLookup(r, {r.targets[0]: table.c[r.name]})
            for r in entity.lookups
            if r.name in table.c
        }
        return EntityTable(entity, table, fields, lookups, {}, {}, ((table.c.title__key, False),))

    # --- lookups ------------------------------------------------------------------------------------

    def _add_lookup(self, table: sa.Table, relationship: Relationship, name: str) -> StoredLookup:
        """The columns of a reference are in the table; at most one of several holds an id."""
        if relationship.any:
            return self._add_any(table, relationship, name)
        columns = {
            t: _reference(table, _target_column(relationship, name, t), self._id_of(t), field=name)
            for t in relationship.targets
        }
        for target, column in columns.items():
            column.info["place"] = relationship.place
            column.info["called"] = partial(_called_target, relationship, target)
            self._append(table, column, (relationship.name,))
        for column in columns.values():
            self._add_alone_check(table, relationship, column, tuple(columns.values()))
        return StoredLookup(relationship, columns)

    def _add_any(self, table: sa.Table, relationship: Relationship, name: str) -> StoredLookup:
        entity_column: Column = _half(name, "entity", Integer())
        record_column: Column = _half(name, "record", Uuid())
        for half in (entity_column, record_column):
            half.info["place"] = relationship.place
        table.append_column(entity_column)
        table.append_column(record_column)
        together = entity_column.is_(None) == record_column.is_(None)
        self._add_check(table, relationship, record_column, together)
        return StoredLookup(relationship, {}, entity_column, record_column)

    def _id_of(self, entity: str) -> str | sa.Column[Any]:
        found = self.model.entities[entity]
        return LEDGER.tables[f"xrm_{entity}"].c.id if found.is_engine else f"{found.table}.id"

    def _add_alone_check(
        self, table: sa.Table, relationship: Relationship, column: Column, columns: tuple[Column, ...]
    ) -> None:
        """One check per column, so that a further target needs no other table but one more column."""
        others = [c for c in columns if c is not column]
        if others:
            column.info["alone"] = tuple(c.name for c in others)
            self._add_check(table, relationship, column, alone_among(column, others))

    def _add_check(
        self, table: sa.Table, relationship: Relationship, column: Column, condition: sa.ColumnElement[bool]
    ) -> None:
        name = bounded(f"ck_{table.name}__{column.name}")
        column.info["check"] = name
        table.append_constraint(sa.CheckConstraint(condition, name=name))
        self._mean(name, CHECK, table, (relationship.name,))

    def _append(self, table: sa.Table, column: Column, fields: tuple[str, ...]) -> None:
        table.append_column(column)
        for key in column.foreign_keys:
            self._mean(str(key.name), FOREIGN_KEY, table, fields)

    def _mean(self, name: str, kind: str, table: sa.Table, fields: tuple[str, ...]) -> None:
        self.meanings[name] = Meaning(kind, str(table.info["entity"]), fields[0], fields)

    # --- links --------------------------------------------------------------------------------------

    def _link_table(self, entity: Entity, relationship: Relationship) -> LinkTable:
        name = bounded(f"{entity.table}__{relationship.name}")
        info = {
            "entity": entity.name,
            "relationship": relationship.name,
            "place": relationship.place,
            "called": lambda base, link: bounded(f"{base}__{link}"),
        }
        table = sa.Table(
            name, self.metadata, sa.Column("id", Uuid(), primary_key=True, nullable=False), info=info
        )
        source = _reference(table, "source", self._id_of(entity.name), nullable=False)
        self._append(table, source, (relationship.name,))
        target = self._add_lookup(table, relationship, "target")
        attributes = {n: _add_field(table, f) for n, f in relationship.attributes.items() if f.parts}
        first, last = _add_validity(table) if relationship.valid else (None, None)
        table.append_column(sa.Column("created_at", Instant(), nullable=False))
        table.append_column(sa.Column("created_by", Uuid()))
        return LinkTable(relationship, table, source, target, attributes, first, last)


def _own_lookups(entity: Entity) -> Iterable[Relationship]:
    return (r for r in entity.lookups if not (entity.is_owned and r.name in OWNER_FIELDS))


def _links(entity: Entity) -> Iterable[Relationship]:
    return (r for r in entity.relationships.values() if r.shape is Shape.MANY)


def _add_validity(table: sa.Table) -> tuple[Column, Column]:
    first: Column = sa.Column("valid_from", Date())
    last: Column = sa.Column("valid_to", Date())
    table.append_column(first)
    table.append_column(last)
    return first, last


# --- columns ----------------------------------------------------------------------------------------


def _column_name(field: Field, part: Part) -> str:
    return _part_called(part.suffix, field.name)


def _part_called(suffix: str, name: str, _: Present | None = None) -> str:
    return f"{name}__{suffix}" if suffix else name


def _twin_called(suffix: str, name: str, _: Present | None = None) -> str:
    return f"{_part_called(suffix, name)}__key"


def _called_target(relationship: Relationship, target: str, name: str, present: Present) -> str:
    return _target_column(relationship, name, present(target))


def _half(name: str, suffix: str, type_: Integer | Uuid) -> Column:
    """One of the two columns of a reference to anything."""
    info = {"field": name, "called": partial(_part_called, suffix)}
    return sa.Column(_part_called(suffix, name), type_, info=info)


def _add_field(table: sa.Table, field: Field) -> StoredField:
    """The columns of the field are in the table, each text with its folded twin."""
    columns, keys = [], []
    for part in field.parts:
        column = _part_column(field, part)
        key = _twin(column, part) if part.storage is Storage.TEXT else None
        table.append_column(column)
        if key is not None:
            table.append_column(key)
        columns.append(column)
        keys.append(key)
    return StoredField(field, tuple(columns), tuple(keys))


def _part_column(field: Field, part: Part) -> Column:
    info = {
        "field": field.name,
        "place": field.place,
        "formers": field.renamed_from,
        "called": partial(_part_called, part.suffix),
    }
    return sa.Column(_column_name(field, part), stored_type(part), info=info)


def _twin(column: Column, part: Part) -> Column:
    info = {**column.info, "called": partial(_twin_called, part.suffix)}
    return sa.Column(f"{column.name}__key", Text(), info=info)


def _present_columns(table: sa.Table, field: Field) -> tuple[tuple[Column, ...], tuple[Column | None, ...]]:
    columns = tuple(table.c[_column_name(field, part)] for part in field.parts)
    return columns, tuple(table.c.get(f"{c.name}__key") for c in columns)


def _reference(
    table: sa.Table, name: str, to: str | sa.Column[Any], *, nullable: bool = True, field: str = ""
) -> Column:
    """A column that holds the id of another table's row; looked at when the transaction ends."""
    there = sa.ForeignKey(
        to,
        name=bounded(f"fk_{table.name}__{name}"),
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    )
    return sa.Column(name, Uuid(), there, nullable=nullable, info={"field": field or name})


def _target_column(relationship: Relationship, name: str, target: str) -> str:
    """One target has a column of the plain name, unless more may join it when a pack is installed."""
    is_alone = len(relationship.targets) == 1 and not relationship.abstract_target
    return name if is_alone else bounded(f"{name}__{target}")


def columns_of(schema: Schema, entity: str) -> Mapping[str, Column]:
    """Every column of the entity's table by physical name, for reading."""
    return dict(schema[entity].table.c.items())
