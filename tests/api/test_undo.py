"""A change is taken back over HTTP, once however often it is asked for, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.library import Library, made
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


def last(caller, author: str) -> dict:
    return caller("GET", f"/records/author/{author}/history").get_json()["data"][0]


def test_a_change_is_taken_back_by_its_position_and_that_again(library):
    lena = library.librarian
    author = made(lena, "author", name="Before")["id"]
    lena("PATCH", f"/records/author/{author}", json={"name": "After"})
    position = last(lena, author)["position"]
    undone = lena("POST", f"/changes/{position}/undo")
    assert undone.status_code == 200
    [result] = undone.get_json()["data"]
    assert (result["id"], result["version"], result["outcome"]) == (author, 3, "updated")
    assert lena("GET", f"/records/author/{author}").get_json()["name"] == "Before"
    assert last(lena, author)["undoes"] == position
    assert lena("POST", f"/changes/{undone.get_json()['undo']}/undo").status_code == 200
    assert lena("GET", f"/records/author/{author}").get_json()["name"] == "After"


def test_what_was_changed_since_is_a_conflict_that_says_so(library):
    lena = library.librarian
    author = made(lena, "author", name="Mine")["id"]
    position = last(lena, author)["position"]
    library.admin("PATCH", f"/records/author/{author}", json={"name": "Theirs"})
    refused = lena("POST", f"/changes/{position}/undo")
    assert refused.status_code == 409
    assert refused.get_json()["errors"][0]["code"] == "R171"
    assert "changed Name since" in refused.get_json()["errors"][0]["message"]


def test_another_ones_change_and_none_are_not_found_alike(library):
    author = made(library.librarian, "author", name="Hers")["id"]
    others = library.admin("POST", f"/changes/{last(library.librarian, author)['position']}/undo")
    nothing = library.admin("POST", "/changes/0.999999/undo")
    assert others.status_code == nothing.status_code == 404
    assert others.get_json()["detail"] == nothing.get_json()["detail"]


def test_an_undo_that_is_sent_again_is_answered_as_the_first(library):
    lena = library.librarian
    author = made(lena, "author", name="Once")["id"]
    address = f"/changes/{last(lena, author)['position']}/undo"
    first = lena("POST", address, headers={"Idempotency-Key": "undo-once"})
    again = lena("POST", address, headers={"Idempotency-Key": "undo-once"})
    assert first.status_code == again.status_code == 200
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_undo_takes_no_values(library):
    lena = library.librarian
    author = made(lena, "author", name="Before")["id"]
    lena("PATCH", f"/records/author/{author}", json={"name": "After"})
    got = lena("POST", f"/changes/{last(lena, author)['position']}/undo", json={"values": {"name": "Other"}})
    assert (got.status_code, got.get_json()["errors"][0]["path"]) == (400, "values")
    assert lena("GET", f"/records/author/{author}").get_json()["name"] == "After"
