"""Rows that stand in the order of a number change places at a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.support.installed import make_runtime
from tests.support.serving import serving
from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import a_place
from xrm.testing import a_pack

QUOTE = """
title: name
ownership: none
fields: {name: {type: text, required: true}}
relationships: {lines: {from: line, owned: true}}
"""
LINE = """
title: text
ownership: none
fields: {line_no: {label: Line, type: integer, min: 1, required: true}, text: {type: text, required: true}}
relationships:
  quote: {to: quote, required: true, inverse: lines, on_delete: cascade}
  like:  {to: quote, inverse: liked, on_delete: clear}
keys: {once: {fields: [quote, line_no]}}
"""
FORM = {"forms/quote.yaml": "main: {sections: {all: {rows: [[name], [lines]]}}}\n"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Quotes with numbered lines."""
    folder = tmp_path_factory.mktemp("site")
    pack = a_pack("desk", FORM, quote=QUOTE, line=LINE)
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [pack])
    place = a_place(runtime)
    with serving(place.app) as address:
        yield Site(place, address)
    runtime.close()


@pytest.fixture
def ana(site: Site, chromium: Browser) -> Iterator[Page]:
    """Ana in front of the form of a quote with three lines."""
    lines = {"create": [{"text": t, "line_no": n} for t, n in (("one", 1), ("two", 2), ("three", 3))]}
    id_ = site.place.make("quote", name="Ordered", lines=lines)
    with browser.watched_page(chromium) as page:
        site.sign_in(page)
        page.goto(f"{site.address}/r/quote/{id_}/edit")
        yield page


def column(page: Page, name: str) -> list[str]:
    """What stands in a column of the lines, in the order of the page."""
    return [i.input_value() for i in page.locator(f"tbody input[id^='f-lines-'][id$='-{name}']").all()]


def test_a_row_changes_its_place_by_alt_and_an_arrow_and_is_saved_there(ana: Page) -> None:
    three = ana.locator("#f-lines-2-text")
    three.focus()
    ana.keyboard.press("Alt+ArrowUp")
    ana.keyboard.press("Alt+ArrowUp")
    ana.keyboard.press("Alt+ArrowUp")
    expect(three).to_be_focused()
    ana.keyboard.press("Alt+ArrowDown")
    assert column(ana, "text") == ["one", "three", "two", ""]
    assert column(ana, "line_no") == ["1", "2", "3", ""]
    ana.keyboard.press("Control+Enter")
    expect(ana.get_by_role("region", name="Lines").locator("tbody tr")).to_have_text(
        ["1one", "2three", "3two"]
    )


def test_a_row_changes_its_place_by_its_buttons_and_its_lookup_goes_on_finding(ana: Page) -> None:
    down = ana.get_by_role("button", name="Move the row down")
    expect(down).to_have_count(2)  # the last one has nowhere to go, and what is blank no place
    down.first.click()
    assert column(ana, "text") == ["two", "one", "three", ""]
    like = ana.locator("#f-lines-1-like")
    like.click()
    options = ana.locator("#o-lines-1-like").get_by_role("option")
    expect(options.nth(1)).to_be_visible()
    ana.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    ana.keyboard.press("Enter")
    expect(like).to_have_value("Ordered")
    assert column(ana, "line_no") == ["1", "2", "3", ""]
