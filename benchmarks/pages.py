"""What people wait for: the pages of a sales workspace with very many records, as a browser asks for them.

One person at a time, signed in, with a role that sees a part of the records. Times are of the whole answer over a
socket of this machine; bytes are of the body as a browser gets it, compressed.
"""

from __future__ import annotations

import gzip
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.load import BadAnswer
from benchmarks.site import settle
from tests.support import postgres, sales
from tests.support.servers import HOST, KEY, PATIENCE, Site
from xrm.engine.commands import Actor
from xrm.engine.identity import SESSION_COOKIE
from xrm.engine.queries.request import parse_query
from xrm.engine.runtime import Runtime
from xrm.engine.world import real_world
from xrm.testing import make_runtime, make_settings

WARM, TIMES = 3, 60
LIST_MS, PART_MS, PAGE_MS = 50, 30, 120
SAVE = "save of one value"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody's browser, as far as answers go: a connection, a session and its word."""

    wire: HTTPConnection
    cookie: str
    word: str

    def get(self, path: str, *, part: str = "") -> tuple[float, bytes]:
        """Milliseconds until the whole answer was there, and its body."""
        return self._ask("GET", path, b"", {"HX-Request": "true", "HX-Target": f"div#{part}"} if part else {})

    def post(self, path: str, values: Mapping[str, str]) -> tuple[float, bytes]:
        """The same for what a page sends."""
        form = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": self.word}
        return self._ask(
            "POST", path, urlencode(values).encode(), {**form, "HX-Request": "true", "HX-Target": "div#d"}
        )

    def _ask(self, method: str, path: str, body: bytes, more: Mapping[str, str]) -> tuple[float, bytes]:
        headers = {"Cookie": f"{SESSION_COOKIE}={self.cookie}", "Accept": "text/html", **more}
        begun = time.perf_counter()
        self.wire.request(method, path, body or None, headers)
        answer = self.wire.getresponse()
        text = answer.read()
        taken = (time.perf_counter() - begun) * 1000
        if answer.status >= 300:
            raise BadAnswer(f"{method} {path}: {answer.status} {text[:300]!r}")
        return taken, text


@contextmanager
def workspace(database: str, rows: int, tell: Tell) -> Iterator[tuple[Browser, str]]:
    """A server over an installation with so many opportunities, a manager's browser, and one opportunity of theirs."""
    with (
        tempfile.TemporaryDirectory() as made,
        postgres.cluster(durable=True) if database == "postgresql" else _none() as cluster,
    ):
        folder = Path(made)
        url = f"sqlite:///{folder / 'xrm.db'}" if cluster is None else cluster.url(cluster.create())
        settings = make_settings(url, folder, secret_key=KEY)
        runtime = make_runtime(url, folder, sales.PACKS, demo=True, settings=settings, world=real_world())
        tell(f"{rows} opportunities")
        sales.fill(runtime, rows)
        session = runtime.identity.sign_in(sales.MANAGER, sales.PASSWORD)
        word, actor = runtime.identity.csrf_of(session.token), runtime.identity.resolve_session(session.token)
        own = {"filter": 'state == "prospecting" and owner == me', "fields": "id", "limit": "1"}
        one = _first(runtime, actor, own)
        runtime.close()
        if cluster is not None:
            settle(url)
        with Site(folder, url).serving() as (server,):
            wire = HTTPConnection(HOST, server.port, timeout=PATIENCE)
            yield Browser(wire, session.token, word), one
            wire.close()


def _first(runtime: Runtime, actor: Actor, asked: Mapping[str, str]) -> str:
    """The id of the first opportunity of that question."""
    query = parse_query(
        "opportunity", {name: [value] for name, value in asked.items()}, runtime.settings.limits
    )
    return str(runtime.current().queries.list(actor, query).data[0]["id"])


@contextmanager
def _none() -> Iterator[None]:
    yield None


def measured(database: str, rows: int, tell: Tell) -> dict[str, Any]:
    """Milliseconds and bytes of each page and part."""
    found: dict[str, Any] = {}
    with workspace(database, rows, tell) as (browser, one):
        for name, path in sales.pages(one).items():
            tell(name)
            budget = LIST_MS if name.startswith("list") else PAGE_MS
            found[name] = _summed([browser.get(path) for _ in range(WARM + TIMES)], budget)
        for name, path in sales.parts(one).items():
            tell(name)
            found[name] = _summed([browser.get(path, part="part") for _ in range(WARM + TIMES)], PART_MS)
        tell(SAVE)
        found[SAVE] = _summed([_saved(browser, one, n) for n in range(WARM + TIMES)], PART_MS)
    return found


def _saved(browser: Browser, one: str, number: int) -> tuple[float, bytes]:
    """One value saved where it stands, with what its control brought along."""
    path = f"/r/opportunity/{one}/field/next_step"
    control = browser.get(path, part="d")[1].decode()
    inputs = re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', control)
    values = {unescape(name): unescape(value) for name, value in inputs}
    return browser.post(path, {**values, "next_step": f"Call them, {number}"})


def _summed(answers: list[tuple[float, bytes]], budget: int) -> dict[str, float]:
    times = sorted(taken for taken, _ in answers[WARM:])
    size = len(gzip.compress(answers[-1][1], 6, mtime=0))
    return {
        "p50_ms": round(times[len(times) // 2], 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
        "budget_ms": budget,
        "kb": round(size / 1024, 1),
    }


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """The result in Markdown."""
    lines = ["| page | budget, ms | p95, ms | p50, ms | KB compressed |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {name} | {one['budget_ms']} | {one['p95_ms']} | {one['p50_ms']} | {one['kb']} |"
        for name, one in found.items()
    ]
    return "\n".join(lines)
