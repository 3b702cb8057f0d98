"""The typing rules: which types go together, what comes out, and how a written text becomes another value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from xrm.metadata.expressions.tree import Access, Literal, Node
from xrm.metadata.expressions.types import DATE, DATETIME, DECIMAL, DURATION, INTEGER, NUMBERS, Kind, Type
from xrm.metadata.values import EXACT_SCALE, MONEY_SCALE

WORDS = frozenset({Kind.TEXT, Kind.CHOICE})
JOINABLE = WORDS | {Kind.LONG_TEXT}
DATED = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME})
EQUAL = NUMBERS | WORDS | DATED | {Kind.BOOLEAN, Kind.DURATION, Kind.REFERENCE}

_NAMES = {
    Kind.TEXT: "a text",
    Kind.LONG_TEXT: "a long text",
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.MONEY: "an amount of money",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date",
    Kind.DATETIME: "an instant",
    Kind.TIME: "a time of day",
    Kind.DURATION: "a duration",
    Kind.CHOICE: "a choice",
    Kind.OPTIONS: "a set of options",
    Kind.REFERENCE: "a record",
    Kind.MANY: "many records",
    Kind.CALENDAR: "a calendar",
    Kind.OPAQUE: "a value that can only be empty or not",
    Kind.EMPTY: "empty",
}


def named(type_: Type) -> str:
    """The type in words, for messages."""
    if type_.kind in (Kind.REFERENCE, Kind.MANY) and type_.entities:
        return f"{_NAMES[type_.kind]} ({' or '.join(type_.entities)})"
    return _NAMES[type_.kind]


def calculable(node: Node) -> Node:
    """The node, or the part of a money value that stands for it in conditions and calculations."""
    if node.type.kind is not Kind.MONEY or not isinstance(node, Access):
        return node
    part = "amount" if node.type.options else "base"
    return replace(node, type=Type(Kind.DECIMAL, scale=MONEY_SCALE), path=(*node.path, part))


def unified(a: Type, b: Type) -> Type | None:
    """The type that holds values of both, or None."""
    if a.kind is Kind.EMPTY or b.kind is Kind.EMPTY:
        return b if a.kind is Kind.EMPTY else a
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return INTEGER if a.kind is b.kind is Kind.INTEGER else _decimal(max(a.decimals, b.decimals))
    if a.kind in WORDS and b.kind in WORDS and a.kind is not b.kind:
        return Type(Kind.TEXT)
    if a.kind is not b.kind:
        return None
    if a.kind is Kind.CHOICE:
        return a if a == b else Type(Kind.CHOICE)
    if a.kind is Kind.REFERENCE:
        anything = not a.entities or not b.entities
        return replace(a, entities=() if anything else tuple(dict.fromkeys((*a.entities, *b.entities))))
    return a


def comparable(a: Type, b: Type) -> bool:
    """True when `==` between the two types has a meaning."""
    if a.kind not in EQUAL or b.kind not in EQUAL:
        return False
    if a.kind is b.kind is Kind.REFERENCE:
        return not a.entities or not b.entities or bool(set(a.entities) & set(b.entities))
    return unified(a, b) is not None


def computed(operator: str, a: Type, b: Type) -> Type | None:
    """The type of `a operator b`, or None when it has no meaning."""
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return _number(operator, a, b)
    return _TIMES.get((operator, a.kind, b.kind))


def _number(operator: str, a: Type, b: Type) -> Type:
    if operator == "/":
        return DECIMAL
    if a.kind is b.kind is Kind.INTEGER:
        return INTEGER
    if operator == "*":
        return _decimal(min(a.decimals + b.decimals, EXACT_SCALE))
    return _decimal(max(a.decimals, b.decimals))


def _decimal(scale: int) -> Type:
    return Type(Kind.DECIMAL, scale=scale)


_TIMES: dict[tuple[str, Kind, Kind], Type] = {
    ("+", Kind.DATE, Kind.DURATION): DATE,
    ("-", Kind.DATE, Kind.DURATION): DATE,
    ("-", Kind.DATE, Kind.DATE): DURATION,
    ("+", Kind.DATETIME, Kind.DURATION): DATETIME,
    ("-", Kind.DATETIME, Kind.DURATION): DATETIME,
    ("-", Kind.DATETIME, Kind.DATETIME): DURATION,
    ("+", Kind.DURATION, Kind.DURATION): DURATION,
    ("-", Kind.DURATION, Kind.DURATION): DURATION,
    ("*", Kind.DURATION, Kind.INTEGER): DURATION,
    ("*", Kind.DURATION, Kind.DECIMAL): DURATION,
    ("/", Kind.DURATION, Kind.INTEGER): DURATION,
    ("/", Kind.DURATION, Kind.DECIMAL): DURATION,
    ("/", Kind.DURATION, Kind.DURATION): DECIMAL,
}
# Pairs that may be written the other way round.
SWAPPED = {
    ("+", Kind.DURATION, Kind.DATE),
    ("+", Kind.DURATION, Kind.DATETIME),
    ("*", Kind.INTEGER, Kind.DURATION),
    ("*", Kind.DECIMAL, Kind.DURATION),
}


class NoValue(ValueError):
    """A written text is no value of the wanted type; says what one looks like."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def converted(node: Node, wanted: Type) -> Node:
    """A written text as the date, record or option that it means beside such a value; raises NoValue."""
    if not isinstance(node, Literal) or node.value is None:
        return node
    if wanted.kind is Kind.DECIMAL and node.type.kind is Kind.INTEGER:
        return Literal(_decimal(0), Decimal(node.value))
    if node.type.kind is not Kind.TEXT:
        return node
    if wanted.kind is Kind.CHOICE:
        return _option(node, wanted)
    reader = _READERS.get(wanted.kind)
    return Literal(wanted, _read(reader, node.value)) if reader else node


def _option(node: Literal, wanted: Type) -> Literal:
    if wanted.options and node.value not in wanted.options:
        raise NoValue(f'"{node.value}" is none of the options.', _options_hint(wanted.options))
    return Literal(wanted, node.value)


def _options_hint(options: tuple[str, ...]) -> str:
    shown = ", ".join(options[:12])
    return f"The options are {shown}{' and others' if len(options) > 12 else ''}."


def _read(reader: tuple[Any, str], text: str) -> Any:
    read, example = reader
    try:
        return read(text)
    except ValueError:
        raise NoValue(f'"{text}" cannot be read here.', f"Write it as {example}.") from None


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


def _day(text: str) -> date:
    if len(text) != 10:
        raise ValueError(text)
    return date.fromisoformat(text)


def _clock(text: str) -> time:
    found = time.fromisoformat(text)
    if found.tzinfo is not None or found.microsecond or len(text) not in (5, 8):
        raise ValueError(text)
    return found


def _id(text: str) -> UUID:
    if len(text) != 36:
        raise ValueError(text)
    return UUID(text)


_READERS: dict[Kind, tuple[Any, str]] = {
    Kind.DATE: (_day, '"2026-01-31"'),
    Kind.DATETIME: (_instant, '"2026-01-31T15:30:00Z"'),
    Kind.TIME: (_clock, '"15:30"'),
    Kind.REFERENCE: (_id, "the id of a record, or through a field of it, as in account.name"),
}


def fits(found: Type, wanted: Type) -> bool:
    """True when a value of type `found` may stand where `wanted` is needed."""
    if found.kind is Kind.EMPTY or found.kind is wanted.kind:
        return found.kind is not Kind.REFERENCE or comparable(found, wanted)
    allowed = {
        Kind.DECIMAL: NUMBERS,
        Kind.MONEY: NUMBERS,
        Kind.TEXT: JOINABLE,
        Kind.LONG_TEXT: JOINABLE,
        Kind.CHOICE: WORDS,
    }
    return found.kind in allowed.get(wanted.kind, ())
