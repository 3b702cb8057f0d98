"""Values that are converted before the lock, into columns that nobody sees yet.

Whoever holds the lock then converts those of the rows alone that were written meanwhile, as their versions tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.ahead import Ahead
from xrm.engine.storage.database import Database
from xrm.engine.storage.hidden import additions, hidden
from xrm.engine.storage.rowversions import Versions
from xrm.engine.storage.turn import Turn
from xrm.engine.storage.turning import FIRST, Conversion, Found, Row, changed, in_portions, put
from xrm.errors import Conflict, Place

FEW = 200  # rows that are left to whoever holds the lock
PASSES = 3


@dataclass(frozen=True, slots=True)
class Values(Ahead):
    """Those of a field, each converted; `versions` are those that the rows had then."""

    turn: Turn
    table: str
    versions: Versions

    def told(self) -> str:
        """Whether they are converted, or only looked at."""
        return f"{'Convert' if self.turn.adds else 'Look at'} the values of {self.turn.name} ({self.table})."

    @property
    def place(self) -> Place:
        """That of the field."""
        return self.turn.stored.field.place

    def expansions(self, dialect: SqlDialect) -> Iterator[str]:
        """The columns are there; a field that is only looked at gets none."""
        if self.turn.adds:
            yield from additions(self.turn.wanted, self.table, dialect)

    def fill(self, database: Database) -> None:
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
        with suppress(Conflict):  # of records that exchange what is unique by now; the lock sees both
            for _ in range(PASSES):
                with database.read() as unit:
                    ids = changed(unit, self.turn, self.table, self.versions)
                if len(ids) <= FEW:
                    return
                for some in in_portions(ids):
                    with database.read() as unit:
                        portion = rows.of(unit, some)
                    self._keep(database, portion, portion)

    def over(self) -> None:
        """No version is remembered."""
        self.versions.clear()

    def _rows(self, database: Database) -> Conversion:
        return Conversion(database, self.turn, self.table, Found())

    def _keep(self, database: Database, written: Sequence[Row], rows: Sequence[Row]) -> None:
        """Where the columns are new the values are in them; else only rows are known that stay as they are."""
        if self.turn.adds and written:
            names = copies_of(self.turn)
            database.transact(lambda unit: put(unit, self.turn, self.table, written, names))
        self.versions.update((row.key, row.version) for row in rows if self.turn.adds or row.is_same)


def copies_of(turn: Turn) -> Mapping[str, str]:
    """What the columns that the field shall have are called until then."""
    return {column.name: hidden(column.name) for column in turn.wanted}
