"""Work in lists by keyboard alone: walk records, edit them where they stand, change many, take it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.support import browser
from tests.support.browser import press
from tests.ui.browser.conftest import Site

SECOND = "tbody tr[id^='r-']:nth-child(2)"


@pytest.fixture
def in_list(site: Site, ana: Page) -> Page:
    """Ana in front of the list of customers."""
    ana.goto(f"{site.address}/r/customer?sort=name&search=Customer")
    ana.locator("x-grid").wait_for()
    return ana


def focused_row(page: Page) -> str:
    return page.locator("tr.cursor .slot-title > a").inner_text()


def test_ten_records_are_walked_in_the_peek_and_three_edited_and_undone(site: Site, in_list: Page) -> None:
    press(in_list, "j", "Space")
    title = in_list.locator("#peek-title")
    expect(title).to_have_text("Customer 00")
    expect(title).to_be_focused()
    for n in range(1, 10):
        press(in_list, "j")
        expect(title).to_have_text(f"Customer {n:02}")
        if n % 3:
            continue
        in_list.locator("#p-weight-edit").focus()
        press(in_list, "Enter")
        expect(in_list.locator("#f-weight")).to_be_focused()
        in_list.keyboard.type(f"{n}")
        press(in_list, "Enter")
        expect(in_list.locator("#p-weight .value")).to_have_text(f"{n}")
        expect(in_list.locator("#status")).to_contain_text("Weight changed")
        expect(in_list.locator("#p-weight-edit")).to_be_focused()
    press(in_list, "Escape")
    expect(in_list.locator("x-peek")).to_be_hidden()
    expect(in_list.get_by_role("link", name="Customer 09")).to_be_focused()
    for _ in range(3):
        with in_list.expect_response("**/undo/*") as answer:
            press(in_list, "Control+z")
        assert answer.value.ok
    expect(in_list.locator("#status")).to_contain_text("Undone")
    in_list.keyboard.press("Space")
    expect(in_list.locator("#p-weight .value")).to_contain_text("empty")


def test_a_cell_is_edited_saved_by_tab_and_restored_by_escape(in_list: Page) -> None:
    press(in_list, "j", "j", "F2")
    expect(in_list.locator("#f-name")).to_be_focused()
    in_list.keyboard.type("Customer 01 renamed")
    press(in_list, "Tab")
    expect(in_list.get_by_role("link", name="Customer 01 renamed")).to_be_visible()
    expect(in_list.locator(f"{SECOND} .editing")).to_have_count(1)
    press(in_list, "Escape")
    expect(in_list.locator(f"{SECOND} .editing")).to_have_count(0)
    press(in_list, "Control+z")
    expect(in_list.get_by_role("link", name="Customer 01", exact=True)).to_be_visible()


def test_a_refused_value_says_why_and_keeps_what_was_typed(in_list: Page) -> None:
    budget = in_list.locator("tbody tr[id^='r-']").nth(3).locator("td").nth(5)
    budget.dblclick()
    in_list.locator("#f-budget").fill("much")
    press(in_list, "Enter")
    expect(in_list.locator(".inline-form .error")).to_be_visible()
    expect(in_list.locator("#f-budget")).to_have_value("much")
    press(in_list, "Escape")
    expect(in_list.locator(".inline-form")).to_have_count(0)


def test_many_are_assigned_after_a_preview_and_taken_back_with_one_key(site: Site, in_list: Page) -> None:
    site.place.person("Ben")
    press(in_list, "j", "x", "j", "j", "Shift+X")
    expect(in_list.locator("#bulk-bar")).to_contain_text("3 selected")
    press(in_list, "a")
    expect(in_list.locator("dialog#bulk")).to_contain_text("Assign customers")
    in_list.keyboard.type("Ben")
    in_list.get_by_role("option", name="Ben").wait_for()
    press(in_list, "ArrowDown", "Enter", "Enter")
    expect(in_list.locator("#bulk-title")).to_have_text("3 records would change")
    expect(in_list.locator("#bulk-do")).to_be_focused()
    press(in_list, "Enter")
    expect(in_list.locator("#status")).to_contain_text("3 changed")
    expect(in_list.locator("#bulk-bar")).to_be_hidden()
    assert owners(site) == {"Ben": 3}
    press(in_list, "Control+z")
    expect(in_list.locator("#status")).to_contain_text("Undone")
    assert owners(site) == {}


def owners(site: Site) -> dict[str, int]:
    """How many customers belong to whom besides Ana."""
    sheet = site.place.person("Ana").open("/r/customer?fields=owner&search=Customer")
    found = [name for name in sheet.column(0) if name != "Ana"]
    return {name: found.count(name) for name in found}


def test_what_goes_to_the_trash_leaves_the_list_and_comes_back(in_list: Page) -> None:
    press(in_list, "j", "j", "j", "x", "Delete")
    expect(in_list.locator("#bulk-title")).to_have_text("1 record would move to the trash")
    press(in_list, "Enter")
    expect(in_list.get_by_role("link", name="Customer 02")).to_have_count(0)
    in_list.locator(".toast").get_by_role("button", name="Undo").click()
    expect(in_list.get_by_role("link", name="Customer 02")).to_be_visible()
    expect(in_list.get_by_role("main")).to_have_count(1)


def test_links_in_a_peek_lead_on_in_it_and_back(site: Site, ana: Page) -> None:
    top = site.place.make("customer", name="Zenith top")
    mid = site.place.make("customer", name="Zenith mid", parent=top)
    site.place.make("customer", name="Zenith low", parent=mid)
    ana.goto(f"{site.address}/r/customer?search=Zenith&sort=name")
    press(ana, "j", "Space")
    title = ana.locator("#peek-title")
    expect(title).to_have_text("Zenith low")
    for name in ("Zenith mid", "Zenith top"):
        ana.locator(".peek-body").get_by_role("link", name=name).click()
        expect(title).to_have_text(name)
    press(ana, "Escape")
    expect(title).to_have_text("Zenith mid")
    ana.get_by_role("button", name="Close").click()
    expect(ana.get_by_role("link", name="Zenith low")).to_be_focused()


def test_a_record_is_edited_in_its_details_and_all_that_follows_is_shown(site: Site, ana: Page) -> None:
    id_ = site.place.make("customer", name="Detailed", tier="gold")
    ana.goto(f"{site.address}/r/customer/{id_}")
    ana.locator("#d-name").dblclick()
    ana.keyboard.type("Detailed anew")
    press(ana, "Enter")
    expect(ana.locator("h1")).to_have_text("Detailed anew")
    ana.locator("#d-tier-edit").focus()
    press(ana, "F2")
    ana.locator("#f-tier").wait_for()
    ana.locator("#f-tier").select_option("old")
    press(ana, "Enter")
    expect(ana.locator(".inline-form .error")).to_contain_text("Why lost")
    press(ana, "Escape")
    expect(ana.locator("#d-tier")).to_contain_text("Gold")


def test_two_who_edit_the_same_value_both_see_both(site: Site, ana: Page, chromium: Browser) -> None:
    id_ = site.place.make("customer", name="Contended", email="old@c.example")
    with browser.watched_page(chromium) as ben:
        site.sign_in(ben, "Ben")
        for page in (ana, ben):
            page.goto(f"{site.address}/r/customer/{id_}")
            page.locator("#d-email-edit").click()
            page.locator("#f-email").wait_for()
        ben.locator("#f-email").fill("ben@c.example")
        press(ben, "Enter")
        expect(ben.locator("#d-email")).to_contain_text("ben@c.example")
    ana.locator("#f-email").fill("ana@c.example")
    press(ana, "Enter")
    expect(ana.locator(".clash")).to_contain_text(
        re.compile("Ben changed this.*ben@c.example.*ana@c.example", re.S)
    )
    ana.get_by_role("button", name="Save mine").click()
    expect(ana.locator("#d-email")).to_contain_text("ana@c.example")
    press(ana, "Control+z")
    expect(ana.locator("#d-email")).to_contain_text("ben@c.example")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in turn", "the last first"])
def test_a_record_undone_while_it_is_fetched_anew_is_shown_as_it_is(
    site: Site, ana: Page, order: tuple[int, int]
) -> None:
    id_ = site.place.make("customer", name=f"Overtaken {order}", email="old@c.example")
    ana.goto(f"{site.address}/r/customer/{id_}")
    answers = held_answers(ana, f"{site.address}/r/customer/{id_}")
    ana.locator("#d-email-edit").click()
    ana.locator("#f-email").fill("new@c.example")
    press(ana, "Enter")
    until(ana, lambda: len(answers) == 1)
    press(ana, "Control+z")
    until(ana, lambda: len(answers) == 2)
    answer_in(ana, order, answers)
    expect(ana.locator("#d-email")).to_contain_text("old@c.example")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in turn", "the last first"])
def test_a_row_undone_while_it_is_fetched_anew_is_shown_as_it_is(
    in_list: Page, order: tuple[int, int]
) -> None:
    answers = held_answers(in_list, "**/rows?*")
    row = in_list.locator("tbody tr[id^='r-']:nth-child(14)")
    before = row.locator(".slot-title > a").inner_text()
    row.locator(".slot-title > a").focus()
    press(in_list, "F2")
    in_list.locator("#f-name").fill("Customer overtaken")
    press(in_list, "Enter")
    until(in_list, lambda: len(answers) == 1)
    press(in_list, "Control+z")
    until(in_list, lambda: len(answers) == 2)
    answer_in(in_list, order, answers)
    expect(row.locator(".slot-title > a")).to_have_text(before)
    in_list.unroute_all(behavior="ignoreErrors")


def held_answers(page: Page, address: str) -> list[tuple[Route, APIResponse]]:
    """What the server says to each question, which the page gets when the test lets it go."""
    answers: list[tuple[Route, APIResponse]] = []
    page.route(address, lambda route: answers.append((route, route.fetch())))
    return answers


def answer_in(page: Page, order: tuple[int, int], answers: list[tuple[Route, APIResponse]]) -> None:
    """The answers came in this order, and the page has done with each what it does."""
    for route, answer in (answers[place] for place in order):
        with page.expect_event("requestfinished"):
            route.fulfill(response=answer)
        page.evaluate("() => new Promise((done) => setTimeout(done, 100))")


def until(page: Page, holds: Callable[[], bool]) -> None:
    """It has come to be; the page goes on meanwhile."""
    for _ in range(500):
        if holds():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it never came to be")


def test_on_a_phone_the_peek_fills_the_screen(site: Site, chromium: Browser) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 800}, locale="en-GB") as context:
        page = context.new_page()
        site.sign_in(page)
        page.goto(f"{site.address}/r/customer")
        page.locator("[data-peek]").first.click()
        expect(page.locator("#peek-title")).to_be_visible()
        page.wait_for_function(
            "() => { const { x, width } = document.querySelector('x-peek').getBoundingClientRect();"
            " return x === 0 && width === 390; }"
        )
        page.get_by_role("button", name="Close").click()
        expect(page.locator("x-peek")).to_be_hidden()


def test_on_a_phone_the_title_of_a_row_has_a_line_of_its_own(site: Site, chromium: Browser) -> None:
    above = site.place.make("customer", name="The house above all of them")
    site.place.make("customer", name="Aardvark and other long animals", parent=above, tier="gold")
    with chromium.new_context(viewport={"width": 390, "height": 800}, locale="en-GB") as context:
        page = context.new_page()
        site.sign_in(page)
        page.goto(f"{site.address}/r/customer")
        row = page.locator("tbody tr").filter(has_text="Aardvark and other long animals")
        title = row.locator(".slot-title")
        expect(title).to_be_visible()
        assert title.evaluate("e => e.scrollWidth <= e.clientWidth")
        boxes = [row.locator(f".slot-{part}").bounding_box() for part in ("title", "tag", "fact")]
        top, *below = [box["y"] for box in boxes if box]
        assert len(below) == 2
        assert all(y > top for y in below)


def test_a_message_stays_its_while_however_long_the_page_was_open(site: Site, ana: Page) -> None:
    id_ = site.place.make("customer", name="Lasting", weight="1")
    ana.clock.install()
    ana.goto(f"{site.address}/r/customer/{id_}")
    ana.locator("#d-weight-edit").wait_for()
    ana.clock.fast_forward(6000)
    ana.locator("#d-weight-edit").click()
    ana.locator("#f-weight").fill("2")
    press(ana, "Enter")
    expect(ana.locator(".toast")).to_contain_text("Weight changed")
    ana.clock.fast_forward(3000)
    expect(ana.locator(".toast")).to_contain_text("Weight changed")
    ana.clock.fast_forward(6000)
    expect(ana.locator(".toast")).to_have_count(0)


@pytest.fixture
def slow(in_list: Page) -> Iterator[list[Route]]:
    """What is saved waits until the test lets it go."""
    held: list[Route] = []
    in_list.route("**/field/*?face=*", lambda route: held.append(route))
    yield held
    in_list.unroute_all(behavior="ignoreErrors")


def let_go(page: Page, held: list[Route]) -> None:
    """The answer to what was saved comes."""
    expect(page.locator(".inline-form[aria-busy=true]")).to_be_visible()
    while not held:
        page.evaluate("0")  # the request is on its way here
    with page.expect_response("**/field/*?face=*"):
        held.pop().continue_()


def test_what_is_typed_while_a_value_is_being_saved_goes_into_the_next_one(
    in_list: Page, slow: list[Route]
) -> None:
    row = in_list.locator("tbody tr[id^='r-']:nth-child(11)")
    row.locator(".slot-title > a").focus()
    press(in_list, "F2")
    in_list.locator("#f-name").fill("Customer 10 slowly")
    press(in_list, "Tab")
    expect(in_list.locator(".inline-form[aria-busy=true]")).to_be_visible()
    in_list.keyboard.type("pla")
    press(in_list, "Tab")
    let_go(in_list, slow)
    expect(in_list.locator(".inline-form[aria-busy=true]")).to_be_visible()
    in_list.keyboard.type("customer 2")
    let_go(in_list, slow)
    expect(in_list.locator("#f-parent")).to_have_value("customer 2")
    expect(row.locator("td").nth(2)).to_have_text("Plain")


def test_what_is_typed_after_enter_while_a_value_is_being_saved_is_still_there(
    in_list: Page, slow: list[Route]
) -> None:
    row = in_list.locator("tbody tr[id^='r-']:nth-child(12)")
    row.locator(".slot-title > a").focus()
    press(in_list, "F2")
    name = in_list.locator("#f-name")
    name.fill("Customer 11")
    in_list.keyboard.type(" a")
    press(in_list, "Enter")
    in_list.keyboard.type("nd more")
    let_go(in_list, slow)
    expect(in_list.locator(".inline-form[aria-busy=true]")).to_have_count(0)
    expect(name).to_have_value("Customer 11 and more")
    press(in_list, "Enter")
    let_go(in_list, slow)
    expect(in_list.get_by_role("link", name="Customer 11 and more")).to_be_visible()


def test_a_refusal_that_comes_late_keeps_what_was_typed_here_and_for_the_next(
    in_list: Page, slow: list[Route]
) -> None:
    row = in_list.locator("tbody tr[id^='r-']:nth-child(13)")
    row.locator("td").nth(5).dblclick()
    budget = in_list.locator("#f-budget")
    budget.fill("much")
    press(in_list, "Shift+Tab")
    in_list.keyboard.type("2026")
    let_go(in_list, slow)
    expect(in_list.locator(".inline-form .error")).to_be_visible()
    expect(budget).to_have_value("much")


def test_keys_of_a_single_character_are_off_for_whoever_wants_it(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/me")
    ana.get_by_role("switch", name="Keys of a single character").uncheck()
    ana.locator("form[action='/me'] button.primary").click()
    expect(ana.get_by_role("status").filter(has_text="Your settings are saved")).to_be_visible()
    ana.goto(f"{site.address}/r/customer?search=Customer&sort=name")
    ana.locator("x-grid").wait_for()
    press(ana, "/", "j", "g", "h")
    expect(ana.locator("tr.cursor")).to_have_count(0)
    expect(ana.locator("#q")).not_to_be_focused()
    press(ana, "ArrowDown")
    expect(ana.locator("tr.cursor")).to_have_count(1)
    ana.goto(f"{site.address}/me")
    ana.get_by_role("switch", name="Keys of a single character").check()
    ana.locator("form[action='/me'] button.primary").click()
    ana.goto(f"{site.address}/r/customer?search=Customer&sort=name")
    ana.locator("x-grid").wait_for()
    press(ana, "j")
    expect(ana.locator("tr.cursor")).to_have_count(1)


def test_the_help_lists_the_keys_of_lists(in_list: Page) -> None:
    press(in_list, "?")
    keys = in_list.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("To the next or previous row")
    expect(keys).to_contain_text("Select up to this row")
    expect(keys).to_contain_text("Move the card")


def test_the_cells_of_a_row_leave_no_gap_between_them(in_list: Page) -> None:
    row = in_list.locator("tbody tr[id^='r-']").first
    boxes = [b for b in (cell.bounding_box() for cell in row.locator("td").all()) if b]
    ends = [round(b["x"] + b["width"], 2) for b in boxes[:-1]]
    assert ends == [round(b["x"], 2) for b in boxes[1:]]
