"""The problem codes of expressions, and the published limits of one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from xrm.errors import Place

EXPRESSION_CODES: Mapping[str, str] = MappingProxyType(
    {
        "M200": "The expression cannot be read.",
        "M201": "A name is not known here.",
        "M202": "An operator or function cannot take a value of this type.",
        "M203": "There is no such function.",
        "M204": "A function has too few or too many arguments.",
        "M205": "The expression gives another type than its place needs.",
        "M206": "A text is no value of the field that it is compared with.",
        "M207": "Something is used where it is not available.",
        "M208": "The expression is too long, too deep or too costly.",
        "M209": "A name does not mean the same on all records that the path may lead to.",
    }
)

MAX_CHARACTERS: Final = 10_000
MAX_DEPTH: Final = 60
MAX_NODES: Final = 2_000
MAX_COST: Final = 20_000
MAX_HOPS: Final = 4
MAX_NESTING: Final = 45
MAX_NESTING_OF_ROWS: Final = 30

EXPRESSION_LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "characters": MAX_CHARACTERS,
        "levels of what is written": MAX_DEPTH,
        "nesting in a query": MAX_NESTING,
        "nesting of a row rule": MAX_NESTING_OF_ROWS,
        "values and operators": MAX_NODES,
        "cost": MAX_COST,
        "relationships in one path": MAX_HOPS,
    }
)


def place_of(place: Place, text: str, offset: int) -> Place:
    """Where `offset` of an expression lies when its first character lies at `place`."""
    before = text[:offset]
    lines = before.count("\n")
    if lines:
        column = offset - before.rfind("\n")
        return Place(place.file, place.line + lines if place.line else 0, column, place.path, offset + 1)
    return Place(place.file, place.line, max(place.column, 1) + offset, place.path, offset + 1)
