"""SQL for the functions of numbers and durations beyond rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from xrm.engine.projection import exact_sql as exact
from xrm.engine.projection.exact_sql import (
    KEPT_WHOLE,
    Element,
    Spelled,
    number,
    numeric,
    stored_as,
    unit_text,
    within,
)
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.storage.types import Integer
from xrm.metadata.expressions.signatures import written_number
from xrm.metadata.expressions.tree import Call, Node
from xrm.metadata.expressions.types import Kind, Type


class Values(Protocol):
    """What these functions ask of the compiler of expressions."""

    def value(self, node: Node, scope: SqlScope) -> Element: ...

    def like(self, node: Node, wanted: Node, scope: SqlScope) -> Element: ...


Build = Callable[[Values, Call, SqlScope], Element]
_ROOM: Final = "NUMERIC(60, 30)"  # a square root has as many decimals as its number, far beyond the six


def _whole(text: str, type_: Type) -> str:
    return f"CAST({text} AS BIGINT)" if type_.kind is Kind.INTEGER else text


def _shortened(name: str, postgresql: Callable[[int], str]) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        argument, places = node.arguments[0], node.type.decimals
        value = compiler.value(argument, scope)
        if argument.type.decimals == places:
            return value
        text = _whole(postgresql(places), node.type)
        drop = number(argument.type.decimals - places)
        return Spelled(name, [value, drop], stored_as(node.type), postgresql=text)

    return build


def _up(places: int) -> str:
    found = f"sign(xrm_r.v) * ceil(abs(xrm_r.v) * {10**places}) * {unit_text(places)}"
    return KEPT_WHOLE.format(found, f"{numeric(0)} AS v", "TRUE")


def _down(places: int) -> str:
    return f"trunc({numeric(0)}, {places})"


def _sign(compiler: Values, node: Call, scope: SqlScope) -> Element:
    value = compiler.value(node.arguments[0], scope)
    return Spelled("xrm_sign", [value], Integer(), postgresql=f"CAST(sign({numeric(0)}) AS BIGINT)")


def _mod(compiler: Values, node: Call, scope: SqlScope) -> Element:
    """The remainder of PostgreSQL has the sign of the dividend: the divisor is added and taken out again."""
    found = KEPT_WHOLE.format(
        "mod(mod(xrm_r.a, xrm_r.b) + xrm_r.b, xrm_r.b)",
        f"{numeric(0)} AS a, {numeric(1)} AS b",
        "xrm_r.b <> 0",
    )
    a, b = node.arguments
    factors = [number(10 ** (node.type.decimals - n.type.decimals)) for n in (a, b)]
    values = [compiler.value(a, scope), compiler.value(b, scope)]
    return Spelled("xrm_mod", [*values, *factors], stored_as(node.type), postgresql=within(found, node.type))


def _power(compiler: Values, node: Call, scope: SqlScope) -> Element:
    """A product written out, which PostgreSQL calculates exactly; its own power does not."""
    base, exponent = node.arguments[0], written_number(node.arguments)
    product = " * ".join(["xrm_r.v"] * exponent) or "1"
    found = KEPT_WHOLE.format(
        f"round({product}, {node.type.decimals})", f"{numeric(0)} AS v", "xrm_r.v IS NOT NULL"
    )
    drop = base.type.decimals * exponent - node.type.decimals
    arguments = [compiler.value(base, scope), number(exponent), number(drop)]
    return Spelled("xrm_power", arguments, stored_as(node.type), postgresql=within(found, node.type))


def _sqrt(compiler: Values, node: Call, scope: SqlScope) -> Element:
    argument = node.arguments[0]
    root = f"round(sqrt(CAST(xrm_r.v AS {_ROOM})), {node.type.decimals})"
    text = KEPT_WHOLE.format(root, f"{numeric(0)} AS v", "xrm_r.v >= 0")
    arguments = [compiler.value(argument, scope), number(argument.type.decimals)]
    return Spelled("xrm_sqrt", arguments, stored_as(node.type), postgresql=text)


def _percent_of(compiler: Values, node: Call, scope: SqlScope) -> Element:
    a, b = node.arguments
    shift = b.type.decimals + node.type.decimals - a.type.decimals + 2
    text = within(exact.quotient_text(node.type.decimals, 100), node.type)
    values = [compiler.value(a, scope), compiler.value(b, scope)]
    return Spelled("xrm_over", [*values, number(shift)], stored_as(node.type), postgresql=text)


def _clamp(compiler: Values, node: Call, scope: SqlScope) -> Element:
    text = KEPT_WHOLE.format(
        "LEAST(GREATEST(xrm_r.v, xrm_r.a), xrm_r.b)",
        "{0} AS v, {1} AS a, {2} AS b",
        "xrm_r.v IS NOT NULL",
    )
    values = [compiler.like(argument, node, scope) for argument in node.arguments]
    return Spelled("xrm_clamp", values, stored_as(node.type), postgresql=text)


def _counted(seconds: int) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        span = compiler.value(node.arguments[0], scope)
        return exact.divided(span, number(seconds), (0, 0), node.type)

    return build


SQL_NUMBERS: Final[Mapping[str, Build]] = {
    "round_up": _shortened("xrm_round_up", _up),
    "round_down": _shortened("xrm_round_down", _down),
    "sign": _sign,
    "mod": _mod,
    "power": _power,
    "sqrt": _sqrt,
    "percent_of": _percent_of,
    "clamp": _clamp,
    "in_days": _counted(86_400),
    "in_hours": _counted(3_600),
    "in_minutes": _counted(60),
}
