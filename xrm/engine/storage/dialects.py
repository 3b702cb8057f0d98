"""The facts in which the two databases differ, and how a connection to each is opened."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.types.string import TextLoader
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool

from xrm.engine.storage.functions import install
from xrm.errors import Problem
from xrm.settings import SettingsInvalid

SQLITE, POSTGRESQL = "sqlite", "postgresql"
STATEMENT_CACHE = 256
PAGE_CACHE_KIB = 65536
MAPPED_BYTES = 256 << 20
STEPS_BETWEEN_LOOKS = 100_000
APPLICATION_NAME = "xrm"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the engine may rely on. `name` is also SQLAlchemy's word for it."""

    name: str
    begin_write: str
    open_write: Callable[[Link, str], tuple[Any, ...] | None]
    begin_read: str
    has_own_writer_queue: bool
    bulk_rows: int
    inserts_together: bool

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return self.name == SQLITE


_IMMEDIATELY = "BEGIN IMMEDIATE"  # a read snapshot cannot be upgraded under concurrency


def _open_step_by_step(link: Link, opening: str) -> tuple[Any, ...] | None:
    link.cursor.execute(_IMMEDIATELY)
    row: tuple[Any, ...] | None = link.cursor.execute(opening).fetchone()
    return row


def _open_at_once(link: Link, opening: str) -> tuple[Any, ...] | None:
    """One round trip; each of the statements sees what was committed before it began."""
    return ask_at_once(link, f"BEGIN; {opening}")


def ask_at_once(link: Link, words: str) -> tuple[Any, ...] | None:
    """The first row of the last of several statements, which PostgreSQL is told in one round trip."""
    link.cursor.execute(words, prepare=False)
    while link.cursor.nextset():
        pass
    row: tuple[Any, ...] | None = link.cursor.fetchone()
    return row


SQLITE_FACTS = Dialect(
    SQLITE,
    begin_write=_IMMEDIATELY,
    open_write=_open_step_by_step,
    begin_read="BEGIN",
    has_own_writer_queue=False,
    bulk_rows=1 << 62,
    inserts_together=False,
)
POSTGRESQL_FACTS = Dialect(
    POSTGRESQL,
    begin_write="BEGIN",
    open_write=_open_at_once,
    begin_read="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    has_own_writer_queue=True,
    bulk_rows=20,
    inserts_together=True,
)


@dataclass(frozen=True, slots=True)
class Options:
    """How connections behave. `synchronous` is SQLite's: FULL keeps every acknowledged write.

    Without `references` SQLite does not look whether what rows point at is there; whoever writes looks at the end.
    """

    synchronous: str = "FULL"
    references: bool = True
    busy_seconds: float = 30.0
    statement_seconds: float = 30.0


@dataclass(slots=True)
class Link:
    """One open connection: the driver's own and SQLAlchemy's around it. One thread uses it at a time.

    `age` is how often tables had become others when it was opened.
    """

    connection: sa.Connection
    driver: Any
    cursor: Any
    used_at: float = 0.0
    deadline: float = inf
    age: int = 0

    def close(self) -> None:
        """Nobody can use it any more."""
        self.cursor.close()
        self.connection.close()

    @property
    def is_broken(self) -> bool:
        """Whether the driver has given the connection up."""
        return bool(getattr(self.driver, "closed", False))


def facts_of(url: str) -> Dialect:
    """The facts of the database that the address names."""
    return SQLITE_FACTS if sa.make_url(url).get_backend_name() == SQLITE else POSTGRESQL_FACTS


def make_engine(url: str, options: Options) -> Engine:
    """An engine without a pool of its own, which leaves transactions to us."""
    address = sa.make_url(url)
    connect = (
        _sqlite_opener(address, options) if _is_sqlite(address) else _postgresql_opener(address, options)
    )
    style = {} if _is_sqlite(address) else {"paramstyle": "format"}
    return sa.create_engine(
        address,
        creator=connect,
        poolclass=NullPool,
        pool_reset_on_return=None,  # a connection is closed, and its server may be gone: that is told once
        isolation_level="AUTOCOMMIT",
        **style,
    )


def open_link(engine: Engine, *, writes: bool) -> Link:
    """A connection is open and ready; on SQLite one for reading cannot write."""
    connection = engine.connect()
    driver = connection.connection.driver_connection
    link = Link(connection, driver, driver.cursor() if driver is not None else None)
    if isinstance(driver, sqlite3.Connection):
        _watch_time(driver, link)
        if not writes:
            driver.execute("PRAGMA query_only = ON")
    return link


def _is_sqlite(address: URL) -> bool:
    return address.get_backend_name() == SQLITE


def _sqlite_opener(address: URL, options: Options) -> Callable[[], sqlite3.Connection]:
    path = _sqlite_path(address)

    def connect() -> sqlite3.Connection:
        driver = sqlite3.connect(
            path,
            timeout=options.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENT_CACHE,
        )
        for pragma in _pragmas(options):
            driver.execute(f"PRAGMA {pragma}")
        install(driver)
        return driver

    return connect


def _sqlite_path(address: URL) -> Path:
    if not address.database or address.database == ":memory:":
        hint = "Give a path: sqlite:///folder/xrm.db. Every connection to memory would see its own database."
        raise SettingsInvalid(Problem("C106", "SQLite needs a file.", hint))
    path = Path(address.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _pragmas(options: Options) -> tuple[str, ...]:
    return (
        "journal_mode = WAL",
        f"synchronous = {options.synchronous}",
        f"foreign_keys = {'ON' if options.references else 'OFF'}",
        "trusted_schema = OFF",
        f"cache_size = -{PAGE_CACHE_KIB}",
        f"mmap_size = {MAPPED_BYTES}",
        "temp_store = MEMORY",
    )


def _watch_time(driver: sqlite3.Connection, link: Link) -> None:
    """A statement that runs past the link's deadline is interrupted."""
    driver.set_progress_handler(lambda: time.monotonic() > link.deadline, STEPS_BETWEEN_LOOKS)


def _postgresql_opener(address: URL, options: Options) -> Callable[[], psycopg.Connection[Any]]:
    place = address.set(drivername="postgresql").render_as_string(hide_password=False)
    milliseconds = int(options.statement_seconds * 1000)
    session = (
        f"-c timezone=UTC -c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout=300000"
    )

    def connect() -> psycopg.Connection[Any]:
        driver = psycopg.connect(
            place,
            autocommit=True,
            prepare_threshold=1,
            options=session,
            application_name=APPLICATION_NAME,
            connect_timeout=10,
        )
        driver.prepared_max = STATEMENT_CACHE
        driver.adapters.register_loader("uuid", TextLoader)  # most ids are read to be written out again
        set_json_dumps(orjson.dumps, driver)
        set_json_loads(orjson.loads, driver)
        return driver

    return connect
