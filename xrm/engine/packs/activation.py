"""Who writes by which definition: one process changes the model, and none writes by an old one."""

from __future__ import annotations

import sqlalchemy as sa

from xrm.engine.storage.apply import MIGRATOR
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.stamp import Stamp, stamp_column
from xrm.errors import Conflict, Problem

# Whoever changes the schema owns this lock, so a writer that shares it keeps the definitions still.
_SHARE = f"SELECT pg_advisory_xact_lock_shared({MIGRATOR})"
# A statement of its own: waiting for the lock, it would have looked before it got it.
_MODEL = "SELECT model FROM xrm_installation"
NOTHING_INSTALLED = Stamp(0, 0, 0)
PLAN_IS_STALE = "S120"


class DefinitionChanged(Conflict):
    """Another process has activated other definitions since the caller read them (409)."""

    code, title = "P120", "Definition changed"


def was_overtaken(error: Conflict) -> bool:
    """Whether another process changed the installation while this one worked out what to change."""
    return isinstance(error, DefinitionChanged) or error.first.code == PLAN_IS_STALE


class Freshness:
    """Reads the stamp of one database, and holds the model still while somebody writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stamp = database.prepare(sa.select(stamp_column()))
        self.opening = _MODEL if database.dialect.is_sqlite else f"{_SHARE}; {_MODEL}"

    def read(self) -> Stamp:
        """The stamp as it is now."""
        with self._database.read(snapshot=False) as unit:
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
            model = unit.opened[self.opening]
            _demand(stamp, model[0] if model else NOTHING_INSTALLED.model)
            return
        if not unit.dialect.is_sqlite:
            unit.script(_SHARE)
        self.compare(unit, stamp)

    def compare(self, unit: UnitOfWork, stamp: Stamp) -> None:
        """The model is that of `stamp`; raises DefinitionChanged."""
        _demand(stamp, self.read_in(unit).model)


def _demand(stamp: Stamp, model: int) -> None:
    if model != stamp.model:
        hint = "Load the page again, or repeat the request."
        raise DefinitionChanged(
            Problem("P120", "The definitions changed while this was under way.", hint),
            facts={"retry_after": 1},
        )
