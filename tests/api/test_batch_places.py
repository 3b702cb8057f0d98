"""A command of a batch that leads nowhere is named by its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.library import Library
from tests.conftest import DATABASES

NOWHERE = "018f4e5a-0000-7000-8000-000000000000"


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


@pytest.mark.parametrize("before", [0, 2], ids=["alone", "after others"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"delete": "school", "id": NOWHERE},
        {"delete": "nonsense", "id": NOWHERE},
        {"transition": "school", "id": NOWHERE, "take": "nonsense"},
    ],
    ids=["record", "entity", "transition"],
)
def test_a_command_that_leads_nowhere_is_named_and_nothing_else_is_told(library: Library, before, wrong):
    good = [{"create": "school", "values": {"name": f"School {n}"}} for n in range(before)]
    got = library.admin("POST", "/batch", json={"commands": [*good, wrong]})
    plain = library.admin("GET", f"/records/school/{NOWHERE}").json
    assert (got.status_code, got.json["detail"]) == (404, plain["detail"])
    (error,) = got.json["errors"]
    assert (error["path"], error["code"], error["message"]) == (
        f"commands[{before}]",
        "R104",
        plain["detail"],
    )


@pytest.mark.parametrize("before", [0, 2], ids=["alone", "after others"])
def test_a_mistake_of_a_command_has_the_same_place_alone_and_after_others(library: Library, before):
    ada = library.admin
    school = ada("POST", "/records/school", json={"name": "Old school"}).json["id"]
    good = [{"create": "school", "values": {"name": f"School {n}"}} for n in range(before)]
    stale = {"update": "school", "id": school, "version": 9, "values": {"name": "New school"}}
    empty = {"update": "school", "id": school, "values": {"name": None}}
    for wrong, code, place in ((stale, "R112", "values"), (empty, "R130", "values.name")):
        got = ada("POST", "/batch", json={"commands": [*good, wrong]})
        found = [(error["code"], error["path"]) for error in got.json["errors"]]
        assert found == [(code, f"commands[{before}].{place}")]
