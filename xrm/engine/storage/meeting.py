"""Names that would meet: something is renamed onto another thing that is there, so that two would become one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from xrm.engine.storage.matching import Past
from xrm.engine.storage.options import joined, kept_by_name
from xrm.errors import Place, Problem
from xrm.metadata.model import Entity, Field, Model, Relationship, Role

Renamed = Entity | Field | Relationship | Role


def meetings(past: Past) -> Iterator[Problem]:
    """A problem for each; on the way back to a version everything has the name that it had."""
    if past.before is None or past.wanted is None or past.version is not None:
        return
    before, wanted, which = past.before.model, past.wanted.model, past.identities
    yield from _onto(_own(before.entities.values()), _own(wanted.entities.values()), "")
    yield from _onto(before.roles, wanted.roles, "")
    for entity in _own(wanted.entities.values()).values():
        stored = before.entities.get(which.present(entity.name))
        if stored is not None:
            yield from _onto(_members(stored), _members(entity), f"{entity.name}.")
            yield from _of_attributes(stored, entity)
    yield from _of_options(wanted, past)


def _own(entities: Iterable[Entity]) -> Mapping[str, Entity]:
    return {entity.name: entity for entity in entities if not entity.is_engine}


def _members(entity: Entity) -> Mapping[str, Field | Relationship]:
    return {**entity.fields, **entity.relationships}


def _onto(before: Mapping[str, Renamed], wanted: Mapping[str, Renamed], owner: str) -> Iterator[Problem]:
    """What says now that it was called like something else, though both are there; what said so already is no news."""
    for name, thing in wanted.items():
        known = before.get(name)
        for old in thing.renamed_from if known is not None else ():
            if known and old in before and old not in wanted and old not in known.renamed_from:
                message = f"{owner}{old} would be renamed to {owner}{name}, which is there already."
                hint = f"Give it another name; or take {old} out of renamed_from, and it goes for itself."
                yield Problem("S127", message, hint, thing.place)


def _of_options(wanted: Model, past: Past) -> Iterator[Problem]:
    for (entity, field), keys in past.kept_keys.items():
        place = wanted.entities[entity].fields[field].place
        yield from _met(f"{entity}.{field}", keys, place, f"option:{entity}.{field}.")


def _of_attributes(stored: Entity, entity: Entity) -> Iterator[Problem]:
    """Options of attributes of links are known by their keys alone."""
    for relationship in entity.relationships.values():
        known = stored.relationships.get(relationship.name)
        for attribute in relationship.attributes.values() if known else ():
            former = known.attributes.get(attribute.name) if known else None
            if former is not None:
                keys = kept_by_name(former.options, attribute.options)
                yield from _met(f"{entity.name}.{relationship.name}.{attribute.name}", keys, attribute.place)


def _met(name: str, keys: Mapping[str, str], place: Place, decision: str = "") -> Iterator[Problem]:
    for new, olds in joined(keys):
        told = " and ".join(olds)
        message = f"The options {told} of {name} would both be {new}, and nobody could part them again."
        gone = next((old for old in olds if old != new), "")
        hint = f"Take {gone} out of renamed_from"
        ending = f", and decide what its records get: {decision}{gone}={new}." if decision else "."
        yield Problem("S127", message, hint + ending, place)
