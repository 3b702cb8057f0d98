"""Titles: what a record is called, made of its own values and kept beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.projection.programs import Program, Scene, program_of
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.types import Uuid
from xrm.metadata.expressions.environment import Context, RecordEnv
from xrm.metadata.values import fold

TITLE_LENGTH: Final = 200
_RECORD: Final = "record_id"


def title_of(program: Program | None, scene: Scene, record: UUID) -> str:
    """What the record is called; the end of its id where its values say nothing."""
    found = program(scene) if program else None
    return str(found)[:TITLE_LENGTH] if found else str(record)[-8:]


def retitled(
    unit: UnitOfWork,
    stored: EntityTable,
    numbers: Numbers,
    context: Context,
    portions: Iterator[Sequence[Mapping[str, Any]]],
) -> Iterator[Sequence[dict[str, Any]]]:
    """The whole rows of each portion that were called otherwise, with the titles that they have from now on."""
    title = stored.entity.title
    program = None if title is None else program_of(title)
    for rows in portions:
        made = [{**row, "title": title_in(stored, numbers.names, program, context, row)} for row in rows]
        changed = [new for new, old in zip(made, rows, strict=True) if new["title"] != old["title"]]
        if changed:
            _put(unit, stored.table, changed)
        yield changed


def title_in(
    stored: EntityTable,
    names: Mapping[int, str],
    program: Program | None,
    context: Context,
    row: Mapping[str, Any],
) -> str:
    """What the whole row is called; `names` are those of entities by their numbers."""
    values = {**row, **stored.join(row, names)}
    return title_of(program, Scene(context, RecordEnv(stored.entity.name, values)), row["id"])


def _put(unit: UnitOfWork, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """The rows are as they were, but for their titles."""
    titles = [row["title"] for row in rows]
    columns: dict[str, Sequence[Any]] = {"title": titles, "title__key": [fold(title) for title in titles]}
    statement = sa.update(table).where(table.c.id == sa.bindparam(_RECORD, type_=Uuid()))
    prepared = unit.database.prepare(statement, list(columns))
    unit.run_columns(prepared, {**columns, _RECORD: [row["id"] for row in rows]}, len(rows))
