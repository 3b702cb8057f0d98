"""Duplicates over HTTP: a warning is passed with one word at every call, a refusal names what may be read, and what is
there already is found group by group, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.caller import Caller
from tests.conftest import DATABASES
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, admin_actor

PERSON = """
title: name
fields:
  name:  {type: text, required: true, search: true}
  email: {type: email, unique: false}
  code:  {type: text}
  tier:  {type: integer}
duplicates:
  by_email: {match: [email]}
  by_code:  {match: [code, tier], then: refuse}
  by_name:  {match: [{field: name, by: fuzzy, at_least: 90}]}
"""


@pytest.fixture(scope="module", params=DATABASES)
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """An installation on each database in turn."""
    folder = tmp_path_factory.mktemp("twins")
    url = f"sqlite:///{folder / 'xrm.db'}"
    if request.param != "sqlite":
        cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.url(cluster.create())
    opened = make_runtime(url, folder, [a_pack("twins", person=PERSON)])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def ana(runtime: Runtime) -> Caller:
    token = runtime.identity.create_token(admin_actor(runtime), "test")
    return Caller(mount(runtime), {"Authorization": f"Bearer {token}"})


def test_a_warning_names_what_it_found_and_is_passed_with_one_word_everywhere(ana: Caller) -> None:
    first = ana("POST", "/records/person", json={"name": "Alpha", "email": "a@iron.example"}).get_json()
    again = {"name": "Beta", "email": "A@iron.example"}
    refused = ana("POST", "/records/person", json=again)
    assert refused.status_code == 409
    [problem] = refused.get_json()["errors"]
    assert (problem["code"], problem["path"]) == ("R191", "email")
    assert problem["records"] == [{"entity": "person", "id": first["id"], "title": "Alpha"}]
    assert ana("POST", "/records/person?duplicates=accept", json=again).status_code == 201
    assert ana("POST", "/records/person?duplicates=yes", json=again).status_code == 400
    upsert = {**again, "name": "Gamma", "external_key": "gamma"}
    assert ana("PUT", "/records/person?by=external_key", json=upsert).status_code == 409
    made = ana("PUT", "/records/person?by=external_key&duplicates=accept", json=upsert)
    assert made.status_code == 201
    address = f"/records/person/{made.get_json()['id']}"
    assert ana("PATCH", address, json={"email": None}).status_code == 200
    assert ana("PATCH", address, json={"email": "a@iron.example"}).status_code == 409
    assert ana("PATCH", f"{address}?duplicates=accept", json={"email": "a@iron.example"}).status_code == 200
    command = {"create": "person", "values": {"name": "Delta", "email": "a@iron.example"}}
    assert ana("POST", "/batch", json={"commands": [command]}).status_code == 409
    accepted = {**command, "duplicates": "accept"}
    assert ana("POST", "/batch", json={"commands": [accepted]}).status_code == 200


def test_a_refusal_is_passed_by_no_word(ana: Caller) -> None:
    values = {"name": "Refused one", "code": "x", "tier": 1}
    assert ana("POST", "/records/person", json=values).status_code == 201
    again = {**values, "name": "Quite another", "code": "X"}
    refused = ana("POST", "/records/person?duplicates=accept", json=again)
    assert (refused.status_code, refused.get_json()["errors"][0]["code"]) == (409, "R190")
    assert ana("POST", "/records/person", json={**again, "tier": 2}).status_code == 201


def test_what_a_record_would_be_a_duplicate_of_is_asked_ahead_and_nothing_is_written(ana: Caller) -> None:
    made = ana("POST", "/records/person", json={"name": "Asked Ahead of Time"}).get_json()
    asked = ana("POST", "/records/person/duplicates", json={"values": {"name": "Asked Ahead of Tme"}})
    [found] = asked.get_json()["data"]
    assert (found["id"], found["way"], found["then"]) == (made["id"], "by_name", "warn")
    assert 90 <= found["alike"] < 100
    itself = {"id": made["id"], "values": {"name": "Asked Ahead of Tme"}}
    assert ana("POST", "/records/person/duplicates", json=itself).get_json()["data"] == []
    wrong = ana("POST", "/records/person/duplicates", json={"values": {"tier": "none"}})
    assert wrong.status_code == 422


def test_what_is_there_twice_is_found_in_groups_page_by_page(ana: Caller) -> None:
    for name, email in (("Group One", "g"), ("Group Two", "G"), ("Someone Else", "h"), ("Else Again", "H")):
        values = {"name": name, "email": f"{email}@group.example"}
        ana("POST", "/records/person?duplicates=accept", json=values)
    page = ana("GET", "/records/person/duplicates?way=by_email").get_json()
    titles = [[record["title"] for record in group["records"]] for group in page["data"]]
    assert ["Group One", "Group Two"] in titles
    assert ["Someone Else", "Else Again"] in titles
    assert page["next"] is None
    for name in ("Nearly the Same Name", "Nearly the Same Nane"):
        ana("POST", "/records/person?duplicates=accept", json={"name": name})
    alike = ana("GET", "/records/person/duplicates?way=by_name").get_json()["data"]
    assert ["Nearly the Same Name", "Nearly the Same Nane"] in [
        [record["title"] for record in group["records"]] for group in alike
    ]
    assert ana("GET", "/records/person/duplicates?way=by_nothing").status_code == 404
    assert ana("GET", "/records/person/duplicates").status_code == 400


@pytest.mark.parametrize("policy", ["tell", "accept", "skip", "update"])
def test_rows_of_an_import_are_told_of_duplicates_taken_left_out_or_change_them(
    ana: Caller, policy: str
) -> None:
    mail = f"{policy}@import.example"
    first = ana("POST", "/records/person", json={"name": f"First {policy}", "email": mail}).get_json()
    table = f"name,email,tier\nRow {policy},{mail},7\nOther {policy},other-{mail},8\n"
    done = ana(
        "POST",
        f"/imports?entity=person&duplicates={policy}",
        data=table.encode(),
        headers={"Content-Type": "text/csv"},
    ).get_json()
    result = done["result"]
    counts = tuple(result[name] for name in ("created", "updated", "unchanged", "failed"))
    wanted = {"tell": (1, 0, 0, 1), "accept": (2, 0, 0, 0), "skip": (1, 0, 1, 0), "update": (1, 1, 0, 0)}
    assert counts == wanted[policy]
    if policy == "tell":
        assert f"First {policy}" in result["problems"][0]["message"]
    now = ana("GET", f"/records/person/{first['id']}").get_json()
    assert (now["name"], now["tier"]) == (
        (f"Row {policy}", 7) if policy == "update" else (f"First {policy}", None)
    )


def test_the_document_says_how_duplicates_are_looked_for(ana: Caller) -> None:
    paths = ana("GET", "/openapi.json").get_json()["paths"]
    way = paths["/records/person/duplicates"]["get"]["parameters"][0]
    assert way["schema"]["enum"] == ["by_email", "by_code", "by_name"]
    assert "duplicates" in [p["name"] for p in paths["/records/person"]["post"]["parameters"]]


def test_records_become_one_whose_answer_is_theirs_until_it_is_taken_back(ana: Caller) -> None:
    kept, other = (
        ana("POST", "/records/person", json={"name": name, "code": f"merged {name}"}).get_json()["id"]
        for name in ("Kept", "Second")
    )
    ana("PATCH", f"/records/person/{other}", json={"email": "merged@iron.example"})
    stale = ana("POST", f"/records/person/{kept}/merge", json={"with": [other]}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    merged = ana("POST", f"/records/person/{kept}/merge", json={"with": [other], "choose": {"name": other}})
    assert merged.status_code == 200
    told = merged.get_json()
    assert (told["id"], told["name"], told["email"]) == (kept, "Second", "merged@iron.example")
    read = ana("GET", f"/records/person/{other}")
    assert (read.status_code, read.get_json()["id"]) == (200, kept)
    assert read.headers["Content-Location"] == f"/api/v1/records/person/{kept}"
    narrow = ana("GET", f"/records/person/{other}?fields=name").get_json()
    assert narrow.items() >= {"name": "Second"}.items()
    assert "deleted_at" not in narrow
    changed = ana("PATCH", f"/records/person/{other}", json={"name": "Late"})
    assert changed.status_code == 409
    assert changed.get_json()["errors"][0]["records"] == [{"entity": "person", "id": kept, "title": "Second"}]
    position = ana("GET", f"/records/person/{kept}/history").get_json()["data"][0]["position"]
    assert ana("POST", f"/changes/{position}/undo").status_code == 200
    assert ana("GET", f"/records/person/{other}").get_json()["name"] == "Second"
    assert ana("GET", f"/records/person/{kept}").get_json()["email"] is None


def test_a_batch_merges_what_it_has_made(ana: Caller) -> None:
    gone = ana("POST", "/records/person", json={"name": "To be merged away", "tier": 5}).get_json()["id"]
    commands = [
        {"name": "new", "create": "person", "values": {"name": "Made in a batch"}},
        {"merge": "person", "ref": "new", "with": [gone], "values": {"code": "batched"}},
    ]
    done = ana("POST", "/batch", json={"commands": commands}).get_json()["data"]
    assert [one["outcome"] for one in done] == ["created", "merged"]
    assert ana("GET", f"/records/person/{done[0]['id']}").get_json()["tier"] == 5
    for wrong in (
        {"with": []},
        {"with": ["x"]},
        {"with": [gone], "choose": {"name": 5}},
        {"with": [gone], "also": 1},
    ):
        assert ana("POST", f"/records/person/{done[0]['id']}/merge", json=wrong).status_code == 400, wrong
