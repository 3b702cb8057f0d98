"""Conditional forms: the page shows and asks for what the server would, while somebody types."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.ui.browser.conftest import Site


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


def test_what_is_hidden_when_a_form_is_saved_is_not_written(ana: Page, site: Site) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("New friends")
    ana.get_by_label("Tier").select_option("old")
    ana.get_by_label("Why lost").fill("A slip")
    ana.get_by_label("Tier").select_option("gold")
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("status").first).to_contain_text("Customer created")
    stored = site.place.read("customer", ana.url.rpartition("/")[2])
    assert (stored["tier"], stored["why_lost"]) == ("gold", None)
