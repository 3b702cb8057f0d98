"""What is made ahead of a plan, under names that no plan, backup or comparison sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateIndex as CreateIndexSql
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.matching import Standing
from xrm.engine.storage.names import COPY, shadow_name
from xrm.engine.storage.steps import Column, condition_text


def hidden(name: str) -> str:
    """What a column, index or constraint is called until a plan gives it this name."""
    return shadow_name(COPY, name)


def additions(columns: Sequence[Column], table: str, dialect: SqlDialect) -> Iterator[str]:
    """What adds the columns to the table, hidden."""
    quote = dialect.identifier_preparer.quote
    for column in columns:
        compiler: Any = dialect.ddl_compiler(dialect, CreateTableSql(column.table))
        kind = compiler.get_column_specification(column).removeprefix(quote(column.name))
        yield f"ALTER TABLE {quote(table)} ADD COLUMN {quote(hidden(column.name))}{kind}"


@dataclass(frozen=True)
class Site:
    """Where a wanted table can be worked on before the plan: the table as it is called now, and by the names of the
    wanted columns those that keep them, or shall; `returning` are those that values come back into under the lock.
    """

    table: str
    columns: Mapping[str, str]
    wanted: sa.Table
    returning: frozenset[str]

    @staticmethod
    def of(standing: Standing) -> Site:
        """The site of a table that is there."""
        columns = {column.name: hidden(column.name) for column in standing.table.columns}
        columns |= standing.columns
        back: dict[str, str] = {}
        for turn in standing.turned:
            columns |= {c.name: hidden(c.name) for c in turn.wanted if turn.adds}
            back |= turn.back
        return Site(standing.live.name, {**columns, **back}, standing.table, frozenset(back))

    def index(self, index: sa.Index, dialect: SqlDialect) -> str:
        """What makes the index, hidden, while others write."""
        where = index.dialect_options["postgresql"]["where"]
        made = sa.Index(
            hidden(str(index.name)),
            *(self.present(term) for term in index.expressions),
            unique=index.unique,
            postgresql_where=None if where is None else self.present(where),
            postgresql_concurrently=True,
        )
        return str(CreateIndexSql(made).compile(dialect=dialect))

    def condition(self, condition: sa.ColumnElement[bool], dialect: SqlDialect) -> str:
        """The condition of a check, over the columns as they are."""
        return condition_text(self.present(condition), dialect)

    def present(self, expression: Any) -> Any:
        """The expression, which is over the wanted table, over the one that is there."""

        def turn(element: Any, **_: Any) -> Any:
            is_wanted = isinstance(element, sa.Column) and element.table is self.wanted
            return self._there.c[self.columns[element.name]] if is_wanted else None

        return sa.sql.visitors.replacement_traverse(expression, {}, turn)

    @cached_property
    def _there(self) -> sa.Table:
        columns = (sa.Column(self.columns[c.name], c.type, nullable=c.nullable) for c in self.wanted.columns)
        return sa.Table(self.table, sa.MetaData(), *columns)
