"""Links are read page by page, oldest first, whatever they lead to."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.caller import Caller
from tests.api.library import Library, made
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.testing import a_pack

DEAL = """title: name
fields: {name: {type: text, required: true}}
relationships:
  parts: {to: [account, city], many: true, inverse: deals}
"""
NAMED = "title: name\nfields: {name: {type: text, required: true}}\n"
NOTE = """title: name
fields: {name: {type: text, required: true}, day: {type: date}}
relationships:
  deal: {to: deal, inverse: notes}
indexes: [[day]]
"""
MADE = ["c1", "a1", "a2", "c2", "a3", "c3", "c4"]


@pytest.fixture
def library(database_url: str, tmp_path: Path) -> Iterator[Library]:
    pack = a_pack("deals", deal=DEAL, note=NOTE, account=NAMED, city=NAMED)
    runtime = make_runtime(database_url, tmp_path, [pack])
    yield Library(runtime, mount(runtime))
    runtime.close()


def a_deal(ada: Caller) -> str:
    """The id of a deal with seven links, to cities and accounts in turn."""
    deal: str = made(ada, "deal", name="D")["id"]
    for name in MADE:
        entity = "city" if name.startswith("c") else "account"
        to = {"entity": entity, "id": made(ada, entity, name=name)["id"]}
        assert ada("POST", f"/records/deal/{deal}/links/parts", json={"to": to}).status_code == 201
    return deal


def test_pages_follow_one_another_oldest_first(library: Library) -> None:
    ada = library.admin
    address = f"/records/deal/{a_deal(ada)}/links/parts?limit=3"
    pages, cursor = [], ""
    while cursor is not None:
        got = ada("GET", f"{address}&cursor={cursor}").json
        pages.append([row["title"] for row in got["data"]])
        cursor = got["next"]
    assert pages == [MADE[:3], MADE[3:6], MADE[6:]]


def test_a_link_that_goes_away_between_two_pages_hides_none(library: Library) -> None:
    ada = library.admin
    address = f"/records/deal/{a_deal(ada)}/links/parts"
    first = ada("GET", f"{address}?limit=3").json
    assert ada("DELETE", f"{address}?link={first['data'][0]['link']['id']}").status_code == 204
    second = ada("GET", f"{address}?limit=3&cursor={first['next']}").json
    assert [row["title"] for row in second["data"]] == MADE[3:6]


@pytest.mark.parametrize("cursor", ["garbage", "3", "W10"])
def test_a_cursor_that_nobody_gave_is_refused(library: Library, cursor: str) -> None:
    ada = library.admin
    deal = made(ada, "deal", name="D")["id"]
    got = ada("GET", f"/records/deal/{deal}/links/parts?cursor={cursor}")
    assert (got.status_code, got.json["errors"][0]["code"]) == (400, "R107"), got.text


def test_a_cursor_that_was_given_without_its_place_is_refused(library: Library) -> None:
    ada = library.admin
    address = f"/records/deal/{a_deal(ada)}/links/parts"
    given = ada("GET", f"{address}?limit=1").json["next"]
    owner, _ = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    emptied = base64.urlsafe_b64encode(json.dumps([owner, [None]]).encode()).decode().rstrip("=")
    got = ada("GET", f"{address}?cursor={emptied}")
    assert (got.status_code, got.json["errors"][0]["code"]) == (400, "R107"), got.text


def test_a_cursor_of_another_record_is_refused(library: Library) -> None:
    ada = library.admin
    given = ada("GET", f"/records/deal/{a_deal(ada)}/links/parts?limit=1").json["next"]
    other = made(ada, "deal", name="E")["id"]
    got = ada("GET", f"/records/deal/{other}/links/parts?cursor={given}")
    assert (got.status_code, got.json["errors"][0]["code"]) == (400, "R107"), got.text


def test_an_expansion_gives_the_oldest_links_and_the_cursor_of_the_rest(library: Library) -> None:
    ada = library.admin
    deal = a_deal(ada)
    parts = ada("GET", f"/records/deal/{deal}?expand=parts(limit=3)").json["parts"]
    assert [row["title"] for row in parts["data"]] == MADE[:3]
    rest = ada("GET", f"/records/deal/{deal}/links/parts?cursor={parts['next']}").json
    assert ([row["title"] for row in rest["data"]], rest["next"]) == (MADE[3:], None)


def test_an_expansion_gives_the_first_children_and_the_cursor_of_the_rest(library: Library) -> None:
    ada = library.admin
    deals = [made(ada, "deal", name=name)["id"] for name in "DE"]
    for number, deal in enumerate(deals * 4):
        day = f"2026-05-{28 - number}" if number < 6 else None
        made(ada, "note", name=f"n{number}", deal=deal, day=day)
    listed = ada("GET", "/records/deal?expand=notes(limit=2)&sort=name").json["data"]
    for deal, shown in zip(deals, listed, strict=True):
        everything = ada("GET", f"/records/deal/{deal}/links/notes").json["data"]
        assert len(everything) == 4
        rows, cursor = shown["notes"]["data"], shown["notes"]["next"]
        while cursor is not None:
            page = ada("GET", f"/records/deal/{deal}/links/notes?limit=1&cursor={cursor}")
            assert page.status_code == 200, page.text
            rows, cursor = [*rows, *page.json["data"]], page.json["next"]
        assert [row["name"] for row in rows] == [row["name"] for row in everything]


def test_the_cursor_of_an_expansion_leads_on_from_its_own_record_only(library: Library) -> None:
    ada = library.admin
    deals = [made(ada, "deal", name=name)["id"] for name in "DE"]
    for number in range(3):
        made(ada, "note", name=f"n{number}", deal=deals[0])
    notes = ada("GET", f"/records/deal/{deals[0]}?expand=notes(limit=2)").json["notes"]
    assert ada("GET", f"/records/deal/{deals[1]}/links/notes?cursor={notes['next']}").status_code == 400
    assert ada("GET", f"/records/deal/{deals[0]}?expand=notes(limit=3)").json["notes"]["next"] is None
