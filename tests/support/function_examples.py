"""The examples of the function table: what is asked, and its answer as it is written in the table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from xrm.metadata.expressions.exact import plain
from xrm.metadata.expressions.functions import FUNCTIONS

EXAMPLES = {function.example: function.answer for function in FUNCTIONS.values()}


def spoken(value: Any) -> str:
    """The value as it would be written in an expression."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return plain(value)
    return f'"{value.isoformat() if isinstance(value, date) else value}"'
