"""Conditions on relationships to many, and conditions that follow from children: nothing gets past them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installed import make_runtime
from tests.support.office import Office
from xrm.engine.commands import Create, Link, Target, Update
from xrm.errors import XrmError
from xrm.testing import a_pack, admin_actor

TRIP = """
title: name
fields:
  name: {type: text, required: true}
  kind: {type: choice, options: [group, alone]}
  closed: {type: boolean, default: false}
  total: {type: rollup, over: legs, value: sum(price)}
  bonus: {type: text, visible_when: total > 100}
  grade: {type: choice, options: {gold: {when: total > 100}, plain: {}}}
  leader: {type: text, required_when: count(legs) > 1}
relationships:
  legs: {from: leg, owned: true, visible_when: kind != empty}
  guests: {to: guest, many: true, inverse: trips, visible_when: kind == "group", readonly_when: closed == true}
"""
LEG = """
title: name
fields: {name: {type: text, required: true}, price: {type: integer}}
relationships: {trip: {to: trip, inverse: legs, required: true, on_delete: cascade}}
"""
GUEST = "fields: {name: {type: text, required: true}}"
PACK = a_pack("trips", {}, trip=TRIP, leg=LEG, guest=GUEST)


@pytest.fixture(scope="module")
def trips(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("trips"), [PACK])
    admin = admin_actor(runtime)
    yield Office(runtime, admin, admin, admin, admin)
    runtime.close()


def told(trips: Office, *commands) -> list[tuple[str, str]]:
    """Code and place of each problem of the refusal."""
    with pytest.raises(XrmError) as caught:
        trips.run(*commands)
    return sorted((p.code, p.where.path) for p in caught.value.problems)


def legs(*prices: int) -> dict:
    return {"create": [{"name": "leg", "price": price} for price in prices]}


def test_no_link_and_no_child_is_made_where_they_are_hidden(trips: Office) -> None:
    guest = trips.make("guest", name="Nora")
    alone = trips.make("trip", name="x", kind="alone")
    bare = trips.make("trip", name="x")
    assert told(trips, Link("trip", Target(alone), "guests", str(guest))) == [("R154", "guests")]
    linked = {"guests": {"create": [{"to": str(guest)}]}}
    assert told(trips, Update("trip", Target(alone), linked)) == [("R154", "guests")]
    assert told(trips, Create("trip", {"name": "x", "kind": "alone", **linked})) == [("R154", "guests")]
    assert told(trips, Update("trip", Target(bare), {"legs": legs(5)})) == [("R154", "legs")]
    assert told(trips, Create("leg", {"name": "y", "trip": str(bare)})) == [("R154", "trip")]
    leg = trips.make("leg", name="y", trip=str(alone))
    assert told(trips, Update("leg", Target(leg), {"trip": str(bare)})) == [("R154", "trip")]
    trips.run(Update("trip", Target(alone), {"kind": "group", **linked}))


def test_links_that_are_closed_are_neither_made_nor_taken_away(trips: Office) -> None:
    nora, ben = (trips.make("guest", name=name) for name in ("Nora", "Ben"))
    trip = trips.make("trip", name="x", kind="group", guests={"create": [{"to": str(nora)}]}, closed=True)
    assert told(trips, Link("trip", Target(trip), "guests", str(ben))) == [("R132", "guests")]
    assert told(trips, Update("trip", Target(trip), {"guests": {"create": [{"to": str(ben)}]}})) == [
        ("R132", "guests")
    ]


def test_what_follows_from_children_is_judged_with_those_that_are_written(trips: Office) -> None:
    group = {"name": "x", "kind": "group"}
    trip = trips.make("trip", **group, bonus="some", grade="gold", legs=legs(200))
    assert trips.read("trip", trip)["bonus"] == "some"
    assert told(trips, Create("trip", {**group, "bonus": "some", "grade": "gold", "legs": legs(50)})) == [
        ("R154", "bonus"), ("R174", "grade"),
    ]  # fmt: skip
    assert told(trips, Create("trip", {**group, "legs": legs(1, 2)})) == [("R130", "leader")]
    trips.make("trip", **group, legs=legs(1, 2), leader="Ana")
