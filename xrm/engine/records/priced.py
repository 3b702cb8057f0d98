"""Fields whose values are stored with their worth in the base currency, and the rates by which that is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.rates import RateReader
from xrm.metadata.fieldtypes.money import RATE_ON, rounded
from xrm.metadata.model import Field
from xrm.metadata.values import Worth, no_worth, worth_in


@dataclass(frozen=True, slots=True)
class Priced:
    """A field whose values have a worth. Nothing is asked in the base currency of one that `is_fixed` to another."""

    name: str
    in_base: Callable[[Any, Worth], Any]
    rate_on: str
    is_fixed: bool

    @staticmethod
    def of(field: Field) -> Priced:
        """The field, which has a worth."""
        if field.type.in_base is None:
            raise AssertionError("only amounts have a worth")
        params = field.params
        return Priced(field.name, field.type.in_base, str(params.get(RATE_ON, "")), "currency" in params)

    def bare(self, value: Any) -> Any:
        """The value without its worth."""
        return self.in_base(value, no_worth)

    def is_known(self, value: Any) -> bool:
        """Whether it is known what the value is worth."""
        return bool(value != self.bare(value))


class Rates:
    """What amounts are worth by the rate of a day; each rate is asked for once in a transaction."""

    def __init__(self, unit: UnitOfWork, reader: RateReader, base: str) -> None:
        self._unit, self._reader, self.base = unit, reader, base
        self._own = worth_in(base)
        self._found: dict[tuple[str, date], Decimal | None] = {}

    def on(self, day: date) -> Worth:
        """The worth of amounts on that day, rounded as the base currency is; BadValue where it has too many digits."""

        def worth(amount: Decimal, currency: str) -> Decimal | None:
            known = self._own(amount, currency)
            rate = self.rate(currency, day) if known is None else None
            return known if rate is None else rounded(amount * rate, self.base)

        return worth

    def rate(self, currency: str, day: date) -> Decimal | None:
        """What one of the currency is worth on the day; None if no rate is known."""
        key = currency, day
        if key not in self._found:
            self._found[key] = self._reader.rate(self._unit, self.base, currency, day)
        return self._found[key]
