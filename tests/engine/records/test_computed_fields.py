"""Fields whose values follow from others: of the record, of records that it leads to, over many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime, plan_back
from xrm.engine.commands import Create, Delete, Restore, Target, Update
from xrm.engine.packs import Revision
from xrm.engine.queries.request import Query, Sort
from xrm.engine.runtime import Runtime
from xrm.errors import Conflict, Invalid
from xrm.testing import a_pack, an_actor, pack_from

ROLES = """
seller:
  grants:
    lines: {entity: line, can: [read, update], fields: {except: [secret_cost]}}
    orders: {entity: order, can: [read]}
    products: {entity: product, can: [read], fields: [name, price]}
own_only:
  grants:
    customers: {entity: customer, can: [read]}
    orders: {entity: order, can: [read], rows: 'state == "open"'}
"""
SHOP = a_pack(
    "shop",
    {"roles.yaml": ROLES},
    customer="""
title: name
fields:
  name: {type: text, required: true}
  limit: {type: decimal, scale: 2}
  open_total: {type: rollup, over: orders, value: sum(total), where: 'state != "paid"'}
  order_count: {type: rollup, over: orders, value: count()}
  room: {type: formula, formula: limit - open_total}
rules:
  within_limit: {must: room == empty or room >= 0, message: The customer owes too much.}
""",
    product="""
title: name
fields:
  name: {type: text, required: true}
  price: {type: decimal, scale: 2}
  cost: {type: decimal, scale: 2}
""",
    order="""
title: name
fields:
  name: {type: text, required: true}
  state: {type: choice, options: [open, paid], default: open}
  discount: {type: percent, scale: 0, default: 0}
  secret_margin: {type: rollup, over: lines, value: sum(margin)}
  shown_margin: {type: rollup, over: lines, value: sum(margin), reveal: true}
  subtotal: {type: rollup, over: lines, value: sum(amount)}
  line_count: {type: rollup, over: lines, value: count()}
  total: {type: formula, formula: subtotal * (100 - discount) / 100, result: decimal, scale: 2}
  label: {type: formula, formula: 'name + " of " + customer.name', search: true}
relationships:
  customer: {to: customer, inverse: orders}
""",
    line="""
title: what
fields:
  what: {type: text, default: '"line"'}
  quantity: {type: integer, default: 1}
  price: {type: formula, formula: product.price}
  amount: {type: formula, formula: quantity * price}
  double: {type: formula, formula: quantity * 2}
  secret_cost: {type: decimal, scale: 2}
  margin: {type: formula, formula: amount - quantity * product.cost}
  net: {type: formula, formula: amount - secret_cost}
  twice_net: {type: formula, formula: net * 2}
relationships:
  order: {to: order, inverse: lines, on_delete: cascade}
  product: {to: product}
""",
)  # fmt: skip


class Shop:
    """A shop, and the hands of somebody who works in it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def make(self, entity: str, **values: Any) -> UUID:
        return self.run(Create(entity, values))[0].id

    def run(self, *commands: Any) -> Any:
        return self.runtime.current().records.execute(self.runtime.installer, commands).results

    def change(self, entity: str, record: UUID, **values: Any) -> None:
        self.run(Update(entity, Target(record), values))

    def value(self, entity: str, record: UUID, name: str) -> Any:
        return self.runtime.current().queries.get(self.runtime.installer, entity, record)[name]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    runtime = make_runtime(database_url, tmp_path, [SHOP])
    yield Shop(runtime)
    runtime.close()


@pytest.fixture
def busy(shop: Shop) -> dict[str, UUID]:
    ids = {"ana": shop.make("customer", name="Ana", limit="100")}
    ids["pump"] = shop.make("product", name="Pump", price="10.50")
    ids["order"] = shop.make("order", name="First", customer=str(ids["ana"]))
    ids["line"] = shop.make("line", order=str(ids["order"]), product=str(ids["pump"]), quantity=2)
    return ids


def test_a_value_follows_from_the_record_alone(shop: Shop) -> None:
    line = shop.make("line", quantity=4)
    assert shop.value("line", line, "double") == 8
    shop.change("line", line, quantity=5)
    assert shop.value("line", line, "double") == 10


def test_values_follow_over_several_records(shop: Shop, busy: dict[str, UUID]) -> None:
    assert shop.value("line", busy["line"], "amount") == "21.00"
    assert shop.value("order", busy["order"], "subtotal") == "21.00"
    assert shop.value("order", busy["order"], "total") == "21.00"
    assert shop.value("customer", busy["ana"], "open_total") == "21.00"
    assert shop.value("customer", busy["ana"], "room") == "79.00"
    shop.change("product", busy["pump"], price="20")
    assert shop.value("line", busy["line"], "price") == "20.00"
    assert shop.value("customer", busy["ana"], "open_total") == "40.00"


def test_a_record_that_moves_is_counted_where_it_is(shop: Shop, busy: dict[str, UUID]) -> None:
    other = shop.make("order", name="Second", customer=str(busy["ana"]))
    shop.change("line", busy["line"], order=str(other))
    assert (shop.value("order", busy["order"], "line_count"), shop.value("order", other, "line_count")) == (
        0,
        1,
    )
    assert shop.value("order", busy["order"], "subtotal") == "0.00"
    shop.run(Delete("order", Target(other)))
    assert shop.value("customer", busy["ana"], "order_count") == 1
    shop.run(Restore("order", Target(other)))
    assert shop.value("customer", busy["ana"], "order_count") == 2
    assert shop.value("customer", busy["ana"], "open_total") == "21.00"


def test_a_rule_holds_for_values_that_follow_from_others(shop: Shop, busy: dict[str, UUID]) -> None:
    with pytest.raises(Invalid) as caught:
        shop.change("line", busy["line"], quantity=10)
    assert caught.value.first.code == "R151"
    assert shop.value("line", busy["line"], "quantity") == 2


def test_nobody_writes_a_value_that_follows(shop: Shop, busy: dict[str, UUID]) -> None:
    with pytest.raises(Invalid) as caught:
        shop.change("order", busy["order"], total="1")
    assert caught.value.first.where.path.endswith("total")


def test_versions_tell_what_people_wrote(shop: Shop, busy: dict[str, UUID]) -> None:
    assert shop.value("order", busy["order"], "version") == 1
    assert Decimal(shop.value("order", busy["order"], "total")) == Decimal(21)


def test_whoever_may_not_read_a_value_learns_nothing_of_it_through_another(
    shop: Shop, busy: dict[str, UUID]
) -> None:
    seller = an_actor(shop.runtime, "Sergio", ["seller"])
    queries = shop.runtime.current().queries
    line = queries.get(seller, "line", busy["line"])
    assert {"amount", "price", "double"} <= line.keys()
    assert not {"margin", "net", "twice_net", "secret_cost"} & line.keys()
    order = queries.get(seller, "order", busy["order"])
    assert {"secret_margin", "shown_margin"} & order.keys() == {"shown_margin"}
    for asked in (
        Query("line", filters=("margin > 0",)),
        Query("line", filters=("twice_net > 0",)),
        Query("line", sort=(Sort(("net",)),)),
        Query("line", fields=(("margin",),)),
        Query("order", filters=("any(lines, margin > 0)",)),
        Query("order", fields=(("secret_margin",),)),
    ):
        with pytest.raises(Invalid):
            queries.list(seller, asked)


def test_a_sum_over_records_of_which_one_may_read_only_some_is_not_told(
    shop: Shop, busy: dict[str, UUID]
) -> None:
    reader = an_actor(shop.runtime, "Rita", ["own_only"])
    customer = shop.runtime.current().queries.get(reader, "customer", busy["ana"])
    assert not {"open_total", "order_count", "room"} & customer.keys()


# --- when the definitions change ----------------------------------------------------------------------------


def revised(shop: Shop, entity: str, *changes: tuple[str, str]) -> None:
    """The pack in its next form, in which texts of the entity are others."""
    path = f"entities/{entity}.yaml"
    files = dict(SHOP)
    for before, after in changes:
        assert before in files[path]
        files[path] = files[path].replace(before, after)
    revision = Revision((pack_from(files),), dev=True)
    plan = shop.runtime.packs.foresee(revision).plan
    shop.runtime.packs.revise(replace(revision, confirmed=plan.hash), shop.runtime.installer)


def test_records_that_are_there_hold_what_a_new_formula_gives(shop: Shop, busy: dict[str, UUID]) -> None:
    new = "  triple: {type: formula, formula: amount * 3}\n  double:"
    revised(shop, "line", ("  double:", new), ("quantity * price", "quantity * price * 2"))
    assert shop.value("line", busy["line"], "amount") == "42.00"
    assert shop.value("line", busy["line"], "triple") == "126.00"
    assert shop.value("order", busy["order"], "total") == "42.00"
    assert shop.value("customer", busy["ana"], "room") == "58.00"


def test_records_are_found_and_called_by_what_a_new_formula_gives(shop: Shop, busy: dict[str, UUID]) -> None:
    revised(shop, "order", ('name + " of " + customer.name', 'name + " belongs to " + customer.name'))
    assert shop.value("order", busy["order"], "label") == "First belongs to Ana"
    found = shop.runtime.current().queries.list(shop.runtime.installer, Query("order", search="belongs"))
    assert [row["id"] for row in found.data] == [str(busy["order"])]


def test_a_formula_may_come_to_give_another_type(shop: Shop, busy: dict[str, UUID]) -> None:
    revised(shop, "line", ("formula: quantity * 2", "formula: 'text(quantity) + \" pieces\"'"))
    assert shop.value("line", busy["line"], "double") == "2 pieces"


def test_a_field_may_become_computed_and_given_again(shop: Shop, busy: dict[str, UUID]) -> None:
    revised(shop, "line", ("{type: formula, formula: quantity * 2}", "{type: integer}"))
    shop.change("line", busy["line"], double=7)
    assert shop.value("line", busy["line"], "double") == 7
    revised(shop, "line")
    assert shop.value("line", busy["line"], "double") == 4


# --- whatever is done ---------------------------------------------------------------------------------------


@dataclass
class Street:
    """Customers, products, orders and lines on which anything may be done."""

    shop: Shop
    ids: dict[str, list[UUID]]

    def act(self, dice: Random) -> None:
        """Something is done, unless a rule stands against it."""
        entity = dice.choice(("line", "line", "line", "order", "product", "customer"))
        known = self.ids[entity]
        kind = dice.choice(("create", "update", "update", "delete", "restore"))
        record = Target(dice.choice(known)) if known else None
        with suppress(Invalid, Conflict):
            if kind == "create" or record is None:
                self.ids[entity].append(self.shop.make(entity, **self.values(entity, dice)))
            elif kind == "update":
                self.shop.run(Update(entity, record, self.values(entity, dice)))
            else:
                self.shop.run(Delete(entity, record) if kind == "delete" else Restore(entity, record))

    def values(self, entity: str, dice: Random) -> dict[str, Any]:
        def one(of: str) -> str | None:
            return str(dice.choice(self.ids[of])) if self.ids[of] and dice.random() < 0.9 else None

        given: dict[str, Any] = {
            "line": {"quantity": dice.randrange(9), "order": one("order"), "product": one("product")},
            "order": {
                "name": f"Order {dice.randrange(99)}",
                "customer": one("customer"),
                "state": dice.choice(("open", "paid")),
                "discount": str(dice.randrange(100)),
            },
            "product": {"name": "Thing", "price": f"{dice.randrange(9999) / 100:.2f}", "cost": "1.25"},
            "customer": {"name": f"Someone {dice.randrange(9)}", "limit": None},
        }[entity]
        return {name: given[name] for name in given if name == "name" or dice.random() < 0.7}


def test_after_anything_that_was_done_every_value_is_what_follows(
    shop: Shop, scale: Callable[[int, int], int]
) -> None:
    street, dice = Street(shop, {name: [] for name in ("line", "order", "product", "customer")}), Random(5)
    for _ in range(scale(40, 2_000)):
        street.act(dice)
    records = shop.runtime.current().records
    differing = records.refill_needed(shop.runtime.installer)
    assert ({part for part, count in differing.items() if count}, len(differing)) == (set(), 15)
    assert sum(map(len, street.ids.values())) >= 8


def test_what_was_changed_behind_our_back_is_found_and_mended(shop: Shop, busy: dict[str, UUID]) -> None:
    with shop.runtime.database.write() as unit:
        unit.execute(sa.text("UPDATE shop__line SET amount = 1"))
    records, installer = shop.runtime.current().records, shop.runtime.installer
    differing = {part for part, count in records.refill_needed(installer).items() if count}
    assert ("line", "amount") in differing
    records.refill(installer)
    assert set(records.refill_needed(installer).values()) == {0}
    assert shop.value("line", busy["line"], "amount") == "21.00"


def test_writers_at_one_time_never_lose_a_line_of_a_sum(
    shop: Shop, busy: dict[str, UUID], scale: Callable[[int, int], int]
) -> None:
    shop.change("customer", busy["ana"], limit=None)
    lines = [
        shop.make("line", order=str(busy["order"]), product=str(busy["pump"]), quantity=1) for _ in range(4)
    ]

    def write(line: UUID) -> None:
        for quantity in range(scale(6, 200)):
            shop.change("line", line, quantity=quantity)
            shop.make("line", order=str(busy["order"]), product=str(busy["pump"]), quantity=1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, lines))
    assert set(shop.runtime.current().records.refill_needed(shop.runtime.installer).values()) == {0}
    assert shop.value("order", busy["order"], "line_count") == 5 + 4 * scale(6, 200)


# --- money --------------------------------------------------------------------------------------------------

TILL = a_pack(
    "till",
    bill="""
title: name
fields:
  name: {type: text}
  net: {type: rollup, over: items, value: sum(total)}
  tax: {type: formula, formula: net * 23 / 100, result: money}
  gross: {type: formula, formula: net + tax, result: money}
  dearest: {type: rollup, over: items, value: max(price)}
relationships:
  customer: {to: client}
""",
    item="""
title: name
fields:
  name: {type: text}
  price: {type: money, default: "first_of(latest(bill.customer.prices, since, price), ware.price * 2)"}
  fee: {type: money, default: 5}
  quantity: {type: integer, default: 1}
  total: {type: formula, formula: price * quantity, result: money}
relationships:
  bill: {to: bill, inverse: items}
  ware: {to: ware}
""",
    client="title: name\nfields:\n  name: {type: text}\n",
    ware="title: name\nfields:\n  name: {type: text}\n  price: {type: money}\n",
    price="""
title: text(since)
fields:
  since: {type: date, default: today()}
  price: {type: money}
relationships:
  client: {to: client, inverse: prices}
""",
)  # fmt: skip


@pytest.fixture
def till(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    runtime = make_runtime(database_url, tmp_path, [TILL])
    runtime.rates.put(runtime.installer, [{"currency": "USD", "day": "2020-01-01", "rate": "0.9"}])
    yield Shop(runtime)
    runtime.close()


def test_amounts_in_one_currency_stay_in_it_and_others_are_told_in_the_base_currency(till: Shop) -> None:
    def bill(*prices: tuple[str, str]) -> tuple[Any, ...]:
        record = till.make("bill", name="A bill")
        for amount, currency in prices:
            price = {"amount": amount, "currency": currency}
            till.make("item", name="Thing", price=price, quantity=3, bill=str(record))
        return tuple(till.value("bill", record, name) for name in ("net", "tax", "gross", "dearest"))

    def money(*amounts: str, currency: str = "EUR") -> tuple[Any, ...]:
        return tuple({"amount": amount, "currency": currency} for amount in amounts)

    assert bill() == (*money("0.00", "0.00", "0.00"), None)
    assert bill(("10.15", "EUR"), ("1.00", "EUR")) == money("33.45", "7.69", "41.14", "10.15")
    assert bill(("10.00", "USD")) == money("30.00", "6.90", "36.90", "10.00", currency="USD")
    assert bill(("10.00", "USD"), ("1.00", "EUR"))[0] == money("30.00")[0]


def test_an_amount_may_begin_with_one_of_other_records_in_its_currency(till: Shop) -> None:
    dollars = {"amount": "10.00", "currency": "USD"}
    ware = till.make("ware", name="Pump", price=dollars)
    client = till.make("client", name="Ana")
    bill = till.make("bill", name="A bill", customer=str(client))
    item = till.make("item", bill=str(bill), ware=str(ware), quantity=3)
    assert till.value("item", item, "price") == {"amount": "20.00", "currency": "USD"}
    assert till.value("item", item, "fee") == {"amount": "5.00", "currency": "EUR"}
    till.make("price", client=str(client), price={"amount": "7.50", "currency": "EUR"})
    item = till.make("item", bill=str(bill), ware=str(ware))
    assert till.value("item", item, "price") == {"amount": "7.50", "currency": "EUR"}
    assert till.value("item", till.make("item", price=None), "price") is None


def test_values_that_people_gave_are_kept_when_the_field_becomes_computed(
    shop: Shop, busy: dict[str, UUID]
) -> None:
    formula = "{type: formula, formula: quantity * 2}"
    revised(shop, "line", (formula, "{type: text}"))
    shop.change("line", busy["line"], double="by hand")
    given = shop.runtime.packs.versions()[0].number
    revised(shop, "line")  # texts that are no numbers ask for no decision: nobody reads them
    assert shop.value("line", busy["line"], "double") == 4
    shop.runtime.packs.roll_back(given, shop.runtime.installer, confirmed=plan_back(shop.runtime, given).hash)
    assert shop.value("line", busy["line"], "double") == "by hand"


# --- values that stay ---------------------------------------------------------------------------------------

ESTATE = a_pack(
    "estate",
    thing="""
title: name
fields:
  name: {type: text}
  price: {type: integer}
""",
    offer="""
title: name
fields:
  name: {type: text}
  is_sent: {type: boolean, default: false}
  factor: {type: integer, default: 1}
  price: {type: formula, formula: thing.price, frozen_when: is_sent}
  total: {type: formula, formula: price * factor}
  double: {type: formula, formula: factor * 2, frozen_when: is_sent}
  pieces: {type: rollup, over: parts, value: sum(count), frozen_when: is_sent}
relationships:
  thing: {to: thing}
""",
    part="""
title: name
fields:
  name: {type: text}
  count: {type: integer}
relationships:
  offer: {to: offer, inverse: parts}
""",
)  # fmt: skip


def test_a_frozen_value_stays_whatever_it_follows_from_until_it_is_freed(
    database_url: str, tmp_path: Path
) -> None:
    shop = Shop(make_runtime(database_url, tmp_path, [ESTATE]))
    thing = shop.make("thing", name="House", price=100)
    offer = shop.make("offer", name="First", thing=str(thing), factor=2)
    part = shop.make("part", name="Door", count=3, offer=str(offer))
    names = ("price", "total", "double", "pieces")

    def told() -> tuple[Any, ...]:
        return tuple(shop.value("offer", offer, name) for name in names)

    assert told() == (100, 200, 4, 3)
    shop.change("offer", offer, is_sent=True)
    shop.change("thing", thing, price=150)
    shop.change("part", part, count=5)
    shop.change("offer", offer, factor=3)
    assert told() == (100, 300, 4, 3)
    assert set(shop.runtime.current().records.refill_needed(shop.runtime.installer).values()) == {0}
    shop.change("offer", offer, is_sent=False)
    assert told() == (150, 450, 6, 5)
    shop.runtime.close()
