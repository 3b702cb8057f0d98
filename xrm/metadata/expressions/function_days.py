"""The functions of dates and instants. SQL and the browser have tables under the same names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from xrm.metadata.expressions import calendars, exact, working
from xrm.metadata.expressions.signatures import (
    CALENDARS,
    COUNT,
    DAY,
    DAYS,
    INSTANTS,
    WHOLE,
    Argument,
    Function,
    always,
)
from xrm.metadata.expressions.types import DATE, INTEGER, Type

_INSTANT = Argument("instant", INSTANTS)
_PERIOD = (Argument("from", DAYS), Argument("to", DAYS))
_CALENDAR = Argument("calendar", CALENDARS)


def _of_day(
    name: str, summary: str, example: str, answer: str, result: Type, evaluate: Callable[[date], Any]
) -> Function:
    return Function(name, summary, example, answer, (DAY,), always(result), evaluate)


def _moved(
    name: str, summary: str, example: str, answer: str, evaluate: Callable[[date, int], Any]
) -> Function:
    return Function(name, summary, example, answer, (DAY, COUNT), always(DATE), evaluate)


def _between(
    name: str, summary: str, example: str, answer: str, evaluate: Callable[[date, date], int]
) -> Function:
    return Function(name, summary, example, answer, _PERIOD, always(INTEGER), evaluate)


def _zoned(
    name: str, summary: str, example: str, answer: str, result: Type, evaluate: Callable[..., Any]
) -> Function:
    return Function(name, summary, example, answer, (_INSTANT,), always(result), evaluate, zoned=True)


DAY_FUNCTIONS: Final = (
    Function(
        "date",
        "The date of year, month and day; empty where there is no such day.",
        "date(2026, 1, 31)",
        '"2026-01-31"',
        (Argument("year", WHOLE), Argument("month", WHOLE), Argument("day", WHOLE)),
        always(DATE),
        calendars.dated,
    ),
    _between(
        "days_between",
        "The number of days from the first date to the second; negative when the second is earlier.",
        'days_between("2026-01-31", "2026-03-01")',
        "29",
        lambda a, b: (b - a).days,
    ),
    _between(
        "months_between",
        "The whole months from the first date to the second, as add_months counts them; negative when it is earlier.",
        'months_between("2026-01-31", "2026-02-28")',
        "1",
        calendars.months_between,
    ),
    _between(
        "years_between",
        "The whole years from the first date to the second, as for an age; negative when it is earlier.",
        'years_between("1990-06-15", "2026-06-14")',
        "35",
        calendars.years_between,
    ),
    Function(
        "business_days_between",
        "The business days after the first date until the second, those of the calendar or from Monday to Friday; "
        "negative when it is earlier.",
        'business_days_between("2026-01-30", "2026-02-03")',
        "2",
        (*_PERIOD, _CALENDAR),
        always(INTEGER),
        working.business_days_between,
        optional=1,
    ),
    _moved(
        "add_days",
        "The date so many days later.",
        'add_days("2026-01-31", 30)',
        '"2026-03-02"',
        calendars.add_days,
    ),
    Function(
        "add_business_days",
        "The business day so many later, one of the calendar or from Monday to Friday; the date itself for 0.",
        'add_business_days("2026-01-30", 2)',
        '"2026-02-03"',
        (DAY, COUNT, _CALENDAR),
        always(DATE),
        working.add_business_days,
        optional=1,
    ),
    _moved(
        "add_months",
        "The same day so many months later, or the last day of a month that is too short.",
        'add_months("2026-01-31", 1)',
        '"2026-02-28"',
        exact.add_months,
    ),
    _moved(
        "add_years",
        "The same day so many years later; 29 February becomes 28 February where there is none.",
        'add_years("2024-02-29", 1)',
        '"2025-02-28"',
        lambda day, count: exact.add_months(day, 12 * count),
    ),
    _of_day("year", "The year of a date.", 'year("2026-01-31")', "2026", INTEGER, lambda day: day.year),
    _of_day(
        "quarter",
        "The quarter of the year, 1 to 4.",
        'quarter("2026-05-01")',
        "2",
        INTEGER,
        calendars.quarter,
    ),
    _of_day(
        "month", "The month of a date, 1 to 12.", 'month("2026-01-31")', "1", INTEGER, lambda day: day.month
    ),
    _of_day(
        "week",
        "The week of ISO 8601, 1 to 53: the first is the one with the first Thursday of the year.",
        'week("2027-01-01")',
        "53",
        INTEGER,
        lambda day: day.isocalendar().week,
    ),
    _of_day("day", "The day of the month, 1 to 31.", 'day("2026-01-31")', "31", INTEGER, lambda day: day.day),
    _of_day(
        "weekday",
        "The day of the week, 1 for Monday to 7 for Sunday.",
        'weekday("2026-01-31")',
        "6",
        INTEGER,
        lambda day: day.isoweekday(),
    ),
    _of_day(
        "start_of_week",
        "The Monday of the week.",
        'start_of_week("2026-01-31")',
        '"2026-01-26"',
        DATE,
        lambda day: day - timedelta(days=day.weekday()),
    ),
    _of_day(
        "start_of_month",
        "The first day of the month.",
        'start_of_month("2026-01-31")',
        '"2026-01-01"',
        DATE,
        lambda day: day.replace(day=1),
    ),
    _of_day(
        "start_of_quarter",
        "The first day of the quarter: of January, April, July or October.",
        'start_of_quarter("2026-05-20")',
        '"2026-04-01"',
        DATE,
        lambda day: day.replace(month=day.month - (day.month - 1) % 3, day=1),
    ),
    _of_day(
        "start_of_year",
        "The first day of the year.",
        'start_of_year("2026-05-20")',
        '"2026-01-01"',
        DATE,
        lambda day: day.replace(month=1, day=1),
    ),
    _of_day(
        "end_of_week",
        "The Sunday of the week.",
        'end_of_week("2026-01-30")',
        '"2026-02-01"',
        DATE,
        calendars.week_end,
    ),
    _of_day(
        "end_of_month",
        "The last day of the month.",
        'end_of_month("2024-02-10")',
        '"2024-02-29"',
        DATE,
        exact.month_end,
    ),
    _of_day(
        "end_of_quarter",
        "The last day of the quarter.",
        'end_of_quarter("2026-05-20")',
        '"2026-06-30"',
        DATE,
        calendars.quarter_end,
    ),
    _of_day(
        "end_of_year",
        "The last day of the year.",
        'end_of_year("2026-05-20")',
        '"2026-12-31"',
        DATE,
        lambda day: day.replace(month=12, day=31),
    ),
    _zoned(
        "date_of",
        "The date that it was at an instant, in the time zone in which today() is meant.",
        'date_of("2026-03-01T02:30:00Z")',
        '"2026-02-28"',
        DATE,
        lambda zone, moment: exact.date_in(moment, zone),
    ),
    _zoned(
        "hour",
        "The hour that it was at an instant, 0 to 23, in the time zone in which today() is meant.",
        'hour("2026-03-01T02:30:00Z")',
        "23",
        INTEGER,
        lambda zone, moment: calendars.hour(moment, zone),
    ),
    _zoned(
        "minute",
        "The minute that it was at an instant, 0 to 59, in the time zone in which today() is meant.",
        'minute("2026-03-01T02:30:00Z")',
        "30",
        INTEGER,
        lambda zone, moment: calendars.minute(moment, zone),
    ),
)
