"""What a record's table looks like to the engine: which columns keep which field, relationship and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.faults import Meanings
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.fieldtypes.columns import alone
from xrm.metadata.model import Entity, Field, Key, Model, Relationship
from xrm.metadata.values import Ref, fold

Column = sa.Column[Any]
Scalars = dict[str, Any]
ScalarColumns = dict[str, Sequence[Any]]
TITLE_LENGTH = 200
INDEXED_BYTES = 800  # three such columns fit an index entry of PostgreSQL


def _first(columns: Mapping[str, Sequence[Any]]) -> Scalars:
    """The first record of columns."""
    return {name: column[0] for name, column in columns.items()}


def alone_among(column: Column, others: Iterable[Column]) -> sa.ColumnElement[bool]:
    """The check that the others are empty where the column is not."""
    return sa.or_(column.is_(None), sa.and_(*(other.is_(None) for other in others)))


def titled(text: str) -> Scalars:
    """The system columns of a title, which is cut to what lists show and indexes hold."""
    shown = text if len(text) <= TITLE_LENGTH else f"{text[: TITLE_LENGTH - 1]}…"
    return {"title": shown, "title__key": fold(shown)[:TITLE_LENGTH]}


@dataclass(frozen=True, slots=True)
class StoredField:
    """A field and its columns, one per part in the order of the type's parts.

    `keys` holds the folded twin of each part, or None; `indexed` the physical names of those twins that an
    index holds, whose length is therefore limited.
    """

    field: Field
    columns: tuple[Column, ...]
    keys: tuple[Column | None, ...]
    indexed: frozenset[str] = frozenset()

    def split(self, value: Any) -> Scalars:
        """The value as one scalar per column, folded twins included; None empties them all."""
        return _first(self.split_all([value]))

    def split_all(self, values: Sequence[Any]) -> ScalarColumns:
        """The values of several records, column by column."""
        out: ScalarColumns = {}
        for column, key, scalars in zip(self.columns, self.keys, self._parts(values), strict=True):
            out[column.key] = scalars
            if key is not None:
                out[key.key] = self._folded(key.key, scalars)
        return out

    def _parts(self, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """For each column, the scalar of each value."""
        split, params, empty = self.field.type.split, self.field.params, (None,) * len(self.columns)
        if split is alone:
            return (values,)
        rows = [empty if value is None else split(value, params) for value in values]
        return [[row[place] for row in rows] for place in range(len(self.columns))]

    def _folded(self, key: str, texts: Sequence[str | None]) -> list[str | None]:
        folded = [text if text is None else fold(text) for text in texts]
        if key in self.indexed and any(text and len(text.encode()) > INDEXED_BYTES for text in folded):
            _refuse_length(self.field.name)
        return folded

    def ordering(self, part: str = "") -> tuple[Column, ...]:
        """The columns that order records by the field or by one part of it, twins of texts; none for no such part."""
        suffixes = [each.suffix for each in self.field.parts]
        wanted = (part,) if part else self.field.type.sorted_by or suffixes[:1]
        places = [suffixes.index(suffix) for suffix in wanted if suffix in suffixes]
        return tuple(key if (key := self.keys[at]) is not None else self.columns[at] for at in places)

    def join(self, row: Mapping[str, Any]) -> Any:
        """The value that the columns hold, None when they are all empty."""
        return self.field.type.join(tuple(row[c.key] for c in self.columns), self.field.params)


def _refuse_length(name: str) -> NoReturn:
    message = f"The text is too long to be unique or indexed: at most {INDEXED_BYTES} bytes."
    raise Invalid(Problem("R162", message, "Shorten it.", Place(path=name)))


@dataclass(frozen=True, slots=True)
class StoredLookup:
    """A lookup and its columns: one per target entity, or, where it may point anywhere, number and id."""

    relationship: Relationship
    columns: Mapping[str, Column] = field(default_factory=dict)
    entity_column: Column | None = None
    record_column: Column | None = None

    @property
    def name(self) -> str:
        """The name of the relationship."""
        return self.relationship.name

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Every column that it is kept in."""
        pair = (self.entity_column, self.record_column)
        return (*self.columns.values(), *(c for c in pair if c is not None))

    def split(self, value: Ref | None, numbers: Mapping[str, int]) -> Scalars:
        """The reference as scalars; `numbers` gives the ledger number of an entity."""
        return _first(self.split_all([value], numbers))

    def split_all(self, values: Sequence[Ref | None], numbers: Mapping[str, int]) -> ScalarColumns:
        """The references of several records, column by column."""
        if self.entity_column is not None and self.record_column is not None:
            return {
                self.entity_column.key: [value and numbers[value.entity] for value in values],
                self.record_column.key: [value and value.id for value in values],
            }
        if unknown := {value.entity for value in values if value is not None} - self.columns.keys():
            raise KeyError(f"{self.name} has no column for {', '.join(unknown)}")
        return {
            column.key: [
                value.id if value is not None and value.entity == entity else None for value in values
            ]
            for entity, column in self.columns.items()
        }

    def join(self, row: Mapping[str, Any], names: Mapping[int, str]) -> Ref | None:
        """The reference that the columns hold; `names` gives the entity of a ledger number."""
        if self.entity_column is not None and self.record_column is not None:
            record: UUID | None = row[self.record_column.key]
            return None if record is None else Ref(names[row[self.entity_column.key]], record)
        for entity, column in self.columns.items():
            if row[column.key] is not None:
                return Ref(entity, row[column.key])
        return None


@dataclass(frozen=True, slots=True)
class LinkTable:
    """The table of a many-to-many relationship: one row per link, source on one side, target on the other."""

    relationship: Relationship
    table: sa.Table
    source: Column
    target: StoredLookup
    attributes: Mapping[str, StoredField]
    valid_from: Column | None
    valid_to: Column | None


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A key that live records may not share. `columns` are what is compared: of texts the folded twins.

    A record in which one of them is empty clashes with none.
    `index` names the unique index that holds it; it is empty where the record service has to look itself:
    for keys that forbid overlap, and for those whose condition the database cannot hold.
    """

    key: Key
    columns: tuple[sa.ColumnElement[Any], ...]
    index: str


@dataclass(frozen=True, slots=True)
class EntityTable:
    """An entity as it is stored. `order` is the default order of its lists: (column, descending)."""

    entity: Entity
    table: sa.Table
    fields: Mapping[str, StoredField]
    lookups: Mapping[str, StoredLookup]
    links: Mapping[str, LinkTable]
    keys: Mapping[str, UniqueKey]
    order: tuple[tuple[Column, bool], ...]

    def column(self, path: tuple[str, ...]) -> Column:
        """The column that the path names: a system column, a field, a part, a lookup with one target."""
        name, part = path[0], path[1] if len(path) > 1 else ""
        if name in self.fields:
            parts = self.fields[name].field.parts
            return self.fields[name].columns[[p.suffix for p in parts].index(part)]
        if name in self.lookups:
            columns = self.lookups[name].all_columns
            return self.lookups[name].columns[part] if part else columns[0]
        return self.table.c[name]

    def key_column(self, path: tuple[str, ...]) -> Column | None:
        """The folded twin of the column that the path names, if it has one."""
        return self.table.c.get(f"{self.column(path).name}__key")

    def split(self, values: Mapping[str, Any], numbers: Mapping[str, int]) -> Scalars:
        """The values of fields and lookups as scalars by column; other names are columns already."""
        return _first(self.split_all({name: [value] for name, value in values.items()}, numbers))

    def split_all(self, values: Mapping[str, Sequence[Any]], numbers: Mapping[str, int]) -> ScalarColumns:
        """The values of several records, which are given by name, column by column."""
        out: ScalarColumns = {}
        for name, column in values.items():
            if name in self.fields:
                out.update(self.fields[name].split_all(column))
            elif name in self.lookups:
                out.update(self.lookups[name].split_all(column, numbers))
            else:
                out[name] = column
        return out

    def join(self, row: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
        """The values of fields and lookups that a whole row holds."""
        values = {name: stored.join(row) for name, stored in self.fields.items()}
        values.update((name, lookup.join(row, names)) for name, lookup in self.lookups.items())
        return values


@dataclass(frozen=True, slots=True)
class Schema:
    """All tables of a model. `metadata` holds those made from it; the ledger stands beside."""

    model: Model
    metadata: sa.MetaData
    entities: Mapping[str, EntityTable]
    meanings: Meanings

    def __iter__(self) -> Iterator[EntityTable]:
        return iter(self.entities.values())

    def __getitem__(self, entity: str) -> EntityTable:
        return self.entities[entity]
