"""Numbers that no column holds, in every place of a request where a number or a text may stand: never 500."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.caller import Caller
from tests.api.library import Library, made
from tests.conftest import DATABASES
from tests.support.installed import make_runtime
from xrm.api.routes import ROUTES, Route
from xrm.app import mount
from xrm.testing import a_pack

ENDLESS = (
    "9" * 19, "9" * 30, "-" + "9" * 30, "9" * 5000, str(2**31), str(2**63), str(-(2**63) - 1), "1e999",
    "-1e400", "NaN", "Infinity", "0x10", "1_000", "٣", "²", "0" * 40 + "1", "1.5", "-1", "-0", "9" * 25 + ".1",
    "1." + "9" * 25, f"{2**63}.0", f"0.{2**63}", f"{2**62}.{2**62}", "10000-01-01", "0001-01-01T00:00+14:00",
)  # fmt: skip
PARAMETERS = (
    "since", "limit", "cursor", "filter", "search", "sort", "fields", "expand", "count", "trash", "group",
    "aggregate", "q", "entity", "by", "mode", "share", "link", "to", "f.pages", "f.pages.in", "f.born_on.lt",
    "f.version", "f.price", "dry_run", "preview", "mapping", "delimiter", "encoding", "date", "decimal",
)  # fmt: skip
TERMS = ("{n}", "pages == {n}", "pages in [{n}]", "version < {n}", "born_on == today() + days({n})",
         "count(copies) > {n}", "sum(pages) + {n} > 0", "copies(limit={n})", "pages * {n}", "'{n}'",
         "name == '{n}'", "price > {n}", "round(pages, {n})", "{n} == {n}")  # fmt: skip


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    return libraries(request.param)


numbers = st.sampled_from(ENDLESS) | st.integers(-(10**40), 10**40).map(str)
texts = st.builds(lambda term, n: term.format(n=n), st.sampled_from(TERMS), numbers)
queries = st.dictionaries(st.sampled_from(PARAMETERS), texts, max_size=2)
headers = st.dictionaries(
    st.sampled_from(("If-Match", "If-None-Match", "Idempotency-Key", "Content-Length-Of", "X-Request-Id")),
    numbers.filter(str.isascii).flatmap(lambda n: st.sampled_from((n, f'"{n}"', f'W/"{n}-0"'))),
    max_size=1,
)
values = numbers | numbers.map(lambda n: float(n) if n.lstrip("-").isdecimal() and n.isascii() else n)
bodies = st.sampled_from(
    ({}, {"name": "N"}, {"commands": []}, {"entity": "book"}, {"values": {}}, {"to": "x"})
).flatmap(
    lambda base: st.dictionaries(
        st.sampled_from(
            (
                "name",
                "pages",
                "price",
                "born_on",
                "published_on",
                "version",
                "id",
                "to",
                "values",
                "limit",
                "fields",
            )
        ),
        values,
        max_size=2,
    ).map(lambda more: {**base, **more})
)


def asked(
    caller: Caller, route: Route, places: dict[str, str], n: str, query: Any, more: Any, body: Any
) -> Any:
    path = route.path
    for name, value in {**places, "job": n, "name": n, "relationship": "copies"}.items():
        path = path.replace(f"<{name}>", quote(value, safe=""))
    kind = {"data": f"name\n{n}\n", "content_type": "text/csv"} if route.takes_file else {"json": body}
    sent = {} if route.method == "GET" else kind
    return caller(route.method, path, query_string=query, headers=more, **sent)


def test_no_number_breaks_any_address(library: Library, scale: Callable[[int, int], int]) -> None:
    ada = library.admin
    author = made(ada, "author", name="Ana")["id"]
    book = made(ada, "book", name="One", author=author)["id"]
    places = st.sampled_from((book, "9" * 30, "0")).map(lambda r: {"entity": "book", "record": r})

    @settings(max_examples=scale(150, 2000), suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.sampled_from(ROUTES), places, numbers, queries, headers, bodies)
    def holds(route: Route, where: Any, n: str, query: Any, more: Any, body: Any) -> None:
        got = asked(ada, route, where, n, query, more, body)
        assert got.status_code < 500, (route.method, got.request.full_path, body, got.text)

    holds()


@pytest.mark.parametrize(
    "since", ["9" * 22 + ".1", "1." + "9" * 26, f"{2**63}.0", f"0.{2**63}", "9" * 5000 + ".1"]
)
def test_a_place_in_the_feed_that_no_log_has_is_refused(library: Library, since: str) -> None:
    got = library.admin("GET", f"/changes?since={since}")
    assert (got.status_code, got.json["code"]) == (400, "R101")


def test_a_list_by_a_length_of_time_goes_on_after_its_first_page(database_url: str, tmp_path: Path) -> None:
    pack = a_pack("desk", call="title: name\nfields: {name: {type: text}, took: {type: duration}}\n")
    runtime = make_runtime(database_url, tmp_path, [pack])
    ada = Library(runtime, mount(runtime)).admin
    for took in ("PT3M", "PT1M", "PT2M"):
        made(ada, "call", name=took, took=took)
    seen, address = [], "/records/call?sort=took&limit=1"
    page = ada("GET", address).json
    while page["next"]:
        seen.append(page["data"][0]["name"])
        page = ada("GET", f"{address}&cursor={page['next']}").json
    runtime.close()
    assert [*seen, page["data"][0]["name"]] == ["PT1M", "PT2M", "PT3M"]


@pytest.mark.parametrize("sort", ["name", "-pages", "published_on", "version"])
def test_a_cursor_that_was_tampered_with_is_refused(library: Library, sort: str) -> None:
    author = made(library.admin, "author", name="Ana")["id"]
    for number in range(3):
        made(library.admin, "book", name=f"B{number}", author=author, pages=number + 1)
    address = f"/records/book?sort={sort}&limit=1"
    ada = library.admin
    given_out = ada("GET", address).json["next"]
    owner, key = json.loads(base64.urlsafe_b64decode(given_out + "=" * (-len(given_out) % 4)))
    forged = [["i", "9" * 30], ["i", str(2**63)], ["n", "9" * 5000], ["n", "NaN"], ["n", "1e999999"], ["s", "\0"],
              ["s", "\ud800"], ["t", "0001-01-01T00:00:00+14:00"], ["t", "2026-01-01"], ["d", "2026-01-01"],
              ["b", 1], ["u", "0" * 32], ["x", "00"], ["h", "12:00"], ["s", "text"], ["n", "1.5"]]  # fmt: skip
    for place in range(len(key)):
        for value in forged:
            other = [*key[:place], value, *key[place + 1 :]]
            cursor = base64.urlsafe_b64encode(json.dumps([owner, other]).encode()).decode().rstrip("=")
            got = ada("GET", f"{address}&cursor={cursor}")
            assert got.status_code in (200, 400), (place, value, got.text)
