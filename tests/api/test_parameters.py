"""Every address refuses parameters that it does not know, so that none is ignored in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.library import Library, made
from xrm.api.routes import ROUTES, Route


@pytest.fixture
def library(libraries: Callable[[str], Library]) -> Library:
    return libraries("sqlite")


@pytest.mark.parametrize("name", ["view", "colour", "Limit"])
def test_a_parameter_that_an_address_does_not_know_is_refused(library: Library, name: str) -> None:
    author = made(library.admin, "author", name="Ana")["id"]
    places = {
        "entity": "author", "record": author, "relationship": "books", "job": author, "name": "author",
    }  # fmt: skip
    for route in ROUTES:
        got = library.admin(route.method, f"{filled(route, places)}?{name}=risky", json={})
        found = {(e["path"], e["code"]) for e in got.json["errors"]}
        assert (got.status_code in (400, 422), (name, "R105") in found) == (True, True), (route, got.text)


def test_a_list_with_a_view_is_refused_for_groups_too(library: Library) -> None:
    got = library.admin("GET", "/records/author?group=name&view=risky")
    assert (got.status_code, got.json["errors"][0]["path"]) == (422, "view")


def filled(route: Route, places: dict[str, str]) -> str:
    path = route.path
    for name, value in places.items():
        path = path.replace(f"<{name}>", value)
    return path
