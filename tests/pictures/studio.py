"""Where pictures are taken: the demo on a fixed day, a person at a real browser, and the pages as small files."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir

from playwright.sync_api import Browser, Page

from tests.support.browser import browser
from tests.support.installed import make_runtime
from tests.support.project import ROOT
from tests.support.serving import serving
from xrm.app import mount
from xrm.engine.commands import ADMINISTRATOR
from xrm.engine.runtime import Runtime
from xrm.engine.world import fixed_world

DAY = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
SELLER, ADMIN, PASSWORD = "rui.sequeira@example.com", "ana.prates@example.com", "seven quiet otters"
PACKS = tuple(ROOT / "entity_packs" / name for name in ("crm_core", "crm_sales"))
# Sharp enough to read, and small enough for a page with many of them.
QUALITIES = (86, 78, 68, 58)
MOST_BYTES = 120 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """How wide the page is, and in which theme."""

    width: int = 1440
    height: int = 900
    is_dark: bool = False


@dataclass(frozen=True, slots=True)
class Studio:
    """The demo that is being served, and the browser that looks at it."""

    runtime: Runtime
    address: str
    chromium: Browser

    @contextmanager
    def person(self, look: Look, email: str) -> Iterator[Page]:
        """A page of somebody who is signed in; without e-mail address of a stranger."""
        scheme = "dark" if look.is_dark else "light"
        size = {"width": look.width, "height": look.height}
        with self.chromium.new_context(
            viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
        ) as context:
            page = context.new_page()
            if email:
                page.goto(f"{self.address}/login")
                page.get_by_label("E-mail").fill(email)
                page.get_by_label("Password").fill(PASSWORD)
                page.keyboard.press("Enter")
                page.wait_for_url(f"{self.address}/")
            yield page


@contextmanager
def studio(*, is_empty: bool = False) -> Iterator[Studio]:
    """The shipped packs with their sample data, served on a day that does not end; or nothing but the core."""
    # The folder is named on the page of health, so it is the same each time.
    home = Path(gettempdir()) / "xrm-pictures"
    rmtree(home, ignore_errors=True)
    home.mkdir()
    with browser() as chromium:
        runtime = make_runtime(
            f"sqlite:///{home / 'xrm.db'}",
            home,
            () if is_empty else PACKS,
            demo=not is_empty,
            world=fixed_world(DAY, 1),
        )
        if not is_empty:
            _let_in(runtime)
        try:
            with serving(mount(runtime)) as address:
                yield Studio(runtime, address, chromium)
        finally:
            runtime.close()
            rmtree(home)


def _let_in(runtime: Runtime) -> None:
    """A seller of the demo has a password, and there is an administrator."""
    people, installer = runtime.identity.people, runtime.installer
    people.set_password(installer, runtime.directory.demand_user(SELLER), PASSWORD)
    if runtime.directory.user(ADMIN) is None:
        people.create_user(
            installer, email=ADMIN, name="Ana Prates", password=PASSWORD, roles=[ADMINISTRATOR]
        )


def taken(page: Page) -> bytes:
    """The page as it is seen, as WebP of at most MOST_BYTES."""
    session = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        picture = base64.b64decode(answer["data"])
        if len(picture) <= MOST_BYTES:
            break
    session.detach()
    return picture
