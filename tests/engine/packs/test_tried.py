"""What comes in is tried by its scenarios on an empty copy of everything; what does not hold changes nothing."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.support.installed import plan_back
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import Revision, laying
from xrm.engine.queries.request import Query
from xrm.errors import MetadataInvalid
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.testing import a_pack, admin_actor, make_runtime, pack_from


@pytest.fixture
def lite(sqlite_url, tmp_path):
    """`lite([packs])` is an installation on SQLite, for what is the same wherever records are stored."""
    made = []
    yield lambda packs: made.append(make_runtime(sqlite_url, tmp_path, packs)) or made[-1]
    for runtime in made:
        runtime.close()


PART = "title: name\nfields:\n  name: {type: text, required: true}\n  size: {type: integer}\n"
MADE = "scenario: A part is made\nthen:\n  - {create: part, name: p, values: {name: Nut}}\n"
SMALL = "rules: {small: {must: size < 10, when: size != empty, field: size, message: Too large.}}\n"


def parts(version="1.0.0", part=PART, **scenarios):
    files = {f"scenarios/{name}.yaml": text for name, text in scenarios.items()}
    return a_pack("parts", files, version=version, part=part)


def cars(**scenarios):
    """A pack that stands on parts."""
    files = {f"scenarios/{name}.yaml": text for name, text in scenarios.items()}
    pack = a_pack(
        "cars", files, car="title: name\nfields: {name: {type: text}}\nrelationships: {part: {to: part}}\n"
    )
    return {**pack, "pack.yaml": pack["pack.yaml"] + "requires: {parts: '>=1.0'}\n"}


def expecting(size):
    return f"{MADE}  - {{update: p, values: {{size: {size}}}}}\n"


def install(runtime, *packs, ours=None):
    edit = laying(from_documents(ours), mirror=False) if ours else None
    revision = Revision(tuple(map(pack_from, packs)), edit=edit)
    return runtime.packs.revise(revision, runtime.installer)


def refused(runtime, look, *packs, ours=None):
    """The problems with which it is refused; and nothing has changed."""
    before = look(runtime)
    with pytest.raises(MetadataInvalid) as caught:
        install(runtime, *packs, ours=ours)
    assert look(runtime) == before
    return caught.value.problems


def test_a_pack_whose_scenario_does_not_hold_stays_out_with_scenario_step_place_and_remedy(make, look):
    runtime = make([parts()])
    [problem] = refused(
        runtime, look, cars(fast="scenario: Fast\nthen:\n  - {count: car, is: 0}\n  - {count: car, is: 3}\n")
    )
    assert problem.code == "T105"
    assert (
        'The scenario cars/fast ("Fast") does not hold: There should be 3 car, and there are 0.'
        in problem.message
    )
    assert str(problem.where) == "cars/scenarios/fast.yaml:4:5"
    assert "Nothing has changed. Mend cars" in problem.hint
    assert "scenarios/fast.yaml of the customisation" in problem.hint
    install(runtime, cars(fast="scenario: Fast\nthen: [{count: car, is: 0}]\n"))
    assert "car" in runtime.current().model.entities


def test_an_upgrade_is_tried_by_the_packs_that_stand_on_it_too(lite, look):
    runtime = lite([parts(), cars(large=expecting(50))])
    [problem] = refused(runtime, look, parts("1.1.0", PART + SMALL))
    assert (problem.code, problem.where.file) == ("T101", "cars/scenarios/large.yaml")
    install(runtime, parts("1.1.0", PART + SMALL.replace("10", "100")))


def test_it_is_tried_on_what_the_organisation_made_of_it_and_its_own_scenarios_are_run(lite, look):
    ours = {"scenarios/ours.yaml": expecting(50)}
    runtime = lite([parts()])
    install(runtime, ours=ours)
    [problem] = refused(runtime, look, parts("1.1.0", PART + SMALL))
    assert problem.where.file == f"{CUSTOMISATION}/scenarios/ours.yaml"
    [problem] = refused(
        runtime,
        look,
        parts("1.1.0", PART, large=expecting(50)),
        ours={"extend/part.yaml": SMALL, "scenarios/ours.yaml": expecting(1)},
    )
    assert problem.where.file == "parts/scenarios/large.yaml"


def test_an_organisation_that_means_it_otherwise_says_so_by_a_scenario_of_the_same_name(lite):
    runtime = lite([parts()])
    ours = {"extend/part.yaml": SMALL, "scenarios/large.yaml": expecting(5)}
    install(runtime, parts("1.1.0", PART, large=expecting(50)), ours=ours)
    assert "small" in runtime.current().model.entities["part"].rules


def test_what_did_not_hold_before_in_the_same_way_stops_nothing(lite, look):
    runtime = lite([parts(made=MADE, large=expecting(5))])
    install(runtime, ours={"extend/part.yaml": "fields: {maker: {type: text, required: true}}\n"})
    install(runtime, parts("1.1.0", PART + "  weight: {type: integer}\n", made=MADE, large=expecting(5)))
    assert "weight" in runtime.current().model.entities["part"].fields
    worse = parts("1.2.0", PART + "  weight: {type: integer}\n", made=MADE, other=MADE)
    assert [p.where.file for p in refused(runtime, look, worse)] == ["parts/scenarios/other.yaml"]


def test_base_records_that_were_made_before_the_organisation_asked_more_hold_nothing_up(lite):
    seed = {"seed/base.yaml": "records:\n- {ref: one, entity: part, values: {name: One}}\n"}

    def version(number):
        files = {**seed, "scenarios/made.yaml": "scenario: None\nthen: [{count: car, is: 0}]\n"}
        return a_pack("parts", files, version=number, part=PART, car=PART)

    runtime = lite([version("1.0.0")])
    install(runtime, ours={"extend/part.yaml": "fields: {maker: {type: text}}\n"})
    ana, now = admin_actor(runtime), runtime.current()
    one = now.queries.list(ana, Query("part")).data[0]["id"]
    now.records.execute(ana, [Update("part", Target(UUID(one)), {"maker": "Oliveira"})])
    install(runtime, ours={"extend/part.yaml": "fields: {maker: {type: text, required: true}}\n"})
    install(runtime, version("1.1.0"))
    assert runtime.packs.list()[-2].version == "1.1.0"


def test_the_first_packs_and_the_way_back_are_not_tried_and_records_are_left_alone(lite, look):
    runtime = lite([parts(bad="scenario: Bad\nthen: [{count: part, is: 7}]\n")])
    number = runtime.packs.versions()[0].number
    ana = admin_actor(runtime)
    runtime.current().records.execute(ana, [Create("part", {"name": "Bolt"})])
    install(runtime, parts("1.1.0"))
    rolled = runtime.packs.roll_back(number, runtime.installer, confirmed=plan_back(runtime, number).hash)
    assert [layer.version for layer in rolled.layers] == ["1.0.0"]
    assert look(runtime)["rows"]["parts__part"] == 1
