"""Whole numbers, decimals, percentages and ratings, exact and bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from xrm.metadata.expressions.types import INTEGER as INTEGER_VALUE
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.columns import alone, as_is, column, only, typed
from xrm.metadata.fieldtypes.problems import bad, wrong_type
from xrm.metadata.values import INT64_MAX, INT64_MIN, MAX_DIGITS, round_half_up

DEFAULT_SCALE = 2
DEFAULT_STARS = 5
MOST_STARS = 10
_LONGEST_NUMBER = 60
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


def read_decimal(raw: object, example: str) -> Decimal:
    """The finite number that `raw` says: a JSON number, or text with a point before its decimals."""
    if isinstance(raw, bool):
        raise wrong_type(raw, "a number", example)
    if isinstance(raw, str):
        return _decimal_of_text(raw.strip(), example)
    if isinstance(raw, int):
        return _decimal_of_int(raw)
    if not isinstance(raw, float | Decimal):
        raise wrong_type(raw, "a number", example)
    number = Decimal(repr(raw)) if isinstance(raw, float) else raw
    if not number.is_finite():
        raise bad("R116", f"Must be a number, for example {example}.", "It must be finite.")
    return number


def _decimal_of_text(text: str, example: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        hint = "Use a point before the decimals and nothing between thousands." if "," in text else ""
        raise bad("R116", f"Must be a number, for example {example}.", hint)
    return Decimal(text)


def _decimal_of_int(number: int) -> Decimal:
    if not INT64_MIN <= number <= INT64_MAX:
        raise bad("R117", f"Must have at most {MAX_DIGITS} digits.")
    return Decimal(number)


def read_integer(raw: object, example: str, params: Params) -> int:
    """The whole number that `raw` says, within 64 bits; beyond them the bounds of the field are told."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        number = raw
    else:
        exact = read_decimal(raw, example)
        if exact and exact.adjusted() > len(str(INT64_MAX)):
            raise _beyond_64_bits(params)
        if exact != exact.to_integral_value():
            raise bad("R116", f"Must be a whole number, for example {example}.", "Leave out the decimals.")
        number = int(exact)
    if not INT64_MIN <= number <= INT64_MAX:
        raise _beyond_64_bits(params)
    return number


def _beyond_64_bits(params: Params) -> BadValue:
    low, high = params.get("min", INT64_MIN), params.get("max", INT64_MAX)
    return bad("R117", f"Must be {_range_words(low, high, '')}.")


def fit(value: Decimal, precision: int, scale: int) -> Decimal:
    """`value` with exactly `scale` decimals, halves rounded up, once it has room in `precision` digits."""
    if _is_too_wide(value, precision - scale):
        raise _too_wide(precision - scale)
    rounded = round_half_up(value, scale)
    if _is_too_wide(rounded, precision - scale):
        raise _too_wide(precision - scale)
    return rounded or abs(rounded)  # zero has no sign at rest


def _is_too_wide(value: Decimal, digits: int) -> bool:
    return bool(value) and value.adjusted() >= digits


def _too_wide(digits: int) -> BadValue:
    return bad("R117", f"Must have at most {digits} digits before the point.")


# A bound as text: what a number may look like in a file, and no larger than a field can hold.
_BOUND = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")


def check_range(value: Decimal | int, params: Params, unit: str = "") -> None:
    """Nothing happens if `value` lies within the parameters min and max."""
    low, high = params.get("min"), params.get("max")
    if (low is None or value >= Decimal(str(low))) and (high is None or value <= Decimal(str(high))):
        return
    raise bad("R117", f"Must be {_range_words(low, high, unit)}.")


def _range_words(low: object, high: object, unit: str) -> str:
    if low is None:
        return f"at most {high}{unit}"
    return f"at least {low}{unit}" if high is None else f"between {low}{unit} and {high}{unit}"


def plain(value: Decimal, scale: int) -> str:
    """The number written with exactly `scale` decimals and without an exponent."""
    return format(round_half_up(value, scale), "f")


def range_faults(params: Params) -> tuple[str, ...]:
    """What is wrong with min and max, each and together."""
    given = {name: params[name] for name in ("min", "max") if params.get(name) is not None}
    strange = [name for name, said in given.items() if not _BOUND.fullmatch(str(said))]
    if strange:
        return tuple(f"{name} {str(given[name])[:40]!r} is no number." for name in strange)
    if len(given) > 1 and Decimal(str(given["min"])) > Decimal(str(given["max"])):
        return (f"min {given['min']} is above max {given['max']}.",)
    return ()


def _decimal_faults(params: Params) -> tuple[str, ...]:
    scale, precision = scale_of(params), precision_of(params)
    if scale > precision:
        return (f"scale {scale} is above precision {precision}.", *range_faults(params))
    return range_faults(params)


def scale_of(params: Params) -> int:
    """The decimals that a decimal or percent field keeps."""
    return int(params.get("scale", DEFAULT_SCALE))


def precision_of(params: Params) -> int:
    """The digits that a decimal or percent field keeps in all."""
    return int(params.get("precision", MAX_DIGITS))


def _decimal_parts(params: Params) -> tuple[Part, ...]:
    return (Part("", Storage.DECIMAL, precision_of(params), scale_of(params)),)


def _parse_integer(raw: Any, params: Params) -> int:
    number = read_integer(raw, "12500", params)
    check_range(number, params)
    return number


def _parse_decimal(raw: Any, params: Params) -> Decimal:
    value = fit(read_decimal(raw, "12.50"), precision_of(params), scale_of(params))
    check_range(value, params)
    return value


def _parse_percent(raw: Any, params: Params) -> Decimal:
    bare = raw.strip().removesuffix("%") if isinstance(raw, str) else raw
    value = fit(read_decimal(bare, "12.5"), precision_of(params), scale_of(params))
    check_range(value, params, " %")
    return value


def _dump_decimal(value: Decimal, params: Params) -> str:
    return plain(value, scale_of(params))


def _decimal_type(params: Params) -> Type:
    return Type(Kind.DECIMAL, scale=scale_of(params))


def decimal_pattern(whole: int, scale: int) -> str:
    """A regular expression for the numbers of so many digits before and after the point, as text."""
    digits = rf"[0-9]{{1,{whole}}}" if whole else "0"
    return rf"^-?{digits}(\.[0-9]{{1,{scale}}})?$" if scale else rf"^-?{digits}$"


def _decimal_schema(params: Params) -> Mapping[str, Any]:
    scale = scale_of(params)
    pattern = decimal_pattern(precision_of(params) - scale, scale)
    return {"type": "string", "pattern": pattern, "examples": [plain(_sample(params), scale)]}


def _sample(params: Params) -> Decimal:
    return Decimal(str(params.get("min", params.get("max", "0"))))


def _integer_schema(params: Params) -> Mapping[str, Any]:
    low, high = params.get("min", INT64_MIN), params.get("max", INT64_MAX)
    return {
        "type": "integer",
        "format": "int64",
        "minimum": low,
        "maximum": high,
        "examples": [min(max(12, low), high)],
    }


def _stars(params: Params) -> int:
    return int(params.get("max", DEFAULT_STARS))


def _parse_rating(raw: Any, params: Params) -> int:
    bounds = {"min": 1, "max": _stars(params)}
    number = read_integer(raw, "4", bounds)
    check_range(number, bounds)
    return number


def _rating_schema(params: Params) -> Mapping[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": _stars(params), "examples": [_stars(params)]}


_WHOLE = {"type": "integer", "minimum": INT64_MIN, "maximum": INT64_MAX}
_RANGE = {
    "min": {"type": ["number", "string"], "description": "The least value it takes."},
    "max": {"type": ["number", "string"], "description": "The greatest value it takes."},
}
_DIGITS = {
    "precision": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_DIGITS,
        "default": MAX_DIGITS,
        "description": "Its digits in all.",
    },
    "scale": {
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_DIGITS,
        "default": DEFAULT_SCALE,
        "description": "Its decimals; more are rounded, halves up.",
    },
}

INTEGER = FieldType(
    name="integer",
    summary="A whole number of 64 bits.",
    example="employees: {type: integer, min: 0}",
    control=Control.NUMBER,
    params={
        "min": {**_WHOLE, "description": "The least value it takes."},
        "max": {**_WHOLE, "description": "The greatest value it takes."},
    },
    parts=column(Storage.INTEGER),
    parse=_parse_integer,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(INTEGER_VALUE),
    json_schema=_integer_schema,
    faults=range_faults,
)

DECIMAL = FieldType(
    name="decimal",
    summary="An exact number with a fixed count of decimals.",
    example="weight: {type: decimal, precision: 12, scale: 3, min: 0}",
    control=Control.DECIMAL,
    params={**_DIGITS, **_RANGE},
    parts=_decimal_parts,
    parse=_parse_decimal,
    dump=_dump_decimal,
    split=alone,
    join=only,
    expression=_decimal_type,
    json_schema=_decimal_schema,
    faults=_decimal_faults,
)

PERCENT = FieldType(
    name="percent",
    summary="A percentage: 10 means 10 %.",
    example="probability: {type: percent, scale: 0, min: 0, max: 100}",
    control=Control.PERCENT,
    params={**_DIGITS, **_RANGE},
    parts=_decimal_parts,
    parse=_parse_percent,
    dump=_dump_decimal,
    split=alone,
    join=only,
    expression=_decimal_type,
    json_schema=_decimal_schema,
    faults=_decimal_faults,
)

RATING = FieldType(
    name="rating",
    summary="A number of stars, from 1.",
    example="satisfaction: {type: rating, max: 5}",
    control=Control.RATING,
    params={
        "max": {
            "type": "integer",
            "minimum": 2,
            "maximum": MOST_STARS,
            "default": DEFAULT_STARS,
            "description": "The stars of the best rating.",
        }
    },
    parts=column(Storage.INTEGER),
    parse=_parse_rating,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(INTEGER_VALUE),
    json_schema=_rating_schema,
)

NUMBER_TYPES = (INTEGER, DECIMAL, PERCENT, RATING)
