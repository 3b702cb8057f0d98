"""Whoever may know of nobody but themselves learns of nobody by naming, looking for or sharing with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.api.caller import Caller
from tests.api.library import Library, made
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.testing import a_pack, an_actor

CASE = "title: name\nownership: user_or_team\nfields: {name: {type: text, required: true}}"
ROLES = """
caller:
  portal: case
  grants:
    me:    {entity: user, can: [read], rows: id == me}
    cases: {entity: case, can: [read, share]}
namer:
  portal: case
  grants:
    names: {entity: user, can: [read], fields: [name]}
    cases: {entity: case, can: [read]}
helper:
  grants:
    cases: {entity: case, can: [create, read, share]}
"""


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Library]:
    runtime = make_runtime(database_url, tmp_path, [a_pack("desk", {"roles.yaml": ROLES}, case=CASE)])
    yield Library(runtime, mount(runtime))
    runtime.close()


@pytest.fixture
def helper(desk: Library) -> Caller:
    return desk.caller("Hanna", "helper")


def mentions(caller: Caller, case: str, text: str) -> list[str]:
    got = caller("POST", f"/records/case/{case}/comments", json={"text": text})
    assert got.status_code == 201
    return [told["id"] for told in got.get_json()["mentions"]]


def offered(desk: Library, name: str, case: str, begin: str) -> list[tuple[str, str]]:
    records = desk.runtime.current().records
    found = records.mentionable(an_actor(desk.runtime, name), "case", UUID(case), begin, 6)
    return [(row["title"], row["email"]) for row in found]


def test_whoever_may_not_know_a_person_cannot_mention_them(desk: Library, helper: Caller) -> None:
    case, cora = made(helper, "case", name="Lost key")["id"], desk.caller("Cora", "caller")
    text = "@Hanna, @hanna@example.com and @Cora"
    assert mentions(cora, case, text) == [str(an_actor(desk.runtime, "Cora").id)]
    assert len(mentions(helper, case, text)) == 2


def test_whoever_may_not_know_a_person_is_not_offered_them(desk: Library, helper: Caller) -> None:
    case = made(helper, "case", name="Lost key")["id"]
    desk.caller("Cora", "caller")
    assert offered(desk, "Cora", case, "ha") == []
    assert offered(desk, "Cora", case, "co") == [("Cora", "cora@example.com")]
    assert offered(desk, "Hanna", case, "ha") == [("Hanna", "hanna@example.com")]


def test_an_address_that_one_may_not_read_neither_names_nor_is_told(desk: Library, helper: Caller) -> None:
    case, nina = made(helper, "case", name="Lost key")["id"], desk.caller("Nina", "namer")
    people = desk.runtime.identity.people
    people.create_user(desk.runtime.installer, email="quiet@example.com", name="Olga", roles=["helper"])
    assert mentions(nina, case, "@quiet@example.com") == []
    assert offered(desk, "Nina", case, "quiet") == []
    assert offered(desk, "Nina", case, "ol") == [("Olga", "")]
    assert len(mentions(nina, case, "@Olga, and @Hanna")) == 2


def test_a_share_names_its_giver_and_receivers_only_to_whoever_may_know_them(
    desk: Library, helper: Caller
) -> None:
    case, cora = made(helper, "case", name="Lost key")["id"], desk.caller("Cora", "caller")
    henry = str(an_actor(desk.runtime, "Henry", ["helper"]).id)
    sharing = {"to": {"entity": "user", "id": henry}, "operations": ["read"]}
    assert cora("POST", f"/records/case/{case}/shares", json=sharing).status_code == 422
    assert helper("POST", f"/records/case/{case}/shares", json=sharing).status_code == 201
    told = cora("GET", f"/records/case/{case}/shares").get_data(as_text=True)
    assert "Henry" not in told
    assert "Hanna" not in told
