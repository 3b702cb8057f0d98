"""What a job has read for somebody is theirs while they hold what it ran with, and no token gets more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.caller import Caller
from tests.api.library import Library
from tests.conftest import DATABASES
from xrm.engine.commands import ADMINISTRATOR
from xrm.testing import an_actor

CSV = {"Content-Type": "text/csv"}
KEYED = {"Idempotency-Key": "once"}
ROLES = ("visitor", ADMINISTRATOR)


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    return libraries(request.param)


def callers(library: Library) -> tuple[Caller, Caller]:
    """One person with all their roles, and with a token for the lesser of them."""
    bo = an_actor(library.runtime, "Bo", ROLES)
    tokens = [library.runtime.identity.create_token(bo, "t", roles=roles) for roles in (None, ["visitor"])]
    full, narrow = (Caller(library.app, {"Authorization": f"Bearer {token}"}) for token in tokens)
    return full, narrow


def test_a_narrowed_token_sees_no_job_of_wider_roles(library: Library) -> None:
    full, narrow = callers(library)
    made = full("POST", "/imports?entity=author", data="name,born_on\nAna,\nZe,tomorrow\n", headers=CSV).json
    export = full("POST", "/exports", json={"entity": "author"}).json
    assert (made["result"]["failed"], export["state"]) == (1, "done")
    assert narrow("GET", "/jobs").json["data"] == []
    assert [job["id"] for job in full("GET", "/jobs").json["data"]] == [export["id"], made["id"]]
    for job in (made["id"], export["id"]):
        for method, path in (("GET", ""), ("GET", "/file"), ("POST", "/undo"), ("POST", "/cancel")):
            assert narrow(method, f"/jobs/{job}{path}").status_code == 404, path
        assert full("GET", f"/jobs/{job}/file").status_code == 200


def test_a_job_is_gone_for_who_has_lost_a_role_that_it_ran_with(library: Library) -> None:
    full, _ = callers(library)
    an_actor(library.runtime, "Ada", [ADMINISTRATOR])
    export = full("POST", "/exports", json={"entity": "author"}).json["id"]
    bo = library.runtime.identity.resolve_token(full.headers["Authorization"].removeprefix("Bearer "))
    library.runtime.identity.people.assign_roles(library.runtime.installer, bo.id, ["visitor"])
    for path in (f"/jobs/{export}", f"/jobs/{export}/file"):
        assert full("GET", path).status_code == 404
    assert full("GET", "/jobs").json["data"] == []
    library.runtime.identity.people.assign_roles(library.runtime.installer, bo.id, ROLES)
    assert full("GET", f"/jobs/{export}/file").status_code == 200


def test_many_jobs_of_wider_roles_do_not_hide_the_own_ones(library: Library, monkeypatch) -> None:
    monkeypatch.setattr("xrm.engine.jobs.desk.PORTION", 2)
    full, narrow = callers(library)
    identity, jobs = library.runtime.identity, library.runtime.jobs
    lesser = identity.resolve_token(narrow.headers["Authorization"].removeprefix("Bearer "))
    own = [
        str(jobs.start("export", {"entity": "author", "params": {}, "format": "csv"}, lesser))
        for _ in range(3)
    ]
    for _ in range(5):
        full("POST", "/exports", json={"entity": "author"})
    assert [job["id"] for job in narrow("GET", "/jobs").json["data"]] == own[::-1]
    assert [job["id"] for job in narrow("GET", "/jobs?limit=2").json["data"]] == own[:0:-1]
    assert len(full("GET", "/jobs").json["data"]) == 8


def test_a_key_that_was_used_with_other_roles_gives_no_answer_and_does_nothing(library: Library) -> None:
    full, narrow = callers(library)
    first = full("POST", "/records/author", json={"name": "Ana"}, headers=KEYED)
    again = narrow("POST", "/records/author", json={"name": "Ana"}, headers=KEYED)
    assert (again.status_code, again.json["errors"][0]["code"]) == (422, "H107")
    assert full("POST", "/records/author", json={"name": "Ana"}, headers=KEYED).data == first.data
    assert full("GET", "/records/author?count=exact").json["count"] == 1
