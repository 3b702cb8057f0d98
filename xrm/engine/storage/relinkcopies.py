"""The table or the columns that references are written into before the lock, and how they get their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.entity_tables import LinkTable, alone_among
from xrm.engine.storage.hidden import hidden
from xrm.engine.storage.ledger import LEDGER
from xrm.engine.storage.matching import Match
from xrm.engine.storage.relinks import Relink
from xrm.engine.storage.steps import Column, condition_text

if TYPE_CHECKING:
    from alembic.operations import Operations


@dataclass(frozen=True, slots=True)
class Copy:
    """What is made for one relationship, as long as it is hidden."""

    relink: Relink
    matched: Match
    dialect: SqlDialect

    @property
    def is_possible(self) -> bool:
        """Whether it can be made before the plan: what it points at is there, and stays there."""
        keys = (key for column in self._pointing for key in column.foreign_keys)
        return self.relink.adds and all(self._present(key.column.table) for key in keys)

    @property
    def names(self) -> Mapping[str, str]:
        """The hidden names of columns by those that they shall have; a table of links has its own."""
        return {} if self.relink.to_links else {c.name: hidden(c.name) for c in self._pointing}

    @property
    def table(self) -> Any:
        """What is written into."""
        stored = self.relink.stored
        if not isinstance(stored, LinkTable):
            return sa.table(self.relink.home.live.name)
        return sa.table(hidden(stored.table.name), *(sa.column(c.name, c.type) for c in stored.table.columns))

    def additions(self) -> Iterator[str]:
        """What makes it."""
        stored = self.relink.stored
        if isinstance(stored, LinkTable):
            yield str(CreateTableSql(self._clone(stored.table)).compile(dialect=self.dialect)).strip()
            return
        there = [c.name for c in self._pointing]
        for place, column in enumerate(self._pointing):
            yield self._addition(column, there[:place])

    def namings(self) -> Iterator[tuple[tuple[str, str], str]]:
        """By the table and the column, or the table alone, what gives it its name."""
        stored, quote = self.relink.stored, self.dialect.identifier_preparer.quote
        name = stored.table.name if isinstance(stored, LinkTable) else self.relink.home.table.name
        if isinstance(stored, LinkTable):
            yield (name, ""), f"ALTER TABLE {quote(hidden(name))} RENAME TO {quote(name)}"
            return
        for column in self._pointing:
            names = f"{quote(hidden(column.name))} TO {quote(column.name)}"
            yield (name, column.name), f"ALTER TABLE {quote(name)} RENAME COLUMN {names}"

    # --- how it is made -------------------------------------------------------------------------------

    @property
    def _pointing(self) -> Sequence[Column]:
        stored = self.relink.stored
        if isinstance(stored, LinkTable):
            return (stored.source, *stored.target.all_columns)
        return stored.all_columns

    def _present(self, table: sa.Table) -> str | None:
        """What the table is called before the plan, if it is there."""
        if table.metadata is LEDGER:
            return str(table.name)
        standing = self.matched.standings.get(table.name)
        return standing.live.name if standing is not None and standing.shadow is None else None

    def _clone(self, table: sa.Table) -> sa.Table:
        """The table under its hidden name, by the present names of others. PostgreSQL gets its references later."""
        metadata = sa.MetaData()
        columns = [
            sa.Column(
                c.name, c.type, *self._keys(c, metadata), nullable=c.nullable, primary_key=c.primary_key
            )
            for c in table.columns
        ]
        checks = [
            sa.CheckConstraint(self._over(check.sqltext, {}), name=check.name)
            for check in table.constraints
            if isinstance(check, sa.CheckConstraint)
        ]
        return sa.Table(hidden(table.name), metadata, *columns, *checks)

    def _keys(self, column: Column, metadata: sa.MetaData) -> Iterator[sa.ForeignKey]:
        if self.dialect.name != "sqlite":
            return
        for key in column.foreign_keys:
            there = str(self._present(key.column.table))
            known = metadata.tables.get(there)
            table = sa.Table(there, metadata, sa.Column("id", key.column.type)) if known is None else known
            yield sa.ForeignKey(table.c.id, deferrable=True, initially="DEFERRED")

    def _addition(self, column: Column, before: Sequence[str]) -> str:
        quote, live = self.dialect.identifier_preparer.quote, self.relink.home.live.name
        kind = column.type.compile(dialect=self.dialect)
        words = [f"ALTER TABLE {quote(live)} ADD COLUMN {quote(hidden(column.name))} {kind}"]
        if self.dialect.name == "sqlite":  # it adds constraints with the column or not at all
            for key in column.foreign_keys:
                there = quote(str(self._present(key.column.table)))
                words.append(f"REFERENCES {there} (id) DEFERRABLE INITIALLY DEFERRED")
            words += self._check(column, before)
        return " ".join(words)

    def _check(self, column: Column, before: Sequence[str]) -> Iterator[str]:
        """The check that comes with the column, about those columns only that are there when it comes."""
        name = column.info.get("check")
        siblings = [column.table.c[n] for n in column.info.get("alone", ()) if n in before]
        if name is None or (column.info.get("alone") and not siblings):
            return
        found: Any = next(c for c in column.table.constraints if c.name == name)
        condition = alone_among(column, siblings) if siblings else found.sqltext
        text = condition_text(self._over(condition, self.names), self.dialect)
        yield f"CONSTRAINT {self.dialect.identifier_preparer.quote(str(name))} CHECK ({text})"

    @staticmethod
    def _over(condition: Any, names: Mapping[str, str]) -> Any:
        """The condition over columns that belong to no table and are called by these names."""

        def turn(element: Any, **_: Any) -> Any:
            is_column = isinstance(element, sa.Column)
            return sa.column(names.get(element.name, element.name), element.type) if is_column else None

        return sa.sql.visitors.replacement_traverse(condition, {}, turn)


Namings = Mapping[tuple[str, str], "Naming"]


@dataclass(frozen=True, slots=True)
class Naming:
    """What was made ahead, and what gives it its name, which is all that a step has to do."""

    made: Sequence[str]
    statement: str
    name: str

    def __call__(self, op: Operations) -> None:
        """It has its name; a database administrator is told what was done before that."""
        if op.get_context().as_sql:
            for statement in self.made:
                op.execute(sa.text(statement.replace(":", "\\:")))
            op.execute(f"-- each reference of {self.name} is read and written by xrm")
        op.execute(sa.text(self.statement.replace(":", "\\:")))


def namings(matched: Match, dialect: SqlDialect) -> Namings:
    """By the table and the column, or the table alone, what gives a name to what is made ahead."""
    found: dict[tuple[str, str], Naming] = {}
    for copy in (Copy(relink, matched, dialect) for relink in matched.relinks):
        if copy.is_possible:
            made = tuple(copy.additions())
            for place, (key, statement) in enumerate(copy.namings()):
                found[key] = Naming(made if place == 0 else (), statement, copy.relink.name)
    return found
