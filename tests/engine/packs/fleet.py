"""A fleet of four boats whose fields are changed, and the hands of whoever changes them."""

import pytest

from tests.engine.packs.living import ACCOUNT, change, plan, read, shop
from xrm.engine.commands import Create, Target, Update
from xrm.errors import PlanRefused

__all__ = ["shop"]

BASE = """
title: name
fields:
  name: {type: text, required: true, search: true}
  size: {type: text, unique: true}
  kind: {type: choice, options: [hot, cold, lost]}
  ways: {type: multi_choice, options: [mail, fax, phone]}
  note: {type: text}
"""
VALUES = [
    {"name": "Ship", "size": "12", "kind": "hot", "ways": ["mail", "fax"], "note": "long enough"},
    {"name": "Boat", "size": "7.505", "kind": "lost", "ways": ["fax"]},
    {"name": "Raft", "size": "many", "kind": "cold", "note": "ok"},
    {"name": "Plank"},
]


@pytest.fixture
def fleet(shop):
    """Four records of an entity to change; gives the runtime, its administrator and the records by name."""
    runtime, ana, _ = shop
    change(runtime, account=ACCOUNT, boat=BASE)
    made = runtime.current().records.execute(ana, [Create("boat", values) for values in VALUES]).results
    return runtime, ana, {v["name"]: m.id for v, m in zip(VALUES, made, strict=True)}


def put(runtime, boat, decisions=None):
    return change(runtime, decisions or {}, account=ACCOUNT, boat=boat)


def refused(runtime, boat, decisions=None):
    with pytest.raises(PlanRefused) as caught:
        plan(runtime, decisions or {}, account=ACCOUNT, boat=boat)
    return [(problem.code, problem.where.path, problem.message) for problem in caught.value.problems]


def values(fleet, name):
    runtime, ana, boats = fleet
    return {boat: read(runtime, ana, "boat", id_)[name] for boat, id_ in boats.items()}


def edit(fleet, boat, **changed):
    runtime, ana, boats = fleet
    runtime.current().records.execute(ana, [Update("boat", Target(boats[boat]), changed)])


NUMBER = BASE.replace("size: {type: text, unique: true}", "size: {type: decimal, scale: 2, unique: true}")
