"""xrm with a fault built in, which a proof must find: `python sabotage.py FAULT serve ...`.

The fault is in place as soon as this file is read, in the processes that the server starts, too.
"""

from __future__ import annotations

import sys
from itertools import count
from threading import Event
from typing import Any

from xrm.cli import main
from xrm.engine.changes import ChangeLog
from xrm.engine.jobs import Jobs
from xrm.engine.runtime import Runtime
from xrm.engine.storage.database import Database
from xrm.engine.storage.dialects import SQLITE_FACTS

TOGETHER = 4


def commit_seldom() -> None:
    """A write is acknowledged although its transaction goes on, to be committed with later ones."""
    open_, commit, writes = Database._open, Database._commit, count(1)

    def open_unless_begun(self: Database, link: Any, opening: str) -> Any:
        if not link.driver.in_transaction:
            return open_(self, link, opening)
        return {opening: link.cursor.execute(opening).fetchone()} if opening else {}

    def commit_some(self: Database, link: Any, meanings: Any) -> None:
        if next(writes) % TOGETHER == 0:
            commit(self, link, meanings)

    Database._open, Database._commit = open_unless_begun, commit_some


def log_later() -> None:
    """Changes are logged with some later write, not in the transaction of the record."""
    insert_of, waiting = ChangeLog.insert_of, []

    def insert_some(self: ChangeLog, actor: Any, changes: Any, act: Any = None) -> Any:
        waiting.extend(changes)
        later = [*waiting] if len(waiting) >= TOGETHER else []
        del waiting[: len(later)]
        return insert_of(self, actor, later, act)

    ChangeLog.insert_of = insert_some


def begin_deferred() -> None:
    """A transaction that writes begins as one that reads."""
    object.__setattr__(SQLITE_FACTS, "begin_write", "BEGIN")


def keep_first_model() -> None:
    """A server never looks whether another process has activated a newer model."""
    look = Runtime.look

    def look_once(self: Runtime) -> Any:
        held = self._current
        return (held, self.freshness.read()) if held else look(self)

    Runtime.look = look_once


def stall_jobs() -> None:
    """A job is begun and never comes to its work, so that it can be killed in the midst of it."""
    Jobs._handle = lambda *_: Event().wait()


FAULTS = {
    fault.__name__: fault
    for fault in (commit_seldom, log_later, begin_deferred, keep_first_model, stall_jobs)
}
FAULTS[sys.argv[1]]()

if __name__ == "__main__":
    main(sys.argv[2:])
