"""Ledger numbers of entities and fields: given once, never reused, kept through a rename."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import ENTITY, FIELD
from xrm.engine.storage.search import SLOTS
from xrm.errors import MetadataInvalid, Problem
from xrm.metadata.model import SYSTEM_FIELDS, Entity, Field, Model, Relationship


@dataclass(frozen=True, slots=True)
class Numbers:
    """What stands for names in stored data: entities, fields and relationships; search slots of fields."""

    entities: Mapping[str, int]
    fields: Mapping[tuple[str, str], int]
    slots: Mapping[tuple[str, str], int]
    names: Mapping[int, str]
    field_names: Mapping[int, tuple[str, str]]


def read_numbers(unit: UnitOfWork) -> Numbers:
    """The numbers that are given."""
    entities = {row.name: row.number for row in unit.execute(sa.select(ENTITY))}
    names = {number: name for name, number in entities.items()}
    rows = unit.execute(sa.select(FIELD)).all()
    fields = {(names[row.entity], row.name): row.number for row in rows}
    slots = {(names[row.entity], row.name): row.slot for row in rows if row.slot is not None}
    field_names = {number: name for name, number in fields.items()}
    return Numbers(*map(MappingProxyType, (entities, fields, slots, names, field_names)))


def assign_numbers(unit: UnitOfWork, model: Model) -> Numbers:
    """Everything in the model has its number; what was renamed has kept its own."""
    known = read_numbers(unit)
    _keep_renamed_entities(unit, model, known)
    known = read_numbers(unit)
    _add_entities(unit, [name for name in model.entities if name not in known.entities])
    known = read_numbers(unit)
    for entity in model.entities.values():
        _keep_renamed_fields(unit, entity, known)
    known = read_numbers(unit)
    _add_fields(unit, model, known)
    _add_slots(unit, model, read_numbers(unit))
    return read_numbers(unit)


def _keep_renamed_entities(unit: UnitOfWork, model: Model, known: Numbers) -> None:
    for entity in model.entities.values():
        old = _former(entity.renamed_from, known.entities, entity.name in known.entities)
        if old is not None and old not in model.entities:
            number = known.entities[old]
            unit.execute(sa.update(ENTITY).where(ENTITY.c.number == number).values(name=entity.name))


def _keep_renamed_fields(unit: UnitOfWork, entity: Entity, known: Numbers) -> None:
    present = {name: number for (owner, name), number in known.fields.items() if owner == entity.name}
    members: dict[str, Field | Relationship] = {**entity.fields, **entity.relationships}
    for name, member in members.items():
        old = _former(member.renamed_from, present, name in present)
        if old is not None and old not in members:
            unit.execute(sa.update(FIELD).where(FIELD.c.number == present[old]).values(name=name))


def _former(renamed_from: Sequence[str], known: Iterable[str], has_number: bool) -> str | None:
    """The name under which the thing is known, when it is not known under its present one."""
    if has_number:
        return None
    return next((name for name in renamed_from if name in known), None)


def _add_entities(unit: UnitOfWork, names: Sequence[str]) -> None:
    if names:
        unit.execute(sa.insert(ENTITY), [{"name": name} for name in names])


def _add_fields(unit: UnitOfWork, model: Model, known: Numbers) -> None:
    missing = [
        {"entity": known.entities[entity.name], "name": name}
        for entity in model.entities.values()
        for name in (*SYSTEM_FIELDS, "owner", "team", "unit", "state", *entity.fields, *entity.relationships)
        if (entity.name, name) not in known.fields
    ]
    unique = {(row["entity"], row["name"]): row for row in missing}
    if unique:
        unit.execute(sa.insert(FIELD), list(unique.values()))


def _add_slots(unit: UnitOfWork, model: Model, known: Numbers) -> None:
    """Each searched field of an entity has a slot of the search index; slot 0 is the title's."""
    for entity in model.entities.values():
        taken = {slot for (owner, _), slot in known.slots.items() if owner == entity.name}
        free = iter(sorted(set(range(1, SLOTS)) - taken))
        for field in entity.fields.values():
            if field.search and (entity.name, field.name) not in known.slots:
                number = known.fields[entity.name, field.name]
                slot = next(free, None)
                if slot is None:
                    raise _too_many(entity, field)
                unit.execute(sa.update(FIELD).where(FIELD.c.number == number).values(slot=slot))


def _too_many(entity: Entity, field: Field | Relationship) -> MetadataInvalid:
    message = f"The entity {entity.name} has more than {SLOTS - 1} fields with search."
    hint = f"Take search from {field.name} or another field."
    return MetadataInvalid(Problem("S130", message, hint, field.place))
