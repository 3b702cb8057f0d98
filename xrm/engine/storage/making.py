"""The steps with which columns, indexes and constraints come, as the two databases make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateIndex as CreateIndexSql
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.entity_tables import alone_among
from xrm.engine.storage.steps import AddConstraint, Column, CreateIndex, Step, condition_text, name_of, told

if TYPE_CHECKING:
    from alembic.operations import Operations

Run = Callable[["Operations"], None]


def create_index(table: sa.Table, index: sa.Index) -> Step:
    """The index is there."""
    purpose = "Make unique" if index.unique else "Index"
    label = index.info.get("label", index.name)
    sentence = f"{purpose} {label} of {told(table)}: {index.name}."
    return CreateIndex(sentence, lambda op: op.execute(CreateIndexSql(index)), "Drop the index.")


def add_foreign_key(table: sa.Table, key: sa.ForeignKeyConstraint) -> Step:
    """What the column holds is watched over."""
    column, there = key.columns[0], key.referred_table.name
    sentence = f"Watch that {name_of(table, column)} points at a record of {there}."

    def run(op: Operations) -> None:
        op.create_foreign_key(
            str(key.name), table.name, there, [column.name], ["id"], deferrable=True, initially="DEFERRED"
        )

    return AddConstraint(sentence, run, "Stop watching.")


def add_check(table: sa.Table, column: Column, check: Any) -> Step:
    """The check of the column is watched over."""
    sentence = f"Watch that {name_of(table, column)} holds one value at most."
    return AddConstraint(
        sentence,
        lambda op: op.create_check_constraint(str(check.name), table.name, check.sqltext, _autoattach=False),
        "Stop watching.",
    )


def add_column(table: sa.Table, column: Column, op: Operations) -> None:
    """The column is there, on PostgreSQL."""
    bare = sa.Column(column.name, column.type, nullable=column.nullable, server_default=_default(column))
    op.add_column(table.name, bare)


def both(first: Run, then: Run) -> Run:
    """What does the one and then the other."""

    def run(op: Operations) -> None:
        first(op)
        then(op)

    return run


def _default(column: Column) -> Any:
    return getattr(column.server_default, "arg", None)


def sqlite_add_column(
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


def run_all(op: Operations, statements: Iterable[str]) -> None:
    """Each is said."""
    for statement in statements:
        op.execute(statement)


def columns_of(index: sa.Index) -> Iterator[str]:
    """The columns that the index speaks of, in its terms."""
    for term in index.expressions:
        for column in sa.sql.visitors.iterate(
            term if isinstance(term, sa.ColumnElement) else sa.column(term)
        ):
            if isinstance(column, sa.Column):
                yield str(column.name)


def spoken_of(index: sa.Index) -> set[str]:
    """All columns that the index speaks of, those of its condition included."""
    where = index.dialect_options["postgresql"]["where"]
    told = () if where is None else sa.sql.visitors.iterate(where)
    return {*columns_of(index), *(str(c.name) for c in told if isinstance(c, sa.Column))}


def spoken_of_in(table: sa.Table) -> set[str]:
    """All columns that an index or a check of the table speaks of."""
    checks = (c.sqltext for c in table.constraints if isinstance(c, sa.CheckConstraint))
    told = (column for check in checks for column in sa.sql.visitors.iterate(check))
    indexed = (spoken_of(index) for index in table.indexes)
    return {str(c.name) for c in told if isinstance(c, sa.Column)}.union(*indexed)
