"""Which rows were written since they were looked at, as their versions tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import any_of
from xrm.engine.storage.types import Integer, Uuid

Versions = dict[Any, Any]  # by the id of a row as the driver gives it, what is other once it was written


def versions_of(unit: UnitOfWork, table: str, ids: Sequence[UUID] = ()) -> Versions:
    """The version of each row, or of these.

    Whoever writes holds all others off, so that those of all rows are read once for all that asks.
    """
    rows = sa.table(table, sa.column("id", Uuid()), sa.column("version", Integer()))
    if ids:
        chosen = sa.select(rows).where(any_of(rows.c.id, "ids"))
        return dict(unit.run(unit.database.prepare(chosen), {"ids": ids}))
    key = _key(table)
    if key not in unit.remembered or not unit.is_writing:
        unit.remembered[key] = dict(unit.run(unit.database.prepare(sa.select(rows))))
    found: Versions = unit.remembered[key]
    return found


def read_versions_again(unit: UnitOfWork, table: str) -> None:
    """What is asked for from now on tells what this transaction itself has written, too."""
    unit.remembered.pop(_key(table), None)


def others(now: Mapping[Any, Any], known: Mapping[Any, Any]) -> Iterator[Any]:
    """The ids of what is there now and was not known, or not so."""
    return (key for key, mark in now.items() if known.get(key) != mark)


def _key(table: str) -> str:
    return f"versions of {table}"
