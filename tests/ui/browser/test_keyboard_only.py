"""A morning in sales without a mouse: nothing is clicked, and focus goes only where keys bring it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support import browser, sales
from tests.support.browser import press, reach
from tests.support.installed import make_runtime
from tests.support.serving import serving
from xrm.app import mount

CARD = ".lane-card a"


@pytest.fixture
def desk(tmp_path: Path, chromium: Browser) -> Iterator[Page]:
    """The manager, signed in, in front of the demo."""
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, sales.PACKS, demo=True)
    sales.fill(runtime, 30)
    with serving(mount(runtime)) as home, browser.watched_page(chromium) as page:
        page.set_viewport_size({"width": 1700, "height": 950})
        page.goto(f"{home}/login")
        page.keyboard.type(sales.MANAGER)
        page.keyboard.press("Tab")
        page.keyboard.type(sales.PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{home}/")
        yield page
    runtime.close()


def look_up(page: Page, box: Locator, text: str) -> None:
    """The first record that the focused lookup offers is chosen."""
    reach(page, box)
    page.keyboard.type(text)
    expect(page.get_by_role("option", name=re.compile(re.escape(text), re.IGNORECASE)).first).to_be_visible()
    press(page, "Enter")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_create_filter_save_a_view_peek_edit_move_assign_and_undo(desk: Page) -> None:
    create(desk)
    filter_and_save_a_view(desk)
    walk_ten_and_edit_three(desk)
    assign_three_and_take_it_back(desk)
    move_a_card_and_take_it_back(desk)


def create(page: Page) -> None:
    """A new opportunity, from the palette to its page."""
    press(page, "Control+k")
    page.keyboard.type(">new opportunity")
    expect(page.locator("#palette-list [role=option][aria-selected=true]")).to_have_text(
        re.compile("New opportunity")
    )
    press(page, "Enter")
    page.wait_for_url("**/r/opportunity/new")
    reach(page, page.locator("[name=name]"))
    page.keyboard.type("A deal without a mouse")
    look_up(page, page.locator("[name='account.text']"), "Oliveira")
    look_up(page, page.locator("[name='pipeline.text']"), "New business")
    reach(page, page.locator("[name='amount.amount']"))
    page.keyboard.type("1200")
    reach(page, page.locator("[name=close_on]"))
    page.keyboard.type("03312027")
    press(page, "Control+Enter")
    expect(page.get_by_role("heading", level=1, name="A deal without a mouse")).to_be_visible()


def filter_and_save_a_view(page: Page) -> None:
    """The list of what is being prospected becomes a view of one's own."""
    press(page, "g", page.locator("nav a[href='/r/opportunity']").first.get_attribute("data-go") or "")
    page.wait_for_url("**/r/opportunity")
    reach(page, page.locator("#more-filter"))
    press(page, "Enter")
    expect(page.get_by_label("Field")).to_be_focused()
    page.keyboard.type("State")
    press(page, "Enter")
    reach(page, page.get_by_role("checkbox", name="Prospecting"))
    press(page, "Space", "Enter")
    expect(page.locator("#chip-1")).to_have_text("State is Prospecting")
    reach(page, page.get_by_role("link", name="Save for me…"))
    press(page, "Enter")
    expect(page.get_by_label("Name of the view")).to_be_focused()
    page.keyboard.type("At the very beginning")
    press(page, "Enter")
    views = page.get_by_role("navigation", name="Views")
    expect(views.locator("[aria-current=page]")).to_have_text("At the very beginning")


def walk_ten_and_edit_three(page: Page) -> None:
    """Ten records pass in the peek, and of every third the next step is changed."""
    page.locator("x-grid").wait_for()
    press(page, "j", "Space")
    title, seen = page.locator("#peek-title"), set()
    expect(title).to_be_focused()
    for n in range(10):
        seen.add(title.inner_text())
        if n % 3 == 2:
            reach(page, page.locator("#p-next_step-edit"))
            press(page, "Enter")
            expect(page.locator("#f-next_step")).to_be_focused()
            press(page, "Control+a")
            page.keyboard.type(f"Changed {n}")
            press(page, "Enter")
            expect(page.locator("#p-next_step .value")).to_have_text(f"Changed {n}")
        if n < 9:
            before = title.inner_text()
            press(page, "j")
            expect(title).not_to_have_text(before)
    assert len(seen) == 10
    press(page, "Escape")
    expect(page.locator("x-peek")).to_be_hidden()


def assign_three_and_take_it_back(page: Page) -> None:
    """Three records are somebody else's, and then as they were."""
    press(page, "k", "k", "k", "k", "k", "k", "k", "x", "j", "x", "j", "x")
    expect(page.locator("#bulk-bar")).to_contain_text("3 selected")
    rows = [
        page.locator(f"#{row.get_attribute('id')}")
        for row in page.locator("tr[id^=r-]:has(input:checked)").all()
    ]
    assert len(rows) == 3
    before = [row.inner_text() for row in rows]
    press(page, "a")
    look_up(page, page.locator("#f-owner"), "Javier")
    reach(page, page.locator("#bulk-try"))
    press(page, "Enter")
    reach(page, page.locator("#bulk-do"))
    press(page, "Enter")
    for row in rows:
        expect(row).to_contain_text("Javier Roldán")
    with page.expect_response("**/undo/*") as answer:
        press(page, "Control+z")
    assert answer.value.ok
    for row, was in zip(rows, before, strict=True):
        expect(row).not_to_contain_text("Javier Roldán")
        assert row.inner_text() == was


def move_a_card_and_take_it_back(page: Page) -> None:
    """A card goes to the next lane and back."""
    reach(page, page.get_by_role("navigation", name="Views").get_by_role("link", name="Pipeline"))
    press(page, "Enter")
    page.wait_for_url("**view=board*")
    card = page.locator("[data-lane=prospecting] .lane-card a").first
    name = card.inner_text()
    reach(page, card)
    press(page, "m")
    expect(page.get_by_role("dialog", name="Move to")).to_be_visible()
    reach(page, page.get_by_role("dialog").get_by_role("button", name="Qualification"))
    press(page, "Enter")
    expect(page.locator("[data-lane=qualification]")).to_contain_text(name)
    with page.expect_response("**/undo/*") as answer:
        press(page, "Control+z")
    assert answer.value.ok
    expect(page.locator("[data-lane=prospecting]")).to_contain_text(name)
