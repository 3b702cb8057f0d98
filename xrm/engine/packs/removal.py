"""What goes with a pack: looked at before it is uninstalled, with the records that would be out of reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.named import demand_pack, demand_unneeded, layer_named
from xrm.engine.packs.parts import Composed
from xrm.engine.packs.proposal import version_in
from xrm.engine.packs.revision import NO_ANSWERS, Answers, Revision
from xrm.engine.packs.service import PackService
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable
from xrm.engine.storage.ledger import TEAM_ROLE, USER_ROLE
from xrm.errors import Conflict, Place, Problem
from xrm.metadata.disabling import disabled_by
from xrm.metadata.model import Entity, Shape
from xrm.metadata.reading import ReadPack


@dataclass(frozen=True, slots=True)
class LostEntity:
    """An entity that goes, with the number of its records, those in the trash included."""

    name: str
    records: int


@dataclass(frozen=True, slots=True)
class LostMember:
    """A field or relationship that the pack added to another pack's entity, and how many records have a value."""

    entity: str
    name: str
    values: int


@dataclass(frozen=True, slots=True)
class LostRole:
    """A role that goes, and how many people and teams hold it."""

    name: str
    holders: int


@dataclass(frozen=True, slots=True)
class Losses:
    """All that goes with a pack."""

    pack: str
    version: str
    entities: tuple[LostEntity, ...]
    members: tuple[LostMember, ...]
    roles: tuple[LostRole, ...]

    @property
    def has_data(self) -> bool:
        """Whether anything goes that somebody has entered."""
        return any(e.records for e in self.entities) or any(m.values for m in self.members)

    def exports(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The entities whose records are worth a file, and the fields that go; no fields for all."""
        yield from ((entity.name, ()) for entity in self.entities if entity.records)
        touched = dict.fromkeys(member.entity for member in self.members if member.values)
        for entity in touched:
            yield entity, ("id", *(m.name for m in self.members if m.entity == entity))

    def sentences(self) -> Iterator[str]:
        """The losses for a person, one by one."""
        for entity in self.entities:
            yield f"The entity {entity.name} goes, with {_counted(entity.records, 'record')}."
        for member in self.members:
            values = _counted(member.values, "record")
            yield f"{member.entity}.{member.name} goes, which has a value in {values}."
        for role in self.roles:
            yield f"The role {role.name} goes, which {_counted(role.holders, 'holder')} would lose."


def _counted(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count} {word}s"


class Removals:
    """Uninstalls packs of one installation."""

    def __init__(self, packs: PackService, database: Database, current: Callable[[], Composed]) -> None:
        self._packs, self._database, self._current = packs, database, current

    def look(self, actor: Actor, name: str) -> Losses:
        """What would go with the pack; raises Conflict while others require it, and NotFound if it is not there."""
        demand_administrator(actor)
        return self._contents(_removable(self._packs.read(), name))

    def contents(self, actor: Actor, name: str) -> Losses:
        """What people have of the pack, which is in use; raises NotFound if it is not there."""
        demand_administrator(actor)
        return self._contents(layer_named(self._packs.read(), name))

    def _contents(self, pack: ReadPack) -> Losses:
        current, name = self._current(), pack.name
        with self._database.read() as unit:
            return Losses(
                name,
                version_in(pack),
                tuple(_entities(unit, current, name)),
                tuple(_members(unit, current, name)),
                tuple(_roles(unit, current, name)),
            )

    def revision(self, actor: Actor, name: str, answers: Answers = NO_ANSWERS) -> Revision:
        """The installation without the pack, to be planned and carried out; raises what `look` raises.

        `answers` are to the conflicts that this meets, by their keys.
        """
        demand_administrator(actor)
        _removable(self._packs.read(), name)
        return Revision(gone=frozenset({name}), answers=answers)


def _removable(layers: Sequence[ReadPack], name: str) -> ReadPack:
    """The pack, which nothing keeps; raises NotFound, or Conflict with what does."""
    pack = layer_named(layers, name)
    demand_pack(pack, "cannot go")
    if name in disabled_by(layers):
        message = f"{name} is disabled, so what would go with it cannot be told."
        raise Conflict(Problem("P158", message, "Enable it first.", Place(path=name)))
    demand_unneeded(layers, name, "Uninstall")
    return pack


def _entities(unit: UnitOfWork, current: Composed, name: str) -> Iterator[LostEntity]:
    for entity in current.model.tables:
        if entity.pack == name:
            table = current.schema.entities[entity.name].table
            yield LostEntity(entity.name, _count(unit, sa.select(sa.func.count()).select_from(table)))


def _members(unit: UnitOfWork, current: Composed, name: str) -> Iterator[LostMember]:
    for entity in current.model.tables:
        if entity.pack != name:
            stored = current.schema.entities[entity.name]
            for member in _added(entity, name):
                yield LostMember(entity.name, member, _values(unit, stored, member))


def _added(entity: Entity, pack: str) -> Iterator[str]:
    """The stored fields and relationships of the entity that the pack says."""
    yield from (f.name for f in entity.fields.values() if f.pack == pack)
    yield from (
        r.name for r in entity.relationships.values() if r.pack == pack and r.shape is not Shape.INVERSE
    )


def _values(unit: UnitOfWork, stored: EntityTable, member: str) -> int:
    """How many records have a value in the member, or links by it."""
    if member in stored.links:
        table = stored.links[member].table
        return _count(unit, sa.select(sa.func.count()).select_from(table))
    columns = stored.fields[member].columns if member in stored.fields else ()
    if member in stored.lookups:
        columns = tuple(stored.lookups[member].all_columns)
    if not columns:
        return 0
    held = sa.or_(*(column.is_not(None) for column in columns))
    return _count(unit, sa.select(sa.func.count()).select_from(stored.table).where(held))


def _roles(unit: UnitOfWork, current: Composed, name: str) -> Iterator[LostRole]:
    for role in current.model.roles.values():
        if role.pack == name:
            held = (USER_ROLE, TEAM_ROLE)
            counts = (_count(unit, sa.select(sa.func.count()).where(t.c.role == role.name)) for t in held)
            yield LostRole(role.name, sum(counts))


def _count(unit: UnitOfWork, asked: sa.Select[Any]) -> int:
    return int(unit.execute(asked).scalar_one())
