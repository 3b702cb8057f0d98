"""A lifecycle comes to records that are there already, and loses states in which some of them are."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.engine.packs.living import data, filled, go_back, house, shop, version
from tests.support.installed import plan_back
from xrm.engine.commands import Create, Target, Transition
from xrm.engine.packs import Revision
from xrm.engine.storage import ahead
from xrm.engine.storage.forms import NO_DECISIONS
from xrm.engine.storage.steps import Effect, TurnValues
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


def put(runtime, life="", decisions=NO_DECISIONS):
    runtime.world.clock.advance(timedelta(minutes=1))
    plan = runtime.packs.foresee(revision(life, decisions=decisions)).plan
    confirmed = plan.hash if plan.destructive else ""
    runtime.packs.revise(revision(life, decisions=decisions, confirmed=confirmed), runtime.installer)
    return plan


def refused(runtime, life, decisions=NO_DECISIONS):
    with pytest.raises(PlanRefused) as caught:
        runtime.packs.foresee(revision(life, decisions=decisions))
    return [(problem.code, problem.where.path) for problem in caught.value.problems]


def states(runtime):
    return {row["name"]: row["state"] for row in data(runtime)["care__case"]}


def make(runtime, ana, *names):
    return [
        runtime.current().records.execute(ana, [Create("case", {"name": n})]).results[0].id for n in names
    ]


def step(runtime, ana, case, name):
    runtime.world.clock.advance(timedelta(minutes=1))
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
        assert problem.where.path == "state:case.stuck"
        assert problem.hint.startswith("Let each take a step to another one first")
    step(runtime, ana, case, "end")
    go_back(runtime, then)
    assert states(runtime) == {"one": "done"}


MOVED = {"state:case.stuck": "done"}


def test_records_leave_a_state_that_goes_as_it_was_decided_and_are_in_it_again_after_the_way_back(shop):
    runtime, ana, _ = shop
    put(runtime, LIFE)
    one, two, *_ = make(runtime, ana, "one", "two", "three", "four")
    for case in (one, two):
        step(runtime, ana, case, "hold")
    before, then = data(runtime), version(runtime)
    assert refused(runtime, SHORTER) == [("S124", "state:case.stuck")]
    wrong = {"option:case.state.stuck": "", "state:boat.stuck": "done", "state:case.open": "done"}
    found = refused(runtime, SHORTER, {"state:case.stuck": "stuck", **wrong})
    assert found == [("S125", place) for place in ("state:case.stuck", *wrong)]
    plan = put(runtime, SHORTER, MOVED)
    (move,) = (step for step in plan.steps if isinstance(step, TurnValues))
    assert (move.effect, move.rows.touched, move.rows.failing) == (Effect.DECISION, 4, 2)
    assert move.rows.samples == (f"one ({one})", f"two ({two})")
    assert move.sentence.startswith(
        "Move records of case (care__case) out of states that will be gone, without a"
    )
    assert move.sentence.endswith("The state stuck becomes done.")
    assert states(runtime) == {"one": "done", "two": "done", "three": "open", "four": "open"}
    since = {row["name"]: row["state_since"] for row in data(runtime)["care__case"]}
    assert (since["one"] == since["two"], since["one"] > since["four"]) == (True, True)
    told = [(line["operation"], line["changes"]["state"]["after"]) for line in history(runtime, ana, one)]
    assert told == [("create", "open"), ("transition", "stuck")]
    go_back(runtime, then)
    assert data(runtime) == before


def history(runtime, ana, case):
    """What the record's history says, the oldest first."""
    return list(reversed(runtime.current().queries.history(ana, "case", case).data))


REOPENED = (
    SHORTER.replace("  end:", "  again: {from: done, to: open}\n  end:")
    .replace("done: {}", "done: {}, paused: {}")
    .replace("  end:", "  pause: {from: open, to: paused}\n  end:")
)


def test_what_people_did_since_stays_on_the_way_back_and_a_state_of_now_is_decided_on_too(house):
    runtime, ana, _ = house
    put(runtime, LIFE)
    one, two, three = make(runtime, ana, "one", "two", "three")
    for case in (one, two):
        step(runtime, ana, case, "hold")
    then = version(runtime)
    put(runtime, REOPENED, MOVED)
    for name in ("again", "end"):
        step(runtime, ana, two, name)
    step(runtime, ana, three, "pause")
    make(runtime, ana, "four")
    since = {row["name"]: row["state_since"] for row in data(runtime)["care__case"]}
    with pytest.raises(PlanRefused) as caught:
        plan_back(runtime, then)
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("S124", "state:case.paused")]
    assert f"three ({three})" in caught.value.first.message
    back = Revision(version=then, dev=True, decisions={"state:case.paused": "stuck"})
    confirmed = runtime.packs.foresee(back).plan.hash
    runtime.world.clock.advance(timedelta(minutes=1))
    runtime.packs.revise(replace(back, confirmed=confirmed), runtime.installer)
    assert states(runtime) == {"one": "stuck", "two": "done", "three": "stuck", "four": "open"}
    now = {row["name"]: row["state_since"] for row in data(runtime)["care__case"]}
    assert [now[name] == since[name] for name in ("one", "two", "three", "four")] == [
        False,
        True,
        False,
        True,
    ]
    assert runtime.packs.plan().is_empty


@pytest.mark.parametrize("decisions", [MOVED, NO_DECISIONS], ids=["decided", "not"])
def test_records_that_come_to_a_state_while_the_plan_is_carried_out_go_as_it_was_decided_or_stop_it(
    house, monkeypatch, decisions
):
    runtime, ana, _ = house
    put(runtime, LIFE)
    (case,) = make(runtime, ana, "one")
    then, do = version(runtime), ahead.do

    def overtaken(*arguments):
        do(*arguments)
        step(runtime, ana, case, "hold")

    monkeypatch.setattr(ahead, "do", overtaken)
    if decisions:
        put(runtime, SHORTER, decisions)
        assert states(runtime) == {"one": "done"}
    else:
        with_note = CASE.replace("{type: text}", "{type: text, max_length: 9}")
        short = Revision(
            (pack_from(a_pack("care", {"lifecycles/case.yaml": SHORTER}, case=with_note)),), dev=True
        )
        with pytest.raises(PlanRefused, match="stuck"):
            runtime.packs.revise(short, runtime.installer)
        assert (version(runtime), states(runtime)) == (then, {"one": "stuck"})
