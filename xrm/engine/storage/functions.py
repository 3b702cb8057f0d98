"""Functions that SQLite lacks: exact arithmetic on scaled integers, calendar and zones.

PostgreSQL has them built in. Every function is empty with an empty argument, except where it says otherwise;
none raises, so that no stored value can make a query fail.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from xrm.engine.storage import more_functions
from xrm.metadata.expressions import exact
from xrm.metadata.values import MAX_DIGITS

BOUND: Final = 10**MAX_DIGITS
CHUNK: Final = 1_000_000_000  # sums are taken in two halves, neither of which can overflow
_ANY_COUNT: Final = -1


def _kept(value: int) -> int | None:
    return value if -BOUND < value < BOUND else None


def _half_up(numerator: int, divisor: int) -> int:
    """The quotient as an integer, halves away from zero."""
    sign = -1 if (numerator < 0) != (divisor < 0) else 1
    numerator, divisor = abs(numerator), abs(divisor)
    return sign * ((2 * numerator + divisor) // (2 * divisor))


def _fit(value: int, factor: int) -> int | None:
    return _kept(value * factor)


def _sum(plan: str, *terms: int | None) -> int | None:
    """The terms added one after another; `plan` tells the sign, factor and bound of each, as powers of ten."""
    found = 0
    for (sign, factor, bound), term in zip(_steps(plan), terms, strict=True):
        if term is None:
            return None
        found += sign * term * factor
        if not -bound < found < bound:
            return None
    return found


@lru_cache(maxsize=4096)
def _steps(plan: str) -> tuple[tuple[int, int, int], ...]:
    steps = (step.split("/") for step in plan.split())
    return tuple((int(sign), 10 ** int(factor), 10 ** int(bound)) for sign, factor, bound in steps)


def _times(a: int, b: int, drop: int) -> int | None:
    return _kept(_half_up(a * b, 10**drop))


def _over(a: int, b: int, shift: int) -> int | None:
    if b == 0:
        return None
    return _kept(_half_up(a * 10**shift, b) if shift >= 0 else _half_up(a, b * 10**-shift))


def _round(value: int, drop: int) -> int:
    return _half_up(value, 10**drop)


def _floor(value: int, scale: int) -> int:
    return value // int(10**scale)


def _ceiling(value: int, scale: int) -> int:
    return -(-value // int(10**scale))


def _number_text(value: int, scale: int) -> str:
    sign, digits = "-" if value < 0 else "", str(abs(value)).rjust(scale + 1, "0")
    if not scale:
        return sign + digits
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}".rstrip("0").rstrip(".")


def _span(seconds: int) -> int | None:
    return seconds if -exact.LONGEST <= seconds <= exact.LONGEST else None


def _span_times(seconds: int, factor: int, scale: int) -> int | None:
    product = _times(seconds, factor, scale)
    return None if product is None else _span(product)


def _span_over(seconds: int, divisor: int, scale: int) -> int | None:
    found = _over(seconds, divisor, scale)
    return None if found is None else _span(found)


def _later_day(day: str, seconds: int, sign: int) -> str | None:
    return _iso(exact.later_day(date.fromisoformat(day), timedelta(seconds=sign * seconds)))


def _later(moment: str, seconds: int, sign: int) -> str | None:
    found = exact.later(datetime.fromisoformat(moment), timedelta(seconds=sign * seconds))
    return None if found is None else exact.instant_text(found)


def _between(a: str, b: str) -> int | None:
    return _span(exact.seconds_of(datetime.fromisoformat(a) - datetime.fromisoformat(b)))


def _days(a: str, b: str) -> int:
    return (date.fromisoformat(b) - date.fromisoformat(a)).days


def _add_months(day: str, count: int, factor: int) -> str | None:
    return _iso(exact.add_months(date.fromisoformat(day), count * factor))


def _month_end(day: str) -> str | None:
    return _iso(exact.month_end(date.fromisoformat(day)))


def _weekday(day: str) -> int:
    return date.fromisoformat(day).isoweekday()


def _date_in(moment: str, zone: str) -> str | None:
    return _iso(exact.date_in(datetime.fromisoformat(moment), zone))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _total(high: int, low: int) -> int | None:
    return _kept(high * CHUNK + low)


def _mean(high: int, low: int, count: int, shift: int) -> int | None:
    return _over(high * CHUNK + low, count, shift)


def _least(*values: Any) -> Any:
    """The least of the values that are not empty."""
    return min((v for v in values if v is not None), default=None)


def _greatest(*values: Any) -> Any:
    """The greatest of the values that are not empty."""
    return max((v for v in values if v is not None), default=None)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*values: Any) -> Any:
        return None if None in values else function(*values)

    return called


_STRICT: Final[dict[str, tuple[int, Callable[..., Any]]]] = {
    "xrm_fit": (2, _fit),
    "xrm_times": (3, _times),
    "xrm_over": (3, _over),
    "xrm_abs": (1, lambda value: _kept(abs(value))),
    "xrm_round": (2, _round),
    "xrm_floor": (2, _floor),
    "xrm_ceiling": (2, _ceiling),
    "xrm_number_text": (2, _number_text),
    "xrm_span_plus": (3, lambda a, b, sign: _span(a + sign * b)),
    "xrm_span_times": (3, _span_times),
    "xrm_span_over": (3, _span_over),
    "xrm_later_day": (3, _later_day),
    "xrm_later": (3, _later),
    "xrm_between": (2, _between),
    "xrm_days": (2, _days),
    "xrm_add_months": (3, _add_months),
    "xrm_month_end": (1, _month_end),
    "xrm_weekday": (1, _weekday),
    "xrm_date_in": (2, _date_in),
    "xrm_total": (2, _total),
    "xrm_mean": (4, _mean),
}


def install(connection: sqlite3.Connection) -> None:
    """The connection knows all functions of this module and of the next."""
    more_functions.install(connection)
    for name, (count, function) in _STRICT.items():
        connection.create_function(name, count, _strict(function), deterministic=True)
    connection.create_function("xrm_sum", _ANY_COUNT, _sum, deterministic=True)
    connection.create_function("xrm_least", _ANY_COUNT, _least, deterministic=True)
    connection.create_function("xrm_greatest", _ANY_COUNT, _greatest, deterministic=True)
