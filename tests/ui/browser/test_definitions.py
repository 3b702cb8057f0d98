"""The how-to page of definitions, followed by somebody without a mouse; and axe on what they see on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.support.axe import violations
from tests.support.browser import reach
from tests.support.installed import make_runtime, plan_back
from tests.support.project import ROOT
from tests.support.serving import serving
from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import a_place, the_pack
from xrm.testing import a_pack, pack_from

GUIDE = ROOT / "docs" / "how-to" / "define-an-entity.md"
ROW = re.compile(r"^\| ([A-Z][\w ]+) \| ([A-Z][\w ]+) \| (.+?): (.+) \|$", re.MULTILINE)
HOME = "/admin/definitions"
LOOKED_AT = (
    HOME, f"{HOME}/e/customer", f"{HOME}/e/customer/fields/new/choice", f"{HOME}/e/customer/fields/tier",
    f"{HOME}/review", "/admin/versions", "/admin/versions/2/back",
)  # fmt: skip
SEEN_NOW_AND_THEN = (
    f"{HOME}/new", f"{HOME}/e/customer/edit", f"{HOME}/e/customer/fields/new",
    f"{HOME}/e/customer/relationships/new", f"{HOME}/options/customer/tier/gold", f"{HOME}/options/customer/tier/new",
    "/admin/versions/2", "/admin/versions/removed", "/admin/versions/removed/all",
)  # fmt: skip


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A shop of its own, for its definitions change; a yard came in its second version and went in the third."""
    folder: Path = tmp_path_factory.mktemp("definitions")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [the_pack()])
    place = a_place(runtime)
    place.make("customer", name="Delta Foods")
    runtime.packs.install(
        [pack_from(a_pack("yard", tool="fields: {name: {type: text}}\n"))], runtime.installer
    )
    runtime.packs.roll_back(1, runtime.installer, confirmed=plan_back(runtime, 1).hash)
    with serving(place.app) as address:
        yield Site(place, address)
    runtime.close()


def press(page: Page, role: Literal["link", "button"], name: str) -> None:
    """The button or link is reached by Tab and taken by Enter."""
    here = page.url
    reach(page, page.get_by_role(role, name=re.compile(f"^{name}")).first)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(here)


def typed(page: Page, label: str, text: str) -> None:
    """The text stands in the input of that label; in a list, the option that begins so is chosen."""
    box = page.get_by_label(re.compile(f"^{label}( optional)?$")).first
    reach(page, box)
    if box.evaluate("e => e.tagName") == "SELECT":
        page.keyboard.type(text[:12])
    elif box.evaluate("e => e.tagName") == "TEXTAREA":
        page.keyboard.type(text.replace(", ", "\n"))
    else:
        page.keyboard.press("Control+a")
        page.keyboard.type(text)


def test_the_guide_is_followed_by_keys_and_the_entity_is_used_at_once(
    own_site: Site, chromium: Browser
) -> None:
    with browser.watched_page(chromium) as page:
        own_site.sign_in(page)
        page.goto(f"{own_site.address}{HOME}")
        press(page, "link", "Add entity")
        typed(page, "What one of them is called", "Site visit")
        typed(page, "What several are called", "Site visits")
        typed(page, "What its first field is called", "Purpose")
        press(page, "button", "Add to the draft")
        fields = ROW.findall(GUIDE.read_text())
        assert len(fields) == 4
        for type_, label, key, value in fields:
            press(page, "link", "Add field")
            press(page, "link", type_)
            typed(page, "Label", label)
            if type_ == "Date":
                reach(page, page.get_by_role("radio", name="None"))
                page.keyboard.press("ArrowRight")
            else:
                typed(page, key, value)
            press(page, "button", "Add to the draft")
        press(page, "link", "Add relationship")
        typed(page, "Label", "Customer visited")
        typed(page, "Leads to", "Customers")
        typed(page, "Label on the other side", "Visits")
        press(page, "button", "Add to the draft")
        press(page, "link", "Review")
        expect(page.locator("#changes dt")).to_have_count(7)
        press(page, "button", "Apply")
        expect(page.get_by_text("Applied: it is in force now").first).to_be_visible()
        assert "site_visit" in own_site.place.runtime.current().model.entities
        page.goto(f"{own_site.address}/r/site_visit/new")
        typed(page, "Purpose", "Tour of the plant")
        reach(page, page.get_by_role("combobox", name="Customer visited"))
        page.keyboard.type("Delta")
        page.get_by_role("option", name="Delta Foods").wait_for()
        page.keyboard.press("Enter")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Tour of the plant")
        expect(page.get_by_text("Delta Foods").first).to_be_visible()


@pytest.mark.parametrize(
    "paths", [LOOKED_AT, pytest.param(SEEN_NOW_AND_THEN, marks=pytest.mark.proof)], ids=["always", "rare"]
)
@pytest.mark.parametrize("face", [("light", 1440), ("dark", 390)], ids=lambda v: f"{v[0]}-{v[1]}")
def test_axe_finds_nothing_on_the_pages_of_definitions(
    face: tuple[Literal["light", "dark"], int], paths: tuple[str, ...], own_site: Site, chromium: Browser
) -> None:
    ana = own_site.place.person("Ana")
    address = f"{HOME}/e/customer/fields/new/integer"
    ana.fill(ana.open(address), address, label=f"Staff at {face[1]} of {len(paths)}")
    size = {"width": face[1], "height": 900}
    with chromium.new_context(
        color_scheme=face[0], viewport=size, bypass_csp=True, locale="en-GB"
    ) as context:  # type: ignore[arg-type]
        page = context.new_page()
        own_site.sign_in(page)
        for path in paths:
            page.goto(f"{own_site.address}{path}")
            assert violations(page) == [], path
