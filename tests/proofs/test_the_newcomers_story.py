"""A newcomer at a real browser: sign in, find, create, connect, and read it all with a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.installed import make_runtime
from tests.support.project import ROOT
from tests.support.servers import HOST, KEY, Caller, Site
from xrm.engine.world import real_world
from xrm.testing import make_settings

SLOW = 30_000
EMAIL, PASSWORD = "nova@example.com", "correct horse battery"


@pytest.fixture
def call(sqlite_url: str, tmp_path: Path) -> Iterator[Caller]:
    """A server with the shipped pack; calls are made with the newcomer's token."""
    settings = make_settings(sqlite_url, tmp_path, secret_key=KEY)
    packs = [ROOT / "entity_packs" / "crm_core"]
    runtime = make_runtime(sqlite_url, tmp_path, packs, settings=settings, world=real_world())
    runtime.identity.people.create_user(
        runtime.installer, email=EMAIL, name="Nova", password=PASSWORD, roles=["system_admin"]
    )
    runtime.close()
    site = Site(tmp_path, sqlite_url)
    with site.serving() as (server,), server.caller(site.token(EMAIL)) as caller:
        yield caller


def test_a_newcomer_finds_creates_connects_and_reads_it_all_with_a_token(call: Caller, page: Page) -> None:
    parent = made(call, "Oliveira Holding")
    made(call, "Oliveira Norte")
    home = f"http://{HOST}:{call.port}"

    sign_in(page, home)
    found_by_search(page, home, "oliveira hold", "Oliveira Holding")
    assert page.url.endswith(parent)

    page.goto(f"{home}/r/contact/new")
    page.locator('[name="name.first"]').fill("Ana")
    page.locator('[name="name.last"]').fill("Prates")
    choose(page, "account", "holding", "Oliveira Holding")
    page.get_by_role("button", name="Create Contact").click()
    is_open(page, "Ana Prates")
    page.get_by_role("main").get_by_role("link", name="Oliveira Holding").first.click()
    page.get_by_role("main").get_by_role("link", name="Ana Prates").first.wait_for()

    found_by_search(page, home, "oliveira nor", "Oliveira Norte")
    page.get_by_role("link", name="Edit").first.click()
    choose(page, "parent", "holding", "Oliveira Holding")
    page.get_by_role("button", name="Save").click()
    is_open(page, "Oliveira Norte")
    page.get_by_role("main").get_by_role("link", name="Oliveira Holding").first.click()
    is_open(page, "Oliveira Holding")
    page.get_by_role("main").get_by_role("link", name="Oliveira Norte").first.wait_for()

    seen = call("GET", f"/records/account/{parent}", expand="subsidiaries,contacts").json
    assert [row["title"] for row in seen["subsidiaries"]["data"]] == ["Oliveira Norte"]
    assert [row["title"] for row in seen["contacts"]["data"]] == ["Ana Prates"]
    (contact,) = call("GET", "/records/contact", fields="name,account").json["data"]
    assert contact["account"]["id"] == parent


def made(call: Caller, name: str) -> str:
    answer = call("POST", "/records/account", {"name": name})
    assert answer.status == 201, answer.text
    record: dict[str, Any] = answer.json
    return str(record["id"])


def sign_in(page: Page, home: str) -> None:
    page.goto(home)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Accounts").first.wait_for()


def found_by_search(page: Page, home: str, words: str, title: str) -> None:
    page.goto(f"{home}/search")
    page.get_by_role("searchbox").last.fill(words)
    page.get_by_role("searchbox").last.press("Enter")
    page.get_by_role("main").get_by_role("link", name=title).first.click()
    is_open(page, title)


def is_open(page: Page, title: str) -> None:
    """The page of the record with this title is the one on the screen."""
    expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=SLOW)


def choose(page: Page, field: str, typed: str, title: str) -> None:
    """The record with this title was chosen from what the lookup offers while one types."""
    page.locator(f'[name="{field}.text"]').press_sequentially(typed)
    page.get_by_role("option", name=title).click()
    expect(page.locator(f'[name="{field}.text"]')).to_have_value(title, timeout=SLOW)
