"""What one actor may see of the model: the names a query of theirs can use, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xrm.engine.access import Policy, Rights
from xrm.engine.access.names import ReaderNames
from xrm.engine.access.row_rules import Masks, RowRules
from xrm.engine.commands import Actor
from xrm.errors import Invalid, NotFound, Place, Problem
from xrm.metadata.expressions.types import Attribute, Names
from xrm.metadata.model import Entity, Field, Model, Relationship
from xrm.registry import near_names


@dataclass(frozen=True, slots=True)
class Reader:
    """An actor in front of a model: looks names up, and refuses what may not be known."""

    model: Model
    policy: Policy
    actor: Actor
    known: Names

    @property
    def names(self) -> ReaderNames:
        """The names that the actor may use in expressions."""
        return ReaderNames(self.known, self.policy, self.actor)

    def entity(self, name: str) -> Entity:
        """The entity of that name; raises NotFound when it does not exist or may not be read."""
        found = self.model.entities.get(name)
        if found is None or found.abstract or not self.rights(name).can("read"):
            raise unknown_entity(name, self.policy.readable_entities(self.actor))
        return found

    def usable(self, name: str) -> Entity:
        """The entity of that name, if the actor may do anything with it; raises NotFound otherwise."""
        if name not in self.policy.usable_entities(self.actor):
            raise unknown_entity(name, self.policy.usable_entities(self.actor))
        return self.model.entities[name]

    def rights(self, entity: str) -> Rights:
        """What the actor may do with an entity."""
        return self.policy.rights(self.actor, entity)

    def masks(self, rules: RowRules) -> Masks:
        """What the actor's rights add to every step of a filter."""
        return Masks(self.policy, self.actor, rules)

    def fields(self, entity: Entity) -> Iterator[Field]:
        """The fields of `entity` that may be read on some row, in model order."""
        cells = self.rights(entity.name)
        return (f for f in entity.fields.values() if not cells.cell("read", f.name).nowhere)

    def relationships(self, entity: Entity) -> Iterator[Relationship]:
        """The relationships of `entity` that may be read on some row, in model order."""
        cells = self.rights(entity.name)
        return (
            r
            for r in entity.relationships.values()
            if not cells.cell("read", r.name).nowhere and (r.one or self._sees_target(r))
        )

    def _sees_target(self, relationship: Relationship) -> bool:
        return relationship.any or any(self.rights(t).can("read") for t in relationship.targets)


def along(path: Sequence[str], entity: str, names: Names) -> tuple[Attribute, ...]:
    """What each name of a dotted path means, from the entity on; nothing where one of them is not known."""
    found: list[Attribute] = []
    at: tuple[str, ...] = (entity,)
    for name in path:
        step = next((a for e in at if (a := names.attribute(e, name)) is not None), None)
        if step is None and found:
            step = next((p for e in at if (p := names.part(e, found[-1], name)) is not None), None)
        if step is None:
            return ()
        found.append(step)
        at = step.type.entities or at
    return tuple(found)


def unknown_entity(name: str, known: Iterable[str]) -> NotFound:
    """The refusal of an entity that does not exist for this actor; both cases look alike."""
    near = near_names(name, known)
    hint = f"Did you mean {near[0]}?" if near else "Look at /metadata for the entities you can use."
    return NotFound(Problem("R104", f"There is no entity {name!r} for you.", hint, Place(path="entity")))


def unknown_name(entity: str, name: str, known: Mapping[str, object] | Iterable[str], where: str) -> Invalid:
    """The refusal of a field or relationship that does not exist for this actor."""
    near = near_names(name, list(known))
    hint = f"Did you mean {near[0]}?" if near else ""
    return Invalid(Problem("R103", f"{entity} has no field {name!r} for you.", hint, Place(path=where)))
