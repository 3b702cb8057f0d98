"""What names mean in expressions: the attributes of entities, answered from the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xrm.metadata.expressions.types import DATETIME, INTEGER, TEXT, USER, Attribute, Kind, Type
from xrm.metadata.model import Entity, Field, Relationship, Shape

_TEAM = Type(Kind.REFERENCE, ("team",))
_UNIT = Type(Kind.REFERENCE, ("unit",))
_MACHINE_TEXT = Type(Kind.CHOICE)


class ModelNames:
    """Answers the checker from a mapping of entities; every answer is worked out once."""

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        self._entities = entities
        self._known: dict[str, dict[str, Attribute]] = {}
        self._former: dict[str, Mapping[str, str]] = {}

    def attribute(self, entity: str, name: str) -> Attribute | None:
        """The attribute that is called so, or was; or None."""
        known = self._of(entity)
        return known.get(name) or known.get(self._former_of(entity).get(name, ""))

    def entity_called(self, name: str) -> str:
        """The present name of the entity that was called so; any other name as it is."""
        if name in self._entities:
            return name
        return next((e.name for e in self._entities.values() if name in e.renamed_from), name)

    def part(self, entity: str, attribute: Attribute, name: str) -> Attribute | None:
        """The named part of a field of several columns, or None."""
        found = self._entities.get(entity)
        field = found.fields.get(attribute.name) if found else None
        type_ = field.type.part_types(field.params).get(name) if field else None
        if type_ is None:
            return None
        return Attribute(f"{attribute.name}.{name}", type_, (*attribute.path, name), attribute.stored)

    def attribute_names(self, entity: str) -> Iterable[str]:
        """All names that `attribute` would answer."""
        return self._of(entity)

    def _present(self, entity: str, name: str) -> str:
        """The name, or the present one if nothing else is called so now."""
        found = self._entities.get(entity)
        is_there = found is None or name in found.fields or found.side(name) is not None
        return name if is_there else self._former_of(entity).get(name, name)

    def _former_of(self, entity: str) -> Mapping[str, str]:
        if entity not in self._former:
            found = self._entities.get(entity)
            self._former[entity] = found.former if found else {}
        return self._former[entity]

    def _of(self, entity: str) -> dict[str, Attribute]:
        if entity not in self._known:
            found = self._entities.get(entity)
            self._known[entity] = dict(_attributes(found)) if found else {}
        return self._known[entity]


def _attributes(entity: Entity) -> Iterable[tuple[str, Attribute]]:
    for name, type_ in system_types(entity).items():
        yield name, Attribute(name, type_, (name,))
    for field in entity.fields.values():
        yield field.name, _of_field(field)
    for relationship in (*entity.belongings.values(), *entity.relationships.values()):
        yield relationship.name, _of_relationship(relationship)


def system_types(entity: Entity) -> dict[str, Type]:
    """The types of what every record of this entity has by itself."""
    types = {
        "id": Type(Kind.REFERENCE, (entity.name,)),
        "version": INTEGER,
        "title": TEXT,
        "external_key": _MACHINE_TEXT,
        "created_at": DATETIME,
        "created_by": USER,
        "updated_at": DATETIME,
        "updated_by": USER,
        "deleted_at": DATETIME,
    }
    if entity.is_owned:
        types |= {"owner": USER, "team": _TEAM, "unit": _UNIT}
    if entity.lifecycle:
        types |= {"state": Type(Kind.CHOICE, options=tuple(entity.lifecycle.states)), "state_since": DATETIME}
    return types


def _of_field(field: Field) -> Attribute:
    if field.through:
        return Attribute(field.name, field.type.expression(field.params), field.through, stored=False)
    tree = None if field.formula is None or not field.is_live else field.formula.tree
    return Attribute(field.name, field.type.expression(field.params), (field.name,), formula=tree)


def _of_relationship(relationship: Relationship) -> Attribute:
    entities = () if relationship.any else relationship.targets
    is_one = relationship.shape is not Shape.MANY and relationship.one
    kind = Kind.REFERENCE if is_one else Kind.MANY
    stored = relationship.shape is Shape.LOOKUP
    return Attribute(relationship.name, Type(kind, entities), (relationship.name,), stored)
