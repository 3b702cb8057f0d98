"""The titles of records of any entities that a person keeps: one statement, with the rights of the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.queries.conditions import base_conditions
from xrm.engine.queries.counting import MOST_AT_ONCE
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.request import Trash
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared, any_of

Kept = tuple[str, UUID]


def titles(
    kit: Kit, unit: UnitOfWork, kept: Sequence[Kept], parameters: Mapping[str, Any]
) -> dict[Kept, str]:
    """The titles of those of the records that exist, outside the trash, and that the actor may read."""
    by_entity: dict[str, list[UUID]] = {}
    for entity, record in kept:
        if entity in kit.desk.schema.entities and kit.desk.reader.rights(entity).can("read"):
            by_entity.setdefault(entity, []).append(record)
    names = tuple(sorted(by_entity))[:MOST_AT_ONCE]
    if not names:
        return {}
    prepared = kit.plan(("titles of", names), lambda: _titles(kit, names))
    ids = {f"ids{n}": by_entity[name] for n, name in enumerate(names)}
    rows = (prepared.read(row) for row in unit.run(prepared, {**parameters, **ids}))
    return {(names[place], record): title for place, record, title in rows}


def _titles(kit: Kit, names: Sequence[str]) -> Prepared:
    def chosen(place: int, name: str) -> sa.Select[Any]:
        frame = kit.desk.frame(name)
        number: sa.Label[Any] = sa.literal_column(str(place), sa.Integer()).label("place")
        here = (any_of(frame.id, f"ids{place}"), *base_conditions(frame, Trash.LIVE))
        made: sa.Select[Any] = sa.select(number, frame.id.label("id"), frame.own("title").label("title"))
        return made.where(*here)

    return kit.prepare(sa.union_all(*(chosen(n, name) for n, name in enumerate(names))))
