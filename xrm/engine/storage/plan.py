"""What differs between the database and a model's tables, as steps to read before they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateIndex as CreateIndexSql
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.entity_tables import alone_among
from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.ledger import LEDGER
from xrm.engine.storage.search import search_ddl, search_table
from xrm.errors import PlanRefused, Problems

if TYPE_CHECKING:
    from alembic.operations import Operations

Column = sa.Column[Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the schema: `sentence` says it to a person, `run` does it by Alembic's operations."""

    sentence: str
    run: Callable[[Operations], None] = field(repr=False, compare=False)

    def sql(self, dialect: SqlDialect) -> str:
        """What the step says to the database."""
        buffer = StringIO()
        options = {"as_sql": True, "output_buffer": buffer}
        self.run(operations(dialect=dialect, opts=options))
        return buffer.getvalue().strip()


def operations(**context: Any) -> Operations:
    """Alembic's operations on the connection, or on the buffer, that the context names."""
    # Alembic takes a tenth of the time of a start, and few starts change the schema.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    return Operations(MigrationContext.configure(**context))


class CreateTable(Step):
    """A table that is not there yet."""


class AddColumn(Step):
    """A column that its table does not have yet."""


class CreateIndex(Step):
    """An index that is not there, or is there with another definition and so under another name."""


class DropIndex(Step):
    """An index of ours that nothing asks for any more."""


class AddForeignKey(Step):
    """A reference that the database shall watch over."""


class CreateSearch(Step):
    """The full-text index."""


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """The steps from the database as it was (`base`) to the tables wanted; empty when nothing differs."""

    base: str
    steps: tuple[Step, ...]
    wanted: tuple[sa.MetaData, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def hash(self) -> str:
        """Equal for the same steps from the same base; a confirmation is bound to it."""
        text = "\n".join((self.base, *(step.sentence for step in self.steps)))
        return sha256(text.encode()).hexdigest()

    def sentences(self) -> tuple[str, ...]:
        """The plan for people."""
        return tuple(step.sentence for step in self.steps)

    def sql(self, dialect: SqlDialect) -> tuple[str, ...]:
        """The plan for database administrators."""
        return tuple(step.sql(dialect) for step in self.steps)


def make_plan(live: LiveSchema, wanted: Sequence[sa.MetaData], dialect: SqlDialect) -> SchemaPlan:
    """The steps from what is there to what is wanted; raises PlanRefused where more than adding is needed."""
    problems = Problems()
    work = _Comparison(live, dialect, problems)
    tables = [table for metadata in wanted for table in metadata.sorted_tables]
    changed = [table for table in tables if table.name in live.tables]
    missing = [table for table in tables if table.name not in live.tables]
    steps = [
        *(step for table in changed for step in work.columns(table)),
        *(step for table in changed for step in work.indexes(table)),
        *(step for table in missing for step in work.creation(table)),
        *(step for table in tables for step in work.references(table)),
        *work.search(),
    ]
    if any(metadata is not LEDGER for metadata in wanted):  # the ledger alone says nothing about packs
        _check_nothing_is_lost(live, {table.name for table in tables}, problems)
    if problems:
        raise PlanRefused(problems.found)
    return SchemaPlan(live.base, tuple(steps), tuple(wanted))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The steps that one table needs."""

    live: LiveSchema
    dialect: SqlDialect
    problems: Problems

    @property
    def alters(self) -> bool:
        """Whether constraints can be added to a table that exists."""
        return self.dialect.name != "sqlite"

    def creation(self, table: sa.Table) -> Iterator[Step]:
        yield CreateTable(
            f"Create the table of {_told(table)}.", lambda op: op.execute(CreateTableSql(table))
        )
        yield from (_create_index(table, index) for index in _sorted(table.indexes))

    def columns(self, table: sa.Table) -> Iterator[Step]:
        live = self.live.tables[table.name]
        present = set(live.columns)
        for column in table.columns:
            if column.name not in present:
                yield self._add_column(table, column, present)
                present.add(column.name)
            elif live.columns[column.name] != _type_text(column, self.dialect):
                self._refuse_type(table, column, live)
        for name in sorted(live.columns.keys() - set(table.columns.keys())):
            self._refuse_loss(table, name)

    def _add_column(self, table: sa.Table, column: Column, present: set[str]) -> Step:
        if not column.nullable and column.server_default is None:
            self.problems.add(
                "S114",
                f"The column {column.name} of {table.name} may not be empty, and the table has rows.",
                "Let it be empty, or give it a default.",
            )
        siblings = [table.c[name] for name in column.info.get("alone", ()) if name in present]
        check = _check_of(column, siblings)
        sentence = (
            f"Add the field {column.info.get('field', column.name)} to {_told(table)}: column {column.name}."
        )
        if self.alters:
            return AddColumn(sentence, lambda op: _add_by_alembic(op, table, column, check))
        return AddColumn(
            sentence, lambda op: op.execute(_sqlite_add_column(table, column, check, self.dialect))
        )

    def indexes(self, table: sa.Table) -> Iterator[Step]:
        live = self.live.tables[table.name].indexes
        wanted = {str(index.name): index for index in table.indexes}
        for name in sorted(live - wanted.keys()):
            if name.startswith(("ix_", "uq_")):
                yield _drop_index(table, name)
        yield from (_create_index(table, wanted[name]) for name in sorted(wanted.keys() - live))

    def references(self, table: sa.Table) -> Iterator[Step]:
        live = self.live.tables.get(table.name, LiveTable(table.name))
        for key in _sorted(table.foreign_key_constraints):
            column = key.columns[0]
            there = live.references.get(column.name)
            if there is not None and there != key.referred_table.name:
                self._refuse_target(table, column, there, key.referred_table.name)
            elif there is None and self.alters and key.use_alter:
                yield _add_foreign_key(table, key)

    def search(self) -> Iterator[Step]:
        if search_table(self.dialect.name) not in self.live.extras:
            yield CreateSearch(
                "Create the search index.", lambda op: _run_all(op, search_ddl(self.dialect.name))
            )

    def _refuse_type(self, table: sa.Table, column: Column, live: LiveTable) -> None:
        self.problems.add(
            "S110",
            f"The field {_name(table, column)} would change its storage from {live.columns[column.name]}"
            f" to {_type_text(column, self.dialect)}.",
            "Add a new field of the new type, copy the values, then remove the old one.",
        )

    def _refuse_loss(self, table: sa.Table, name: str) -> None:
        self.problems.add(
            "S111",
            f"The field {table.info.get('entity', table.name)}.{name} is no longer defined,"
            " but its column holds data.",
            "Put the field back; if it has a new name, say renamed_from.",
        )

    def _refuse_target(self, table: sa.Table, column: Column, there: str, wanted: str) -> None:
        self.problems.add(
            "S113",
            f"The relationship {_name(table, column)} points at {there} and would point at {wanted}.",
            "Add a new relationship and move the links.",
        )


def _check_nothing_is_lost(live: LiveSchema, wanted: set[str], problems: Problems) -> None:
    for name in sorted(live.tables.keys() - wanted):
        problems.add(
            "S112",
            f"The table {name} belongs to an entity or relationship that is no longer defined.",
            "Put the definition back, or export the data and remove the table by hand.",
        )


# --- steps ------------------------------------------------------------------------------------------


def _create_index(table: sa.Table, index: sa.Index) -> Step:
    purpose = "Make unique" if index.unique else "Index"
    label = index.info.get("label", index.name)
    sentence = f"{purpose} {label} of {_told(table)}: {index.name}."
    return CreateIndex(sentence, lambda op: op.execute(CreateIndexSql(index)))


def _drop_index(table: sa.Table, name: str) -> Step:
    sentence = f"Drop the index {name} of {_told(table)}."
    return DropIndex(sentence, lambda op: op.drop_index(name, table_name=table.name))


def _add_foreign_key(table: sa.Table, key: sa.ForeignKeyConstraint) -> Step:
    column, there = key.columns[0], key.referred_table.name
    sentence = f"Watch that {_name(table, column)} points at a record of {there}."

    def run(op: Operations) -> None:
        op.create_foreign_key(
            str(key.name), table.name, there, [column.name], ["id"], deferrable=True, initially="DEFERRED"
        )

    return AddForeignKey(sentence, run)


def _add_by_alembic(
    op: Operations, table: sa.Table, column: Column, check: sa.CheckConstraint | None
) -> None:
    bare = sa.Column(column.name, column.type, nullable=column.nullable, server_default=_default(column))
    op.add_column(table.name, bare)
    if check is not None:
        op.create_check_constraint(str(check.name), table.name, check.sqltext)


def _default(column: Column) -> Any:
    return getattr(column.server_default, "arg", None)


def _sqlite_add_column(
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
        condition = check.sqltext.compile(dialect=dialect, compile_kwargs={"include_table": False})
        words.append(f"CONSTRAINT {dialect.identifier_preparer.quote(str(check.name))} CHECK ({condition})")
    return " ".join(words)


def _check_of(column: Column, siblings: list[Column]) -> sa.CheckConstraint | None:
    """The check that comes with the column, about those columns only that are there when it comes."""
    name = column.info.get("check")
    if name is None or (column.info.get("alone") and not siblings):
        return None
    if siblings:
        return sa.CheckConstraint(alone_among(column, siblings), name=name)
    found = next(c for c in column.table.constraints if c.name == name)
    return found if isinstance(found, sa.CheckConstraint) else None


def _run_all(op: Operations, statements: Iterable[str]) -> None:
    for statement in statements:
        op.execute(statement)


# --- words ------------------------------------------------------------------------------------------


def _type_text(column: Column, dialect: SqlDialect) -> str:
    text = column.type.compile(dialect=dialect).lower().split(" collate")[0]
    return text.replace(", ", ",")


def _told(table: sa.Table) -> str:
    entity, relationship = table.info.get("entity"), table.info.get("relationship")
    thing = f"{entity}.{relationship}" if relationship else entity
    return f"{thing} ({table.name})" if thing else table.name


def _name(table: sa.Table, column: Column) -> str:
    return f"{table.info.get('entity', table.name)}.{column.info.get('field', column.name)}"


def _sorted(things: Iterable[Any]) -> list[Any]:
    return sorted(things, key=lambda thing: str(thing.name))
