"""Money: an amount, its currency and its value in the base currency, in three columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.iso import currencies, currency_decimals
from xrm.metadata.fieldtypes.numbers import (
    check_range,
    decimal_pattern,
    fit,
    plain,
    range_faults,
    read_decimal,
)
from xrm.metadata.fieldtypes.problems import bad, inside, read_parts, text_of, wrong_type
from xrm.metadata.names import NAME_PATTERN
from xrm.metadata.values import MAX_DIGITS, MONEY_SCALE, Money, Worth

RATE_ON = "rate_on"
EXAMPLE = '{"amount": "12.50", "currency": "EUR"}'
_WITH_CODE = re.compile(r"(?P<amount>\S+)\s+(?P<currency>[A-Za-z]{3})")
_PARTS = (
    Part("amount", Storage.DECIMAL, MAX_DIGITS, MONEY_SCALE),
    Part("currency", Storage.CODE, max_length=3),
    Part("base", Storage.DECIMAL, MAX_DIGITS, MONEY_SCALE),
)
_AMOUNT_TYPE = Type(Kind.DECIMAL, scale=MONEY_SCALE)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` with the decimals of its currency, halves rounded up; BadValue beyond 18 digits."""
    return fit(fit(amount, MAX_DIGITS, MONEY_SCALE), MAX_DIGITS, currency_decimals(currency))


def _parse(raw: Any, params: Params) -> Money | None:
    amount, currency = _amount_and_currency(raw)
    if amount is None and currency is None:
        return None
    if amount is None:
        raise bad("R126", f"Needs an amount, for example {EXAMPLE}.", path="amount")
    code = _currency(currency, params)
    value = _within(lambda: rounded(read_decimal(amount, "12.50"), code), isinstance(raw, Mapping))
    check_range(value, params, f" {code}")
    return Money(value, code)


def _within(read: Any, is_part: bool) -> Decimal:
    """What `read` gives; its refusal is about the amount if the value came in parts."""
    try:
        return Decimal(read())
    except BadValue as refusal:
        raise (inside(refusal, "amount") if is_part else refusal) from None


def _amount_and_currency(raw: Any) -> tuple[Any, Any]:
    if isinstance(raw, Mapping):
        parts = read_parts(raw, ("amount", "currency"), EXAMPLE)
        return parts.get("amount"), parts.get("currency")
    if isinstance(raw, str):
        match = _WITH_CODE.fullmatch(raw.strip())
        return (match["amount"], match["currency"]) if match else (raw, None)
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise wrong_type(raw, "an amount of money", EXAMPLE)
    return raw, None


def _currency(given: Any, params: Params) -> str:
    fixed = params.get("currency")
    if given is None:
        return str(fixed or params.get("default_currency") or _no_currency())
    code = text_of(given, "a currency code", '"EUR"').upper()
    if fixed and code != fixed:
        raise bad("R125", f"Must be in {fixed}.", f"Leave the currency out, or give {fixed}.", "currency")
    if code not in currencies():
        raise bad(
            "R125", "Must be in a known currency, for example EUR.", "Use the ISO 4217 code.", "currency"
        )
    return code


def _no_currency() -> str:
    raise bad("R125", f"Needs a currency, for example {EXAMPLE}.", "Give amount and currency.", "currency")


def _dump(value: Money, params: Params) -> dict[str, str]:
    decimals = currency_decimals(value.currency)
    return {"amount": plain(value.amount, decimals), "currency": value.currency}


def _split(value: Money, params: Params) -> tuple[Any, ...]:
    return (value.amount, value.currency, value.base)


def _join(scalars: tuple[Any, ...], params: Params) -> Money | None:
    amount, currency, base = scalars
    return None if amount is None else Money(amount, currency, base)


def _in_base(value: Money, worth: Worth) -> Money:
    """The money with what it is worth in the base currency."""
    return replace(value, base=worth(value.amount, value.currency))


def _type(params: Params) -> Type:
    """Money; the one option of a field that fixes its currency is that currency."""
    fixed = params.get("currency")
    return Type(Kind.MONEY, options=(fixed,) if fixed else (), scale=MONEY_SCALE)


def _part_types(params: Params) -> Mapping[str, Type]:
    return {"amount": _AMOUNT_TYPE, "currency": Type(Kind.CHOICE), "base": _AMOUNT_TYPE}


def _schema(params: Params) -> Mapping[str, Any]:
    fixed = params.get("currency")
    decimals = currency_decimals(fixed) if fixed else MONEY_SCALE
    currency = {"const": fixed} if fixed else {"type": "string", "enum": sorted(currencies())}
    amount = params.get("min", params.get("max", "12.5"))
    example = {"amount": plain(Decimal(str(amount)), decimals if fixed else 2), "currency": fixed or "EUR"}
    return {
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": decimal_pattern(MAX_DIGITS - MONEY_SCALE, decimals)},
            "currency": currency,
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
        "examples": [example],
    }


def _faults(params: Params) -> tuple[str, ...]:
    named = [params[key] for key in ("currency", "default_currency") if key in params]
    unknown = tuple(f"There is no currency {code}." for code in named if code not in currencies())
    return (*unknown, *range_faults(params))


_CODE = {"type": "string", "pattern": "^[A-Z]{3}$"}
_BOUND = {"type": ["number", "string"]}

MONEY = FieldType(
    name="money",
    summary="An amount in a currency, with its value in the base currency beside it.",
    example="claim: {type: money, currency: EUR, min: 0}",
    control=Control.MONEY,
    params={
        "currency": {**_CODE, "description": "The only currency it takes."},
        "default_currency": {**_CODE, "description": "The currency of an amount given without one."},
        RATE_ON: {
            "type": "string",
            "pattern": NAME_PATTERN,
            "description": "The date of the record whose exchange rate counts; without it, the day of the change.",
        },
        "min": {**_BOUND, "description": "The least amount it takes."},
        "max": {**_BOUND, "description": "The greatest amount it takes."},
    },
    parts=lambda params: _PARTS,
    parse=_parse,
    dump=_dump,
    split=_split,
    join=_join,
    expression=_type,
    part_types=_part_types,
    json_schema=_schema,
    faults=_faults,
    sorted_by=("base",),
    in_base=_in_base,
    can_be_unique=False,
)

MONEY_TYPES = (MONEY,)
