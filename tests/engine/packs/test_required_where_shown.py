"""A field that becomes required is asked for where it is shown: in the plan, in the decision and in what it writes."""

from __future__ import annotations

from tests.engine.packs.living import filled, house, shop
from tests.engine.packs.test_values_that_turn import BASE, fleet, put, refused, values

__all__ = ["filled", "fleet", "house", "shop"]

SHOWN = 'visible_when: kind == "hot"'
HOT = BASE.replace("note: {type: text}", f"note: {{type: text, {SHOWN}}}")  # the only hot one has a note


def test_records_where_it_is_hidden_owe_no_value_whatever_the_field_turns_into(fleet):
    runtime, _, _ = fleet
    put(runtime, HOT)
    needed = HOT.replace(f"{SHOWN}}}", f"{SHOWN}, required: true}}")
    put(runtime, needed)
    put(runtime, HOT)
    put(runtime, needed.replace("note: {type: text", "note: {type: long_text"))
    assert values(fleet, "note") == {"Ship": "long enough", "Boat": None, "Raft": "ok", "Plank": None}


def test_those_where_it_is_shown_are_counted_and_given_what_was_decided(fleet):
    runtime, _, _ = fleet
    cold = BASE.replace("note: {type: text}", "note: {type: text, visible_when: 'kind != \"hot\"'}")
    asked = cold.replace("\"'}", "\"', required: true}")
    put(runtime, cold)
    [told] = refused(runtime, asked)
    assert told[:2] == ("S115", "empty:boat.note")
    assert "2 records" in told[2]
    put(runtime, asked, {"empty:boat.note": "unknown"})
    assert values(fleet, "note") == {
        "Ship": "long enough", "Boat": "unknown", "Raft": "ok", "Plank": "unknown",
    }  # fmt: skip


def test_a_new_field_is_filled_where_it_is_shown_by_fields_that_are_new_or_renamed_with_it(fleet):
    runtime, _, _ = fleet
    shown = 'visible_when: extra == true or sort == "lost"'
    marked = BASE.replace("kind: {type", "sort: {renamed_from: kind, type") + (
        f"  extra: {{type: boolean}}\n  mark: {{type: integer, {shown}, required: true}}\n"
    )
    assert [found[:2] for found in refused(runtime, marked)] == [("S115", "empty:boat.mark")]
    put(runtime, marked, {"empty:boat.mark": "5"})
    assert values(fleet, "mark") == {"Ship": None, "Boat": 5, "Raft": None, "Plank": None}
