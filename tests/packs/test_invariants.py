"""What holds of the shipped packs whatever people do: balances, totals and targets are the sums of their parts."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tests.support.installed import make_runtime
from tests.support.sales import PACKS
from xrm.engine.commands import Create, Delete, Target, Transition, Update
from xrm.engine.queries.request import Page, Query
from xrm.engine.runtime import Runtime
from xrm.errors import Conflict, Invalid
from xrm.testing import an_actor

STEPS, AT_FULL_SIZE = 40, 2000
QUARTER = ("2031-01-01", "2031-04-01")
DAYS = ("2030-12-31", "2031-01-01", "2031-03-31", "2031-04-01")


def test_sums_are_sums_of_their_parts_after_anything_that_was_done(
    sqlite_url: str, tmp_path: Path, proofs: bool
) -> None:
    runtime = make_runtime(sqlite_url, tmp_path, PACKS)
    books, dice = _Books(runtime), Random(442)
    for _ in range(AT_FULL_SIZE if proofs else STEPS):
        with suppress(Invalid, Conflict):  # what is refused has changed nothing
            dice.choice(books.acts)(dice)
    _charges_are_owed_less_what_was_allocated(books)
    _accounts_owe_their_debits_less_their_credits(books)
    _taxes_are_those_of_the_lines(books)
    _targets_partition_what_was_won(books)
    assert not any(runtime.current().records.refill_needed(runtime.installer).values())
    runtime.close()


class _Books:
    """Two accounts and two sellers, and hands that do anything with their money."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.accounts = [self.make("account", name=name) for name in ("Ana", "Ben")]
        self.sellers = [str(an_actor(runtime, name, ["sales_rep"]).id) for name in ("Rui", "Eva")]
        self.pipeline = self.make("pipeline", name="Usual", kind="renewal")
        for seller in self.sellers:
            holder = {"entity": "user", "id": seller}
            self.make("sales_quota", holder=holder, starts_on=QUARTER[0], amount=_money(100))
        self.acts = (
            self.charge, self.pay, self.allocate, self.allocate, self.reallocate, self.take_back, self.bounce,
            self.book, self.bill, self.sell, self.sell, self.win, self.win, self.reopen, self.hand_over,
        )  # fmt: skip

    def make(self, entity: str, **values: Any) -> str:
        return str(self.run(Create(entity, values)).results[0].id)

    def run(self, command: Any) -> Any:
        return self.runtime.current().records.execute(self.runtime.installer, [command])

    def all(self, entity: str) -> list[dict[str, Any]]:
        page = self.page(entity)
        rows = [*page.data]
        while page.next:
            page = self.page(entity, page.next)
            rows += page.data
        return [dict(row) for row in rows]

    def page(self, entity: str, cursor: str = "") -> Page:
        asked = Query(entity, limit=100, cursor=cursor)
        return self.runtime.current().queries.list(self.runtime.installer, asked)

    def some(self, dice: Random, entity: str) -> dict[str, Any]:
        rows = self.page(entity).data
        return dict(dice.choice(rows)) if rows else {"id": str(UUID(int=0))}

    def charge(self, dice: Random) -> None:
        party = {"entity": "account", "id": dice.choice(self.accounts)}
        self.make("charge", kind="fee", amount=_money(dice.randint(1, 40)), due_on="2031-01-01", party=party)

    def pay(self, dice: Random) -> None:
        payer = {"entity": "account", "id": dice.choice(self.accounts)}
        self.make("payment", amount=_money(dice.randint(1, 60)), method="bank", payer=payer)

    def allocate(self, dice: Random) -> None:
        payment, charge = self.some(dice, "payment"), self.some(dice, "charge")
        amount = _money(dice.randint(1, 20))
        self.make("payment_allocation", payment=payment["id"], charge=charge["id"], amount=amount)

    def reallocate(self, dice: Random) -> None:
        self.change("payment_allocation", dice, amount=_money(dice.randint(1, 20)))

    def take_back(self, dice: Random) -> None:
        found = self.some(dice, "payment_allocation")
        if "number" in found:
            self.run(Delete("payment_allocation", Target(UUID(found["id"]))))

    def bounce(self, dice: Random) -> None:
        self.step("payment", dice, "bounce", reason="No money")

    def book(self, dice: Random) -> None:
        side = dice.choice(("debit", "credit"))
        party = {"entity": "account", "id": dice.choice(self.accounts)}
        self.make("ledger_entry", text="x", party=party, **{side: _money(dice.randint(1, 50))})

    def bill(self, dice: Random) -> None:
        lines = [
            {"line_no": n, "quantity": dice.randint(1, 9), "unit_price": _money("3.33"), "tax_rate": rate}
            for n, rate in enumerate(dice.sample((6, 13, 23), dice.randint(1, 3)), 1)
        ]
        self.make("invoice", account=dice.choice(self.accounts), lines={"create": lines})

    def sell(self, dice: Random) -> None:
        owner = {"entity": "user", "id": dice.choice(self.sellers)}
        given = {"account": dice.choice(self.accounts), "pipeline": self.pipeline, "owner": owner}
        day, amount = dice.choice(DAYS), _money(dice.randint(1, 90))
        self.make("opportunity", name="x", close_on=day, amount=amount, **given)

    def win(self, dice: Random) -> None:
        self.step("opportunity", dice, "propose")
        self.step("opportunity", dice, "win")

    def reopen(self, dice: Random) -> None:
        self.step("opportunity", dice, "reopen", reason="They changed their mind")

    def hand_over(self, dice: Random) -> None:
        self.change("opportunity", dice, owner={"entity": "user", "id": dice.choice(self.sellers)})

    def change(self, entity: str, dice: Random, **values: Any) -> None:
        found = self.some(dice, entity)
        if "number" in found:
            self.run(Update(entity, Target(UUID(found["id"])), values))

    def step(self, entity: str, dice: Random, name: str, reason: str = "") -> None:
        found = self.some(dice, entity)
        if "number" in found:
            self.run(Transition(entity, Target(UUID(found["id"])), name, reason=reason))


def _charges_are_owed_less_what_was_allocated(books: _Books) -> None:
    states = {row["id"]: row["state"] for row in books.all("payment")}
    allocations = books.all("payment_allocation")
    charges = books.all("charge")
    assert charges
    for charge in charges:
        good = (a for a in allocations if a["charge"]["id"] == charge["id"])
        paid = sum((_of(a) for a in good if states[a["payment"]["id"]] != "bounced"), Decimal())
        assert _of(charge, "balance") == _of(charge) - paid >= 0


def _accounts_owe_their_debits_less_their_credits(books: _Books) -> None:
    entries = books.all("ledger_entry")
    for account in books.all("account"):
        own = [e for e in entries if e["party"]["id"] == account["id"]]
        owed = sum((_of(e, "debit") - _of(e, "credit") for e in own), Decimal())
        assert _of(account, "balance") == owed


def _taxes_are_those_of_the_lines(books: _Books) -> None:
    lines = books.all("invoice_line")
    for invoice in books.all("invoice"):
        own = [line for line in lines if line["invoice"]["id"] == invoice["id"]]
        assert _of(invoice, "tax") == sum((_of(line, "tax") for line in own), Decimal())
        assert _of(invoice, "total") == sum((_of(x, "tax") + _of(x, "total") for x in own), Decimal())


def _targets_partition_what_was_won(books: _Books) -> None:
    first, after = QUARTER
    won = [
        row for row in books.all("opportunity") if row["state"] == "won" and first <= row["close_on"] < after
    ]
    quotas = books.all("sales_quota")
    assert sum((_of(quota, "actual") for quota in quotas), Decimal()) == sum(map(_of, won), Decimal())


def _of(row: dict[str, Any], name: str = "amount") -> Decimal:
    return Decimal(row[name]["amount"]) if row[name] else Decimal()


def _money(amount: int | str) -> dict[str, str]:
    return {"amount": str(amount), "currency": "EUR"}
