"""The one reader of JSON bodies: bounded, exact and strict, before anything is made of the content.

Decimals stay `Decimal`, never `float`. Refused are: more bytes or levels than the limits say, a key given
twice, NaN and Infinity, integers beyond 64 bits, NUL and lone surrogates.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from xrm.api.codes import over, unreadable
from xrm.metadata.values import INT64_MAX, INT64_MIN
from xrm.settings import Limits

MOST_DIGITS = 100
MOST_EXPONENT = 400

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\x00")
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)\Z")


def read_json(raw: bytes, limits: Limits) -> Any:
    """The value that `raw` holds; raises Unreadable or TooLarge with the reason."""
    if len(raw) > limits.body_bytes:
        raise over(limits, "body_bytes")
    if is_deeper(raw, limits.json_depth):
        raise over(limits, "json_depth")
    value = _decoded(raw)
    if _SUSPECT.search(raw):
        _refuse_unkept(value)
    return value


def is_deeper(raw: bytes, levels: int) -> bool:
    """Whether brackets nest more than `levels` deep; strings do not count, and broken JSON may say either."""
    if raw.count(b"[") + raw.count(b"{") <= levels:
        return False
    brackets = _STRING.sub(b"", raw).translate(_TO_SQUARE, _NOT_BRACKETS)
    for _ in range(levels):
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError:
        raise unreadable("H101", "The body is not UTF-8.", "Send JSON in UTF-8.") from None
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: line {error.lineno}, column {error.colno}."
        raise unreadable("H101", message, "Check brackets, commas and quotes there.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in made if names.count(name) > 1)
        raise unreadable("H102", f"The key {_shown(twice)} is given twice.", "Give each key once.")
    return made


def _integer(text: str) -> int:
    if len(text) <= MOST_DIGITS and INT64_MIN <= int(text) <= INT64_MAX:
        return int(text)
    raise unreadable("H103", f"The number {_shown(text)} needs more than 64 bits.", "Send it as text.")


def _decimal(text: str) -> Decimal:
    exponent = _EXPONENT.search(text)
    if len(text) > MOST_DIGITS or (exponent and abs(int(exponent[1])) > MOST_EXPONENT):
        raise unreadable("H103", f"The number {_shown(text)} has too many digits.", "Send fewer.")
    return Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise unreadable("H103", f"{name} is not a number in JSON.", "Send a number or null.")


def _refuse_unkept(value: Any) -> None:
    """Walks the value without recursion: its depth is bounded, its size is not small."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            _refuse_unkept_text(item)
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())


def _refuse_unkept_text(text: str) -> None:
    if _UNKEPT.search(text):
        message = "A text holds a NUL character or half of a surrogate pair."
        raise unreadable("H104", message, "Remove it.")


def _shown(text: str) -> str:
    short = text if len(text) <= 40 else f"{text[:40]}…"
    return f'"{_UNKEPT.sub("?", short)}"'
