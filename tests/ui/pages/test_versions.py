"""The version that a form sends back."""

from __future__ import annotations

import pytest

from xrm.ui.pages.visit import version_in


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("7", 7),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("seven", None),
        ("9" * 18, int("9" * 18)),
        ("9" * 5_000, None),
    ],
    ids=["number", "empty", "negative", "decimal", "word", "longest", "endless"],
)
def test_a_version_is_a_short_whole_number_or_none(text: str, version: int | None) -> None:
    assert version_in(text) == version
