"""The icons that entities may have: the names of the set that the pages draw."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def icon_names() -> frozenset[str]:
    """Every name; a test holds that the pages draw exactly these."""
    return frozenset(Path(__file__).with_name("icon_names.txt").read_text(encoding="ascii").split())
