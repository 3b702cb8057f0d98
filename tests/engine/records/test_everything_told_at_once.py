"""What is wrong with a record is told at once, and what only follows from it is not told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installed import make_runtime
from tests.support.office import Office
from xrm.engine.commands import Create, Target, Transition, Update
from xrm.errors import XrmError
from xrm.testing import a_pack, admin_actor

ORDER = """
title: name + " " + text(amount)
fields:
  name: {type: text, required: true, max_length: 10}
  kind: {type: choice, options: [plain, gift, parcel]}
  amount: {type: integer}
  twice: {type: integer, default: amount * 2}
  day: {type: date}
  from_day: {type: date}
  to_day: {type: date}
  note: {type: text, required_when: kind == "gift"}
  reason: {type: text, required_when: amount > 100}
  done_by: {type: text}
  wish: {type: text, visible_when: kind == "parcel", default: '"none"'}
  card: {type: text, visible_when: kind == "parcel", required: true}
relationships:
  above: {to: order, hierarchy: true, inverse: below}
  lines: {from: line, owned: true}
rules:
  days: {must: to_day >= from_day, when: to_day != empty and from_day != empty, field: to_day}
  much: {must: amount < 1000, when: amount != empty, field: amount, message: An order has less than 1000.}
  even: {must: "twice == empty or twice < 1000", field: twice}
  some: {must: amount != empty and day != empty}
  named: {must: 'title != "x 5"', field: name}
"""
LINE = """
title: name
fields:
  name: {type: text, required: true, max_length: 10}
  pieces: {type: integer}
  pages: {type: integer, required_when: pieces > 5}
"""
LIFECYCLE = """
states:
  open: {initial: true}
  done: {final: true}
transitions:
  finish: {from: open, to: done, requires: [done_by], guard: to_day != empty}
"""
PACK = a_pack("orders", {"lifecycles/order.yaml": LIFECYCLE}, order=ORDER, line=LINE)
NOBODY = "019ecb27-0000-7000-8000-000000000000"
DAYS = {"from_day": "2026-05-02", "to_day": "2026-05-01"}
RIGHT = {"name": "x", "amount": 1, "day": "2026-05-01"}


@pytest.fixture(scope="module")
def shop(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("orders"), [PACK])
    admin = admin_actor(runtime)
    yield Office(runtime, admin, admin, admin, admin)
    runtime.close()


def told(shop: Office, *commands) -> list[tuple[str, str]]:
    """Code and place of each problem of the refusal."""
    with pytest.raises(XrmError) as caught:
        shop.run(*commands)
    return sorted((p.code, p.where.path) for p in caught.value.problems)


def test_bad_values_needed_ones_and_broken_rules_are_told_together(shop: Office) -> None:
    values = {**RIGHT, **DAYS, "name": "much too long", "kind": "gift"}
    assert told(shop, Create("order", values)) == [("R111", "name"), ("R130", "note"), ("R151", "to_day")]
    order = shop.make("order", **RIGHT)
    values = {**DAYS, "name": None, "kind": "gift"}
    found = told(shop, Update("order", Target(order), values))
    assert found == [("R130", "name"), ("R130", "note"), ("R151", "to_day")]


def test_what_is_hidden_is_neither_needed_nor_written(shop: Office) -> None:
    plain = Create("order", {**RIGHT, "wish": "red", "card": "Bye"})
    assert told(shop, plain) == [("R154", "card"), ("R154", "wish")]
    order = shop.make("order", **RIGHT)
    assert (shop.read("order", order)["wish"], shop.read("order", order)["card"]) == (None, None)
    assert told(shop, Update("order", Target(order), {"wish": "red"})) == [("R154", "wish")]
    assert told(shop, Update("order", Target(order), {"kind": "parcel", "wish": "red"})) == [("R130", "card")]
    shop.run(Update("order", Target(order), {"kind": "parcel", "card": "Bye", "wish": "red"}))
    shop.run(Update("order", Target(order), {"kind": "plain"}))
    kept = shop.read("order", order)
    assert (kept["wish"], kept["card"]) == ("red", "Bye")
    assert told(shop, Update("order", Target(order), {"wish": "blue"})) == [("R154", "wish")]
    shop.run(Update("order", Target(order), {"wish": None, "card": "Bye"}))
    assert shop.read("order", order)["wish"] is None


def test_what_a_hidden_field_begins_with_comes_with_what_shows_it(shop: Office) -> None:
    order = shop.make("order", **RIGHT, kind="parcel", card="Hello")
    assert shop.read("order", order)["wish"] == "none"


def test_nothing_is_added_to_the_message_that_a_rule_has_of_its_own(shop: Office) -> None:
    order = Create("order", {**RIGHT, "amount": 5000, "reason": "so", "twice": 3000})
    with pytest.raises(XrmError) as caught:
        shop.run(order)
    assert {p.where.path: f"{p.message} {p.hint}".strip() for p in caught.value.problems} == {
        "amount": "An order has less than 1000.",
        "twice": "Must hold: twice == empty or twice < 1000. Change the values so that it holds.",
    }


def test_what_reads_a_refused_value_is_not_told(shop: Office) -> None:
    assert told(shop, Create("order", {**RIGHT, **DAYS, "to_day": "never"})) == [("R118", "to_day")]
    assert told(shop, Create("order", {**RIGHT, "amount": "x", "day": None})) == [("R116", "amount")]
    order = shop.make("order", **{**RIGHT, "amount": 500, "twice": 1, "reason": "so"})
    assert told(shop, Update("order", Target(order), {"amount": "x", "reason": None})) == [("R116", "amount")]


def test_what_reads_a_default_or_title_that_hangs_on_a_refused_value_is_not_told(shop: Office) -> None:
    assert told(shop, Create("order", {**RIGHT, "amount": "x", "name": "x 5"})) == [("R116", "amount")]
    found = told(shop, Create("order", {**RIGHT, "amount": "x", "twice": 2000}))
    assert found == [("R116", "amount"), ("R151", "twice")]


def test_several_records_are_judged_each_by_itself(shop: Office) -> None:
    rows = [{**RIGHT, "amount": "x"}, {**RIGHT, **DAYS}, {**RIGHT, "kind": "gift", "above": NOBODY}]
    assert told(shop, *(Create("order", row) for row in rows)) == [
        ("R116", "commands[0].values.amount"),
        ("R130", "commands[2].values.note"),
        ("R133", "commands[2].values.above"),
        ("R151", "commands[1].values.to_day"),
    ]


def test_mistakes_in_the_lines_of_a_faulty_order_are_told_with_it(shop: Office) -> None:
    lines = [{"name": "a"}, {"name": None, "pieces": "x"}, {"name": "b", "pieces": 7}]
    for order in ({"name": "much too long"}, DAYS):
        found = told(shop, Create("order", {**RIGHT, **order, "lines": {"create": lines}}))
        own = ("R151", "to_day") if order is DAYS else ("R111", "name")
        of_lines = [
            ("R116", "lines.create[1].pieces"),
            ("R130", "lines.create[1].name"),
            ("R130", "lines.create[2].pages"),
        ]
        assert found == sorted([own, *of_lines])


def test_mistakes_in_stored_lines_are_told_with_those_of_the_order(shop: Office) -> None:
    order = shop.make("order", **RIGHT, lines={"create": [{"name": "a"}]})
    (line,) = [row for row in shop.list("line") if row["name"] == "a"]
    lines = {"update": [{"id": line["id"], "name": "much too long"}], "create": [{"name": None}]}
    found = told(shop, Update("order", Target(order), {**DAYS, "lines": lines}))
    assert found == [
        ("R111", "lines.update[0].name"),
        ("R130", "lines.create[0].name"),
        ("R151", "to_day"),
    ]


def test_what_a_step_needs_is_told_with_its_bad_values(shop: Office) -> None:
    order = shop.make("order", **RIGHT)
    step = Transition("order", Target(order), "finish", {"name": "much too long"})
    assert told(shop, step) == [("R111", "name"), ("R130", "done_by"), ("R149", "")]
    step = Transition("order", Target(order), "finish", {"done_by": "much", "to_day": "never"})
    assert told(shop, step) == [("R118", "to_day")]
