"""What a restore does to the schema: its mark, tables that no definition knows, and the way back to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from xrm.engine.storage.apply import apply_plan, plan_for
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.interrupted import is_interrupted
from xrm.engine.storage.ledger import RESTORE
from xrm.engine.storage.patience import MIGRATION_SECONDS
from xrm.engine.storage.types import StoredType
from xrm.engine.world import World
from xrm.errors import Conflict, Problem

DROPPED_AT_ONCE = 50  # PostgreSQL keeps a lock for every table and index that a transaction touches
SEARCH_TABLES = ("xrm_search_words", "xrm_search")


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Columns that are kept and that no definition asks for; `is_new` says that their whole table is such."""

    table: str
    columns: Mapping[str, StoredType]
    key: Sequence[str]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Pointer:
    """A column that is kept, and the table of the records that it points at."""

    table: str
    column: str
    target: str


def demand_empty(database: Database) -> None:
    """No table of ours is there but those of an interrupted restore; raises Conflict."""
    with database.read() as unit:
        if inspect(unit).stored and not is_interrupted(unit):
            message = "The database is not empty: there are tables of xrm in it."
            hint = (
                "Restore into an empty one: another SQLite file or data folder, or a new PostgreSQL database."
            )
            raise Conflict(Problem("B106", message, hint))


def begin_restore(
    database: Database, world: World, archive: str, made_at: datetime, wanted: sa.MetaData
) -> None:
    """The tables are there and empty, and the mark says that they are not served."""
    clear(database)
    mark = {"id": world.new_id(), "archive": archive, "made_at": made_at, "begun_at": world.now()}

    def leave_mark(unit: UnitOfWork) -> None:
        unit.execute(sa.insert(RESTORE).values(mark))

    apply_plan(database, plan_for(database), world, leave_mark)
    apply_plan(database, plan_for(database, [wanted]), world)


def end_restore(unit: UnitOfWork, world: World) -> None:
    """With this transaction the installation is served."""
    unit.execute(sa.update(RESTORE).values(finished_at=world.now()))


def clear(database: Database) -> None:
    """Of an interrupted restore nothing is left; its mark goes last."""
    with database.read() as unit:
        live = inspect(unit)
    names = [*SEARCH_TABLES, *sorted(live.stored.keys() - {RESTORE.name})]
    for start in range(0, len(names), DROPPED_AT_ONCE):
        _drop(database, names[start : start + DROPPED_AT_ONCE])
    _drop(database, [RESTORE.name])


def _drop(database: Database, names: Iterable[str]) -> None:
    quote = database.engine.dialect.identifier_preparer.quote
    rest = "" if database.dialect.is_sqlite else " CASCADE"
    with database.write(seconds=MIGRATION_SECONDS) as unit:
        for name in names:
            unit.script(f"DROP TABLE IF EXISTS {quote(name)}{rest}")


def add_shadows(unit: UnitOfWork, shadows: Iterable[LeftOver], pointers: Iterable[Pointer]) -> None:
    """The columns and tables that no definition asks for are there, too.

    SQLite holds them to what they point at, as it does with what is removed there; PostgreSQL when they come back.
    """
    held = {(p.table, p.column): p.target for p in pointers} if unit.dialect.is_sqlite else {}
    for shadow in shadows:
        columns = [
            _kept_column(unit, shadow, name, held.get((shadow.table, name))) for name in shadow.columns
        ]
        table = _quote(unit, shadow.table)
        if shadow.is_new:
            key = ", ".join(_quote(unit, name) for name in shadow.key)
            unit.script(f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({key}))")
        else:
            for column in columns:
                unit.script(f"ALTER TABLE {table} ADD COLUMN {column}")


def _kept_column(unit: UnitOfWork, shadow: LeftOver, name: str, target: str | None) -> str:
    text = f"{_quote(unit, name)} {shadow.columns[name].compile(dialect=unit.database.engine.dialect)}"
    needed = " NOT NULL" if shadow.is_new and name in shadow.key else ""
    there = f" REFERENCES {_quote(unit, target)} (id) DEFERRABLE INITIALLY DEFERRED" if target else ""
    return f"{text}{needed}{there}"


def _quote(unit: UnitOfWork, name: str) -> str:
    return unit.database.engine.dialect.identifier_preparer.quote(name)
