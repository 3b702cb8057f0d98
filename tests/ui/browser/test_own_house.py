"""Every page of the shipped packs keeps to its content rules, and asks nobody but its own server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.support import sales
from tests.support.axe import violations
from tests.support.installed import make_runtime
from tests.support.serving import serving
from xrm.app import mount
from xrm.engine.commands import ADMINISTRATOR

FEW = 3
EMAIL = "ana@example.com"
WATCH = (
    "window.broken = []; addEventListener('securitypolicyviolation', (e) => broken.push(e.violatedDirective))"
)


@dataclass
class Watched:
    """A page on which everything is written down that must not be."""

    page: Page
    home: str
    elsewhere: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seen: int = 0

    def open(self, path: str) -> None:
        """The page has been looked at."""
        answer = self.page.goto(f"{self.home}{path}")
        assert answer
        assert answer.status == 200, path
        self.broken += [f"{path}: {rule}" for rule in self.page.evaluate("window.broken")]
        self.seen += 1

    def links(self, pattern: str) -> list[str]:
        """The addresses on the page that look so."""
        found = self.page.eval_on_selector_all("a[href]", "all => all.map((a) => a.getAttribute('href'))")
        return [href for href in dict.fromkeys(found) if re.fullmatch(pattern, href)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the demo, of which Ana is the administrator."""
    folder: Path = tmp_path_factory.mktemp("house")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, sales.PACKS, demo=True)
    runtime.identity.people.create_user(
        runtime.installer, email=EMAIL, name="Ana", password=sales.PASSWORD, roles=[ADMINISTRATOR]
    )
    with serving(mount(runtime)) as address:
        yield address
    runtime.close()


@pytest.fixture
def watched(home: str, chromium: Browser) -> Iterator[Watched]:
    with chromium.new_context(locale="en-GB") as context:
        context.add_init_script(WATCH)
        page = context.new_page()
        found = Watched(page, home)
        page.on("request", lambda r: found.elsewhere.extend(_elsewhere(r.url, home)))
        sign_in(page, home)
        yield found


def sign_in(page: Page, home: str) -> None:
    page.goto(f"{home}/login")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(sales.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{home}/")


def _elsewhere(url: str, home: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != home:
        yield url


def test_no_page_breaks_its_content_rules_or_asks_another_host(watched: Watched, proofs: bool) -> None:
    watched.open("/")
    lists, administration = watched.links(r"/r/[a-z_]+"), watched.links(r"/admin/[a-z]+")
    assert len(lists) > 40
    assert len(administration) > 8
    for path in [*administration, "/me", "/search?q=oli", "/help/keys", *(lists if proofs else lists[:FEW])]:
        watched.open(path)
        if path not in lists:
            continue
        others = watched.links(rf"{path}(\?view=[a-z_]+|/new|/trash|/import)")
        for record in watched.links(rf"{path}/[0-9a-f-]{{36}}")[:1]:
            watched.open(record)
            watched.open(f"{record}/history")
        for beside in others:
            watched.open(beside)
    assert watched.seen > (250 if proofs else 25)
    assert watched.broken == []
    assert watched.elsewhere == []


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.proof)])
def test_axe_finds_nothing_beside_a_menu_that_is_long_and_scrolled(
    home: str, chromium: Browser, theme: str
) -> None:
    scheme = "dark" if theme == "dark" else "light"
    size = {"width": 1440, "height": 900}
    with chromium.new_context(color_scheme=scheme, viewport=size, bypass_csp=True, locale="en-GB") as context:
        page = context.new_page()
        sign_in(page, home)
        for path in ("/admin/users", "/admin/health", "/r/opportunity?view=board"):
            page.goto(f"{home}{path}")
            assert violations(page) == [], path


def test_a_broken_rule_and_a_foreign_host_are_noticed(watched: Watched) -> None:
    watched.open("/")
    watched.page.evaluate(
        "() => { const i = new Image(); i.src = 'http://127.0.0.2:9/x.png'; document.body.append(i); }"
    )
    watched.page.wait_for_function("window.broken.length > 0")
    assert watched.page.evaluate("window.broken") == ["img-src"]
