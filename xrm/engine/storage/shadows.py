"""Shadows: columns and tables that are no longer defined and are kept for a time, so that they can come back.

A shadow is what it was before, under a name of its own and without what the database watched over. The ledger
says what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import SHADOW
from xrm.engine.storage.steps import Occasion


@dataclass(frozen=True, slots=True)
class Shadow:
    """What is kept of a thing that was defined once.

    `columns` gives for each former column the one that it is now, in `table`; they are empty where all of the table
    is kept, which `was` called otherwise before. `points` gives for columns as they are the entity of the records that
    they point at. `entity`, `member` and those are ledger numbers. Where values became others, `turned` says how, and
    of which versions these are.
    """

    number: int
    thing: str
    table: str
    was: str
    columns: Mapping[str, str] = field(default_factory=dict)
    entity: int | None = None
    member: int | None = None
    definition: Any = None
    points: Mapping[str, int] | None = None
    at: datetime | None = None
    until: datetime | None = None
    actor: UUID | None = None
    turned: Any = None

    @property
    def is_table(self) -> bool:
        """Whether it is a table of its own."""
        return not self.columns

    @property
    def is_link(self) -> bool:
        """Whether it is the table of a relationship."""
        return self.is_table and "." in self.thing

    def demanded(self, name: str) -> bool:
        """Whether the entity whose table it was required this field or relationship."""
        kept = self.definition if isinstance(self.definition, Mapping) else {}
        members = {**kept.get("relationships", {}), **kept.get("fields", {})}
        return bool(members.get(name, {}).get("required"))

    def facts(self) -> str:
        """What a plan rests on."""
        return f"shadow {self.number} {self.thing} in {self.table} {sorted(self.columns.items())}"


_READ = (
    "number",
    "thing",
    "table",
    "was",
    "columns",
    "points",
    "entity",
    "member",
    "definition",
    "at",
    "until",
    "actor",
    "turned",
)


def read_shadows(unit: UnitOfWork) -> tuple[Shadow, ...]:
    """All shadows, the oldest first."""
    chosen = sa.select(*(SHADOW.c[name] for name in _READ)).order_by(SHADOW.c.number)
    return tuple(Shadow(**row) for row in unit.execute(chosen).mappings())


def keep(unit: UnitOfWork, shadow: Shadow, occasion: Occasion) -> None:
    """The ledger knows the shadow, and until when it stays."""
    values = {name: getattr(shadow, name) for name in _READ}
    values |= {"columns": dict(shadow.columns), "points": dict(shadow.points or {})}
    told = {"at": occasion.at, "until": occasion.until, "actor": occasion.actor}
    unit.execute(sa.insert(SHADOW), {**values, **told})


def forget(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """The shadows are none any more."""
    unit.execute(sa.delete(SHADOW).where(SHADOW.c.number.in_(numbers)))


def follow(unit: UnitOfWork, before: str, after: str) -> None:
    """The shadows in a table are found under its new name."""
    unit.execute(sa.update(SHADOW).where(SHADOW.c.table == before).values(table=after))
