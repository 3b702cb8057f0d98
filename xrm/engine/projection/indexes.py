"""Indexes from metadata: what must be unique, what lists are sorted by, what is looked up.

List indexes are partial on live rows. In PostgreSQL empty stands first, as in SQLite and as lists want it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

from xrm.engine.projection.key_conditions import index_condition
from xrm.engine.storage.entity_tables import (
    Column,
    EntityTable,
    LinkTable,
    StoredField,
    StoredLookup,
    UniqueKey,
)
from xrm.engine.storage.faults import UNIQUE, Meaning
from xrm.engine.storage.names import bounded, hashed
from xrm.metadata.expressions.types import Kind
from xrm.metadata.model import OWNER_FIELDS, Entity, Key, Label

Order = tuple[tuple[Column, bool], ...]


@compiles(CreateIndex, "sqlite")
def _without_words_for_empty(element: CreateIndex, compiler: DDLCompiler, **words: Any) -> str:
    """SQLite keeps empty first and has no words for it in an index."""
    visitor: Any = compiler
    text: str = visitor.visit_create_index(element, **words)
    return text.replace(" NULLS FIRST", "").replace(" NULLS LAST", "")


def add_indexes(
    entity: Entity,
    table: sa.Table,
    fields: Mapping[str, StoredField],
    lookups: Mapping[str, StoredLookup],
    links: Mapping[str, LinkTable],
    meanings: dict[str, Meaning],
) -> EntityTable:
    """The table has its indexes, and what their names mean is known."""
    bare = EntityTable(entity, table, fields, lookups, links, {}, ())
    work = _Indexes(bare, meanings)
    keys = {key.name: work.unique_key(key) for key in _keys(bare)}
    order = _default_order(bare)
    work.list_indexes(order)
    for link in links.values():
        _index_link(link, entity.name, meanings)
    return replace(bare, fields=_with_limits(bare, table), keys=keys, order=order)


@dataclass(frozen=True, slots=True)
class _Indexes:
    """The indexes of one table under way."""

    stored: EntityTable
    meanings: dict[str, Meaning]

    @property
    def table(self) -> sa.Table:
        return self.stored.table

    @property
    def live(self) -> sa.ColumnElement[bool]:
        return self.table.c.deleted_at.is_(None)

    def unique_key(self, key: Key) -> UniqueKey:
        """The key, held by a unique index on live rows wherever an index can hold it."""
        columns = tuple(c for name in key.fields for c in self.compared(name))
        condition = index_condition(key.when.tree, self.stored.column) if key.when else sa.true()
        if key.no_overlap is not None or condition is None:
            return UniqueKey(key, columns, "")
        where = sa.and_(self.live, condition) if key.when else self.live
        says = ", ".join(f"{self.stored.entity.name}.{field}" for field in key.fields)
        name = _make(self.table, "uq", key.name, columns, where, unique=True, says=says)
        _mean(self.meanings, name, columns, self.stored.entity.name, key)
        return UniqueKey(key, columns, name)

    def compared(self, name: str) -> tuple[sa.ColumnElement[Any], ...]:
        """What makes two values of this name equal: folded twins of text, the one id of a lookup."""
        if name in self.stored.fields:
            stored = self.stored.fields[name]
            return tuple(k if k is not None else c for c, k in zip(stored.columns, stored.keys, strict=True))
        if name in self.stored.lookups:
            return (_one_id(self.stored.lookups[name]),)
        return (self.table.c[name],)

    def sorted_by(self, name: str) -> tuple[Column, ...]:
        """The columns that sort by this name."""
        if name in self.stored.lookups:
            return self.stored.lookups[name].all_columns
        return _sorting(self.stored, (name,))

    def sorted_as(self, path: tuple[str, ...]) -> tuple[Column, ...]:
        """The columns in which what has this path is compared."""
        if path[0] in self.stored.lookups:
            return self.stored.lookups[path[0]].all_columns
        key = self.stored.key_column(path)
        return (self.stored.column(path) if key is None else key,)

    def list_indexes(self, order: Order) -> None:
        """Lists, filters and looks at related records are served."""
        self.add("order", order)
        for name in _filtered(self.stored):
            self.add(name, ((self.table.c[name], False), *order))
        for lookup in self.stored.lookups.values():
            for column in lookup.all_columns[-1:] if lookup.relationship.any else lookup.all_columns:
                _make(self.table, "ix", column.name, (column,), None)
        for way in self.stored.entity.duplicates.values():
            # What is compared by likeness stands last: its neighbours are looked at among those that are equal.
            match = sorted(way.match, key=lambda each: each.by == "fuzzy")
            columns = tuple(column for each in match for column in self.sorted_as(each.path))
            self.add(
                "_".join(name for each in match for name in each.path), tuple((c, False) for c in columns)
            )
        for names in self.declared():
            self.add("_".join(names), tuple((c, False) for n in names for c in self.sorted_by(n)))
        _make(self.table, "ix", "trash", (self.table.c.deleted_at,), self.table.c.deleted_at.is_not(None))

    def declared(self) -> Iterable[tuple[str, ...]]:
        """The indexes that the entity asks for, without those that a key has already."""
        fields = self.stored.entity.fields
        asked = [*self.stored.entity.indexes, *((name,) for name in self.stored.fields if fields[name].index)]
        taken = {key.fields for key in self.stored.entity.keys.values() if key.when is None}
        return (names for names in dict.fromkeys(asked) if names not in taken)

    def add(self, label: str, order: Order) -> None:
        """An index on live rows in this order, the id last so that keyset paging has an end to hold."""
        distinct = tuple({column.name: (column, down) for column, down in order}.values())
        down = bool(distinct) and distinct[-1][1]
        terms = [*distinct, (self.table.c.id, down)]
        if len({way for _, way in terms}) == 1:
            terms = [(column, False) for column, _ in terms]
        _make(self.table, "ix", label, tuple(_term(*term) for term in terms), self.live)


# --- what is indexed --------------------------------------------------------------------------------


def _keys(stored: EntityTable) -> Iterable[Key]:
    yield Key("external_key", ("external_key",))
    for name, field in stored.fields.items():
        if field.field.unique:
            yield Key(f"field_{name}", (name,), place=field.field.place)
    for name, lookup in stored.lookups.items():
        if lookup.relationship.unique:
            yield Key(f"field_{name}", (name,), place=lookup.relationship.place)
    yield from stored.entity.keys.values()


def _filtered(stored: EntityTable) -> Iterable[str]:
    """The names of single columns with few values that lists are filtered by."""
    if stored.entity.lifecycle is not None:
        yield "state"
    if stored.entity.is_owned:
        yield from OWNER_FIELDS
    for name, field in stored.fields.items():
        if field.field.type.expression(field.field.params).kind is Kind.CHOICE:
            yield name


def _default_order(stored: EntityTable) -> Order:
    """The order of the first list view, where it is by own columns; else by title, people by last and first name."""
    view = stored.entity.first_list
    terms = view.sort if view is not None else ()
    paths = [(tuple(path.split(".")), down) for path, down in terms]
    if paths and all(_is_own(stored, path) for path, _ in paths):
        return tuple((column, down) for path, down in paths for column in _sorting(stored, path))
    return tuple((column, False) for column in _sorting(stored, (stored.entity.ordered_by,)))


def _is_own(stored: EntityTable, path: tuple[str, ...]) -> bool:
    name = path[0]
    if name in stored.fields:
        return len(path) < 3 and bool(stored.fields[name].ordering(*path[1:]))
    return len(path) == 1 and name in stored.table.c and name not in stored.lookups


def _sorting(stored: EntityTable, path: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns that lists are ordered by for this path."""
    if path[0] in stored.fields:
        return stored.fields[path[0]].ordering(*path[1:])
    key = stored.key_column(path)
    return (stored.column(path) if key is None else key,)


def _one_id(lookup: StoredLookup) -> sa.ColumnElement[Any]:
    """The one id that the columns hold. Each is empty but one, and an empty column makes nothing unique."""
    if lookup.record_column is not None:
        return lookup.record_column
    columns = tuple(lookup.columns.values())
    return columns[0] if len(columns) == 1 else sa.func.coalesce(*columns)


def _index_link(link: LinkTable, entity: str, meanings: dict[str, Meaning]) -> None:
    columns: tuple[sa.ColumnElement[Any], ...] = (link.source, _one_id(link.target))
    if link.valid_from is not None:
        columns = (*columns, link.valid_from)
    name = _make(link.table, "uq", "pair", columns, None, unique=True)
    key = Key("pair", (link.relationship.name,), message={"en": "These two records are linked already."})
    _mean(meanings, name, columns, entity, key)
    for column in link.target.all_columns[-1:] if link.relationship.any else link.target.all_columns:
        _make(link.table, "ix", column.name, (column,), None)


# --- making -----------------------------------------------------------------------------------------


def _term(column: Column, down: bool) -> sa.ColumnElement[Any]:
    if not column.nullable:
        return column.desc() if down else column
    return column.desc().nulls_last() if down else column.nulls_first()


def _make(
    table: sa.Table,
    kind: str,
    label: str,
    columns: tuple[sa.ColumnElement[Any], ...],
    where: sa.ColumnElement[bool] | None,
    *,
    unique: bool = False,
    says: str = "",
) -> str:
    """The index is part of the table; its name ends in a hash of all that it says."""
    definition = "|".join((*map(_said, columns), _text(where), str(unique)))
    name = hashed(bounded(f"{kind}_{table.name}__{label}"), definition)
    if name not in {index.name for index in table.indexes}:
        sa.Index(
            name,
            *columns,
            unique=unique,
            sqlite_where=where,
            postgresql_where=where,
            info={"label": label, "says": says or label},
        )
    return name


def _said(term: sa.ColumnElement[Any]) -> str:
    """The term as text; compiling is slow, and nearly every term is a column, plain or turned about."""
    if isinstance(term, sa.Column):
        return str(term.name)
    if isinstance(term, sa.UnaryExpression) and term.modifier is not None:
        return f"{_said(term.element)} {term.modifier.__name__}"
    return str(term)


def _text(where: sa.ColumnElement[bool] | None) -> str:
    if where is None:
        return ""
    if isinstance(where, sa.BinaryExpression) and isinstance(where.left, sa.Column):
        return f"{where.left.name} {where.operator.__name__} {where.right}"
    return str(where.compile(compile_kwargs={"literal_binds": True}))


def _mean(
    meanings: dict[str, Meaning],
    name: str,
    columns: tuple[sa.ColumnElement[Any], ...],
    entity: str,
    key: Key,
) -> None:
    """SQLite names the columns of a broken index, or the index itself where it holds an expression."""
    message: Label = key.message
    meaning = Meaning(UNIQUE, entity, key.name, key.fields, message)
    meanings[name] = meaning
    plain = [c for c in columns if isinstance(c, sa.Column)]
    if len(plain) == len(columns):
        meanings[", ".join(f"{c.table.name}.{c.name}" for c in plain)] = meaning


def _with_limits(stored: EntityTable, table: sa.Table) -> dict[str, StoredField]:
    """Fields know which of their twins stand in an index."""
    held = frozenset(
        column.name
        for index in table.indexes
        for term in index.expressions
        if not isinstance(term, str)
        for column in sa.sql.visitors.iterate(term)
        if isinstance(column, sa.Column)
    )
    return {
        name: replace(f, indexed=held & {k.name for k in f.keys if k is not None})
        for name, f in stored.fields.items()
    }
