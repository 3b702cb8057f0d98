"""What statements were compiled to, kept for all databases of a test process.

An installation compiles each of its statements once, at first use. A process of tests opens thousands of installations
with the same tables, and would compile the same statements for each of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

from xrm.engine.storage import database
from xrm.engine.storage.dialects import Options, make_engine
from xrm.engine.storage.statements import Prepared, prepare

REMEMBERED = 3000
_PLAIN = (type(None), bool, int, float, str, bytes, Decimal, date, datetime, time, UUID)


class CompiledStatements:
    """`prepare`, which gives what it gave before for the same tables, words and constants."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, Prepared] = OrderedDict()

    def prepare(
        self,
        statement: sa.Executable,
        dialect: Dialect,
        columns: Sequence[str] | None = None,
        literals: Sequence[sa.BindParameter[Any]] = (),
    ) -> Prepared:
        """The statement in the driver's words, compiled now or before."""
        said = _said(statement, literals)
        if said is None:
            return prepare(statement, dialect, columns, literals)
        key = (dialect.name, None if columns is None else tuple(columns), said)
        found = self._kept.pop(key, None)
        self._kept[key] = found = found or prepare(statement, dialect, columns, literals)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return found


def _said(statement: Any, literals: Sequence[sa.BindParameter[Any]]) -> object | None:
    """Equal for statements that are compiled to the same; None for one of which that is not known."""
    made = statement._generate_cache_key()
    if made is None:
        return None
    lifted = {id(bind): place for place, bind in enumerate(literals)}
    binds = [_bound(bind, lifted.pop(id(bind), None)) for bind in made.bindparams]
    return None if lifted or None in binds else (made.key, tuple(binds))


def _bound(bind: sa.BindParameter[Any], lifted: int | None) -> object | None:
    if lifted is not None:
        return ("lifted", lifted, bind.expanding)
    value = bind.value
    many = isinstance(value, list | tuple)
    if bind.callable is not None or not all(type(item) in _PLAIN for item in (value if many else [value])):
        return None
    return (bind.required, bind.expanding, type(value).__name__, repr(value))


class OneDialect:
    """`make_engine`, whose engines of one kind of database share what SQLAlchemy compiles for itself."""

    def __init__(self) -> None:
        self._first: dict[str, sa.Engine] = {}

    def make_engine(self, url: str, options: Options) -> sa.Engine:
        """An engine with the dialect of the first one that was connected, by which compiled statements are known."""
        engine = make_engine(url, options)
        first = self._first.get(engine.name)
        if first is None:
            sa.event.listen(engine.pool, "first_connect", lambda *_: self._remember(engine))
            return engine
        engine.dialect = engine.pool._dialect = first.dialect
        engine._compiled_cache = first._compiled_cache
        return engine

    def _remember(self, engine: sa.Engine) -> None:
        engine._compiled_cache = LRUCache(REMEMBERED)
        self._first.setdefault(engine.name, engine)


def share() -> None:
    """From now on all databases of this process share what their statements were compiled to."""
    database.prepare = CompiledStatements().prepare
    database.make_engine = OneDialect().make_engine
