"""Imports over HTTP: accepted, followed, undone, and none of it for somebody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.library import Library
from tests.conftest import DATABASES

CSV = {"content_type": "text/csv"}
TABLE = "name,born_on\nAna,1950-01-01\nRui,1960-02-02\n"


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    return libraries(request.param)


def names(library: Library) -> list[str]:
    rows = library.librarian("GET", "/records/author?sort=name&fields=name").get_json()["data"]
    return [row["name"] for row in rows]


def test_an_import_is_accepted_done_and_undone(library):
    ada = library.admin
    got = ada("POST", "/imports?entity=author", data=TABLE, **CSV)
    assert got.status_code == 200, got.text
    address = got.headers["Location"].removeprefix("/api/v1")
    job = ada("GET", address).get_json()
    assert (job["state"], job["problems"]) == ("done", [])
    assert names(library) == ["Ana", "Rui"]

    undone = ada("POST", f"{address}/undo")
    assert undone.status_code == 200, undone.text
    assert ada("GET", undone.headers["Location"].removeprefix("/api/v1")).get_json()["state"] == "done"
    assert names(library) == []
    assert ada("POST", f"{address}/cancel").status_code == 409


def test_a_repeated_import_is_done_once(library):
    ada = library.admin
    keyed = {"Idempotency-Key": "file-1"}
    first = ada("POST", "/imports?entity=author", data=TABLE, headers=keyed, **CSV)
    again = ada("POST", "/imports?entity=author", data=TABLE, headers=keyed, **CSV)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert names(library) == ["Ana", "Rui"]


def test_the_rows_that_were_refused_are_a_file(library):
    ada = library.admin
    got = ada("POST", "/imports?entity=author", data=TABLE + "Zé,tomorrow\n", **CSV)
    address = got.headers["Location"].removeprefix("/api/v1")
    assert names(library) == ["Ana", "Rui"]
    file = ada("GET", f"{address}/file")
    assert file.status_code == 200
    assert "Zé" in file.data.decode("utf-8-sig")
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_a_dry_run_writes_nothing(library):
    got = library.admin("POST", "/imports?entity=author&dry_run=true", data=TABLE, **CSV)
    assert got.status_code == 200
    assert names(library) == []


REFUSED = {
    "no entity": ("/imports", TABLE, "text/csv", 400),
    "an unknown entity": ("/imports?entity=nothing", TABLE, "text/csv", 404),
    "another type": ("/imports?entity=author", TABLE, "application/json", 415),
    "an empty table": ("/imports?entity=author", "", "text/csv", 400),
    "an unknown option": ("/imports?entity=author&colour=red", TABLE, "text/csv", 400),
    "a flag that is none": ("/imports?entity=author&dry_run=yes", TABLE, "text/csv", 400),
    "a mapping that is no JSON": ("/imports?entity=author&mapping=x", TABLE, "text/csv", 400),
    "a mapping to nowhere": ('/imports?entity=author&mapping={"name":"colour"}', TABLE, "text/csv", 422),
    "an unknown mode": ("/imports?entity=author&mode=some", TABLE, "text/csv", 422),
}


@pytest.mark.parametrize(("path", "table", "media_type", "status"), REFUSED.values(), ids=REFUSED)
def test_an_import_that_cannot_be_starts_nothing(library, path, table, media_type, status):
    got = library.admin("POST", path, data=table, content_type=media_type)
    assert (got.status_code, got.content_type) == (status, "application/problem+json"), got.text
    assert names(library) == []


def test_nobody_sees_the_job_of_another(library):
    got = library.admin("POST", "/imports?entity=author", data=TABLE, **CSV)
    address = got.headers["Location"].removeprefix("/api/v1")
    vera = library.visitor
    for method, path in (("GET", address), ("GET", f"{address}/file"), ("POST", f"{address}/undo")):
        assert vera(method, path).status_code == 404
    assert vera("GET", "/jobs/abc").status_code == 404
    assert vera("POST", "/imports?entity=author", data=TABLE, **CSV).status_code == 403
