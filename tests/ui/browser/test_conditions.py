"""Conditional forms: the page shows and asks for what the server would, while somebody types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support import browser
from tests.support.conditional import CLAIMS
from tests.support.installed import make_runtime
from tests.support.serving import serving
from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import a_place


def test_a_field_comes_and_goes_with_what_is_typed_and_is_needed_when_it_is_shown(
    ana: Page, site: Site
) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    reason = ana.get_by_label("Why lost")
    expect(reason).to_be_hidden()
    ana.get_by_label("Name", exact=True).fill("Old friends")
    ana.get_by_label("Tier").select_option("old")
    expect(reason).to_be_visible()
    expect(ana.locator("#g-why_lost .optional")).to_be_hidden()
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("alert")).to_contain_text("Why lost")
    reason.fill("They moved away")
    ana.get_by_label("Tier").select_option("gold")
    expect(reason).to_be_hidden()
    ana.get_by_label("Tier").select_option("old")
    expect(reason).to_have_value("They moved away")
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("status").first).to_contain_text("Customer created")
    expect(ana.locator("#d-why_lost")).to_contain_text("They moved away")


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Claims, in which everything depends on something."""
    folder = tmp_path_factory.mktemp("claims")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [CLAIMS])
    place = a_place(runtime)
    for name, country in (("Porto", "PT"), ("Paris", "FR")):
        place.make("shop", name=name, country=country)
    with serving(place.app) as address:
        yield Site(place, address)
    runtime.close()


@pytest.fixture
def form(claims: Site, chromium: Browser) -> Iterator[Page]:
    """The form of a new claim; an error in its console fails the test."""
    with browser.watched_page(chromium) as page:
        claims.sign_in(page)
        page.goto(f"{claims.address}/r/claim/new")
        yield page


def chip(page: Page, name: str, option: str) -> Locator:
    return page.locator(f'input:not([type=hidden])[name="{name}"][value="{option}"]')


def test_options_come_and_go_and_what_was_chosen_comes_back(form: Page, claims: Site) -> None:
    form.locator("#f-name").fill("Broken")
    expect(chip(form, "remedy", "repair")).to_be_disabled()
    chip(form, "kind", "product").check()
    chip(form, "remedy", "repair").check()
    chip(form, "extras", "gift").check()
    chip(form, "kind", "service").check()
    expect(chip(form, "remedy", "repair")).to_be_hidden()
    expect(chip(form, "remedy", "")).to_be_checked()
    expect(chip(form, "remedy", "training")).to_be_enabled()
    chip(form, "kind", "product").check()
    expect(chip(form, "remedy", "repair")).to_be_checked()
    expect(chip(form, "extras", "gift")).to_be_checked()
    form.get_by_role("button", name="Create claim").click()
    expect(form.get_by_role("status").first).to_contain_text("Claim created")
    stored = claims.place.read("claim", form.url.rpartition("/")[2])
    assert (stored["remedy"], stored["extras"]) == ("repair", ["gift"])


def test_what_other_records_and_amounts_decide_is_asked_of_the_server(form: Page) -> None:
    travel, fast = form.locator("#f-travel"), chip(form, "pace", "fast")
    expect(travel).to_be_hidden()
    expect(fast).to_be_hidden()
    shop = form.locator("#f-shop")
    shop.fill("Porto")
    form.get_by_role("option", name="Porto", exact=True).click()
    expect(travel).to_be_visible()
    fast.check()
    shop.fill("Paris")
    form.get_by_role("option", name="Paris", exact=True).click()
    expect(travel).to_be_hidden()
    expect(chip(form, "pace", "")).to_be_checked()
    expect(form.locator("#f-fee")).to_be_hidden()
    form.locator("#f-price").fill("100.01")
    expect(form.locator("#f-fee")).to_be_visible()
    expect(form.locator("#g-cost")).to_contain_text("200.02")
    form.locator("#f-who-last").fill("Berg")
    expect(form.locator("#f-kin")).to_be_visible()


def test_short_forms_and_cells_tell_what_follows_while_one_types(form: Page, claims: Site) -> None:
    form.goto(f"{claims.address}/r/part/new")
    form.locator("#f-claim").fill("Cracked")
    form.get_by_role("option", name="New claim").click()
    dialog = form.locator("#quick")
    serial, hours = dialog.locator("#f-quick-serial"), dialog.locator("#f-quick-hours")
    expect(serial).to_be_hidden()
    chip(form, "quick.kind", "product").check()
    expect(serial).to_be_visible()
    expect(dialog.locator("#s-quick-end")).to_be_visible()
    chip(form, "quick.kind", "service").check()
    expect(serial).to_be_hidden()
    expect(hours).to_have_attribute("required", "")
    expect(chip(form, "quick.remedy", "repair")).to_be_hidden()
    dialog.locator("#f-quick-price").fill("100.01")
    expect(dialog.locator("#g-quick-cost")).to_contain_text("200.02")
    _a_cell_takes_what_is_needed_then(form, claims)


def _a_cell_takes_what_is_needed_then(page: Page, claims: Site) -> None:
    claim = claims.place.make("claim", name="Cell", kind="product", serial="S-1")
    page.goto(f"{claims.address}/r/claim")
    page.locator(f"#r-{claim} td:nth-child(3)").dblclick()
    chip(page, "kind", "service").check()
    told = page.locator(".ahead")
    expect(told).to_contain_text("Serial is not shown then and stays as it is.")
    told.locator("#f-hours").fill("3")
    browser.press(page, "Enter")
    expect(page.locator(f"#r-{claim} td:nth-child(3)")).to_have_text("Service")
    assert claims.place.read("claim", claim)["hours"] == 3
