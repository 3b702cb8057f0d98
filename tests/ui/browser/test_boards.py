"""A card goes over a board by menu, by keyboard and by dragging; what a rule refuses stays where it was."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.ui.browser.conftest import Site


def lane(page: Page, name: str) -> Locator:
    """The lane of that value."""
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


def test_a_card_goes_on_by_menu_keyboard_and_mouse_and_a_refused_move_leaves_it(
    site: Site, ana: Page
) -> None:
    site.place.make("customer", name="Zebra crossing", tier="gold")
    ana.set_viewport_size({"width": 2300, "height": 900})
    ana.goto(f"{site.address}/r/customer?view=tiers&search=zebra")
    card = ana.get_by_role("link", name="Zebra crossing", exact=True)
    ana.get_by_role("link", name="Move to: Zebra crossing").click()
    ana.get_by_role("button", name="Silver").click()
    expect(lane(ana, "silver")).to_contain_text("Zebra crossing")
    expect(card).to_be_focused()
    expect(ana.get_by_role("status").filter(has_text="Now Silver")).to_be_visible()

    ana.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(lane(ana, "gold")).to_contain_text("Zebra crossing")
    expect(ana.get_by_role("main")).to_have_count(1)
    ana.keyboard.press("Control+Shift+Z")
    expect(lane(ana, "silver")).to_contain_text("Zebra crossing")
    card.focus()

    ana.keyboard.press("m")
    expect(ana.get_by_role("dialog", name="Move to")).to_be_visible()
    ana.keyboard.press("Escape")
    expect(card).to_be_focused()
    ana.keyboard.press("m")
    ana.get_by_role("button", name="Bronze").focus()
    ana.keyboard.press("Enter")
    expect(lane(ana, "bronze")).to_contain_text("Zebra crossing")
    expect(card).to_be_focused()

    drag(ana, ana.locator(".lane-card"), lane(ana, "old"))
    expect(ana.get_by_role("status").filter(has_text="Why lost")).to_be_visible()
    expect(lane(ana, "bronze")).to_contain_text("Zebra crossing")
    drag(ana, ana.locator(".lane-card"), lane(ana, "gold"))
    expect(lane(ana, "gold")).to_contain_text("Zebra crossing")
    expect(card).to_be_focused()
