"""What has been done in a new installation, for the list of first steps that ticks itself."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE, ENTITY, JOB, LAYER, USER, VIEW
from xrm.engine.transfer.importer import IMPORT
from xrm.metadata.sources import Layer

PEOPLE = ("user", "team", "unit")


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Whether a pack is installed, a person made a record, imported a file, invited a colleague, and saved a view."""

    pack: bool
    record: bool
    imported: bool
    colleague: bool
    view: bool


def first_steps(unit: UnitOfWork, installer: UUID) -> FirstSteps:
    """What this transaction sees; the installer, who plants seeds, is nobody here. One statement."""
    floors = [str(floor) for floor in Layer if floor is not Layer.PACK]
    known = sa.select(ENTITY.c.number).where(ENTITY.c.name.in_(PEOPLE))
    asked = (
        sa.exists().where(LAYER.c.name.not_in(floors)),
        sa.exists().where(
            CHANGE.c.operation == "create",
            CHANGE.c.actor.is_not(None),
            CHANGE.c.actor != installer,
            CHANGE.c.entity.not_in(known),
        ),
        sa.exists().where(JOB.c.kind == IMPORT, JOB.c.state == "done", JOB.c.actor != installer),
        sa.exists().where(USER.c.created_by.is_not(None), USER.c.created_by != installer),
        sa.exists().where(VIEW.c.id.is_not(None)),
    )
    return FirstSteps(*map(bool, unit.execute(sa.select(*asked)).one()))
