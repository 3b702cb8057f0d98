"""Totals are right after every change: of a long quote, under many writers, and of an account with very many charges.

Under --proofs the quote has 200 lines, eight writers work on it for a minute, and the account has 50,000 charges.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from tests.proofs.conftest import Tell
from tests.support.installed import make_runtime
from xrm.engine.commands import Create, Target, Update
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack

MOST = 0.020  # seconds of CPU for one more charge among 50,000
PACK = a_pack(
    "ledger",
    account="""
title: name
fields:
  name: {type: text}
  balance: {type: rollup, over: charges, value: sum(amount), where: 'state != "void"'}
  quoted: {type: rollup, over: quotes, value: sum(total)}
""",
    charge="""
title: name
fields:
  name: {type: text}
  state: {type: choice, options: [open, void], default: open}
  amount: {type: money}
relationships:
  account: {to: account, inverse: charges}
""",
    quote="""
title: name
fields:
  name: {type: text}
  discount: {type: percent, scale: 2, default: 0}
  subtotal: {type: rollup, over: lines, value: sum(total)}
  net: {type: formula, formula: subtotal * (100 - discount) / 100, result: money}
  tax: {type: formula, formula: net * 23 / 100, result: money}
  total: {type: formula, formula: net + tax, result: money}
relationships:
  account: {to: account, inverse: quotes}
  lines: {from: line, owned: true}
""",
    line="""
title: name
fields:
  name: {type: text}
  quantity: {type: integer, default: 1}
  price: {type: money}
  total: {type: formula, formula: quantity * price, result: money}
relationships:
  quote: {to: quote, inverse: lines}
""",
)  # fmt: skip


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    made = make_runtime(database_url, tmp_path, [PACK])
    yield made
    made.close()


def test_one_quantity_of_a_long_quote_changes_all_totals_in_one_act(
    runtime: Runtime, scale: Callable[[int, int], int]
) -> None:
    count = scale(40, 200)
    account, quote, lines = a_quote(runtime, count)
    records, installer = runtime.current().records, runtime.installer
    outcome = records.execute(installer, [Update("line", Target(lines[3]), {"quantity": 11})])
    assert [change.record for change in outcome.changes] == [lines[3]]
    subtotal = sum((Decimal(price(n)) for n in range(count)), Decimal()) + 10 * Decimal(price(3))
    assert totals(runtime, quote) == told(subtotal)
    assert value(runtime, "account", account, "quoted") == euros(told(subtotal)["total"])


def test_totals_are_the_sum_of_what_many_writers_leave(
    runtime: Runtime, tell: Tell, proofs: bool, scale: Callable[[int, int], int]
) -> None:
    _, quote, lines = a_quote(runtime, scale(8, 40))
    end = time.monotonic() + scale(1, 60)

    def write(seed: int) -> int:
        dice, done = Random(seed), 0
        while time.monotonic() < end:
            runtime.current().records.execute(runtime.installer, [something(dice, quote, lines)])
            done += 1
        return done

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(write, range(8)))
    tell(writes=done)
    rows = runtime.current().queries.get(runtime.installer, "quote", quote)
    expected = sum_of(runtime, quote)
    assert (totals(runtime, quote), done > 8) == (told(expected), True), rows
    assert set(runtime.current().records.refill_needed(runtime.installer).values()) == {0}


def test_one_more_charge_costs_the_same_however_many_there_are(
    runtime: Runtime, tell: Tell, proofs: bool, scale: Callable[[int, int], int]
) -> None:
    records, installer = runtime.current().records, runtime.installer
    account = records.execute(installer, [Create("account", {"name": "Large"})]).results[0].id
    count, size = scale(200, 50_000), 1_000

    def charge(number: int) -> Create:
        values = {"name": f"{number}", "amount": euros(Decimal(number)), "account": str(account)}
        return Create("charge", values)

    for first in range(0, count, size):
        records.execute(installer, [charge(n) for n in range(first, min(first + size, count))])
    begun, more = time.process_time(), 20
    for number in range(more):
        records.execute(installer, [charge(number)])
    spent = (time.process_time() - begun) / more
    tell(charges=count, milliseconds_of_cpu=round(spent * 1000, 2))
    expected = sum(range(count)) + sum(range(more))
    assert value(runtime, "account", account, "balance") == euros(Decimal(expected))
    assert not proofs or spent <= MOST


# --- quotes -------------------------------------------------------------------------------------------------


def a_quote(runtime: Runtime, count: int) -> tuple[UUID, UUID, list[UUID]]:
    """The account, a quote of it, and as many lines."""
    records, installer = runtime.current().records, runtime.installer
    account = records.execute(installer, [Create("account", {"name": "Ana"})]).results[0].id
    lines = [{"name": f"{n}", "price": euros(Decimal(price(n)))} for n in range(count)]
    values = {"name": "Q", "account": str(account), "discount": "5", "lines": {"create": lines}}
    quote = records.execute(installer, [Create("quote", values)]).results[0].id
    rows = runtime.current().queries.list(installer, _lines_of(quote)).data
    ids = {row["name"]: UUID(row["id"]) for row in rows}
    return account, quote, [ids[f"{n}"] for n in range(count)]


def _lines_of(quote: UUID) -> Query:
    return Query("line", within=("quote", quote, "lines"), limit=500)


def price(number: int) -> str:
    return f"{10 + number}.{number % 100:02}"


def euros(amount: Decimal) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currency": "EUR"}


def told(subtotal: Decimal) -> dict[str, Decimal]:
    """The totals of a quote by its subtotal, each rounded as it is kept."""
    cent = Decimal("0.01")
    net = (subtotal * Decimal("0.95")).quantize(cent, "ROUND_HALF_UP")
    tax = (net * Decimal("0.23")).quantize(cent, "ROUND_HALF_UP")
    return {"subtotal": subtotal.quantize(cent), "net": net, "tax": tax, "total": net + tax}


def totals(runtime: Runtime, quote: UUID) -> dict[str, Decimal]:
    row = runtime.current().queries.get(runtime.installer, "quote", quote)
    return {name: Decimal(row[name]["amount"]) for name in ("subtotal", "net", "tax", "total")}


def value(runtime: Runtime, entity: str, record: UUID, name: str) -> Any:
    return runtime.current().queries.get(runtime.installer, entity, record)[name]


def something(dice: Random, quote: UUID, lines: list[UUID]) -> Create | Update:
    """One more line, or another quantity or price of one."""
    if dice.random() < 0.1:
        return Create(
            "line", {"name": "more", "price": euros(Decimal(dice.randrange(99))), "quote": str(quote)}
        )
    values: dict[str, Any] = {"quantity": dice.randrange(9)}
    if dice.random() < 0.5:
        values["price"] = euros(Decimal(dice.randrange(9999)) / 100)
    return Update("line", Target(dice.choice(lines)), values)


def sum_of(runtime: Runtime, quote: UUID) -> Decimal:
    """What the lines come to, by what people wrote in them."""
    found, query = Decimal(), _lines_of(quote)
    while True:
        page = runtime.current().queries.list(runtime.installer, query)
        found += sum((row["quantity"] * Decimal(row["price"]["amount"]) for row in page.data), Decimal())
        if page.next is None:
            return found
        query = replace(query, cursor=page.next)
