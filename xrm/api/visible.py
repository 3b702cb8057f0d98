"""What a caller may see and do of each entity: one value for metadata, OpenAPI and reference pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xrm.engine.access import Policy, always_readable
from xrm.engine.commands import Actor
from xrm.metadata.expressions.tree import Expression, uses
from xrm.metadata.kept_rules import kept_by
from xrm.metadata.model import OPERATIONS, Entity, Field, Model, Relationship, Shape


@dataclass(frozen=True, slots=True)
class Visible:
    """An entity without what this caller may not know of it."""

    entity: Entity
    operations: tuple[str, ...]
    reads: frozenset[str]
    creates: frozenset[str]
    updates: frozenset[str]
    known: frozenset[str]

    @property
    def fields(self) -> Iterator[Field]:
        """The fields that may be read or written, in model order."""
        return (f for f in self.entity.fields.values() if f.name in self._named)

    @property
    def relationships(self) -> Iterator[Relationship]:
        """The relationships that may be read or written and lead to something known, in model order."""
        return (r for r in self.entity.relationships.values() if r.name in self._named and self.targets(r))

    def targets(self, relationship: Relationship) -> tuple[str, ...]:
        """The target entities that the caller knows."""
        if relationship.any:
            return tuple(sorted(self.known))
        return tuple(t for t in relationship.targets if t in self.known)

    def can(self, operation: str) -> bool:
        """Whether the operation is granted on some record."""
        return operation in self.operations

    def writable(self, name: str) -> tuple[str, ...]:
        """The operations that may write this field or relationship."""
        if name in kept_by(self.entity.kept_rules):
            return ()
        both = (("create", self.creates), ("update", self.updates))
        return tuple(operation for operation, names in both if name in names)

    def told(self, condition: Expression) -> str | None:
        """The condition in words, if it looks at the record alone and the caller knows all of that."""
        known = self._named.union(self.system_fields)
        is_known = all(entity == self.entity.name and name in known for entity, name in uses(condition.tree))
        return condition.text if is_known else None

    @property
    def system_fields(self) -> tuple[str, ...]:
        """The system fields that come with every record."""
        return always_readable(self.entity) if self.can("read") else ("id", "version")

    @property
    def _named(self) -> frozenset[str]:
        return self.reads | self.creates | self.updates


def visible_entities(model: Model, policy: Policy, actor: Actor) -> tuple[Visible, ...]:
    """The entities that the caller may read or add to, in model order."""
    concrete = [e for e in model.entities.values() if not e.abstract]
    known = frozenset(e.name for e in concrete if policy.rights(actor, e.name).can("read"))
    seen = (_visible(e, policy, actor, known) for e in concrete)
    return tuple(v for v in seen if v.can("read") or v.can("create"))


def _visible(entity: Entity, policy: Policy, actor: Actor, known: frozenset[str]) -> Visible:
    rights = policy.rights(actor, entity.name)
    writable = frozenset(n for n in (*entity.fields, *entity.relationships) if _is_input(entity, n))
    return Visible(
        entity,
        tuple(o for o in OPERATIONS if rights.can(o)),
        _readable(entity, rights.names("read")),
        rights.names("create") & writable,
        rights.names("update") & writable,
        known,
    )


def _readable(entity: Entity, names: frozenset[str]) -> frozenset[str]:
    return frozenset(n for n in names if n not in entity.fields or entity.fields[n].type.is_readable)


def _is_input(entity: Entity, name: str) -> bool:
    """Whether a caller may send it: computed values and plain inverse sides are derived."""
    if name in entity.fields:
        found = entity.fields[name]
        return found.is_given
    relationship = entity.relationships[name]
    return relationship.shape is not Shape.INVERSE or relationship.owned
