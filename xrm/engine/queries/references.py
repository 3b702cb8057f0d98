"""Titles of records that a `to: any` relationship points at: one statement per entity, none per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.queries.plan import Kit
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared, any_of

Path = tuple[str, ...]


def name_references(
    kit: Kit,
    unit: UnitOfWork,
    data: Sequence[dict[str, Any]],
    paths: Sequence[Path],
    parameters: Mapping[str, Any],
) -> None:
    """Every reference at these paths has the title of its record, or none where the actor may not read it."""
    found = [ref for record in data for path in paths if (ref := _at(record, path)) is not None]
    by_entity: dict[str, dict[UUID, None]] = {}
    for ref in found:
        by_entity.setdefault(ref["entity"], {})[UUID(ref["id"])] = None
    titles = {e: titles_of(kit, unit, e, list(ids), parameters) for e, ids in by_entity.items()}
    for ref in found:
        ref["title"] = titles[ref["entity"]].get(ref["id"])


def _at(record: Mapping[str, Any], path: Path) -> dict[str, Any] | None:
    at: Any = record
    for name in path:
        at = at.get(name) if isinstance(at, Mapping) else None
    return at if isinstance(at, dict) else None


def titles_of(
    kit: Kit, unit: UnitOfWork, entity: str, ids: Sequence[UUID], parameters: Mapping[str, Any]
) -> dict[str, str]:
    """The titles by id of those records that the actor may read."""
    if entity not in kit.desk.schema.entities or not kit.desk.reader.rights(entity).can("read"):
        return {}
    prepared = kit.plan(("titles", entity), lambda: _titles(kit, entity))
    rows = (prepared.read(row) for row in unit.run(prepared, {**parameters, "ids": list(ids)}))
    return {str(record): title for record, title in rows}


def _titles(kit: Kit, entity: str) -> Prepared:
    frame = kit.desk.frame(entity)
    readable = frame.readable()
    conditions = [any_of(frame.id, "ids")] if readable is None else [any_of(frame.id, "ids"), readable]
    return kit.prepare(sa.select(frame.id, frame.own("title")).where(*conditions))
