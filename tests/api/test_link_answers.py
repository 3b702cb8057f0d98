"""Links with attributes and validity, as lists and expansions answer them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.library import Library, made
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.testing import a_pack

THING = """title: name
fields: {name: {type: text, required: true}}
relationships:
  hands:
    to: person
    many: true
    inverse: things
    valid: true
    attributes: {role: {type: choice, options: [lead, sup]}, note: {type: text}}
"""
PERSON = "title: name\nfields: {name: {type: text, required: true}}\n"


@pytest.fixture
def library(database_url: str, tmp_path: Path) -> Iterator[Library]:
    runtime = make_runtime(database_url, tmp_path, [a_pack("desk", thing=THING, person=PERSON)])
    yield Library(runtime, mount(runtime))
    runtime.close()


def test_a_link_with_attributes_and_validity_is_read_in_every_way(library: Library) -> None:
    ada = library.admin
    person = made(ada, "person", name="Ana")["id"]
    thing = made(ada, "thing", name="One")["id"]
    link = {"to": person, "values": {"role": "lead", "valid_from": "2026-05-01"}}
    assert ada("POST", f"/records/thing/{thing}/links/hands", json=link).status_code in (200, 201)
    for path in (f"/records/thing/{thing}/links/hands", f"/records/person/{person}/links/things"):
        got = ada("GET", path)
        assert got.status_code == 200, got.text
        shown = got.json["data"][0]["link"]
        assert (shown["role"], shown["valid_from"], shown["valid_to"]) == ("lead", "2026-05-01", None)
    for path in (
        "/records/thing?expand=hands",
        f"/records/thing/{thing}?expand=hands",
        f"/records/person/{person}?expand=things",
        f"/records/thing/{thing}/history",
        f"/records/thing/{thing}/timeline",
        "/changes?limit=500",
    ):
        got = ada("GET", path)
        assert got.status_code == 200, (path, got.text)
    assert ada("POST", "/exports", json={"entity": "thing"}).json["state"] == "done"
