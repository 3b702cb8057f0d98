"""JSON bodies are read exactly, within limits, or refused with a code."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrm.api.body import is_deeper, read_json
from xrm.errors import TooLarge, Unreadable
from xrm.settings import Limits

LIMITS = Limits()
SMALL = Limits(body_bytes=64, json_depth=3)

REFUSED = {
    "nothing": (b"", "H101"),
    "cut off": (b'{"a": 1', "H101"),
    "text after the value": (b"{} x", "H101"),
    "not UTF-8": (b'{"a": "\xff"}', "H101"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "H101"),
    "a UTF-16 text": ('{"a": 1}'.encode("utf-16"), "H101"),
    "a raw control character": (b'{"a": "\x01"}', "H101"),
    "a key twice": (b'{"a": 1, "a": 2}', "H102"),
    "a key twice, one escaped": (b'{"a": 1, "\\u0061": 2}', "H102"),
    "a key twice, far inside": (b'[{"x": [{"a": 1, "a": 1}]}]', "H102"),
    "NaN": (b'{"a": NaN}', "H103"),
    "Infinity": (b"[Infinity]", "H103"),
    "minus Infinity": (b"[-Infinity]", "H103"),
    "2^63": (b"[9223372036854775808]", "H103"),
    "an integer of 5000 digits": (b"[" + b"9" * 5000 + b"]", "H103"),
    "a huge exponent": (b"[1e999999999]", "H103"),
    "an exponent of many digits": (b"[1e" + b"9" * 90 + b"]", "H103"),
    "a tiny exponent": (b"[1e-999999999]", "H103"),
    "NUL": (b'["\\u0000"]', "H104"),
    "NUL in a key": (b'{"\\u0000": 1}', "H104"),
    "a lone surrogate": (b'["\\ud800"]', "H104"),
    "a lone low surrogate": (b'["\\uDC00 x"]', "H104"),
    "a lone surrogate as key, twice": (b'{"\\ud800": 1, "\\ud800": 1}', "H102"),
}


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_json_is_refused_with_a_code(raw, code):
    with pytest.raises(Unreadable) as refusal:
        read_json(raw, LIMITS)
    assert refusal.value.first.code == code
    refusal.value.first.message.encode("utf-8")


def test_decimals_stay_exact():
    value = read_json(b'{"a": 12345678901234567.89, "b": 0.10, "c": 1E2}', LIMITS)
    assert value == {"a": Decimal("12345678901234567.89"), "b": Decimal("0.10"), "c": Decimal("1E2")}
    assert str(value["b"]) == "0.10"


def test_the_largest_integers_are_read():
    assert read_json(b"[9223372036854775807, -9223372036854775808]", LIMITS) == [2**63 - 1, -(2**63)]


def test_a_surrogate_pair_is_one_character():
    assert read_json(b'["\\ud83d\\ude00"]', LIMITS) == ["\U0001f600"]


def test_an_escaped_backslash_before_u0000_is_only_text():
    assert read_json(rb'["\\u0000"]', LIMITS) == ["\\u0000"]


@pytest.mark.parametrize(
    "raw",
    [b"[" * 200_000, b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[[[[]]]]"],
    ids=["open", "balanced", "objects", "one too deep"],
)
def test_too_deep_a_body_is_refused_with_the_limit(raw):
    with pytest.raises(TooLarge) as refusal:
        read_json(raw, Limits(json_depth=3))
    assert refusal.value.facts["limit"]["code"] == "L102"


def test_too_long_a_body_is_refused_with_the_limit():
    with pytest.raises(TooLarge) as refusal:
        read_json(b'"' + b"x" * 64 + b'"', SMALL)
    assert refusal.value.facts["limit"]["name"] == "body_bytes"


def test_brackets_inside_text_are_not_levels():
    assert read_json(b'["[[[[\\"[[[["]', SMALL) == ['[[[["[[[[']


def test_many_brackets_side_by_side_are_not_deep():
    assert len(read_json(b"[" + b",".join([b"[]"] * 50_000) + b"]", LIMITS)) == 50_000


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab[]{}"\\', max_size=4), inner),
    max_leaves=30,
)


def depth(value) -> int:
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(VALUES, st.booleans(), st.integers(0, 6))
def test_whatever_json_says_is_read_back_and_its_depth_is_known(value, ascii_only, levels):
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert read_json(raw, LIMITS) == value
    assert is_deeper(raw, levels) == (depth(value) > levels)
