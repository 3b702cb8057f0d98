"""Cells that a spreadsheet would run as formulas, made harmless; and such cells taken back."""

from __future__ import annotations

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*%?\Z")
QUOTE = "'"


def harmless(cell: str) -> str:
    """The cell with a quotation mark before what a spreadsheet would take for a formula; numbers stay."""
    return f"{QUOTE}{cell}" if cell.startswith(_FORMULA) and not _NUMBER.match(cell) else cell


def original(cell: str) -> str:
    """The cell as it was before `harmless`, so that what was exported can be imported again."""
    if not cell.startswith(QUOTE):
        return cell
    inner = cell[1:]
    return inner if inner and harmless(inner) == cell else cell
