"""Saved views over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.library import Library, made
from tests.conftest import DATABASES

LATE = {"name": "Late", "filter": 'name != "x"', "sort": ["-name"], "fields": ["name"]}
PATH = "/views/author"


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


def test_a_view_is_saved_read_changed_and_removed(library):
    lena, vera = library.librarian, library.visitor
    made(lena, "author", name="Amado")
    made(lena, "author", name="x")
    got = lena("POST", PATH, json=LATE)
    assert got.status_code == 201, got.text
    view = got.get_json()
    assert {k: view[k] for k in LATE} == LATE
    assert (view["scope"], view["owner"]["entity"], view["may_change"], view["left_out"]) == (
        "me",
        "user",
        True,
        0,
    )
    records = lena("GET", view["records"].removeprefix("/api/v1")).get_json()["data"]
    assert [r["name"] for r in records] == ["Amado"]
    here = f"{PATH}/{view['id']}"
    assert lena("GET", PATH).get_json() == {"data": [view], "first": None}
    assert vera("GET", PATH).get_json() == {"data": [], "first": None}
    assert [vera(m, here, json={}).status_code for m in ("GET", "PATCH")] == [404, 404]
    assert vera("DELETE", here).status_code == 404
    changed = lena("PATCH", here, json={"name": "Later", "sort": None})
    assert (changed.get_json()["name"], changed.get_json()["sort"], changed.get_json()["filter"]) == (
        "Later", [], LATE["filter"]
    )  # fmt: skip
    stale = {"If-Match": got.headers["ETag"]}
    assert lena("PATCH", here, json={"name": "No"}, headers=stale).status_code == 412
    assert lena("DELETE", here, headers=stale).status_code == 412
    current = {"If-Match": lena("GET", here).headers["ETag"]}
    assert lena("DELETE", here, headers=current).status_code == 204
    assert lena("GET", here).status_code == 404


def test_a_view_for_all_is_saved_by_whoever_may_and_found_by_all(library):
    lena, ada, vera = library.librarian, library.admin, library.visitor
    for_all = {**LATE, "scope": "all"}
    assert lena("POST", PATH, json=for_all).status_code == 403
    view = ada("POST", PATH, json=for_all).get_json()
    (found,) = vera("GET", PATH).get_json()["data"]
    assert (found["id"], found["may_change"]) == (view["id"], False)
    assert vera("PATCH", f"{PATH}/{view['id']}", json={"name": "Mine"}).status_code == 403
    role = ada("PATCH", f"{PATH}/{view['id']}", json={"scope": "role", "role": "librarian"})
    assert role.get_json()["role"] == "librarian"
    assert vera("GET", PATH).get_json()["data"] == []
    assert ada("PATCH", f"{PATH}/{view['id']}", json={"scope": "all"}).get_json()["role"] is None


def test_what_is_no_view_is_refused_with_its_places(library):
    lena = library.librarian
    for body, status in (({"fields": "name"}, 400), ({"sort": [1]}, 400), ({"words": "x"}, 400), ({}, 422)):
        assert lena("POST", PATH, json=body).status_code == status, body
    wrong = {
        "name": "x",
        "filter": "nmae == 1",
        "sort": ["-nmae"],
        "fields": ["nmae"],
        "type": "map",
        "scope": "you",
    }
    errors = lena("POST", PATH, json=wrong).get_json()["errors"]
    assert sorted(e["path"] for e in errors) == ["fields", "filter", "scope", "sort", "type"]
    assert lena("POST", "/views/nothing", json=LATE).status_code == 404
    assert lena("GET", f"{PATH}/none").status_code == 404
    assert lena("GET", f"{PATH}?deep=1").status_code == 400


def test_a_key_makes_one_view_of_two_requests(library):
    lena, key = library.librarian, {"Idempotency-Key": "once"}
    first, again = (lena("POST", PATH, json=LATE, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert len(lena("GET", PATH).get_json()["data"]) == 1
