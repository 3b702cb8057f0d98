"""A lifecycle comes to records that are there already, and loses states in which some of them are."""

import pytest

from tests.engine.packs.living import data, filled, go_back, house, shop, version
from tests.support.installed import plan_back
from xrm.engine.commands import Create, Target, Transition
from xrm.engine.packs import Revision
from xrm.errors import PlanRefused
from xrm.testing import a_pack, pack_from

__all__ = ["filled", "house", "shop"]

CASE = "title: name\nfields:\n  name: {type: text}\n"
OPEN = "states: {open: {initial: true}, stuck: {}, done: {}}\ntransitions:\n"
STEPS = "  end: {from: [open, stuck], to: done}\n"
LIFE = f"{OPEN}  hold: {{from: open, to: stuck}}\n{STEPS}"
SHORTER = "states: {open: {initial: true}, done: {}}\ntransitions:\n  end: {from: open, to: done}\n"


def revision(life="", **more):
    files = {"lifecycles/case.yaml": life} if life else {}
    return Revision((pack_from(a_pack("care", files, case=CASE)),), dev=True, **more)


def put(runtime, life=""):
    plan = runtime.packs.foresee(revision(life)).plan
    confirmed = plan.hash if plan.destructive else ""
    runtime.packs.revise(revision(life, confirmed=confirmed), runtime.installer)
    return plan


def states(runtime):
    return {row["name"]: row["state"] for row in data(runtime)["care__case"]}


def make(runtime, ana, *names):
    return [
        runtime.current().records.execute(ana, [Create("case", {"name": n})]).results[0].id for n in names
    ]


def step(runtime, ana, case, name):
    runtime.current().records.execute(ana, [Transition("case", Target(case), name)])


def test_records_that_are_there_are_in_the_first_state_of_a_new_lifecycle_and_can_take_its_steps(shop):
    runtime, ana, _ = shop
    put(runtime)
    case, _ = make(runtime, ana, "one", "two")
    begin = put(runtime, LIFE).steps[-1]
    assert begin.sentence == (
        "Begin the lifecycle of case (care__case) for records that are in none of its states: open."
    )
    assert begin.rows.touched == 2
    assert states(runtime) == {"one": "open", "two": "open"}
    step(runtime, ana, case, "hold")
    assert states(runtime) == {"one": "stuck", "two": "open"}


def test_a_state_in_which_records_are_stays_until_they_have_left_it(shop):
    runtime, ana, _ = shop
    put(runtime, SHORTER)
    then = version(runtime)
    put(runtime, LIFE)
    (case,) = make(runtime, ana, "one")
    step(runtime, ana, case, "hold")
    for act in (lambda: runtime.packs.foresee(revision(SHORTER)), lambda: plan_back(runtime, then)):
        with pytest.raises(PlanRefused) as caught:
            act()
        (problem,) = caught.value.problems
        assert (problem.code, problem.message) == (
            "S124", f"1 record of case is in the state stuck, which would be gone: one ({case})."
        )  # fmt: skip
        assert problem.hint.startswith("Let each take a step to another state first")
    step(runtime, ana, case, "end")
    go_back(runtime, then)
    assert states(runtime) == {"one": "done"}
