"""Which table and which column of the database keeps what a model wants: under its own name, an earlier one, or as a
shadow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.inspection import RECORD_COLUMNS, LiveSchema, LiveTable
from xrm.engine.storage.names import pack_of
from xrm.engine.storage.numbers import Identities, Known, Numbers, Others
from xrm.engine.storage.settled import settled
from xrm.engine.storage.shadows import Shadow
from xrm.engine.storage.steps import Column, field_of, type_text

if TYPE_CHECKING:
    from xrm.engine.storage.options import Keys, Part
    from xrm.engine.storage.relinkrows import Linked
    from xrm.engine.storage.relinks import Relink
    from xrm.engine.storage.rowversions import Versions
    from xrm.engine.storage.turn import Turn
    from xrm.engine.storage.turning import Found
    from xrm.metadata.expressions.tree import Expression
    from xrm.metadata.fieldtypes.base import FieldType

NO_NUMBERS = Numbers({}, {}, {}, {}, {})


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of what is stored: its numbers, which things of the wanted model they are, and `before`, the
    definitions by which it was made. What is removed is kept for so many days.

    `wanted` are the tables that it shall be, of which `version` says that they were in force before, if they were.
    `kept_keys` say of fields with options which of these are which. `decisions` say what becomes of values that do
    not fit; the `types` are those of fields, present and former, and amounts are worth themselves in `currency`. What
    is `seen` of rows while a plan is made is kept for its steps; so is, by the name of the field, at which version each
    row was `copied`, what was `made` before the lock by its name, and what of
    a relationship was `linked` then by that of the relationship. `shown` gives a condition of a wanted entity over the
    columns of its table, if it looks at nothing else.
    """

    numbers: Numbers = NO_NUMBERS
    identities: Identities = field(default_factory=Identities)
    before: Schema | None = None
    days: int = 0
    wanted: Schema | None = None
    version: int | None = None
    decisions: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    currency: str = ""
    seen: dict[str, Found] = field(default_factory=dict, compare=False)
    copied: dict[str, Versions] = field(default_factory=dict, compare=False)
    linked: dict[str, Linked] = field(default_factory=dict, compare=False)
    made: set[str] = field(default_factory=set, compare=False)
    kept_keys: Mapping[Part, Keys] = field(default_factory=dict)
    shown: Callable[[str, Expression], sa.ColumnElement[bool] | None] | None = None

    def kept_as(self, entity: str) -> str:
        """The name in the ledger of an entity of the wanted model, which is parked while it is gone."""
        known = self.identities.entities.get(entity)
        return self.numbers.names.get(known.number, entity) if known else entity

    def stored_as(self, entity: str, name: str, link: str = "") -> str:
        """The name under which a field or relationship is stored now, or an attribute of the links of a `link`."""
        known = self.identities.fields.get((entity, member(link, name)))
        return known.name.rpartition(".")[2] if known else name


NO_PAST = Past()


def member(link: str, name: str) -> str:
    """A field, or an attribute of the links of a relationship, as its entity calls it."""
    return f"{link}.{name}" if link else name


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a wanted table stands: `live` is the one that keeps it, or `shadow`, of which `live` is the table.

    `columns` gives for each wanted column the live one; of those in `returns` it is one of a shadow's. `lost` are
    columns that nothing wants. `turns` are the fields, by the name that they shall have, whose values become others.
    What `is_settled` is as it shall be and keeps what it kept.
    """

    table: sa.Table
    live: LiveTable
    columns: Mapping[str, str]
    returns: tuple[Shadow, ...] = ()
    lost: tuple[str, ...] = ()
    shadow: Shadow | None = None
    turns: Mapping[str, Turn] = field(default_factory=dict)
    is_settled: bool = False

    @property
    def turned(self) -> tuple[Turn, ...]:
        """The fields that get columns of their own."""
        return tuple(turn for turn in self.turns.values() if not turn.is_check)

    @property
    def is_unmoved(self) -> bool:
        """Whether everything stands under its own name."""
        return (
            self.live.name == self.table.name
            and not self.lost
            and all(name == there for name, there in self.columns.items())
        )

    def holds(self, names: Mapping[str, str]) -> bool:
        """Whether these columns are held to the references that they shall have under their new names."""
        pointing = {old for old, new in names.items() if self.table.c[new].foreign_keys}
        return pointing <= self.live.references.keys()

    def present(self, expression: Any) -> Any:
        """The expression, which is over columns of the wanted table that are stored, over the live one."""

        def turn(element: Any, **_: Any) -> Any:
            is_here = isinstance(element, sa.Column) and element.table is self.table
            return sa.column(self.columns[element.name], element.type) if is_here else None

        return sa.sql.visitors.replacement_traverse(expression, {}, turn)


@dataclass(frozen=True, slots=True)
class Match:
    """All standings by the name of the wanted table, and the live tables that nothing wants.

    `relinks` are relationships that are stored in another way from now on, or filled in.
    """

    standings: Mapping[str, Standing]
    lost: tuple[LiveTable, ...]
    relinks: tuple[Relink, ...] = ()

    def is_settled(self, table: sa.Table) -> bool:
        """Whether the wanted table is as it shall be, and keeps what it kept."""
        standing = self.standings.get(table.name)
        return standing is not None and standing.is_settled


def match(live: LiveSchema, wanted: Sequence[sa.Table], past: Past, dialect: SqlDialect) -> Match:
    """Where each wanted table stands; one that is missing has to be made."""
    work = _Matching(live, past, dialect, {table.name for table in wanted})
    same = settled(live, wanted, past, dialect)
    work.settled(table for table in wanted if table.name in same)
    wanted = [table for table in wanted if table.name not in same]
    made = [table for table in wanted if "entity" in table.info]
    for table in wanted:
        if "entity" not in table.info and table.name in live.tables:
            work.claim(table, live.tables[table.name])
    entities = [table for table in made if "relationship" not in table.info]
    for find in (work.by_number, work.by_name, work.elsewhere, work.in_shadow):
        work.each(entities, find)
    links = [table for table in made if "relationship" in table.info]
    for find in (work.by_number, work.by_name, work.in_shadow):
        work.each(links, find)
    work.settle()
    lost = [table for name, table in sorted(live.tables.items()) if name not in work.taken]
    return Match(work.standings, tuple(lost))


def others(live: LiveSchema, matched: Match, wanted: Iterable[sa.Table], past: Past) -> Others:
    """What is kept as a shadow that something wanted is called like, but does not fit."""
    kept = {shadow.entity for shadow in live.shadows if shadow.is_table and not shadow.is_link}
    members = {shadow.member for shadow in live.shadows if shadow.member is not None}
    missing = list(_missing(matched, wanted))
    entities = past.identities.entities
    gone = {name for name, known in entities.items() if known.gone}
    fields = [(e in gone, past.identities.fields.get((e, name))) for e, name in missing if name]
    return Others(
        frozenset(entities[e].number for e, name in missing if not name and e in gone).intersection(kept),
        frozenset(k.number for went, k in fields if k and (went or k.gone)).intersection(members),
    )


def _missing(matched: Match, wanted: Iterable[sa.Table]) -> Iterator[tuple[str, str]]:
    """The entities, fields and relationships that nothing stored is the same as: entity, and name of its part."""
    for table in wanted:
        standing = matched.standings.get(table.name)
        entity, link = table.info.get("entity", ""), table.info.get("relationship", "")
        if standing is None:
            yield entity, link
        elif not link:
            stored = {table.c[name].info.get("field") for name in standing.columns}
            names = {str(column.info["field"]) for column in table.columns if "field" in column.info}
            yield from ((entity, name) for name in sorted(names - stored))


class _Matching:
    """The standings found so far; each live table keeps one wanted one."""

    def __init__(self, live: LiveSchema, past: Past, dialect: SqlDialect, wanted: set[str]) -> None:
        self.live, self.past, self.dialect, self.wanted = live, past, dialect, wanted
        self.standings: dict[str, Standing] = {}
        self.taken: set[str] = set()

    def each(self, tables: Iterable[sa.Table], find: Callable[[sa.Table], Iterable[LiveTable]]) -> None:
        """Each table that has no standing has the first that is found for it."""
        for table in tables:
            if table.name not in self.standings:
                for found in find(table):
                    if found.name not in self.taken:
                        self.claim(table, found)
                        break

    def settled(self, tables: Iterable[sa.Table]) -> None:
        """The tables stand where they are wanted."""
        for table in tables:
            columns = {column.name: column.name for column in table.columns}
            self.standings[table.name] = Standing(
                table, self.live.tables[table.name], columns, is_settled=True
            )
            self.taken.add(table.name)

    def claim(self, table: sa.Table, live: LiveTable) -> None:
        """The wanted table stands in this one; a shadow only where all that it keeps fits."""
        kept = live.name in self.live.kept
        shadow = next((s for s in self.live.shadows if kept and s.is_table and s.table == live.name), None)
        standing = _Columns(self, table, live).standing(shadow)
        if shadow is None or self._fits(standing):
            self.taken.add(live.name)
            self.standings[table.name] = standing

    def _fits(self, standing: Standing) -> bool:
        """Whether everything in it is wanted in the form that it has, or not at all."""
        wanted = {field_stored(standing, self.past, column) for column in standing.table.columns}
        return wanted.isdisjoint(lost_fields(standing)) and all(
            standing.live.columns.get(there, kind) == kind
            for name, there in standing.columns.items()
            for kind in (type_text(standing.table.c[name], self.dialect),)
        )

    def settle(self) -> None:
        """Nothing comes back that points at records which do not, or which something else stands for by now."""
        left = -1
        while left != len(self.standings):
            left = len(self.standings)
            for name, standing in tuple(self.standings.items()):
                if standing.shadow and not self._points_right(standing, standing.shadow):
                    self.taken.discard(standing.live.name)
                    del self.standings[name]
        self.standings = {name: self._without_strays(s) for name, s in self.standings.items()}

    def _without_strays(self, standing: Standing) -> Standing:
        strays = [s for s in standing.returns if not self._points_right(standing, s)]
        gone = {column for shadow in strays for column in shadow.columns.values()}
        columns = {name: there for name, there in standing.columns.items() if there not in gone}
        returns = tuple(shadow for shadow in standing.returns if shadow not in strays)
        return replace(standing, columns=columns, returns=returns) if strays else standing

    def _points_right(self, standing: Standing, shadow: Shadow) -> bool:
        points = shadow.points or {}
        pairs = (
            (standing.table.c[n], points[there]) for n, there in standing.columns.items() if there in points
        )
        return all(self._leads(column, number) for column, number in pairs)

    def _leads(self, column: Column, number: int) -> bool:
        """Whether the column leads to the records of the entity with that number, and they are there."""
        for there in (key.column.table for key in column.foreign_keys):
            known = self.past.identities.entities.get(there.info.get("entity", ""))
            if known is None or known.number != number or there.name not in self.standings:
                return False
        return True

    # --- ways to find a table ---------------------------------------------------------------------------

    def by_number(self, table: sa.Table) -> Iterator[LiveTable]:
        """By the name under which the ledger knows what it keeps."""
        known, base = self.known(table), self._base(table)
        if known is not None and not known.gone and base is not None:
            yield from self._named(table.info["called"](base, known.name))

    def by_name(self, table: sa.Table) -> Iterator[LiveTable]:
        """By its own name, unless that is the name of something else by now."""
        known, number, base = self.known(table), self._number(table), self._base(table)
        if base is not None and (known is None or number in (None, known.number)):
            yield from self._named(table.info["called"](base, _name(table)))
            yield from self._named(table.name)

    def elsewhere(self, table: sa.Table) -> Iterator[LiveTable]:
        """In another pack, from which the entity has moved; not what only has its name by now."""
        known, name = self.known(table), self.past.identities.present(table.info["entity"])
        if known is not None and self.past.numbers.entities.get(name) not in (None, known.number):
            return
        for there in self.live.tables.values():
            _pack, _, entity = there.name.partition("__")
            if entity == name and there.name not in self.wanted and there.columns.keys() >= RECORD_COLUMNS:
                yield there

    def in_shadow(self, table: sa.Table) -> Iterator[LiveTable]:
        """Among the tables that are kept, the newest first."""
        known, is_link = self.known(table), "relationship" in table.info
        for shadow in reversed(self.live.shadows):
            if shadow.table not in self.live.kept or not shadow.is_table or is_link != shadow.is_link:
                continue
            number = shadow.member if is_link else shadow.entity
            is_it = number == known.number if known and number else shadow.was == table.name
            if is_it and self._may_come(table, pack_of(shadow.was)):
                yield self.live.kept[shadow.table]

    def _may_come(self, table: sa.Table, pack: str) -> bool:
        """Whether what was in this pack is meant: by the same pack, by one that takes it over, or on the way back."""
        own = (table.info.get("pack", pack), *table.info.get("moved_from", ()))
        return pack in own or self.past.version is not None

    def known(self, table: sa.Table) -> Known | None:
        """What the ledger knows of the entity or relationship that the table keeps."""
        entity, relationship = table.info["entity"], table.info.get("relationship")
        identities = self.past.identities
        return (
            identities.fields.get((entity, relationship)) if relationship else identities.entities.get(entity)
        )

    def _number(self, table: sa.Table) -> int | None:
        """What its own name stands for in the ledger."""
        entity, relationship = table.info["entity"], table.info.get("relationship")
        if relationship is None:
            return self.past.numbers.entities.get(entity)
        return self.past.numbers.fields.get((self.past.kept_as(entity), relationship))

    def _base(self, table: sa.Table) -> str | None:
        """The live table of the entity that the links of a table start from; None where no living one keeps it, for
        then its links are not living either.
        """
        entity = table.info["entity"]
        if "relationship" not in table.info:
            return ""
        found = (
            standing.live.name
            for standing in self.standings.values()
            if standing.table.info.get("entity") == entity and "relationship" not in standing.table.info
        )
        name = next(found, "")
        return name if name in self.live.tables else None

    def _named(self, name: str) -> Iterator[LiveTable]:
        if name in self.live.tables:
            yield self.live.tables[name]


def _name(table: sa.Table) -> str:
    return str(table.info.get("relationship") or table.info["entity"])


class _Columns:
    """Which live column keeps which of one table."""

    def __init__(self, work: _Matching, table: sa.Table, live: LiveTable) -> None:
        self.past, self.dialect, self.table, self.live = work.past, work.dialect, table, live
        self.shadows = [s for s in work.live.shadows if s.table == live.name and not s.is_table]
        self.was = {s.table: s.was for s in work.live.shadows if s.is_table}
        self.columns: dict[str, str] = {}

    def standing(self, shadow: Shadow | None) -> Standing:
        """Where the table stands in this one, column by column."""
        if "entity" in self.table.info:
            self._find()
        else:  # no part of a definition, so never called anything else
            names = (column.name for column in self.table.columns)
            self.columns = {name: name for name in names if name in self.live.columns}
        lost = tuple(sorted(self.live.columns.keys() - set(self.columns.values())))
        returns = tuple(self._returns())
        return Standing(self.table, self.live, self.columns, returns, lost, shadow)

    def _find(self) -> None:
        taken: set[str] = set()
        for find in (self._by_number, self._by_name, self._by_former):
            for column in self.table.columns:
                there = find(column) if column.name not in self.columns else None
                if there in self.live.columns and there not in taken:
                    self.columns[column.name] = there
                    taken.add(there)

    def _by_number(self, column: Column) -> str | None:
        known = self._known(column)
        return None if known is None or known.gone else self._called(column, known.name)

    def _by_name(self, column: Column) -> str | None:
        known, part = self._known(column), str(column.info.get("field", ""))
        entity, link = self.table.info.get("entity", ""), self.table.info.get("relationship")
        if link is not None:
            part = member(self.past.stored_as(entity, link), part)
        number = self.past.numbers.fields.get((self.past.kept_as(entity), part))
        return column.name if known is None or number in (None, known.number) else None

    def _by_former(self, column: Column) -> str | None:
        """Of what was never numbered, as attributes of links once were not, former names are all that is known."""
        names = (self._called(column, old) for old in column.info.get("formers", ()))
        wanted = self.table.columns.keys()
        return next((n for n in names if n in self.live.columns and n not in wanted), None)

    def _returns(self) -> Iterator[Shadow]:
        for shadow in reversed(self.shadows):
            found = dict(self._in(shadow))
            if sorted(found.values()) == sorted(shadow.columns.values()):
                self.columns |= found
                yield shadow

    def _in(self, shadow: Shadow) -> Iterator[tuple[str, str]]:
        """The missing columns that the shadow keeps, in the form in which they are wanted."""
        for column in self.table.columns:
            known = self._known(column)
            names = [column.name] if known is None else [self._called(column, known.name), column.name]
            there = next((shadow.columns[name] for name in names if name in shadow.columns), None)
            is_it = known is None or shadow.member in (None, known.number)
            if there is None or not is_it or column.name in self.columns:
                continue
            if self.live.shadows.get(there) == type_text(column, self.dialect) and self._points(
                column, there
            ):
                yield column.name, there

    def _points(self, column: Column, there: str) -> bool:
        """Whether what the column may still point at is what it shall."""
        before = self.live.references.get(there)
        wanted = {key.column.table for key in column.foreign_keys}
        if before is None:
            return True
        return any(self.was.get(before, before) in (t.name, self._present_table(t)) for t in wanted)

    def _present_table(self, table: sa.Table) -> str:
        """What the table of the entity is called now, wherever it will be."""
        before, entity = self.past.before, table.info.get("entity", "")
        former = before.model.entities.get(self.past.identities.present(entity)) if before else None
        if former is not None and not former.is_engine:
            return former.table
        called = table.info.get("called")
        return called("", self.past.identities.present(table.info["entity"])) if called else str(table.name)

    def _known(self, column: Column) -> Known | None:
        entity, link = self.table.info.get("entity", ""), self.table.info.get("relationship", "")
        return self.past.identities.fields.get((entity, member(link, column.info.get("field", ""))))

    def _called(self, column: Column, name: str) -> str:
        called = column.info.get("called")
        return called(name.rpartition(".")[2], self.past.identities.present) if called else column.name


def field_stored(standing: Standing, past: Past, column: Column) -> str:
    """The name under which the field of a wanted column is stored now; empty where another field has that."""
    info, name = standing.table.info, column.info.get("field", column.name)
    entity, link = info.get("entity", ""), info.get("relationship", "")
    known = past.identities.fields.get((entity, member(link, name)))
    if known is None or not known.gone:
        return known.name.rpartition(".")[2] if known else str(name)
    part = member(past.stored_as(entity, link) if link else "", name)
    has_it = past.numbers.fields.get((past.kept_as(entity), part)) in (None, known.number)
    return str(name) if has_it else ""


def lost_fields(standing: Standing) -> Mapping[str, list[str]]:
    """The columns that nothing wants, by the field that they keep."""
    found: dict[str, list[str]] = {}
    for column in standing.lost:
        found.setdefault(field_of(column), []).append(column)
    return found
