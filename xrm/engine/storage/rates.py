"""Exchange rates: what one of a currency is worth in the base currency, from a day on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import LEDGER
from xrm.engine.storage.types import Code, Date, Instant, Integer, ScaledDecimal, Uuid

RATE_DIGITS, RATE_SCALE = 18, 8
RATE = sa.Table(
    "xrm_rate",
    LEDGER,
    sa.Column("base", Code(), primary_key=True, nullable=False),
    sa.Column("currency", Code(), primary_key=True, nullable=False),
    sa.Column("day", Date(), primary_key=True, nullable=False),
    sa.Column("rate", ScaledDecimal(RATE_DIGITS, RATE_SCALE), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("actor", Uuid()),
)

# The currency in which all amounts are told what they are worth: one row, once there is any.
BASE = sa.Table(
    "xrm_base_currency",
    LEDGER,
    sa.Column("id", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("currency", Code(), nullable=False),
)


def keep_base(unit: UnitOfWork, currency: str) -> None:
    """Amounts are told in this currency from now on, unless it is known in which they are."""
    if unit.execute(sa.select(BASE.c.id)).first() is None:
        unit.execute(sa.insert(BASE), {"id": 1, "currency": currency})


class RateReader:
    """Finds the rate that counts on a day, with a statement compiled once."""

    def __init__(self, database: Database) -> None:
        told = (sa.bindparam(name, type_=RATE.c[name].type) for name in ("base", "currency", "day"))
        base, currency, day = told
        chosen = sa.select(RATE.c.rate).where(RATE.c.base == base, RATE.c.currency == currency)
        self._newest = database.prepare(chosen.where(RATE.c.day <= day).order_by(RATE.c.day.desc()).limit(1))

    def rate(self, unit: UnitOfWork, base: str, currency: str, day: date) -> Decimal | None:
        """The newest rate of the currency that was in force on the day; None if there was none yet."""
        row = unit.one(self._newest, {"base": base, "currency": currency, "day": day})
        return None if row is None else self._newest.read(row)[0]
