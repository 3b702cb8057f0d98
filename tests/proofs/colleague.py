"""A process of its own in which somebody writes and somebody reads while another process changes the definitions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

from tests.support.installed import make_runtime
from tests.support.servers import until
from xrm.engine.commands import Target, Update
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.snapshot import Snapshot
from xrm.errors import Conflict, XrmError

EVERY, PATIENCE = 0.02, 60.0
TELL, END = "tell", "end"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the work since the last report.

    `block` is the longest that a write took, `wait` the longest that a list took; both without `renewal`, the longest
    that the process took to notice and read the definitions. `last` is what stands in the records since the beginning.
    """

    block: float
    wait: float
    renewal: float
    again: int
    written: int
    read: int
    failed: tuple[str, ...]
    last: Mapping[UUID, str]

    def __str__(self) -> str:
        return (
            f"block {self.block:.2f} s, longest list {self.wait:.2f} s,"
            f" renewal {self.renewal:.2f} s, again {self.again}"
        )


@dataclass(frozen=True, slots=True)
class Colleague:
    """The process at work, as the one beside it sees it."""

    wire: Connection

    def report(self, word: str = TELL) -> Report:
        """What became of the work, once all that met what was done before has ended; what follows counts anew."""
        self.wire.send(word)
        assert self.wire.poll(PATIENCE * 3), "the colleague does not answer"
        report = self.wire.recv()
        assert isinstance(report, Report)
        return report


@contextmanager
def colleague_at_work(url: str, folder: Path, ids: list[UUID]) -> Iterator[Colleague]:
    """The process works inside this block, by the database at this address."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_at_work, args=(there, url, folder, ids), daemon=True)
    process.start()
    try:
        colleague = Colleague(here)
        colleague.report()
        yield colleague
    finally:
        process.terminate()
        process.join()
        here.close()
        there.close()


# --- in the process -----------------------------------------------------------------------------------------


def _at_work(wire: Connection, url: str, folder: Path, ids: list[UUID]) -> None:
    """Both work until the end is asked for."""
    runtime = make_runtime(url, folder, install=False)
    work = _Work(runtime, ids)
    threads = [Thread(target=work.until_it_fails, args=(act,)) for act in (work.write, work.look)]
    for thread in threads:
        thread.start()
    while (word := wire.recv()) == TELL:
        work.go_on()
        wire.send(work.report())
        work.begin()
    work.over.set()
    for thread in threads:
        thread.join(PATIENCE * 2)
    wire.send(work.report())
    assert word == END
    runtime.close()


@dataclass(slots=True)
class _Work:
    """Somebody who writes a record every now and then, and somebody who reads a list."""

    runtime: Runtime
    ids: list[UUID]
    over: Event = field(default_factory=Event)
    last: dict[UUID, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    written: int = 0
    read: int = 0
    again: int = 0
    block: float = 0.0
    wait: float = 0.0
    renewal: float = 0.0

    def begin(self) -> None:
        """What comes now is measured by itself."""
        self.block = self.wait = self.renewal = self.again = 0

    def go_on(self) -> None:
        """All that was on its way has ended, or something has failed."""
        written, read = self.written, self.read
        until(lambda: bool(self.failed) or (self.written > written + 1 and self.read > read + 1))

    def report(self) -> Report:
        times = (self.block, self.wait, self.renewal)
        return Report(*times, self.again, self.written, self.read, tuple(self.failed), dict(self.last))

    def write(self) -> None:
        """A step was written into one record after another, each as soon as it could be."""
        for number, id_ in enumerate(cycle(self.ids)):
            if self.over.wait(EVERY):
                return
            update = Update("opportunity", Target(id_), {"next_step": f"Call {number}"})
            seconds = self._done(lambda now, u=update: now.records.execute(self.runtime.installer, [u]))
            self.last[id_] = f"Call {number}"
            self.written, self.block = self.written + 1, max(self.block, seconds)

    def look(self) -> None:
        """A list was read again and again."""
        query = Query("opportunity", limit=50)
        while not self.over.wait(EVERY):
            seconds = self._done(lambda now: now.queries.list(self.runtime.installer, query))
            self.read, self.wait = self.read + 1, max(self.wait, seconds)

    def until_it_fails(self, act: Callable[[], None]) -> None:
        """The act was done to its end, or its refusal is kept."""
        try:
            act()
        except XrmError as error:
            self.failed.append(repr(error))

    def _done(self, act: Callable[[Snapshot], object]) -> float:
        """How long it took until it was done; what meets a change of definitions is done again, as a page does."""
        waited, begun = 0.0, time.perf_counter()
        while True:
            now = self._current()
            asked = time.perf_counter()
            try:
                act(now)
                return waited + time.perf_counter() - asked
            except Conflict:
                waited += time.perf_counter() - asked
                self.again += 1
                if time.perf_counter() - begun > PATIENCE:
                    raise

    def _current(self) -> Snapshot:
        begun = time.perf_counter()
        now = self.runtime.current()
        self.renewal = max(self.renewal, time.perf_counter() - begun)
        return now
