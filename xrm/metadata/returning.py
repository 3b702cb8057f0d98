"""The way back to earlier names: a model whose former names are those that things have now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xrm.metadata.fieldtypes.base import Option
from xrm.metadata.fieldtypes.choices import former_keys
from xrm.metadata.former import FormerNames
from xrm.metadata.model import Entity, Field, Model, Relationship


@dataclass(frozen=True, slots=True)
class Now:
    """What the things of a model are called now: entities by its names, and by entity what those have."""

    entities: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[tuple[str, str], str] = field(default_factory=dict)


def looking_back(model: Model, before: Model, now: Now) -> Model:
    """The model, to which whatever is called otherwise in `before`, which is in force, was called so formerly.

    Former names of its own are no more: what says them has said present ones since.
    """
    entities = {e.name: _entity(e, before, now) for e in model.entities.values()}
    renamed = {old: new for new, old in now.entities.items() if old != new and old not in model.entities}
    roles = {
        new: old for old, new in before.former.roles.items() if old in model.roles and new not in model.roles
    }
    members = {name: entity.former for name, entity in entities.items() if entity.former}
    targets = {(e.name, r.name): r.targets for e in entities.values() for r in e.relationships.values()}
    options = {(e.name, f.name): former_keys(f.options) for e in entities.values() for f in e.fields.values()}
    former = FormerNames(
        renamed, roles, members, {k: names for k, names in options.items() if names}, targets
    )
    return replace(model, entities=entities, former=former)


def _entity(entity: Entity, before: Model, now: Now) -> Entity:
    was = now.entities.get(entity.name, entity.name)
    known = before.entities[was].fields if was in before.entities else {}
    fields = {
        f.name: _field(f, entity, known.get(now.members.get((entity.name, f.name), "")), now)
        for f in entity.fields.values()
    }
    relationships: dict[str, Relationship] = {
        r.name: replace(r, renamed_from=_former(entity, r.name, now)) for r in entity.relationships.values()
    }
    former = () if was == entity.name else (was,)
    return replace(entity, renamed_from=former, fields=fields, relationships=relationships)


def _field(one: Field, entity: Entity, known: Field | None, now: Now) -> Field:
    options = options_looking_back(one.options, known.options if known else ())
    params = {**one.params, "options": options} if "options" in one.params else one.params
    return replace(one, renamed_from=_former(entity, one.name, now), params=params)


def _former(entity: Entity, name: str, now: Now) -> tuple[str, ...]:
    called = now.members.get((entity.name, name), name)
    return () if called == name else (called,)


def options_looking_back(options: Sequence[Option], known: Sequence[Option]) -> tuple[Option, ...]:
    """Each option that has another key now had that formerly, unless another one has it."""
    living, later = {o.key for o in options}, former_keys(known)
    return tuple(
        replace(o, renamed_from=(later[o.key],) if o.key in later and later[o.key] not in living else ())
        for o in options
    )
