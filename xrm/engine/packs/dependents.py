"""What else speaks of the things that a change of definitions alters: told with the plan, before it is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xrm.engine.packs.lost_views import now_called
from xrm.engine.storage.numbers import Identities
from xrm.metadata.model import Entity, Field, Model, Reference, Relationship

Member = Field | Relationship


@dataclass(frozen=True, slots=True)
class Dependents:
    """A field or relationship that is altered, by its name afterwards, or that goes, and every reference to it."""

    name: str
    references: tuple[Reference, ...]

    @property
    def sentence(self) -> str:
        """The same for a person, each use with its place."""
        told = "; ".join(f"{r.source} ({r.place})" for r in self.references)
        return f"{self.name} is used by {told}."


def dependents(before: Model | None, wanted: Model, which: Identities) -> tuple[Dependents, ...]:
    """The members that are renamed, altered in what they may hold, or gone, and that something else speaks of.

    What goes is told with the references of `before`, everything else with those that are `wanted`.
    """
    if before is None:
        return ()
    now = now_called(which)
    staying = {
        (now.entities[entity], present): (entity, name) for (entity, name), present in now.members.items()
    }
    altered = (_altered(before, wanted, was, then) for was, then in staying.items())
    gone = (
        _used(before, entity.name, name)
        for entity in before.entities.values()
        for name in _members(entity)
        if (entity.name, name) not in staying and entity.pack
    )
    found = (each for each in (*altered, *gone) if each is not None and each.references)
    return tuple(sorted(found, key=lambda each: each.name))


def _altered(before: Model, wanted: Model, was: tuple[str, str], then: tuple[str, str]) -> Dependents | None:
    old, new = _member(before, *was), _member(wanted, *then)
    if old is None or new is None or (was == then and _holds(old) == _holds(new)):
        return None
    return _used(wanted, *then)


def _member(model: Model, entity: str, name: str) -> Member | None:
    found = model.entities.get(entity)
    return _members(found).get(name) if found else None


def _members(entity: Entity) -> dict[str, Member]:
    return {**entity.fields, **entity.relationships}


def _holds(member: Member) -> tuple[Any, ...]:
    """What decides which values it may have; labels and the like do not."""
    if isinstance(member, Relationship):
        return (member.shape, member.targets, member.any, member.required, member.one)
    params = {name: value for name, value in member.params.items() if name != "options"}
    keys = tuple(option.key for option in member.options)
    return (member.type.name, params, keys, member.required, member.unique)


def _used(model: Model, entity: str, name: str) -> Dependents:
    """What uses the member besides itself."""
    full = f"{entity}.{name}"
    found = [r for kind in ("field", "relationship", "option") for r in model.uses(f"{kind}:{full}")]
    others = {r: None for r in found if r.source.partition(":")[2] != full and not _is_of(r, full)}
    return Dependents(full, tuple(sorted(others, key=lambda r: (str(r.place), r.source))))


def _is_of(reference: Reference, full: str) -> bool:
    return reference.source.partition(":")[2].startswith(f"{full}.")
