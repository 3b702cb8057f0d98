"""How quickly a page answers its hands: from the key or the click until what it brings about is painted.

One person at a headless browser in front of a workspace with very many opportunities. Times are taken in the page, from
the moment in which the browser got the event to the frame in which its effect stands; layout shift is what the browser
itself reports of pages that nobody touches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlencode

from playwright.sync_api import Page

from benchmarks.pages import Tell, workspace
from tests.support import browser, sales
from xrm.engine.identity import SESSION_COOKIE

WARM, TIMES = 3, 40
LEAST_ROWS = 200  # the manager owns a quarter of them, and walks fifty
WALKED = 40  # rows, before the list begins anew
CURSOR, SORT, PEEK, SAVE, SHIFT = "row cursor", "sort", "peek", "save of a cell", "layout shift"
BUDGETS = {CURSOR: 50.0, SORT: 200.0, PEEK: 100.0, SAVE: 250.0}
MOST_SHIFT = 0.02
ASKED = {
    "filter": 'state == "prospecting" and owner == me',
    "fields": "name,account,state,amount,probability,close_on,next_step,owner",
    "sort": "close_on",
}
LIST = f"/r/opportunity?{urlencode(ASKED)}"
WATCH = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
window.watched = (event, selector, text) => {
  let begun = null;
  addEventListener(event, ({ timeStamp }) => (begun ??= timeStamp), { capture: true, once: true });
  window.felt = new Promise((resolve) => {
    const isThere = () => [...document.querySelectorAll(selector)].some((e) => e.textContent.includes(text));
    const look = () => {
      if (begun === null || !isThere()) return;
      observer.disconnect();
      requestAnimationFrame(() => {
        const painted = new MessageChannel();
        painted.port1.onmessage = () => resolve(performance.now() - begun);
        painted.port2.postMessage(null);
      });
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
};
"""


@dataclass(slots=True)
class Felt:
    """Milliseconds by what was done, and how far each page shifted while it was opened."""

    times: dict[str, list[float]] = field(default_factory=dict)
    shifts: dict[str, float] = field(default_factory=dict)


def measured(database: str, rows: int, times: int, tell: Tell) -> Felt:
    """Every act so many times, and every page once."""
    felt = Felt()
    with workspace(database, max(rows, LEAST_ROWS), tell) as (manager, one), browser.browser() as chromium:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        context.add_init_script(WATCH)
        site = f"http://{manager.wire.host}:{manager.wire.port}"
        context.add_cookies([{"name": SESSION_COOKIE, "value": manager.cookie, "url": site}])
        page = context.new_page()
        for name, path in sales.pages(one).items():
            tell(name)
            felt.shifts[name] = _shift(page, f"{site}{path}")
        for act in (_walks_and_peeks, _sorts, _saves):
            tell(act.__name__.strip("_").replace("_", " "))
            act(page, f"{site}{LIST}", WARM + times, felt)
        context.close()
    return felt


def _shift(page: Page, address: str) -> float:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return float(page.evaluate("() => window.shifted"))


def _felt(page: Page, event: str, act: Callable[[], object], selector: str, text: str = "") -> float:
    """Milliseconds from the event that the act causes until an element of that kind, with that text, is painted."""
    page.evaluate("([event, selector, text]) => watched(event, selector, text)", [event, selector, text])
    act()
    return float(page.evaluate("() => window.felt"))


def _begin(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("x-grid").wait_for()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.locator("tr.cursor").wait_for()


def _walks_and_peeks(page: Page, address: str, times: int, felt: Felt) -> None:
    for number in range(times):
        if number % WALKED == 0:
            _begin(page, address)
        following = page.evaluate("() => document.querySelector('tr.cursor').nextElementSibling.id")
        walked = _felt(page, "keydown", lambda: page.keyboard.press("j"), f"#{following}.cursor")
        felt.times.setdefault(CURSOR, []).append(walked)
        peeked = _felt(
            page, "keydown", lambda: page.keyboard.press("Space"), "x-peek:not([hidden]) #peek-title"
        )
        felt.times.setdefault(PEEK, []).append(peeked)
        page.keyboard.press("Escape")
        page.locator("x-peek").wait_for(state="hidden")


def _sorts(page: Page, address: str, times: int, felt: Felt) -> None:
    _begin(page, address)
    for _, column in zip(range(times), cycle(("amount", "close_on"))):
        head = page.locator(f"#sort-{column}")
        taken = _felt(page, "click", head.click, f"th[aria-sort]:has(#sort-{column})")
        felt.times.setdefault(SORT, []).append(taken)
        page.wait_for_load_state("networkidle")


def _saves(page: Page, address: str, times: int, felt: Felt) -> None:
    _begin(page, address)
    place = page.evaluate("() => document.querySelector('th[data-field=next_step]').cellIndex")
    for number in range(times):
        said = f"Call them again, {number}"
        page.locator("tr.cursor td").nth(place).dblclick()
        page.locator("tr.cursor #f-next_step").fill(said)
        taken = _felt(page, "keydown", lambda: page.keyboard.press("Enter"), "tr.cursor td", said)
        felt.times.setdefault(SAVE, []).append(taken)
        page.locator("tr.cursor .editing").wait_for(state="detached")


def table(felt: Felt) -> str:
    """The result in Markdown."""
    lines = ["| act | budget, ms | p95, ms | p50, ms |", "|---|--:|--:|--:|"]
    for name, budget in BUDGETS.items():
        times = sorted(felt.times[name][WARM:])
        p95, p50 = times[int(len(times) * 0.95)], times[len(times) // 2]
        lines.append(f"| {name} | {budget:.0f} | {p95:.1f} | {p50:.1f} |")
    name, worst = max(felt.shifts.items(), key=lambda pair: pair[1])
    lines.append("")
    lines.append(
        f"{SHIFT.capitalize()} while a page opens: at most {worst:.4f} ({name}); the budget is {MOST_SHIFT}."
    )
    return "\n".join(lines)
