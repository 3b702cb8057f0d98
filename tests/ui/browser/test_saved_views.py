"""A person makes a view of a list with the keyboard alone: saved, come back to, changed, reset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.axe import violations
from tests.support.browser import reach
from tests.ui.browser.conftest import Site, ask_of


@pytest.fixture(
    params=[
        ("light", 1440),
        ("dark", 390),
        pytest.param(("dark", 1440), marks=pytest.mark.proof),
        pytest.param(("light", 390), marks=pytest.mark.proof),
    ],
    ids=str,
)
def looked_at(request: pytest.FixtureRequest, site: Site, chromium: Browser) -> Iterator[Page]:
    """A page in each theme and width, on which axe may be put."""
    theme, width = request.param
    size = {"width": width, "height": 900}
    with chromium.new_context(color_scheme=theme, viewport=size, bypass_csp=True, locale="en-GB") as context:
        page = context.new_page()
        site.sign_in(page)
        yield page


def press_on(page: Page, what: Locator, key: str = "Enter") -> None:
    """The key, once the focus has come to it by Tab from where it was."""
    reach(page, what)
    page.keyboard.press(key)


def tab(page: Page, name: str) -> Locator:
    """The tab of a view."""
    return page.get_by_role("navigation", name="Views").get_by_role("link", name=name, exact=True)


def test_a_view_is_saved_come_back_to_changed_and_reset_with_the_keyboard_alone(
    site: Site, ana: Page
) -> None:
    ana.set_viewport_size({"width": 1700, "height": 900})
    ana.goto(f"{site.address}/r/customer")
    press_on(ana, ana.locator("#filter-tier"), "s")  # Silver
    unsaved = ana.get_by_role("group", name="Unsaved view")
    expect(unsaved).to_be_visible()
    press_on(ana, ana.get_by_role("link", name="Save for me…"))
    expect(ana.get_by_role("dialog", name="Save the view")).to_be_visible()
    ana.keyboard.press("Escape")
    expect(ana.get_by_role("link", name="Save for me…")).to_be_focused()
    ana.keyboard.press("Enter")
    expect(ana.get_by_label("Name of the view")).to_be_focused()
    ana.keyboard.press("Enter")
    expect(ana.get_by_text("A name has 1 to 60 printable characters")).to_be_visible()
    expect(ana.get_by_label("Name of the view")).to_be_focused()
    ana.keyboard.type("Silver ones")
    ana.keyboard.press("Enter")
    expect(tab(ana, "Silver ones")).to_have_attribute("aria-current", "page")
    expect(unsaved).to_have_count(0)
    expect(ana.locator("tr[id^=r-]")).to_have_count(20)

    press_on(ana, tab(ana, "All customers"))
    expect(tab(ana, "All customers")).to_have_attribute("aria-current", "page")
    press_on(ana, tab(ana, "Silver ones"))
    expect(ana.locator("#filter-tier")).to_have_value("silver")

    press_on(ana, ana.locator("#filter-tier"), "b")  # Bronze
    expect(unsaved.get_by_role("button", name="Save changes")).to_be_visible()
    press_on(ana, ana.get_by_role("link", name="Reset"))
    expect(ana.locator("#filter-tier")).to_have_value("silver")
    expect(unsaved).to_have_count(0)
    press_on(ana, ana.locator("#filter-tier"), "b")
    press_on(ana, unsaved.get_by_role("button", name="Save changes"))
    expect(ana.get_by_role("status").filter(has_text="Saved as Silver ones")).to_be_visible()
    expect(ana.locator("#filter-tier")).to_have_value("bronze")
    expect(unsaved).to_have_count(0)


def test_all_that_a_saved_view_asks_for_is_taken_away_as_one_types(site: Site, ana: Page) -> None:
    ana.set_viewport_size({"width": 1700, "height": 900})
    ana.goto(f"{site.address}/r/customer?f.tier=gold&fields=name")
    ana.get_by_role("link", name="Save for me…").click()
    ana.get_by_label("Name of the view").fill("Only gold")
    ana.keyboard.press("Enter")
    expect(tab(ana, "Only gold")).to_have_attribute("aria-current", "page")
    expect(ana.locator("tr[id^=r-]")).to_have_count(20)
    ana.goto(ana.url)
    ana.locator("#q").fill("customer 0")
    expect(ana.locator("tr[id^=r-]")).to_have_count(4)
    ana.locator("#q").fill("")
    expect(ana.locator("tr[id^=r-]")).to_have_count(20)


def test_axe_finds_nothing_on_a_view_that_is_not_saved_and_its_dialog(site: Site, looked_at: Page) -> None:
    page = looked_at
    page.goto(f"{site.address}/r/customer?f.tier=gold&sort=-name")
    assert violations(page) == []
    page.get_by_role("link", name="Save for all…").click()
    expect(page.get_by_role("dialog", name="Save the view")).to_be_visible()
    assert violations(page) == []


def type_field(page: Page, name: str) -> None:
    """The field that is asked about, by its name and Enter."""
    expect(page.get_by_label("Field", exact=True)).to_be_focused()
    page.keyboard.type(name)
    expect(page.locator("#c-field-list [aria-selected=true]")).to_have_text(name)
    page.keyboard.press("Enter")
    page.get_by_label("Condition").wait_for()


def test_a_filter_is_built_changed_and_taken_away_with_the_keyboard_alone(site: Site, ana: Page) -> None:
    ana.set_viewport_size({"width": 1700, "height": 900})
    ana.goto(f"{site.address}/r/customer")
    rows = ana.locator("tr[id^=r-]")
    press_on(ana, ana.locator("#more-filter"))
    type_field(ana, "Tier")
    ana.get_by_label("Condition").wait_for()
    press_on(ana, ana.get_by_role("checkbox", name="Gold"), " ")
    press_on(ana, ana.get_by_role("checkbox", name="Bronze"), " ")
    ana.keyboard.press("Enter")
    expect(ana.locator("#chip-1")).to_have_text("Tier is Gold or Bronze")
    expect(ana.get_by_text("40 records", exact=True).first).to_be_attached()

    press_on(ana, ana.locator("#chip-1"))
    expect(ana.get_by_role("dialog", name="Change the filter")).to_be_visible()
    press_on(ana, ana.get_by_role("link", name="Add an alternative"))
    expect(ana.get_by_role("dialog", name="Add an alternative")).to_be_visible()
    type_field(ana, "Name")
    press_on(ana, ana.get_by_label("Value"), "0")
    ana.keyboard.press("Enter")
    expect(ana.locator("#chip-1")).to_have_text("Tier is Gold or Bronze or Name contains 0")
    press_on(ana, ana.locator(".chip-out"))
    expect(rows).to_have_count(50)
    expect(ana.locator("#chip-1")).to_have_count(0)


def test_a_record_is_found_in_a_filter_as_one_types(site: Site, ana: Page) -> None:
    top = site.place.make("customer", name="Yonder top")
    site.place.make("customer", name="Yonder below", parent=top)
    ana.goto(f"{site.address}/r/customer")
    ana.locator("#more-filter").click()
    ask_of(ana, "Parent customer")
    ana.get_by_role("combobox", name="Value").press_sequentially("yonder t")
    ana.get_by_role("option", name="Yonder top").click()
    ana.get_by_role("button", name="Add").click()
    expect(ana.locator("#chip-1")).to_have_text("Parent customer is Yonder top")
    expect(ana.locator("tr[id^=r-]")).to_have_count(1)


def test_a_faulty_text_leaves_the_list_and_says_why(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer")
    ana.locator("#more-filter").click()
    ana.get_by_role("link", name="As text").click()
    box = ana.get_by_label("Condition")
    box.fill('tier == "go')
    ana.get_by_role("button", name="Apply").click()
    expect(ana.get_by_role("alert")).to_contain_text("The quote is not closed")
    expect(box).to_be_focused()
    expect(ana.locator("tr[id^=r-]")).to_have_count(50)
    box.fill('tier == "gold"')
    box.press("Enter")
    expect(ana.locator("tr[id^=r-]")).to_have_count(20)


def test_axe_finds_nothing_on_the_forms_of_a_filter(site: Site, looked_at: Page) -> None:
    page = looked_at
    page.goto(f"{site.address}/r/customer?filter=tier == 'gold' or loud == true")
    page.locator("#chip-1").click()
    expect(page.get_by_role("dialog", name="Change the filter")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#more-filter").click()
    page.get_by_label("Field", exact=True).fill("par")
    expect(page.get_by_role("option", name="Parent customer · Tier")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Field", exact=True).fill("nothing at all")
    expect(page.get_by_text("No field is called so.")).to_be_visible()
    assert violations(page) == []
    for field in ("Tier", "Since", "Parent customer", "Budget", "Loud", "Name"):
        ask_of(page, field)
        assert violations(page) == [], field
    page.get_by_role("link", name="As text").click()
    page.locator("#c-text").wait_for()
    assert violations(page) == []
    page.goto(f"{site.address}/r/customer/filter?c.field=tier&c.for=tier&c.op=eq&c.done=1")
    assert violations(page) == []


def test_columns_and_totals_are_chosen_and_saved_with_the_keyboard_alone(site: Site, ana: Page) -> None:
    ana.set_viewport_size({"width": 1700, "height": 900})
    ana.goto(f"{site.address}/r/customer")
    press_on(ana, ana.locator("#display-link"))
    expect(ana.get_by_role("dialog", name="Display")).to_be_visible()
    press_on(ana, ana.get_by_role("button", name="Remove Loud"))
    expect(ana.get_by_role("button", name="Remove Loud")).to_have_count(0)
    press_on(ana, ana.get_by_role("button", name="Move Since up"))
    expect(ana.locator("#columns .cut")).to_have_text(["Name", "Tier", "Since", "Parent customer", "Budget"])
    press_on(ana, ana.locator("#c-totals"), "S")
    press_on(ana, ana.locator("#display-done"))
    expect(ana.locator("thead th[scope=col]")).to_have_text(
        ["Name", "Tier", "Since", "Parent customer", "Budget"]
    )
    expect(ana.locator("tfoot th")).to_contain_text("Sum")
    press_on(ana, ana.get_by_role("link", name="Save for me…"))
    expect(ana.get_by_label("Name of the view")).to_be_focused()
    ana.keyboard.type("With sums")
    ana.keyboard.press("Enter")
    expect(tab(ana, "With sums")).to_have_attribute("aria-current", "page")
    expect(ana.locator("tfoot th")).to_contain_text("Sum")


def test_lists_are_as_dense_as_the_person_wants(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer")
    before = ana.locator("tr[id^=r-]").first.bounding_box()
    ana.locator("#display-link").click()
    ana.get_by_role("button", name="Compact").click()
    expect(ana.locator("html")).to_have_attribute("data-density", "compact")
    after = ana.locator("tr[id^=r-]").first.bounding_box()
    assert before
    assert after
    assert after["height"] < before["height"]
    ana.locator("#display-link").click()
    ana.get_by_role("button", name="Normal").click()
    expect(ana.locator("html")).to_have_attribute("data-density", "normal")


def test_axe_finds_nothing_on_totals_and_the_form_of_display(site: Site, looked_at: Page) -> None:
    page = looked_at
    page.goto(f"{site.address}/r/customer?totals=sum&fields=name,budget,weight&sort=tier,-name")
    assert violations(page) == []
    page.locator("#display-link").click()
    expect(page.get_by_role("dialog", name="Display")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{site.address}/r/customer/display?sort=tier,-name")
    assert violations(page) == []


def test_what_is_chosen_without_a_new_page_is_kept_by_whatever_comes_next(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer?f.since.empty=false")
    rows = ana.locator("tr[id^=r-]")
    ana.locator("#filter-tier").select_option("gold")
    expect(rows).to_have_count(20)
    ana.locator("#sort-name").click()
    expect(ana.locator("th[aria-sort=descending]")).to_have_text("Name")
    ana.locator("#q").fill("customer 0")
    expect(rows).to_have_count(4)
    expect(ana.locator("th[aria-sort=descending]")).to_have_text("Name")
    expect(ana.locator(".chip-words")).to_have_text("Since is not empty")
    ana.locator("#more-filter").click()
    ask_of(ana, "Budget")
    ana.get_by_label("Condition").select_option("empty")
    ana.get_by_role("button", name="Add").click()
    expect(ana.locator(".chip-words")).to_have_text(["Since is not empty", "Budget is empty"])
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("Customer 09")
    expect(ana.locator("#filter-tier")).to_have_value("gold")
    ana.locator("#q").fill("")
    expect(rows).to_have_count(20)
    with ana.expect_download() as brought:
        ana.locator(".more-actions summary").click()
        ana.get_by_role("button", name="Export for spreadsheets").click()
    with open(brought.value.path()) as file:
        assert file.read().count("Customer") == 20
