"""What one process at a time does to a database, in more than one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.folders import alone_if_free, alone_in
from xrm.engine.storage.patience import MIGRATION_SECONDS


class Work(Enum):
    """What is done alone: the name of a file beside SQLite's, and the key of PostgreSQL's advisory lock."""

    RESTORE = ("lock", 0x78726E)
    COPY = ("copying", 0x78726F)


@contextmanager
def alone(database: Database, work: Work) -> Iterator[UnitOfWork | None]:
    """Nobody else does the same to the database meanwhile; whoever dies does it no more.

    On PostgreSQL gives the session that holds off the others, whose statements are transactions of their own. What it
    has begun to say is finished by the server even when we die, and so long nobody else begins.
    """
    name, key = work.value
    if database.dialect.is_sqlite:
        folder = Path(database.engine.url.database or "").parent
        folder.mkdir(parents=True, exist_ok=True)
        with alone_in(folder, name):
            yield None
        return
    with database.read(snapshot=False) as unit:
        unit.script(f"SET statement_timeout = {int(MIGRATION_SECONDS * 1000)}")
        unit.script(f"SELECT pg_advisory_lock({key})")
        try:
            yield unit
        finally:
            unit.script(f"SELECT pg_advisory_unlock({key})")
            unit.script("RESET statement_timeout")


@contextmanager
def if_free(database: Database, work: Work) -> Iterator[bool]:
    """The same, or false where somebody does it already; nobody waits."""
    name, key = work.value
    if database.dialect.is_sqlite:
        with alone_if_free(Path(database.engine.url.database or "").parent, name) as is_free:
            yield is_free
        return
    with database.read(snapshot=False) as unit:
        is_free = bool(unit.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar())
        try:
            yield is_free
        finally:
            if is_free:
                unit.script(f"SELECT pg_advisory_unlock({key})")
