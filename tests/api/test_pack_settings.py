"""Settings of packs over the API: told with what they are, planned, changed, and refused by their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from tests.support.settings_of_packs import PACK
from xrm.app import mount
from xrm.engine.commands import ADMINISTRATOR
from xrm.testing import an_actor

PATH = "/metadata/settings"
WRONG = {
    "hot": "many", "first": "2026-02-30", "size": "xl", "open": 3, "rate": 1e30, "word": "", "hott": 1, "name": [1],
    "away": "mon",
}  # fmt: skip


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Caller]]:
    """An administrator, and somebody who is none."""
    folder = tmp_path_factory.mktemp("settings")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [PACK])
    app = mount(runtime)

    def caller(*roles: str) -> Caller:
        token = runtime.identity.create_token(an_actor(runtime, " ".join(("Ada", *roles)), roles), "test")
        return Caller(app, {"Authorization": f"Bearer {token}"})

    yield caller(ADMINISTRATOR), caller()
    runtime.close()


@pytest.fixture
def ada(callers: tuple[Caller, Caller]) -> Caller:
    return callers[0]


def told(ada: Caller) -> dict[str, Any]:
    return {one["name"]: one for one in ada("GET", PATH).get_json()["settings"]}


def test_a_setting_tells_its_type_words_value_and_what_the_pack_gives_it(ada: Caller) -> None:
    assert told(ada)["hot"] == {
        "name": "hot", "pack": "sales", "type": "integer", "label": {"en": "Hot from", "pt": "Quente desde"},
        "help": {}, "value": 70, "default": 70, "is_changed": False,
    }  # fmt: skip
    assert told(ada)["size"]["options"] == {"s": {"en": "Small"}, "l": {"en": "Large"}}
    assert (told(ada)["first"]["value"], told(ada)["rate"]["value"]) == ("2020-05-31", "12.5")


def test_what_was_planned_is_changed_and_null_gives_the_value_of_the_pack_back(ada: Caller) -> None:
    asked: dict[str, Any] = {"values": {"hot": 40, "first": "2026-01-01", "open": False}}
    plan = ada("POST", f"{PATH}/plan", json=asked).get_json()
    assert (plan["is_empty"], plan["needs_confirmation"], plan["steps"]) == (False, False, [])
    stale = ada("PATCH", PATH, json={"values": {"hot": 41}, "hash": plan["hash"]})
    assert (stale.status_code, stale.get_json()["errors"][0]["code"]) == (409, "S120")
    made = [ada("PATCH", PATH, json={**asked, "hash": plan["hash"]}).get_json()]
    made.append(ada("PATCH", PATH, json=asked).get_json())
    assert made[0] == made[1]
    assert (told(ada)["hot"]["value"], told(ada)["hot"]["is_changed"]) == (40, True)
    assert ada("GET", "/metadata/documents").get_json()["documents"] == {
        "settings.yaml": 'first: {default: "2026-01-01"}\nhot: {default: 40}\nopen: {default: false}\n'
    }
    back = ada("PATCH", PATH, json={"values": dict.fromkeys(asked["values"])}).get_json()
    assert back["version"] == made[0]["version"] + 1
    assert ada("GET", "/metadata/documents").get_json()["documents"] == {}


@pytest.mark.parametrize(("method", "path"), [("PATCH", PATH), ("POST", f"{PATH}/plan")])
def test_every_value_that_a_setting_cannot_have_is_refused_at_its_place(
    callers: tuple[Caller, Caller], method: str, path: str
) -> None:
    ada, bob = callers
    got = ada(method, path, json={"values": WRONG})
    assert got.status_code == 422
    assert {one["path"]: one["code"] for one in got.get_json()["errors"]} == {
        "values.hot": "R116", "values.first": "R118", "values.size": "R120", "values.open": "R110",
        "values.rate": "R117", "values.word": "R110", "values.hott": "M250", "values.name": "M250",
        "values.away": "R118",
    }  # fmt: skip
    assert not any(one["is_changed"] for one in told(ada).values())
    assert bob(method, path, json={"values": {"hot": 1}}).status_code == 403
