"""Changes of tables that others are using."""

from __future__ import annotations

import time
from collections.abc import Callable

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.errors import Unavailable

LOCK_MILLISECONDS = 2000
MIGRATION_SECONDS = 600.0
ATTEMPTS = 10
WAIT_SECONDS = 0.2
ENOUGH_SECONDS = 30.0  # SQLite waits so long by itself, each time


def patiently(database: Database, work: Callable[[UnitOfWork], None]) -> None:
    """The work is done in one transaction.

    A table that others are using is waited for in short turns, so that nobody queues behind us.
    """
    began = time.monotonic()
    for left in range(ATTEMPTS - 1, -1, -1):
        try:
            with database.write(seconds=MIGRATION_SECONDS) as unit:
                if not unit.dialect.is_sqlite:
                    unit.script(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
                work(unit)
            return
        except Unavailable as error:
            is_over = not left or time.monotonic() - began > ENOUGH_SECONDS
            if is_over or not error.facts.get("retry"):
                raise
            time.sleep(WAIT_SECONDS)
