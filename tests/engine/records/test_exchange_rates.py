"""What amounts are worth in the base currency: by dated rates, fixed when they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor, Create, Target, Update
from xrm.engine.jobs import InlineRunner
from xrm.engine.queries.request import Aggregate, Query, Sort
from xrm.engine.runtime import Runtime, open_runtime
from xrm.engine.storage.base_currency import demand_base
from xrm.errors import Forbidden, Invalid, Unavailable
from xrm.testing import a_pack, admin_actor, an_actor

SHOP = a_pack(
    "trade",
    deal="""
title: name
fields:
  name: {type: text}
  invoiced_on: {type: date}
  amount: {type: money}
  invoiced: {type: money, rate_on: invoiced_on}
  list_price: {type: money, currency: USD}
  due: {type: formula, formula: amount * 2, result: money}
  all: {type: formula, formula: amount + list_price, result: money}
  dear: {type: formula, formula: amount > 100}
relationships:
  client: {to: client, inverse: deals, on_delete: cascade}
""",
    client="""
title: name
fields:
  name: {type: text}
  turnover: {type: rollup, over: deals, value: sum(amount)}
""",
)  # fmt: skip


@dataclass(frozen=True)
class Trade:
    runtime: Runtime

    @property
    def actor(self) -> Actor:
        return admin_actor(self.runtime)

    def rate(self, currency: str, day: str, rate: str) -> None:
        self.runtime.rates.put(self.actor, [{"currency": currency, "day": day, "rate": rate}])

    def make(self, entity: str = "deal", **values: Any) -> UUID:
        outcome = self.runtime.current().records.execute(self.actor, [Create(entity, values)])
        return outcome.results[0].id

    def change(self, record: UUID, **values: Any) -> Any:
        return self.runtime.current().records.do(self.actor, Update("deal", Target(record), values))

    def base(self, record: UUID, name: str = "amount", entity: str = "deal") -> Decimal | None:
        """What an amount of the record is worth."""
        group = Aggregate(entity, (), (f"sum({name}.base)",), filters=(f'id == "{record}"',))
        [row] = self.runtime.current().queries.aggregate(self.actor, group)
        return None if row[f"sum({name}.base)"] is None else Decimal(row[f"sum({name}.base)"])

    def shown(self, record: UUID, name: str, entity: str = "deal") -> Any:
        return self.runtime.current().queries.get(self.actor, entity, record)[name]


@pytest.fixture(scope="module")
def runtime(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    made = make_runtime(module_url, tmp_path_factory.mktemp("trade"), [SHOP])
    yield made
    made.close()


@pytest.fixture
def trade(runtime: Runtime) -> Trade:
    """Nothing is traded yet, and a dollar is worth 0.90."""
    with runtime.database.write() as unit:
        for table in ("trade__deal", "trade__client", "xrm_rate"):
            unit.execute(sa.text(f"DELETE FROM {table}"))
    made = Trade(runtime)
    made.rate("USD", "2020-01-01", "0.9")
    return made


def usd(amount: str) -> Mapping[str, str]:
    return {"amount": amount, "currency": "USD"}


def eur(amount: str) -> Mapping[str, str]:
    return {"amount": amount, "currency": "EUR"}


def test_an_amount_is_worth_what_the_rate_of_its_day_says_and_stays_worth_that(trade: Trade) -> None:
    trade.rate("USD", "2020-03-01", "0.8")
    trade.rate("JPY", "2020-01-01", "0.00612345")
    deal = trade.make(amount=usd("100"), invoiced=usd("10"), invoiced_on="2020-02-29")
    assert (trade.base(deal), trade.base(deal, "invoiced")) == (Decimal("80"), Decimal("9"))
    yen = trade.make(amount={"amount": "1001", "currency": "JPY"})
    assert trade.base(yen) == Decimal("6.13")  # 6.12957345, half up
    today = trade.runtime.rates.today().isoformat()
    trade.rate("USD", today, "0.5")
    trade.change(deal, name="Renamed", amount=usd("100.00"))
    assert trade.base(deal) == Decimal("80")
    trade.change(deal, amount=usd("101"))
    assert trade.base(deal) == Decimal("50.5")
    trade.change(deal, invoiced_on="2020-03-01")
    assert trade.base(deal, "invoiced") == Decimal("8")
    trade.change(deal, invoiced_on=None)
    assert trade.base(deal, "invoiced") == Decimal("5")


def test_without_a_rate_an_amount_is_refused_by_its_currency_and_day(trade: Trade) -> None:
    with pytest.raises(Invalid) as refused:
        trade.make(amount=usd("1"), invoiced=usd("1"), invoiced_on="2019-12-31")
    [problem] = refused.value.problems
    assert (problem.code, problem.where.path) == ("R195", "commands[0].values.invoiced")
    assert problem.message == "No exchange rate from USD to EUR is known for 2019-12-31."
    with pytest.raises(Invalid) as refused:
        trade.make(amount={"amount": "1", "currency": "CHF"})
    assert refused.value.first.code == "R195"
    brought = [Create("deal", {"amount": {"amount": "1", "currency": "CHF"}})]
    assert trade.runtime.current().records.execute(trade.runtime.installer, brought).results  # as packs do
    deal = trade.make(amount={"amount": "0", "currency": "CHF"}, list_price=usd("7"))
    assert (trade.base(deal), trade.base(deal, "list_price")) == (Decimal(0), Decimal("6.3"))


def test_amounts_of_several_currencies_are_ordered_filtered_and_summed_by_what_they_are_worth(
    trade: Trade,
) -> None:
    trade.rate("JPY", "2020-01-01", "0.006")
    client = trade.make("client", name="Ana")
    for name, amount in (("yen", ("20000", "JPY")), ("dollars", ("140", "USD")), ("euros", ("125", "EUR"))):
        trade.make(
            name=name, amount={"amount": amount[0], "currency": amount[1]}, client=str(client)
        )  # worth 120, 126 and 125
    queries = trade.runtime.current().queries
    found = queries.list(trade.actor, Query("deal", sort=(Sort(("amount",)),), filters=("amount >= 125",)))
    assert [row["name"] for row in found.data] == ["euros", "dollars"]
    group = Aggregate("deal", ("amount.currency",), ("sum(amount)", "max(amount)"))
    sums = {r["amount.currency"]: r["sum(amount)"]["amount"] for r in queries.aggregate(trade.actor, group)}
    assert sums == {"EUR": "125.00", "JPY": "120.00", "USD": "126.00"}
    assert trade.shown(client, "turnover", "client") == eur("371.00")
    assert {row["dear"] for row in queries.list(trade.actor, Query("deal")).data} == {True}


def test_what_follows_from_one_currency_is_worth_what_it_follows_from_is_worth(trade: Trade) -> None:
    client = trade.make("client")
    first = trade.make(amount=usd("10"), list_price=usd("1"), client=str(client))
    trade.rate("USD", "2020-02-01", "0.5")
    second = trade.make(amount=usd("10"), list_price=usd("1"), client=str(client))
    assert trade.shown(client, "turnover", "client") == usd("20.00")
    assert trade.base(client, "turnover", "client") == Decimal("14")
    assert [trade.base(deal, "due") for deal in (first, second)] == [Decimal("18"), Decimal("10")]
    assert (trade.shown(first, "all"), trade.base(first, "all")) == (usd("11.00"), Decimal("9.9"))
    mixed = trade.make(amount=eur("10"), list_price=usd("10"), client=str(client))
    assert trade.shown(mixed, "all") == eur("15.00")
    assert trade.shown(client, "turnover", "client") == eur("24.00")
    records = trade.runtime.current().records
    assert set(records.refill_needed(trade.actor).values()) == {0}


def test_what_is_taken_back_is_worth_what_it_was(trade: Trade) -> None:
    deal = trade.make(amount=usd("100"))
    trade.rate("USD", "2020-02-01", "0.5")
    records = trade.runtime.current().records
    changed = trade.change(deal, amount=usd("7"))
    records.undo(trade.actor, records.place_of(changed))
    assert (trade.shown(deal, "amount"), trade.base(deal)) == (usd("100.00"), Decimal("90"))


def test_rates_are_checked_all_at_once_and_kept_by_administrators(trade: Trade) -> None:
    rates = trade.runtime.rates
    day = "2020-05-01"
    bad = [
        {"currency": "EUR", "day": day, "rate": "1"},
        {"currency": "QQQ", "day": "2020-02-30", "rate": "0"},
        {"currency": "USD", "day": day, "rate": "1", "per_base": "1"},
        {"currency": "USD", "day": day, "rate": "0.000000001"},
        {"currency": "USD", "day": day, "rate": "1", "colour": "red"},
    ]
    with pytest.raises(Invalid) as refused:
        rates.put(trade.actor, [*bad, {"currency": "CHF", "day": day, "rate": "1"}])
    told = [(p.code, p.where.path) for p in refused.value.problems]
    assert told == [
        ("R125", "[0].currency"), ("R125", "[1].currency"), ("R118", "[1].day"), ("R117", "[1].rate"),
        ("R126", "[2].rate"), ("R117", "[3].rate"), ("R126", "[4]"),
    ]  # fmt: skip
    assert "CHF" not in rates.known()
    rates.put(trade.actor, [{"currency": "chf", "day": day, "per_base": "1.08"}])
    in_force = {r.currency: (r.day, r.text) for r in rates.in_force(trade.actor)}
    assert in_force == {"CHF": (date(2020, 5, 1), "0.92592593"), "USD": (date(2020, 1, 1), "0.90000000")}
    with pytest.raises(Forbidden):
        rates.put(an_actor(trade.runtime), [])
    rates.remove(trade.actor, "CHF", date(2020, 5, 1))
    assert rates.known() == ("USD",)


def test_amounts_are_revalued_when_asked_for_in_the_log_and_as_far_as_they_can_be(trade: Trade) -> None:
    client = trade.make("client")
    trade.rate("CHF", "2020-01-01", "1.1")
    old = trade.make(amount=usd("100"), invoiced=usd("10"), invoiced_on="2020-01-05", client=str(client))
    other = trade.make(amount={"amount": "10", "currency": "CHF"}, list_price=usd("1"))
    euros = trade.make(amount=eur("5"))
    trade.rate("USD", "2020-06-01", "0.5")
    assert (trade.base(old), trade.base(client, "turnover", "client")) == (Decimal("90"), Decimal("90"))
    revaluing = trade.runtime.revaluing
    job = revaluing.start(trade.actor, "deal", date(2020, 6, 1), here=True)
    assert {w: job.result[w] for w in ("updated", "unchanged", "failed")} == {
        "updated": 2, "unchanged": 0, "failed": 0,
    }  # fmt: skip
    assert (job.done, job.total) == (2, 2)
    assert [trade.base(deal) for deal in (old, other, euros)] == [Decimal("50"), Decimal("11"), Decimal("5")]
    assert (trade.base(old, "invoiced"), trade.base(other, "list_price")) == (Decimal("5"), Decimal("0.5"))
    assert trade.base(client, "turnover", "client") == Decimal("50")
    history = trade.runtime.current().queries.history(trade.actor, "deal", old)
    assert history.data[0]["changes"]["amount"] == {
        "before": {**usd("100.00"), "base": "90.00"},
        "after": {**usd("100.00"), "base": "50.00"},
    }
    again = revaluing.start(trade.actor, "deal", None, here=True)
    assert (again.result["updated"], again.result["unchanged"]) == (1, 1)
    assert trade.base(old, "invoiced") == Decimal("9")  # by its own day
    none = revaluing.start(trade.actor, "deal", date(2019, 1, 1), here=True)
    assert (none.result["updated"], none.result["failed"]) == (0, 2)
    assert trade.base(old) == Decimal("50")
    with pytest.raises(Forbidden):
        revaluing.start(an_actor(trade.runtime), "deal", None)
    with pytest.raises(Invalid):
        revaluing.start(trade.actor, "client", None)


def test_the_base_currency_stays_while_there_are_amounts(trade: Trade) -> None:
    runtime = trade.runtime
    schema = runtime.current().schema
    demand_base(runtime.database, schema, "USD")
    deal = trade.make(amount=eur("1"))
    with pytest.raises(Unavailable):  # the other one is kept since
        demand_base(runtime.database, schema, "EUR")
    trade.change(deal, amount=None)
    demand_base(runtime.database, schema, "EUR")
    trade.make(amount=eur("1"))
    settings = replace(runtime.settings, currency="USD")
    other = open_runtime(settings, runner=lambda database, world: InlineRunner(world))
    with pytest.raises(Unavailable) as refused, closing(other):
        other.current()
    assert refused.value.first.code == "C107"
    assert "Set XRM_CURRENCY to EUR again." in refused.value.first.hint
