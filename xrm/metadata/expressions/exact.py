"""Calculation that gives one answer everywhere: exact decimals, whole seconds, and empty where there is none.

Products and quotients are exact and then rounded half away from zero to at most six decimals; every result
of more than 18 digits is empty. The databases follow the same rules with their own means.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from xrm.metadata.expressions.types import NUMBERS, Kind, Type
from xrm.metadata.values import EXACT_SCALE, MAX_DIGITS

Operation = Callable[[Any, Any], Any]

# Two operands of 18 digits and 18 decimals never need more, not even to tell a half from nearly a half.
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(MAX_DIGITS + 1))
_ZEROS = tuple(
    Decimal(0).scaleb(-places) for places in range(MAX_DIGITS + 1)
)  # a database's zero has no sign
_BOUNDS = tuple(Decimal(10) ** (MAX_DIGITS - places) for places in range(MAX_DIGITS + 1))
WHOLE_BOUND = 10**MAX_DIGITS
DAY = 86_400
LONGEST = 999_999_999 * DAY  # seconds; as far as a duration goes
FIRST_YEAR, LAST_YEAR = 1, 9999

Number = int | Decimal


def arithmetic(operator: str, left: Type, right: Type, result: Type) -> Operation:
    """The function that `left operator right` means; it is never given empty values."""
    if result.kind in NUMBERS:
        return _numeric(operator, left.kind, result)
    return _TEMPORAL[operator, left.kind, right.kind]


def _numeric(operator: str, left: Kind, result: Type) -> Operation:
    if left is Kind.DURATION:
        return lambda a, b: quotient(seconds_of(a), seconds_of(b))
    if operator == "/":
        return quotient
    if result.kind is Kind.INTEGER:
        return _WHOLE[operator]
    combine = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply}[operator]
    places = result.scale
    return lambda a, b: kept(combine(a, b), places)


_WHOLE: dict[str, Operation] = {
    "+": lambda a, b: whole(a + b),
    "-": lambda a, b: whole(a - b),
    "*": lambda a, b: whole(a * b),
}


def whole(value: int) -> int | None:
    """The integer, or empty beyond 18 digits."""
    return value if -WHOLE_BOUND < value < WHOLE_BOUND else None


def kept(value: Decimal, places: int) -> Decimal | None:
    """The number with `places` decimals, half away from zero, or empty beyond 18 digits."""
    rounded = value.quantize(_UNITS[places], context=_EXACT) or _ZEROS[places]
    return rounded if -_BOUNDS[places] < rounded < _BOUNDS[places] else None


def quotient(a: Number, b: Number, places: int = EXACT_SCALE) -> Decimal | None:
    """a divided by b, or empty when b is zero."""
    if not b:
        return None
    return kept(_EXACT.divide(Decimal(a), Decimal(b)), places)


def rounded(value: Number, places: int) -> Decimal:
    """The number with at most `places` decimals, half away from zero."""
    return Decimal(value).quantize(_UNITS[places], context=_EXACT) or _ZEROS[places]


def magnitude(value: Number) -> Number | None:
    """The number without its sign."""
    return abs(value) if isinstance(value, Decimal) else whole(abs(value))


def opposite(value: Number) -> Number | None:
    """The number with the other sign; zero has none."""
    return _EXACT.minus(value) if isinstance(value, Decimal) else whole(-value)


def total(values: Iterable[Number], places: int) -> Number | None:
    """The sum of the numbers; 0 without any."""
    return kept(_sum(map(Decimal, values)), places) if places else whole(sum(map(int, values)))


def mean(values: Iterable[Number], places: int = EXACT_SCALE) -> Decimal | None:
    """The sum of the numbers, whatever its digits, divided by their count; empty without any."""
    numbers = [Decimal(v) for v in values]
    return quotient(_sum(numbers), len(numbers), places)


def _sum(numbers: Iterable[Decimal]) -> Decimal:
    found = Decimal(0)
    for number in numbers:
        found = _EXACT.add(found, number)
    return found


def seconds_of(span: timedelta) -> int:
    """The whole seconds of a duration, the part of one that is begun left out."""
    return span.days * DAY + span.seconds


def span_of(seconds: Number | None) -> timedelta | None:
    """The duration of so many seconds, or empty beyond what a duration can hold."""
    if seconds is None or not -LONGEST <= seconds <= LONGEST:
        return None
    return timedelta(seconds=int(seconds))


def later_day(day: date, span: timedelta) -> date | None:
    """The date so many whole days later; a part of a day does not count."""
    try:
        return day + (timedelta(days=span.days) if span.days >= 0 else -timedelta(days=(-span).days))
    except OverflowError:
        return None


def later(moment: datetime, span: timedelta) -> datetime | None:
    """The instant so much later."""
    try:
        return moment + span
    except OverflowError:
        return None


def _between(a: datetime, b: datetime) -> timedelta | None:
    return span_of(seconds_of(a - b))


def _times(span: timedelta, factor: Number) -> timedelta | None:
    return span_of(kept(_EXACT.multiply(Decimal(seconds_of(span)), Decimal(factor)), 0))


def _divided(span: timedelta, divisor: Number) -> timedelta | None:
    return span_of(quotient(seconds_of(span), divisor, 0))


_TEMPORAL: dict[tuple[str, Kind, Kind], Operation] = {
    ("+", Kind.DATE, Kind.DURATION): later_day,
    ("-", Kind.DATE, Kind.DURATION): lambda a, b: later_day(a, -b),
    ("-", Kind.DATE, Kind.DATE): lambda a, b: a - b,
    ("+", Kind.DATETIME, Kind.DURATION): later,
    ("-", Kind.DATETIME, Kind.DURATION): lambda a, b: later(a, -b),
    ("-", Kind.DATETIME, Kind.DATETIME): _between,
    ("+", Kind.DURATION, Kind.DURATION): lambda a, b: span_of(seconds_of(a) + seconds_of(b)),
    ("-", Kind.DURATION, Kind.DURATION): lambda a, b: span_of(seconds_of(a) - seconds_of(b)),
    ("*", Kind.DURATION, Kind.INTEGER): _times,
    ("*", Kind.DURATION, Kind.DECIMAL): _times,
    ("/", Kind.DURATION, Kind.INTEGER): _divided,
    ("/", Kind.DURATION, Kind.DECIMAL): _divided,
}


def add_months(day: date, count: int) -> date | None:
    """The same day so many months later, or the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of the month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def date_in(moment: datetime, zone: str) -> date | None:
    """The date that it is in `zone` at that instant."""
    try:
        return moment.astimezone(zone_of(zone)).date()
    except OverflowError:
        return None


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name."""
    return ZoneInfo(name)


def plain(value: Number) -> str:
    """The number as text, without zeros at the end of its decimals."""
    if isinstance(value, int):
        return str(value)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def instant_text(moment: datetime) -> str:
    """The instant in UTC with microseconds, as SQLite keeps it; such texts sort as instants do."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
