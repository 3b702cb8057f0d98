"""How alike two texts are."""

from __future__ import annotations


def likeness(one: str, other: str) -> int:
    """How alike two folded texts are in percent, as they stand or with their words in order."""
    # Loaded with the first text that is compared: most commands never do.
    from rapidfuzz import fuzz

    return int(max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other)))
