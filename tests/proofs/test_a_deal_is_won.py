"""A lead becomes qualified, a quote with ten lines is entered, and an opportunity moves over the board to won."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support import browser, sales
from tests.support.installed import make_runtime
from tests.support.servers import HOST, KEY, Caller, Site
from xrm.engine.world import real_world
from xrm.testing import make_settings

RUI = "rui.sequeira@example.com"
NOT_YET = "The customer has accepted none of the quotes yet."
WIDE = {"width": 2300, "height": 1000}
PRODUCTS = ("Heat pump", "Battery", "Fan motor", "Expansion valve")


@pytest.fixture
def call(sqlite_url: str, tmp_path: Path) -> Iterator[Caller]:
    """A server with the shipped packs and their sample data; calls are made with the seller's token."""
    settings = make_settings(sqlite_url, tmp_path, secret_key=KEY)
    runtime = make_runtime(
        sqlite_url, tmp_path, sales.PACKS, demo=True, settings=settings, world=real_world()
    )
    for email in (RUI, sales.MANAGER):
        runtime.identity.people.set_password(
            runtime.installer, runtime.directory.demand_user(email), sales.PASSWORD
        )
    runtime.close()
    site = Site(tmp_path, sqlite_url)
    with site.serving() as (server,), server.caller(site.token(RUI)) as caller:
        yield caller


def test_a_lead_is_qualified_a_quote_is_entered_and_the_deal_is_won(call: Caller, chromium: Browser) -> None:
    home = f"http://{HOST}:{call.port}"
    with browser.watched_page(chromium) as rui, browser.watched_page(chromium) as helena:
        sign_in(rui, home, RUI)
        sign_in(helena, home, sales.MANAGER)
        lead = qualified_lead(rui, home)
        deal = a_deal(rui, home)
        quote = a_quote_of_ten_lines(rui, home)

        rui.goto(f"{home}/r/opportunity?view=board&search=flagship")
        drag(rui, rui.locator(".lane-card"), lane(rui, "proposal"))
        expect(lane(rui, "proposal")).to_contain_text("Flagship heating")
        drag(rui, rui.locator(".lane-card"), lane(rui, "won"))
        expect(rui.get_by_role("status").filter(has_text=NOT_YET)).to_be_visible()
        expect(lane(rui, "proposal")).to_contain_text("Flagship heating")

        accepted(rui, helena, home, quote)
        rui.goto(f"{home}/r/opportunity?view=board&search=flagship")
        drag(rui, rui.locator(".lane-card"), lane(rui, "won"))
        expect(lane(rui, "won")).to_contain_text("Flagship heating")

        rui.goto(f"{home}/r/opportunity/{deal}")
        timeline = rui.locator(".timeline")
        expect(timeline).to_contain_text("Won")
        expect(timeline).to_contain_text("Proposal")
        rui.goto(f"{home}/r/lead/{lead}")
        expect(rui.locator(".timeline")).to_contain_text("Qualified")

    assert steps(call, "lead", lead) == ["contacted", "qualified"]
    assert steps(call, "opportunity", deal) == ["proposal", "won"]
    assert steps(call, "quote", quote) == ["in_approval", "approved", "presented", "accepted"]
    lines = call(
        "GET", "/records/quote_line", filter=f'quote == "{quote}"', sort="line_no", fields="line_no,quantity"
    )
    assert [line["line_no"] for line in lines.json["data"]] == list(range(1, 11))


def steps(call: Caller, entity: str, record: str) -> list[str]:
    """The states that the record went through, as the API tells its history."""
    changes = call("GET", f"/records/{entity}/{record}/history").json["data"]
    told = [change for change in reversed(changes) if change["operation"] == "transition"]
    return [change["changes"]["state"]["after"] for change in told]


# --- what they do -------------------------------------------------------------------------------------


def sign_in(page: Page, home: str, email: str) -> None:
    page.set_viewport_size(WIDE)
    page.goto(f"{home}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(sales.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{home}/")


def qualified_lead(page: Page, home: str) -> str:
    """The id of a lead that was entered, contacted and qualified."""
    page.goto(f"{home}/r/lead/new")
    page.locator('[name="name.first"]').fill("Nora")
    page.locator('[name="name.last"]').fill("Lindqvist")
    page.locator('[name="company"]').fill("Lindqvist Bakeries")
    page.locator('select[name="source"]').select_option(index=1)
    page.locator("#save").click()
    expect(page.get_by_role("heading", name="Nora Lindqvist")).to_be_visible()
    step(page, "Record as contacted", first_response_at="2026-06-01T10:00")
    step(page, "Qualify", need="Ovens that heat the shop as well", **{"budget.amount": "40000"})
    is_at(page, "Qualified")
    return page.url.rpartition("/")[2].partition("?")[0]


def step(page: Page, name: str, **values: str) -> None:
    """The step is taken, with what it asks for."""
    page.get_by_role("main").get_by_role("link", name=name).or_(
        page.get_by_role("main").get_by_role("button", name=name)
    ).first.click()
    for field, value in values.items():
        page.locator(f'[name="{field}"]').fill(value)
    if values:
        page.locator("#save").click()
    page.wait_for_load_state()


def is_at(page: Page, state: str) -> None:
    """The path at the head of the record stands there."""
    expect(page.locator(".path [aria-current]")).to_have_text(state)


def a_deal(page: Page, home: str) -> str:
    """The id of an opportunity of the seller."""
    page.goto(f"{home}/r/opportunity/new")
    page.locator('[name="name"]').fill("Flagship heating")
    choose(page, "account", "Oliveira & F")
    choose(page, "pipeline", "New business")
    page.locator('[name="amount.amount"]').fill("38000")
    page.locator('[name="close_on"]').fill("2027-03-31")
    page.locator("#save").click()
    expect(page.get_by_role("heading", name="Flagship heating")).to_be_visible()
    return page.url.rpartition("/")[2].partition("?")[0]


def a_quote_of_ten_lines(page: Page, home: str) -> str:
    """The id of a quote on the opportunity, typed row by row."""
    page.goto(f"{home}/r/quote/new")
    page.locator('[name="subject"]').fill("Heating for the flagship shop")
    choose(page, "account", "Oliveira & F")
    choose(page, "opportunity", "Flagship heating")
    for number in range(10):
        if number:
            page.get_by_role("button", name="Add row").click()
        cell = page.locator('[name^="lines."][name$=".line_no"]:visible').nth(number)
        row = (cell.get_attribute("name") or "").removesuffix(".line_no")
        cell.fill(str(number + 1))
        choose(page, f"{row}.product", PRODUCTS[number % len(PRODUCTS)])
        page.locator(f'[name="{row}.quantity"]').fill(str(number + 1))
        page.locator(f'[name="{row}.unit_price.amount"]').fill("100")
    page.locator("#save").click()
    expect(page.get_by_role("heading", name="QUO-")).to_be_visible()
    return page.url.rpartition("/")[2].partition("?")[0]


def choose(page: Page, name: str, text: str) -> None:
    """The first record that a lookup offers for these letters."""
    box = page.locator(f'[name="{name}.text"]')
    box.click()
    box.fill(text)
    offered = page.get_by_role("option", name=text).first
    expect(offered).to_be_visible()
    offered.click()
    expect(page.locator(f'[name="{name}"]')).not_to_have_value("")


def accepted(rui: Page, helena: Page, home: str, quote: str) -> None:
    """The quote goes to the manager, who approves it, and back to the seller, whose customer accepts."""
    rui.goto(f"{home}/r/quote/{quote}")
    step(rui, "Submit for approval")
    is_at(rui, "In approval")
    helena.goto(f"{home}/r/quote/{quote}")
    step(helena, "Approve")
    is_at(helena, "Approved")
    rui.goto(f"{home}/r/quote/{quote}")
    step(rui, "Record as presented")
    is_at(rui, "Presented")
    rui.get_by_role("main").get_by_text("Record as accepted").first.click()
    rui.wait_for_url("**/steps/accept*")
    rui.locator("[name=accepted_by]").fill("Marta Oliveira")
    rui.locator('[name="accepted_at"]').fill("2026-06-01T10:00")
    rui.locator("#save").click()
    is_at(rui, "Accepted")


def lane(page: Page, name: str) -> Locator:
    """The lane of that state."""
    return page.locator(f"[data-lane='{name}']")


def drag(page: Page, card: Locator, to: Locator) -> None:
    """The card is taken with the mouse, carried over the lane and let go."""
    start, end = card.bounding_box(), to.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 6)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 30, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 60, steps=6)
    page.mouse.up()
