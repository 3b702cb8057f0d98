"""Rows as the text that COPY of PostgreSQL reads, column by column.

The driver's own writer takes a call for each value and costs three times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import islice, repeat
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from xrm.engine.storage.statements import Same

Write = Callable[[Any], str]
ROWS_AT_ONCE = 256
_NOTHING = "\\N"
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copied(columns: Iterable[Sequence[Any] | Same], count: int) -> Iterator[str]:
    """The rows in portions; values are as the driver takes them."""
    texts = [_same(c, count) if isinstance(c, Same) else _texts(c) for c in columns]
    rows = map("\t".join, zip(*texts, strict=True))
    while portion := list(islice(rows, ROWS_AT_ONCE)):
        yield "\n".join((*portion, ""))


def _same(column: Same, count: int) -> Iterable[str]:
    return repeat(_texts([column.value])[0], count)


def _texts(values: Sequence[Any]) -> Sequence[str]:
    """The text of each value of a column, most of which hold values of one type."""
    kinds = set(map(type, values))
    if len(kinds) == 1:
        [kind] = kinds
        return _escaped(values if kind is str else list(map(_writer(kind), values)), kind)
    writers = {kind: _of_its_own(kind) for kind in kinds}
    return [writers[type(value)](value) for value in values]


def _escaped(texts: Sequence[str], kind: type) -> Sequence[str]:
    """The same texts where none holds a special character, which one look at all of them tells."""
    if kind in _CLEAN:
        return texts
    joined = "".join(texts)
    if any(special in joined for special in "\\\t\n\r"):
        return [text.translate(_SPECIAL) for text in texts]
    return texts


@lru_cache(maxsize=256)
def _of_its_own(kind: type) -> Write:
    write = _writer(kind)
    return write if kind in _CLEAN else lambda value: write(value).translate(_SPECIAL)


@lru_cache(maxsize=256)
def _writer(kind: type) -> Write:
    """What writes values of a type, or of the nearest one that it is derived from."""
    for known in kind.__mro__:
        if known in _WRITERS:
            return _WRITERS[known]
    raise TypeError(f"no column holds a {kind.__name__}")


def _json(value: Jsonb) -> str:
    return orjson.dumps(value.obj).decode()


def _list(values: Sequence[str | None]) -> str:
    return "{" + ",".join("NULL" if value is None else _quoted(value) for value in values) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_WRITERS: dict[type, Write] = {
    str: str,
    int: str,
    bool: str,
    float: repr,
    Decimal: str,
    UUID: str,
    datetime: str,
    date: str,
    time: str,
    bytes: lambda value: "\\x" + value.hex(),
    Jsonb: _json,
    list: _list,
    type(None): lambda value: _NOTHING,
}
# Types whose texts hold nothing that is special, or that is meant to be.
_CLEAN = frozenset({int, bool, float, Decimal, UUID, datetime, date, time, type(None)})
