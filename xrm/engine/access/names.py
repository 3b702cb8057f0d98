"""The names that one actor may use in expressions: of queries, and of expressions that are kept in records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xrm.engine.access.rights import Policy, always_readable
from xrm.engine.commands import Actor
from xrm.metadata.expressions.types import Attribute, Kind, Names


@dataclass(frozen=True, slots=True)
class ReaderNames:
    """The `Names` of the model without what this actor may not read; the checker asks it for a query's names.

    A name that may not be read is answered like a name that does not exist, hints included.
    """

    names: Names
    policy: Policy
    actor: Actor

    def attribute(self, entity: str, name: str) -> Attribute | None:
        """The attribute, if this actor may read it on some row."""
        found = self.names.attribute(entity, name)
        return found if found is not None and self._may_read(entity, found) else None

    def entity_called(self, name: str) -> str:
        """The present name of the entity that was called so."""
        return self.names.entity_called(name)

    def part(self, entity: str, attribute: Attribute, name: str) -> Attribute | None:
        """The part of an attribute that may be read."""
        return self.names.part(entity, attribute, name)

    def attribute_names(self, entity: str) -> Iterable[str]:
        """The names that `attribute` would answer."""
        return (n for n in self.names.attribute_names(entity) if self.attribute(entity, n) is not None)

    def _may_read(self, entity: str, found: Attribute) -> bool:
        rights = self.policy.rights(self.actor, entity)
        if not rights.can("read"):
            return False
        if found.type.kind is Kind.MANY and not self._any_target(found):
            return False
        return found.name in self._open(entity) or not rights.cell("read", found.name).nowhere

    def _any_target(self, found: Attribute) -> bool:
        return any(self.policy.rights(self.actor, e).can("read") for e in found.type.entities)

    def _open(self, entity: str) -> frozenset[str]:
        return frozenset(always_readable(self.policy.model.entities[entity]))
