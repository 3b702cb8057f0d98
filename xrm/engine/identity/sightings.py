"""When sessions and tokens were used last: remembered by each process, and written now and then.

No request waits for it. What a process has seen and not written yet is lost when it dies.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.later import Later
from xrm.engine.storage.ledger import SESSION, TOKEN
from xrm.engine.world import World
from xrm.errors import Unavailable

APART = timedelta(minutes=5)
SECONDS = 30.0
REMEMBERED = 20_000
_COLUMNS = {"session": (SESSION, SESSION.c.seen_at), "token": (TOKEN, TOKEN.c.used_at)}

Key = tuple[str, bytes]


class Sightings:
    """The last use of each session and token, five minutes exact."""

    def __init__(self, database: Database, world: World) -> None:
        self._database, self._world = database, world
        self._lock, self._later = Lock(), Later("xrm-sightings", self.write)
        self._noted: dict[Key, datetime] = {}
        self._waiting: dict[Key, datetime] = {}

    def note(self, kind: str, hashed: bytes) -> None:
        """The secret with this digest was used now."""
        key, now = (kind, hashed), self._world.now()
        last = self._noted.get(key)
        if last is not None and now - last < APART:
            return
        with self._lock:
            if len(self._noted) >= REMEMBERED:
                self._noted.clear()
            self._noted[key] = self._waiting[key] = now

    def write(self) -> None:
        """What was noted is in the database; raises Unavailable, and then it still waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            self._database.transact(lambda unit: _write(unit, waiting))
        except Unavailable:
            with self._lock:
                self._waiting = {**waiting, **self._waiting}
            raise

    def keep_writing(self, seconds: float = SECONDS) -> None:
        """A thread of this process writes from now on, until the process ends or `stop` is called."""
        self._later.keep_writing(seconds)

    def stop(self) -> None:
        """Nothing is written by itself any more."""
        self._later.stop()


def _write(unit: UnitOfWork, waiting: dict[Key, datetime]) -> None:
    """A later use that another process wrote stays."""
    for (kind, hashed), at in sorted(waiting.items()):
        table, column = _COLUMNS[kind]
        is_later = sa.or_(column.is_(None), column < at)
        unit.execute(sa.update(table).where(table.c.hash == hashed, is_later).values({column.name: at}))
