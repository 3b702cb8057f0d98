"""Uninstalling: what goes is told first, what others need stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.support.installed import plan_back
from xrm.engine.commands import Create
from xrm.engine.packs import Choice, Revision, laying
from xrm.errors import Conflict, Forbidden, NotFound, PlanRefused
from xrm.metadata.customising import CUSTOMISATION, from_documents
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
    for act in (runtime.removals.look, runtime.removals.revision):
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
        runtime.removals.revision(ana, "cars")
    assert look(runtime)["layers"] == before


def uninstalled(runtime, answers):
    revision = runtime.removals.revision(runtime.installer, "cars", answers)
    mark = runtime.packs.foresee(revision).mark
    return runtime.packs.revise(replace(revision, confirmed=mark), runtime.installer)


def layers(runtime):
    return [layer.name for layer in runtime.packs.list()]


def test_a_pack_goes_whole_and_comes_back_with_its_values_when_its_version_does(runtime):
    ana, number = admin_actor(runtime), runtime.packs.versions()[0].number
    assert uninstalled(runtime, {}).gone == ("cars",)
    deal = runtime.current().model.entities["deal"]
    assert layers(runtime) == ["core", "sales"]
    assert "car" not in runtime.current().model.entities
    assert "driver" not in runtime.current().model.roles
    assert {"plate", "car", "garages"}.isdisjoint({*deal.fields, *deal.relationships})
    assert runtime.packs.plan().is_empty
    plan = plan_back(runtime, number)
    runtime.packs.roll_back(number, runtime.installer, confirmed=plan.hash)
    rows = runtime.current().queries
    found = [rows.get(ana, "deal", record)["plate"] for record in deals(runtime)]
    assert sorted(found, key=str) == ["11-AA-22", None]


def deals(runtime):
    table = runtime.current().schema.entities["deal"].table
    with runtime.database.read() as unit:
        return list(unit.execute(sa.select(table.c.id)).scalars())


def test_a_pack_does_not_go_without_the_confirmation_of_what_it_takes_along(runtime, look):
    before = look(runtime)
    revision = runtime.removals.revision(runtime.installer, "cars")
    for confirmed, code in {"": "S116", "another": "S120"}.items():
        with pytest.raises(PlanRefused) as refused:
            runtime.packs.revise(replace(revision, confirmed=confirmed), runtime.installer)
        assert refused.value.first.code == code
    assert look(runtime) == before


def test_what_was_changed_of_a_pack_that_goes_is_asked_about_and_may_be_kept(runtime):
    ana = admin_actor(runtime)
    ours = {
        "entities/car.yaml": "label: Vehicle\n",
        "extend/deal.yaml": "fields: {plate: {label: Number plate}}\n",
        "entities/deal.yaml": "label: Case\n",
    }
    edit = laying(from_documents(ours), mirror=False)
    runtime.packs.revise(Revision(edit=edit), runtime.installer)
    with pytest.raises(Conflict) as refused:
        uninstalled(runtime, {})
    assert [p.code for p in refused.value.problems] == ["P150", "P150"]
    with pytest.raises(Conflict) as refused:
        uninstalled(runtime, {"all": Choice.KEEP})
    assert [p.code for p in refused.value.problems] == ["P151"]
    uninstalled(runtime, {"all": Choice.KEEP, "entities/car:": Choice.TAKE})
    deal = runtime.current().model.entities["deal"]
    assert (deal.label["en"], deal.fields["plate"].label["en"]) == ("Case", "Number plate")
    assert set(runtime.packs.source(CUSTOMISATION).files) == {"extend/deal.yaml", "entities/deal.yaml"}
    found = [runtime.current().queries.get(ana, "deal", record)["plate"] for record in deals(runtime)]
    assert sorted(found, key=str) == ["11-AA-22", None]


def test_forms_and_views_of_an_entity_that_goes_are_asked_about_and_go_along(runtime):
    ours = {
        "forms/car.yaml": "main: {sections: {first: {label: First, rows: [[name]]}}}\n",
        "views/car.yaml": "mine: {type: list, label: Mine, columns: [name]}\n",
    }
    runtime.packs.revise(Revision(edit=laying(from_documents(ours), mirror=False)), runtime.installer)
    with pytest.raises(Conflict) as refused:
        uninstalled(runtime, {"all": Choice.KEEP})
    told = [(p.code, p.message.partition(":")[0], "cars has taken the entity out" in p.message)
            for p in refused.value.problems]  # fmt: skip
    assert told == [("P151", "forms/car", True), ("P151", "views/car", True)]
    uninstalled(runtime, {"all": Choice.TAKE})
    assert "car" not in runtime.current().model.entities
    assert not runtime.packs.source(CUSTOMISATION).files
