"""A real Chromium, driven by Playwright: the one of the system, else the one that Playwright fetched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from dev import BROWSERS

# A machine that does other things as well takes its time; what never comes is told all the same.
expect.set_options(timeout=30_000)
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
    "--safebrowsing-disable-auto-update",
)


def system_browser() -> str | None:
    """The path of a Chromium that the system has, if any."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser runs inside this block; it makes no calls of its own to the outside."""
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=system_browser(), args=[*QUIET, *sandbox, "--disable-dev-shm-usage"]
        )
        try:
            yield running
        finally:
            running.close()


@contextmanager
def watched_page(chromium: Browser) -> Iterator[Page]:
    """A page with a fresh profile; script errors and broken content rules on it fail the test at the end."""
    with chromium.new_context(locale="en-GB", timezone_id="UTC") as context:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.extend(_mistake(str(error))))
        page.on("console", lambda message: faults.extend(_fault(message)))
        yield page
    assert not faults, "The page reported: " + "; ".join(faults)


def _mistake(error: str) -> Iterator[str]:
    """On a busy machine the browser gives up the fade between two pages and reports that as an error."""
    if not error.startswith("Transition was "):
        yield error


def _fault(message: ConsoleMessage) -> Iterator[str]:
    """An answer such as 422 is logged as an error too, and is not a fault of the page."""
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        yield message.text


def press(page: Page, *keys: str) -> None:
    """The keys were pressed one after the other, none before the scripts of the page can hear it."""
    page.wait_for_load_state()
    for key in keys:
        page.keyboard.press(key)


def reach(page: Page, what: Locator) -> None:
    """The focus has come to it by Tab from where it was."""
    what.wait_for()
    element = what.element_handle()  # looked up once: finding it by its name takes longer than a key
    for _ in range(150):
        if element.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {what}")
