"""Columns that are added to a table, with the checks that come with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.entity_tables import alone_among
from xrm.engine.storage.steps import Column, condition_text

if TYPE_CHECKING:
    from alembic.operations import Operations


def added(op: Operations, table: sa.Table, column: Column) -> None:
    """The table has the column, to which nothing is held yet."""
    bare = sa.Column(column.name, column.type, nullable=column.nullable, server_default=_default(column))
    op.add_column(table.name, bare)


def with_check(
    op: Operations,
    table: sa.Table,
    add: Callable[[Operations], None],
    check: sa.CheckConstraint | None,
) -> None:
    """What `add` adds is there, and is held to the check, if there is one."""
    add(op)
    if check is not None:
        op.create_check_constraint(str(check.name), table.name, check.sqltext, _autoattach=False)


def _default(column: Column) -> Any:
    return getattr(column.server_default, "arg", None)


def sqlite_addition(
    table: sa.Table, column: Column, check: sa.CheckConstraint | None, dialect: SqlDialect
) -> str:
    """SQLite adds constraints with the column or not at all."""
    compiler: Any = dialect.ddl_compiler(dialect, CreateTableSql(table))
    words = [f"ALTER TABLE {dialect.identifier_preparer.quote(table.name)} ADD COLUMN"]
    words.append(compiler.get_column_specification(column))
    for key in column.foreign_keys:
        there = dialect.identifier_preparer.quote(key.column.table.name)
        words.append(f"REFERENCES {there} (id) DEFERRABLE INITIALLY DEFERRED")
    if check is not None:
        condition = condition_text(check.sqltext, dialect)
        words.append(f"CONSTRAINT {dialect.identifier_preparer.quote(str(check.name))} CHECK ({condition})")
    return " ".join(words)


def check_of(column: Column, siblings: list[Column]) -> sa.CheckConstraint | None:
    """The check that comes with the column, about those columns only that are there when it comes."""
    name = column.info.get("check")
    if name is None or (column.info.get("alone") and not siblings):
        return None
    if siblings:
        # Else SQLAlchemy adds it to the table of these columns, which belongs to whoever asked for the plan.
        return sa.CheckConstraint(alone_among(column, siblings), name=name, _autoattach=False)
    found = next(c for c in column.table.constraints if c.name == name)
    return found if isinstance(found, sa.CheckConstraint) else None
