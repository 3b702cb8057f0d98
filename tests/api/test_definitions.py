"""Definitions over the API: read, planned and applied by the way that pages and the command line go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.engine.commands import ADMINISTRATOR
from xrm.engine.identity import SESSION_COOKIE
from xrm.engine.packs import Revision, laying
from xrm.engine.runtime import Runtime
from xrm.metadata.customising import from_documents
from xrm.testing import a_pack, an_actor

ACCOUNT = "title: name\nfields:\n  name: {type: text}\n  code: {type: text}\n"
SELLER = "seller: {label: Seller, grants: {all: {entity: account, can: [read, create]}}}\n"
TIER = {"entities/account.yaml": "entity: account\nfields:\n  tier: {type: text}\n"}
NOTE = {"entities/memo.json": {"entity": "memo", "title": "name", "fields": {"name": {"type": "text"}}}}


House = tuple[Runtime, Flask]


def opened(url: str, folder: Path) -> Iterator[House]:
    runtime = make_runtime(url, folder, [a_pack("sales", {"roles.yaml": SELLER}, account=ACCOUNT)])
    yield runtime, mount(runtime)
    runtime.close()


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house on each database, for one test."""
    yield from opened(database_url, tmp_path)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which nothing is ever changed."""
    folder = tmp_path_factory.mktemp("still")
    yield from opened(f"sqlite:///{folder / 'xrm.db'}", folder)


@pytest.fixture
def runtime(house: House) -> Runtime:
    return house[0]


def caller(house: House, *roles: str) -> Caller:
    runtime, app = house
    token = runtime.identity.create_token(an_actor(runtime, " ".join(("Ada", *roles)), roles), "test")
    return Caller(app, {"Authorization": f"Bearer {token}"})


@pytest.fixture
def ada(house: House) -> Caller:
    return caller(house, ADMINISTRATOR)


def planned(ada: Caller, **asked: Any) -> dict[str, Any]:
    got = ada("POST", "/metadata/plan", json=asked)
    assert got.status_code == 200, got.text
    return dict(got.get_json())


def applied(ada: Caller, **asked: Any) -> dict[str, Any]:
    got = ada("POST", "/metadata/apply", json={**asked, "hash": planned(ada, **asked)["hash"]})
    assert got.status_code == 200, got.text
    return dict(got.get_json())


def codes(got: Any, status: int) -> list[str]:
    assert got.status_code == status, got.text
    return [one["code"] for one in got.get_json()["errors"]]


def test_what_is_planned_is_applied_read_and_taken_back(ada: Caller, runtime: Runtime) -> None:
    before = ada("GET", "/metadata/documents").get_json()
    assert before["documents"] == {}
    plan = planned(ada, documents={**TIER, **NOTE})
    assert [step["class"] for step in plan["steps"]] == ["instant"] * len(plan["steps"])
    assert any("tier" in step["step"] for step in plan["steps"])
    assert (plan["is_empty"], plan["needs_confirmation"], plan["problems"]) == (False, False, [])
    assert "memo" not in runtime.current().model.entities
    made = applied(ada, documents={**TIER, **NOTE})
    assert made["version"] == before["version"] + 1
    assert made["steps"] == [step["step"] for step in plan["steps"]]
    assert ada("POST", "/records/memo", json={"name": "one"}).status_code == 201
    now = ada("GET", "/metadata/documents").get_json()
    assert now["version"] == made["version"]
    assert now["documents"].keys() == {*TIER, *NOTE}
    assert planned(ada, documents=now["documents"], mode="mirror")["is_empty"]
    assert planned(ada, documents=TIER)["is_empty"]
    gone = planned(ada, documents=TIER, mode="mirror")
    assert gone["needs_confirmation"]
    applied(ada, documents=TIER, mode="mirror")
    assert "memo" not in runtime.current().model.entities
    applied(ada, documents={}, mode="mirror")
    assert ada("GET", "/metadata/documents").get_json()["documents"] == {}


def test_the_plan_is_that_of_the_command_line(ada: Caller, runtime: Runtime) -> None:
    """Whoever has planned there may apply here."""
    edit = laying(from_documents(TIER), mirror=False)
    assert planned(ada, documents=TIER)["hash"] == runtime.packs.foresee(Revision(edit=edit)).plan.hash


def test_values_that_do_not_fit_are_told_with_the_place_of_their_decision(
    ada: Caller, runtime: Runtime
) -> None:
    applied(ada, documents=TIER)
    ada("POST", "/records/account", json={"name": "A", "tier": "x"})
    asked: dict[str, Any] = {
        "documents": {path: text.replace("text", "integer") for path, text in TIER.items()}
    }
    got = ada("POST", "/metadata/plan", json=asked)
    assert codes(got, 409) == ["S123"]
    place = got.get_json()["errors"][0]["place"]
    asked["decisions"] = {place: "7"}
    assert applied(ada, **asked)["steps"]
    assert ada("GET", "/records/account").get_json()["data"][0]["tier"] == 7


def test_another_hash_or_none_changes_nothing(ada: Caller, runtime: Runtime) -> None:
    hash_ = planned(ada, documents=TIER)["hash"]
    version = ada("GET", "/metadata/documents").get_json()
    for wrong, status, code in (("", 400, "H105"), ("0" * 64, 409, "S120"), (7, 400, "H105")):
        got = ada("POST", "/metadata/apply", json={"documents": TIER, "hash": wrong})
        assert code in codes(got, status)
    assert ada("GET", "/metadata/documents").get_json() == version
    applied(ada, documents=NOTE)
    stale = ada("POST", "/metadata/apply", json={"documents": TIER, "hash": hash_})
    assert "S120" in codes(stale, 409)
    assert "tier" not in runtime.current().model.entities["account"].fields


def test_a_key_makes_the_repetition_of_an_apply_safe(ada: Caller) -> None:
    asked = {"documents": TIER, "hash": planned(ada, documents=TIER)["hash"]}
    first, again = (
        ada("POST", "/metadata/apply", json=asked, headers={"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = ada(
        "POST", "/metadata/apply", json={**asked, "mode": "mirror"}, headers={"Idempotency-Key": "once"}
    )
    assert codes(other, 422) == ["H107"]


@pytest.fixture
def eve(still: House) -> Caller:
    return caller(still, ADMINISTRATOR)


CALLS = (("GET", "documents"), ("POST", "plan"), ("POST", "apply"))


@pytest.mark.parametrize("roles", [(), ("seller",)])
def test_nobody_but_administrators_gets_anything(still: House, roles: tuple[str, ...]) -> None:
    weak, app = caller(still, *roles), still[1]
    for method, name in CALLS:
        more = {"json": {"documents": TIER}} if method == "POST" else {}
        assert codes(weak(method, f"/metadata/{name}", **more), 403) == ["A102"]
        assert Caller(app, {})(method, f"/metadata/{name}", **more).status_code == 401
    told = weak("GET", "/openapi.json").get_json()["paths"]
    assert not [path for path in told if path.startswith("/metadata/")]


def test_a_session_counts_with_its_csrf_header_only(still: House) -> None:
    runtime, app = still
    runtime.identity.people.create_user(
        runtime.installer,
        email="eve@a.example",
        name="Eve",
        password="correct horse battery",
        roles=[ADMINISTRATOR],
    )
    session = runtime.identity.sign_in("eve@a.example", "correct horse battery")
    there = Caller(app, {"Cookie": f"{SESSION_COOKIE}={session.token}"})
    for name in ("plan", "apply"):
        assert codes(there("POST", f"/metadata/{name}", json={"documents": TIER}), 403) == ["A131"]


def test_an_administrator_finds_the_calls_in_the_description(eve: Caller) -> None:
    told = eve("GET", "/openapi.json").get_json()
    validate(told)
    found = [path for path in told["paths"] if path.startswith("/metadata/")]
    settings = ["/metadata/settings", "/metadata/settings/plan"]
    assert found == ["/metadata/documents", "/metadata/plan", "/metadata/apply", *settings]


HOSTILE = (
    "../x.yaml",
    "/etc/passwd",
    "entities/../../x.yaml",
    "entities/x.txt",
    "entities\\x.yaml",
    "",
    "a" * 5000,
)


def test_hostile_paths_and_bodies_are_refused_at_their_place(eve: Caller) -> None:
    for path in HOSTILE:
        got = eve("POST", "/metadata/plan", json={"documents": {path: "entity: x\n"}})
        assert got.status_code in (400, 422), got.text
        assert codes(got, got.status_code)[0] in ("M107", "H105")
        assert len(got.data) < 2000
    for body, code in (
        ({"documents": {"entities/a\0.yaml": "x"}}, "H104"),
        ({"documents": {"entities/a.yaml": 7}}, "H105"),
        ({"documents": [["entities/a.yaml", "x"]]}, "H105"),
        ({"documents": TIER, "mode": "replace"}, "H105"),
        ({"documents": TIER, "decisions": {"unfit:account.tier": 7}}, "H105"),
        ({"documents": TIER, "answers": {"all": "maybe"}}, "H105"),
        ({"documents": TIER, "dev": True}, "H105"),
        ({}, "H105"),
    ):
        assert codes(eve("POST", "/metadata/plan", json=body), 400) == [code]
    got = eve(
        "POST", "/metadata/plan", json={"documents": {"pack.yaml": "pack: x\n", "seed/a.yaml": "x: 1\n"}}
    )
    assert codes(got, 422).count("M107") == 2
    got = eve("POST", "/metadata/plan", json={"documents": {"entities/a.yaml": "entity: a\nfields: [\n"}})
    assert got.status_code == 422
    assert got.get_json()["errors"][0]["path"].startswith("customisation/entities/a.yaml:")


def test_ten_thousand_documents_are_refused_at_once(eve: Caller) -> None:
    many = {f"entities/e{n}.yaml": f"entity: e{n}\n" for n in range(10_000)}
    got = eve("POST", "/metadata/plan", json={"documents": many})
    assert codes(got, 422) == ["M104"]
    large = {"entities/a.yaml": "#" * 9_000_000}
    assert eve("POST", "/metadata/plan", json={"documents": large}).status_code == 413
