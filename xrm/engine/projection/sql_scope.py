"""Where names of an expression lie in tables: the row at hand, and the rows that its relationships lead to.

A reader's rights come in by two hooks: `restrict` narrows every related row to those that may be read, and
`mask` says on which rows an attribute is given. What is not given is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from xrm.engine.projection.exact_sql import Element
from xrm.engine.storage.entity_tables import EntityTable, LinkTable, Schema, StoredLookup
from xrm.engine.storage.types import Date
from xrm.metadata.model import Relationship, Shape

Condition = sa.ColumnElement[bool]
Restrict = Callable[[str, sa.FromClause], Condition | None]
Mask = Callable[[str, str, sa.FromClause], Condition | None]


def no_restriction(entity: str, row: sa.FromClause) -> Condition | None:
    """Every row may be read."""
    return None


def no_mask(entity: str, attribute: str, row: sa.FromClause) -> Condition | None:
    """Every attribute is given on every row."""
    return None


@dataclass(frozen=True, slots=True)
class SqlScope:
    """A row of an entity's table that bare names belong to.

    `row` is the table or an alias of it; `outer` is the scope of the record in hand where this one is
    another; `numbers` gives the ledger number of an entity, for relationships to any entity.
    """

    schema: Schema
    entity: str
    row: sa.FromClause
    restrict: Restrict = no_restriction
    mask: Mask = no_mask
    numbers: Mapping[str, int] = field(default_factory=dict)
    outer: SqlScope | None = None

    @property
    def hand(self) -> SqlScope:
        """The scope of the record in hand."""
        return self if self.outer is None else self.outer

    @property
    def stored(self) -> EntityTable:
        """The entity's table and what its columns keep."""
        return self.schema[self.entity]

    @property
    def unmasked(self) -> SqlScope:
        """The same row with every attribute given."""
        return replace(self, mask=no_mask)

    def guard(self, name: str) -> Condition | None:
        """On which rows the attribute is given; None for all."""
        return self.mask(self.entity, name, self.row)

    def columns(self, path: tuple[str, ...]) -> tuple[Element, ...]:
        """The columns of an attribute; several only where a field has parts and none stands for it."""
        found = self.stored.fields.get(path[0])
        if found is None:
            return (self.row.c[path[0]],)
        suffixes = [part.suffix for part in found.field.parts]
        part = path[1] if len(path) > 1 else ""
        if part in suffixes:
            return (self.row.c[found.columns[suffixes.index(part)].name],)
        return tuple(self.row.c[c.name] for c in found.columns)

    def folded(self, path: tuple[str, ...]) -> Element:
        """The column that holds a text without case and accents."""
        return self.row.c[f"{self.stored.column(path).name}__key"]

    def references(self, name: str, targets: tuple[str, ...] | None = None) -> tuple[Element, ...]:
        """The ids that a relationship holds, at most one of which is not empty; only those of `targets`."""
        lookup = self.stored.lookups.get(name)
        if lookup is not None:
            return tuple(self._lookup(lookup, targets))
        relationship = self.stored.entity.side(name)
        if relationship is None or name in self.row.c:
            return (self.row.c[name],)
        found = self.many(name, targets or relationship.targets)
        return tuple(reached.only(reached.scope.row.c.id) for reached in found)

    def _lookup(self, lookup: StoredLookup, targets: tuple[str, ...] | None) -> Iterator[Element]:
        if lookup.entity_column is None or lookup.record_column is None:
            for target, column in lookup.columns.items():
                if targets is None or target in targets:
                    yield self.row.c[column.name]
            return
        record = self.row.c[lookup.record_column.name]
        if targets is None:
            yield record
            return
        for target in targets:
            number = self.row.c[lookup.entity_column.name]
            yield sa.case((number == self.numbers[target], record))

    def one(self, name: str, targets: tuple[str, ...]) -> Iterator[Reached]:
        """The record that a relationship to one leads to, by entity."""
        if name not in self.stored.lookups and name not in self.row.c:
            yield from self.many(name, targets)
            return
        for target in targets:
            there = self._beyond(target)
            for column in self._given(name, self.references(name, (target,))):
                yield Reached(there, _all(there.row.c.id == column, *there.admitted()), (there.row,), True)

    def _given(self, name: str, columns: tuple[Element, ...]) -> Iterator[Element]:
        guard = self.guard(name)
        for column in columns:
            yield column if guard is None else sa.case((guard, column))

    def many(self, name: str, targets: tuple[str, ...]) -> Iterator[Reached]:
        """The live records that a relationship to many leads to, by entity."""
        relationship = self.stored.entity.side(name)
        if relationship is None:
            raise AssertionError("the checker knows every relationship")
        guard = self.guard(name)
        for target in targets:
            reached = self._far(relationship, self._beyond(target))
            yield reached if guard is None else replace(reached, condition=_all(guard, reached.condition))

    def _far(self, relationship: Relationship, there: SqlScope) -> Reached:
        if relationship.shape is Shape.MANY:
            return self._linked(self.stored.links[relationship.name], self, there, there)
        name = relationship.of[1] if relationship.of else relationship.inverse
        link = there.stored.links.get(name)
        guard = there.guard(name)
        if link is not None:
            return self._linked(link, there, self, there).where(guard)
        (column,) = there.references(name, (self.entity,))
        return Reached(there, _all(column == self.row.c.id, *there.admitted()), (there.row,)).where(guard)

    def _linked(self, link: LinkTable, source: SqlScope, target: SqlScope, there: SqlScope) -> Reached:
        """Rows joined by a link that holds today."""
        row = link.table.alias()
        ends = replace(source, row=row)
        (column,) = ends._lookup(link.target, (target.entity,))
        condition = _all(
            row.c[link.source.name] == source.row.c.id,
            column == target.row.c.id,
            *_valid_today(link, row),
            *there.admitted(),
        )
        return Reached(there, condition, (there.row, row))

    def _beyond(self, entity: str) -> SqlScope:
        row = self.schema[entity].table.alias()
        return replace(self, entity=entity, row=row, outer=self.hand)

    def admitted(self) -> Iterator[Condition]:
        """What a related row must be: live, and readable."""
        if "deleted_at" in self.row.c:
            yield self.row.c.deleted_at.is_(None)
        condition = self.restrict(self.entity, self.row)
        if condition is not None:
            yield condition


@dataclass(frozen=True, slots=True)
class Reached:
    """Related rows: their scope, the condition that relates them, and what a query of them selects from."""

    scope: SqlScope
    condition: Condition
    froms: tuple[sa.FromClause, ...]
    is_one: bool = False

    def select(self, *chosen: Element) -> sa.Select[Any]:
        """A query of the related rows, in which everything else belongs to the queries around it."""
        query = sa.select(*chosen).select_from(*self.froms).where(self.condition)
        return query.correlate_except(*self.froms)

    def only(self, chosen: Element) -> Element:
        """A value of the one related row; a row that is found by its id needs no limit."""
        query = self.select(chosen)
        return (query if self.is_one else query.limit(1)).scalar_subquery()

    def then(self, further: Reached) -> Reached:
        """The rows that are reached from these."""
        both = _all(self.condition, further.condition)
        return Reached(further.scope, both, (*self.froms, *further.froms))

    def where(self, condition: Condition | None) -> Reached:
        """Those of the rows for which the condition holds as well."""
        return self if condition is None else replace(self, condition=_all(self.condition, condition))


def _valid_today(link: LinkTable, row: sa.FromClause) -> Iterator[Condition]:
    if link.valid_from is None or link.valid_to is None:
        return
    today: Element = sa.bindparam("today", type_=Date())
    first, last = row.c[link.valid_from.name], row.c[link.valid_to.name]
    yield sa.or_(first.is_(None), first <= today)
    yield sa.or_(last.is_(None), last >= today)


def _all(*conditions: Condition) -> Condition:
    return sa.and_(*conditions)
