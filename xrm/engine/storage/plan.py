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
from xrm.errors import NOWHERE, PlanRefused, Problem, Problems
from xrm.metadata.model import OWNER_FIELDS

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


def make_plan(
    live: LiveSchema, wanted: Sequence[sa.MetaData], dialect: SqlDialect, found: Iterable[Problem] = ()
) -> SchemaPlan:
    """The steps from what is there to what is wanted.

    Raises PlanRefused where more than adding is needed, and where anything was `found` to stand against it.
    """
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
        _check_nothing_is_lost(live, tables, problems)
    problems.extend(found)
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
        self._check_nothing_is_lost(table, live)

    def _check_nothing_is_lost(self, table: sa.Table, live: LiveTable) -> None:
        """One problem for each field: one that is stored in another way, or one that is gone."""
        wanted = {_field_of(column.name): column for column in reversed(table.columns.values())}
        lost = {_field_of(name) for name in live.columns.keys() - table.columns.keys()}
        other = {_field_of(c.name) for c in table.columns if self._is_other(c, live)}
        for name in sorted(other | (lost & wanted.keys())):
            self._refuse_type(table, wanted[name])
        for name in sorted({_DEFINED_BY.get(name, name) for name in lost - wanted.keys()}):
            self._refuse_loss(table, name)

    def _is_other(self, column: Column, live: LiveTable) -> bool:
        there = live.columns.get(column.name)
        return there is not None and there != _type_text(column, self.dialect)

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

    def _refuse_type(self, table: sa.Table, column: Column) -> None:
        self.problems.add(
            "S110",
            f"{_name(table, column)} would be stored in another way: its type, its targets, or a key such as"
            " precision or scale has changed.",
            "Put it back as it was, and add a field of the new kind under another name; an import or a batch"
            " copies the values.",
            column.info.get("place", NOWHERE),
        )

    def _refuse_loss(self, table: sa.Table, name: str) -> None:
        new = table.info.get("renamed", {}).get(name)
        if new is not None:
            self.problems.add("S111", *_no_rename(f"{_thing(table)}.{name}", new))
            return
        self.problems.add(
            "S111",
            f"{_thing(table)}.{name} is no longer defined, and this version does not remove what is stored.",
            "Put it back. What is in no form and no view is not shown.",
        )

    def _refuse_target(self, table: sa.Table, column: Column, there: str, wanted: str) -> None:
        self.problems.add(
            "S113",
            f"The relationship {_name(table, column)} points at {there} and would point at {wanted}.",
            "Add a new relationship and move the links.",
        )


def _check_nothing_is_lost(live: LiveSchema, wanted: Sequence[sa.Table], problems: Problems) -> None:
    """One problem for each entity that is gone, and for each relationship that is gone from one that stays."""
    lost = live.tables.keys() - {table.name for table in wanted}
    renamed = {old: new for table in wanted for old, new in table.info.get("renamed_tables", {}).items()}
    for name in sorted(lost):
        pack, entity, *link = name.split("__")
        if link and f"{pack}__{entity}" in lost:
            continue
        thing = f"{entity}.{link[0]}" if link else entity
        if name in renamed:
            problems.add("S112", *_no_rename(thing, renamed[name]))
            continue
        problems.add(
            "S112",
            f"{thing} of pack {pack} is no longer defined, and this version does not remove what is stored.",
            f"Put the definition back, or export the data and remove the table {name} by hand.",
        )


def _no_rename(old: str, new: str) -> tuple[str, str]:
    return (
        f"{old} would be renamed to {new}, which this version cannot carry out.",
        "Keep the old name and change the label, which is what people read.",
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


# What the columns of the engine's own come from.
_DEFINED_BY = {
    **dict.fromkeys(("state", "state_since"), "lifecycle"),
    **dict.fromkeys(OWNER_FIELDS, "ownership"),
    **dict.fromkeys(("valid_from", "valid_to"), "valid"),
}


def _field_of(column: str) -> str:
    """The field whose part or twin the column keeps: names have single underscores."""
    return column.partition("__")[0]


def _thing(table: sa.Table) -> str:
    """The entity, or the relationship, as its definition calls it."""
    entity, relationship = table.info.get("entity", table.name), table.info.get("relationship")
    return f"{entity}.{relationship}" if relationship else entity


def _told(table: sa.Table) -> str:
    entity, relationship = table.info.get("entity"), table.info.get("relationship")
    thing = f"{entity}.{relationship}" if relationship else entity
    return f"{thing} ({table.name})" if thing else table.name


def _name(table: sa.Table, column: Column) -> str:
    return f"{table.info.get('entity', table.name)}.{column.info.get('field', column.name)}"


def _sorted(things: Iterable[Any]) -> list[Any]:
    return sorted(things, key=lambda thing: str(thing.name))
