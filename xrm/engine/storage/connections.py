"""Connections of one process to its database: idle ones are used again, and one thread at a time writes to SQLite."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf

from sqlalchemy import Engine

from xrm.engine.storage.dialects import Dialect, Link, Options, open_link
from xrm.engine.storage.faults import DRIVER_ERRORS, translate
from xrm.errors import Problem, Unavailable

IDLE_SECONDS = 30.0


class Connections:
    """The open connections that nobody uses now, those that may write apart, and whose turn it is to write."""

    def __init__(self, engine: Engine, dialect: Dialect, options: Options) -> None:
        self._engine, self._dialect, self._options = engine, dialect, options
        self._idle: dict[bool, deque[Link]] = {True: deque(), False: deque()}
        self._writer = threading.Lock()
        self._writing_thread = 0
        self._age = 0

    def renew(self) -> None:
        """Connections of now are not used again: PostgreSQL refuses on them what was prepared for other columns."""
        if self._dialect.has_own_writer_queue:
            self._age += 1
            self.close()

    def close(self) -> None:
        """Every idle connection is closed."""
        for links in self._idle.values():
            while links:
                links.pop().close()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """SQLite has one writer; threads of this process queue here and never find the file locked."""
        if self._dialect.has_own_writer_queue:
            yield
            return
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("A unit of work that writes was opened inside another one of the same thread.")
        if not self._writer.acquire(timeout=self._options.busy_seconds):
            hint = "Try again."
            raise Unavailable(
                Problem("R163", "The database was busy for too long.", hint),
                facts={"status": 503, "retry_after": 2, "retry": True},
            )
        self._writing_thread = threading.get_ident()
        try:
            yield
        finally:
            self._writing_thread = 0
            self._writer.release()

    @contextmanager
    def link(self, *, writes: bool) -> Iterator[Link]:
        """A connection that nobody else has; what is not known to be sound is closed afterwards."""
        link = self._take(writes=writes)
        healthy = False
        try:
            yield link
            healthy = True
        except Exception:
            healthy = not link.is_broken
            if not healthy:
                self.close()  # whatever ended this connection has ended the idle ones too
            raise
        finally:
            self._give_back(link, healthy, writes=writes)

    def _take(self, *, writes: bool) -> Link:
        kind = writes or self._dialect.has_own_writer_queue
        with suppress(IndexError):
            while True:
                link = self._idle[kind].pop()
                if not link.is_broken and (time.monotonic() - link.used_at < IDLE_SECONDS or _answers(link)):
                    return link
                _put_away(link)
        try:
            link = open_link(self._engine, writes=writes)
            link.age = self._age
            return link
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    def _give_back(self, link: Link, healthy: bool, *, writes: bool) -> None:
        if not healthy or link.age != self._age or not _is_settled(link):
            _put_away(link)
            return
        link.used_at, link.deadline = time.monotonic(), inf
        self._idle[writes or self._dialect.has_own_writer_queue].append(link)


def _put_away(link: Link) -> None:
    """The connection is closed; a server that is gone cannot be told so, which is no news for whoever used it."""
    try:
        link.close()
    except DRIVER_ERRORS:
        link.driver.close()


def _is_settled(link: Link) -> bool:
    """SQLAlchemy's own notion of a transaction has ended as the driver's has; not so where the server is gone."""
    if link.connection.in_transaction():
        try:
            link.connection.rollback()
        except DRIVER_ERRORS:
            return False
    return True


def _answers(link: Link) -> bool:
    try:
        link.cursor.execute("SELECT 1")
        link.cursor.fetchall()
    except DRIVER_ERRORS:
        return False
    return True
