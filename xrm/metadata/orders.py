"""Which fields records can be put in order by, and why others not."""

from __future__ import annotations

from xrm.metadata.expressions.types import ORDERED, Kind
from xrm.metadata.model import Field

NO_ORDER = "Values of its type have no order."
FOUND = "It is found when it is read, and only numbers, days, times and yes or no are put in order then."


def why_unordered(field: Field) -> str:
    """Why records are not put in order by the field; empty where they are.

    What follows from the clock is compiled for the database where its name stands. Texts, options and amounts have
    their order in columns of their own, which it has not.
    """
    if not field.type.is_sortable:
        return NO_ORDER
    if field.is_live and field.type.expression(field.params).kind not in ORDERED | {Kind.BOOLEAN}:
        return FOUND
    return ""
