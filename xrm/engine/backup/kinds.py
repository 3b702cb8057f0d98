"""Canonical values: each kind of column has one JSON form, the same from both databases.

Decimals, instants, ids and bytes are texts of one fixed form; JSON has sorted keys and whole numbers without a
point. So equal data gives equal bytes, whichever database it lay in.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from xrm.engine.storage.types import (
    POSTGRESQL,
    Boolean,
    Bytes,
    Converter,
    Date,
    Duration,
    Instant,
    Integer,
    Json,
    ScaledDecimal,
    StoredType,
    Text,
    Time,
    Uuid,
    instant_text,
)
from xrm.metadata.values import INT64_MAX

_DECIMAL = re.compile(r"decimal\((\d{1,4}),(\d{1,4})\)\Z")
_LIVE_DECIMAL = re.compile(r"(?:scaled_int_(\d+)_(\d+)|numeric\((\d+),(\d+)\))\Z")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a column holds. `parse` gives the Python scalar of a canonical value, or raises ValueError."""

    name: str
    type: StoredType
    parse: Callable[[Any], Any]

    def canonical(self, dialect: str) -> Converter | None:
        """What makes the canonical value of the driver's; None where it is the same."""
        if isinstance(self.type, ScaledDecimal):
            return _decimal_text if dialect == POSTGRESQL else _scaled_text(self.type.scale)
        return (_FROM_POSTGRESQL if dialect == POSTGRESQL else _FROM_SQLITE).get(self.name)


def kind_named(name: str) -> Kind:
    """The kind of that name; raises ValueError for one that is not known."""
    found = _DECIMAL.match(name)
    if found:
        precision, scale = map(int, found.groups())
        return Kind(name, ScaledDecimal(precision, scale), _decimal_of(scale))
    if name not in _PARSERS:
        raise ValueError(f"is of no kind that this program knows: {name[:40]!r}")
    return Kind(name, _TYPES[name](), _PARSERS[name])


def kind_of_column(column: sa.Column[Any]) -> str:
    """The name of the kind of a column that our tables define."""
    type_ = column.type
    if isinstance(type_, ScaledDecimal):
        return f"decimal({type_.precision},{type_.scale})"
    if isinstance(type_, sa.BigInteger):
        return "integer"
    return next(name for name, kind in _TYPES.items() if isinstance(type_, kind))


def kind_of_live(text: str) -> str | None:
    """The name of the kind that the database's word for a column's type means; None for none of ours."""
    found = _LIVE_DECIMAL.match(text)
    if found:
        precision, scale = (part for part in found.groups() if part is not None)
        return f"decimal({precision},{scale})"
    return _LIVE.get(text)


_TYPES: Mapping[str, type[StoredType]] = {
    "text": Text,
    "integer": Integer,
    "boolean": Boolean,
    "date": Date,
    "instant": Instant,
    "time": Time,
    "duration": Duration,
    "json": Json,
    "uuid": Uuid,
    "bytes": Bytes,
}
_LIVE = {
    "text": "text",
    "bigint": "integer",
    "integer": "integer",
    "boolean_int": "boolean",
    "boolean": "boolean",
    "date_text": "date",
    "date": "date",
    "instant_text": "instant",
    "timestamp with time zone": "instant",
    "time_text": "time",
    "time without time zone": "time",
    "duration_int": "duration",
    "json_text": "json",
    "jsonb": "json",
    "uuid_blob": "uuid",
    "uuid": "uuid",
    "blob": "bytes",
    "bytea": "bytes",
}


# --- from the drivers -------------------------------------------------------------------------------


def _scaled_text(scale: int) -> Converter:
    return lambda value: format(Decimal(value).scaleb(-scale), "f")


def _decimal_text(value: Decimal) -> str:
    return format(value, "f")


def _uuid_text(value: bytes) -> str:
    return str(UUID(bytes=value))


def _bytes_text(value: bytes) -> str:
    return b64encode(value).decode()


def _json_of_text(value: str) -> Any:
    return plain_json(orjson.loads(value))


def plain_json(value: Any) -> Any:
    """The value with whole numbers written as such: jsonb does not tell 1e16 from 10000000000000000."""
    if isinstance(value, dict):
        return {key: plain_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_json(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= INT64_MAX:
        return int(value)
    return value


_FROM_SQLITE: Mapping[str, Converter] = {
    "boolean": bool,
    "json": _json_of_text,
    "uuid": _uuid_text,
    "bytes": _bytes_text,
}
_FROM_POSTGRESQL: Mapping[str, Converter] = {
    "date": date.isoformat,
    "instant": instant_text,
    "time": lambda value: value.isoformat(timespec="seconds"),
    "json": plain_json,
    "bytes": _bytes_text,
}


# --- from the archive -------------------------------------------------------------------------------


def _a(kind: type) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"is no {kind.__name__}")
        return value

    return parse


def _text(value: Any) -> str:
    if type(value) is not str or "\0" in value:
        raise ValueError("is no text")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or not -INT64_MAX - 1 <= value <= INT64_MAX:
        raise ValueError("is no whole number of 64 bits")
    return value


def _same(read: Callable[[str], Any], write: Callable[[Any], str], what: str) -> Callable[[Any], Any]:
    """A parser that takes the canonical text of a value only."""

    def parse(value: Any) -> Any:
        found = read(_text(value))
        if write(found) != value:
            raise ValueError(f"is no {what} in canonical form")
        return found

    return parse


def _decimal_of(scale: int) -> Callable[[Any], Decimal]:
    pattern = re.compile(rf"-?\d{{1,40}}\.\d{{{scale}}}\Z" if scale else r"-?\d{1,40}\Z")

    def parse(value: Any) -> Decimal:
        if not pattern.match(_text(value)):
            raise ValueError(f"is no decimal with {scale} places")
        return Decimal(value)

    return parse


def _bytes_of(value: Any) -> bytes:
    return b64decode(_text(value), validate=True)


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "integer": _integer,
    "boolean": _a(bool),
    "date": _same(date.fromisoformat, date.isoformat, "day"),
    "instant": _same(datetime.fromisoformat, instant_text, "instant"),
    "time": _same(time.fromisoformat, lambda value: value.isoformat(timespec="seconds"), "time"),
    "duration": lambda value: timedelta(seconds=_integer(value)),
    "json": lambda value: value,
    "uuid": _same(UUID, str, "id"),
    "bytes": _bytes_of,
}
