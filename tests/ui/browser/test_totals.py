"""A quote at a real browser: a pump is configured by its rules and offered, and its quantity is changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.installed import make_runtime
from tests.support.project import ROOT
from tests.support.serving import serving
from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import Place, a_place

BREAKS = [{"min_quantity": n, "discount_percent": percent} for n, percent in ((10, 5), (50, 10))]
NEEDS = "Pro compressor requires 32 kW controller."


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


def test_what_a_configured_pump_costs_by_the_dozen_and_by_fifty(site: Site, ana: Page) -> None:
    _offers_pumps(site.place)
    main = ana.get_by_role("main")
    ana.goto(f"{site.address}/r/product_configuration/new")
    ana.get_by_label("Name").first.fill("As wanted")
    _choose(ana, "product", "Heat pump")
    _choose(ana, "options", "Pro compressor")
    ana.get_by_role("button", name="Add row").click()
    _choose(ana, "options", "16 kW controller", row=1)
    ana.get_by_role("button", name="Create configuration").click()
    expect(main).to_contain_text(NEEDS)
    _choose(ana, "options", "Buffer tank")
    _choose(ana, "options", "32 kW controller", row=1)
    ana.get_by_role("button", name="Create configuration").click()
    expect(main).to_contain_text("€1,200")
    ana.goto(f"{site.address}/r/quote/new")
    expect(ana.locator("[name='total.amount'], [name='total']")).to_have_count(0)
    _choose(ana, "account", "Acme")
    ana.locator("[name='lines.0.line_no']").fill("1")
    ana.locator("[name='lines.0.quantity']").fill("12")
    _choose(ana, "lines.0.product", "Heat pump")
    _choose(ana, "lines.0.configuration", "As wanted")
    ana.get_by_role("button", name="Create quote").click()
    for amount in ("€13,680", "€720", "€3,146.40", "€16,826.40"):
        expect(main).to_contain_text(amount)
    ana.get_by_role("link", name="Edit").first.click()
    ana.locator("input[name='lines.0.quantity']").fill("50")
    ana.get_by_role("button", name="Save").first.click()
    for amount in ("€54,000", "€6,000", "€66,420"):
        expect(main).to_contain_text(amount)


def _offers_pumps(place: Place) -> None:
    """The catalogue: a pump, what it is made of, and what goes with what."""
    pump = place.make(
        "product", code="HP-200", name="Heat pump", configurable=True, list_price=_euros("900.00"),
        tax_rate=23, breaks={"create": BREAKS},
    )  # fmt: skip
    known = {
        name: place.make("product_option", code=name, name=name, group=group, price_delta=_euros(price))
        for group in [place.make("product_option_group", product=pump, name="Parts", at_most=3)]
        for name, price in (
            ("32 kW controller", "180.00"), ("16 kW controller", "0.00"), ("Buffer tank", "120.00"),
            ("Pro compressor", "300.00"),
        )
    }  # fmt: skip
    place.make(
        "config_rule", product=pump, name="Pro", when='any(options, code == "Pro compressor")',
        then="require", target=known["32 kW controller"], message=NEEDS,
    )  # fmt: skip
    place.make("account", name="Acme")


def _euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def _choose(page: Page, name: str, title: str, row: int = 0) -> None:
    """The record of that title is chosen in the control of that name, or in that row of what leads to many."""
    page.locator(f"[name='{name}.text'], [name^='{name}.'][name$='.to.text']").nth(row).fill(title)
    page.get_by_role("option", name=title, exact=True).click()
