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
