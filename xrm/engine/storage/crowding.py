"""How many columns a table can have, and how large its rows can be: no more than either database allows, so that
both take the same definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.faults import DRIVER_ERRORS, is_crowded
from xrm.engine.storage.matching import Match, Standing
from xrm.engine.storage.steps import Column, thing, type_text
from xrm.errors import NOWHERE, Place, PlanRefused, Problem
from xrm.metadata.widths import FIXED, POINTER, VARYING

MOST_COLUMNS = 1_600  # of PostgreSQL; SQLite takes 2,000
MOST_BYTES = 7_888  # of 8,160, which PostgreSQL has: the rest is for the head of so many columns, and a title made anew
_WIDE = ("text", "json", "bytea", "blob")
_LONG = ("numeric", "scaled_int", "uuid")


def crowded(tables: Iterable[sa.Table], matched: Match, dialect: SqlDialect) -> Iterator[Problem]:
    """A problem for each table that would get more columns or larger rows, what is kept as removed included."""
    for table in tables:
        standing = matched.standings.get(table.name)
        new = _new(table, standing)
        kinds = [*_there(standing), *(type_text(column, dialect) for column in new)]
        where = table.info.get("place", NOWHERE)
        if len(kinds) > MOST_COLUMNS and new:
            message = f"{thing(table)} would need {len(kinds):,} columns; {MOST_COLUMNS:,} are allowed."
            yield Problem("S128", message, _FEWER, where)
        if new and (size := width(kinds)) > MOST_BYTES:
            message = f"A row of {thing(table)} could take {size:,} bytes; {MOST_BYTES:,} are allowed."
            yield Problem("S129", message, _SMALLER, where)


def width(kinds: Iterable[str]) -> int:
    """The most bytes that columns of these types take in a row, as is counted for definitions."""
    return sum(VARYING if k.startswith(_WIDE) else POINTER if k.startswith(_LONG) else FIXED for k in kinds)


def _there(standing: Standing | None) -> Iterable[str]:
    """The types of the columns that are there and stay, under whatever name."""
    return () if standing is None else (*standing.live.columns.values(), *standing.live.shadows.values())


def _new(table: sa.Table, standing: Standing | None) -> Sequence[Column]:
    """The wanted columns that no column becomes."""
    if standing is None:
        return tuple(table.columns)
    back = {name for turn in standing.turned for name in turn.back}
    return tuple(c for c in table.columns if c.name not in standing.columns and c.name not in back)


@contextmanager
def with_room(what: str, where: Place = NOWHERE) -> Iterator[None]:
    """The block, which does `what`; raises PlanRefused where its table has no room for another column.

    PostgreSQL counts columns that are gone for good, too, so nobody can tell before.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        if not is_crowded(error):
            raise
        message = f"The columns of its table are used up, so this cannot be done: {what}"
        raise PlanRefused(Problem("S128", message, _ANEW, where)) from error


_FEWER = (
    "Move some of its fields to an owned child. A money or an address takes several columns,"
    " and so does what was removed, until it is purged."
)
_SMALLER = (
    "What was removed takes room until it is purged. Or move some of its fields to an owned child: the reference of"
    " definitions says what each counts."
)
_ANEW = (
    "PostgreSQL counts columns that are gone, too: xrm backup, and xrm restore into an empty database, make the"
    " table anew without them. Or move some of its fields to an owned child."
)
