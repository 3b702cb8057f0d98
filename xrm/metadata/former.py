"""Former names: which names stand for others now. A former name counts only while nothing else is called so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Names = Mapping[str, str]
Owner = tuple[str, str]  # an entity and its field, or an empty text and a set of options


@dataclass(frozen=True, slots=True)
class FormerNames:
    """The present name for each former one: of entities, roles, what entities have, and options.

    `targets` are the entities to which a relationship leads, `sets` the shared options of a field.
    """

    entities: Names = field(default_factory=dict)
    roles: Names = field(default_factory=dict)
    members: Mapping[str, Names] = field(default_factory=dict)
    options: Mapping[Owner, Names] = field(default_factory=dict)
    targets: Mapping[Owner, tuple[str, ...]] = field(default_factory=dict)
    sets: Mapping[Owner, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.entities or self.roles or self.members or self.options)

    def entity(self, name: str) -> str:
        """The present name of an entity."""
        return self.entities.get(name, name)

    def role(self, name: str) -> str:
        """The present name of a role."""
        return self.roles.get(name, name)

    def member(self, entity: str, name: str) -> str:
        """The present name of a field or relationship of the entity, which is called as it is now."""
        return self.members.get(entity, {}).get(name, name)

    def option(self, entity: str, field: str, key: str) -> str:
        """The present key of an option of the field."""
        shared = self.options.get(("", self.sets.get((entity, field), "")), {})
        return self.options.get((entity, field), shared).get(key, key)

    def path(self, entity: str, dotted: str) -> str:
        """The path along relationships with present names."""
        return ".".join(self._along(entity, dotted)[0])

    def reached(self, entity: str, dotted: str) -> tuple[str, ...]:
        """The entities to which the path along relationships leads."""
        return self._along(entity, dotted)[1]

    def _along(self, entity: str, dotted: str) -> tuple[list[str], tuple[str, ...]]:
        names: list[str] = []
        reached: tuple[str, ...] = (entity,)
        for step in dotted.split("."):
            name = next((new for e in reached if (new := self.member(e, step)) != step), step)
            names.append(name)
            reached = tuple(t for e in reached for t in self.targets.get((e, name), ()))
        return names, reached
