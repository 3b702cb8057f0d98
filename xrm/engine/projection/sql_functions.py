"""SQL for every function of the expression language, under the names of its function table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

import sqlalchemy as sa

from xrm.engine.projection import exact_sql as exact
from xrm.engine.projection.exact_sql import Element
from xrm.engine.projection.sql_days import SQL_DAYS
from xrm.engine.projection.sql_numbers import SQL_NUMBERS
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.projection.sql_texts import SQL_TEXTS
from xrm.engine.storage.types import Date, Integer, Text
from xrm.metadata.expressions.function_texts import folded as folded_text
from xrm.metadata.expressions.tree import (
    Access,
    Aggregate,
    Call,
    IfElse,
    Join,
    Literal,
    Node,
    Parameter,
)
from xrm.metadata.expressions.types import NUMBERS, Kind
from xrm.metadata.values import fold


class Values(Protocol):
    """What the compiler of expressions offers to functions."""

    def value(self, node: Node, scope: SqlScope) -> Element: ...

    def condition(self, node: Node, scope: SqlScope, positive: bool = True) -> sa.ColumnElement[bool]: ...

    def like(self, node: Node, wanted: Node, scope: SqlScope) -> Element: ...

    def aggregate(
        self, node: Aggregate, scope: SqlScope, value: Callable[[Node, SqlScope], Element]
    ) -> Element: ...

    def access(
        self, node: Access, scope: SqlScope, read: Callable[[Access, SqlScope], Element]
    ) -> Element: ...


Build = Callable[[Values, Call, SqlScope], Element]


def joined(parts: Sequence[Element]) -> Element:
    """The texts put together, empty when nothing is in them."""
    whole: Element = sa.func.coalesce(parts[0], "", type_=Text())
    for part in parts[1:]:
        whole = sa.type_coerce(whole.concat(sa.func.coalesce(part, "", type_=Text())), Text())
    return sa.func.nullif(whole, "", type_=Text())


def folded(compiler: Values, node: Node, scope: SqlScope) -> Element:
    """The text without case and accents, from what is kept so, written, or put together of such."""
    match node:
        case Literal():
            return sa.null() if node.value is None else sa.literal(fold(node.value), Text())
        case Parameter():
            return sa.bindparam(f"{node.name.replace('.', '__')}__key", type_=Text())
        case Access():
            return compiler.access(node, scope, lambda access, at: at.folded(access.path))
        case Join():
            return _joined_keys([folded(compiler, part, scope) for part in node.parts])
        case IfElse():
            then, otherwise = folded(compiler, node.then, scope), folded(compiler, node.otherwise, scope)
            return sa.case((compiler.condition(node.condition, scope), then), else_=otherwise)
        case Call(function="first_of"):
            return sa.func.coalesce(*(folded(compiler, a, scope) for a in node.arguments), type_=Text())
        case Call(function="lower" | "upper"):
            return folded(compiler, node.arguments[0], scope)
        case Call(function="text") if node.arguments[0].type.kind is Kind.TEXT:
            return folded(compiler, node.arguments[0], scope)
        case Aggregate():
            return compiler.aggregate(node, scope, lambda value, at: folded(compiler, value, at))
    return compiler.value(node, scope)


_MARK = "\x01"


def _joined_keys(parts: Sequence[Element]) -> Element:
    """Folded texts put together, empty only when all are: one that folds to nothing is still a text."""
    mark = sa.literal(_MARK, Text())
    whole = joined([mark.concat(part) for part in parts])
    return sa.func.replace(whole, mark, sa.literal("", Text()), type_=Text())


def _key(compiler: Values, node: Node, scope: SqlScope) -> Element:
    """The folded text, empty when nothing is left of it."""
    return sa.func.nullif(folded(compiler, node, scope), sa.literal("", Text()), type_=Text())


def _prefix(text: Element, start: str) -> Element:
    """A range, which an index on the folded column serves."""
    end = _after(start)
    low = text >= sa.literal(start, Text())
    return low if end is None else sa.and_(low, text < sa.literal(end, Text()))


def _after(start: str) -> str | None:
    """The least text that is greater than every text with this beginning, if there is one."""
    for place in range(len(start) - 1, -1, -1):
        code = ord(start[place]) + 1
        if code <= 0x10FFFF:
            return start[:place] + chr(0xE000 if code == 0xD800 else code)
    return None


def _starts_with(compiler: Values, node: Call, scope: SqlScope) -> Element:
    text, start = node.arguments
    if isinstance(start, Literal):
        key = folded_text(start.value)
        return sa.false() if key is None else _prefix(folded(compiler, text, scope), key)
    return exact.begins_with(folded(compiler, text, scope), _key(compiler, start, scope))


def _ends_with(compiler: Values, node: Call, scope: SqlScope) -> Element:
    text, end = node.arguments
    return exact.finishes_with(folded(compiler, text, scope), _key(compiler, end, scope))


def _contains(compiler: Values, node: Call, scope: SqlScope) -> Element:
    text, part = node.arguments
    return exact.position_of(folded(compiler, text, scope), _key(compiler, part, scope))


def _same_text(compiler: Values, node: Call, scope: SqlScope) -> Element:
    if any(isinstance(n, Literal) and folded_text(n.value) is not None for n in node.arguments):
        a, b = (folded(compiler, argument, scope) for argument in node.arguments)
        return a == b
    a, b = (_key(compiler, argument, scope) for argument in node.arguments)
    return a.is_not_distinct_from(b)


def _length(compiler: Values, node: Call, scope: SqlScope) -> Element:
    text = compiler.value(node.arguments[0], scope)
    return exact.spelled(
        "", text, Integer(), "CAST(coalesce(char_length({0}), 0) AS BIGINT)", "coalesce(length({0}), 0)"
    )


def _text(compiler: Values, node: Call, scope: SqlScope) -> Element:
    (argument,) = node.arguments
    value = compiler.value(argument, scope)
    if argument.type.kind in NUMBERS:
        return exact.number_text(value, argument.type.decimals)
    if argument.type.kind is Kind.DATE:
        return exact.spelled("", value, Text(), "(to_char({0}, 'YYYY-MM-DD') COLLATE \"C\")", "{0}")
    return sa.type_coerce(value, Text())


def _round(compiler: Values, node: Call, scope: SqlScope) -> Element:
    number = node.arguments[0]
    value = compiler.value(number, scope)
    if number.type.decimals == node.type.decimals:
        return value
    return exact.rounded(value, number.type.decimals, node.type)


def _whole(name: str) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        (number,) = node.arguments
        value = compiler.value(number, scope)
        return exact.whole(name, value, number.type.decimals) if number.type.decimals else value

    return build


def _abs(compiler: Values, node: Call, scope: SqlScope) -> Element:
    return exact.magnitude(compiler.value(node.arguments[0], scope), node.type)


def _extreme(name: str) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        return exact.extreme(name, [compiler.like(a, node, scope) for a in node.arguments], node.type)

    return build


def _first_of(compiler: Values, node: Call, scope: SqlScope) -> Element:
    values = [compiler.like(argument, node, scope) for argument in node.arguments]
    return sa.func.coalesce(*values, type_=exact.stored_as(node.type))


def _days_between(compiler: Values, node: Call, scope: SqlScope) -> Element:
    a, b = (compiler.value(argument, scope) for argument in node.arguments)
    return exact.days_from(a, b)


def _add(factor: int) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        day, count = (compiler.value(argument, scope) for argument in node.arguments)
        return exact.months_added(day, count, factor)

    return build


def _part_of_day(unit: str, first: int, length: int) -> Build:
    postgresql = f"CAST(extract({unit} FROM {{0}}) AS BIGINT)"
    sqlite = f"CAST(substr({{0}}, {first}, {length}) AS INTEGER)"

    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        return exact.spelled("", compiler.value(node.arguments[0], scope), Integer(), postgresql, sqlite)

    return build


def _weekday(compiler: Values, node: Call, scope: SqlScope) -> Element:
    day = compiler.value(node.arguments[0], scope)
    return exact.spelled("xrm_weekday", day, Integer(), "CAST(extract(isodow FROM {0}) AS BIGINT)")


_QUARTER = "printf('%02d', (substr({0}, 6, 2) - 1) / 3 * 3 + 1)"
_STARTS: Final[Mapping[str, str]] = {
    "week": "date({0}, '-6 days', 'weekday 1')",
    "month": "(substr({0}, 1, 7) || '-01')",
    "quarter": f"(substr({{0}}, 1, 5) || {_QUARTER} || '-01')",
    "year": "(substr({0}, 1, 4) || '-01-01')",
}


def _start_of(unit: str) -> Build:
    postgresql = f"CAST(date_trunc('{unit}', CAST({{0}} AS TIMESTAMP)) AS DATE)"
    sqlite = _STARTS[unit]

    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        return exact.spelled("", compiler.value(node.arguments[0], scope), Date(), postgresql, sqlite)

    return build


def _end_of_month(compiler: Values, node: Call, scope: SqlScope) -> Element:
    last = "date_trunc('month', CAST({0} AS TIMESTAMP)) + interval '1 month' - interval '1 day'"
    day = compiler.value(node.arguments[0], scope)
    return exact.spelled("xrm_month_end", day, Date(), f"CAST({last} AS DATE)")


def _date_of(compiler: Values, node: Call, scope: SqlScope) -> Element:
    zone: Element = sa.bindparam("zone", type_=Text())
    return exact.date_in_zone(compiler.value(node.arguments[0], scope), zone)


SQL_FUNCTIONS: Final[Mapping[str, Build]] = MappingProxyType(
    {
        "contains": _contains,
        "starts_with": _starts_with,
        "ends_with": _ends_with,
        "same_text": _same_text,
        "length": _length,
        "text": _text,
        "round": _round,
        "floor": _whole("xrm_floor"),
        "ceiling": _whole("xrm_ceiling"),
        "abs": _abs,
        "min": _extreme("xrm_least"),
        "max": _extreme("xrm_greatest"),
        "first_of": _first_of,
        "days_between": _days_between,
        "add_months": _add(1),
        "add_years": _add(12),
        "year": _part_of_day("year", 1, 4),
        "month": _part_of_day("month", 6, 2),
        "day": _part_of_day("day", 9, 2),
        "weekday": _weekday,
        "start_of_month": _start_of("month"),
        "end_of_month": _end_of_month,
        "start_of_week": _start_of("week"),
        "start_of_quarter": _start_of("quarter"),
        "start_of_year": _start_of("year"),
        "date_of": _date_of,
        **SQL_TEXTS,
        **SQL_NUMBERS,
        **SQL_DAYS,
    }
)
