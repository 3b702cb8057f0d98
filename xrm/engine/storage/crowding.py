"""How many columns a table can have: fewer than either database allows, so that both take the same definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.steps import thing
from xrm.errors import Problem

MOST_COLUMNS = 1_600  # of PostgreSQL; SQLite takes 2,000


def crowded(tables: Iterable[sa.Table], live: LiveSchema) -> Iterator[Problem]:
    """A problem for each table that would have more columns, those that are kept as removed included."""
    for table in tables:
        there = live.tables.get(table.name, LiveTable(table.name))
        count = len({*table.columns.keys(), *there.columns, *there.shadows})
        if count > MOST_COLUMNS:
            yield too_crowded(f"{thing(table)} would need {count:,} columns; {MOST_COLUMNS:,} are allowed.")


def too_crowded(message: str) -> Problem:
    """The refusal of such a table."""
    hint = (
        "Move some of its fields to an owned child. A money or an address takes several columns,"
        " and so does what was removed, until it is purged."
    )
    return Problem("S128", message, hint)
