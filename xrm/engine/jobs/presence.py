"""That a process lives, as a row that it touches every few seconds."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from xrm.engine.jobs import desk
from xrm.engine.storage.database import Database
from xrm.engine.world import World
from xrm.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Lease:
    """How often a worker says that it lives, and after how long a silence it counts as dead.

    The silence is long: a worker whose machine was only busy would lose the work since its last checkpoint.
    """

    beat: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(seconds=60)
    memory: timedelta = timedelta(days=1)


class Presence:
    """A living process, from `begin` to `end`, under a name that no other process has."""

    def __init__(self, database: Database, world: World, lease: Lease) -> None:
        self._database, self._world, self._lease = database, world, lease
        self.name = str(world.new_id())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="xrm-presence", daemon=True)

    def begin(self) -> None:
        """Others know that this process lives."""
        about = f"{socket.gethostname()}:{os.getpid()}"
        with self._database.write() as unit:
            desk.arrive(unit, self.name, about, self._world.now())
        self._thread.start()

    def end(self) -> None:
        """Others know that this process is gone."""
        self._over.set()
        self._thread.join()
        with self._database.write() as unit:
            desk.leave(unit, self.name)

    def _beat(self) -> None:
        while not self._over.wait(self._lease.beat.total_seconds()):
            # The database may be busy or away; the next beat may get through.
            with suppress(Unavailable), self._database.write() as unit:
                desk.beat(unit, self.name, self._world.now())
