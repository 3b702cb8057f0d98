"""Requests by former names are answered as they were asked, told so, and counted until the names are retired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.engine.commands import ADMINISTRATOR
from xrm.engine.runtime import Runtime
from xrm.testing import NOON, a_pack, an_actor

FIRM = """
renamed_from: company
title: name
fields:
  name: {type: text, required: true}
  telephone: {type: phone, unique: true, renamed_from: phone}
  secret_code: {type: text, sensitive: true, renamed_from: pin}
  kind: {type: choice, options: {club: {renamed_from: team}, shop: {}}}
  uses: {type: multi_choice, options: {mail: {renamed_from: post}, call: {}}}
relationships:
  chief: {to: firm, inverse: branches, renamed_from: head}
keys: {pair: {fields: [name, telephone]}}
"""
ROLES = """
seller: {grants: {all: {entity: firm, can: [create, read, update, delete, import, export]}}}
stranger: {grants: {none: {entity: other, can: [read]}}}
"""
CALL = "+351211234567"
SINCE = f"@{int(NOON.timestamp())}"


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    files = {"roles.yaml": ROLES, "i18n/pt.yaml": "entities.company.fields.phone.label: Telefone\n"}
    pack = a_pack("trade", files, firm=FIRM, other="title: name\nfields: {name: {type: text}}\n")
    made = make_runtime(database_url, tmp_path, [pack])
    yield made
    made.close()


def caller(runtime: Runtime, *roles: str) -> Caller:
    token = runtime.identity.create_token(an_actor(runtime, roles[0], roles), "test")
    return Caller(mount(runtime), {"Authorization": f"Bearer {token}"})


@pytest.fixture
def seller(runtime: Runtime) -> Caller:
    return caller(runtime, "seller")


def test_a_body_by_a_former_name_is_taken_and_told_of(seller: Caller):
    made = seller("POST", "/records/firm", json={"name": "A", "phone": CALL, "kind": "team"})
    assert made.status_code == 201, made.text
    assert (made.get_json()["telephone"], made.get_json()["kind"]) == (CALL, "club")
    assert made.headers["Deprecation"] == SINCE
    assert made.headers["Link"] == (
        '</api/v1/metadata/entities/firm#telephone>; rel="successor-version"; title="phone"'
    )
    here = f"/records/firm/{made.get_json()['id']}"
    assert seller("PATCH", here, json={"phone": None}).get_json()["telephone"] is None
    plain = seller("PATCH", here, json={"telephone": CALL})
    assert "Deprecation" not in plain.headers
    assert "Link" not in plain.headers


def test_a_field_that_is_given_by_both_names_is_refused(seller: Caller):
    got = seller("POST", "/records/firm", json={"name": "A", "phone": CALL, "telephone": CALL})
    assert got.status_code == 422
    assert [e["path"] for e in got.get_json()["errors"]] == ["phone"]
    assert seller("GET", "/records/firm").get_json()["data"] == []


def test_a_list_by_former_names_is_answered_by_them(seller: Caller):
    head = seller("POST", "/records/firm", json={"name": "H", "phone": CALL}).get_json()
    seller("POST", "/records/firm", json={"name": "A", "phone": "+351217654321", "head": head["id"]})
    got = seller(
        "GET", "/records/firm", query_string={
            "fields": "name,phone,head.phone", "sort": "-phone", "filter": "head.phone != empty", "expand": "head",
        },
    )  # fmt: skip
    assert got.status_code == 200, got.text
    (row,) = got.get_json()["data"]
    assert row["phone"] == "+351217654321"
    assert row["head"]["phone"] == CALL
    assert row["head"]["name"] == "H"
    assert "telephone" not in row
    assert got.headers["Deprecation"] == SINCE
    assert got.headers["Link"].count("successor-version") == 2
    both = seller("GET", "/records/firm?fields=phone,telephone&f.phone.ne=x").get_json()["data"]
    assert {row["phone"] for row in both} == {row["telephone"] for row in both}
    one = seller("GET", f"/records/firm/{head['id']}?fields=phone").get_json()
    assert (one["phone"], "telephone" in one) == (CALL, False)


def test_a_reference_says_entity_and_key_by_former_names(seller: Caller):
    head = seller("POST", "/records/firm", json={"name": "H", "phone": CALL}).get_json()
    for to in ({"entity": "company", "id": head["id"]}, {"key": {"phone": CALL}}):
        made = seller("POST", "/records/firm", json={"name": "A", "head": to})
        assert made.status_code == 201, made.text
        assert made.get_json()["chief"]["id"] == head["id"]


def test_groups_by_a_former_name_are_answered_by_it(seller: Caller):
    seller("POST", "/records/firm", json={"name": "H", "phone": CALL})
    got = seller("GET", "/records/firm?group=phone&aggregate=count(phone)")
    assert got.get_json()["data"] == [{"phone": CALL, "count(phone)": 1}]
    assert got.headers["Deprecation"] == SINCE


def test_an_address_by_the_former_name_of_an_entity_leads_to_its_records(seller: Caller):
    made = seller("POST", "/records/company", json={"name": "A"})
    assert made.status_code == 201, made.text
    assert made.headers["Location"].startswith("/api/v1/records/firm/")
    got = seller("GET", f"/records/company/{made.get_json()['id']}")
    assert got.headers["Link"] == '</api/v1/records/firm>; rel="successor-version"; title="company"'
    assert got.headers["Deprecation"] == SINCE
    assert seller("GET", "/metadata/entities/company").get_json()["name"] == "firm"
    links = seller("GET", f"/records/firm/{made.get_json()['id']}/links/head")
    assert links.status_code == 200
    assert "Deprecation" in links.headers


def test_batches_upserts_and_exports_take_former_names(seller: Caller):
    commands = [{"create": "company", "values": {"name": "A", "phone": CALL}}]
    done = seller("POST", "/batch", json={"commands": commands})
    assert done.status_code == 200, done.text
    assert done.headers["Link"].count("successor-version") == 2
    again = seller("PUT", "/records/firm?by=phone", json={"name": "B", "phone": CALL})
    assert again.status_code == 200, again.text
    job = seller(
        "POST", "/exports", json={"entity": "company", "fields": "name,phone", "filter": "phone != empty"}
    )
    assert job.status_code in (200, 201, 202), job.text
    assert "Deprecation" in job.headers


def test_an_import_takes_former_names_in_its_mapping(seller: Caller):
    got = seller(
        "POST", "/imports",
        query_string={"entity": "company", "mapping": '{"Name": "name", "Call": "phone"}'},
        data=f"Name,Call\nA,{CALL}\n".encode(), headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert got.status_code in (200, 201, 202), got.text
    assert seller("GET", "/records/firm").get_json()["data"][0]["telephone"] == CALL
    assert "Deprecation" in got.headers


def test_whoever_may_not_know_a_name_learns_nothing_of_it_by_a_former_one(runtime: Runtime, seller: Caller):
    for query in ("fields=pin", "sort=pin", "filter=pin%20%3D%3D%20%22x%22", "group=pin"):
        got = seller("GET", f"/records/firm?{query}")
        assert got.status_code == 422, got.text
        assert "secret_code" not in got.text
        assert "Link" not in got.headers
    got = seller("POST", "/records/firm", json={"name": "A", "pin": "1"})
    assert got.status_code == 422
    assert "secret_code" not in got.text
    got = seller("PUT", "/records/firm?by=pin", json={"name": "A", "pin": "1"})
    assert got.status_code == 422
    assert "secret_code" not in got.text
    stranger = caller(runtime, "stranger")
    got = stranger("GET", "/records/company")
    assert got.status_code == 404
    assert "firm" not in got.text.replace("company", "")
    assert "Link" not in got.headers


def test_uses_are_counted_by_name_and_told_to_administrators(runtime: Runtime, seller: Caller):
    seller("POST", "/records/firm", json={"name": "A", "telephone": CALL})
    seller("GET", "/records/firm", query_string={"fields": "name,telephone", "sort": "telephone"})
    seller("GET", "/records/firm", query_string={"filter": "telephone != empty and phone != 'x'"})
    seller("GET", "/records/company")
    ada = caller(runtime, ADMINISTRATOR)
    told = ada("GET", "/metadata/uses/firm.phone").get_json()
    assert told["name"] == "firm.telephone"
    assert told["api_uses"] == {"fields": 1, "filter": 1, "sort": 1, "write": 1}
    assert told["former_names"] == [{"name": "phone", "since": "2026-06-15T12:00:00Z", "api_uses": 1}]
    sources = {one["source"]: one for one in told["references"]}
    assert sources["key:firm.pair"]["document"] == "entities/firm.yaml"
    assert sources["key:firm.pair"]["layer"] == "trade"
    assert sources["i18n:pt"]["place"]["line"] == 1
    whole = ada("GET", "/metadata/uses/company").get_json()
    assert (whole["name"], whole["api_uses"]) == ("firm", {"read": 3, "write": 1})
    assert whole["former_names"][0]["api_uses"] == 1
    assert ada("GET", "/metadata/uses/role:seller").get_json()["kind"] == "role"
    assert ada("GET", "/metadata/uses/firm.kind.team").get_json()["name"] == "firm.kind.club"
    assert ada("GET", "/metadata/uses/firm.nothing").status_code == 404
    assert seller("GET", "/metadata/uses/firm.phone").status_code == 403


def test_options_in_bodies_are_counted_once_for_a_request_by_present_and_former_keys(
    runtime: Runtime, seller: Caller
):
    both = [{"name": n, "kind": "shop", "uses": ["post", "call"]} for n in "AB"]
    here = f"/records/firm/{seller('POST', '/records/firm', json=both).get_json()['data'][0]['id']}"
    commands = [{"create": "firm", "values": {"name": n, "kind": "team", "uses": "mail, call"}} for n in "CD"]
    assert seller("POST", "/batch", json={"commands": commands}).status_code == 200
    seller("PATCH", here, json={"kind": "nothing", "uses": {"no": "list"}})
    ada = caller(runtime, ADMINISTRATOR)
    told = {n: ada("GET", f"/metadata/uses/firm.{n}").get_json() for n in OPTIONS}
    assert {n: one["api_uses"] for n, one in told.items()} == {
        "kind.shop": {"option": 1}, "kind.club": {"option": 1}, "uses.mail": {"option": 2},
        "uses.call": {"option": 2}, "kind": {"write": 3},
    }  # fmt: skip
    former = {n: [(o["name"], o["api_uses"]) for o in one["former_names"]] for n, one in told.items()}
    assert former["kind.club"] == [("team", 1)]
    assert former["uses.mail"] == [("post", 1)]


OPTIONS = ("kind.shop", "kind.club", "uses.mail", "uses.call", "kind")


def test_what_is_refused_is_no_use(runtime: Runtime, seller: Caller):
    """Neither removing nor restoring counts a name where nothing was removed or restored."""
    made = seller("POST", "/records/firm", json={"name": "A"}).get_json()["id"]
    ada = caller(runtime, ADMINISTRATOR)
    before = ada("GET", "/metadata/uses/firm").get_json()["api_uses"]
    nobody = made[:-4] + "0000"
    for method, path in (("DELETE", nobody), ("POST", f"{nobody}/restore")):
        assert seller(method, f"/records/firm/{path}").status_code == 404
    assert ada("GET", "/metadata/uses/firm").get_json()["api_uses"] == before
    assert seller("DELETE", f"/records/firm/{made}").status_code == 204
    assert seller("POST", f"/records/firm/{made}/restore").status_code == 200
    assert ada("GET", "/metadata/uses/firm").get_json()["api_uses"] == {"write": before["write"] + 2}
