"""References that are written before the lock where they shall stand, into a table or columns that nobody sees yet.

Whoever holds the lock then writes those of the records alone that were written meanwhile, or whose links were. Where a
shadow comes back, all is looked at before, and under the lock is left what has to be other in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.ahead import Ahead
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.matching import Match, Past
from xrm.engine.storage.relinkcopies import Copy
from xrm.engine.storage.relinking import before, judged, ruling_of
from xrm.engine.storage.relinkrows import FIRST, Linked, Marks, Record, References, key_of
from xrm.engine.storage.relinks import Relink
from xrm.engine.storage.relinkwrites import Writer
from xrm.engine.storage.steps import Occasion
from xrm.engine.storage.turning import Found, in_portions
from xrm.errors import Place, PlanRefused

FEW = 200  # records that are left to whoever holds the lock
PASSES = 3


def relinked_ahead(matched: Match, past: Past, dialect: SqlDialect) -> Iterator[Relinked]:
    """What can be done ahead for relationships that are stored in another way, or filled in newly."""
    for relink in matched.relinks:
        copy = Copy(relink, matched, dialect)
        if copy.is_possible or relink.kept is not None:
            known = past.linked.setdefault(relink.name, Linked(is_made=copy.is_possible))
            yield Relinked(relink, matched, past, known, copy)


@dataclass(frozen=True, slots=True)
class Relinked(Ahead):
    """The references of one relationship; `known` are the records of which nothing is left to do."""

    relink: Relink
    matched: Match
    past: Past
    known: Linked
    copy: Copy

    def told(self) -> str:
        """What it is, for whoever reads the journal."""
        return f"Write the references of {self.relink.name} where they shall stand."

    @property
    def place(self) -> Place:
        """That of the relationship."""
        return self.relink.stored.relationship.place

    def begin(self, occasion: Occasion) -> None:
        """Links are made on this occasion."""
        self.known.occasion = occasion

    def expansions(self, _dialect: SqlDialect) -> Iterator[str]:
        """The table, or the columns, are there."""
        if self.known.is_made:
            yield from self.copy.additions()

    def fill(self, database: Database) -> None:
        """References of every record are written; what does not fit is left for the lock, and told then."""
        try:
            with database.read() as unit:
                self.known.ruling = ruling_of(unit, self.relink, self.past, self.matched, after=False)
        except PlanRefused:
            return
        last: UUID | None = FIRST
        while last is not None:
            with database.read() as unit:
                portion, last = before(self.relink).portion(unit, last)
                marks = self._marks(unit, portion)
            self._keep(database, portion, marks, is_new=True)

    def catch_up(self, database: Database) -> None:
        """Few of the records that were written meanwhile are left."""
        for _ in range(PASSES if self.known.is_made and self.known.ruling is not None else 0):
            with database.read() as unit:
                ids = before(self.relink).written_since(unit, self.known.marks)
            if len(ids) <= FEW:
                return
            for some in in_portions(ids):
                with database.read() as unit:
                    portion = before(self.relink).of(unit, some)
                    marks = self._marks(unit, portion)
                self._keep(database, portion, marks, is_new=False)

    def over(self) -> None:
        """No mark is remembered."""
        self.known.marks.clear()

    def _marks(self, unit: UnitOfWork, portion: Sequence[Record]) -> Marks:
        return before(self.relink).marks(unit, [record.id for record in portion]) if portion else {}

    def _keep(self, database: Database, portion: Sequence[Record], marks: Marks, *, is_new: bool) -> None:
        """What was made stands where it is added, and of these records, and of those that are as they shall be, the
        marks are remembered.
        """
        found = [(record, judged(self.relink, record, self.known.ruling, Found())) for record in portion]
        fit = [(record, made) for record, made in found if made is not None and not made.is_lost]
        if self.known.is_made:
            self._write(database, [(record, made.references) for record, made in fit], is_new=is_new)
            done = [record for record, _ in fit]
        else:
            done = [record for record, made in fit if made.is_there(self.relink, record)]
        keys = (key_of(database, record.id) for record in done)
        self.known.marks.update((key, marks[key]) for key in keys if key in marks)

    def _write(self, database: Database, made: Sequence[tuple[Record, References]], *, is_new: bool) -> None:
        def work(unit: UnitOfWork) -> None:
            Writer(unit, self.relink, self.known.occasion, self.copy.table, self.copy.names).put(
                made, is_new=is_new
            )

        if made:
            database.transact(work)
