"""YAML without its dangers: what words mean, where they stand, and what is refused quickly and once."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from xrm.metadata.limits import DOCUMENT_BYTES
from xrm.metadata.positions import Path
from xrm.metadata.yaml_reader import compose

LOADERS = [pytest.param(yaml.CSafeLoader, id="libyaml"), pytest.param(yaml.SafeLoader, id="python")]

WORDS: list[tuple[str, Any]] = [
    ("", None), ("~", None), ("null", None), ("Null", "Null"), ("true", True), ("false", False),
    ("True", "True"), ("yes", "yes"), ("no", "no"), ("NO", "NO"), ("on", "on"), ("off", "off"),
    ("0", 0), ("7", 7), ("-5", -5), ("-0", "-0"), ("012", "012"), ("0x1F", "0x1F"), ("0o17", "0o17"),
    ("1_000", "1_000"), ("+4", "+4"), ("12:30", "12:30"), ("12:30:45", "12:30:45"), ("1e3", "1e3"),
    ("1.50", Decimal("1.50")), (".5", ".5"), ("1.", "1."), (".inf", ".inf"), (".nan", ".nan"),
    ("9223372036854775807", 9223372036854775807), ("1" * 40, "1" * 40), ("1.2.3", "1.2.3"),
    ("2026-01-01", "2026-01-01"), ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
    ('"5"', "5"), ("'true'", "true"), ('"caf\\u00e9"', "café"), ("=", "="), ("<<", "<<"),
]  # fmt: skip


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(("word", "value"), WORDS, ids=[repr(w) for w, _ in WORDS])
def test_a_word_is_a_number_or_a_truth_only_when_it_can_be_nothing_else(word: str, value: Any, loader: Any):
    composed = compose(f"key: {word}\n".encode(), "f", loader)
    assert composed.problems == ()
    assert composed.raw == {"key": value}
    assert type(composed.raw["key"]) is type(value)


@given(st.integers(-(10**18), 10**18) | st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_a_number_is_written_back_as_it_was_read(number: int | Decimal):
    read = compose(f"- {number}\n".encode(), "f").raw[0]
    assert str(read) == str(number)


def test_keys_are_always_text():
    assert compose(b"{on: 1, 5: 2, null: 3, true: 4, 1.50: 5}", "f").raw == {
        "on": 1, "5": 2, "null": 3, "true": 4, "1.50": 5,
    }  # fmt: skip


REFUSED = [
    pytest.param("a: 1\nb: 2\na: 3\n", "M102", 3, 1, "lines 1 and 3", id="a key twice"),
    pytest.param("a: &x 1\nb: *x\n", "M103", 1, 4, "Anchors", id="an anchor"),
    pytest.param("a: *x\n", "M103", 1, 4, "Aliases", id="an alias"),
    pytest.param("a: !!python/object:os.system {}\n", "M103", 1, 4, "Tags", id="a tag"),
    pytest.param("a: !secret x\n", "M103", 1, 4, "Tags", id="a tag of one's own"),
    pytest.param("a: 1\n---\nb: 2\n", "M103", 2, 1, "second", id="two documents"),
    pytest.param("%TAG ! tag:x,2000:\n---\na: 1\n", "M103", 1, 1, "Tags", id="a tag directive"),
    pytest.param("? [a, b]\n: 1\n", "M103", 1, 3, "key", id="a list as key"),
    pytest.param("a: [1, 2\n", "M101", 2, 1, "YAML", id="an open list"),
    pytest.param("a: b: c\n", "M101", 1, 5, "YAML", id="two colons"),
    pytest.param("a:\n\tb: 1\n", "M101", 2, 1, "YAML", id="a tab"),
    pytest.param("a: \x00\n", "M105", 1, 4, "U+0000", id="NUL"),
    pytest.param('a: "\\0"\n', "M105", 1, 4, "escape", id="NUL in an escape"),
]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(("text", "code", "line", "column", "says"), REFUSED)
def test_what_is_not_read_is_one_problem_at_its_place(
    text: str, code: str, line: int, column: int, says: str, loader: Any
):
    (problem,) = compose(text.encode(), "f.yaml", loader).problems
    assert (problem.code, problem.where.line, problem.where.column) == (code, line, column)
    assert says in problem.message
    assert problem.hint


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n"], ids=["first", "later"])
def test_a_tab_in_front_of_a_key_is_told_as_what_it_is(text: str, loader: Any):
    (problem,) = compose(text.encode(), "f.yaml", loader).problems
    assert "tab" in problem.message
    assert problem.hint == "Indent with spaces; tabs are not allowed there."


def test_of_a_key_that_stands_twice_the_first_value_stays():
    assert compose(b"a: 1\nb: {c: 2, c: {d: 3}}\na: 4\n", "f").raw == {"a": 1, "b": {"c": 2}}


def test_a_file_that_is_not_utf_8_is_told_where():
    (problem,) = compose(b"a: 1\nb: caf\xe9\n", "f").problems
    assert (problem.code, problem.where.line, problem.where.column) == ("M105", 2, 7)


BOMBS = [
    pytest.param(b"[" * DOCUMENT_BYTES, id="a million brackets"),
    pytest.param(b"{a: " * (DOCUMENT_BYTES // 4), id="a quarter of a million maps"),
    pytest.param(b"- " * (DOCUMENT_BYTES // 2), id="half a million lists in a line"),
    pytest.param(
        b"a: &a [x]\n" + b"".join(b"b%d: [*a,*a,*a]\n" % n for n in range(50)), id="aliases of aliases"
    ),
    pytest.param(b"? " * 200_000, id="keys of keys"),
]  # fmt: skip


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("content", BOMBS)
def test_a_bomb_is_one_problem_and_no_long_wait(content: bytes, loader: Any):
    begun = time.process_time()
    assert len(compose(content, "f", loader).problems) == 1
    assert time.process_time() - begun < 5


def test_a_document_of_too_many_values_is_one_problem():
    (problem,) = compose(b"- x\n" * 120_000, "f").problems
    assert (problem.code, problem.where.line) == ("M104", 100_000)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text("abcé –\"'{}[]:,#", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
@settings(max_examples=150)
def test_json_is_read_as_it_is(value: Any):
    for indent in (None, 2):
        composed = compose(json.dumps(value, ensure_ascii=False, indent=indent).encode(), "f.json")
        assert composed.problems == ()
        assert composed.raw == value


@given(VALUES, st.booleans())
@settings(max_examples=150)
def test_both_parsers_say_the_same(value: Any, flow: bool):
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow, width=30).encode()
    fast, slow = compose(text, "f", yaml.CSafeLoader), compose(text, "f", yaml.SafeLoader)
    assert (fast.raw, fast.positions) == (slow.raw, slow.positions)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, min_size=1, max_size=5))
@settings(max_examples=100)
def test_every_key_and_value_stands_where_it_is_said_to_stand(value: dict[str, Any]):
    text = json.dumps(value, ensure_ascii=False, indent=1)
    composed = compose(text.encode(), "f")
    lines = text.split("\n")
    for path, key, inner in _keys(value, ()):
        line, column = composed.positions.key(path)
        assert lines[line - 1][column - 1 :].startswith(json.dumps(key, ensure_ascii=False))
        line, column = composed.positions.value(path)
        assert lines[line - 1][column - 1 :].startswith(json.dumps(inner, ensure_ascii=False)[:1])


def _keys(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key), key, inner
            yield from _keys(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _keys(inner, (*path, index))
