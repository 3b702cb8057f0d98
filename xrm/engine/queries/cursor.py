"""Cursors: the sort key of the last record of a page, tied to the query that gave it out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from xrm.engine.queries.request import Query, unreadable_cursor
from xrm.metadata.values import INT64_MAX, INT64_MIN, MAX_DIGITS

Key = tuple[Any, ...]
_LATELY = timedelta(days=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def digest(query: Query) -> str:
    """A short text that is equal for queries whose pages belong to one sequence."""
    parts = (
        query.entity,
        query.filters,
        query.tests,
        query.search,
        query.sort,
        query.trash,
        query.ids,
        query.within,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def encode(query: Query, key: Sequence[Any], begun: datetime | None = None) -> str:
    """The cursor that continues `query` after the record with this sort key, which was `begun` then."""
    told = [digest(query), [_tagged(v) for v in key], *([] if begun is None else [begun.isoformat()])]
    text = json.dumps(told, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(query: Query, kinds: Sequence[type]) -> Key:
    """The sort key in the query's cursor; raises Unreadable when this query cannot have given it out.

    A cursor comes from outside: each value is of the kind of its sort column, and one that a column can hold.
    """
    try:
        owner, values, *_ = _told(query)
        key = tuple(_untagged(v) for v in values)
    except (
        ValueError,
        TypeError,
        KeyError,
        binascii.Error,
        InvalidOperation,
        RecursionError,
        ArithmeticError,
    ):
        raise unreadable_cursor() from None
    if owner != digest(query) or len(key) != len(kinds) or not all(map(_fits, key, kinds)):
        raise unreadable_cursor()
    return key


def _told(query: Query) -> Any:
    padded = query.cursor + "=" * (-len(query.cursor) % 4)
    return json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))


def begun(query: Query, now: datetime) -> datetime:
    """When the first page was asked for, as the cursor says it if that is lately; else now.

    A cursor comes from outside: its moment decides about the order alone, never about what may be read.
    """
    if not query.cursor:
        return now
    try:
        _, _, said = _told(query)
        at = _instant(said)
    except (ValueError, TypeError, RecursionError, ArithmeticError):
        return now
    return at if now - _LATELY <= at <= now else now


def _fits(value: Any, kind: type) -> bool:
    """Whether a column of this kind may hold the value."""
    if value is None or kind is object:
        return True
    if isinstance(value, int):
        return type(value) is kind and INT64_MIN <= value <= INT64_MAX
    if isinstance(value, Decimal):
        return kind is Decimal and value.is_finite() and -MAX_DIGITS <= value.adjusted() <= MAX_DIGITS
    if isinstance(value, str):
        return kind is str and not _UNSTORABLE.search(value)
    return type(value) is kind


def _tagged(value: Any) -> Any:
    if value is None:
        return None
    tag, write = next((t, w) for kind, t, w in _WRITERS if isinstance(value, kind))
    return [tag, write(value)]


def _untagged(value: Any) -> Any:
    if value is None:
        return None
    tag, text = value
    return _READERS[tag](text)


def _seconds(value: timedelta) -> str:
    return str(value // timedelta(seconds=1))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_WRITERS: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (bool, "b", bool),
    (int, "i", str),
    (str, "s", str),
    (Decimal, "n", str),
    (datetime, "t", datetime.isoformat),
    (date, "d", date.isoformat),
    (time, "h", time.isoformat),
    (timedelta, "l", _seconds),
    (UUID, "u", str),
    (bytes, "x", bytes.hex),
)
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "b": bool,
    "i": int,
    "s": str,
    "n": Decimal,
    "t": _instant,
    "d": date.fromisoformat,
    "h": time.fromisoformat,
    "l": lambda text: timedelta(seconds=int(text)),
    "u": UUID,
    "x": bytes.fromhex,
}
