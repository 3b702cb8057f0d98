"""SQL building blocks that the two databases spell differently, and that give the same exact answer on both.

On SQLite decimals are scaled integers and the functions of `storage.functions` calculate with them. On
PostgreSQL NUMERIC calculates; a result is taken once, in a subquery that the planner keeps whole, and is
empty where it passes the digits that are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeEngine

from xrm.engine.storage.functions import CHUNK
from xrm.engine.storage.types import (
    Boolean,
    Code,
    Date,
    Duration,
    Instant,
    Integer,
    Json,
    LongText,
    ScaledDecimal,
    StoredType,
    Text,
    Time,
    Uuid,
)
from xrm.metadata.expressions.exact import DAY, LONGEST
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.values import MAX_DIGITS

Element = sa.ColumnElement[Any]

FIRST_DAY, LAST_DAY = "DATE '0001-01-01'", "DATE '9999-12-31'"
_DAYS = 3_652_058  # from the first day to 9999-12-31
_FIRST_SECOND, _AFTER_LAST = -62_135_596_800, 253_402_300_800


# What tells two spelled expressions apart in SQLAlchemy's cache of statements.
_SPELLING = [
    *FunctionElement._traverse_internals,
    ("name", InternalTraversal.dp_string),
    ("on_postgresql", InternalTraversal.dp_string),
    ("on_sqlite", InternalTraversal.dp_string),
]


class Spelled(FunctionElement[Any]):
    """An expression with a text for each database, in which {0}, {1} ... stand for its arguments.

    Without a text for SQLite it is a call of the function `name` there.
    """

    inherit_cache = True
    _traverse_internals = _SPELLING

    def __init__(
        self,
        name: str,
        arguments: Sequence[Element],
        type_: TypeEngine[Any],
        *,
        postgresql: str,
        sqlite: str = "",
    ) -> None:
        super().__init__(*arguments)
        self.name, self.on_postgresql, self.on_sqlite = name, postgresql, sqlite
        self.type = type_


@compiles(Spelled)
def _spell(element: Spelled, compiler: SQLCompiler, **options: Any) -> str:
    written = [compiler.process(argument, **options) for argument in element.clauses]
    if compiler.dialect.name == "postgresql":
        return element.on_postgresql.format(*written)
    return (element.on_sqlite or f"{element.name}({', '.join(['{}'] * len(written))})").format(*written)


def number(value: int) -> Element:
    """A whole number as part of the statement's text."""
    return sa.literal_column(str(value))


def stored_as(type_: Type) -> StoredType:
    """The column type in which a value of this type lies."""
    if type_.kind is Kind.DECIMAL:
        return ScaledDecimal(MAX_DIGITS + 2, type_.scale)
    return _STORED[type_.kind]()


_STORED: dict[Kind, type[StoredType]] = {
    Kind.EMPTY: Text,
    Kind.TEXT: Text,
    Kind.LONG_TEXT: LongText,
    Kind.INTEGER: Integer,
    Kind.BOOLEAN: Boolean,
    Kind.DATE: Date,
    Kind.DATETIME: Instant,
    Kind.TIME: Time,
    Kind.DURATION: Duration,
    Kind.CHOICE: Code,
    Kind.OPTIONS: Json,
    Kind.REFERENCE: Uuid,
    Kind.MANY: Uuid,
    Kind.CALENDAR: LongText,
    Kind.OPAQUE: Text,
}


def rescaled(value: Element, decimals: int, wanted: int) -> Element:
    """The number with more decimals: another scaled integer on SQLite, the same on PostgreSQL."""
    if decimals == wanted:
        return value
    factor = number(10 ** (wanted - decimals))
    type_ = ScaledDecimal(MAX_DIGITS + 2, wanted)
    return Spelled("", [value, factor], type_, postgresql="{0}", sqlite="({0} * {1})")


# OFFSET 0 keeps the planner from putting the inner expression into the outer ones once more.
KEPT_WHOLE = "(SELECT {0} FROM (SELECT {1} OFFSET 0) AS xrm_r WHERE {2})"


def taken_from(result: str, rows: str, condition: str) -> str:
    """The result from one row that a subquery gives, where the condition holds of it."""
    return " ".join(("(SELECT", result, "FROM", rows, "AS xrm_r WHERE", condition + ")"))


def _once(calculation: str, condition: str, result: str = "xrm_r.r") -> str:
    """A calculation that is done once, and is empty unless the condition holds of its result xrm_r.r."""
    return KEPT_WHOLE.format(result, f"{calculation} AS r", condition)


def within(calculation: str, type_: Type) -> str:
    """PostgreSQL's text of a calculation, empty beyond the digits that are kept."""
    limit = LONGEST + 1 if type_.kind is Kind.DURATION else 10 ** (MAX_DIGITS - type_.decimals)
    result = "xrm_r.r" if type_.kind is Kind.DECIMAL else "CAST(xrm_r.r AS BIGINT)"
    return _once(calculation, f"xrm_r.r > -{limit} AND xrm_r.r < {limit}", result)


def fitted(value: Element, decimals: int, wanted: Type) -> Element:
    """The number as a value of the type, empty where it would have too many digits."""
    if decimals == wanted.decimals:
        return value
    factor = number(10 ** (wanted.decimals - decimals))
    return Spelled(
        "xrm_fit",
        [value, factor],
        stored_as(wanted),
        postgresql=within(numeric(0), wanted),
    )


def numeric(place: int) -> str:
    """The argument at that place as PostgreSQL's exact number."""
    return f"CAST({{{place}}} AS NUMERIC)"


def summed(terms: Sequence[tuple[Element, Type, int, Type]]) -> Element:
    """The terms added one after another, each with its type, sign and the type of the sum so far.

    SQLite gets them all in one call, so that a long sum is not a deep one.
    """
    result = terms[-1][3]
    plan = " ".join(
        f"{sign}/{result.decimals - type_.decimals}/{_bound_of(so_far, result, place)}"
        for place, (_, type_, sign, so_far) in enumerate(terms)
    )
    text = numeric(1)
    for place, (_, _, sign, so_far) in enumerate(terms[1:], start=2):
        text = within(f"{text} {'+' if sign > 0 else '-'} {numeric(place)}", so_far)
    values = [value for value, *_ in terms]
    plan_text: Element = sa.literal_column(f"'{plan}'")
    return Spelled("xrm_sum", [plan_text, *values], stored_as(result), postgresql=text)


def _bound_of(so_far: Type, result: Type, place: int) -> int:
    """The digits that the sum may have, at the scale of the result; the first term may have any number."""
    return 60 if place == 0 else MAX_DIGITS + result.decimals - so_far.decimals


def multiplied(a: Element, b: Element, decimals: tuple[int, int], result: Type) -> Element:
    """a * b."""
    drop = sum(decimals) - result.decimals
    calculation = f"round({numeric(0)} * {numeric(1)}, {result.decimals})"
    return Spelled(
        "xrm_times", [a, b, number(drop)], stored_as(result), postgresql=within(calculation, result)
    )


def divided(
    a: Element, b: Element, decimals: tuple[int, int], result: Type, name: str = "xrm_over"
) -> Element:
    """a / b, half away from zero; empty when b is zero."""
    shift = decimals[1] + result.decimals - decimals[0]
    return Spelled(
        name,
        [a, b, number(shift)],
        stored_as(result),
        postgresql=within(quotient_text(result.decimals), result),
    )


def quotient_text(places: int, factor: int = 1) -> str:
    """An exact quotient of the dividend times the factor.

    Whole division of twice the dividend plus the divisor rounds the half up.
    """
    signs = "sign(xrm_r.a) * sign(xrm_r.b)"
    whole = f"div(abs(xrm_r.a) * {2 * 10**places} + abs(xrm_r.b), abs(xrm_r.b) * 2)"
    dividend = numeric(0) if factor == 1 else f"{numeric(0)} * {factor}"
    operands = f"{dividend} AS a, {numeric(1)} AS b"
    return KEPT_WHOLE.format(f"{signs} * {whole} * {unit_text(places)}", operands, "xrm_r.b <> 0")


def unit_text(places: int) -> str:
    """One of the last of so many decimals, written out."""
    return f"0.{'1'.rjust(places, '0')}" if places else "1"


def span_added(a: Element, b: Element, sign: int) -> Element:
    """The duration a + b, or a - b."""
    calculation = f"{numeric(0)} {'+' if sign > 0 else '-'} {numeric(1)}"
    kind = Type(Kind.DURATION)
    return Spelled("xrm_span_plus", [a, b, number(sign)], Duration(), postgresql=within(calculation, kind))


def span_multiplied(span: Element, factor: Element, decimals: int) -> Element:
    """The duration times a number, to the second."""
    calculation = f"round({numeric(0)} * {numeric(1)}, 0)"
    arguments = [span, factor, number(decimals)]
    return Spelled(
        "xrm_span_times", arguments, Duration(), postgresql=within(calculation, Type(Kind.DURATION))
    )


def span_divided(span: Element, divisor: Element, decimals: int) -> Element:
    """The duration divided by a number, to the second."""
    return divided(span, divisor, (0, decimals), Type(Kind.DURATION), "xrm_span_over")


def day_moved(day: Element, span: Element, sign: int) -> Element:
    """The date so many whole days later or earlier."""
    moved = f"({{0}} - {FIRST_DAY}) {'+' if sign > 0 else '-'} div({numeric(1)}, {DAY})"
    result = f"{FIRST_DAY} + CAST(xrm_r.r AS INTEGER)"
    text = _once(moved, f"xrm_r.r BETWEEN 0 AND {_DAYS}", result)
    return Spelled("xrm_later_day", [day, span, number(sign)], Date(), postgresql=text)


def moment_moved(moment: Element, span: Element, sign: int) -> Element:
    """The instant so much later or earlier."""
    operator = "+" if sign > 0 else "-"
    operands = f"{{0}} AS at, {numeric(1)} AS s"
    reached = f"extract(epoch FROM xrm_r.at) {operator} xrm_r.s"
    result = f"xrm_r.at {operator} make_interval(secs => CAST(xrm_r.s AS DOUBLE PRECISION))"
    condition = f"{reached} >= {_FIRST_SECOND} AND {reached} < {_AFTER_LAST}"
    text = KEPT_WHOLE.format(result, operands, condition)
    return Spelled("xrm_later", [moment, span, number(sign)], Instant(), postgresql=text)


def between_moments(a: Element, b: Element) -> Element:
    """The duration from b to a, in whole seconds."""
    text = "CAST(floor(extract(epoch FROM ({0} - {1}))) AS BIGINT)"
    return Spelled("xrm_between", [a, b], Duration(), postgresql=text)


def days_from(a: Element, b: Element) -> Element:
    """The number of days from a to b."""
    return Spelled("xrm_days", [a, b], Integer(), postgresql="CAST({1} - {0} AS BIGINT)")


def between_days(a: Element, b: Element) -> Element:
    """The duration from b to a."""
    sqlite, text = f"(xrm_days({{1}}, {{0}}) * {DAY})", f"(CAST({{0}} - {{1}} AS BIGINT) * {DAY})"
    return Spelled("", [a, b], Duration(), postgresql=text, sqlite=sqlite)


def months_added(day: Element, count: Element, factor: int) -> Element:
    """The same day of another month, `count` times `factor` months later."""
    operands = f"{{0}} AS d, {numeric(1)} * {factor} AS n"
    month = "extract(year FROM xrm_r.d) * 12 + extract(month FROM xrm_r.d) - 1 + xrm_r.n"
    result = "CAST(xrm_r.d + make_interval(months => CAST(xrm_r.n AS INTEGER)) AS DATE)"
    text = KEPT_WHOLE.format(result, operands, f"{month} BETWEEN 12 AND 119999")
    return Spelled("xrm_add_months", [day, count, number(factor)], Date(), postgresql=text)


def date_in_zone(moment: Element, zone: Element) -> Element:
    """The date that it is at that instant in the zone."""
    text = _once("CAST({0} AT TIME ZONE {1} AS DATE)", f"xrm_r.r BETWEEN {FIRST_DAY} AND {LAST_DAY}")
    return Spelled("xrm_date_in", [moment, zone], Date(), postgresql=text)


def spelled(
    name: str, argument: Element, type_: TypeEngine[Any], postgresql: str, sqlite: str = ""
) -> Element:
    """A function of one argument."""
    return Spelled(name, [argument], type_, postgresql=postgresql, sqlite=sqlite)


def magnitude(value: Element, type_: Type) -> Element:
    """The number without its sign."""
    return Spelled("xrm_abs", [value], stored_as(type_), postgresql=within(f"abs({numeric(0)})", type_))


def rounded(value: Element, decimals: int, result: Type) -> Element:
    """The number with fewer decimals, half away from zero."""
    text = f"round({numeric(0)}, {result.decimals})"
    if result.kind is Kind.INTEGER:
        text = f"CAST({text} AS BIGINT)"
    arguments = [value, number(decimals - result.decimals)]
    return Spelled("xrm_round", arguments, stored_as(result), postgresql=text)


def whole(name: str, value: Element, decimals: int) -> Element:
    """floor or ceiling of the number."""
    function = {"xrm_floor": "floor", "xrm_ceiling": "ceil"}[name]
    text = f"CAST({function}({numeric(0)}) AS BIGINT)"
    return Spelled(name, [value, number(decimals)], Integer(), postgresql=text)


def number_text(value: Element, decimals: int) -> Element:
    """The number as text, without zeros at the end."""
    text = f'(CAST(trim_scale({numeric(0)}) AS TEXT) COLLATE "C")'
    return Spelled("xrm_number_text", [value, number(decimals)], Text(), postgresql=text)


def extreme(name: str, values: Sequence[Element], type_: Type) -> Element:
    """The least or greatest of the values that are not empty."""
    places = ", ".join(f"{{{i}}}" for i in range(len(values)))
    function = {"xrm_least": "LEAST", "xrm_greatest": "GREATEST"}[name]
    return Spelled(name, values, stored_as(type_), postgresql=f"{function}({places})")


def has_option(options: Element, option: Element) -> Element:
    """True when the set holds the option; empty when there is no set on PostgreSQL, false on SQLite."""
    return Spelled(
        "",
        [options, option],
        Boolean(),
        postgresql="({0} @> to_jsonb(CAST({1} AS TEXT)))",
        sqlite="EXISTS (SELECT 1 FROM json_each({0}) AS xrm_e WHERE xrm_e.value = {1})",
    )


def position_of(text: Element, part: Element) -> Element:
    """True when the text has the part inside."""
    return Spelled(
        "", [text, part], Boolean(), postgresql="(strpos({0}, {1}) > 0)", sqlite="(instr({0}, {1}) > 0)"
    )


def begins_with(text: Element, start: Element) -> Element:
    """True when the text begins with the other one."""
    return Spelled(
        "",
        [text, start],
        Boolean(),
        postgresql="starts_with({0}, {1})",
        sqlite="(substr({0}, 1, length({1})) = {1})",
    )


def finishes_with(text: Element, end: Element) -> Element:
    """True when the text ends with the other one."""
    return Spelled(
        "",
        [text, end],
        Boolean(),
        postgresql="starts_with(reverse({0}), reverse({1}))",
        sqlite="(substr({0}, -length({1})) = {1})",
    )


def sum_of(value: Element, type_: Type) -> Element:
    """The aggregate of the numbers of a query, to be passed through `bounded_sum`."""
    sqlite = f"xrm_total(coalesce(sum({{0}} / {CHUNK}), 0), coalesce(sum({{0}} % {CHUNK}), 0))"
    return Spelled("", [value], stored_as(type_), postgresql=f"coalesce(sum({numeric(0)}), 0)", sqlite=sqlite)


def mean_of(value: Element, decimals: int, type_: Type) -> Element:
    """The aggregate mean of the numbers of a query, to be passed through `bounded_sum`."""
    places = type_.decimals
    total, count = f"sum({numeric(0)})", "count({0})"
    whole_part = f"div(abs({total}) * {2 * 10**places} + {count}, NULLIF({count}, 0) * 2)"
    shift = places - decimals
    sqlite = f"xrm_mean(sum({{0}} / {CHUNK}), sum({{0}} % {CHUNK}), {count}, {shift})"
    postgresql = f"sign({total}) * {whole_part} * {unit_text(places)}"
    return Spelled("", [value], stored_as(type_), postgresql=postgresql, sqlite=sqlite)


def bounded(value: Element, type_: Type) -> Element:
    """The value of an aggregate, empty beyond the digits that are kept."""
    return Spelled("", [value], stored_as(type_), postgresql=within("{0}", type_), sqlite="{0}")
