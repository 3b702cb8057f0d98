"""The functions of numbers and of values in order. SQL and the browser have tables under the same names."""

from __future__ import annotations

from typing import Any, Final

from xrm.metadata.expressions import calculation, exact
from xrm.metadata.expressions.signatures import (
    NUMBER,
    PLACES,
    PLAIN,
    SPANS,
    WHOLE,
    Argument,
    Function,
    alike,
    always,
    common,
    like_first,
    raised,
    rounded,
)
from xrm.metadata.expressions.types import DECIMAL, INTEGER, NUMBERS, ORDERED
from xrm.metadata.values import EXACT_SCALE


def _round(value: exact.Number, places: int | None = None) -> exact.Number:
    return int(exact.rounded(value, 0)) if places is None else exact.rounded(value, min(places, EXACT_SCALE))


def _floor(value: exact.Number) -> int:
    return value if isinstance(value, int) else int(value.to_integral_value("ROUND_FLOOR"))


def _ceiling(value: exact.Number) -> int:
    return value if isinstance(value, int) else int(value.to_integral_value("ROUND_CEILING"))


def _first_of(*values: Any) -> Any:
    return next((v for v in values if v is not None), None)


def _least(*values: Any) -> Any:
    return min((v for v in values if v is not None), default=None)


def _greatest(*values: Any) -> Any:
    return max((v for v in values if v is not None), default=None)


def _counted(name: str, unit: str, seconds: int, example: str, answer: str) -> Function:
    return Function(
        name,
        f"How many {unit} a duration is, with decimals.",
        example,
        answer,
        (Argument("duration", SPANS),),
        always(DECIMAL),
        lambda span: exact.quotient(exact.seconds_of(span), seconds),
    )


NUMBER_FUNCTIONS: Final = (
    Function(
        "round",
        "The number with so many decimals (0 to 6, none when left out), halves away from zero.",
        "round(10 / 3, 2)",
        "3.33",
        (NUMBER, PLACES),
        rounded,
        _round,
        optional=1,
    ),
    Function(
        "round_up",
        "The number with so many decimals (0 to 6, none when left out), away from zero.",
        "round_up(2.341, 2)",
        "2.35",
        (NUMBER, PLACES),
        rounded,
        calculation.round_up,
        optional=1,
    ),
    Function(
        "round_down",
        "The number with so many decimals (0 to 6, none when left out), towards zero.",
        "round_down(-2.349, 2)",
        "-2.34",
        (NUMBER, PLACES),
        rounded,
        calculation.round_down,
        optional=1,
    ),
    Function(
        "floor", "The whole number at or below.", "floor(-1.5)", "-2", (NUMBER,), always(INTEGER), _floor
    ),
    Function(
        "ceiling",
        "The whole number at or above.",
        "ceiling(-1.5)",
        "-1",
        (NUMBER,),
        always(INTEGER),
        _ceiling,
    ),
    Function(
        "abs", "The number without its sign.", "abs(-3.5)", "3.5", (NUMBER,), like_first, exact.magnitude
    ),
    Function(
        "sign",
        "1 for a number above zero, -1 below, 0 for zero.",
        "sign(-3.5)",
        "-1",
        (NUMBER,),
        always(INTEGER),
        calculation.sign,
    ),
    Function(
        "mod",
        "What is left after whole divisions; it has the sign of the divisor. Empty when that is zero.",
        "mod(-7, 3)",
        "2",
        (NUMBER, Argument("divisor", NUMBERS)),
        common,
        calculation.mod,
        typed=True,
    ),
    Function(
        "power",
        f"The number multiplied by itself so many times (0 to {calculation.MOST_POWER}).",
        "power(1.05, 3)",
        "1.157625",
        (NUMBER, Argument("exponent", WHOLE, written=True, most=calculation.MOST_POWER)),
        raised,
        calculation.power,
        typed=True,
    ),
    Function(
        "sqrt",
        "The square root with six decimals; empty for a number below zero.",
        "sqrt(2)",
        "1.414214",
        (NUMBER,),
        always(DECIMAL),
        calculation.sqrt,
    ),
    Function(
        "percent_of",
        "How many per cent of the whole the part is, with six decimals; empty when the whole is zero.",
        "percent_of(30, 120)",
        "25",
        (Argument("part", NUMBERS), Argument("whole", NUMBERS)),
        always(DECIMAL),
        calculation.percent_of,
    ),
    Function(
        "min",
        "The least of the values; empty ones do not count. Over many records: min(deals, amount).",
        "min(5, 2.5, empty)",
        "2.5",
        (alike("value", ORDERED), alike("other", ORDERED)),
        like_first,
        _least,
        repeats=True,
        strict=False,
    ),
    Function(
        "max",
        "The greatest of the values; empty ones do not count. Over many records: max(deals, amount).",
        "max(5, 2.5, empty)",
        "5",
        (alike("value", ORDERED), alike("other", ORDERED)),
        like_first,
        _greatest,
        repeats=True,
        strict=False,
    ),
    Function(
        "clamp",
        "The value, or the bound that it passes; an empty bound does not count.",
        "clamp(130, 0, 100)",
        "100",
        (alike("value", ORDERED), alike("least", ORDERED), alike("greatest", ORDERED)),
        like_first,
        calculation.clamp,
        strict=False,
    ),
    Function(
        "first_of",
        "The first of the values that is not empty.",
        'first_of(empty, "Ana", "nobody")',
        '"Ana"',
        (alike("value", PLAIN), alike("other", PLAIN)),
        like_first,
        _first_of,
        repeats=True,
        strict=False,
    ),
    _counted("in_days", "days", exact.DAY, "in_days(36h)", "1.5"),
    _counted("in_hours", "hours", 3_600, "in_hours(90 min)", "1.5"),
    _counted("in_minutes", "minutes", 60, "in_minutes(90s)", "1.5"),
)
