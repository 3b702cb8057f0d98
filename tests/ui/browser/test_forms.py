"""Forms at a real browser: two who save the same record, what is kept of typing, and rows under the keyboard."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.ui.browser.conftest import Site


def test_two_who_save_the_same_form_choose_field_by_field_and_nothing_is_lost(
    site: Site, ana: Page, chromium: Browser
) -> None:
    orders = {"create": [{"text": "Pens", "quantity": 1}]}
    id_ = site.place.make("customer", name="Two at it", email="old@two.example", tier="gold", orders=orders)
    address = f"{site.address}/r/customer/{id_}/edit"
    ana.goto(address)
    with browser.watched_page(chromium) as ben:
        site.sign_in(ben, "Ben")
        ben.goto(address)
        ben.get_by_label("E-mail").fill("ben@two.example")
        ben.get_by_label("Tier").select_option(label="Silver")
        ben.locator("#f-orders-0-quantity").fill("5")
        ben.get_by_role("button", name="Save").click()
        expect(ben.get_by_role("heading", level=1, name="Two at it")).to_be_visible()
    ana.get_by_label("E-mail").fill("ana@two.example")
    ana.get_by_label("Weight").fill("7")
    ana.locator("#f-orders-0-quantity").fill("8")
    ana.get_by_role("button", name="Save").click()
    expect(ana.locator("#clashes")).to_be_focused()
    expect(ana.locator("#merged")).to_contain_text("Ben changed E-mail, Tier, Orders while you were editing")
    expect(ana.get_by_label("Tier")).to_have_value("silver")
    expect(ana.get_by_label("Weight")).to_have_value("7")
    ana.get_by_role("radiogroup", name="E-mail").get_by_role("radio", name="ben@two.example").check()
    ana.get_by_role("button", name="Save").click()
    expect(ana.get_by_role("heading", level=1, name="Two at it")).to_be_visible()
    stored = site.place.read("customer", id_)
    assert (stored["email"], stored["tier"], stored["weight"]) == ("ben@two.example", "silver", "7.00")
    expect(ana.get_by_role("region", name="Orders")).to_contain_text("8")
