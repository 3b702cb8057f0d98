"""Functions of numbers with one answer everywhere: each is exact, then rounded once, as arithmetic is."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal
from math import isqrt
from typing import Final

from xrm.metadata.expressions import exact
from xrm.metadata.expressions.exact import Number
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.values import EXACT_SCALE, MAX_DIGITS

MOST_POWER: Final = 12
# The highest power of 18 digits, and a square root of 18 digits far beyond what tells a half from nearly one.
_EXACT: Final = Context(prec=MAX_DIGITS * MOST_POWER + MAX_DIGITS)
_BOUND: Final = 10**MAX_DIGITS
_ROOT_PLACES: Final = MAX_DIGITS


def round_up(value: Number, places: int = 0) -> Number:
    """The number with so many decimals, away from zero."""
    return _shortened(value, places, ROUND_UP)


def round_down(value: Number, places: int = 0) -> Number:
    """The number with so many decimals, towards zero."""
    return _shortened(value, places, ROUND_DOWN)


def _shortened(value: Number, places: int, direction: str) -> Number:
    found = Decimal(value).quantize(Decimal(1).scaleb(-places), direction, context=_EXACT)
    return exact.rounded(found, places) if places else int(found)


def sign(value: Number) -> int:
    """1 above zero, -1 below, 0 for zero."""
    return (value > 0) - (value < 0)


def mod(result: Type, a: Number, b: Number) -> Number | None:
    """What is left of a after b fits into it so many whole times; it has the sign of b."""
    if not b:
        return None
    if result.kind is Kind.INTEGER:
        return exact.whole(int(a) % int(b))
    left = _EXACT.remainder(Decimal(a), Decimal(b))
    if left and (left < 0) is not (b < 0):
        left = _EXACT.add(left, Decimal(b))
    return exact.kept(left, result.scale)


def power(result: Type, value: Number, exponent: int) -> Number | None:
    """The number times itself so many times."""
    if result.kind is Kind.INTEGER:
        return exact.whole(int(value) ** exponent)
    found = _EXACT.power(Decimal(value), exponent) if exponent else Decimal(1)
    return exact.kept(found, result.scale) if abs(found) < _BOUND else None


def sqrt(value: Number) -> Decimal | None:
    """The square root; empty below zero."""
    if value < 0:
        return None
    units = int(Decimal(value).scaleb(2 * _ROOT_PLACES, _EXACT))
    return exact.kept(Decimal(isqrt(units)).scaleb(-_ROOT_PLACES, _EXACT), EXACT_SCALE)


def percent_of(part: Number, whole: Number) -> Decimal | None:
    """How many per cent of the whole the part is; empty when the whole is zero."""
    return exact.quotient(_EXACT.multiply(Decimal(part), 100), whole)


def clamp(value: object, low: object, high: object) -> object:
    """The value, or the bound that it passes; an empty bound is none."""
    if value is None:
        return None
    found = value if low is None or not value < low else low  # type: ignore[operator]
    return found if high is None or not found > high else high  # type: ignore[operator]
