"""What people see when the network is gone, and on windows that hold less than the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.ui.browser.conftest import Site


def test_what_was_typed_stays_while_the_server_cannot_be_reached(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("Typed on a train")
    ana.context.set_offline(True)
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(ana.get_by_label("Name", exact=True)).to_have_value("Typed on a train")
    ana.context.set_offline(False)
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("heading", level=1, name="Typed on a train")).to_be_visible()


def test_a_cell_says_that_the_server_cannot_be_reached(site: Site, ana: Page) -> None:
    id_ = site.place.make("customer", name="Edited on a train")
    ana.goto(f"{site.address}/r/customer/{id_}")
    ana.get_by_role("button", name="Edit Name").click()
    box = ana.get_by_role("textbox", name="Name", exact=True)
    box.fill("Typed in a tunnel")
    ana.context.set_offline(True)
    box.press("Enter")
    expect(ana.get_by_text("The server cannot be reached. Try again when you are connected.")).to_be_visible()
    expect(box).to_have_value("Typed in a tunnel")
    ana.context.set_offline(False)


def test_the_second_button_still_starts_another_form_after_the_network_came_back(
    site: Site, ana: Page
) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("One of two")
    ana.context.set_offline(True)
    another = ana.get_by_role("button", name="Create and start another")
    another.click()
    expect(ana.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    ana.context.set_offline(False)
    another.click()
    expect(ana.get_by_role("status").filter(has_text="Customer created")).to_be_visible()
    expect(ana.get_by_label("Name", exact=True)).to_have_value("")


@pytest.mark.parametrize("width", [390, 1440])
def test_a_record_scrolls_in_its_pane_and_never_out_of_the_window(site: Site, ana: Page, width: int) -> None:
    id_ = site.place.make("customer", name=f"A page of {width}")
    ana.set_viewport_size({"width": width, "height": 500})
    ana.goto(f"{site.address}/r/customer/{id_}")
    expect(ana.get_by_role("heading", level=1, name=f"A page of {width}")).to_be_visible()
    assert ana.evaluate("document.documentElement.scrollHeight") == 500


def test_the_name_of_the_person_has_the_room_that_there_is(site: Site, chromium: Browser) -> None:
    with browser.watched_page(chromium) as page:
        site.sign_in(page, "Administrator")
        name = page.locator(".me .cut")
        expect(name).to_have_text("Administrator")
        assert name.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_the_keys_that_the_button_names_work_before_anything_is_clicked(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.keyboard.press("Control+Enter")
    expect(ana.locator("#summary")).to_contain_text("Name is needed.")


def test_on_a_small_phone_the_name_of_a_list_and_its_button_share_a_line(site: Site, ana: Page) -> None:
    ana.set_viewport_size({"width": 340, "height": 800})
    ana.goto(f"{site.address}/r/customer")
    name, button = (
        ana.get_by_role("heading", level=1).bounding_box(),
        ana.locator(".actions .primary").bounding_box(),
    )
    assert name
    assert button
    assert button["y"] < name["y"] + name["height"] / 2 < button["y"] + button["height"]
