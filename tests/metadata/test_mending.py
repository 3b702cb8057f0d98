"""A faulty document is put right or lightened, and everything that stays keeps its place."""

from __future__ import annotations

from typing import Any

import pytest

from xrm.metadata.mending import (
    Change,
    Removal,
    Renaming,
    Replacement,
    flag_meant_by,
    meant_by,
    mended,
    name_meant_by,
)
from xrm.metadata.positions import Positions
from xrm.metadata.yaml_reader import compose

TEXT = """\
labl: Bell
fields:
  tone:
    type: txt
    required: "yes"
  size: {type: integer}
order:
- first
- second
- third
"""


@pytest.fixture
def read() -> tuple[Any, Positions]:
    found = compose(TEXT.encode(), "bell.yaml")
    assert not found.problems
    return found.raw, found.positions


def test_a_key_gets_its_new_name_at_its_old_place(read: tuple[Any, Positions]) -> None:
    raw, positions = mended(*read, [Renaming(("labl",), "label")])
    assert list(raw) == ["label", "fields", "order"]
    assert (raw["label"], positions.key(("label",)), positions.value(("label",))) == ("Bell", (1, 1), (1, 7))


def test_a_value_becomes_another_even_one_that_is_false_or_nothing(read: tuple[Any, Positions]) -> None:
    at = ("fields", "tone", "required")
    for value in (True, False, None, ""):
        raw, positions = mended(*read, [Replacement(at, value)])
        assert raw["fields"]["tone"] == {"type": "txt", "required": value}
        assert positions.value(at) == (5, 15)


def test_what_is_taken_out_leaves_the_rest_where_it_was(read: tuple[Any, Positions]) -> None:
    raw, positions = mended(
        *read, [Removal(("fields", "tone")), Removal(("order", 0)), Removal(("order", 1))]
    )
    assert raw == {"labl": "Bell", "fields": {"size": {"type": "integer"}}, "order": ["third"]}
    assert positions.key(("fields", "size")) == (6, 3)
    assert positions.value(("order", 0)) == (10, 3)


def test_changes_inside_of_what_changes_are_made_first(read: tuple[Any, Positions]) -> None:
    changes: list[Change] = [
        Renaming(("fields",), "parts"),
        Renaming(("fields", "tone"), "sound"),
        Replacement(("fields", "tone", "type"), "text"),
        Removal(("fields", "size")),
        Removal(("fields", "size", "type")),
    ]
    raw, positions = mended(*read, changes)
    assert raw["parts"] == {"sound": {"type": "text", "required": "yes"}}
    assert positions.value(("parts", "sound", "type")) == (4, 11)


def test_of_two_changes_of_one_thing_the_first_counts(read: tuple[Any, Positions]) -> None:
    raw, _ = mended(*read, [Replacement(("labl",), "Gong"), Removal(("labl",))])
    assert raw["labl"] == "Gong"


def test_what_is_not_there_is_passed_over_and_the_original_stays(read: tuple[Any, Positions]) -> None:
    gone: list[Change] = [Removal(("order", 7)), Renaming(("fields", "x", "y"), "z"), Removal(("labl", "x"))]
    assert mended(*read, gone)[0] == read[0]
    mended(*read, [Removal(("fields",))])
    assert "fields" in read[0]
    assert mended(*read, [Removal(())])[0] is None


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [("requird", ["required", "readonly"], "required"), ("abc", ["required"], ""), ("labl", [], "")],
)
def test_only_what_is_very_alike_is_taken_for_what_was_meant(word: str, known: list[str], meant: str) -> None:
    assert meant_by(word, known) == meant


@pytest.mark.parametrize(
    ("value", "meant"), [("Yes", True), (1, True), ("off", False), (0, False), ("maybe", None), ([], None)]
)
def test_a_flag_is_told_from_what_people_write(value: object, meant: bool | None) -> None:
    assert flag_meant_by(value) is meant


@pytest.mark.parametrize(
    ("word", "meant"), [("Due At", "due_at"), ("due-at", "due_at"), ("1st", ""), ("é", "")]
)
def test_a_name_is_told_from_another_way_to_write_it(word: str, meant: str) -> None:
    assert name_meant_by(word, 40) == meant
