"""Every change of people and their rights: a row of the change log, and a bump that all processes see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE, ENTITY
from xrm.engine.world import World

NOTHING: Mapping[str, Any] = {}
RECORD_OPERATIONS = ("create", "update")
ACCESS = "user:access"  # no entity of any model has this name, so no feed or history tells of it


def note(
    unit: UnitOfWork,
    world: World,
    actor: Actor,
    about: tuple[str, UUID, int],
    operation: str,
    before: Mapping[str, Any] = NOTHING,
    after: Mapping[str, Any] = NOTHING,
) -> None:
    """The change log says who did what; `about` is the engine entity, the record and its version.

    What is no change of a record, such as a sign-in or a given role, is kept for auditors alone.
    """
    entity, record, version = about
    row = {
        "at": world.now(),
        "actor": actor.id,
        "door": actor.door,
        "cause": actor.cause or None,
        "entity": entity_number(unit, entity if operation in RECORD_OPERATIONS else ACCESS),
        "record": record,
        "version": version,
        "operation": operation,
        "title": after.get("name") or None,
        "before": dict(before),
        "after": dict(after),
    }
    unit.execute(sa.insert(CHANGE), row)


def entity_number(unit: UnitOfWork, entity: str) -> int:
    """The ledger number of one of the engine's own entities; given now if it has none yet."""
    wanted = sa.select(ENTITY.c.number).where(ENTITY.c.name == entity)
    number = unit.execute(wanted).scalar()
    if number is None:
        unit.execute(sa.insert(ENTITY), {"name": entity})
        number = unit.execute(wanted).scalar_one()
    return int(number)
