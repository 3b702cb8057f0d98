"""Forms at a real browser: two who save the same record, what is kept of typing, and rows under the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.ui.browser.conftest import Site


def test_two_who_save_the_same_form_choose_field_by_field_and_nothing_is_lost(
    site: Site, ana: Page, chromium: Browser
) -> None:
    orders = {"create": [{"text": "Pens", "quantity": 1}]}
    id_ = site.place.make("customer", name="Two at it", email="old@two.example", tier="gold", orders=orders)
    address = f"{site.address}/r/customer/{id_}/edit"
    ana.goto(address)
    with browser.watched_page(chromium) as ben:
        site.sign_in(ben, "Ben")
        ben.goto(address)
        ben.get_by_label("E-mail").fill("ben@two.example")
        ben.get_by_label("Tier").select_option(label="Silver")
        ben.locator("#f-orders-0-quantity").fill("5")
        ben.get_by_role("button", name="Save").click()
        expect(ben.get_by_role("heading", level=1, name="Two at it")).to_be_visible()
    ana.get_by_label("E-mail").fill("ana@two.example")
    ana.get_by_label("Weight").fill("7")
    ana.locator("#f-orders-0-quantity").fill("8")
    ana.get_by_role("button", name="Save").click()
    expect(ana.locator("#clashes")).to_be_focused()
    expect(ana.locator("#merged")).to_contain_text("Ben changed E-mail, Tier, Orders while you were editing")
    expect(ana.get_by_label("Tier")).to_have_value("silver")
    expect(ana.get_by_label("Weight")).to_have_value("7")
    ana.get_by_role("radiogroup", name="E-mail").get_by_role("radio", name="ben@two.example").check()
    ana.get_by_role("button", name="Save").click()
    expect(ana.get_by_role("heading", level=1, name="Two at it")).to_be_visible()
    stored = site.place.read("customer", id_)
    assert (stored["email"], stored["tier"], stored["weight"]) == ("ben@two.example", "silver", "7.00")
    expect(ana.get_by_role("region", name="Orders")).to_contain_text("8")


def typed(page: Page) -> None:
    """What was typed last is a draft."""
    expect(page.locator("#form-note")).to_have_text("Draft kept on this device")


def test_what_was_typed_is_offered_after_a_reload_and_restored_row_by_row(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("Reloaded")
    ana.get_by_label("Early").check()
    ana.get_by_role("button", name="Add row").last.click()
    ana.locator("input[id^='f-orders-'][id$='-text']").last.fill("Pens")
    typed(ana)
    ana.reload()
    offer = ana.locator("#draft")
    expect(offer).to_contain_text(re.compile(r"Draft from \d\d:\d\d"))
    expect(ana.get_by_label("Name", exact=True)).to_have_value("")
    offer.get_by_role("button", name="Restore").click()
    expect(ana.get_by_text("This is your draft. Nothing of it is saved yet")).to_be_visible()
    expect(ana.get_by_label("Name", exact=True)).to_have_value("Reloaded")
    expect(ana.get_by_label("Early")).to_be_checked()
    expect(offer).to_be_hidden()
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.get_by_role("region", name="Orders")).to_contain_text("Pens")
    ana.wait_for_load_state()  # the page that says that it is saved ends the draft
    ana.goto(f"{site.address}/r/customer/new")
    expect(ana.locator("#save")).to_be_visible()
    expect(offer).to_be_hidden()


def test_a_draft_outlives_the_page_and_belongs_to_its_record_and_its_person(site: Site, ana: Page) -> None:
    one, other = (site.place.make("customer", name=f"Drafted {n}") for n in ("one", "other"))
    ana.goto(f"{site.address}/r/customer/{one}/edit")
    ana.get_by_label("E-mail").fill("draft@one.example")
    typed(ana)
    page = ana.context.new_page()
    ana.close()
    page.goto(f"{site.address}/r/customer/{other}/edit")
    expect(page.locator("#save")).to_be_visible()
    expect(page.locator("#draft")).to_be_hidden()
    page.goto(f"{site.address}/r/customer/{one}/edit")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#draft")).to_be_hidden()
    page.reload()
    expect(page.locator("#save")).to_be_visible()
    expect(page.locator("#draft")).to_be_hidden()
    expect(page.get_by_label("E-mail")).to_have_value("")


def test_nobody_else_at_the_same_browser_is_offered_a_draft_and_signing_out_ends_it(
    site: Site, ana: Page
) -> None:
    new = f"{site.address}/r/customer/new"
    site.place.person("Ben")
    ana.goto(new)
    ana.get_by_label("Name", exact=True).fill("Ana's own")
    typed(ana)
    ana.context.clear_cookies()
    site.sign_in(ana, "Ben")
    ana.goto(new)
    expect(ana.locator("#save")).to_be_visible()
    expect(ana.locator("#draft")).to_be_hidden()
    ana.context.clear_cookies()
    site.sign_in(ana)
    ana.goto(new)
    expect(ana.locator("#draft")).to_be_visible()
    ana.get_by_role("button", name="Sign out").click()
    ana.wait_for_url("**/login")
    assert kept(ana) == {}
    site.sign_in(ana)
    ana.goto(new)
    expect(ana.locator("#save")).to_be_visible()
    expect(ana.locator("#draft")).to_be_hidden()


def kept(page: Page) -> dict[str, str]:
    """The drafts in the browser's store."""
    found = page.evaluate("() => Object.entries(localStorage).filter(([k]) => k.startsWith('xrm.draft:'))")
    return dict(found)


def test_what_is_sensitive_is_never_kept(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("Sensitive")
    ana.get_by_label("Score").fill("987654")
    ana.get_by_role("link", name="Cancel").click()
    dialog = ana.get_by_role("dialog", name="Leave without saving?")
    expect(dialog.get_by_role("button", name="Save")).to_be_focused()
    expect(dialog.get_by_role("button", name="Keep draft")).to_be_hidden()
    (draft,) = kept(ana).values()
    assert "Sensitive" in draft
    assert "987654" not in draft


def test_a_form_that_is_refused_keeps_its_draft_and_does_not_offer_it(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("Refused")
    ana.get_by_label("Weight").fill("1000")
    ana.get_by_role("button", name="Create customer").click()
    expect(ana.locator("#summary")).to_be_focused()
    expect(ana.locator("#draft")).to_be_hidden()
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_role("button", name="Restore").click()
    expect(ana.get_by_label("Weight")).to_have_value("1000")


def test_an_older_draft_is_not_lost_by_typing_anew(site: Site, ana: Page) -> None:
    new = f"{site.address}/r/customer/new"
    name = ana.get_by_label("Name", exact=True)
    for text in ("The first", "The second"):
        ana.goto(new)
        expect(ana.locator("#save")).to_be_visible()
        name.fill(text)
        typed(ana)
    ana.goto(new)
    ana.get_by_role("button", name="Discard").click()
    ana.get_by_role("button", name="Restore").click()
    expect(name).to_have_value("The first")


@pytest.mark.parametrize("how", ["Save", "Keep draft", "Discard"])
def test_whoever_leaves_with_changes_says_what_becomes_of_them(site: Site, ana: Page, how: str) -> None:
    id_ = site.place.make("customer", name=f"Left by {how}")
    edit = f"{site.address}/r/customer/{id_}/edit"
    ana.goto(edit)
    ana.get_by_label("E-mail").fill("left@l.example")
    ana.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    dialog = ana.get_by_role("dialog", name="Leave without saving?")
    expect(dialog).to_be_visible()
    ana.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(ana.get_by_label("E-mail")).to_have_value("left@l.example")
    ana.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    dialog.get_by_role("button", name=how).click()
    ana.wait_for_url("**/r/person")
    stored = site.place.read("customer", id_)["email"]
    assert stored == ("left@l.example" if how == "Save" else None)
    ana.goto(edit)
    expect(ana.locator("#save")).to_be_visible()
    expect(ana.locator("#draft")).to_be_visible(visible=how == "Keep draft")


def test_a_form_without_changes_is_left_without_a_word(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    name = ana.get_by_label("Name", exact=True)
    name.fill("Thought better of it")
    typed(ana)
    name.fill("")
    expect(ana.locator("#form-note")).to_have_text("")
    ana.get_by_role("link", name="Cancel").click()
    ana.wait_for_url("**/r/customer")
    assert kept(ana) == {}


def test_a_form_is_undone_by_the_button_of_its_message_or_by_its_key_later(site: Site, ana: Page) -> None:
    id_ = site.place.make("customer", name="Undone", weight="1")
    record = f"{site.address}/r/customer/{id_}"
    ana.clock.install()
    for weight, is_late in (("2", False), ("3", True)):
        ana.goto(f"{record}/edit")
        ana.get_by_label("Weight").fill(weight)
        ana.keyboard.press("Control+Enter")
        said = ana.locator("#said")
        expect(said).to_contain_text("Customer saved")
        if is_late:
            ana.clock.fast_forward(9000)
            expect(said).to_have_count(0)
            ana.keyboard.press("Control+z")
        else:
            said.get_by_role("button", name="Undo").click()
        expect(said).to_contain_text("Undone")
        expect(ana).to_have_url(record)
        expect(ana.locator("#d-weight .value")).to_have_text("1")


def test_save_and_new_by_its_keys(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/person/new")
    ana.get_by_label("Name", exact=True).fill("One after the other")
    ana.keyboard.press("Control+Shift+Enter")
    expect(ana.locator("#said")).to_contain_text("Person created")
    expect(ana.get_by_label("Name", exact=True)).to_have_value("")
    expect(ana.locator("#draft")).to_be_hidden()


def test_a_record_is_made_in_a_lookup_and_chosen_there(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill("With a new contact")
    contact = ana.get_by_role("combobox", name="Contact")
    contact.focus()
    ana.keyboard.type("Nadia Reis")
    make = ana.get_by_role("option", name="New person “Nadia Reis”")
    expect(make).to_have_attribute("aria-selected", "false")
    ana.keyboard.press("ArrowDown")
    expect(make).to_have_attribute("aria-selected", "true")
    ana.keyboard.press("Enter")
    dialog = ana.get_by_role("dialog", name="New person")
    name = dialog.get_by_label("Name")
    expect(name).to_have_value("Nadia Reis")
    name.fill("")
    ana.keyboard.press("Enter")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    name.fill("Nadia Reis-Costa")
    ana.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(contact).to_be_focused()
    expect(contact).to_have_value("Nadia Reis-Costa")
    ana.keyboard.press("Control+Enter")
    expect(ana.get_by_role("main").get_by_role("link", name="Nadia Reis-Costa")).to_be_visible()


def test_a_text_that_matches_nothing_is_left_by_tab_without_a_dialog(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    contact = ana.get_by_role("combobox", name="Contact")
    contact.focus()
    ana.keyboard.type("Nobody of this name")
    options = ana.locator("#o-contact").get_by_role("option")
    expect(options).to_have_count(1)
    ana.keyboard.press("Tab")
    expect(ana.get_by_role("dialog", name="New person")).to_be_hidden()
    expect(contact).not_to_be_focused()
    contact.focus()
    ana.keyboard.press("ArrowDown")
    options.click()
    expect(ana.get_by_role("dialog", name="New person").get_by_label("Name")).to_be_focused()
    ana.keyboard.press("Escape")
    expect(contact).to_be_focused()
    expect(contact).to_have_value("Nobody of this name")


@pytest.fixture
def rows(site: Site, ana: Page) -> Page:
    """Ana in front of a new customer, in the first cell of the orders."""
    if not site.place.person("Ana").open("/r/person?search=Rosa").column(0):
        site.place.make("person", name="Rosa Taker")
    ana.goto(f"{site.address}/r/customer/new")
    ana.get_by_label("Name", exact=True).fill(f"Rows {id(ana)}")
    ana.locator("#f-orders-0-text").focus()
    return ana


def texts(page: Page, column: str) -> list[str]:
    """What stands in a column of the orders."""
    return [i.input_value() for i in page.locator(f"input[id^='f-orders-'][id$='-{column}']").all()]


def test_rows_are_entered_walked_and_removed_by_keys_alone(rows: Page) -> None:
    keys = rows.keyboard
    for text, key in (("Pens", "Tab"), ("3", "Enter"), ("Ink", "ArrowRight"), ("4", "Tab")):
        keys.type(text)
        keys.press(key)
    keys.press("Tab")
    keys.type("Paper")
    assert texts(rows, "text") == ["Pens", "Ink", "Paper"]
    assert texts(rows, "quantity") == ["3", "4", ""]
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    expect(rows.locator("#f-orders-0-text")).to_be_focused()
    keys.press("Enter")
    keys.press("ArrowRight")
    keys.type("40")
    assert texts(rows, "quantity") == ["3", "40", ""]
    for _ in range(2):
        keys.press("Tab")
    keys.press("Space")
    keys.press("Control+Enter")
    orders = rows.get_by_role("region", name="Orders")
    expect(orders).to_contain_text("Pens")
    expect(orders).to_contain_text("Paper")
    expect(orders).not_to_contain_text("Ink")


def paste(page: Page, text: str) -> None:
    """The text comes from the clipboard into whatever has the focus."""
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def test_a_block_from_a_spreadsheet_fills_rows_and_is_taken_back_as_one(rows: Page) -> None:
    paste(rows, 'Pens\t1\tRosa Taker\r\n"Ink, ""black"""\t2\t\r\nPaper\t3\tRosa Taker\r\n')
    told = rows.get_by_role("status").filter(has_text="9 cells pasted.")
    expect(told).to_be_visible()
    assert texts(rows, "text") == ["Pens", 'Ink, "black"', "Paper"]
    assert texts(rows, "quantity") == ["1", "2", "3"]
    told.get_by_role("button", name="Undo").click()
    assert texts(rows, "text") == [""]
    expect(rows.locator("#f-orders-0-text")).to_be_focused()
    paste(rows, "Pens\t1\tRosa Taker\nInk\t2")
    rows.keyboard.press("Control+Enter")
    orders = rows.get_by_role("region", name="Orders")
    expect(orders.get_by_role("link", name="Rosa Taker")).to_have_count(1)
    expect(orders).to_contain_text("Ink")


def test_one_column_is_pasted_downwards_and_a_single_text_goes_its_usual_way(site: Site, ana: Page) -> None:
    ana.goto(f"{site.address}/r/customer/new")
    ana.locator("#f-helpers-0-task").focus()
    paste(ana, "one\ntwo")
    assert [i.input_value() for i in ana.locator("[id^='f-helpers-'][id$='-task']").all()] == ["one", "two"]
    paste(ana, "a single text goes its usual way")
    expect(ana.locator("#f-helpers-0-task")).to_have_value("one")


def test_rows_are_cards_with_labels_on_a_phone(site: Site, chromium: Browser) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 800}, locale="en-GB") as context:
        page = context.new_page()
        site.sign_in(page)
        page.goto(f"{site.address}/r/customer/new")
        text, label = page.locator("#f-orders-0-text"), page.locator("label[for=f-orders-0-quantity]")
        expect(label).to_have_text("Quantity")
        boxes = [b for b in (text.bounding_box(), label.bounding_box()) if b]
        assert [b["width"] > 40 for b in boxes] == [True, True]
        assert boxes[0]["y"] < boxes[1]["y"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
