"""What else speaks of the things that a change of definitions alters: told with the plan, before it is carried out."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from xrm.engine.packs.lost_views import now_called
from xrm.engine.storage.numbers import Identities
from xrm.metadata.model import Field, Model, Reference, Relationship

Member = Field | Relationship
_KINDS = ("field", "relationship", "option")


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

    What goes is told with the references of `before`, everything else with those that are `wanted`. Of an entity that
    goes as a whole nothing is told: what speaks of it goes along, or is refused.
    """
    if before is None:
        return ()
    now = now_called(which)
    staying = {
        (now.entities[entity], present): (entity, name) for (entity, name), present in now.members.items()
    }
    remaining = set(now.entities.values())
    there = [entity for entity in before.entities.values() if entity.name in remaining]
    gone = {(e.name, n) for e in there for n in (*e.fields, *e.relationships)} - staying.keys()
    altered = {then for was, then in staying.items() if _is_altered(before, wanted, was, then)}
    found = (*_used(wanted, altered), *_used(before, gone))
    return tuple(sorted(found, key=lambda each: each.name))


def _is_altered(before: Model, wanted: Model, was: tuple[str, str], then: tuple[str, str]) -> bool:
    old, new = _member(before, *was), _member(wanted, *then)
    return old is not None and new is not None and (was != then or _holds(old) != _holds(new))


def _member(model: Model, entity: str, name: str) -> Member | None:
    found = model.entities.get(entity)
    return (found.fields.get(name) or found.relationships.get(name)) if found else None


def _holds(member: Member) -> tuple[Any, ...]:
    """What decides which values it may have; labels and the like do not."""
    if isinstance(member, Relationship):
        return (member.shape, member.targets, member.any, member.required, member.one)
    params = {name: value for name, value in member.params.items() if name != "options"}
    keys = tuple(option.key for option in member.options)
    return (member.type.name, params, keys, member.required, member.unique)


def _used(model: Model, members: Set[tuple[str, str]]) -> Iterator[Dependents]:
    """What uses each of the members besides itself, of those that anything uses; all references are read once."""
    found: dict[str, dict[Reference, None]] = {f"{entity}.{name}": {} for entity, name in members}
    for reference in model.references if found else ():
        kind, _, name = reference.target.partition(":")
        full = ".".join(name.split(".")[:2])
        if kind in _KINDS and full in found and not _is_of(reference, full):
            found[full][reference] = None
    for full, references in found.items():
        if references:
            yield Dependents(full, tuple(sorted(references, key=lambda r: (str(r.place), r.source))))


def _is_of(reference: Reference, full: str) -> bool:
    return f"{reference.source.partition(':')[2]}.".startswith(f"{full}.")
