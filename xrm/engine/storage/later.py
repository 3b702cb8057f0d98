"""What a process writes now and then, beside requests: none waits for it, and none fails by it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from xrm.errors import Unavailable


class Later:
    """Writes again and again by a thread of this process, from when it is told to until it is stopped."""

    def __init__(self, name: str, write: Callable[[], None]) -> None:
        self._name, self._write, self._over = name, write, Event()

    def keep_writing(self, seconds: float) -> None:
        """A thread writes from now on, until the process ends or `stop` is called."""
        Thread(target=self._keep, args=(seconds,), name=self._name, daemon=True).start()

    def stop(self) -> None:
        """Nothing is written by itself any more."""
        self._over.set()

    def _keep(self, seconds: float) -> None:
        while not self._over.wait(seconds):
            with suppress(Unavailable):  # the database is busy or away; next time
                self._write()
