"""Months, weeks and parts of dates, with one answer everywhere; empty outside the years 1 to 9999.

Day 1 is 0001-01-01, which is a Monday, so that whole weeks are what divides a day's number by seven.
"""

from __future__ import annotations

from datetime import date, datetime

from xrm.metadata.expressions.exact import FIRST_YEAR, LAST_YEAR, add_months, month_end, zone_of

_LAST_DAY = date.max.toordinal()


def dated(year: int, month: int, day: int) -> date | None:
    """The date, where there is such a one."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    first = date(year, month, 1)
    return first.replace(day=day) if day <= month_end(first).day else None


def day_of(number: int) -> date | None:
    """The date of that number."""
    return date.fromordinal(number) if 1 <= number <= _LAST_DAY else None


def add_days(day: date, count: int) -> date | None:
    """The date so many days later."""
    return day_of(day.toordinal() + count)


def week_end(day: date) -> date | None:
    """The Sunday of the week."""
    return day_of(day.toordinal() + 7 - day.isoweekday())


def quarter_end(day: date) -> date:
    """The last day of the quarter."""
    return month_end(day.replace(month=day.month + 2 - (day.month - 1) % 3, day=1))


def quarter(day: date) -> int:
    """The quarter of the year, 1 to 4."""
    return (day.month + 2) // 3


def months_between(a: date, b: date) -> int:
    """The most months that can be added to the earlier date without passing the later one."""
    if b < a:
        return -months_between(b, a)
    months = (b.year - a.year) * 12 + b.month - a.month
    reached = add_months(a, months)
    return months if reached is not None and reached <= b else months - 1


def years_between(a: date, b: date) -> int:
    """The most years that can be added to the earlier date without passing the later one."""
    months = months_between(a, b)
    return months // 12 if months >= 0 else -(-months // 12)


def local(moment: datetime, zone: str) -> datetime | None:
    """Date and time of day that it is in the zone."""
    try:
        return moment.astimezone(zone_of(zone))
    except OverflowError:
        return None


def hour(moment: datetime, zone: str) -> int | None:
    """The hour that it is in the zone."""
    found = local(moment, zone)
    return None if found is None else found.hour


def minute(moment: datetime, zone: str) -> int | None:
    """The minute that it is in the zone."""
    found = local(moment, zone)
    return None if found is None else found.minute
