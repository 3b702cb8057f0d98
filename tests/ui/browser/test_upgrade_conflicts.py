"""An upgrade with questions, answered by keys in a browser, and axe on the page that asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.support.axe import violations
from tests.support.serving import serving
from tests.ui.browser.conftest import Site
from tests.ui.pages.conftest import a_place, the_pack
from tests.ui.pages.test_upgrade_conflicts import OURS, PLAN, yard
from xrm.engine.packs import Revision, laying
from xrm.metadata.customising import from_documents
from xrm.testing import make_runtime, make_settings


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A yard that the organisation has changed, with its next version at hand."""
    folder: Path = tmp_path_factory.mktemp("asking")
    url = f"sqlite:///{folder / 'xrm.db'}"
    settings = replace(make_settings(url, folder), packs=(folder / "packs",))
    runtime = make_runtime(url, folder, [the_pack(), yard()], settings=settings)
    runtime.packs.revise(Revision(edit=laying(from_documents(OURS), mirror=False)), runtime.installer)
    for path, text in yard("1.1.0", "Implement", "Motor").items():
        (folder / "packs" / "yard" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "packs" / "yard" / path).write_text(text)
    with serving(a_place(runtime).app) as address:
        yield Site(a_place(runtime), address)
    runtime.close()


@pytest.mark.parametrize("face", [("light", 1440), ("dark", 390)], ids=lambda v: f"{v[0]}-{v[1]}")
def test_questions_are_answered_by_keys_before_there_is_a_plan_and_axe_finds_nothing(
    face: tuple[Literal["light", "dark"], int], asking: Site, chromium: Browser
) -> None:
    size = {"width": face[1], "height": 900}
    with chromium.new_context(
        color_scheme=face[0], viewport=size, bypass_csp=True, locale="en-GB"
    ) as context:  # type: ignore[arg-type]
        page = context.new_page()
        asking.sign_in(page)
        page.goto(f"{asking.address}{PLAN}")
        assert violations(page) == []
        expect(page.locator("#plan")).to_have_count(0)
        groups = page.get_by_role("radiogroup")
        groups.nth(0).get_by_role("radio").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.locator("#plan")).to_be_visible()
        expect(groups.nth(0).get_by_role("radio", name="Theirs")).to_be_checked()
        expect(groups.nth(1).get_by_role("radio", name="Yours")).to_be_checked()
        assert violations(page) == []
