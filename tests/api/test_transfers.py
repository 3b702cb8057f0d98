"""Imports, exports and jobs through the API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest

from tests.api.library import Library
from tests.conftest import DATABASES
from xrm.engine.transfer import service

CSV = {"Content-Type": "text/csv"}


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


def test_a_file_becomes_records_and_the_job_says_how(library: Library) -> None:
    made = library.admin(
        "POST", "/imports?entity=school&name=schools.csv", data="Name;Pupils\nOne;1\nTwo;x\n", headers=CSV
    )
    assert made.status_code == 200, made.text
    job = made.json
    assert (job["state"], job["result"]["created"], job["result"]["failed"]) == ("done", 1, 1)
    assert made.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert library.admin("GET", f"/jobs/{job['id']}").json == job
    assert library.admin("GET", "/jobs").json["data"] == [job]
    refused = library.admin("GET", f"/jobs/{job['id']}/file")
    assert "refused.csv" in refused.headers["Content-Disposition"]
    assert list(csv.reader(io.StringIO(refused.data.decode("utf-8-sig"))))[1][:2] == ["Two", "x"]
    undone = library.admin("POST", f"/jobs/{job['id']}/undo")
    assert (undone.status_code, undone.json["result"]["deleted"]) == (200, 1)


@pytest.mark.parametrize("asked", ["entity=school", "entity=nothing", "entity=book&preview=true"])
def test_a_file_that_somebody_may_not_import_is_not_kept(library: Library, asked: str) -> None:
    files = library.runtime.settings.data / "files"
    before = sorted(files.rglob("*"))
    refused = library.visitor("POST", f"/imports?{asked}", data="name\nNo\n", headers=CSV)
    assert refused.status_code in (403, 404), refused.text
    assert sorted(files.rglob("*")) == before


def test_a_preview_says_where_columns_go_and_changes_nothing(library: Library) -> None:
    seen = library.admin(
        "POST", "/imports?entity=school&preview=true", data="Name;Color\nOne;red\n", headers=CSV
    )
    assert seen.status_code == 200
    assert (seen.json["mapping"], seen.json["delimiter"]) == ({"Name": "name", "Color": None}, ";")
    assert seen.json["sample"] == [["One", "red"]]
    assert library.admin("GET", "/jobs").json["data"] == []


def test_a_mapping_is_said_as_json(library: Library) -> None:
    query = {"entity": "school", "mapping": json.dumps({"Werk": "name", "x": None})}
    made = library.admin("POST", "/imports", query_string=query, data="Werk,x\nOne,1\n", headers=CSV)
    assert made.json["result"]["created"] == 1


def test_a_large_file_is_accepted_and_imported_by_a_job(library: Library, monkeypatch) -> None:
    monkeypatch.setattr(service, "ROWS_AT_ONCE", 0)
    key = {"Idempotency-Key": "once", **CSV}
    made = [
        library.admin("POST", "/imports?entity=school", data="Name\nOne\n", headers=key) for _ in range(2)
    ]
    assert made[0].json["id"] == made[1].json["id"]
    assert library.admin("GET", f"/jobs/{made[0].json['id']}").json["result"]["created"] == 1
    over = library.admin("POST", f"/jobs/{made[0].json['id']}/cancel")
    assert (over.status_code, over.json["code"]) == (409, "R109")


def test_what_cannot_be_imported_is_refused_with_a_place(library: Library) -> None:
    for path, more, status in (
        ("/imports", {"data": "a\n1\n", "headers": CSV}, 400),
        ("/imports?entity=school", {"json": {}}, 415),
        ("/imports?entity=school", {"data": "", "headers": CSV}, 400),
        ("/imports?entity=school&mode=some", {"data": "Name\nx\n", "headers": CSV}, 422),
        ("/imports?entity=school&dry_run=maybe", {"data": "Name\nx\n", "headers": CSV}, 400),
        ("/imports?entity=school&mapping=[]", {"data": "Name\nx\n", "headers": CSV}, 400),
        ("/imports?entity=nothing", {"data": "Name\nx\n", "headers": CSV}, 404),
    ):
        answer = library.admin("POST", path, **more)
        assert (path, answer.status_code) == (path, status)
        assert answer.content_type == "application/problem+json"


def test_who_may_not_import_or_export_may_not(library: Library) -> None:
    assert (
        library.librarian("POST", "/imports?entity=school", data="Name\nx\n", headers=CSV).status_code == 403
    )
    assert library.librarian("POST", "/exports", json={"entity": "school"}).status_code == 403
    assert library.visitor("POST", "/exports", json={"entity": "school"}).status_code == 404


def test_jobs_of_others_are_not_there(library: Library) -> None:
    job = library.admin("POST", "/imports?entity=school", data="Name\nOne\n", headers=CSV).json["id"]
    for method, path in (("GET", ""), ("GET", "/file"), ("POST", "/cancel"), ("POST", "/undo")):
        assert library.visitor(method, f"/jobs/{job}{path}").status_code == 404
    assert library.visitor("GET", "/jobs").json["data"] == []


def test_records_leave_as_a_file_of_a_job(library: Library) -> None:
    library.admin("POST", "/imports?entity=school", data="Name\nOne\nTwo\n", headers=CSV)
    asked = {"entity": "school", "filter": "name == 'Two'", "fields": "name"}
    job = library.admin("POST", "/exports", json=asked)
    assert (job.status_code, job.json["result"]["rows"]) == (200, 1)
    file = library.admin("GET", f"/jobs/{job.json['id']}/file")
    assert file.data.decode("utf-8-sig").splitlines() == ["name", "Two"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"fields": "nme"}, "fields"), ({"sort": "-nme"}, "sort"), ({"filter": "nme == 'Two'"}, "filter")],
    ids=["fields", "sort", "filter"],
)
def test_an_export_that_asks_for_what_is_not_there_makes_no_job(
    library: Library, wrong: dict[str, str], code: str
) -> None:
    before = library.admin("GET", "/jobs").json["data"]
    answer = library.admin("POST", "/exports", json={"entity": "school", **wrong})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json"), answer.text
    assert code in [problem["path"].split("[")[0].split(":")[0] for problem in answer.json["errors"]], (
        answer.text
    )
    assert library.admin("GET", "/jobs").json["data"] == before


def test_the_times_of_a_job_are_written_like_all_others(library: Library) -> None:
    made = library.admin("POST", "/imports?entity=school", data="Name\nOne\n", headers=CSV).json
    listed = library.admin("GET", "/records/school?fields=created_at").json["data"][0]
    times = [made["created_at"], made["finished_at"], listed["created_at"]]
    assert [time[-1] for time in times] == ["Z", "Z", "Z"]
