"""The palette, its keys, and mentions, at a real browser under the strict policy."""

from __future__ import annotations

import re
from uuid import UUID

from playwright.sync_api import Page, Route, expect

from tests.support.axe import violations
from tests.ui.browser.conftest import Site
from tests.ui.browser.test_axe import how, looked_at

__all__ = ["looked_at"]


def test_the_palette_leads_to_a_record_by_keyboard_alone(site: Site, ana: Page) -> None:
    site.place.make("customer", name="Palette house", tier="gold")
    ana.goto(f"{site.address}/r/person")
    ana.keyboard.press("Control+k")
    box = ana.get_by_role("combobox", name="Search, go somewhere, do something")
    expect(box).to_be_focused()
    ana.keyboard.type("palette h")
    option = ana.get_by_role("option", name=re.compile("Palette house"))
    expect(option).to_be_visible()
    expect(option).to_have_attribute("aria-selected", "true")
    ana.keyboard.press("Enter")
    expect(ana.get_by_role("heading", level=1, name="Palette house")).to_be_visible()


def test_the_palette_does_what_the_page_can_do(site: Site, ana: Page) -> None:
    id_ = site.place.make("customer", name="Commanded")
    ana.goto(f"{site.address}/r/customer/{id_}")
    ana.keyboard.press("Control+k")
    ana.keyboard.type(">favo")
    ana.get_by_role("option", name="Favourite").click()
    expect(ana.locator("#favourite")).to_have_attribute("aria-pressed", "true")
    expect(
        ana.get_by_role("navigation", name="Main").get_by_role("link", name="Commanded").first
    ).to_be_visible()
    ana.wait_for_load_state()  # the page is a new one, and keys before its scripts are nobody's
    ana.keyboard.press("Control+k")
    ana.keyboard.type("new per")
    expect(ana.get_by_role("option", name="New person")).to_be_visible()
    ana.keyboard.press("Enter")
    expect(ana).to_have_url(f"{site.address}/r/person/new")


def test_places_are_found_though_one_types_before_they_have_come(site: Site, ana: Page) -> None:
    held: list[Route] = []
    ana.goto(f"{site.address}/r/customer")
    ana.route("**/palette", lambda route: held.append(route))
    with ana.expect_response("**/palette?q=*"):
        ana.keyboard.press("Control+k")
        ana.keyboard.type("new per")
    held[0].continue_()
    expect(ana.get_by_role("option", name="New person")).to_be_visible()


def test_favourites_are_put_in_order_by_keyboard_and_by_mouse(site: Site, ana: Page) -> None:
    for name in ("Oak", "Ash", "Elm"):
        ana.goto(f"{site.address}/r/customer/{site.place.make('customer', name=name)}")
        ana.locator("#favourite").click()
        expect(ana.locator("#favourite")).to_have_attribute("aria-pressed", "true")
    links = ana.get_by_role("list", name="Favourites").get_by_role("link")
    kept = links.filter(has_text=re.compile("Oak|Ash|Elm"))
    expect(kept).to_have_text(["Ash", "Elm", "Oak"])
    ana.wait_for_load_state()  # keys before the scripts of a page are nobody's
    kept.filter(has_text="Oak").focus()
    for _ in range(links.count() - 1):
        ana.keyboard.press("Alt+ArrowUp")
    expect(kept).to_have_text(["Oak", "Ash", "Elm"])
    expect(kept.first).to_be_focused()
    expect(ana.get_by_role("status")).to_contain_text(re.compile(r"Oak is number \d of \d"))
    kept.filter(has_text="Elm").drag_to(kept.filter(has_text="Oak"), target_position={"x": 20, "y": 3})
    expect(kept).to_have_text(["Elm", "Oak", "Ash"])
    expect(ana.get_by_role("status")).to_contain_text("Elm is number")
    ana.reload()
    expect(kept).to_have_text(["Elm", "Oak", "Ash"])

    ana.route("**/me/favourites/move", lambda route: route.abort())
    kept.filter(has_text="Ash").focus()
    ana.keyboard.press("Alt+ArrowUp")
    expect(ana.get_by_role("status")).to_contain_text("The server cannot be reached.")
    expect(kept).to_have_text(["Elm", "Oak", "Ash"])
    ana.unroute("**/me/favourites/move")


def test_escape_closes_the_palette_and_gives_the_focus_back(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer")
    ana.locator("#q").focus()
    ana.keyboard.press("Control+k")
    expect(ana.locator("#palette")).to_be_visible()
    ana.keyboard.press("Escape")
    expect(ana.locator("#palette")).to_be_hidden()
    expect(ana.locator("#q")).to_be_focused()


def test_keys_lead_to_entities_and_to_their_help(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/")
    ana.keyboard.press("g")
    ana.keyboard.press("c")
    ana.wait_for_url(f"{site.address}/r/customer")  # and for its scripts, which know the keys
    ana.keyboard.press("?")
    expect(ana.get_by_role("dialog", name="Keys")).to_contain_text("Mention somebody")
    ana.keyboard.press("Escape")
    ana.locator("#q").fill("g?")
    expect(ana.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_somebody_is_mentioned_and_the_comment_stands_on_the_record(site: Site, ana: Page) -> None:
    site.place.person("Benedita")
    id_ = site.place.make("customer", name="Talked about")
    ana.goto(f"{site.address}/r/customer/{id_}")
    ana.get_by_label("Comment", exact=True).click()
    ana.keyboard.type("Look, @bene")
    expect(ana.get_by_role("option", name=re.compile("Benedita"))).to_be_visible()
    ana.keyboard.press("Enter")
    ana.keyboard.type("this is it")
    ana.keyboard.press("Control+Enter")
    body = ana.locator(".entry.comment .note-body")
    expect(body).to_have_text("Look, @Benedita this is it")
    expect(body.locator(".mention")).to_have_text("@Benedita")


def test_the_timeline_is_narrowed_and_goes_on_in_place(site: Site, ana: Page) -> None:
    id_ = site.place.make("customer", name="Much said")
    for n in range(25):
        site.place.runtime.current().records.comment(site.place.actor(), "customer", UUID(id_), f"Word {n}")
    ana.goto(f"{site.address}/r/customer/{id_}")
    expect(ana.locator(".entry")).to_have_count(20)
    ana.get_by_role("link", name="Load more").click()
    expect(ana.locator(".entry")).to_have_count(26)
    ana.get_by_role("link", name="Changes").click()
    expect(ana.locator(".entry")).to_have_count(1)
    expect(ana).to_have_url(f"{site.address}/r/customer/{id_}?only=changes")


def test_axe_finds_nothing_on_ones_own_places(site: Site, looked_at: Page) -> None:
    seen = f"{how(looked_at)}"
    top = site.place.make("customer", name=f"Axe top {seen}")
    id_ = site.place.make("customer", site.place.actor(), name=f"Axe {seen}", parent=top, tier="gold")
    site.place.make("customer", name=f"Axe low {seen}", parent=id_)
    site.place.runtime.current().records.comment(
        site.place.actor(), "customer", UUID(id_), "@Ana https://a.example"
    )
    found = {}
    for path in (
        "",
        "?tab=relationships",
        "?tab=files",
        "?only=activities",
        "/comments",
        "/history?field=tier",
    ):
        looked_at.goto(f"{site.address}/r/customer/{id_}{path}")
        found[path] = violations(looked_at)
    for path in ("/", "/help/keys", "/me/favourites"):
        looked_at.goto(f"{site.address}{path}")
        found[path] = violations(looked_at)
    looked_at.keyboard.press("Control+k")
    looked_at.get_by_role("option").first.wait_for()
    found["palette"] = violations(looked_at)
    looked_at.keyboard.type("axe top")
    looked_at.get_by_role("option", name=re.compile("Axe top")).first.wait_for()
    found["palette with hits"] = violations(looked_at)
    looked_at.keyboard.press("Escape")
    expect(looked_at.locator("#palette")).to_be_hidden()
    looked_at.keyboard.press("?")
    looked_at.get_by_text("Mention somebody").first.wait_for()
    found["keys"] = violations(looked_at)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert (
        looked_at.evaluate("() => document.documentElement.scrollWidth")
        <= (looked_at.viewport_size or {"width": 0})["width"]
    )
