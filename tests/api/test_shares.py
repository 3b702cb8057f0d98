"""Records shared one by one, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, an_actor

PACK = a_pack(
    "deals",
    deal="title: name\nownership: user_or_team\nfields:\n  name: {type: text, required: true}\n",
    files={
        "roles.yaml": """
seller:
  grants:
    own: {entity: deal, can: [create, read, update, share], rows: own}
reader:
  grants:
    own: {entity: deal, can: [read], rows: own}
"""
    },
)
Callers = Callable[..., tuple[Caller, str]]


@pytest.fixture
def caller(database_url: str, tmp_path: Path) -> Iterator[Callers]:
    """Gives somebody with these roles, and their id."""
    runtime: Runtime = make_runtime(database_url, tmp_path, [PACK])
    app = mount(runtime)

    def made(name: str, *roles: str) -> tuple[Caller, str]:
        actor = an_actor(runtime, name, roles)
        token = runtime.identity.create_token(actor, "test")
        return Caller(app, {"Authorization": f"Bearer {token}"}), str(actor.id)

    yield made
    runtime.close()


def test_a_share_is_given_listed_and_ended(caller: Callers) -> None:
    (ana, ana_id), (rui, rui_id) = caller("Ana", "seller"), caller("Rui", "reader")
    deal = ana("POST", "/records/deal", json={"name": "A"}).get_json()["id"]
    path = f"/records/deal/{deal}"
    assert rui("GET", path).status_code == 404
    made = ana(
        "POST", f"{path}/shares", json={"to": {"entity": "user", "id": rui_id}, "operations": ["read"]}
    )
    assert made.status_code == 201
    share = made.get_json()
    assert share["to"] == {"id": rui_id, "entity": "user", "title": "Rui"}
    assert (share["operations"], share["by"]["id"]) == (["read"], ana_id)
    assert rui("GET", path).get_json()["name"] == "A"
    assert ana("GET", f"{path}/shares").get_json() == {"data": [share]}
    assert rui("GET", f"{path}/shares").status_code == 403
    assert ana("DELETE", f"{path}/shares?share={share['id']}").status_code == 204
    assert rui("GET", path).status_code == 404
    assert ana("DELETE", f"{path}/shares?share={share['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({}, 400, "to"),
        ({"to": {"id": "x"}, "operations": ["read"]}, 400, "to.id"),
        ({"to": {"id": "0190b6a4-0000-7000-8000-000000000000"}, "operations": "read"}, 400, "operations"),
        ({"to": {"id": "0190b6a4-0000-7000-8000-000000000000"}, "operations": ["read"]}, 422, "to"),
        ({"to": {"id": "0190b6a4-0000-7000-8000-000000000000"}, "operations": []}, 422, "operations"),
        ({"to": {"id": "0190b6a4-0000-7000-8000-000000000000"}, "operations": ["assign"]}, 403, "operations"),
    ],
)
def test_what_is_no_share_is_refused_at_its_place(
    caller: Callers, body: dict[str, object], status: int, path: str
) -> None:
    ana, _ = caller("Ana", "seller")
    deal = ana("POST", "/records/deal", json={"name": "A"}).get_json()["id"]
    got = ana("POST", f"/records/deal/{deal}/shares", json=body)
    assert (got.status_code, got.get_json()["errors"][0]["path"]) == (status, path)


def test_only_who_may_share_is_told_how(caller: Callers) -> None:
    (ana, _), (rui, _) = caller("Ana", "seller"), caller("Rui", "reader")
    assert "/records/deal/{id}/shares" in ana("GET", "/openapi.json").get_json()["paths"]
    assert "/records/deal/{id}/shares" not in rui("GET", "/openapi.json").get_json()["paths"]
