"""xrm, killed at a chosen write: `python strike.py` reads orders, one a line, and answers each with a line.

An order is `{"at": N, "environ": {...}, "arguments": [...]}`: the verb runs in a process of its own, which ends itself
with SIGKILL at its N-th write point, or runs to its end where there is none. With `"victim": PID` it ends that process
instead, and goes on. Write points lie before each statement
that writes to the installation's database, and before and after each COMMIT of them. The clock stands and ids are the
same each time, so that two runs which did the same left the same. `python strike.py commit_between` has a fault.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import signal
import sys
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import sqlalchemy as sa

from xrm.cli import main
from xrm.engine.runtime import service
from xrm.engine.storage import apply, connections
from xrm.engine.storage.dialects import Link
from xrm.engine.world import World, fixed_world

WRITES = re.compile(
    r"\s*(?:WITH\b.*?\)\s*)?(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|COPY)\b", re.I | re.S
)
COMMIT = re.compile(r"\s*COMMIT\b", re.I)
LOADED = ("alembic.operations", "xrm.cli.apply", "xrm.cli.pack", "xrm.cli.sources", "xrm.cli.planned")
FAULT = "commit_between"
LATER = datetime(2026, 6, 16, 12, 0, tzinfo=UTC)


class Strikes:
    """Counts write points in memory that outlives the process, and strikes at one of them: this process or another."""

    def __init__(self, url: str, at: int, counted: mmap.mmap, victim: int) -> None:
        self._url, self._at, self._counted = sa.make_url(url), at, counted
        self._passed, self._victim = 0, victim

    def is_watched(self, engine: sa.Engine) -> bool:
        """Whether that is the database of the installation, and no other that is made beside it."""
        return (engine.url.database, engine.url.query) == (self._url.database, self._url.query)

    def point(self) -> None:
        """One more write point is reached; the process may not come back."""
        self._passed += 1
        self._counted[:8] = self._passed.to_bytes(8, "big")
        if self._passed == self._at:
            os.kill(self._victim or os.getpid(), signal.SIGKILL)

    def before(self, words: object) -> None:
        """The statement is about to run."""
        if WRITES.match(str(words)) or COMMIT.match(str(words)):
            self.point()

    def after(self, words: object) -> None:
        """The statement has run."""
        if COMMIT.match(str(words)):
            self.point()


class Watched:
    """A cursor of the driver whose writes are counted."""

    def __init__(self, cursor: Any, strikes: Strikes) -> None:
        self._cursor, self._strikes = cursor, strikes

    def execute(self, words: Any, *more: Any, **options: Any) -> Any:
        """The same as the driver's."""
        self._strikes.before(words)
        done = self._cursor.execute(words, *more, **options)
        self._strikes.after(words)
        return done

    def executemany(self, words: Any, rows: Any) -> Any:
        """The same as the driver's."""
        self._strikes.before(words)
        return self._cursor.executemany(words, rows)

    def copy(self, words: Any) -> Any:
        """The same as the driver's."""
        self._strikes.before(words)
        return self._cursor.copy(words)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def watch(strikes: Strikes) -> None:
    """Every connection that this process opens to the database is watched."""
    open_link = connections.open_link

    def open_watched(engine: sa.Engine, *, writes: bool) -> Link:
        link = open_link(engine, writes=writes)
        if strikes.is_watched(engine):
            link.cursor = Watched(link.cursor, strikes)
            sa.event.listen(
                link.connection, "before_cursor_execute", lambda _c, _k, words, *_: strikes.before(words)
            )
        return link

    connections.open_link = open_watched


def still_world() -> World:
    """The same each time."""
    return fixed_world(LATER, seed=7)


def carry_out(order: dict[str, Any], counted: mmap.mmap) -> None:
    """The verb has run in this process, if it was not struck."""
    os.environ.update(order["environ"])
    watch(Strikes(order["environ"]["XRM_DATABASE_URL"], order["at"], counted, order.get("victim", 0)))
    service.real_world = still_world
    main(order["arguments"])


def in_a_process(order: dict[str, Any]) -> dict[str, Any]:
    """How the process of the order ended, and how many write points it passed."""
    counted = mmap.mmap(-1, 8)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(read)
        try:
            carry_out(order, counted)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    os.close(write)
    with os.fdopen(read) as said:
        told = said.read()
    _, status = os.waitpid(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "points": int.from_bytes(counted[:8], "big"),
        "said": told,
    }


def commit_between() -> None:
    """The fault that the proof must find: each step of a plan is durable as soon as it is taken."""
    run = apply._run

    def run_and_commit(step: Any, target: Any) -> None:
        run(step, target)
        driver = target.get_bind().connection.driver_connection
        driver.execute("COMMIT")
        driver.execute("BEGIN")

    apply._run = run_and_commit


if __name__ == "__main__":
    if FAULT in sys.argv:
        commit_between()
    for name in LOADED:
        import_module(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(in_a_process(json.loads(line))) + "\n")
        sys.stdout.flush()
