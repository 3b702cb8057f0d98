"""Text of which nothing can be seen is no text; what helps to write what can be seen stays where it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.inputs import TYPES
from xrm.metadata.fieldtypes.builtins import read_value

TEXTS = ("text", "long_text", "markdown", "rich_text")
UNSEEN = ("\u200b", "\ufeff", "\u200d", "\u2060", "\u00ad", "\u202e", "\u3164", "\u2800", "\u00a0", "\u3000", "\ufe0f",
          "\U000e0001")  # fmt: skip
JOINED = (
    "👩\u200d👩\u200d👧",
    "می\u200cخواهم",
    "❤\ufe0f",
    "क\u094d\u200dष",
    "co\u00adop",
    "\u202bשלום\u202c",
    "한글",
    "⠁",
)

types = st.sampled_from(TEXTS)
unseen = st.text(st.sampled_from(UNSEEN) | st.characters(categories=["Cf", "Zs"]), min_size=1, max_size=20)
seen = st.characters(
    categories=["L", "N", "S", "P"], exclude_characters="".join((*UNSEEN, "\u115f\u1160\uffa0<>&"))
)


def read(name: str, text: str) -> object:
    return read_value(TYPES[name], text, {})


@given(types, unseen)
def test_text_of_which_nothing_can_be_seen_is_empty(name: str, text: str) -> None:
    assert read(name, text) is None


@given(types, unseen, seen, unseen)
def test_one_character_that_can_be_seen_is_enough(name: str, before: str, shown: str, after: str) -> None:
    assert unicodedata.normalize("NFC", shown) in str(read(name, before + shown + after))


@pytest.mark.parametrize("text", JOINED)
@pytest.mark.parametrize("name", TEXTS)
def test_joiners_inside_words_stay(name: str, text: str) -> None:
    assert read(name, text) == unicodedata.normalize("NFC", text)


def test_markup_around_nothing_is_empty() -> None:
    assert read("rich_text", "<p>\u200b<strong>&#8203;&nbsp;</strong></p>") is None
