"""Cursors: the sort key of the last record of a page, tied to the query that gave it out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from xrm.engine.queries.request import Query, unreadable_cursor

Key = tuple[Any, ...]


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


def encode(query: Query, key: Sequence[Any]) -> str:
    """The cursor that continues `query` after the record with this sort key."""
    text = json.dumps([digest(query), [_tagged(v) for v in key]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(query: Query, width: int) -> Key:
    """The sort key in the query's cursor; raises Unreadable when this query did not give it out."""
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        owner, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        key = tuple(_untagged(v) for v in values)
    except (ValueError, TypeError, KeyError, binascii.Error, InvalidOperation, RecursionError):
        raise unreadable_cursor() from None
    if owner != digest(query) or len(key) != width:
        raise unreadable_cursor()
    return key


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
    "u": UUID,
    "x": bytes.fromhex,
}
