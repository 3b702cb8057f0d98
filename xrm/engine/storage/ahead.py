"""What a plan does before it keeps anybody from writing: values are converted into columns that nobody sees yet.

Whoever holds the lock then converts those of the rows alone that were written meanwhile, as their versions tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.alone import Work, alone, if_free
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.inspection import LiveSchema, inspect
from xrm.engine.storage.names import COPY, shadow_name
from xrm.engine.storage.patience import patiently
from xrm.engine.storage.turn import Turn
from xrm.engine.storage.turning import FIRST, Conversion, Found, Row, Versions, changed, in_portions, put
from xrm.errors import Conflict, XrmError

FEW = 200  # rows that are left to whoever holds the lock
PASSES = 3


@dataclass(frozen=True, slots=True)
class Ahead:
    """A field of a table, called as it is now, whose values are converted; `versions` are those of the rows then."""

    turn: Turn
    table: str
    versions: Versions

    def copy(self, database: Database) -> None:
        """Every row is converted that holds something; what does not fit is left for the lock, and told then."""
        rows = self._rows(database)
        last: UUID | None = FIRST
        while last is not None:
            with database.read() as unit:
                portion, last = rows.portion(unit, last)
            self._keep(database, [row for row in portion if not row.is_same], portion)

    def catch_up(self, database: Database) -> None:
        """Few of the rows that were written meanwhile are left."""
        if not self.turn.adds:
            return
        rows = self._rows(database)
        for _ in range(PASSES):
            with database.read() as unit:
                ids = changed(unit, self.turn, self.table, self.versions)
            if len(ids) <= FEW:
                return
            for some in in_portions(ids):
                with database.read() as unit:
                    portion = rows.of(unit, some)
                self._keep(database, portion, portion)

    def _rows(self, database: Database) -> Conversion:
        return Conversion(database, self.turn, self.table, Found())

    def _keep(self, database: Database, written: Sequence[Row], rows: Sequence[Row]) -> None:
        """Where the columns are new the values are in them; else only rows are known that stay as they are."""
        if self.turn.adds and written:
            names = copies_of(self.turn)
            database.transact(lambda unit: put(unit, self.turn, self.table, written, names))
        self.versions.update((row.key, row.version) for row in rows if self.turn.adds or row.is_same)


@contextmanager
def done_ahead(
    database: Database, work: Sequence[Ahead], live: LiveSchema | None, demand_base: Callable[[], None]
) -> Iterator[None]:
    """All of it is done when the block begins; when the block raises, nothing is left of it.

    `demand_base` raises where the database is not the one that the work is for. What somebody left who was killed is
    taken away before.
    """
    if not work and not (live and _copies(live)):
        yield
        return
    with alone(database, Work.COPY):
        take_away(database)
        demand_base()
        try:
            do(database, work, demand_base)
            yield
        except BaseException:
            with suppress(XrmError):  # what is left then is taken away by the next
                take_away(database)
            raise
        finally:
            for each in work:
                each.versions.clear()


def do(database: Database, work: Sequence[Ahead], demand_base: Callable[[], None]) -> None:
    """All of it is done; raises as `demand_base` where others have changed the tables meanwhile."""
    dialect = database.engine.dialect
    statements = [s for each in work if each.turn.adds for s in additions(each.turn, each.table, dialect)]
    try:
        patiently(database, partial(_say, statements))
        for step in (Ahead.copy, Ahead.catch_up):
            for each in work:
                step(each, database)
    except Conflict:
        demand_base()
        raise


def take_away(database: Database) -> None:
    """No columns are left that values were copied into and that no plan has taken."""
    with database.read() as unit:
        found = list(_copies(inspect(unit)))
    quote = database.engine.dialect.identifier_preparer.quote
    for table, column in found:
        drop = f"ALTER TABLE {quote(table)} DROP COLUMN {quote(column)}"
        patiently(database, partial(_say, [drop]))


def clear_up(database: Database, live: LiveSchema | None) -> None:
    """What somebody left who was killed while copying is gone, unless somebody else copies now."""
    if live is None or not any(True for _ in _copies(live)):
        return
    with if_free(database, Work.COPY) as is_free:
        if is_free:
            take_away(database)


def _say(statements: Sequence[str], unit: UnitOfWork) -> None:
    for statement in statements:
        unit.script(statement)


def _copies(live: LiveSchema) -> Iterator[tuple[str, str]]:
    for table in (*live.tables.values(), *live.kept.values()):
        yield from ((table.name, column) for column in table.copies)


# --- the columns ------------------------------------------------------------------------------------


def copies_of(turn: Turn) -> Mapping[str, str]:
    """What the columns that the field shall have are called until then."""
    return {column.name: shadow_name(COPY, column.name) for column in turn.wanted}


def additions(turn: Turn, table: str, dialect: SqlDialect) -> Iterator[str]:
    """What adds them."""
    compiler: Any = dialect.ddl_compiler(dialect, CreateTableSql(turn.wanted[0].table))
    quote = dialect.identifier_preparer.quote
    for column in turn.wanted:
        kind = compiler.get_column_specification(column).removeprefix(quote(column.name))
        yield f"ALTER TABLE {quote(table)} ADD COLUMN {quote(shadow_name(COPY, column.name))}{kind}"
