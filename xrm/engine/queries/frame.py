"""A place in a statement where records of one entity stand, seen with one actor's rights.

Whatever leaves a frame is masked: a field that only some grants give is empty on the rows of the others,
and a step along a relationship leads only to records that the actor may read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa

from xrm.engine.access import NOWHERE, RowRule
from xrm.engine.access.row_rules import RowRules
from xrm.engine.projection.sql_expressions import sql_found
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.queries.reading import Reader
from xrm.engine.storage.entity_tables import EntityTable, Schema, StoredLookup
from xrm.metadata.model import POINTERS

Element = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every frame of a statement shares: the tables, the row rules as SQL, and who reads.

    `firsts` is kept from one query to the next.
    """

    schema: Schema
    row_rules: RowRules
    reader: Reader
    firsts: dict[str, sa.FromClause]

    def first(self, entity: str) -> Frame:
        """The place of the records that a query is about; it is made once, for its columns are many."""
        stored = self.schema[entity]
        if entity not in self.firsts:
            self.firsts[entity] = stored.table.alias()
        return Frame(self, stored, self.firsts[entity])

    def frame(self, entity: str) -> Frame:
        """A new place for records of `entity`."""
        stored = self.schema[entity]
        return Frame(self, stored, stored.table.alias())


@dataclass(frozen=True, slots=True)
class Frame:
    """Records of one entity in a statement."""

    desk: Desk
    stored: EntityTable
    table: sa.FromClause

    @property
    def entity(self) -> str:
        """The name of the entity."""
        return self.stored.entity.name

    @property
    def id(self) -> Element:
        """The id of the record."""
        return self.table.c.id

    def condition(self, rule: RowRule) -> sa.ColumnElement[bool]:
        """True where the rule holds for the record."""
        return self.desk.row_rules.condition(rule, self.entity, self.table)

    def readable(self) -> sa.ColumnElement[bool] | None:
        """True where the actor may read the record; None when that is everywhere."""
        rule = self.desk.reader.rights(self.entity).rows_for("read")
        return None if rule.everywhere else self.condition(rule)

    def masked(self, name: str, column: Element) -> Element:
        """The column, empty on the rows where the actor may not read the field `name`."""
        rights = self.desk.reader.rights(self.entity)
        rule = rights.cell("read", name)
        if name not in self.stored.entity.fields and name not in self.stored.entity.relationships:
            return column
        if rule == rights.rows_for("read"):
            return column
        if rule == NOWHERE:
            return sa.cast(sa.null(), column.type)
        return sa.case((self.condition(rule), column), else_=sa.null())

    def given(self, name: str) -> list[sa.ColumnElement[bool]]:
        """What must hold for the actor to read the relationship of the record; nothing if it always does."""
        rights = self.desk.reader.rights(self.entity)
        rule = rights.cell("read", name)
        return [] if rule == rights.rows_for("read") else [self.condition(rule)]

    def own(self, physical: str) -> Element:
        """The column of that physical name in this place."""
        return self.table.c[physical]

    def columns(self, name: str) -> list[Element]:
        """The masked columns of a field, a lookup or a system field, in the order of its parts."""
        if name in self.stored.fields:
            return [self.masked(name, self.own(c.key)) for c in self.stored.fields[name].columns]
        field = self.stored.entity.fields.get(name)
        if field is not None and field.is_live:
            return [self.masked(name, sql_found(field, self.scope))]
        if name in self.stored.lookups:
            return [self.masked(name, self.own(c.key)) for c in self.stored.lookups[name].all_columns]
        return [self.own(name)]

    @property
    def scope(self) -> SqlScope:
        """Where names of expressions lie that this actor asks of the record."""
        desk = self.desk
        masks = desk.reader.masks(desk.row_rules)
        return SqlScope(
            desk.schema, self.entity, self.table, masks.restrict, masks.mask, numbers=desk.row_rules.numbers
        )

    def lookup(self, name: str) -> StoredLookup | None:
        """The stored lookup of that name."""
        return self.stored.lookups.get(name)

    def steps(self, name: str) -> Iterable[tuple[Element, Frame]]:
        """For each entity that the lookup can lead to: the column with its ids, and a frame for it."""
        stored = self.stored.lookups.get(name)
        if stored is None:
            target = POINTERS[name]
            yield self.own(name), self.desk.frame(target)
            return
        for entity, column in stored.columns.items():
            if self.desk.reader.rights(entity).can("read"):
                yield self.masked(name, self.own(column.key)), self.desk.frame(entity)


def over_lookup(frame: Frame, name: str, value: Callable[[Frame], Sequence[Element]]) -> list[Element]:
    """What `value` gives of the record that a lookup leads to, empty where the actor may not read it.

    A lookup to several entities gives what the one that is pointed at has; where that has fewer values than
    others, the last of them are empty.
    """
    found: list[list[Element]] = []
    for pointer, there in frame.steps(name):
        readable = there.readable()
        conditions = [there.id == pointer] if readable is None else [there.id == pointer, readable]
        found.append([sa.select(c).where(*conditions).scalar_subquery() for c in value(there)])
    if len(found) < 2:
        return found[0] if found else []
    rows = zip_longest(*found)
    return [_first_of([column for column in row if column is not None]) for row in rows]


def _first_of(columns: Sequence[Element]) -> Element:
    return sa.func.coalesce(*columns, sa.null(), type_=columns[0].type)
