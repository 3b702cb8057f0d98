"""The first run in a real browser: from the address that the server printed to a first record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.axe import violations
from tests.support.serving import serving
from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import PASSWORD, a_place
from xrm.testing import make_runtime


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Site]:
    """An installation that nobody can sign in to yet."""
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path)
    place = a_place(runtime)
    with serving(place.app) as address:
        yield Site(place, address)
    runtime.close()


def test_three_answers_lead_from_the_printed_address_to_a_first_record(
    fresh: Site, chromium: Browser
) -> None:
    with browser.watched_page(chromium) as page:
        page.goto(f"{fresh.address}/setup?key={fresh.place.runtime.first_run.key}")
        page.get_by_label("Relationships").uncheck()
        expect(page.get_by_label("Sales")).not_to_be_checked()
        page.get_by_label("Sales").check()
        expect(page.get_by_label("Relationships")).to_be_checked()
        page.get_by_label("Sales").uncheck()
        page.get_by_label("Name of the organisation").fill("Iron & Oak")
        page.get_by_label("Your name").fill("Ana Prates")
        page.get_by_label("E-mail").fill("ana@iron.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Set up xrm").click()
        page.wait_for_url(f"{fresh.address}/")
        expect(page.get_by_role("heading", name="First steps")).to_be_visible()
        page.get_by_role("link", name="New contact").click()
        page.get_by_label("Last", exact=True).fill("Lind")
        page.locator("#save").click()
        page.get_by_role("link", name="Home").click()
        expect(page.get_by_role("listitem").filter(has_text="Add a record")).to_contain_text("done")


@pytest.mark.parametrize(
    ("theme", "width"),
    [
        ("light", 1440),
        ("dark", 390),
        pytest.param("dark", 1440, marks=pytest.mark.proof),
        pytest.param("light", 390, marks=pytest.mark.proof),
    ],
)
def test_axe_finds_nothing_in_the_first_run(fresh: Site, chromium: Browser, theme: str, width: int) -> None:
    size = {"width": width, "height": 900}
    scheme = "dark" if theme == "dark" else "light"
    with chromium.new_context(color_scheme=scheme, viewport=size, bypass_csp=True, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{fresh.address}/setup")
        assert violations(page) == []
        page.goto(f"{fresh.address}/setup?key={fresh.place.runtime.first_run.key}")
        assert violations(page) == []
        page.get_by_role("button", name="Set up xrm").click()
        page.locator("#summary").wait_for()
        assert violations(page) == []
