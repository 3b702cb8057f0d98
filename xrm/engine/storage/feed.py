"""The order of the change log, in which no reader ever misses a change that commits late.

Positions are given when a row is written, and a transaction may commit long after a later one. So readers on
PostgreSQL see rows of transactions only that are older than every running one, and read in the order of
(transaction, position): whatever appears later stands after what they have seen. SQLite has one writer, for
whom position alone is that order, and the transaction is always 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from xrm.engine.storage.ledger import CHANGE
from xrm.engine.storage.types import POSTGRESQL
from xrm.metadata.values import INT64_MAX


class OldestRunning(sa.sql.functions.FunctionElement[int]):
    """The number of the oldest transaction that may still write; on SQLite above every number."""

    type = sa.BigInteger()
    inherit_cache = True
    name = "oldest_running"


@compiles(OldestRunning)
def _none_can_be_late(element: OldestRunning, compiler: SQLCompiler, **words: Any) -> str:
    return "1"


@compiles(OldestRunning, POSTGRESQL)
def _as_snapshot_says(element: OldestRunning, compiler: SQLCompiler, **words: Any) -> str:
    return "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"


class _HasKey(sa.sql.functions.FunctionElement[bool]):
    """True where the JSON object has a value under the key."""

    type = sa.Boolean()
    inherit_cache = True
    name = "has_key"


@compiles(_HasKey)
def _in_text(element: _HasKey, compiler: SQLCompiler, **words: Any) -> str:
    values, key = (compiler.process(clause, **words) for clause in element.clauses)
    return f"(json_type({values}, '$.\"' || {key} || '\"') IS NOT NULL)"


@compiles(_HasKey, POSTGRESQL)
def _in_binary(element: _HasKey, compiler: SQLCompiler, **words: Any) -> str:
    values, key = (compiler.process(clause, **words) for clause in element.clauses)
    return f"jsonb_exists({values}, {key})"


def has_key(values: sa.ColumnElement[Any], key: str) -> sa.ColumnElement[bool]:
    """True where the values of a change hold the one whose key, a plain name or number, is bound to `key`."""
    return _HasKey(values, sa.bindparam(key, type_=sa.Text()))


@dataclass(frozen=True, slots=True, order=True)
class FeedPosition:
    """How far a reader has come in the change log."""

    transaction: int = 0
    position: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}.{self.position}"

    @staticmethod
    def parse(text: str) -> FeedPosition:
        """The position that was written as text; raises ValueError for anything else."""
        transaction, dot, position = text.partition(".")
        if not (dot and transaction.isdecimal() and position.isdecimal() and len(text) <= 40):
            raise ValueError("not a position of the change feed")
        found = FeedPosition(int(transaction), int(position))
        if max(found.transaction, found.position) > INT64_MAX:
            raise ValueError("no log is as long as this")
        return found


def settled() -> sa.ColumnElement[bool]:
    """True for the changes that no late commit can come before any more."""
    return CHANGE.c.transaction < OldestRunning()


def after(transaction: str = "transaction", position: str = "position") -> sa.ColumnElement[bool]:
    """True for the changes after the position whose two numbers are bound to these names."""
    here = sa.tuple_(CHANGE.c.transaction, CHANGE.c.position)
    return here > sa.tuple_(
        sa.bindparam(transaction, type_=sa.BigInteger()), sa.bindparam(position, type_=sa.BigInteger())
    )


def in_order() -> tuple[sa.ColumnElement[Any], ...]:
    """The order in which changes are read."""
    return CHANGE.c.transaction.asc(), CHANGE.c.position.asc()
