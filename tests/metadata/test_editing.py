"""Documents changed in their own text: the rest keeps its words, comments and layout."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xrm.metadata.editing import flow, with_value, without_key
from xrm.metadata.yaml_reader import compose

TEXT = """\
# what we call things
entity: account
label: Client   # not account
fields:
  # people ask for it
  phone:
    required: true
    help: >
      With the
      prefix.
  kind: {label: Kind, options: {remove: [household, other], add: {public: Public}}}
  site: {label: Home page}
"""

CUTS = [
    pytest.param(("label", "en"), "label: Client   # not account\n", id="a line with its comment"),
    pytest.param(
        ("fields", "phone", "help"), "    help: >\n      With the\n      prefix.\n", id="a text of lines"
    ),
    pytest.param(("fields", "kind", "label", "en"), "label: Kind, ", id="the first of a line"),
    pytest.param(("fields", "kind", "options", "remove", "other"), ", other", id="the last of a list"),
    pytest.param(
        ("fields", "kind", "options", "remove", "household"), "household, ", id="the first of a list"
    ),
    pytest.param(
        ("fields", "kind", "options", "add", "public"),
        ", add: {public: Public}",
        id="a map that would be empty",
    ),
    pytest.param(
        ("fields", "site", "label", "en"), "  site: {label: Home page}\n", id="an item that would be empty"
    ),
]


@pytest.mark.parametrize(("path", "gone"), CUTS)
def test_what_is_taken_out_is_all_that_is_missing(path: tuple[str, ...], gone: str):
    assert TEXT.count(gone) == 1
    assert without_key(TEXT, path) == TEXT.replace(gone, "")


def test_a_document_that_says_nothing_any_more_is_empty():
    assert without_key("entity: account\nlabel: Client\n", ("label", "en")) == ""
    assert without_key("fields: {phone: {required: true}}\n", ("fields", "phone", "required")) == ""


def test_an_item_that_is_not_below_stays_without_its_last_key():
    text = "states:\n  lost: {color: red}\n  won: {}\n"
    assert without_key(text, ("states", "lost", "color"), lambda path: path != ("states", "lost")) == (
        "states:\n  lost: {}\n  won: {}\n"
    )


def test_a_word_of_a_row_is_taken_out_of_its_row():
    text = "main: {sections: {first: {rows: {add: [[phone, site], [fax]]}}}}\n"
    path = ("main", "sections", "first", "rows", "add")
    assert without_key(text, (*path, "site")) == text.replace(", site", "")
    assert without_key(text, (*path, "fax")) == text.replace(", [fax]", "")


def test_a_value_takes_the_place_of_another():
    text = with_value(
        TEXT, ("fields", "phone"), {"type": "phone", "required": True, "help": {"en": "No: 1, #2"}}
    )
    assert '  phone:\n    {type: phone, required: true, help: {en: "No: 1, #2"}}\n  kind:' in text
    assert text.startswith("# what we call things\n")


_NAMES = st.sampled_from(["a", "b", "c", "with space", "12", "no", "x.y", "ümlaut"])
_WORDS = st.one_of(
    _NAMES, st.sampled_from(["a: b", "#c", "- d", "{e", "true", "null", "1.50", "", " f", "g\nh", "add"])
)
_SCALARS = st.one_of(st.booleans(), st.integers(-9, 9), _WORDS)
_BODIES = st.dictionaries(
    _NAMES,
    st.recursive(
        _SCALARS,
        lambda inner: st.one_of(st.lists(_SCALARS, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)),
    ),
    min_size=1,
    max_size=4,
)


def read(text: str) -> Any:
    composed = compose(text.encode(), "text")
    assert composed.problems == ()
    return composed.raw


@given(_BODIES)
def test_a_value_in_one_line_reads_as_the_value(body: dict[str, Any]):
    assert read(flow(body)) == body


def _keys(body: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(body, dict):
        return []
    return [p for key, value in body.items() for p in [(*path, key), *_keys(value, (*path, key))]]


def _without(body: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A copy without the key, and without the maps that it leaves empty."""
    inner = _without(body[path[0]], path[1:]) if len(path) > 1 else {}
    return {k: inner if k == path[0] else v for k, v in body.items() if k != path[0] or inner}


@given(_BODIES, st.booleans(), st.data())
def test_whatever_the_layout_only_the_key_is_missing(
    body: dict[str, Any], in_blocks: bool, data: st.DataObject
):
    text = yaml.safe_dump(
        body, default_flow_style=not in_blocks, allow_unicode=True, sort_keys=False, width=40
    )
    path = data.draw(st.sampled_from(_keys(body)))
    expected = _without(read(text), path)
    left = without_key(text, path)
    assert (read(left) if left else {}) == expected


def test_a_list_that_began_in_the_column_of_its_key_is_replaced():
    assert read(with_value("a:\n- 1 # one\nb: 2\n", ("a",), {"new": [1]})) == {"a": {"new": [1]}, "b": 2}
    assert read(with_value("a: # why\n- 1\n", ("a",), ["x"])) == {"a": ["x"]}


@given(_BODIES, st.booleans(), st.data())
def test_whatever_the_layout_only_the_value_is_another(
    body: dict[str, Any], in_blocks: bool, data: st.DataObject
):
    text = yaml.safe_dump(
        body, default_flow_style=not in_blocks, allow_unicode=True, sort_keys=False, width=40
    )
    path = data.draw(st.sampled_from(_keys(body)))
    expected = read(text)
    at = expected
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = {"new": ["value", 1]}
    assert read(with_value(text, path, {"new": ["value", 1]})) == expected
