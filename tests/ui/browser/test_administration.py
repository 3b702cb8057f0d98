"""The administration at a real browser under the content rules: tables narrow as one types, lookups choose users."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.ui.browser.conftest import Site


def test_users_are_found_as_one_types_and_the_address_keeps_it(ana: Page, site: Site) -> None:
    site.place.person("Berit", "clerk")
    site.place.person("Berta", "guest")
    ana.goto(f"{site.address}/admin/users")
    ana.locator("#q").press_sequentially("ber")
    expect(ana.locator("#list tbody tr")).to_have_count(2)
    expect(ana.get_by_text("2 users")).to_be_visible()
    expect(ana.locator("#q")).to_be_focused()
    ana.locator("#filter-role").select_option("clerk")
    expect(ana.locator("#list tbody tr")).to_have_count(1)
    expect(ana).to_have_url(re.compile(r"search=ber.*f\.role=clerk"))
    ana.get_by_role("link", name="Berit").click()
    expect(ana.get_by_role("heading", level=1)).to_have_text("Berit")
    ana.go_back()
    expect(ana.locator("#list tbody tr")).to_have_count(1)
    expect(ana.locator("#q")).to_have_value("ber")


def test_a_member_is_chosen_from_what_is_offered(ana: Page, site: Site) -> None:
    site.place.person("Cyril", "clerk")
    ana.goto(f"{site.address}/admin/teams/new")
    ana.get_by_label("Name").fill("Harbour")
    ana.get_by_role("button", name="Add team").click()
    ana.get_by_role("link", name="Add member").first.click()
    ana.get_by_role("combobox", name="User").press_sequentially("Cyr")
    ana.get_by_role("option", name="Cyril").click()
    ana.get_by_role("button", name="Add member").click()
    expect(ana.locator("#members tbody th")).to_have_text(re.compile("Cyril"))
    ana.locator("#roles").get_by_role("link", name="Change").click()
    ana.get_by_role("checkbox", name="Guest").check()
    ana.get_by_role("button", name="Save").click()
    expect(ana.locator("#members")).to_contain_text("Guest through Harbour")


def test_a_password_link_is_shown_once_and_opens_once(ana: Page, site: Site) -> None:
    site.place.person("Dora", "guest")
    user = site.place.actor("Dora").id
    ana.goto(f"{site.address}/admin/users/{user}")
    ana.get_by_role("button", name="Make a password link").click()
    link = ana.locator("#secret").inner_text()
    path = "/welcome/" + link.partition("/welcome/")[2]
    ana.context.clear_cookies()
    ana.goto(f"{site.address}{path}")
    ana.get_by_label("New password").fill("eleven blue kettles")
    ana.get_by_label("The same once more").fill("eleven blue kettles")
    ana.get_by_role("button", name="Set the password").click()
    ana.get_by_label("E-mail").fill("dora@example.com")
    ana.get_by_label("Password").fill("eleven blue kettles")
    ana.keyboard.press("Enter")
    ana.wait_for_url(f"{site.address}/")
    ana.goto(f"{site.address}{path}")
    expect(ana.get_by_role("heading", name="This link opens nothing any more")).to_be_visible()


def test_the_matrix_follows_the_operation_and_leads_to_the_role(ana: Page, site: Site) -> None:
    ana.goto(f"{site.address}/admin/roles")
    ana.locator("#filter-can").select_option("update")
    expect(ana.locator("#matrix-name")).to_have_text("Who may change")
    ana.locator(".matrix tbody tr", has_text="Customers").get_by_title("their own").click()
    expect(ana.get_by_role("heading", level=1)).to_have_text("Clerk")
    expect(ana).to_have_url(re.compile("/admin/roles/clerk#customer"))
