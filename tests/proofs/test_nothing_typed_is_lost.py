"""Two people edit one opportunity, one is signed out, the server is killed: whatever was typed is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser, sales
from tests.support.installed import make_runtime
from tests.support.servers import HOST, KEY, Server, Site, until
from xrm.engine.queries.request import parse_query
from xrm.engine.world import real_world
from xrm.testing import make_settings

RUI = "rui.sequeira@example.com"


@dataclass
class Desk:
    """A server that can be killed and comes back at the same address, and an opportunity of the seller."""

    site: Site
    server: Server
    opportunity: str

    @property
    def form(self) -> str:
        """The address of the form of the opportunity."""
        return f"{self.home}/r/opportunity/{self.opportunity}/edit"

    @property
    def home(self) -> str:
        """Where the server is."""
        return f"http://{HOST}:{self.server.port}"

    def kill(self) -> None:
        """Every process of the server is gone, in the middle of whatever it did."""
        self.server.kill()

    def come_back(self) -> None:
        """The server answers again where it did."""
        self.server = self.site.start(self.server.port)
        assert until(self.server.is_ready), self.server.said()


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    settings = make_settings(sqlite_url, tmp_path, secret_key=KEY)
    runtime = make_runtime(
        sqlite_url, tmp_path, sales.PACKS, demo=True, settings=settings, world=real_world()
    )
    for email in (RUI, sales.MANAGER):
        person = runtime.directory.demand_user(email)
        runtime.identity.people.set_password(runtime.installer, person, sales.PASSWORD)
    rui = runtime.identity.actor(runtime.directory.demand_user(RUI), door="api")
    asked = {"filter": ['state == "prospecting" and owner == me'], "limit": ["1"]}
    found = runtime.current().queries.list(rui, parse_query("opportunity", asked, settings.limits)).data
    opportunity = str(found[0]["id"])
    runtime.close()
    site = Site(tmp_path, sqlite_url)
    made = Desk(site, site.start(), opportunity)
    assert until(made.server.is_ready), made.server.said()
    yield made
    made.kill()


def sign_in(page: Page, home: str, email: str) -> None:
    page.goto(f"{home}/login")
    fill_in(page, email)
    page.wait_for_url(f"{home}/")


def fill_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(sales.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_two_people_a_sign_out_and_a_killed_server_lose_nothing_that_was_typed(
    desk: Desk, chromium: Browser
) -> None:
    with browser.watched_page(chromium) as rui, browser.watched_page(chromium) as helena:
        sign_in(rui, desk.home, RUI)
        sign_in(helena, desk.home, sales.MANAGER)

        # Both at once: each keeps what only they changed.
        rui.goto(desk.form)
        helena.goto(desk.form)
        helena.locator("[name='cost.amount']").fill("777")
        helena.locator("#save").click()
        expect(helena.get_by_role("status").filter(has_text="Undo").first).to_be_visible()
        rui.locator("[name=next_step]").fill("Typed by Rui")
        rui.locator("#save").click()
        expect(rui.get_by_role("main")).to_contain_text("Typed by Rui")
        expect(rui.get_by_role("main")).to_contain_text("777")

        # Signed out in another tab: the form comes back after signing in, as it was typed.
        rui.goto(desk.form)
        rui.locator("[name=next_step]").fill("Typed before the sign-out")
        other = rui.context.new_page()
        other.goto(f"{desk.home}/")
        other.get_by_role("button", name="Sign out").click()
        other.wait_for_url("**/login")
        rui.locator("#save").click()
        expect(rui.get_by_text("What you typed is kept on this page")).to_be_visible()
        fill_in(rui, RUI)
        expect(rui.locator("[name=next_step]")).to_have_value("Typed before the sign-out")
        rui.locator("#save").click()
        expect(rui.get_by_role("main")).to_contain_text("Typed before the sign-out")

        # The server is killed while somebody types: the page says so, and the draft outlives even the browser's tab.
        rui.goto(desk.form)
        rui.locator("[name=next_step]").fill("Typed before the crash")
        expect(rui.locator("#form-note")).to_have_text("Draft kept on this device")
        desk.kill()
        rui.locator("#save").click()
        expect(rui.get_by_role("alert")).to_contain_text("The server cannot be reached.")
        expect(rui.locator("[name=next_step]")).to_have_value("Typed before the crash")
        desk.come_back()
        again = rui.context.new_page()
        again.goto(desk.form)
        again.get_by_role("button", name="Restore").click()
        expect(again.locator("[name=next_step]")).to_have_value("Typed before the crash")
        again.locator("#save").click()
        expect(again.get_by_role("main")).to_contain_text("Typed before the crash")

    with desk.server.caller(desk.site.token(RUI)) as call:
        stored = call("GET", f"/records/opportunity/{desk.opportunity}").json
    assert stored["next_step"] == "Typed before the crash"
    assert stored["cost"]["amount"].startswith("777")
