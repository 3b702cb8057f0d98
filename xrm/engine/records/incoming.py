"""Who points at a record: stored lookups that can lead to an entity, and the live records that use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.records.batch import Setting
from xrm.engine.records.writer import Writer
from xrm.engine.storage.entity_tables import StoredLookup
from xrm.engine.storage.statements import any_of


@dataclass(frozen=True, slots=True)
class Incoming:
    """A stored lookup that can point at records of an entity."""

    writer: Writer
    lookup: StoredLookup

    def points_at(self, entity: str, number: int) -> sa.ColumnElement[bool]:
        """True where this lookup points at one of the records bound to `ids`."""
        if self.lookup.entity_column is not None and self.lookup.record_column is not None:
            return (self.lookup.entity_column == number) & any_of(self.lookup.record_column, "ids")
        return any_of(self.lookup.columns[entity], "ids")


def incoming(setting: Setting, entity: str) -> list[Incoming]:
    """Every stored lookup of the model that can point at `entity`."""
    return [
        Incoming(writer, writer.table.lookups[r.name])
        for writer in setting.writers
        for r in writer.entity.lookups
        if r.any or entity in r.targets
    ]


def live_children(setting: Setting, source: Incoming, entity: str, ids: Sequence[UUID]) -> list[UUID]:
    """The live records whose lookup points at one of `ids`, which are records of `entity`."""
    table = source.writer.table.table
    number = setting.writers[entity].number
    prepared = source.writer.statement(
        ("children", source.lookup.name, entity),
        lambda: sa.select(table.c.id).where(source.points_at(entity, number), table.c.deleted_at.is_(None)),
    )
    return [prepared.read(row)[0] for row in setting.unit.run(prepared, {"ids": list(ids)})]


def belonging(setting: Setting, source: Writer, name: str, holder: UUID) -> list[UUID]:
    """The live records that this person, team or unit holds, by the system field of that name."""
    table = source.table.table
    prepared = source.statement(
        ("belonging", name),
        lambda: sa.select(table.c.id).where(any_of(table.c[name], "ids"), table.c.deleted_at.is_(None)),
    )
    return [prepared.read(row)[0] for row in setting.unit.run(prepared, {"ids": [holder]})]
