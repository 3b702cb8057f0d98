"""Uninstalling: what goes is told first, what others need stays."""

from __future__ import annotations

import pytest

from xrm.engine.commands import Create
from xrm.errors import Conflict, Forbidden, NotFound
from xrm.testing import a_pack, admin_actor, an_actor

DEAL = "title: name\nfields:\n  name: {type: text, required: true}\n"
ROLES = "driver: {grants: {all: {entity: car, can: [read]}}}\n"
EXTENSION = """\
fields: {plate: {type: text}}
relationships:
  car: {to: car, inverse: sold}
  garages: {to: car, many: true, inverse: deals}
"""


@pytest.fixture
def runtime(make):
    """Deals of one pack, to which another one adds cars and fields."""
    cars = a_pack(
        "cars",
        {
            "extend/deal.yaml": EXTENSION,
            "roles.yaml": ROLES,
        },
        car=DEAL,
    )
    cars["pack.yaml"] += "requires: {sales: '>=1.0'}\n"
    made = make([a_pack("sales", deal=DEAL), cars])
    ana = admin_actor(made)
    an_actor(made, "Driver", ["driver"])
    records = made.current().records
    car = records.execute(ana, [Create("car", {"name": "Mini"}), Create("car", {"name": "Van"})]).results[0]
    records.execute(ana, [Create("deal", {"name": "A", "plate": "11-AA-22", "car": str(car.id)})])
    records.execute(ana, [Create("deal", {"name": "B"})])
    return made


def test_what_goes_with_a_pack_is_counted(runtime):
    losses = runtime.removals.look(runtime.installer, "cars")
    assert list(losses.sentences()) == [
        "The entity car goes, with 2 records.",
        "deal.plate goes, which has a value in 1 record.",
        "deal.car goes, which has a value in 1 record.",
        "deal.garages goes, which has a value in 0 records.",
        "The role driver goes, which 1 holder would lose.",
    ]
    assert losses.has_data
    assert list(losses.exports()) == [("car", ()), ("deal", ("id", "plate", "car", "garages"))]


REFUSED = [
    pytest.param("sales", Conflict, "P152", id="required"),
    pytest.param("core", Conflict, "P153", id="the core"),
    pytest.param("nothing", NotFound, "R104", id="not there"),
]


@pytest.mark.parametrize(("name", "refusal", "code"), REFUSED)
def test_what_cannot_go_is_refused_and_stays(runtime, look, name, refusal, code):
    before = look(runtime)
    for act in (runtime.removals.look, lambda a, n: runtime.removals.uninstall(a, n, {})):
        with pytest.raises(refusal) as refused:
            act(runtime.installer, name)
        assert refused.value.first.code == code
        assert refused.value.first.hint
    assert look(runtime) == before


def test_only_administrators_uninstall(runtime, look):
    ana, before = an_actor(runtime, roles=["driver"]), look(runtime)["layers"]
    with pytest.raises(Forbidden):
        runtime.removals.look(ana, "cars")
    with pytest.raises(Forbidden):
        runtime.removals.uninstall(ana, "cars", {})
    assert look(runtime)["layers"] == before
