"""The problem codes that only saved views give out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VIEW_CODES: Mapping[str, str] = MappingProxyType(
    {
        "R181": "A saved view has no name, or one that is too long.",
        "R182": "There is a saved view of this name already.",
        "R183": "A saved view asks for something that it cannot be.",
        "R184": "The saved view was changed meanwhile.",
        "L141": "There are too many saved views of one entity.",
    }
)
