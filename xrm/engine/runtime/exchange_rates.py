"""Exchange rates as administrators keep them: read, entered one by one or by file, and taken out again.

A rate says what one of a currency is worth in the base currency from its day on. It tells what amounts are worth that
are written after it was entered; what is stored stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, BinaryIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from xrm.engine.commands import Actor
from xrm.engine.identity.audit import note
from xrm.engine.identity.work import demand_administrator
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.rates import RATE, RATE_DIGITS, RATE_SCALE
from xrm.engine.transfer.reader import open_table
from xrm.engine.world import World
from xrm.errors import Invalid, NotFound, Place, Problem, Problems
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.iso import currencies
from xrm.metadata.fieldtypes.numbers import fit, plain, read_decimal
from xrm.metadata.fieldtypes.problems import bad, text_of
from xrm.metadata.fieldtypes.times import DATE
from xrm.settings import Settings

KEEP = "keep exchange rates"
CURRENCY, DAY, RATE_NAME, PER_BASE = "currency", "day", "rate", "per_base"
NAMES = (CURRENCY, DAY, RATE_NAME, PER_BASE)
ROWS = 200
_PORTION = 500


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """What one of the currency is worth in the base currency from the day on; who said so, and when."""

    currency: str
    day: date
    rate: Decimal
    at: datetime | None = None
    actor: UUID | None = None

    @property
    def text(self) -> str:
        """The rate as a text of eight decimals."""
        return plain(self.rate, RATE_SCALE)


class ExchangeRates:
    """The exchange rates of one installation."""

    def __init__(self, database: Database, world: World, settings: Settings) -> None:
        self._database, self._world, self._settings = database, world, settings
        insert = sqlite.insert if database.dialect.is_sqlite else postgresql.insert
        new = insert(RATE)
        told = {name: new.excluded[name] for name in ("rate", "at", "actor")}
        self._put = new.on_conflict_do_update(index_elements=["base", "currency", "day"], set_=told)

    @property
    def base(self) -> str:
        """The base currency."""
        return self._settings.currency

    def today(self) -> date:
        """The day of the organisation."""
        return self._world.now().astimezone(ZoneInfo(self._settings.zone)).date()

    def in_force(self, actor: Actor, day: date | None = None) -> list[ExchangeRate]:
        """Of each currency the rate that counts on the day, today if none is named."""
        demand_administrator(actor, KEEP)
        newest = (
            sa.select(RATE.c.currency, sa.func.max(RATE.c.day).label("day"))
            .where(RATE.c.base == self.base, RATE.c.day <= (day or self.today()))
            .group_by(RATE.c.currency)
            .subquery()
        )
        same = sa.and_(RATE.c.currency == newest.c.currency, RATE.c.day == newest.c.day)
        chosen = _chosen(self.base).join(newest, same).order_by(RATE.c.currency)
        return self._read(chosen)

    def known(self) -> tuple[str, ...]:
        """The currencies of which any rate is known."""
        chosen = sa.select(RATE.c.currency).where(RATE.c.base == self.base).distinct()
        with self._database.read(snapshot=False) as unit:
            return tuple(sorted(unit.execute(chosen).scalars()))

    def newest(
        self, actor: Actor, currency: str = "", before: date | None = None, limit: int = ROWS
    ) -> list[ExchangeRate]:
        """The rates of a currency, or of all, the newest first; with `before`, those of earlier days."""
        demand_administrator(actor, KEEP)
        chosen = _chosen(self.base).order_by(RATE.c.day.desc(), RATE.c.currency).limit(limit)
        if currency:
            chosen = chosen.where(RATE.c.currency == currency)
        return self._read(chosen.where(RATE.c.day < before) if before else chosen)

    def put(self, actor: Actor, rows: Sequence[Mapping[str, Any]]) -> Sequence[ExchangeRate]:
        """These rates are known, in the place of those of the same currencies and days; all of them or none.

        A row gives `currency`, `day`, and `rate` or its opposite `per_base`. Raises Invalid with every problem.
        """
        demand_administrator(actor, KEEP)
        rates = self._checked(rows)
        self._database.transact(lambda unit: self._store(unit, actor, rates))
        return rates

    def import_file(self, actor: Actor, source: IO[bytes]) -> Sequence[ExchangeRate]:
        """The rates of a CSV file with these columns are known; raises with every problem by its row."""
        demand_administrator(actor, KEEP)
        table = open_table(cast(BinaryIO, source), self._settings.limits)
        columns = [column.strip().lower() for column in table.columns]
        if missing := [name for name in (CURRENCY, DAY) if name not in columns]:
            message = f"The file has no column {' and no column '.join(missing)}."
            hint = "The first row names the columns: currency, day, rate (or per_base)."
            raise Invalid(Problem("R196", message, hint))
        rows = list(table.rows())
        given = [{n: c for n, c in zip(columns, row.cells, strict=False) if n in NAMES and c} for row in rows]
        try:
            return self.put(actor, given)
        except Invalid as refused:
            raise Invalid(
                [_by_row(problem, [row.number for row in rows]) for problem in refused.problems]
            ) from None

    def remove(self, actor: Actor, currency: str, day: date) -> None:
        """There is no rate of that currency from that day on; what was written by it stays as it is."""
        demand_administrator(actor, KEEP)
        mine = (RATE.c.base == self.base, RATE.c.currency == currency, RATE.c.day == day)
        with self._database.write() as unit:
            found = unit.execute(sa.select(RATE.c.rate).where(*mine)).scalar()
            if found is None:
                raise NotFound(Problem("R104", f"There is no rate of {currency} from {day.isoformat()} on."))
            unit.execute(sa.delete(RATE).where(*mine))
            self._note(unit, actor, "remove_rate", ExchangeRate(currency, day, found), None)

    # --- what is given ------------------------------------------------------------------------------

    def _checked(self, rows: Sequence[Mapping[str, Any]]) -> list[ExchangeRate]:
        problems, found = Problems(), dict[tuple[str, date], ExchangeRate]()
        for place, row in enumerate(rows):
            read = dict[str, Any]()
            for name, reader in (("", _keys), (CURRENCY, self._currency), (DAY, _day), (RATE_NAME, _rate)):
                try:
                    read[name] = reader(row)
                except BadValue as refusal:
                    problems.extend([refusal.problem.under(name).under(f"[{place}]")])
            if len(read) == len(NAMES):
                rate = ExchangeRate(read[CURRENCY], read[DAY], read[RATE_NAME])
                found[rate.currency, rate.day] = rate
        if problems:
            raise Invalid(problems.found)
        return list(found.values())

    def _currency(self, row: Mapping[str, Any]) -> str:
        code = text_of(row.get(CURRENCY, ""), "a currency code", '"USD"').upper()
        if code == self.base:
            raise bad("R125", f"{code} is the base currency.", "Its rate is 1 and is not entered.")
        if code not in currencies():
            raise bad("R125", f"There is no currency {code[:20]!r}.", "Use the ISO 4217 code, as in USD.")
        return code

    def _store(self, unit: UnitOfWork, actor: Actor, rates: Sequence[ExchangeRate]) -> None:
        at = self._world.now()
        for start in range(0, len(rates), _PORTION):
            portion = rates[start : start + _PORTION]
            before = {(r.currency, r.day): r for r in _read(unit, _among(self.base, portion))}
            told = [
                {
                    "base": self.base,
                    "currency": r.currency,
                    "day": r.day,
                    "rate": r.rate,
                    "at": at,
                    "actor": actor.id,
                }
                for r in portion
            ]
            unit.execute(self._put, told)
            for rate in portion:
                was = before.get((rate.currency, rate.day))
                if was is None or was.rate != rate.rate:
                    self._note(unit, actor, "set_rate", was, rate)

    def _note(
        self,
        unit: UnitOfWork,
        actor: Actor,
        operation: str,
        was: ExchangeRate | None,
        now: ExchangeRate | None,
    ) -> None:
        """Auditors see who said what."""
        rate = now or was
        if rate is None:
            raise AssertionError("a rate comes, goes or changes")
        about = ("exchange_rate", self._world.new_id(), 1)
        name = f"{rate.currency} {rate.day.isoformat()}"
        note(
            unit, self._world, actor, about, operation,
            before={} if was is None else {"rate": was.text},
            after={"name": name} if now is None else {"name": name, "rate": now.text},
        )  # fmt: skip

    def _read(self, chosen: sa.Select[Any]) -> list[ExchangeRate]:
        with self._database.read(snapshot=False) as unit:
            return _read(unit, chosen)


def _chosen(base: str) -> sa.Select[Any]:
    columns = (RATE.c.currency, RATE.c.day, RATE.c.rate, RATE.c.at, RATE.c.actor)
    return sa.select(*columns).where(RATE.c.base == base)


def _among(base: str, rates: Sequence[ExchangeRate]) -> sa.Select[Any]:
    days = {rate.day for rate in rates}
    return _chosen(base).where(
        RATE.c.currency.in_({rate.currency for rate in rates}), RATE.c.day.between(min(days), max(days))
    )


def _read(unit: UnitOfWork, chosen: sa.Select[Any]) -> list[ExchangeRate]:
    rows = unit.execute(chosen)
    return [ExchangeRate(row.currency, row.day, row.rate, row.at, row.actor) for row in rows]


def _keys(row: Mapping[str, Any]) -> None:
    """Nothing else is given, and the rate is said in one way."""
    if unknown := [name for name in row if name not in NAMES]:
        raise bad("R126", f'A rate has no part "{unknown[0][:40]}".', f"Parts: {', '.join(NAMES)}.")


def _day(row: Mapping[str, Any]) -> date:
    return read_day(row.get(DAY, ""))


def read_day(raw: Any) -> date:
    """The day that is said; raises BadValue."""
    found = DATE.parse(raw, {})
    if not isinstance(found, date):
        raise bad("R118", "Must be a day, for example 2026-01-31.")
    return found


def _rate(row: Mapping[str, Any]) -> Decimal:
    """What one of the currency is worth, with eight decimals, halves rounded up."""
    if (RATE_NAME in row) is (PER_BASE in row):
        raise bad("R126", "Say the rate, or with per_base how many of the currency one of the base is.")
    said = read_decimal(row[RATE_NAME if RATE_NAME in row else PER_BASE], "0.92000000")
    if said <= 0:
        raise bad("R117", "A rate is more than 0.")
    found = fit(said if RATE_NAME in row else 1 / said, RATE_DIGITS, RATE_SCALE)
    if not found:
        raise bad("R117", "The rate would be 0 with eight decimals.", "Choose a larger base currency.")
    return found


def _by_row(problem: Problem, numbers: Sequence[int]) -> Problem:
    place, _, rest = problem.where.path.removeprefix("[").partition("]")
    number = numbers[int(place)]
    message = f"Row {number}: {problem.message}"
    return Problem(problem.code, message, problem.hint, Place(path=f"rows[{number}]{rest}"))
