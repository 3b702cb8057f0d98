"""Values of documents in words, as people read them in plans and comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from xrm.metadata.editing import flow

ABSENT: Final = "\0absent"  # stands for no value: no document holds this character
_LONGEST: Final = 120


def told(value: Any) -> str:
    """The value in one line, as its author would write it; "nothing" if there is none."""
    if value == ABSENT:
        return "nothing"
    if isinstance(value, Mapping) and list(value) == ["en"]:
        value = value["en"]
    text = flow(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def plain(value: Any) -> Any:
    """The value for a program: null where there is none."""
    return None if value == ABSENT else value
