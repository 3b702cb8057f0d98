"""Why a value, over HTTP: what it follows from, and nothing that the caller may not read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.engine.commands import Actor, Create
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, admin_actor, an_actor

ROLES = """
clerk:
  grants:
    jobs:  {entity: job, can: [read], rows: 'name != "Hidden"', fields: {except: [cost]}}
    hours: {entity: hour, can: [read]}
"""
JOB = """
title: name
fields:
  name: {type: text, required: true}
  price: {type: integer}
  cost: {type: integer}
  margin: {type: formula, formula: price - cost}
  half: {type: formula, formula: margin / 2, reveal: true, scale: 1}
  ahead: {type: rollup, over: after, value: sum(price)}
  spent: {type: rollup, over: hours, value: sum(minutes)}
  liked: {type: formula, formula: 'price + sum(likes, price)'}
relationships: {before: {to: job, inverse: after}, likes: {to: job, many: true}}
"""
HOUR = """
title: what
fields:
  what: {type: text}
  minutes: {type: integer}
  of_price: {type: formula, formula: minutes * job.price}
relationships: {job: {to: job, inverse: hours}}
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder = tmp_path_factory.mktemp("reasons")
    pack = a_pack("jobs", {"roles.yaml": ROLES}, job=JOB, hour=HOUR)
    opened = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [pack])
    yield opened
    opened.close()


def caller(runtime: Runtime, actor: Actor) -> Caller:
    token = runtime.identity.create_token(actor, "test")
    return Caller(mount(runtime), {"Authorization": f"Bearer {token}"})


def make(runtime: Runtime, entity: str, **values: Any) -> str:
    made = runtime.current().records.execute(runtime.installer, [Create(entity, values)])
    return str(made.results[0].id)


def test_a_value_is_explained_by_what_the_caller_may_read_of_it(runtime: Runtime) -> None:
    admin = caller(runtime, admin_actor(runtime))
    clerk = caller(runtime, an_actor(runtime, "Clara", ["clerk"]))
    job, hidden = (make(runtime, "job", name=name, price=10, cost=3) for name in ("Roof", "Hidden"))
    hour = make(runtime, "hour", what="Tiles", minutes=40, job=job)

    def explained(who: Caller, name: str, record: str = job, entity: str = "job") -> Any:
        return who("GET", f"/records/{entity}/{record}/explain/{name}")

    told = explained(admin, "margin").get_json()
    assert told == {
        "field": "margin", "value": 7, "formula": "price - cost", "own": {"price": 10, "cost": 3},
        "along": [], "many": [],
    }  # fmt: skip
    later = make(runtime, "job", name="Later", price=5, before=job)
    (many,) = explained(admin, "ahead").get_json()["many"]
    assert [(many["relationship"], row["id"], row["price"]) for row in many["records"]] == [
        ("after", later, 5)
    ]
    (many,) = explained(clerk, "spent").get_json()["many"]
    assert (many["relationship"], many["is_whole"]) == ("hours", True)
    assert [(row["title"], row["minutes"]) for row in many["records"]] == [("Tiles", 40)]
    fan = make(runtime, "job", name="Fan", price=1, likes={"create": [{"to": job}]})
    told = explained(admin, "liked", fan).get_json()
    assert (told["own"], [row["price"] for row in told["many"][0]["records"]]) == ({"price": 1}, [10])
    along = explained(admin, "of_price", hour, "hour").get_json()["along"]
    assert along == [{"path": "job.price", "entity": "job", "value": 10}]
    assert explained(clerk, "of_price", hour, "hour").status_code == 404  # it speaks of all jobs
    shown = explained(clerk, "half").get_json()
    assert (shown["value"], shown["formula"]) == ("3.5", None)
    assert "cost" not in str(shown)
    nowhere = explained(clerk, "nothing")
    assert [explained(clerk, name).status_code for name in ("margin", "name")] == [404, 404]
    assert explained(clerk, "margin").get_json()["detail"] == nowhere.get_json()["detail"]
    assert explained(clerk, "spent", hidden).status_code == 404


def test_the_document_offers_it_for_the_fields_that_the_caller_reads(runtime: Runtime) -> None:
    clerk = caller(runtime, an_actor(runtime, "Cleo", ["clerk"]))
    paths = clerk("GET", "/openapi.json").get_json()["paths"]
    (path,) = (path for path in paths if path.endswith("/records/job/{id}/explain/{field}"))
    field = next(p for p in paths[path]["get"]["parameters"] if p["name"] == "field")
    assert field["schema"]["enum"] == ["half", "spent"]
