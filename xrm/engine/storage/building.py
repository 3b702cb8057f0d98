"""Columns, indexes and constraints that PostgreSQL makes before the lock, and the steps that give them their names.

SQLite has nothing of the kind: it makes an index while writers wait, and constraints come with their columns. Tables
in which nothing is need none of it on either; what could be made ahead is made by the step itself then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.ahead import Ahead
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.dialects import SQLITE
from xrm.engine.storage.hidden import Site, additions, hidden
from xrm.engine.storage.making import Run, spoken_of, spoken_of_in
from xrm.engine.storage.matching import Match
from xrm.engine.storage.steps import Column, Step, says
from xrm.errors import NOWHERE, Place

if TYPE_CHECKING:
    from alembic.operations import Operations

M = TypeVar("M", bound="Making")
S = TypeVar("S", bound=Step)


@dataclass(frozen=True, slots=True)
class Making(Ahead):
    """Something that is made hidden if rows are there; `made` has the names of all that is."""

    site: Site
    dialect: SqlDialect
    made: set[str]

    @property
    def table(self) -> str:
        """The table as it is called now."""
        return self.site.table

    def for_rows_of(self) -> str:
        """Its own."""
        return self.table

    @property
    def mark(self) -> str:
        """Its own name among those that are made."""
        raise NotImplementedError

    def over(self) -> None:
        """The name says nothing any more."""
        self.made.discard(self.mark)

    def said(self) -> Iterator[str]:
        """All that makes it, hidden."""
        raise NotImplementedError

    def named(self) -> str:
        """What gives it its name, in the table as it is called then."""
        raise NotImplementedError

    def run(self, otherwise: Run) -> Run:
        """The step of a plan: what was made ahead has its name; else it is made `otherwise`."""

        def run(op: Operations) -> None:
            if op.get_context().as_sql:
                says((*self.said(), self.named()))(op)
            elif self.mark in self.made:
                says([self.named()])(op)
            else:
                otherwise(op)

        return run

    def _renamed(self, kind: str, name: str) -> str:
        quote = self.dialect.identifier_preparer.quote
        table = quote(self.site.wanted.name)
        return f"ALTER TABLE {table} RENAME {kind} {quote(hidden(name))} TO {quote(name)}"


@dataclass(frozen=True, slots=True)
class MakeColumn(Making):
    """A new column, of which an index or constraint speaks."""

    column: Column

    def told(self) -> str:
        return f"Add the column {self.column.name} to {self.table}."

    @property
    def mark(self) -> str:
        return f"{self.site.wanted.name}.{self.column.name}"

    @property
    def place(self) -> Place:
        """That of the field or relationship."""
        place: Place = self.column.info.get("place", NOWHERE)
        return place

    def said(self) -> Iterator[str]:
        yield from additions([self.column], self.table, self.dialect)

    def named(self) -> str:
        return self._renamed("COLUMN", self.column.name)

    def expansions(self, _dialect: SqlDialect) -> Iterable[str]:
        return self.said()

    def fill(self, database: Database) -> None:
        self.made.add(self.mark)


@dataclass(frozen=True, slots=True)
class MakeIndex(Making):
    """An index, over columns as they are or as they shall be."""

    index: sa.Index

    def told(self) -> str:
        return f"Make the index {self.mark} of {self.table}."

    @property
    def mark(self) -> str:
        return str(self.index.name)

    def said(self) -> Iterator[str]:
        yield self.site.index(self.index, self.dialect)

    def named(self) -> str:
        quote = self.dialect.identifier_preparer.quote
        return f"ALTER INDEX {quote(hidden(self.mark))} RENAME TO {quote(self.mark)}"

    def build(self, session: UnitOfWork) -> None:
        for statement in self.said():
            session.script(statement)
        self.made.add(self.mark)

    def unbuilt(self, dialect: SqlDialect) -> Iterable[str]:
        return [f"DROP INDEX {dialect.identifier_preparer.quote(hidden(self.mark))}"]


@dataclass(frozen=True, slots=True)
class MakeConstraint(Making):
    """A reference or check, which holds for what is written from now on, and then for all that is there."""

    name: str
    words: str

    def told(self) -> str:
        return f"Look whether {self.table} keeps to {self.name}."

    @property
    def mark(self) -> str:
        return self.name

    def said(self) -> Iterator[str]:
        yield from (*self.expansions(self.dialect), self._validated())

    def named(self) -> str:
        return self._renamed("CONSTRAINT", self.name)

    def expansions(self, dialect: SqlDialect) -> Iterable[str]:
        quote = dialect.identifier_preparer.quote
        return [
            f"ALTER TABLE {quote(self.table)} ADD CONSTRAINT {quote(hidden(self.name))} {self.words} NOT VALID"
        ]

    def build(self, session: UnitOfWork) -> None:
        session.script(self._validated())
        self.made.add(self.mark)

    def _validated(self) -> str:
        quote = self.dialect.identifier_preparer.quote
        return f"ALTER TABLE {quote(self.table)} VALIDATE CONSTRAINT {quote(hidden(self.name))}"


# --- what of a plan can be made ahead ---------------------------------------------------------------


class Builder:
    """Finds what of a table with rows can be made ahead; `found` is all of that, in the order in which it is begun."""

    def __init__(self, matched: Match, dialect: SqlDialect, made: set[str]) -> None:
        self.matched, self.dialect, self.made = matched, dialect, made
        self.columns: list[MakeColumn] = []
        self.constraints: list[MakeConstraint] = []
        self.indexes: list[MakeIndex] = []

    @property
    def found(self) -> tuple[Making, ...]:
        """Columns first, for the others speak of them."""
        return (*self.columns, *self.constraints, *self.indexes)

    def column(self, table: sa.Table, column: Column) -> MakeColumn | None:
        """The new column, if an index or a constraint speaks of it."""
        site = self._site(table)
        if site is None or not (column.foreign_keys or column.name in spoken_of_in(table)):
            return None
        return self._add(self.columns, MakeColumn(site, self.dialect, self.made, column))

    def index(self, table: sa.Table, index: sa.Index) -> MakeIndex | None:
        """The index, unless values come back into its key: they need not fit it before changes are made in them."""
        site = self._site(table)
        if site is None or (index.unique and site.returning & spoken_of(index)):
            return None
        return self._add(self.indexes, MakeIndex(site, self.dialect, self.made, index))

    def reference(self, table: sa.Table, key: sa.ForeignKeyConstraint) -> MakeConstraint | None:
        """The reference, if what it leads to is there."""
        site, there = self._site(table), self._site(key.referred_table)
        if site is None or there is None:
            return None
        quote = self.dialect.identifier_preparer.quote
        column = quote(site.columns[key.columns[0].name])
        words = f"FOREIGN KEY ({column}) REFERENCES {quote(there.table)} (id) DEFERRABLE INITIALLY DEFERRED"
        return self._constraint(site, str(key.name), words)

    def check(self, table: sa.Table, check: sa.CheckConstraint) -> MakeConstraint | None:
        """The check."""
        site = self._site(table)
        if site is None:
            return None
        return self._constraint(
            site, str(check.name), f"CHECK ({site.condition(check.sqltext, self.dialect)})"
        )

    def _constraint(self, site: Site, name: str, words: str) -> MakeConstraint:
        return self._add(self.constraints, MakeConstraint(site, self.dialect, self.made, name, words))

    def _add(self, kind: list[M], made: M) -> M:
        kind.append(made)
        return made

    def _site(self, table: sa.Table) -> Site | None:
        standing = self.matched.standings.get(table.name)
        return None if standing is None or self.dialect.name == SQLITE else Site.of(standing)


def as_made(making: Making | None, step: S) -> S:
    """The step; what is made ahead for it has its name then."""
    return step if making is None else replace(step, run=making.run(step.run))
