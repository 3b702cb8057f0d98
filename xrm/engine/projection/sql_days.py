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
from xrm.engine.storage.types import Date, Integer, StoredType, Text
from xrm.metadata.expressions.tree import Call, Node


class Values(Protocol):
    """What these functions ask of the compiler of expressions."""

    def value(self, node: Node, scope: SqlScope) -> Element: ...


Build = Callable[[Values, Call, SqlScope], Element]


def _build(name: str, type_: StoredType, postgresql: str) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        arguments = [compiler.value(argument, scope) for argument in node.arguments]
        return Spelled(f"xrm_{name}", arguments, type_, postgresql=postgresql)

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


def _working(number: str) -> str:
    """How many days from Monday to Friday there are until the day of that number."""
    return f"(div({number}, 7) * 5 + least(mod({number}, 7), 5))"


_MAX: Final = f"({LAST_DAY} - {FIRST_DAY} + 1)"
_SUNDAY: Final = "xrm_r.d + (7 - CAST(extract(isodow FROM xrm_r.d) AS INTEGER))"
_WEEK_END: Final = KEPT_WHOLE.format(_SUNDAY, "{0} AS d", f"{_SUNDAY} <= {LAST_DAY}")
_ADD_DAYS: Final = KEPT_WHOLE.format(
    _day("xrm_r.r"), f"CAST({_number('{0}')} AS NUMERIC) + {numeric(1)} AS r", f"xrm_r.r BETWEEN 1 AND {_MAX}"
)
# The place of the day that is wanted among all days from Monday to Friday, the first of them being 0.
_PLACE: Final = (
    f"{_working('(xrm_r.d - CASE WHEN xrm_r.n > 0 THEN 0 ELSE 1 END)')} + xrm_r.n"
    " - CASE WHEN xrm_r.n > 0 THEN 1 ELSE 0 END"
)
_WANTED: Final = "CASE WHEN xrm_r.n = 0 THEN xrm_r.d ELSE div(xrm_r.p, 5) * 7 + mod(xrm_r.p, 5) + 1 END"
_PLACED: Final = KEPT_WHOLE.format(
    f"xrm_r.d, xrm_r.n, {_PLACE} AS p",
    f"CAST({_number('{0}')} AS NUMERIC) AS d, {numeric(1)} AS n",
    "TRUE OFFSET 0",
)
_MOVED: Final = taken_from(
    _day(f"({_WANTED})"),
    _PLACED,
    f"(xrm_r.n = 0 OR xrm_r.p >= 0) AND {_WANTED} BETWEEN 1 AND {_MAX}",
)
_BUSINESS: Final = KEPT_WHOLE.format(
    f"CAST({_working('xrm_r.b')} - {_working('xrm_r.a')} AS BIGINT)",
    f"CAST({_number('{0}')} AS NUMERIC) AS a, CAST({_number('{1}')} AS NUMERIC) AS b",
    "TRUE",
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
    "add_business_days": _build("add_business_days", Date(), _MOVED),
    "months_between": _build("months_between", Integer(), _between(f"({_FULL})")),
    "years_between": _build("years_between", Integer(), _between(f"div(CAST({_FULL} AS NUMERIC), 12)")),
    "business_days_between": _build("business_days_between", Integer(), _BUSINESS),
    "hour": _in_zone("hour"),
    "minute": _in_zone("minute"),
}
