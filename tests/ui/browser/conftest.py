"""The shop behind a real server on a loopback port, for stories in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.support.installed import make_runtime
from tests.support.serving import serving
from tests.ui.pages.conftest import Place, a_place, the_pack
from xrm.ui.pages.door import SESSION_COOKIE


def ask_of(page: Page, field: str) -> None:
    """The condition in the open form is about that field, found by its name."""
    page.get_by_label("Field", exact=True).fill(field)
    page.get_by_role("option", name=field, exact=True).first.click()
    expect(page.get_by_label("Field", exact=True)).to_have_value(field)
    page.get_by_label("Condition").wait_for()
    expect(page.locator("#sheet form")).not_to_have_attribute("aria-busy", "true")


@dataclass(frozen=True, slots=True)
class Site:
    """A running installation and its address."""

    place: Place
    address: str

    def sign_in(self, page: Page, name: str = "Ana") -> None:
        """The page belongs to a new session of that person, who is made if there is none, and shows their home.

        The form of the door has stories of its own.
        """
        client = self.place.person(name).client
        cookie = client.get_cookie(SESSION_COOKIE)
        assert cookie is not None
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        page.goto(f"{self.address}/")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The shop with sixty customers."""
    folder = tmp_path_factory.mktemp("site")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [the_pack()])
    place = a_place(runtime)
    place.person("Ana")
    for n in range(60):
        tier = ("gold", "silver", "bronze")[n % 3]
        place.make(
            "customer", place.actor(), name=f"Customer {n:02}", tier=tier, since=f"2026-01-{n % 28 + 1:02}"
        )
    with serving(place.app) as address:
        yield Site(place, address)
    runtime.close()


@pytest.fixture
def ana(site: Site, chromium: Browser) -> Iterator[Page]:
    """A page of Ana's; an error in its console fails the test."""
    with browser.watched_page(chromium) as page:
        site.sign_in(page)
        yield page
