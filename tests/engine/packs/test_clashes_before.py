"""What stands against a change is told with its plan: clashes in keys of several fields, and bounds of what returns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.packs.living import data
from xrm.engine.commands import Create
from xrm.engine.packs import Revision
from xrm.engine.storage.steps import TurnValues
from xrm.errors import PlanRefused
from xrm.testing import a_pack, admin_actor, pack_from

TOOL = """title: name
fields:
  name: {type: text, required: true}
  place: {type: text}
  code: {type: text}
  size: {type: integer}
"""
NUMBERED = TOOL.replace("code: {type: text}", "code: {type: integer}")
KEY = "keys: {spot: {fields: [place, code]}}\n"


def revision(text, **said):
    return Revision((pack_from(a_pack("yard", tool=text)),), dev=True, **said)


def told(runtime, text, **said):
    """The codes and messages with which the plan is refused."""
    with pytest.raises(PlanRefused) as refused:
        runtime.packs.foresee(revision(text, **said))
    return [(problem.code, problem.message) for problem in refused.value.problems]


def change(runtime, text):
    mark = runtime.packs.foresee(revision(text)).mark
    runtime.packs.revise(revision(text, confirmed=mark), runtime.installer)


def fill(runtime, *rows):
    runtime.current().records.execute(admin_actor(runtime), [Create("tool", row) for row in rows])


SAME = ({"name": "Saw", "place": "A", "code": "1"}, {"name": "Axe", "place": "a", "code": "01"})
OTHERS = (
    {"name": "Nail", "place": "B", "code": "1"},
    {"name": "Nut", "code": "1"},
    {"name": "Bolt", "code": "1"},
)


@pytest.mark.parametrize("before", [TOOL, TOOL + KEY], ids=["a new key", "a key that stays"])
def test_records_that_clash_by_converted_values_in_a_key_of_several_fields_are_told_with_the_plan(
    make, before
):
    runtime = make([a_pack("yard", tool=before)])
    fill(runtime, *SAME, *OTHERS)
    ((code, message),) = told(runtime, NUMBERED + KEY)
    assert code == "S121"
    assert message.startswith("tool.place, tool.code ")
    assert "Saw (" in message
    assert "Axe (" in message
    assert "Nail" not in message


def test_records_that_do_not_clash_by_converted_values_are_converted_with_their_key(make):
    runtime = make([a_pack("yard", tool=TOOL + KEY)])
    fill(runtime, SAME[0], *OTHERS)
    change(runtime, NUMBERED + KEY)
    assert runtime.packs.plan().is_empty


def test_values_that_a_decision_makes_equal_are_told_with_the_plan(make):
    runtime = make([a_pack("yard", tool=TOOL)])
    fill(runtime, {"name": "Saw", "place": "A", "code": "1"}, {"name": "Axe", "place": "A", "code": "many"})
    (problem,) = told(runtime, NUMBERED + KEY, decisions={"unfit:tool.code": "1"})
    assert problem[0] == "S121"


def test_a_field_that_is_narrowed_and_made_unique_tells_a_clash_once(make):
    runtime = make([a_pack("yard", tool=TOOL)])
    fill(runtime, *({"name": name, "code": "same"} for name in ("Saw", "Axe")))
    narrow = TOOL.replace("code: {type: text}", "code: {type: text, max_length: 9, unique: true}")
    assert [code for code, _ in told(runtime, narrow)] == ["S121"]


@pytest.mark.parametrize("whole", [False, True], ids=["a field", "its entity"])
def test_what_comes_back_with_narrower_bounds_is_looked_at_first(make, whole):
    runtime = make([a_pack("yard", tool=TOOL, box=TOOL)])
    fill(runtime, {"name": "Saw", "size": 500}, {"name": "Axe", "size": 5})
    then, before = runtime.packs.versions()[0].number, data(runtime)["yard__tool"]
    without = {"box": TOOL} if whole else {"box": TOOL, "tool": TOOL.replace("  size: {type: integer}\n", "")}

    def of(entities, **said):
        return Revision((pack_from(a_pack("yard", **entities)),), dev=True, **said)

    mark = runtime.packs.foresee(of(without)).mark
    runtime.packs.revise(of(without, confirmed=mark), runtime.installer)
    narrow = {"box": TOOL, "tool": TOOL.replace("size: {type: integer}", "size: {type: integer, max: 100}")}
    with pytest.raises(PlanRefused) as refused:
        runtime.packs.foresee(of(narrow))
    (problem,) = refused.value.problems
    assert (problem.code, "tool.size" in problem.message, "Saw" in problem.message) == ("S123", True, True)
    assert '--decide "unfit:tool.size=VALUE"' in problem.hint
    decided = of(narrow, decisions={"unfit:tool.size": "100"})
    (turn,) = (step for step in runtime.packs.foresee(decided).plan.steps if isinstance(step, TurnValues))
    assert (turn.rows.failing, "Saw" in turn.rows.samples[0]) == (1, True)
    runtime.packs.revise(decided, runtime.installer)
    assert {row["name"]: row["size"] for row in data(runtime)["yard__tool"]} == {"Saw": 100, "Axe": 5}
    mark = runtime.packs.foresee(Revision(version=then, dev=True)).mark
    runtime.packs.roll_back(then, runtime.installer, confirmed=mark)
    assert data(runtime)["yard__tool"] == before


def test_a_version_in_which_a_field_was_narrower_takes_decisions_about_what_was_written_since(make):
    """The field was widened, written and removed; what is kept of it is wider than the version had it."""
    narrow = TOOL.replace("size: {type: integer}", "size: {type: integer, max: 100}")
    runtime = make([a_pack("yard", tool=narrow)])
    then = runtime.packs.versions()[0].number
    change(runtime, TOOL)
    fill(runtime, {"name": "Saw", "size": 500}, {"name": "Axe", "size": 5})
    change(runtime, TOOL.replace("  size: {type: integer}\n", ""))
    with pytest.raises(PlanRefused) as refused:
        runtime.packs.foresee(Revision(version=then, dev=True))
    assert [(p.code, p.where.path) for p in refused.value.problems] == [("S123", "unfit:tool.size")]
    back = Revision(version=then, dev=True, decisions={"unfit:tool.size": "7"})
    runtime.packs.revise(replace(back, confirmed=runtime.packs.foresee(back).mark), runtime.installer)
    assert {row["name"]: row["size"] for row in data(runtime)["yard__tool"]} == {"Saw": 7, "Axe": 5}
    assert runtime.packs.plan().is_empty


SPOT = "keys: {spot: {fields: [place], when: 'code == \"1\"'}}\n"
HALF = (
    {"name": "Saw", "place": "A", "code": "1"}, {"name": "Axe", "place": "a", "code": "1.2"},
    {"name": "Nail", "place": "A", "code": "3"},
)  # fmt: skip


def test_records_that_come_under_the_condition_of_a_key_by_a_conversion_are_told_with_the_plan(make):
    """Two codes become the same option, and the key is about records that have it."""
    runtime = make([a_pack("yard", tool=TOOL + SPOT)])
    fill(runtime, *HALF)
    options = TOOL.replace("code: {type: text}", 'code: {type: choice, options: ["1", "3"]}')
    ((code, message),) = told(runtime, options + SPOT, decisions={"unfit:tool.code": "1"})
    assert (code, message.startswith("tool.place is unique")) == ("S121", True)
    assert all(name in message for name in ("Saw (", "Axe ("))
    assert "Nail" not in message
    decided = revision(options + SPOT, decisions={"unfit:tool.code": "3"})
    assert not runtime.packs.foresee(decided).plan.is_empty
