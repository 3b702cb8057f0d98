"""What is made ahead of a plan, under names that no plan, backup or comparison sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.names import COPY, shadow_name
from xrm.engine.storage.steps import Column


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
