"""Records of one act may take the keys that others of them give up: places in an order are exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from tests.support.office import Office
from xrm.engine.commands import Target, Update
from xrm.errors import Conflict
from xrm.testing import a_pack, admin_actor

SHEET = """
title: name
fields: {name: {type: text, required: true}}
relationships: {lines: {from: line, owned: true}}
"""
LINE = """
title: text
fields:
  text: {type: text, required: true}
  place: {type: integer}
  code: {type: text, unique: true}
  kind: {type: choice, options: {first: {}, other: {}}}
relationships: {sheet: {to: sheet, required: true, inverse: lines, on_delete: cascade}}
keys:
  order: {fields: [sheet, place]}
  one_first: {fields: [sheet], when: kind == "first"}
"""


@pytest.fixture(scope="module")
def desk(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Sheets whose lines have places, no two the same."""
    runtime = make_runtime(
        module_url, tmp_path_factory.mktemp("desk"), [a_pack("desk", sheet=SHEET, line=LINE)]
    )
    admin = admin_actor(runtime)
    yield Office(runtime, admin, admin, admin, admin)
    runtime.close()


def a_sheet(desk: Office, *lines: dict[str, object]) -> tuple[UUID, list[UUID]]:
    """A new sheet with these lines, and their ids."""
    sheet = desk.make("sheet", name="Plan")
    return sheet, [desk.make("line", sheet=str(sheet), **line) for line in lines]


def in_order(desk: Office, *lines: UUID) -> str:
    """The texts of the lines by place."""
    read = [desk.read("line", line) for line in lines]
    return "".join(str(line["text"]) for line in sorted(read, key=lambda line: line["place"]))


def test_rows_of_a_record_change_places_with_each_other(desk: Office) -> None:
    sheet, (a, b, c) = a_sheet(desk, *({"text": t, "place": n} for t, n in (("a", 1), ("b", 2), ("c", 3))))
    moved = [{"id": str(a), "place": 3}, {"id": str(b), "place": 1}, {"id": str(c), "place": 2, "text": "C"}]
    desk.run(Update("sheet", Target(sheet), {"lines": {"update": moved}}))
    assert in_order(desk, a, b, c) == "bCa"


def test_a_new_row_takes_a_place_amid_others_and_undo_closes_the_gap(desk: Office) -> None:
    sheet, (a, b) = a_sheet(desk, {"text": "a", "place": 1}, {"text": "b", "place": 2})
    write = {"create": [{"text": "new", "place": 1}], "update": [
        {"id": str(a), "place": 2}, {"id": str(b), "place": 3},
    ]}  # fmt: skip
    records = desk.runtime.current().records
    done = desk.run(Update("sheet", Target(sheet), {"lines": write}))
    assert [desk.read("line", line)["place"] for line in (a, b)] == [2, 3]
    records.undo(desk.boss, records.place_of(done))
    assert [desk.read("line", line)["place"] for line in (a, b)] == [1, 2]


def test_two_records_of_a_batch_exchange_a_unique_text_that_is_folded(desk: Office) -> None:
    _, (a, b) = a_sheet(desk, {"text": "a", "code": "One"}, {"text": "b", "code": "Two"})
    desk.run(Update("line", Target(a), {"code": "TWO"}), Update("line", Target(b), {"code": "ONE"}))
    assert [desk.read("line", line)["code"] for line in (a, b)] == ["TWO", "ONE"]


def test_what_makes_a_key_hold_is_handed_on(desk: Office) -> None:
    _, (a, b) = a_sheet(desk, {"text": "a", "kind": "first"}, {"text": "b", "kind": "other"})
    desk.run(Update("line", Target(b), {"kind": "first"}), Update("line", Target(a), {"kind": "other"}))
    assert [desk.read("line", line)["kind"] for line in (a, b)] == ["other", "first"]


def test_a_place_that_somebody_keeps_is_not_taken(desk: Office) -> None:
    _, (a, b, c) = a_sheet(desk, *({"text": t, "place": n} for t, n in (("a", 1), ("b", 2), ("c", 3))))
    before = desk.log_length()
    for taken in (1, 3):
        with pytest.raises(Conflict) as refused:
            desk.run(Update("line", Target(b), {"place": taken}), Update("line", Target(a), {"place": 3}))
        assert refused.value.first.code == "R140"
    assert (in_order(desk, a, b, c), desk.log_length()) == ("abc", before)


def test_a_place_that_is_taken_is_told_at_the_row_that_takes_it(desk: Office) -> None:
    sheet, (a, b) = a_sheet(desk, {"text": "a", "place": 1}, {"text": "b", "place": 2})

    def told(**write: object) -> str:
        with pytest.raises(Conflict) as refused:
            desk.run(Update("sheet", Target(sheet), {"lines": write}))
        return refused.value.first.where.path

    one, other = {"id": str(a), "place": 7}, {"id": str(b), "place": 7}
    assert told(update=[one, other]) == "lines.update[1].place"
    assert told(update=[{"id": str(a), "text": "A"}, {"id": str(b), "place": 1}]) == "lines.update[1].place"
    assert told(create=[{"text": "c", "place": 3}, {"text": "d", "place": 3}]) == "lines.create[1].place"
    assert told(update=[one], create=[{"text": "c", "place": 7}]) == "lines.create[0].place"
