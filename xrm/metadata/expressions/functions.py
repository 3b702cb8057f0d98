"""The function table: every function of the language, its types, what it means in Python, and its example.

SQL has its own table under the same names; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from xrm.metadata.expressions import exact
from xrm.metadata.expressions.tree import Literal, Node
from xrm.metadata.expressions.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    NUMBERS,
    ORDERED,
    TEXT,
    Kind,
    Type,
)
from xrm.metadata.values import EXACT_SCALE, fold

Kinds = frozenset[Kind]

WORDS: Final[Kinds] = frozenset({Kind.TEXT})
DAYS: Final[Kinds] = frozenset({Kind.DATE})
WHOLE: Final[Kinds] = frozenset({Kind.INTEGER})
INSTANTS: Final[Kinds] = frozenset({Kind.DATETIME})
PRINTABLE: Final[Kinds] = NUMBERS | {Kind.DATE, Kind.CHOICE, Kind.TEXT}
PLAIN: Final[Kinds] = ORDERED | {Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN, Kind.REFERENCE}


@dataclass(frozen=True, slots=True)
class Argument:
    """What one argument may be; `alike` ones must share a type; a `written` one is a number in the text."""

    name: str
    kinds: Kinds
    alike: bool = False
    written: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language.

    `optional` counts the arguments at the end that may be left out, and `repeats` says that the last may come
    again. A `strict` function is empty with an empty argument and is never given one; `zoned` ones get the
    name of the time zone first.
    """

    name: str
    summary: str
    example: str
    arguments: tuple[Argument, ...]
    result: Callable[[Sequence[Node]], Type]
    evaluate: Callable[..., Any]
    optional: int = 0
    repeats: bool = False
    strict: bool = True
    zoned: bool = False

    @property
    def fewest(self) -> int:
        """The least number of arguments."""
        return len(self.arguments) - self.optional

    @property
    def signature(self) -> str:
        """How it is called, and what it gives."""
        names = [a.name for a in self.arguments]
        words = [f"[{n}]" if i >= self.fewest else n for i, n in enumerate(names)]
        return f"{self.name}({', '.join(words)}{', ...' if self.repeats else ''})"

    def argument(self, position: int) -> Argument:
        """What the argument at that position may be."""
        return self.arguments[min(position, len(self.arguments) - 1)]


def _always(result: Type) -> Callable[[Sequence[Node]], Type]:
    return lambda arguments: result


def _like_first(arguments: Sequence[Node]) -> Type:
    return arguments[0].type


def _rounded(arguments: Sequence[Node]) -> Type:
    if len(arguments) == 1:
        return INTEGER
    return Type(Kind.DECIMAL, scale=min(_places(arguments), arguments[0].type.decimals))


def _places(arguments: Sequence[Node]) -> int:
    places = arguments[1]
    return min(int(places.value), EXACT_SCALE) if isinstance(places, Literal) else 0


def _round(value: exact.Number, places: int | None = None) -> exact.Number:
    return int(exact.rounded(value, 0)) if places is None else exact.rounded(value, min(places, EXACT_SCALE))


def _floor(value: exact.Number) -> int:
    return value if isinstance(value, int) else int(value.to_integral_value("ROUND_FLOOR"))


def _ceiling(value: exact.Number) -> int:
    return value if isinstance(value, int) else int(value.to_integral_value("ROUND_CEILING"))


def _text(value: Any) -> str:
    if isinstance(value, int | Decimal):
        return exact.plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def folded(text: str | None) -> str | None:
    """The text without case and accents; nothing is left of accents alone, and nothing is empty."""
    return (fold(text) or None) if text else None


def _same(a: str | None, b: str | None) -> bool:
    return folded(a) == folded(b)


def _contains(text: str | None, part: str | None) -> bool:
    whole, inside = folded(text), folded(part)
    return whole is not None and inside is not None and inside in whole


def _starts_with(text: str | None, start: str | None) -> bool:
    whole, first = folded(text), folded(start)
    return whole is not None and first is not None and whole.startswith(first)


def _first_of(*values: Any) -> Any:
    return next((v for v in values if v is not None), None)


def _least(*values: Any) -> Any:
    return min((v for v in values if v is not None), default=None)


def _greatest(*values: Any) -> Any:
    return max((v for v in values if v is not None), default=None)


def _alike(name: str, kinds: Kinds) -> Argument:
    return Argument(name, kinds, alike=True)


_TEXT = Argument("text", WORDS)
_DAY = Argument("date", DAYS)
_NUMBER = Argument("number", NUMBERS)
_COUNT = Argument("count", WHOLE)

_ALL = (
    Function(
        "contains",
        "True when the text has the other one inside, whatever case and accents; false when one is empty.",
        'contains(subject, "leak")',
        (_TEXT, Argument("part", WORDS)),
        _always(BOOLEAN),
        _contains,
        strict=False,
    ),
    Function(
        "starts_with",
        "True when the text begins with the other one, whatever case and accents; false when one is empty.",
        'starts_with(name, "Ana")',
        (_TEXT, Argument("start", WORDS)),
        _always(BOOLEAN),
        _starts_with,
        strict=False,
    ),
    Function(
        "same_text",
        "True when both texts are equal apart from case and accents, or both are empty.",
        'same_text(city, "são paulo")',
        (_TEXT, Argument("other", WORDS)),
        _always(BOOLEAN),
        _same,
        strict=False,
    ),
    Function(
        "length",
        "The number of characters; 0 for an empty text.",
        "length(subject) > 10",
        (_TEXT,),
        _always(INTEGER),
        lambda text: len(text or ""),
        strict=False,
    ),
    Function(
        "text",
        "The value as text: numbers without zeros at the end, dates as 2026-01-31, choices as their key.",
        '"Visit " + text(visits)',
        (Argument("value", PRINTABLE),),
        _always(TEXT),
        _text,
    ),
    Function(
        "round",
        "The number with so many decimals (0 to 6, none when left out), halves away from zero.",
        "round(amount / 3, 2)",
        (_NUMBER, Argument("places", WHOLE, written=True)),
        _rounded,
        _round,
        optional=1,
    ),
    Function("floor", "The whole number at or below.", "floor(score)", (_NUMBER,), _always(INTEGER), _floor),
    Function(
        "ceiling", "The whole number at or above.", "ceiling(score)", (_NUMBER,), _always(INTEGER), _ceiling
    ),
    Function(
        "abs", "The number without its sign.", "abs(balance) < 5", (_NUMBER,), _like_first, exact.magnitude
    ),
    Function(
        "min",
        "The least of the values; empty ones do not count. Over many records: min(deals, amount).",
        "min(price, list_price)",
        (_alike("value", ORDERED), _alike("other", ORDERED)),
        _like_first,
        _least,
        repeats=True,
        strict=False,
    ),
    Function(
        "max",
        "The greatest of the values; empty ones do not count. Over many records: max(deals, amount).",
        "max(price, 10)",
        (_alike("value", ORDERED), _alike("other", ORDERED)),
        _like_first,
        _greatest,
        repeats=True,
        strict=False,
    ),
    Function(
        "first_of",
        "The first of the values that is not empty.",
        'first_of(nickname, name, "nobody")',
        (_alike("value", PLAIN), _alike("other", PLAIN)),
        _like_first,
        _first_of,
        repeats=True,
        strict=False,
    ),
    Function(
        "days_between",
        "The number of days from the first date to the second; negative when the second is earlier.",
        "days_between(received_on, today()) > 30",
        (Argument("from", DAYS), Argument("to", DAYS)),
        _always(INTEGER),
        lambda a, b: (b - a).days,
    ),
    Function(
        "add_months",
        "The same day so many months later, or the last day of a month that is too short.",
        "add_months(signed_on, 3)",
        (_DAY, _COUNT),
        _always(DATE),
        exact.add_months,
    ),
    Function(
        "add_years",
        "The same day so many years later; 29 February becomes 28 February where there is none.",
        "add_years(signed_on, 1)",
        (_DAY, _COUNT),
        _always(DATE),
        lambda day, count: exact.add_months(day, 12 * count),
    ),
    Function("year", "The year of a date.", "year(due_on)", (_DAY,), _always(INTEGER), lambda day: day.year),
    Function(
        "month",
        "The month of a date, 1 to 12.",
        "month(due_on)",
        (_DAY,),
        _always(INTEGER),
        lambda day: day.month,
    ),
    Function(
        "day", "The day of the month, 1 to 31.", "day(due_on)", (_DAY,), _always(INTEGER), lambda day: day.day
    ),
    Function(
        "weekday",
        "The day of the week, 1 for Monday to 7 for Sunday.",
        "weekday(due_on) <= 5",
        (_DAY,),
        _always(INTEGER),
        lambda day: day.isoweekday(),
    ),
    Function(
        "start_of_month",
        "The first day of the month.",
        "due_on >= start_of_month(today())",
        (_DAY,),
        _always(DATE),
        lambda day: day.replace(day=1),
    ),
    Function(
        "end_of_month",
        "The last day of the month.",
        "due_on <= end_of_month(today())",
        (_DAY,),
        _always(DATE),
        exact.month_end,
    ),
    Function(
        "start_of_week",
        "The Monday of the week.",
        "due_on >= start_of_week(today())",
        (_DAY,),
        _always(DATE),
        lambda day: day - timedelta(days=day.weekday()),
    ),
    Function(
        "start_of_quarter",
        "The first day of the quarter: of January, April, July or October.",
        "due_on >= start_of_quarter(today())",
        (_DAY,),
        _always(DATE),
        lambda day: day.replace(month=day.month - (day.month - 1) % 3, day=1),
    ),
    Function(
        "start_of_year",
        "The first day of the year.",
        "due_on >= start_of_year(today())",
        (_DAY,),
        _always(DATE),
        lambda day: day.replace(month=1, day=1),
    ),
    Function(
        "date_of",
        "The date that it was at an instant, in the time zone in which today() is meant.",
        "date_of(created_at) == today()",
        (Argument("instant", INSTANTS),),
        _always(DATE),
        lambda zone, moment: exact.date_in(moment, zone),
        zoned=True,
    ),
)

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({f.name: f for f in _ALL})


@dataclass(frozen=True, slots=True)
class Special:
    """A word that is written like a function and that the checker itself understands."""

    signature: str
    summary: str
    example: str


# Over many records. In the arguments after the first, bare names belong to those records.
AGGREGATES: Final[Mapping[str, Special]] = MappingProxyType(
    {
        "any": Special(
            "any(many, [condition])",
            "True when the condition holds for one of them.",
            'any(deals, stage == "won")',
        ),
        "all": Special(
            "all(many, condition)",
            "True when it holds for each of them, and when there is none.",
            "all(tasks, done)",
        ),
        "count": Special("count(many, [condition])", "How many there are.", 'count(deals, stage == "open")'),
        "sum": Special(
            "sum(many, value, [condition])",
            "The sum of the values; 0 without any.",
            "sum(lines, quantity * price)",
        ),
        "min": Special("min(many, value, [condition])", "The least value.", "min(deals, close_on)"),
        "max": Special("max(many, value, [condition])", "The greatest value.", "max(deals, amount)"),
        "avg": Special(
            "avg(many, value, [condition])",
            "The mean of the values; empty without any.",
            "avg(surveys, score)",
        ),
        "latest": Special(
            "latest(many, by, [value], [condition])",
            "The record with the greatest `by`, or its value; the one made last if several have it.",
            "latest(deals, close_on, amount)",
        ),
    }
)

SPECIALS: Final[Mapping[str, Special]] = MappingProxyType(
    {
        "today": Special("today()", "The date of today.", "due_on < today()"),
        "now": Special("now()", "The instant of evaluation.", "due_at < now() + 4h"),
        "changed": Special(
            "changed(name)", "True when the attribute differs from what it was before.", "changed(severity)"
        ),
    }
)

FUNCTION_NAMES: Final = tuple(dict.fromkeys((*FUNCTIONS, *AGGREGATES, *SPECIALS)))
