"""Fields get other types, bounds, options and demands: values are converted as decided, and come back."""

from itertools import product

import pytest

from tests.engine.packs.fleet import BASE, NUMBER, edit, fleet, put, refused, values
from tests.engine.packs.living import (
    ACCOUNT,
    change,
    data,
    filled,
    go_back,
    house,
    plan,
    read,
    sales,
    shop,
    version,
)
from tests.support.installed import make_runtime, plan_back
from xrm.engine.commands import Create, Delete, Restore, Target
from xrm.engine.packs import Revision, proposing
from xrm.engine.storage import ahead, turnahead, turning
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.steps import Effect, TurnValues
from xrm.errors import Conflict, PlanRefused

__all__ = ["filled", "fleet", "house", "shop"]


def test_text_becomes_a_number_with_bad_values_where_it_was_decided_and_goes_back(fleet):
    runtime, _, boats = fleet
    before, then = data(runtime), version(runtime)
    (problem,) = refused(runtime, NUMBER)
    assert problem[:2] == ("S123", "unfit:boat.size")
    assert problem[2] == (
        "1 record holds a value of boat.size that does not fit what it becomes:"
        f" Raft ({boats['Raft']}): many."
    )
    found = plan(runtime, {"unfit:boat.size": "0"}, account=ACCOUNT, boat=NUMBER)
    (turn,) = (step for step in found.steps if isinstance(step, TurnValues))
    assert (turn.effect, turn.rows.touched, turn.rows.failing) == (Effect.DECISION, 3, 1)
    assert turn.rows.samples == (f"Raft ({boats['Raft']}): many",)
    put(runtime, NUMBER, {"unfit:boat.size": "0"})
    assert values(fleet, "size") == {"Ship": "12.00", "Boat": "7.51", "Raft": "0.00", "Plank": None}
    assert runtime.packs.plan().is_empty
    edit(fleet, "Boat", size="8")
    edit(fleet, "Plank", size="3")
    go_back(runtime, then)
    assert runtime.packs.plan().is_empty
    assert values(fleet, "size") == {"Ship": "12", "Boat": "8.00", "Raft": "many", "Plank": "3.00"}
    edit(fleet, "Boat", size="7.505")
    edit(fleet, "Plank", size=None)
    assert [without(row) for row in data(runtime)["sales__boat"]] == [
        without(row) for row in before["sales__boat"]
    ]


def without(row):
    return {name: value for name, value in row.items() if name not in ("version", "updated_at")}


def test_an_option_in_use_goes_only_where_it_was_decided_and_comes_back_where_nobody_chose_another(fleet):
    runtime, _, _ = fleet
    then = version(runtime)
    fewer = BASE.replace("[hot, cold, lost]", "[hot, cold]").replace("[mail, fax, phone]", "[phone, mail]")
    assert [found[:2] for found in refused(runtime, fewer)] == [
        ("S124", "option:boat.kind.lost"),
        ("S124", "option:boat.ways.fax"),
    ]
    decisions = {"option:boat.kind.lost": "cold", "option:boat.ways.fax": ""}
    for wrong in ("warm", "lost"):
        found = refused(runtime, fewer, {**decisions, "option:boat.kind.lost": wrong})
        assert [each[:2] for each in found] == [("S125", "option:boat.kind.lost")]
    put(runtime, fewer, decisions)
    assert values(fleet, "kind") == {"Ship": "hot", "Boat": "cold", "Raft": "cold", "Plank": None}
    assert values(fleet, "ways") == {"Ship": ["mail"], "Boat": None, "Raft": None, "Plank": None}
    edit(fleet, "Raft", kind="hot")
    edit(fleet, "Ship", ways=["phone"])
    go_back(runtime, then)
    assert values(fleet, "kind") == {"Ship": "hot", "Boat": "lost", "Raft": "hot", "Plank": None}
    assert values(fleet, "ways") == {"Ship": ["phone"], "Boat": ["fax"], "Raft": None, "Plank": None}
    assert runtime.packs.plan().is_empty


def test_several_fields_of_records_that_point_at_others_turn_in_one_plan(shop):
    runtime, ana, _ = shop
    boat = BASE + "relationships: {owner_of: {to: account}}\n"
    change(runtime, account=ACCOUNT, boat=boat)
    records = runtime.current().records
    account = records.execute(ana, [Create("account", {"name": "Um"})]).results[0].id
    ship = records.execute(
        ana, [Create("boat", {"name": "Ship", "size": "7", "kind": "lost", "owner_of": {"id": str(account)}})]
    )
    other = boat.replace("size: {type: text, unique: true}", "size: {type: integer}")
    put(runtime, other.replace("[hot, cold, lost]", "[hot, cold]"), {"option:boat.kind.lost": "cold"})
    row = read(runtime, ana, "boat", ship.results[0].id)
    assert (row["size"], row["kind"]) == (7, "cold")


def test_another_process_that_has_read_a_record_reads_it_in_its_new_form(fleet, tmp_path):
    """PostgreSQL keeps to how a statement was prepared, and refuses it where columns are of another type by then."""
    runtime, ana, boats = fleet
    url = runtime.database.engine.url.render_as_string(hide_password=False)
    there = make_runtime(url, tmp_path, install=False)
    read_there = there.current().queries
    for _ in range(3):
        assert read_there.get(ana, "boat", boats["Ship"])["size"] == "12"
    put(runtime, NUMBER, {"unfit:boat.size": "0"})
    with pytest.raises(Conflict, match="definitions changed"):
        read_there.get(ana, "boat", boats["Ship"])
    assert read(there, ana, "boat", boats["Ship"])["size"] == "12.00"
    there.close()


MARK = "  mark: {type: integer, required: true}\n"


def test_a_value_that_is_newly_required_is_given_to_records_without_and_taken_back(fleet):
    runtime, _, _ = fleet
    then = version(runtime)
    needed = BASE.replace(
        "note: {type: text}", "note: {type: text, required: true}\n  mark: {type: integer, required: true}"
    )
    assert [found[:2] for found in refused(runtime, needed)] == [
        ("S115", "empty:boat.note"),
        ("S115", "empty:boat.mark"),
    ]
    decisions = {"empty:boat.note": "unknown", "empty:boat.mark": "5"}
    assert [f[0] for f in refused(runtime, needed, {**decisions, "empty:boat.mark": ""})] == ["S125"]
    put(runtime, needed, decisions)
    assert values(fleet, "note") == {
        "Ship": "long enough",
        "Boat": "unknown",
        "Raft": "ok",
        "Plank": "unknown",
    }
    assert values(fleet, "mark") == dict.fromkeys(values(fleet, "mark"), 5)
    edit(fleet, "Boat", note="seen")
    between, other = data(runtime), version(runtime)
    go_back(runtime, then)
    assert values(fleet, "note") == {"Ship": "long enough", "Boat": "seen", "Raft": "ok", "Plank": None}
    go_back(runtime, other)
    assert data(runtime) == between


def test_what_is_decided_for_records_without_a_value_leaves_what_a_field_brings_back(fleet):
    runtime, ana, boats = fleet
    marked = BASE + MARK
    put(runtime, marked, {"empty:boat.mark": "5"})
    edit(fleet, "Ship", mark=7)
    put(runtime, BASE)
    skiff = runtime.current().records.execute(ana, [Create("boat", {"name": "Skiff"})]).results[0].id
    boats["Skiff"] = skiff
    assert [found[:2] for found in refused(runtime, marked)] == [("S115", "empty:boat.mark")]
    put(runtime, marked, {"empty:boat.mark": "9"})
    assert values(fleet, "mark") == {"Ship": 7, "Boat": 5, "Raft": 5, "Plank": 5, "Skiff": 9}
    assert "boat.mark" not in {kept.thing for kept in runtime.packs.removed()}
    assert runtime.packs.plan().is_empty


def test_records_that_come_back_owe_what_they_owed_and_what_is_newly_required_is_decided(fleet):
    runtime, ana, boats = fleet
    noted = BASE.replace("note: {type: text}", "note: {type: text, required: true}")
    for boat in ("Boat", "Plank"):
        runtime.current().records.execute(ana, [Delete("boat", Target(boats[boat]))])
    put(runtime, noted)
    for boat in ("Boat", "Plank"):
        runtime.current().records.execute(ana, [Restore("boat", Target(boats[boat]))])
    then, before = version(runtime), data(runtime)
    change(runtime, account=ACCOUNT)
    go_back(runtime, then)
    assert data(runtime) == before
    change(runtime, account=ACCOUNT)
    sorted_ = noted.replace(
        "kind: {type: choice,", "sort: {renamed_from: kind, type: choice, required: true,"
    )
    assert [found[:2] for found in refused(runtime, sorted_)] == [("S115", "empty:boat.sort")]
    put(runtime, sorted_ + MARK, {"empty:boat.sort": "hot", "empty:boat.mark": "1"})
    assert values(fleet, "sort") == {"Ship": "hot", "Boat": "lost", "Raft": "cold", "Plank": "hot"}
    assert values(fleet, "mark") == dict.fromkeys(boats, 1)
    assert values(fleet, "note")["Plank"] is None
    assert runtime.packs.plan().is_empty


def test_a_bound_that_values_break_is_refused_with_their_rows_unless_it_was_decided(fleet):
    runtime, _, boats = fleet
    before, then = data(runtime), version(runtime)
    short = BASE.replace("note: {type: text}", "note: {type: text, max_length: 5}")
    ((code, place, message),) = refused(runtime, short)
    assert (code, place) == ("S123", "unfit:boat.note")
    assert message.endswith(f": Ship ({boats['Ship']}): long enough.")
    assert data(runtime) == before
    put(runtime, short, {"unfit:boat.note": ""})
    assert values(fleet, "note") == {"Ship": None, "Boat": None, "Raft": "ok", "Plank": None}
    go_back(runtime, then)
    assert data(runtime) == before


def test_values_go_back_through_every_form_that_they_had(fleet):
    """Text, number, whole number, money; then back to each version in turn."""
    runtime, _, _ = fleet
    steps = [
        (BASE.replace("size: {type: text, unique: true}", "size: {type: text}"), {}),
        (NUMBER.replace(", unique: true", ""), {"unfit:boat.size": "0"}),
        (NUMBER.replace("decimal, scale: 2, unique: true", "integer"), {"unfit:boat.size": "1"}),
        (NUMBER.replace("decimal, scale: 2, unique: true", "money, currency: EUR"), {}),
    ]
    seen = []
    for boat, decisions in steps:
        put(runtime, boat, decisions)
        seen.append((version(runtime), data(runtime)["sales__boat"]))
    assert [row["size__base"] for row in seen[-1][1]] == [row["size__amount"] for row in seen[-1][1]]
    for number, held in (seen[0], seen[3], seen[1], seen[2], seen[0], seen[2]):
        go_back(runtime, number)
        assert data(runtime)["sales__boat"] == held
        assert runtime.packs.plan().is_empty


@pytest.mark.parametrize(
    ("decided", "becomes"), [({"unfit:boat.size": "1"}, 1), ({}, 12)], ids=["decided", "not"]
)
def test_a_change_made_since_that_does_not_fit_is_told_and_becomes_what_was_decided_or_is_left_out(
    fleet, decided, becomes
):
    runtime, _, boats = fleet
    edit(fleet, "Boat", size=None)
    if not decided:
        edit(fleet, "Raft", size="1")
    put(runtime, NUMBER.replace("decimal, scale: 2, unique: true", "integer"), decided)
    then = version(runtime)
    put(runtime, BASE)
    edit(fleet, "Ship", size="a dozen")
    (turn,) = (step for step in plan_back(runtime, then).steps if isinstance(step, TurnValues))
    assert turn.rows.failing == 1
    assert turn.rows.samples == (f"Ship ({boats['Ship']}): a dozen",)
    go_back(runtime, then)
    assert values(fleet, "size") == {"Ship": becomes, "Boat": None, "Raft": 1, "Plank": None}


LATE = {
    "a clash": (NUMBER, {"size": "12.0"}, "S121"),
    "a conversion": (NUMBER, {"size": "many"}, "S123"),
    "a bound": (
        BASE.replace("note: {type: text}", "note: {type: text, max_length: 9}"),
        {"note": "more than nine"},
        "S123",
    ),
    "a demand": (
        BASE.replace("kind: {type: choice,", "kind: {type: choice, required: true,"),
        {"kind": None},
        "S115",
    ),
    "an option": (BASE.replace("[hot, cold, lost]", "[hot, cold]"), {"kind": "lost"}, "S124"),
}


WHEN = {"after the plan": (proposing, "plan_for"), "after the copy": (ahead, "do")}
OVERTAKEN = {
    f"{what}-{when}": (*LATE[what], WHEN[when])
    for what, when in product(LATE, WHEN)
    if (what, when) != ("a demand", "after the copy")  # nothing is copied for it
}


@pytest.mark.parametrize(("boat", "changed", "code", "when"), OVERTAKEN.values(), ids=OVERTAKEN)
def test_what_is_written_after_the_plan_was_read_is_looked_at_under_the_lock(
    fleet, monkeypatch, boat, changed, code, when
):
    runtime, _, _ = fleet
    edit(fleet, "Raft", size="3")
    edit(fleet, "Ship", note="short")
    edit(fleet, "Boat", kind="hot")
    edit(fleet, "Plank", kind="hot")
    before, (module, name) = version(runtime), when
    act = getattr(module, name)

    def overtaken(*arguments):
        found = act(*arguments)
        edit(fleet, "Plank", **changed)
        return found

    monkeypatch.setattr(module, name, overtaken)
    with pytest.raises(PlanRefused) as caught:
        runtime.packs.revise(Revision((sales(account=ACCOUNT, boat=boat),), dev=True), runtime.installer)
    assert [problem.code for problem in caught.value.problems] == [code]
    assert version(runtime) == before
    ((name, value),) = changed.items()
    assert values(fleet, name)["Plank"] == value
    assert copies(runtime) == []


def copies(runtime):
    """Columns that values were copied into and that nothing has taken."""
    with runtime.database.read() as unit:
        return [column for table in inspect(unit).tables.values() for column in table.copies]


@pytest.mark.parametrize("rows", [1, 2, 2000])
def test_values_are_the_same_in_however_many_portions_and_whenever_they_were_written(
    fleet, monkeypatch, rows
):
    """What is written between the copy and the lock is converted as well, and what is new is."""
    runtime, ana, boats = fleet
    then, do = version(runtime), ahead.do
    monkeypatch.setattr(turning, "PORTION", rows)
    monkeypatch.setattr(turnahead, "FEW", 1)

    def meanwhile(*arguments):
        edit(fleet, "Ship", size="8")
        do(*arguments)
        edit(fleet, "Boat", size="9", kind="lost")
        edit(fleet, "Plank", size="none")
        edit(fleet, "Raft", size=None)
        records = runtime.current().records
        boats["Skiff"] = records.execute(ana, [Create("boat", {"name": "Skiff", "size": "4"})]).results[0].id

    monkeypatch.setattr(ahead, "do", meanwhile)
    fewer = NUMBER.replace("[hot, cold, lost]", "[hot, cold]")
    put(runtime, fewer, {"unfit:boat.size": "0", "option:boat.kind.lost": "cold"})
    sizes = {"Ship": "8.00", "Boat": "9.00", "Raft": None, "Plank": "0.00", "Skiff": "4.00"}
    assert values(fleet, "size") == sizes
    assert values(fleet, "kind")["Boat"] == "cold"
    assert (copies(runtime), runtime.packs.plan().is_empty) == ([], True)
    monkeypatch.setattr(ahead, "do", do)
    go_back(runtime, then)
    assert values(fleet, "size") == {"Ship": "8", "Boat": "9", "Raft": None, "Plank": "none", "Skiff": "4"}
    assert values(fleet, "kind")["Boat"] == "lost"


def test_a_key_over_converted_values_holds_or_the_plan_names_the_records_that_would_share_one(fleet):
    """Two texts that are one number cannot both be unique, and neither can two that become what was decided."""
    runtime, ana, boats = fleet
    edit(fleet, "Raft", size="12.0")
    ((code, _, message),) = refused(runtime, NUMBER)
    ship, raft = (f"{name} ({boats[name]})" for name in ("Ship", "Raft"))
    assert (code, message) == (
        "S121",
        f"boat.size is unique, and records would hold the same value: {ship} and {raft}.",
    )
    edit(fleet, "Raft", size="many")
    edit(fleet, "Ship", size="more")
    assert [each[0] for each in refused(runtime, NUMBER, {"unfit:boat.size": "0"})] == ["S121"]
    edit(fleet, "Raft", size="13")
    put(runtime, NUMBER, {"unfit:boat.size": "0"})
    with pytest.raises(Conflict):
        runtime.current().records.execute(ana, [Create("boat", {"name": "Twin", "size": "13"})])


def test_a_key_over_a_field_of_the_same_type_holds_over_its_new_values(fleet):
    """Its index has the same name and stood on the columns that are a shadow now."""
    runtime, ana, _ = fleet
    short = BASE.replace("size: {type: text,", "size: {type: text, max_length: 4,")
    put(runtime, short, {"unfit:boat.size": "5"})
    with pytest.raises(Conflict):
        runtime.current().records.execute(ana, [Create("boat", {"name": "Twin", "size": "5"})])


def test_a_way_back_on_which_present_values_do_not_fit_takes_a_decision_too(fleet):
    runtime, _, boats = fleet
    short = BASE.replace("note: {type: text}", "note: {type: text, max_length: 11}")
    put(runtime, short)
    then = version(runtime)
    put(runtime, BASE)
    edit(fleet, "Raft", note="longer than it may be")
    with pytest.raises(PlanRefused) as caught:
        plan_back(runtime, then)
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("S123", "unfit:boat.note")]
    assert f"Raft ({boats['Raft']})" in caught.value.first.message
    back = Revision(version=then, dev=True, decisions={"unfit:boat.note": "cut"})
    runtime.packs.revise(back, runtime.installer)
    assert values(fleet, "note") == {"Ship": "long enough", "Boat": None, "Raft": "cut", "Plank": None}


def test_after_a_purge_going_back_converts_what_is_there(fleet):
    runtime, _, _ = fleet
    then = version(runtime)
    put(runtime, NUMBER, {"unfit:boat.size": "0"})
    kept = [shadow.number for shadow in runtime.packs.removed()]
    runtime.packs.purge(kept, runtime.installer, confirmed=runtime.packs.plan_purge(kept).hash)
    go_back(runtime, then)
    assert values(fleet, "size") == {"Ship": "12.00", "Boat": "7.51", "Raft": "0.00", "Plank": None}
    assert runtime.packs.plan().is_empty


def test_what_no_value_can_become_keeps_its_type_attributes_of_links_too(fleet):
    runtime, _, _ = fleet
    linked = BASE + "relationships:\n  crew: {to: account, many: true, attributes: {role: {type: text}}}\n"
    put(runtime, linked)
    wrong = linked.replace("role: {type: text}", "role: {type: geo}").replace(
        "note: {type: text}", "note: {type: geo}"
    )
    assert {(code, message) for code, _, message in refused(runtime, wrong)} == {
        ("S110", f"boat.{name} would be stored in another way, and its values cannot become such.")
        for name in ("note", "crew.role")
    }


def test_decisions_about_nothing_are_refused(fleet):
    runtime, _, _ = fleet
    for place in (
        "unfit:boat.note",
        "empty:boat.size",
        "unfit:boat.nothing",
        "option:boat.kind.hot",
        "nonsense",
    ):
        found = refused(runtime, NUMBER, {"unfit:boat.size": "0", place: "1"})
        assert [each[:2] for each in found] == [("S125", place)]
    assert [each[:2] for each in refused(runtime, NUMBER, {"unfit:boat.size": "none"})] == [
        ("S125", "unfit:boat.size")
    ]


def test_another_currency_to_begin_with_changes_no_value(house):
    runtime, _, _ = house
    euros = BASE.replace("note: {type: text}", "note: {type: money, default_currency: EUR}")
    put(runtime, euros)
    found = refused(
        runtime, euros.replace("default_currency: EUR", "default_currency: BRL"), {"unfit:boat.note": ""}
    )
    assert [each[:2] for each in found] == [("S125", "unfit:boat.note")]
    found = refused(runtime, euros.replace(", default_currency: EUR", ""), {"unfit:boat.note": ""})
    assert [each[:2] for each in found] == [("S125", "unfit:boat.note")]


def test_a_field_is_renamed_and_turned_at_once_and_another_takes_its_name(fleet):
    runtime, _, _ = fleet
    then = version(runtime)
    edit(fleet, "Raft", size="3")
    before = data(runtime)["sales__boat"]
    length = "length: {type: decimal, scale: 2, renamed_from: size}"
    put(runtime, BASE.replace("size: {type: text, unique: true}", length))
    taken = BASE.replace("size: {type: text, unique: true}", length).replace(
        "note: {type: text}", "size: {type: long_text, renamed_from: note}"
    )
    put(runtime, taken)
    assert values(fleet, "length") == {"Ship": "12.00", "Boat": "7.51", "Raft": "3.00", "Plank": None}
    assert values(fleet, "size") == {"Ship": "long enough", "Boat": None, "Raft": "ok", "Plank": None}
    go_back(runtime, then)
    assert data(runtime)["sales__boat"] == before
