"""Who writes by which definition: one process changes the model, and none writes by an old one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from xrm.engine.storage.apply import MIGRATOR
from xrm.engine.storage.database import Database, Row, UnitOfWork
from xrm.engine.storage.ledger import INSTALLATION
from xrm.engine.storage.stamp import Stamp, stamp_column
from xrm.errors import Conflict, Problem

# Whoever changes the schema owns this lock, so a writer that shares it keeps the definitions still.
_SHARE = f"SELECT pg_advisory_xact_lock_shared({MIGRATOR})"
# A statement of its own: waiting for the lock, it would have looked before it got it.
_MODEL = "SELECT model FROM xrm_installation"
NOTHING_INSTALLED = Stamp(0, 0, 0)
PLAN_IS_STALE = "S120"
READS = 3
T = TypeVar("T")


class DefinitionChanged(Conflict):
    """Another process has activated other definitions since the caller read them (409)."""

    code, title = "P120", "Definition changed"


def was_overtaken(error: Conflict) -> bool:
    """Whether another process changed the installation while this one worked out what to change."""
    return isinstance(error, DefinitionChanged) or error.first.code == PLAN_IS_STALE


def done_again(read: Callable[[], T]) -> T:
    """What the read gave; where the definitions changed while it was under way, what it gives by those of now.

    Raises DefinitionChanged where they change again and again.
    """
    for _ in range(READS - 1):
        with suppress(DefinitionChanged):
            return read()
    return read()


class Freshness:
    """Reads the stamp of one database, and holds the model still while somebody writes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._stamp = database.prepare(sa.select(stamp_column()))
        self._model = database.prepare(sa.select(INSTALLATION.c.model))
        self.opening = _MODEL if database.dialect.is_sqlite else f"{_SHARE}; {_MODEL}"

    def read(self) -> Stamp:
        """The stamp as it is now."""
        with self.database.read(snapshot=False) as unit:
            return self.read_in(unit)

    def read_in(self, unit: UnitOfWork) -> Stamp:
        """The stamp as this transaction sees it."""
        row = unit.one(self._stamp)
        return Stamp.parse(row[0]) if row and row[0] else NOTHING_INSTALLED

    def hold(self, unit: UnitOfWork, stamp: Stamp) -> None:
        """The model is that of `stamp` and stays it until this transaction ends; raises DefinitionChanged.

        A transaction with our `opening` has asked already. SQLite has one writer, who therefore holds everything.
        """
        if self.opening in unit.opened:
            _demand(stamp, _number(unit.opened[self.opening]))
            return
        if not unit.dialect.is_sqlite:
            unit.script(_SHARE)
        self.compare(unit, stamp)

    def compare(self, unit: UnitOfWork, stamp: Stamp) -> None:
        """The model is that of `stamp`; raises DefinitionChanged."""
        _demand(stamp, _number(unit.one(self._model)))

    @contextmanager
    def reading(self, stamp: Stamp) -> Iterator[UnitOfWork]:
        """Everything read in the block is of one moment at which the model was that of `stamp`.

        Raises DefinitionChanged in place of whatever the block raised where it was not.
        """
        if self.database.dialect.is_sqlite:
            with self.database.read(opening=_MODEL) as unit:
                _demand(stamp, _number(unit.opened[_MODEL]))
                yield unit
            return
        # A snapshot of PostgreSQL is one of rows: tables that were not read yet may become others under it.
        seen: Mapping[str, Row | None] = {}
        try:
            with self.database.read(closing=_MODEL) as unit:
                seen = unit.opened
                yield unit
        finally:
            if _MODEL in seen:
                _demand(stamp, _number(seen[_MODEL]))

    def epoch(self, stamp: Stamp) -> ModelEpoch:
        """What works by the model of `stamp`."""
        return ModelEpoch(self, stamp)


@dataclass(frozen=True, slots=True)
class ModelEpoch:
    """The model of a stamp; whatever is read or written under it is of that model, or is refused."""

    freshness: Freshness
    stamp: Stamp

    @property
    def model(self) -> int:
        """How often the model had changed when it came into force."""
        return self.stamp.model

    @property
    def opening(self) -> str:
        """With what a transaction that writes is opened, so that `hold` needs no statement."""
        return self.freshness.opening

    def hold(self, unit: UnitOfWork) -> None:
        """The model is in force and stays it until this transaction ends; raises DefinitionChanged."""
        self.freshness.hold(unit, self.stamp)

    def demand(self, unit: UnitOfWork) -> None:
        """The model is in force, as this transaction sees it; raises DefinitionChanged."""
        self.freshness.compare(unit, self.stamp)

    @contextmanager
    def asking(self) -> Iterator[UnitOfWork]:
        """Each statement of the block is of its own moment; `demand` tells at its end whether all are of the model.

        Raises DefinitionChanged in place of whatever the block raised where the model was not in force.
        """
        with self.freshness.database.read(snapshot=False) as unit:
            try:
                yield unit
            except Exception:
                self.demand(unit)
                raise

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Everything read in the block is of one moment at which the model was in force.

        Raises DefinitionChanged in place of whatever the block raised where it was not.
        """
        return self.freshness.reading(self.stamp)


def _number(row: Row | None) -> int:
    return int(row[0]) if row else NOTHING_INSTALLED.model


def _demand(stamp: Stamp, model: int) -> None:
    if model != stamp.model:
        hint = "Load the page again, or repeat the request."
        raise DefinitionChanged(
            Problem("P120", "The definitions changed while this was under way.", hint),
            facts={"retry_after": 1},
        )
