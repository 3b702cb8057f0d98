"""The values that fields of several parts hold, and the folding and rounding with one answer everywhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

MONEY_SCALE = 4
EXACT_SCALE = 6
MAX_DIGITS = 18
REMEMBERED_LENGTH = 200  # longer texts would make the memory of foldings large
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

# What an amount in a currency is worth in the base currency; None where that is not known.
Worth = Callable[[Decimal, str], Decimal | None]


@dataclass(frozen=True, slots=True)
class Ref:
    """A record pointed at: entity name and id."""

    entity: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217 code) and, once stored, its value in the base currency."""

    amount: Decimal
    currency: str
    base: Decimal | None = None


def worth_in(base: str) -> Worth:
    """Amounts of the base currency are worth themselves, and nothing is worth nothing; no rate is known."""
    return lambda amount, currency: amount if currency == base or not amount else None


def no_worth(amount: Decimal, currency: str) -> Decimal | None:
    """Of no amount is known what it is worth."""
    return None


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name in parts; `full` is the display form."""

    first: str | None = None
    middle: str | None = None
    last: str | None = None
    salutation: str | None = None
    suffix: str | None = None

    @property
    def full(self) -> str:
        """First, middle, last and suffix, one space between; the salutation is not part of it."""
        return " ".join(p for p in (self.first, self.middle, self.last, self.suffix) if p)

    @property
    def whole(self) -> str:
        """What a name means in an expression that asks for no part of it."""
        return self.full


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in parts; `country` is an ISO 3166-1 alpha-2 code."""

    street: str | None = None
    number: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Geo:
    """A point in WGS 84: latitude and longitude in degrees with six decimals."""

    lat: Decimal
    lon: Decimal


def meant(value: Any, part: str = "") -> Any:
    """What an expression means by a value or its part, None where that is empty.

    A value of several parts may say in `whole` what it is without one.
    """
    found = getattr(value, part) if part else getattr(value, "whole", value)
    return None if found == "" else found


def fold(text: str) -> str:
    """The key under which two texts are the same to a reader: no case, no accents, no compatibility forms."""
    if text.isascii():
        return text.lower()
    return _fold_remembered(text) if len(text) <= REMEMBERED_LENGTH else _fold(text)


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFKD", bare.casefold())


_fold_remembered = lru_cache(maxsize=16384)(_fold)


def round_half_up(value: Decimal, places: int) -> Decimal:
    """`value` with exactly `places` decimals, halves away from zero."""
    return value.quantize(_one_at(places), rounding=ROUND_HALF_UP)


@lru_cache(maxsize=64)
def _one_at(places: int) -> Decimal:
    """One of the last of so many decimals."""
    return Decimal(1).scaleb(-places)
