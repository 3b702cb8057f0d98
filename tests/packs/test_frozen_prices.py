"""What a customer was offered stays, whatever the catalogue says later."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from tests.support.installed import make_runtime
from tests.support.sales import PACKS
from xrm.engine.commands import Create, Target, Transition, Update


def test_a_quote_that_was_submitted_keeps_its_prices_when_the_catalogue_changes(
    sqlite_url: str, tmp_path: Path
) -> None:
    runtime = make_runtime(sqlite_url, tmp_path, PACKS)
    records, queries, installer = runtime.current().records, runtime.current().queries, runtime.installer

    def make(entity: str, **values: object) -> str:
        return str(records.execute(installer, [Create(entity, values)]).results[0].id)

    def break_of(line: str) -> str:
        return str(queries.get(installer, "quote_line", UUID(line))["break_percent"])

    price = {"amount": "1200", "currency": "EUR"}
    account, product = make("account", name="Ana"), make("product", code="HP", name="Pump", list_price=price)
    terms = make("quantity_break", product=product, min_quantity="10", discount_percent="5")
    lines = []
    for _ in range(2):
        quote = make("quote", account=account)
        lines.append((quote, make("quote_line", quote=quote, product=product, line_no=1, quantity="12")))
    (submitted, kept), (_, moving) = lines
    records.execute(installer, [Transition("quote", Target(UUID(submitted)), "submit")])
    records.execute(installer, [Update("quantity_break", Target(UUID(terms)), {"discount_percent": "20"})])
    assert (break_of(kept), break_of(moving)) == ("5.00", "20.00")
    runtime.close()
