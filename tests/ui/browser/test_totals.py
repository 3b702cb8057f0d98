"""The totals of a quote at a real browser: one quantity is changed, and everything that follows is right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.installed import make_runtime
from tests.support.project import ROOT
from tests.support.serving import serving
from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import a_place

PRICE = {"amount": "1200.00", "currency": "EUR"}
BREAKS = [{"min_quantity": n, "discount_percent": percent} for n, percent in ((10, 5), (50, 10))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The shipped packs at an address."""
    folder = tmp_path_factory.mktemp("totals")
    packs = [ROOT / "entity_packs" / name for name in ("crm_core", "crm_sales")]
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, packs)
    place = a_place(runtime)
    with serving(place.app) as address:
        yield Site(place, address)
    runtime.close()


def test_a_changed_quantity_changes_every_total_of_the_quote(site: Site, ana: Page) -> None:
    place = site.place
    pump = place.make(
        "product", code="P", name="Pump", list_price=PRICE, tax_rate=23, breaks={"create": BREAKS}
    )
    account = place.make("account", name="Acme")
    line = {"line_no": 1, "product": pump, "quantity": "12"}
    quote = place.make("quote", account=account, lines={"create": [line]})
    ana.goto(f"{site.address}/r/quote/{quote}")
    for amount in ("€13,680", "€3,146.40", "€16,826.40"):
        expect(ana.get_by_role("main")).to_contain_text(amount)
    ana.goto(f"{site.address}/r/quote/{quote}/edit")
    expect(ana.locator("[name='total.amount'], [name='total']")).to_have_count(0)
    ana.locator("input[name='lines.0.quantity']").fill("50")
    ana.get_by_role("button", name="Save").first.click()
    for amount in ("€54,000", "€6,000", "€66,420"):
        expect(ana.get_by_role("main")).to_contain_text(amount)
