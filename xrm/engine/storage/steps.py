"""The steps of a plan: what each says to people and to the database, what it costs, and what takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.database import UnitOfWork
from xrm.errors import NOWHERE, Place

if TYPE_CHECKING:
    from alembic.operations import Operations

Column = sa.Column[Any]
NO_UNDO = "There is no undo."
INDEXED, COMPARED = 0.1, 0.1  # seconds for 100,000 rows: an index of them, and a look at their versions


class Effect(StrEnum):
    """What a step does to those who work meanwhile, and to what they have stored."""

    INSTANT = "instant"  # takes the same time whatever is stored
    REWRITE = "rewrite"  # reads or writes every row
    DECISION = "needs decision"  # rows do not fit, and somebody has to say what becomes of them
    DESTRUCTIVE = "destructive"  # something goes, and needs a confirmation


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows a step touches, how many of them it would fail for, and some of those."""

    touched: int = 0
    failing: int = 0
    samples: tuple[str, ...] = ()


NO_ROWS = Rows()


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a plan is carried out, by whom, and until when what it removes is kept."""

    at: datetime
    until: datetime
    actor: UUID | None


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the schema: `sentence` says it to a person, `run` does it by Alembic's operations.

    `inverse` says what takes it back. `measure` counts rows in the database as it is before the plan, and `rows` is
    what it found; `note` writes into the ledger what has to be remembered of the step. `holds` is how many seconds of
    the lock a hundred thousand of these rows take. `place` is where it is defined, if that is one place.
    """

    sentence: str
    run: Callable[[Operations], None] = field(repr=False, compare=False)
    inverse: str = field(default="", compare=False)
    effect: Effect = Effect.INSTANT
    rows: Rows = field(default=NO_ROWS, compare=False)
    measure: Callable[[UnitOfWork], Rows] | None = field(default=None, repr=False, compare=False)
    note: Callable[[UnitOfWork, Occasion], None] | None = field(default=None, repr=False, compare=False)
    holds: float = field(default=0.0, compare=False)
    place: Place = field(default=NOWHERE, compare=False)

    @property
    def lock_seconds(self) -> float:
        """How long writers wait for it, by the number of its rows; on a machine like those of the measurements."""
        return round(self.rows.touched / 100_000 * self.holds, 1)

    def sql(self, dialect: SqlDialect) -> str:
        """What the step says to the database."""
        return next(said_by([self], dialect))


def said_by(steps: Iterable[Step], dialect: SqlDialect) -> Iterator[str]:
    """What each of the steps says to the database."""
    buffer = StringIO()
    target = operations(dialect=dialect, opts={"as_sql": True, "output_buffer": buffer})
    for step in steps:
        step.run(target)
        yield buffer.getvalue().strip()
        buffer.seek(0)
        buffer.truncate()


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


class AddConstraint(Step):
    """A reference or a check that the database shall watch over."""


class CreateSearch(Step):
    """The full-text index."""


class Rename(Step):
    """A table, column, index or constraint that has another name from now on; nothing is copied."""


class Remove(Step):
    """Columns or a table that are no longer defined: from now on they are a shadow."""


class BringBack(Step):
    """A shadow that is defined again: its columns or its table, with what they hold."""


class TurnValues(Step):
    """A field whose values become others, each by its type."""


class TurnLinks(Step):
    """A relationship whose references stand elsewhere from now on, or which has one where it had none."""


class Begin(Step):
    """Records that are in a state from now on."""


class Purge(Step):
    """A shadow that is gone for good."""


def says(statements: Iterable[str]) -> Callable[[Operations], None]:
    """What runs these statements, which are text of our own."""
    said = tuple(statements)

    def run(op: Operations) -> None:
        for statement in said:
            op.execute(sa.text(statement.replace(":", "\\:")))

    return run


def counting(table: str, columns: Iterable[str] = ()) -> Callable[[UnitOfWork], Rows]:
    """What counts the rows of a table; with columns, those in which one of them holds a value."""
    there = sa.table(table, *(sa.column(name) for name in columns))
    filled = [column.is_not(None) for column in there.c]
    chosen = sa.select(sa.func.count()).select_from(there)
    if filled:
        chosen = chosen.where(sa.or_(*filled))
    return lambda unit: Rows(int(unit.execute(chosen).scalar_one()))


# --- words ------------------------------------------------------------------------------------------

# What the columns of the engine's own come from.
DEFINED_BY: Mapping[str, str] = {
    **dict.fromkeys(("state", "state_since"), "lifecycle"),
    **dict.fromkeys(("owner", "team", "unit"), "ownership"),
    **dict.fromkeys(("valid_from", "valid_to"), "valid"),
}


def field_of(column: str) -> str:
    """The field whose part or twin the column keeps: names have single underscores."""
    return column.partition("__")[0]


def thing(table: sa.Table) -> str:
    """The entity, or the relationship, as its definition calls it."""
    entity, relationship = table.info.get("entity", table.name), table.info.get("relationship")
    return f"{entity}.{relationship}" if relationship else entity


def told(table: sa.Table) -> str:
    """The same, with the table."""
    return f"{thing(table)} ({table.name})" if "entity" in table.info else str(table.name)


def name_of(table: sa.Table, column: Column) -> str:
    """The field that the column keeps, as its definition calls it."""
    return f"{table.info.get('entity', table.name)}.{column.info.get('field', column.name)}"


def type_text(column: Column, dialect: SqlDialect) -> str:
    """The type of the column as the catalogue of the database says it."""
    known = _texts.setdefault(column.type, {})
    if dialect.name not in known:
        text = column.type.compile(dialect=dialect).lower().split(" collate")[0]
        known[dialect.name] = text.replace(", ", ",")
    return known[dialect.name]


# A plan asks for every column several times, and most plans are about the same tables as the one before.
_texts: WeakKeyDictionary[sa.types.TypeEngine[Any], dict[str, str]] = WeakKeyDictionary()


def in_order(things: Iterable[Any]) -> list[Any]:
    """The things by name."""
    return sorted(things, key=lambda each: str(each.name))


def condition_text(condition: sa.ColumnElement[bool], dialect: SqlDialect) -> str:
    """The condition of a check as it stands in its definition."""
    return str(condition.compile(dialect=dialect, compile_kwargs={"include_table": False}))
