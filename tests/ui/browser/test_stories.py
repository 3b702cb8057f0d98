"""Stories of people at a real browser, under the strict policy, with a silent console."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import PASSWORD


def test_a_record_with_a_lookup_is_made_by_keyboard_alone(site: Site, ana: Page) -> None:
    site.place.make("person", name="Bela Costa")
    ana.goto(f"{site.address}/r/customer")
    ana.get_by_role("link", name="New customer").focus()
    ana.keyboard.press("Enter")
    ana.get_by_label("Name", exact=True).focus()
    ana.keyboard.type("By keyboard")
    contact = ana.get_by_role("combobox", name="Contact")
    for _ in range(40):
        ana.keyboard.press("Tab")
        if contact.evaluate("e => e === document.activeElement"):
            break
    ana.keyboard.type("bela")
    expect(ana.get_by_role("option", name="Bela Costa")).to_have_attribute("aria-selected", "true")
    ana.keyboard.press("Enter")
    expect(contact).to_have_value("Bela Costa")
    ana.keyboard.press("Control+Enter")
    expect(ana.get_by_role("heading", level=1, name="By keyboard")).to_be_visible()
    expect(ana.get_by_role("main").get_by_role("link", name="Bela Costa")).to_be_visible()
    expect(ana.get_by_role("status").filter(has_text="Customer created")).to_be_visible()


def test_the_offer_that_is_marked_is_taken_by_tab_and_the_focus_goes_on(site: Site, ana: Page) -> None:
    site.place.make("person", name="Tadeu Reis")
    ana.goto(f"{site.address}/r/customer/new")
    contact = ana.get_by_role("combobox", name="Contact")
    contact.focus()
    ana.keyboard.type("tade")
    expect(ana.get_by_role("option", name="Tadeu Reis")).to_have_attribute("aria-selected", "true")
    ana.keyboard.press("Tab")
    expect(contact).to_have_value("Tadeu Reis")
    expect(contact).not_to_be_focused()
    ana.get_by_label("Name", exact=True).fill("By tab")
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("main").get_by_role("link", name="Tadeu Reis")).to_be_visible()


def test_a_lookup_follows_what_stands_in_the_form(site: Site, ana: Page) -> None:
    one, other = (site.place.make("customer", name=n) for n in ("Lighthouse One", "Lighthouse Other"))
    site.place.make("person", name="Quim One", works_at=one)
    site.place.make("person", name="Quim Other", works_at=other)
    ana.goto(f"{site.address}/r/ticket/new")
    ana.get_by_role("combobox", name="Customer").fill("lighthouse other")
    ana.get_by_role("option", name="Lighthouse Other", exact=True).click()
    ana.get_by_role("combobox", name="Asker").fill("quim")
    expect(ana.get_by_role("option", name="Quim Other")).to_be_visible()
    expect(ana.get_by_role("option", name=re.compile("^Quim"))).to_have_count(1)


def test_two_customers_become_parent_and_subsidiary_and_each_page_says_it(site: Site, ana: Page) -> None:
    top, low = (
        site.place.make("customer", name="Ashdown Group"),
        site.place.make("customer", name="Ashdown Analytics"),
    )
    ana.goto(f"{site.address}/r/customer/{top}")
    ana.get_by_role("link", name="Connect with another record").click()
    ana.get_by_label("Role of Ashdown Group").select_option(label="parent company of")
    ana.get_by_role("combobox", name="Other record").fill("analytics")
    ana.get_by_role("option", name="Ashdown Analytics").click()
    ana.get_by_role("button", name="Connect with another record").click()
    connections = ana.locator("section.card").filter(has_text="Connections")
    expect(connections).to_contain_text(re.compile(r"parent company of\s+Ashdown Analytics"))
    connections.get_by_role("link", name="Ashdown Analytics", exact=True).click()
    expect(ana).to_have_url(f"{site.address}/r/customer/{low}")
    expect(connections).to_contain_text(re.compile(r"subsidiary of\s+Ashdown Group"))


def test_a_branch_is_made_under_its_parent_and_seen_from_both_sides(site: Site, ana: Page) -> None:
    top = site.place.make("customer", name="Old house")
    ana.goto(f"{site.address}/r/customer/{top}")
    ana.get_by_text("Add to this record").click()
    ana.get_by_role("link", name="Branches").click()
    expect(ana.get_by_role("combobox", name="Parent customer")).to_have_value("Old house")
    ana.get_by_label("Name", exact=True).fill("New house")
    ana.get_by_role("button", name="Create customer").click()
    ana.get_by_role("main").get_by_role("link", name="Old house").click()
    expect(ana.locator("section.card").filter(has_text="Branches")).to_contain_text("New house")


def test_the_list_goes_on_as_one_scrolls_and_its_filter_survives_going_back(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer?search=customer")
    rows = ana.locator("tbody tr[id^='r-']")
    expect(rows).to_have_count(50)
    ana.get_by_role("link", name="Load more").scroll_into_view_if_needed()
    expect(rows).to_have_count(60)
    ana.get_by_label("Tier").select_option(label="Gold")
    expect(rows).to_have_count(20)
    expect(ana).to_have_url(re.compile("f.tier=gold"))
    ana.get_by_role("link", name="Customer 03").click()
    expect(ana.get_by_role("heading", level=1, name="Customer 03")).to_be_visible()
    ana.go_back()
    expect(ana.get_by_role("navigation", name="Main")).to_be_visible()
    expect(rows).to_have_count(20)
    expect(ana.get_by_label("Tier")).to_have_value("gold")


def test_an_error_takes_the_focus_and_leads_to_its_input(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("E-mail").fill("nonsense")
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.locator("#summary")).to_be_focused()
    ana.locator("#summary").get_by_role("link", name=re.compile("mail", re.I)).click()
    expect(ana.get_by_label("E-mail")).to_be_focused()
    expect(ana.get_by_label("E-mail")).to_have_value("nonsense")


def test_cells_of_a_grid_look_like_inputs(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    edges = "e => { const s = getComputedStyle(e); return [s.borderTopColor, s.borderTopWidth, s.backgroundColor]; }"
    cell = ana.locator(".grid td .input:not([role=combobox])").first
    assert cell.evaluate(edges) == ana.get_by_label("Name", exact=True).evaluate(edges)


def test_rows_are_added_in_the_grid(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("With rows")
    orders = ana.get_by_role("group", name="Orders").first
    orders.get_by_role("button", name="Add row").click()
    texts = ana.locator("input[id^='f-orders-'][id$='-text']")
    expect(texts).to_have_count(2)
    texts.nth(0).fill("Pens")
    texts.nth(1).fill("Ink")
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("region", name="Orders")).to_contain_text("Pens")
    expect(ana.get_by_role("region", name="Orders")).to_contain_text("Ink")


def test_a_page_asks_nobody_else_for_anything(site: Site, ana: Page) -> None:
    asked: list[str] = []
    ana.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/r/customer", "/r/customer/new", "/me"):
        ana.goto(f"{site.address}{path}")
    assert asked
    assert [url for url in asked if not url.startswith((site.address, "data:"))] == []


def test_a_session_that_ended_leads_from_the_list_to_the_sign_in_page(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer")
    ana.context.clear_cookies()
    ana.get_by_role("searchbox", name="Search in Customers").fill("nobody")
    expect(ana).to_have_url(re.compile(r"/login\?next="))


def test_what_was_typed_before_the_session_ended_is_there_after_signing_in(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("Written over lunch")
    ana.context.clear_cookies()
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_text("You were signed out meanwhile.")).to_be_visible()
    ana.locator("[name=email]").fill("ana@example.com")
    ana.get_by_label("Password").fill(PASSWORD)
    ana.keyboard.press("Enter")
    expect(ana.get_by_label("Name", exact=True)).to_have_value("Written over lunch")
    expect(ana.get_by_text("Nothing is saved yet")).to_be_visible()
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("heading", level=1, name="Written over lunch")).to_be_visible()


def test_the_menu_is_filtered_walked_and_stays_as_one_left_it(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/")
    setup = ana.locator("details[data-group=setup]")
    expect(setup.get_by_role("link", name="Tags")).to_be_hidden()
    setup.locator("summary").click()
    expect(setup.get_by_role("link", name="Tags")).to_be_visible()
    ana.reload()
    expect(setup.get_by_role("link", name="Tags")).to_be_visible()
    setup.locator("summary").click()
    box = ana.get_by_role("searchbox", name="Find in the menu")
    box.fill("tag")
    expect(ana.locator("#nav").get_by_role("link")).to_have_text(["Tags"])
    box.press("ArrowDown")
    expect(setup.get_by_role("link", name="Tags")).to_be_focused()
    box.fill("nothing such")
    expect(ana.get_by_text("Nothing in the menu is called so.")).to_be_visible()
    box.press("Escape")
    expect(setup.get_by_role("link", name="Tags")).to_be_hidden()
    box.fill("custo")
    box.press("Enter")
    expect(ana).to_have_url(f"{site.address}/r/customer")


def test_a_file_is_imported_and_taken_back_with_a_mouse(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/person")
    ana.get_by_role("group").get_by_title("More actions").click()
    ana.get_by_role("link", name="Import…").click()
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": b"Name,Far\nOne by File,x\n,y\n"}
    ana.get_by_label("File", exact=True).set_input_files([file])
    ana.get_by_role("button", name="Go on").click()
    expect(ana.get_by_label("Name", exact=True)).to_have_value("name")
    ana.get_by_role("button", name="Check the rows").click()
    expect(ana.get_by_text("Nothing is written yet.")).to_be_visible()
    ana.get_by_role("button", name="Import 1 row").click()
    expect(ana.get_by_role("button", name="Undo this import")).to_be_visible()
    ana.get_by_role("button", name="Undo this import").click()
    expect(ana.get_by_text("Moved to the trash")).to_be_visible()


def test_tabs_without_room_stand_behind_more(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer")
    views = ana.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link")).to_have_text(["All customers", "Gold", "By score", "By tier"])
    ana.set_viewport_size({"width": 240, "height": 800})
    ana.locator(".tabs-more").click()
    ana.locator(".tabs-row .pick").get_by_role("link", name="By score").click()
    expect(views.get_by_role("link", name="By score")).to_have_attribute("aria-current", "page")
    expect(views.get_by_role("link", name="By score")).to_be_in_viewport(ratio=1)


def test_the_sign_in_card_stands_in_the_middle_whatever_it_says(site: Site, page: Page) -> None:
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site.address}/login")
        wide = page.locator(".sign-in").bounding_box()
        page.locator("[name=email]").fill("nobody@example.com")
        page.get_by_label("Password").fill("not this one")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        box = page.locator(".sign-in").bounding_box()
        assert wide
        assert box
        assert abs(box["x"] * 2 + box["width"] - width) <= 1
        assert wide["width"] == box["width"] == min(372, width - 32)


def test_the_way_here_ends_in_a_name_on_a_phone(site: Site, ana: Page) -> None:
    ana.set_viewport_size({"width": 390, "height": 800})
    id_ = site.place.make("customer", name="On a phone")
    ana.goto(f"{site.address}/r/customer/{id_}")
    expect(ana.locator(".crumbs li:last-child > a")).to_be_visible()
    expect(ana.locator(".crumbs li:last-child > svg:last-child")).to_be_hidden()
