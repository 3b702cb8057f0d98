"""SQL for the functions of dates and instants beyond their parts: SQLite calls what Python calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import sqlalchemy as sa

from xrm.engine.projection.exact_sql import (
    FIRST_DAY,
    KEPT_WHOLE,
    LAST_DAY,
    Element,
    Spelled,
    numeric,
    taken_from,
)
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.storage.types import Date, Integer, LongText, StoredType, Text
from xrm.metadata.expressions.tree import Call, Node
from xrm.metadata.expressions.working import WEEKDAYS


class Values(Protocol):
    """What these functions ask of the compiler of expressions."""

    def value(self, node: Node, scope: SqlScope) -> Element: ...


Build = Callable[[Values, Call, SqlScope], Element]


def _build(name: str, type_: StoredType, postgresql: str) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        arguments = [compiler.value(argument, scope) for argument in node.arguments]
        return Spelled(f"xrm_{name}", arguments, type_, postgresql=postgresql)

    return build


def _working(name: str, type_: StoredType, postgresql: str) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        arguments = [compiler.value(argument, scope) for argument in node.arguments]
        calendar = arguments[2:] or [sa.literal(WEEKDAYS, LongText())]
        return Spelled(f"xrm_{name}", [*arguments[:2], *calendar], type_, postgresql=postgresql)

    return build


def _in_zone(name: str) -> Build:
    """A part of the clock in the zone; empty where the date there would leave the years that are kept."""
    text = KEPT_WHOLE.format(
        f"CAST(extract({name} FROM xrm_r.r) AS BIGINT)",
        "({0} AT TIME ZONE {1}) AS r",
        "xrm_r.r >= TIMESTAMP '0001-01-01' AND xrm_r.r < TIMESTAMP '10000-01-01'",
    )

    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        zone: Element = sa.bindparam("zone", type_=Text())
        moment = compiler.value(node.arguments[0], scope)
        return Spelled(f"xrm_{name}", [moment, zone], Integer(), postgresql=text)

    return build


def _part(unit: str) -> str:
    return f"CAST(extract({unit} FROM {{0}}) AS BIGINT)"


def _end(unit: str, length: str) -> str:
    start = f"date_trunc('{unit}', CAST({{0}} AS TIMESTAMP))"
    return f"CAST({start} + interval '{length}' - interval '1 day' AS DATE)"


def _day(number: str) -> str:
    """The date of a day's number, which the condition around it keeps within bounds."""
    return f"{FIRST_DAY} + CAST({number} - 1 AS INTEGER)"


def _number(day: str) -> str:
    return f"CAST({day} - {FIRST_DAY} + 1 AS BIGINT)"


_MAX: Final = f"({LAST_DAY} - {FIRST_DAY} + 1)"
_SUNDAY: Final = "xrm_r.d + (7 - CAST(extract(isodow FROM xrm_r.d) AS INTEGER))"
_WEEK_END: Final = KEPT_WHOLE.format(_SUNDAY, "{0} AS d", f"{_SUNDAY} <= {LAST_DAY}")
_ADD_DAYS: Final = KEPT_WHOLE.format(
    _day("xrm_r.r"), f"CAST({_number('{0}')} AS NUMERIC) + {numeric(1)} AS r", f"xrm_r.r BETWEEN 1 AND {_MAX}"
)


def _weekdays(number: str) -> str:
    """How many working weekdays there are until the day of that number; xrm_c.w are their digits."""
    rest = f"left('1234567', CAST(mod({number}, 7) AS INTEGER))"
    return f"(div({number}, 7) * length(xrm_c.w) + length(xrm_c.w) - length(ltrim(xrm_c.w, {rest})))"


def _chosen(result: str, rows: str, rest: str = "OFFSET 0") -> str:
    return " ".join(("(SELECT", result, "FROM", rows, rest + ")"))


# The calendar, of which w are the digits and h the numbers of holidays on working weekdays.
_HOLIDAY: Final = "CAST(xrm_h.h AS DATE)"
_HELD: Final = _chosen(
    f"CAST({_HOLIDAY} - {FIRST_DAY} + 1 AS NUMERIC)",
    "unnest((string_to_array({2}, ' '))[2:]) AS xrm_h(h)",
    f"WHERE strpos(split_part({{2}}, ' ', 1), CAST(extract(isodow FROM {_HOLIDAY}) AS TEXT)) > 0",
)
_CALENDAR: Final = _chosen(
    f"split_part({{2}}, ' ', 1) AS w, ARRAY{_HELD} AS h", "(VALUES (1)) AS xrm_one(one)"
)
_HOLIDAYS: Final = "unnest(xrm_c.h) AS xrm_h(h)"


def _business(number: str) -> str:
    """How many business days there are until the day of that number."""
    return f"({_weekdays(number)} - {_chosen('count(*)', _HOLIDAYS, f'WHERE xrm_h.h <= {number}')})"


def _in_calendar(result: str, a: str, b: str) -> str:
    """What follows from two numbers, taken once, and the calendar."""
    given = _chosen(f"{a}, {b}", "(VALUES (1)) AS xrm_one(one)")
    return _chosen(result, f"{given} AS xrm_r, {_CALENDAR} AS xrm_c")


_BUSINESS: Final = _in_calendar(
    f"CAST({_business('xrm_r.b')} - {_business('xrm_r.a')} AS BIGINT)",
    f"CAST({_number('{0}')} AS NUMERIC) AS a",
    f"CAST({_number('{1}')} AS NUMERIC) AS b",
)
# The place of the day that is wanted among all business days, the first of them being 1.
_PLACE: Final = (
    f"{_business('(xrm_r.d - CASE WHEN xrm_r.n > 0 THEN 0 ELSE 1 END)')} + xrm_r.n"
    " + CASE WHEN xrm_r.n > 0 THEN 0 ELSE 1 END"
)
_PLACED: Final = _in_calendar(
    f"xrm_r.d, xrm_r.n, xrm_c.w, xrm_c.h, {_PLACE} AS p",
    f"CAST({_number('{0}')} AS NUMERIC) AS d",
    f"{numeric(1)} AS n",
)
# The same among all working weekdays, the first being 0: holidays with fewer business days before them count too.
_REACHED: Final = _chosen(
    f"{_weekdays('xrm_h.h')} - row_number() OVER (ORDER BY xrm_h.h) AS k", _HOLIDAYS, ""
)
_PASSED: Final = _chosen("count(*)", f"{_REACHED} AS xrm_k", "WHERE xrm_k.k < xrm_c.p")
_AMONG: Final = _chosen(
    f"xrm_c.d, xrm_c.n, xrm_c.w, xrm_c.p, greatest(xrm_c.p, 1) - 1 + {_PASSED} AS a", f"{_PLACED} AS xrm_c"
)
_DIGIT: Final = "CAST(substr(xrm_r.w, CAST(mod(xrm_r.a, length(xrm_r.w)) AS INTEGER) + 1, 1) AS INTEGER)"
_WANTED: Final = f"CASE WHEN xrm_r.n = 0 THEN xrm_r.d ELSE div(xrm_r.a, length(xrm_r.w)) * 7 + {_DIGIT} END"
_MOVED: Final = taken_from(
    _day(f"least(greatest({_WANTED}, 1), {_MAX})"),
    _AMONG,
    f"(xrm_r.n = 0 OR xrm_r.p >= 1) AND {_WANTED} BETWEEN 1 AND {_MAX}",
)


def _months(day: str) -> str:
    return f"(extract(year FROM {day}) * 12 + extract(month FROM {day}))"


# Months from the earlier date x to the later y; the last one counts when the day is reached, or the month's end.
_FULL: Final = (
    f"{_months('xrm_r.y')} - {_months('xrm_r.x')} - CASE WHEN extract(day FROM xrm_r.y) < extract(day FROM xrm_r.x)"
    " AND extract(month FROM xrm_r.y + 1) = extract(month FROM xrm_r.y) THEN 1 ELSE 0 END"
)


def _between(months: str) -> str:
    ordered = KEPT_WHOLE.format(
        "least(xrm_r.a, xrm_r.b) AS x, greatest(xrm_r.a, xrm_r.b) AS y,"
        " CASE WHEN xrm_r.b < xrm_r.a THEN -1 ELSE 1 END AS g",
        "{0} AS a, {1} AS b",
        "xrm_r.a IS NOT NULL AND xrm_r.b IS NOT NULL",
    )
    return taken_from(f"CAST(xrm_r.g * {months} AS BIGINT)", ordered, "TRUE")


def _bounded(name: str, most: int) -> str:
    return f"CAST(least(greatest(xrm_r.{name}, 1), {most}) AS INTEGER) - 1"


# A date that is there whatever is asked for; it is the wanted one when it has the parts that were asked for.
_DATE: Final = (
    f"(CAST({FIRST_DAY} + make_interval(years => {_bounded('y', 9999)}, months => {_bounded('m', 12)}) AS DATE)"
    f" + ({_bounded('d', 31)}))"
)
_DATED: Final = KEPT_WHOLE.format(
    _DATE,
    f"{numeric(0)} AS y, {numeric(1)} AS m, {numeric(2)} AS d",
    f"xrm_r.y = extract(year FROM {_DATE}) AND xrm_r.m = extract(month FROM {_DATE})"
    f" AND xrm_r.d = extract(day FROM {_DATE})",
)

SQL_DAYS: Final[Mapping[str, Build]] = {
    "date": _build("date", Date(), _DATED),
    "quarter": _build("quarter", Integer(), _part("quarter")),
    "week": _build("week", Integer(), _part("week")),
    "end_of_week": _build("week_end", Date(), _WEEK_END),
    "end_of_quarter": _build("quarter_end", Date(), _end("quarter", "3 months")),
    "end_of_year": _build("year_end", Date(), _end("year", "1 year")),
    "add_days": _build("add_days", Date(), _ADD_DAYS),
    "add_business_days": _working("add_business_days", Date(), _MOVED),
    "months_between": _build("months_between", Integer(), _between(f"({_FULL})")),
    "years_between": _build("years_between", Integer(), _between(f"div(CAST({_FULL} AS NUMERIC), 12)")),
    "business_days_between": _working("business_days_between", Integer(), _BUSINESS),
    "hour": _in_zone("hour"),
    "minute": _in_zone("minute"),
}
