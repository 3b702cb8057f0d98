"""What SQLite calls for the functions of text, dates and numbers that PostgreSQL spells out.

They are the functions that Python calls, behind what turns stored values into its values and back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from math import isqrt
from typing import Any, Final

from xrm.metadata.expressions import calculation, calendars, letters, texts, working
from xrm.metadata.values import EXACT_SCALE, MAX_DIGITS

_BOUND: Final = 10**MAX_DIGITS
_ROOT_PLACES: Final = MAX_DIGITS

Call = Callable[..., Any]


def _kept(value: int) -> int | None:
    return value if -_BOUND < value < _BOUND else None


def _round_up(value: int, drop: int) -> int:
    unit: int = 10**drop
    return -(-value // unit) if value >= 0 else value // unit


def _toward(value: int, drop: int) -> int:
    unit: int = 10**drop
    return value // unit if value >= 0 else -(-value // unit)


def _mod(a: int, b: int, factor_a: int, factor_b: int) -> int | None:
    return _kept(a * factor_a % (b * factor_b)) if b else None


def _power(value: int, exponent: int, drop: int) -> int | None:
    found, unit = value**exponent, 10**drop
    half = (2 * abs(found) + unit) // (2 * unit)
    return _kept(-half if found < 0 else half)


def _sqrt(value: int, scale: int) -> int | None:
    if value < 0:
        return None
    root, unit = isqrt(value * 10 ** (2 * _ROOT_PLACES - scale)), 10 ** (_ROOT_PLACES - EXACT_SCALE)
    return _kept((2 * root + unit) // (2 * unit))


def _fixed(value: int, scale: int, places: int) -> str:
    return texts.fixed(Decimal(value).scaleb(-scale), places)


def _number(text: str) -> int | None:
    found = texts.number(text)
    return None if found is None else int(found.scaleb(EXACT_SCALE))


def _of_day(function: Callable[[date], Any]) -> Call:
    return lambda day: _stored(function(date.fromisoformat(day)))


def _moved(function: Callable[..., Any]) -> Call:
    return lambda day, count, *more: _stored(function(date.fromisoformat(day), count, *more))


def _between(function: Callable[..., int]) -> Call:
    return lambda a, b, *more: function(date.fromisoformat(a), date.fromisoformat(b), *more)


def _in_zone(function: Callable[[datetime, str], int | None]) -> Call:
    return lambda moment, zone: function(datetime.fromisoformat(moment), zone)


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _strict(function: Call) -> Call:
    def called(*values: Any) -> Any:
        return None if None in values else function(*values)

    return called


# SQLite's own functions stop at a NUL, count bytes of what is no text, and know no letters but ASCII's.
_STRICT: Final[dict[str, tuple[int, Call]]] = {
    "xrm_upper": (1, letters.upper),
    "xrm_lower": (1, letters.lower),
    "xrm_trim": (1, texts.trim),
    "xrm_left": (2, texts.left),
    "xrm_right": (2, texts.right),
    "xrm_mid": (3, texts.mid),
    "xrm_position": (2, texts.position),
    "xrm_repeat": (2, texts.repeat),
    "xrm_pad_left": (3, texts.pad_left),
    "xrm_pad_right": (3, texts.pad_right),
    "xrm_split_part": (3, texts.split_part),
    "xrm_fixed": (3, _fixed),
    "xrm_number": (1, _number),
    "xrm_date_text": (2, lambda day, pattern: texts.date_text(date.fromisoformat(day), pattern)),
    "xrm_round_up": (2, _round_up),
    "xrm_round_down": (2, _toward),
    "xrm_sign": (1, calculation.sign),
    "xrm_mod": (4, _mod),
    "xrm_power": (3, _power),
    "xrm_sqrt": (2, _sqrt),
    "xrm_date": (3, lambda year, month, day: _stored(calendars.dated(year, month, day))),
    "xrm_quarter": (1, _of_day(calendars.quarter)),
    "xrm_week": (1, _of_day(lambda day: day.isocalendar().week)),
    "xrm_week_end": (1, _of_day(calendars.week_end)),
    "xrm_quarter_end": (1, _of_day(calendars.quarter_end)),
    "xrm_year_end": (1, _of_day(lambda day: day.replace(month=12, day=31))),
    "xrm_add_days": (2, _moved(calendars.add_days)),
    "xrm_add_business_days": (3, _moved(working.add_business_days)),
    "xrm_months_between": (2, _between(calendars.months_between)),
    "xrm_years_between": (2, _between(calendars.years_between)),
    "xrm_business_days_between": (3, _between(working.business_days_between)),
    "xrm_hour": (2, _in_zone(calendars.hour)),
    "xrm_minute": (2, _in_zone(calendars.minute)),
}
_LENIENT: Final[dict[str, tuple[int, Call]]] = {
    "xrm_replace": (3, texts.replace),
    "xrm_join": (-1, texts.join),
    "xrm_clamp": (3, calculation.clamp),
}


class _List:
    """An aggregate that makes a list of the texts of all rows."""

    is_distinct = True

    def __init__(self) -> None:
        self._texts: list[str | None] = []

    def step(self, text: Any) -> None:
        """One more row."""
        self._texts.append(text)

    def finalize(self) -> Any:
        """The list."""
        return texts.listed(self._texts, is_distinct=self.is_distinct)


class _ListAll(_List):
    is_distinct = False


def install(connection: sqlite3.Connection) -> None:
    """The connection knows all functions of this module."""
    for name, (count, function) in _STRICT.items():
        connection.create_function(name, count, _strict(function), deterministic=True)
    for name, (count, function) in _LENIENT.items():
        connection.create_function(name, count, function, deterministic=True)
    connection.create_aggregate("xrm_list", 1, _List)
    connection.create_aggregate("xrm_list_all", 1, _ListAll)
