"""Ledger numbers of entities and fields: given once, never reused, kept through a rename and a removal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import ENTITY, FIELD
from xrm.engine.storage.search import SLOTS
from xrm.errors import MetadataInvalid, Problem
from xrm.metadata.model import SYSTEM_FIELDS, Entity, Field, Model, Relationship

_ALWAYS = (*SYSTEM_FIELDS, "owner", "team", "unit", "state")
_PARKED = (
    "~"  # stands between the name and the number of what is gone, where something else has taken its name
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What stands for names in stored data: entities, fields, relationships and attributes of their links, which are
    called `relationship.attribute`; search slots of fields.

    What is `gone` is no longer defined. It keeps its number, for what was removed can come back.
    """

    entities: Mapping[str, int]
    fields: Mapping[tuple[str, str], int]
    slots: Mapping[tuple[str, str], int]
    names: Mapping[int, str]
    field_names: Mapping[int, tuple[str, str]]
    gone_entities: frozenset[int] = frozenset()
    gone_fields: frozenset[int] = frozenset()

    def entity(self, name: str) -> Known | None:
        """What the ledger knows under this name of an entity."""
        number = self.entities.get(name)
        return None if number is None else self.known_entity(number)

    def known_entity(self, number: int) -> Known:
        """The entity with this number."""
        return Known(number, _unparked(self.names[number]), number in self.gone_entities)

    def known_field(self, number: int) -> Known:
        """The field or relationship with this number."""
        return Known(number, _unparked(self.field_names[number][1]), number in self.gone_fields)


@dataclass(frozen=True, slots=True)
class Known:
    """A thing in the ledger: its number, the name under which it is stored, and whether it is defined no longer."""

    number: int
    name: str
    gone: bool


Origins = Mapping[str, str]  # by the key of an option, where it comes from, if that is not its key


@dataclass(frozen=True, slots=True)
class Names:
    """Which number each name stood for at some time: entities, and fields and relationships by entity.

    `options` says by the numbers of fields where their options come from; None where nobody noted that.
    """

    entities: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    options: Mapping[str, Origins] | None = None

    def origins(self, number: int) -> Origins | None:
        """Where the options of the field with that number come from; None where nobody noted it."""
        return None if self.options is None else self.options.get(str(number), {})

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Names:
        """The same again."""
        return Names(kept["entities"], kept["fields"], kept.get("options"))

    def as_json(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        told = {"entities": dict(self.entities), "fields": {e: dict(f) for e, f in self.fields.items()}}
        options = {n: dict(o) for n, o in (self.options or {}).items()}
        return told if self.options is None else {**told, "options": options}


NO_NAMES = Names()


@dataclass(frozen=True, slots=True)
class Others:
    """Numbers of what is gone and kept, in a form that nothing fits that is called like it now."""

    entities: frozenset[int] = frozenset()
    fields: frozenset[int] = frozenset()

    def without(self, which: Identities) -> Identities:
        """The identities without these, and without the fields of these."""
        entities = {name: k for name, k in which.entities.items() if k.number not in self.entities}
        fields = {
            (entity, name): k
            for (entity, name), k in which.fields.items()
            if entity in entities and k.number not in self.fields
        }
        return Identities(entities, fields)


NO_OTHERS = Others()


@dataclass(frozen=True, slots=True)
class Identities:
    """For each thing of a model that the ledger knows, which one it is; what is new is missing."""

    entities: Mapping[str, Known] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], Known] = field(default_factory=dict)

    def present(self, entity: str) -> str:
        """The name of the entity as its records are stored now."""
        known = self.entities.get(entity)
        return known.name if known and not known.gone else entity


def read_numbers(unit: UnitOfWork) -> Numbers:
    """The numbers that are given."""
    found = unit.execute(sa.select(ENTITY)).all()
    entities = {row.name: row.number for row in found}
    names = {number: name for name, number in entities.items()}
    rows = unit.execute(sa.select(FIELD)).all()
    fields = {(names[row.entity], row.name): row.number for row in rows}
    slots = {(names[row.entity], row.name): row.slot for row in rows if row.slot is not None}
    field_names = {number: name for name, number in fields.items()}
    maps: Sequence[Any] = [MappingProxyType(m) for m in (entities, fields, slots, names, field_names)]
    gone = (frozenset(row.number for row in each if row.gone) for each in (found, rows))
    return Numbers(*maps, *gone)


def names_of(model: Model, numbers: Numbers) -> Names:
    """Which number each name of the model stands for."""
    return Names(
        {name: numbers.entities[name] for name in model.entities},
        {
            entity.name: {name: numbers.fields[entity.name, name] for name in _members(entity)}
            for entity in model.entities.values()
        },
    )


# --- which is which -----------------------------------------------------------------------------------


def identify(numbers: Numbers, model: Model, then: Names = NO_NAMES) -> Identities:
    """Which of the things in the ledger each of the model is: by what a name stood for `then`, else by its name and
    former names.
    """
    wanted = [(e.name, e.renamed_from) for e in model.entities.values()]
    found = _identified(wanted, numbers.entities, numbers.gone_entities, then.entities)
    entities = {name: numbers.known_entity(number) for name, number in found.items()}
    by_entity: dict[str, dict[str, int]] = {}
    for (owner, name), number in numbers.fields.items():
        by_entity.setdefault(owner, {})[name] = number
    fields: dict[tuple[str, str], Known] = {}
    for entity in model.entities.values():
        if entity.name in entities:
            here = by_entity.get(numbers.names[entities[entity.name].number], {})
            members = tuple(_members(entity).items())
            same = {n: k for n, k in then.fields.get(entity.name, {}).items() if k in here.values()}
            for name, number in _identified(members, here, numbers.gone_fields, same).items():
                fields[entity.name, name] = numbers.known_field(number)
    return Identities(entities, fields)


def _identified(
    wanted: Sequence[tuple[str, Sequence[str]]],
    known: Mapping[str, int],
    gone: frozenset[int],
    then: Mapping[str, int],
) -> dict[str, int]:
    """A name means what is defined under it; else what was, under a former name; else what is gone."""
    names = {name for name, _ in wanted}
    found = {name: then[name] for name in names if name in then}
    taken = set(found.values())
    for name, formers in wanted:
        candidates = [name] if known.get(name) not in gone else []
        candidates += [old for old in formers if old not in names and known.get(old) not in gone]
        candidates.append(name)
        numbers = (known[each] for each in candidates if each in known and known[each] not in taken)
        if name not in found and (number := next(numbers, None)) is not None:
            found[name] = number
            taken.add(number)
    return found


def _members(entity: Entity) -> dict[str, Sequence[str]]:
    """Fields, relationships and `relationship.attribute`, each with the names that it had."""
    own: Sequence[Field | Relationship] = (*entity.fields.values(), *entity.relationships.values())
    found: dict[str, Sequence[str]] = {each.name: each.renamed_from for each in own}
    for link in entity.relationships.values():
        for name, attribute in link.attributes.items():
            formers = product((link.name, *link.renamed_from), (name, *attribute.renamed_from))
            found[f"{link.name}.{name}"] = [".".join(former) for former in formers][1:]
    return found


def _unparked(name: str) -> str:
    return name.partition(_PARKED)[0]


# --- giving -------------------------------------------------------------------------------------------


def assign_numbers(
    unit: UnitOfWork,
    model: Model,
    then: Names = NO_NAMES,
    other: Others = NO_OTHERS,
    known: Numbers | None = None,
) -> Numbers:
    """Everything in the model has its number; what was renamed has kept its own, and what is not in it is gone.

    `other` are things that are gone and that something else in the model is called like by now. The numbers are read
    if they are not `known`.
    """
    known = read_numbers(unit) if known is None else known
    if _rename(unit, model, known, other.without(identify(known, model, then))):
        known = read_numbers(unit)
    if _add_entities(unit, [name for name in model.entities if name not in known.entities]):
        known = read_numbers(unit)
    if _add_fields(unit, model, known):
        known = read_numbers(unit)
    return read_numbers(unit) if _add_slots(unit, model, known) else known


def _rename(unit: UnitOfWork, model: Model, known: Numbers, which: Identities) -> bool:
    """What is known is called as the model calls it, and what the model has not is gone; gives whether anything was
    other before.
    """
    done = [
        _name(
            unit, ENTITY, {k.number: name for name, k in which.entities.items()}, known.names, model.entities
        ),
        _mark(
            unit, ENTITY, {k.number for k in which.entities.values()}, set(known.names), known.gone_entities
        ),
    ]
    present, wanted = _by_owner(known), _by_entity(which)
    for entity in model.entities.values():
        if entity.name in which.entities:
            former = known.names[which.entities[entity.name].number]
            here, there = present.get(former, {}), wanted.get(entity.name, {})
            done.append(_name_fields(unit, entity, here, there, known.gone_fields))
    return any(done)


def _by_owner(known: Numbers) -> Mapping[str, dict[int, str]]:
    """What the numbers of fields stand for now, by their entity."""
    found: dict[str, dict[int, str]] = {}
    for (owner, name), number in known.fields.items():
        found.setdefault(owner, {})[number] = name
    return found


def _by_entity(which: Identities) -> Mapping[str, dict[int, str]]:
    """What the numbers of fields shall stand for, by their entity."""
    found: dict[str, dict[int, str]] = {}
    for (owner, name), known in which.fields.items():
        found.setdefault(owner, {})[known.number] = name
    return found


def _name_fields(
    unit: UnitOfWork,
    entity: Entity,
    present: Mapping[int, str],
    wanted: Mapping[int, str],
    gone: frozenset[int],
) -> bool:
    named = _name(unit, FIELD, wanted, present, _members(entity))
    staying = {number for number, name in present.items() if name in _ALWAYS} | wanted.keys()
    return _mark(unit, FIELD, staying, set(present), gone) or named


def _name(
    unit: UnitOfWork,
    table: sa.Table,
    wanted: Mapping[int, str],
    present: Mapping[int, str],
    every: Iterable[str],
) -> bool:
    """The numbers have these names; what else bears one of `every` name bears it with its number behind."""
    changed = {number: name for number, name in wanted.items() if present[number] != name}
    taken = set(every)
    parked = {
        n: f"{_unparked(name)}{_PARKED}{n}"
        for n, name in present.items()
        if name in taken and wanted.get(n) != name
    }
    for number, name in (*parked.items(), *changed.items()):
        unit.execute(sa.update(table).where(table.c.number == number).values(name=name))
    return bool(parked or changed)


def retire(unit: UnitOfWork, fields: Iterable[int]) -> None:
    """Whatever is called like these from now on is something else: what they held is destroyed, not their history."""
    known = read_numbers(unit)
    for number in sorted(known.gone_fields.intersection(fields)):
        name = known.field_names[number][1]
        if _PARKED not in name:
            parked = f"{name}{_PARKED}{number}"
            unit.execute(sa.update(FIELD).where(FIELD.c.number == number).values(name=parked))


def _mark(
    unit: UnitOfWork, table: sa.Table, staying: set[int], every: set[int], gone: frozenset[int]
) -> bool:
    changed = [(n, is_gone) for n, is_gone in ((every - staying - gone, True), (staying & gone, False)) if n]
    for numbers, is_gone in changed:
        unit.execute(sa.update(table).where(table.c.number.in_(sorted(numbers))).values(gone=is_gone))
    return bool(changed)


def _add_entities(unit: UnitOfWork, names: Sequence[str]) -> bool:
    if names:
        unit.execute(sa.insert(ENTITY), [{"name": name} for name in names])
    return bool(names)


def _add_fields(unit: UnitOfWork, model: Model, known: Numbers) -> bool:
    missing = [
        {"entity": known.entities[entity.name], "name": name}
        for entity in model.entities.values()
        for name in (*_ALWAYS, *_members(entity))
        if (entity.name, name) not in known.fields
    ]
    unique = {(row["entity"], row["name"]): row for row in missing}
    if unique:
        unit.execute(sa.insert(FIELD), list(unique.values()))
    return bool(unique)


def _add_slots(unit: UnitOfWork, model: Model, known: Numbers) -> bool:
    """Each searched field of an entity has a slot of the search index; slot 0 is the title's, unless it has another.

    Where none is left, it takes that of a field that is searched no longer, which gets another one when it is again.
    Gives whether one got a slot.
    """
    given = False
    for entity in model.entities.values():
        taken = {slot: name for (owner, name), slot in known.slots.items() if owner == entity.name}
        idle = [slot for slot, name in taken.items() if not _is_searched(entity, name)]
        free = iter([*sorted(set(range(1, SLOTS)) - taken.keys()), *sorted(idle)])
        for searched in entity.fields.values():
            if searched.search and (entity.name, searched.name) not in known.slots:
                slot = next(free, None)
                if slot is None:
                    raise _too_many(entity, searched)
                if slot in taken:
                    _give_slot(unit, known.fields[entity.name, taken[slot]], None)
                _give_slot(unit, known.fields[entity.name, searched.name], slot)
                given = True
    return given


def _is_searched(entity: Entity, name: str) -> bool:
    found = entity.fields.get(name)
    return name == "title" or (found is not None and found.search)


def _give_slot(unit: UnitOfWork, number: int, slot: int | None) -> None:
    unit.execute(sa.update(FIELD).where(FIELD.c.number == number).values(slot=slot))


def _too_many(entity: Entity, field: Field | Relationship) -> MetadataInvalid:
    message = f"The entity {entity.name} has more than {SLOTS - 1} fields with search."
    hint = f"Take search from {field.name} or another field."
    return MetadataInvalid(Problem("S130", message, hint, field.place))
