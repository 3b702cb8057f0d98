"""A record that is given to somebody else takes along what follows it, in one act, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor, Create, Target, Transition, Update
from xrm.engine.runtime import Runtime
from xrm.engine.storage.ledger import CHANGE
from xrm.errors import Forbidden
from xrm.testing import a_pack, an_actor

FIRM = "title: name\nownership: user_or_team\nfields: {name: {type: text}}\n"
CHILD = (
    FIRM + "relationships: {firm: {to: firm, inverse: NAME, on_delete: clear, cascade: {assign: WHICH}}}\n"
)
LIFECYCLE = (
    "states: {open: {initial: true}, done: {final: true}}\ntransitions: {end: {from: open, to: done}}\n"
)
ROLES = """
boss:
  grants:
    all: {entity: any, can: [create, read, update, transition, assign]}
clerk:
  grants:
    firms: {entity: [firm, offer], can: [create, read, update, assign]}
    visits: {entity: visit, can: [create, read, update]}
"""
PACK = a_pack(
    "handing",
    {"roles.yaml": ROLES, "lifecycles/task.yaml": LIFECYCLE},
    firm=FIRM,
    offer=CHILD.replace("NAME", "offers").replace("WHICH", "all"),
    line=CHILD.replace("NAME", "lines").replace("WHICH", "all").replace("firm", "offer"),
    task=CHILD.replace("NAME", "tasks").replace("WHICH", "active"),
    visit=CHILD.replace("NAME", "visits").replace("WHICH", "owned"),
    note=CHILD.replace("NAME", "notes").replace("WHICH", "none"),
)


@pytest.fixture(scope="module")
def runtime(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """An installation with firms and what follows them."""
    opened = make_runtime(module_url, tmp_path_factory.mktemp("handing"), [PACK])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def boss(runtime: Runtime) -> Actor:
    """Somebody who may give everything away."""
    return an_actor(runtime, "bea", ["boss"])


@pytest.fixture(scope="module")
def rui(runtime: Runtime) -> Actor:
    """Somebody who is given things."""
    return an_actor(runtime, "rui", ["boss"])


def make(runtime: Runtime, actor: Actor, entity: str, **values: object) -> UUID:
    made = runtime.current().records.execute(actor, [Create(entity, {"name": entity, **values})])
    return made.results[0].id


def give(runtime: Runtime, actor: Actor, record: UUID, to: Actor) -> None:
    change = Update("firm", Target(record), {"owner": str(to.id)})
    runtime.current().records.execute(actor, [change])


def owner(runtime: Runtime, entity: str, record: UUID, actor: Actor) -> str:
    return str(runtime.current().queries.get(actor, entity, record)["owner"]["title"])


def test_all_records_follow_and_those_that_follow_them(runtime: Runtime, boss: Actor, rui: Actor):
    firm = make(runtime, boss, "firm")
    offer = make(runtime, boss, "offer", firm=str(firm))
    line = make(runtime, rui, "line", offer=str(offer))
    give(runtime, boss, firm, rui)
    assert [owner(runtime, e, r, boss) for e, r in (("firm", firm), ("offer", offer), ("line", line))] == [
        "rui"
    ] * 3


def test_only_records_in_no_final_state_follow_as_active(runtime: Runtime, boss: Actor, rui: Actor):
    firm = make(runtime, boss, "firm")
    active, ended = (make(runtime, boss, "task", firm=str(firm)) for _ in range(2))
    runtime.current().records.execute(boss, [Transition("task", Target(ended), "end")])
    give(runtime, boss, firm, rui)
    assert [owner(runtime, "task", task, boss) for task in (active, ended)] == ["rui", "bea"]


def test_only_records_of_the_same_owner_follow_as_owned(runtime: Runtime, boss: Actor, rui: Actor):
    firm, zoe = make(runtime, boss, "firm"), an_actor(runtime, "zoe", ["boss"])
    same, other = (make(runtime, who, "visit", firm=str(firm)) for who in (boss, zoe))
    give(runtime, boss, firm, rui)
    assert [owner(runtime, "visit", visit, boss) for visit in (same, other)] == ["rui", "zoe"]


def test_nothing_follows_where_none_is_said(runtime: Runtime, boss: Actor, rui: Actor):
    firm = make(runtime, boss, "firm")
    note = make(runtime, boss, "note", firm=str(firm))
    give(runtime, boss, firm, rui)
    assert owner(runtime, "note", note, boss) == "bea"


def test_a_record_that_may_not_be_given_refuses_the_whole_act(runtime: Runtime, rui: Actor):
    clerk = an_actor(runtime, "carla", ["clerk"])
    firm = make(runtime, clerk, "firm")
    offer = make(runtime, clerk, "offer", firm=str(firm))
    visit = make(runtime, clerk, "visit", firm=str(firm))
    before = log_length(runtime)
    with pytest.raises(Forbidden):
        give(runtime, clerk, firm, rui)
    assert log_length(runtime) == before
    records = (("firm", firm), ("offer", offer), ("visit", visit))
    assert [owner(runtime, e, r, clerk) for e, r in records] == ["carla"] * 3


def test_each_record_that_follows_is_logged(runtime: Runtime, boss: Actor, rui: Actor):
    firm = make(runtime, boss, "firm")
    for _ in range(3):
        make(runtime, boss, "offer", firm=str(firm))
    before = log_length(runtime)
    give(runtime, boss, firm, rui)
    assert log_length(runtime) == before + 4


def test_another_change_takes_nothing_along(runtime: Runtime, boss: Actor, rui: Actor):
    firm = make(runtime, boss, "firm")
    offer = make(runtime, rui, "offer", firm=str(firm))
    runtime.current().records.execute(boss, [Update("firm", Target(firm), {"name": "New"})])
    assert owner(runtime, "offer", offer, boss) == "rui"


def log_length(runtime: Runtime) -> int:
    with runtime.database.read() as unit:
        return int(unit.execute(sa.select(sa.func.count()).select_from(CHANGE)).scalar_one())
