"""Business days: those of the working week that are no holidays, in closed form, without a walk over days.

A calendar is a text: the working weekdays as digits, 1 for Monday, then the holidays as dates, in their order. Day 1
is 0001-01-01, which is a Monday.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from xrm.metadata.expressions.calendars import day_of

WEEKDAYS: Final = "12345"
MOST_HOLIDAYS: Final = 200
_PARTED: Final = re.compile(r"[\s,;]+")
_WEEK: Final = re.compile(r"[1-7]{1,7}|([1-7])-([1-7])")


class NoCalendar(ValueError):
    """What is written is no calendar; tells why."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`week` are the working weekdays; `before[r]` how many of them are among the first r days of a week.

    `holidays` are the numbers of those on working weekdays, and `reached` how many business days come before each.
    """

    week: tuple[int, ...]
    before: tuple[int, ...]
    holidays: tuple[int, ...]
    reached: tuple[int, ...]

    def weekdays_until(self, number: int) -> int:
        """How many working weekdays there are until that day, from the first on, holidays or not."""
        return number // 7 * len(self.week) + self.before[number % 7]

    def days_until(self, number: int) -> int:
        """How many business days there are until that day, from the first on."""
        return self.weekdays_until(number) - bisect_right(self.holidays, number)

    def day_at(self, place: int) -> int:
        """The number of the day that is the business day of that place, from 1 on."""
        among = place - 1 + bisect_left(self.reached, place)
        return among // len(self.week) * 7 + self.week[among % len(self.week)]


@lru_cache(maxsize=64)
def calendar_of(text: str) -> Calendar:
    """The calendar that a text of the canonical form says."""
    digits, *holidays = text.split(" ")
    week = tuple(map(int, digits))
    before = tuple(sum(day <= rest for day in week) for rest in range(7))
    bare = Calendar(week, before, (), ())
    days = [day for day in map(date.fromisoformat, holidays) if day.isoweekday() in week]
    numbers = tuple(day.toordinal() for day in days)
    reached = tuple(bare.weekdays_until(number) - 1 - i for i, number in enumerate(numbers))
    return Calendar(week, before, numbers, reached)


def read_calendar(said: str) -> str:
    """The calendar in its canonical form: as in `1-5 2026-12-25`; raises NoCalendar."""
    first, *rest = _PARTED.split(said.strip())
    found = _WEEK.fullmatch(first)
    if found is None:
        raise NoCalendar("A calendar begins with the working weekdays, 1 for Monday to 7 for Sunday.")
    low, high = found.groups()
    week = range(int(low), int(high) + 1) if low else map(int, first)
    digits = "".join(map(str, sorted(set(week))))
    if not digits:
        raise NoCalendar("A calendar needs a working weekday.")
    holidays = sorted({_holiday(text) for text in rest})
    if len(holidays) > MOST_HOLIDAYS:
        raise NoCalendar(f"A calendar has {MOST_HOLIDAYS} holidays at most, and this one {len(holidays)}.")
    return " ".join((digits, *(day.isoformat() for day in holidays)))


def _holiday(text: str) -> date:
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise NoCalendar(f"{text[:20]!r} is no date.") from None


def business_days_between(a: date, b: date, calendar: str = WEEKDAYS) -> int:
    """The business days after the first date until the second; negative when it is earlier."""
    known = calendar_of(calendar)
    return known.days_until(b.toordinal()) - known.days_until(a.toordinal())


def add_business_days(day: date, count: int, calendar: str = WEEKDAYS) -> date | None:
    """The business day that is so many later; the date itself for none."""
    if not count:
        return day
    known, number = calendar_of(calendar), day.toordinal()
    place = known.days_until(number if count > 0 else number - 1) + count + (count < 0)
    return day_of(known.day_at(place)) if place > 0 else None
