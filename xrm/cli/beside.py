"""A process beside this one, which is started again when it ends by itself."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

LOOK_SECONDS = 2.0
AGAIN_SECONDS = 3.0
GRACE_SECONDS = 20.0
log = logging.getLogger("xrm")


@contextmanager
def beside(name: str, work: Callable[[Event], None]) -> Iterator[None]:
    """Inside the block `work` goes on in a process of its own; its event says when to end."""
    keeper = _Keeper(name, work)
    try:
        yield
    finally:
        keeper.stop()


def end_with_starter() -> None:
    """This process is told to stop once the one that started it is gone, however that came about."""
    if multiprocessing.parent_process() is not None:
        Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(starter: int) -> None:
    _watch(Event(), starter)
    os.kill(os.getpid(), signal.SIGTERM)


class _Keeper:
    """Keeps one process going until it is stopped."""

    def __init__(self, name: str, work: Callable[[Event], None]) -> None:
        self._name, self._work = name, work
        self._over, self._starting = Event(), Lock()
        self._process = self._started()
        self._thread = Thread(target=self._keep, name=f"xrm-{name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The process has ended: by itself when it was told to, or killed when that took too long."""
        with self._starting:
            self._over.set()
        self._process.terminate()
        self._thread.join(GRACE_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _keep(self) -> None:
        while True:
            self._process.join()
            if self._over.wait(AGAIN_SECONDS):
                return
            log.error("The process for %s has ended by itself; another one is started.", self._name)
            with self._starting:
                if self._over.is_set():
                    return
                self._process = self._started()

    def _started(self) -> multiprocessing.Process:
        process = multiprocessing.Process(target=_until_told, name=self._name, args=(self._work, os.getpid()))
        process.start()
        return process


def _until_told(work: Callable[[Event], None], starter: int) -> None:
    """The work has ended: whoever started this process said so, or is gone."""
    over = Event()
    # Ctrl-C reaches every process of a terminal; the one that was started there decides for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    Thread(target=_watch, args=(over, starter), daemon=True).start()
    work(over)


def _watch(over: Event, starter: int) -> None:
    while os.getppid() == starter and not over.wait(LOOK_SECONDS):
        pass
    over.set()
