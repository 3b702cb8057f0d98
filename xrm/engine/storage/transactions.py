"""The number of a transaction, by which the feed of changes is ordered."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from xrm.engine.storage.types import POSTGRESQL


class TransactionNumber(sa.sql.functions.FunctionElement[int]):
    """The number of the running transaction; on SQLite, where commits stand in a queue, always 0."""

    inherit_cache = True
    name = "transaction_number"


@compiles(TransactionNumber)
def _no_number(element: TransactionNumber, compiler: SQLCompiler, **words: Any) -> str:
    return "0"


@compiles(TransactionNumber, POSTGRESQL)
def _its_number(element: TransactionNumber, compiler: SQLCompiler, **words: Any) -> str:
    return "(pg_current_xact_id()::text::bigint)"
