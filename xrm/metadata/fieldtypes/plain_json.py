"""Bounded JSON documents in one canonical form, equal on both databases."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Storage
from xrm.metadata.fieldtypes.columns import alone, as_is, column, only, typed
from xrm.metadata.fieldtypes.problems import bad, wrong_type
from xrm.metadata.values import INT64_MAX, INT64_MIN

MOST_LEVELS = 16
MOST_BYTES = 65_536
_EXAMPLE = '{"source": "fair"}'


def _parse(raw: Any, params: Params) -> Any:
    """An object or list in canonical form; text is read as JSON, for forms and files have only text."""
    document = _read(raw) if isinstance(raw, str) else raw
    if not isinstance(document, Mapping | list | tuple):
        raise wrong_type(document, "a JSON object or list", _EXAMPLE)
    value = _Canonical(int(params.get("max_bytes", MOST_BYTES))).of(document, 1)
    return value if value != [] else None


def _read(text: str) -> Any:
    if len(text) > MOST_BYTES:
        raise _too_large(MOST_BYTES)
    if _deepest(text) > MOST_LEVELS:
        raise _too_deep()
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_object)
    except ValueError as fault:
        raise bad("R129", f"Must be JSON, for example {_EXAMPLE}.", f"{fault}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise bad("R129", "Must be JSON without a key that stands twice in one object.", "Take one away.")
    return found


def _deepest(text: str) -> int:
    """At least the nesting of the text; brackets inside strings count, which only errs on the safe side."""
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


class _Canonical:
    """Walks a document once and counts its bytes; the walk ends at the first thing that cannot be stored."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def of(self, value: Any, level: int) -> Any:
        """The canonical form of `value`."""
        if level > MOST_LEVELS + 1:
            raise _too_deep()
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return self._mapping(value, level)
        if isinstance(value, list | tuple):
            self._count(2 + len(value))
            return [self.of(item, level + 1) for item in value]
        self._count(5)
        return value if value is None or isinstance(value, bool) else _number(value)

    def _mapping(self, value: Mapping[Any, Any], level: int) -> dict[str, Any]:
        """PostgreSQL orders keys by length, then bytes; the same order is kept everywhere."""
        self._count(2 + 2 * len(value))
        keys = sorted((self._key(key) for key in value), key=lambda k: (len(k.encode()), k.encode()))
        return {key: self.of(value[key], level + 1) for key in keys}

    def _key(self, key: Any) -> str:
        if not isinstance(key, str):
            raise wrong_type(key, "an object with text keys", _EXAMPLE)
        return self._text(key)

    def _text(self, text: str) -> str:
        try:
            self._count(2 + len(text.encode()))
        except UnicodeEncodeError:
            raise _unstorable() from None
        if "\x00" in text:
            raise _unstorable()
        return text

    def _count(self, size: int) -> None:
        self.used += size
        if self.used > self.limit:
            raise _too_large(self.limit)


def _number(value: Any) -> int | float:
    """An integer of 64 bits, or a float that says exactly what was given; whole numbers are integers."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 400:
        return _of_decimal(value)
    if isinstance(value, float) and math.isfinite(value):
        return _of_decimal(Decimal(repr(value)))
    if isinstance(value, int) and INT64_MIN <= value <= INT64_MAX:
        return value
    raise _no_number()


def _of_decimal(value: Decimal) -> int | float:
    if value.adjusted() < 20 and value == value.to_integral_value():
        return _number(int(value))
    if value.adjusted() >= 20 or Decimal(repr(float(value))) != value:
        raise _no_number()
    return float(value)


def _no_number() -> BadValue:
    return bad("R116", "Must hold numbers of at most 15 digits.", "Put longer ones in quotes.")


def _unstorable() -> BadValue:
    return bad("R114", "Must hold text without NUL and without halves of characters.", "Type the text again.")


def _too_deep() -> BadValue:
    return bad("R129", f"Must be nested at most {MOST_LEVELS} deep.", "Lists of records are related records.")


def _too_large(limit: int) -> BadValue:
    return bad("R129", f"Must have at most {limit} bytes.", "Keep large data in a file.")


def _schema(params: Params) -> Mapping[str, Any]:
    return {"type": ["object", "array"], "examples": [{"source": "fair"}]}


JSON = FieldType(
    name="json",
    summary="A small JSON object or list that the engine keeps and does not look into.",
    example="settings: {type: json, max_bytes: 4096}",
    control=Control.JSON,
    params={
        "max_bytes": {
            "type": "integer",
            "minimum": 2,
            "maximum": MOST_BYTES,
            "default": MOST_BYTES,
            "description": "The greatest size of the document.",
        }
    },
    parts=column(Storage.JSON),
    parse=_parse,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(Type(Kind.OPAQUE)),
    json_schema=_schema,
    is_sortable=False,
    can_be_unique=False,
)
