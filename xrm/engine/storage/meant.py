"""What names stood for when a change was logged: the log keeps option keys and names of entities as they were then.

Each version notes the last change that was logged before it, and no change is written while versions change. So the
version in which a change was made follows from its position, without clocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import ACTIVATION, CHANGE
from xrm.engine.storage.numbers import NO_NAMES, Names, Numbers
from xrm.metadata.fieldtypes.base import Option


class Meaningless(LookupError):
    """What a name stood for is not there any more."""


def last_position(unit: UnitOfWork) -> int:
    """The position of the last change that was logged; 0 before any."""
    return int(unit.execute(sa.select(sa.func.max(CHANGE.c.position))).scalar() or 0)


def names_in_force(unit: UnitOfWork) -> Names:
    """What the names of the last version stand for."""
    last = sa.select(ACTIVATION.c.names).order_by(ACTIVATION.c.number.desc()).limit(1)
    kept = unit.execute(last).scalar()
    return Names.from_json(kept) if kept else NO_NAMES


@dataclass(frozen=True, slots=True)
class Meant:
    """What names stood for `then`, by those of `now`."""

    then: Names
    now: Names
    numbers: Numbers

    def entity(self, name: str) -> str:
        """What the entity is called now that was called so; raises Meaningless."""
        number = self.then.entities.get(name)
        if number is None:  # an entity of the engine, whose name stays
            return name
        if number in self.numbers.gone_entities or number not in self.numbers.names:
            raise Meaningless(name)
        return self.numbers.names[number]

    def option(self, field: int, key: str, options: tuple[Option, ...]) -> str:
        """The key that the option has now which had this one, of the field with that number; raises Meaningless."""
        then, now = self.then.origins(field), self.now.origins(field)
        if then is None or now is None:
            return key
        origin = then.get(key, key)
        found = (option.key for option in options if now.get(option.key, option.key) == origin)
        present = next(found, None)
        if present is None:
            raise Meaningless(key)
        return present


def meant_at(unit: UnitOfWork, numbers: Numbers, position: int) -> Meant | None:
    """What names stood for when the change at `position` was logged; None where all names are as they were then.

    Versions from before this was noted are taken for as old as the changes.
    """
    newer = sa.select(sa.func.min(ACTIVATION.c.number)).where(ACTIVATION.c.position >= position)
    first = unit.execute(newer).scalar()
    if first is None:
        return None
    former = sa.select(ACTIVATION.c.names).where(ACTIVATION.c.number < first)
    kept: Mapping[str, Any] | None = unit.execute(
        former.order_by(ACTIVATION.c.number.desc()).limit(1)
    ).scalar()
    return Meant(Names.from_json(kept), names_in_force(unit), numbers) if kept else None
