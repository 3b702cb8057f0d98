"""Since when former names have been former: asked for by doors that say so to whoever still uses them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import FORMER
from xrm.engine.storage.numbers import Numbers
from xrm.metadata.model import Model

ITSELF = 0  # in place of the number of a field: the entity as a whole
Since = Mapping[tuple[str, str], datetime]
_KEY = (FORMER.c.entity, FORMER.c.field, FORMER.c.name)


def keep_former_names(unit: UnitOfWork, model: Model, numbers: Numbers, now: datetime) -> None:
    """Each former name of an entity or of what it has is known since its first activation; retired ones are gone."""
    wanted = set(_wanted(model, numbers))
    known = {tuple(row) for row in unit.execute(sa.select(*_KEY))}
    new = [{"entity": e, "field": f, "name": n, "since": now} for e, f, n in sorted(wanted - known)]
    if new:
        unit.execute(sa.insert(FORMER), new)
    for key in known - wanted:
        unit.execute(sa.delete(FORMER).where(*(c == v for c, v in zip(_KEY, key, strict=True))))


def _wanted(model: Model, numbers: Numbers) -> list[tuple[int, int, str]]:
    entities = [
        (numbers.entities[new], ITSELF, old)
        for old, new in model.former.entities.items()
        if new in numbers.entities
    ]
    members = [
        (numbers.entities[entity], numbers.fields[entity, new], old)
        for entity, names in model.former.members.items()
        for old, new in names.items()
        if (entity, new) in numbers.fields
    ]
    return [*entities, *members]


def read_former_names(unit: UnitOfWork, numbers: Numbers) -> Since:
    """Since when, by the present name of the entity and the former name; of entities by an empty text and that."""
    rows = unit.execute(sa.select(FORMER)).all()
    return {("" if row.field == ITSELF else numbers.names[row.entity], row.name): row.since for row in rows}
