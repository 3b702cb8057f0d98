"""What is kept of former definitions points at records, too, and is held to that where it is restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from xrm.engine.backup.manifest import Manifest
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.restoring import Pointer

Row = Mapping[str, Any]


def pointers(
    shadows: Iterable[Row], entities: Iterable[Row], schema: Schema, manifest: Manifest
) -> list[Pointer]:
    """The columns of shadows that point at records which are there; the rows are those of the ledger.

    What points at something that was destroyed is held to nothing.
    """
    kept = list(shadows)
    tables = {facts.name: facts.columns for facts in manifest.tables}
    there: dict[Any, Any] = {
        row.get("number"): schema.entities[name].table.name
        for row in entities
        if (name := str(row.get("name"))) in schema.entities
    }
    there |= {row.get("entity"): row.get("table") for row in kept if _is_entity(row)}
    return [
        Pointer(table, column, target)
        for row in kept
        for table, column, number in _points(row)
        if (target := there.get(number)) in tables and column in tables.get(table, ())
    ]


def _is_entity(row: Row) -> bool:
    return not row.get("columns") and "." not in str(row.get("thing"))


def _points(row: Row) -> Iterator[tuple[str, str, Any]]:
    points, table = row.get("points"), row.get("table")
    if isinstance(points, Mapping) and isinstance(table, str):
        yield from ((table, column, number) for column, number in points.items() if type(number) is int)


def first_lost(unit: UnitOfWork, wanted: Iterable[Pointer]) -> tuple[Pointer, int] | None:
    """The first pointer with values that lead nowhere, and how many those are."""
    for pointer in wanted:
        column: sa.ColumnClause[Any] = sa.column(pointer.column)
        there = sa.table(pointer.target, sa.column("id"))
        missing = sa.select(sa.func.count()).select_from(sa.table(pointer.table, column))
        missing = missing.where(column.is_not(None), column.not_in(sa.select(there.c.id)))
        if count := int(unit.execute(missing).scalar_one()):
            return pointer, count
    return None
