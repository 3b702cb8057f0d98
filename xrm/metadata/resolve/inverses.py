"""The other side of every relationship, and the children that their owner declares with `from`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from xrm.metadata.mending import meant_by
from xrm.metadata.merging import Merged
from xrm.metadata.model import (
    ENGINE_ENTITIES,
    OWNER_FIELDS,
    POINTERS,
    Entity,
    Label,
    Relationship,
    Shape,
)
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Body
from xrm.metadata.resolve.context import Context, Item


def take_declared(context: Context, entity: str, item: Item) -> None:
    """What `from` declares is written into the lookup over there; an owned child without one gets one."""
    child_name = item.body["from"]
    place = item.at("from")
    if child_name not in context.entities or child_name in ENGINE_ENTITIES:
        context.unknown_entity(child_name, item.pack, place, context.layers.entities)
        child_name = meant_by(child_name, context.layers.entities)
    if child_name not in context.entities:
        context.layers.entities[entity].broken.add(item.path)
        return
    context.use(f"entity:{child_name}", f"relationship:{entity}.{item.name}", place)
    lookup = _lookup_over_there(context, entity, item, context.entities[child_name])
    if lookup is None:
        context.layers.entities[entity].broken.add(item.path)
        return
    changed = replace(lookup, inverse=item.name)
    if item.get("owned"):
        changed = replace(changed, is_parent=True, on_delete=_deletion(context, lookup))
    _put(context, child_name, changed)


def _deletion(context: Context, lookup: Relationship) -> str:
    """Children go with their owner unless their file says otherwise."""
    merged = context.layers.entities[lookup.entity]
    written = merged.body.get("relationships", {}).get(lookup.name, {})
    return str(written.get("on_delete", "cascade"))


def _lookup_over_there(context: Context, entity: str, item: Item, child: Entity) -> Relationship | None:
    leading = [
        r for r in child.relationships.values()
        if r.shape is not Shape.INVERSE and (entity in r.targets or r.abstract_target == entity)
    ]  # fmt: skip
    wanted = item.get("via")
    if wanted:
        found = [r for r in leading if r.name == wanted]
        if not found and not context.forgives(child.name, wanted):
            hint = near_hint(
                wanted, [r.name for r in leading], f"No relationship of {child.name} leads to {entity}."
            )
            context.add(
                "M243", f'"{wanted}" of {child.name} does not lead to {entity}.', hint, item.at("via")
            )
    else:
        found = [r for r in leading if r.inverse == item.name] or leading
    if len(found) > 1:
        names = ", ".join(r.name for r in found)
        context.add(
            "M242",
            f"Several relationships of {child.name} lead here: {names}.",
            "Say which one with via.",
            item.at("from"),
        )
        return None
    if found:
        return _agreed(context, item, found[0])
    return None if wanted else _added(context, entity, item, child)


def _agreed(context: Context, item: Item, lookup: Relationship) -> Relationship | None:
    if lookup.inverse in ("", item.name):
        if not (item.get("owned") and lookup.shape is Shape.MANY):
            return lookup
        context.add(
            "M245",
            "A record that is owned has one owner.",
            "Take many or valid out over there.",
            item.key_at(),
        )
        return None
    message = f'{lookup.entity}.{lookup.name} calls its other side "{lookup.inverse}", not "{item.name}".'
    context.add("M241", message, "Let both files use one name.", item.key_at())
    return None


def _added(context: Context, entity: str, item: Item, child: Entity) -> Relationship | None:
    """The lookup that an owned child has without having written it."""
    if any(context.forgives(child.name, n) for n in (entity, item.name)):
        return None
    is_taken = entity in child.fields or entity in child.relationships
    if not item.get("owned") or is_taken:
        hint = f"Add a relationship to {child.name}, as in {entity}: {{to: {entity}, inverse: {item.name}}}."
        context.add("M243", f"No relationship of {child.name} leads to {entity}.", hint, item.at("from"))
        return None
    label = context.texts.named(context.layers.entities[entity].body.get("label"), entity)
    return Relationship(
        name=entity,
        entity=child.name,
        shape=Shape.LOOKUP,
        targets=(entity,),
        label=label,
        required=True,
        on_delete="cascade",
        pack=item.pack,
        place=item.key_at(),
    )


def _put(context: Context, entity: str, relationship: Relationship) -> None:
    old = context.entities[entity]
    relationships = {**old.relationships, relationship.name: relationship}
    parent = relationship.name if relationship.is_parent else old.parent
    if relationship.is_parent and old.parent not in ("", relationship.name):
        message = f"{entity} would have two owners: {old.parent} and {relationship.name}."
        context.add("M247", message, "Say owned on one side only.", relationship.place)
    context.entities[entity] = replace(old, relationships=relationships, parent=parent)


@dataclass(frozen=True, slots=True)
class _Side:
    """One stored relationship, as a target sees it."""

    target: str
    name: str
    source: Relationship


def make_inverses(context: Context) -> None:
    """Every relationship is known at both ends."""
    sides: dict[tuple[str, str], list[Relationship]] = defaultdict(list)
    for side in _sides(context):
        sides[side.target, side.name].append(side.source)
    made: dict[str, dict[str, Relationship]] = defaultdict(dict)
    for (target, name), sources in sides.items():
        inverse = _inverse(context, target, name, sources)
        if inverse:
            made[target][name] = inverse
    for target, inverses in made.items():
        entity = context.entities[target]
        context.entities[target] = replace(entity, relationships={**entity.relationships, **inverses})
    _add_belongings(context)


def _add_belongings(context: Context) -> None:
    """From people, teams and units expressions go to the records that they hold."""
    owned = [e for e in context.entities.values() if e.is_owned and not e.abstract]
    for name in OWNER_FIELDS:
        target = POINTERS[name]
        if target in context.entities:
            entity = context.entities[target]
            added = {
                side.name: side for e in owned if (side := _belonging(e, name)).name not in entity.fields
            }
            context.entities[target] = replace(entity, belongings={**entity.belongings, **added})


def _belonging(entity: Entity, name: str) -> Relationship:
    return Relationship(
        name=f"{entity.name}_by_{name}",
        entity=POINTERS[name],
        shape=Shape.INVERSE,
        targets=(entity.name,),
        label=entity.plural,
        one=False,
        inverse=name,
        of=(entity.name, name),
        renamed_from=tuple(f"{old}_by_{name}" for old in entity.renamed_from),
        pack=entity.pack,
        place=entity.place,
    )


def _sides(context: Context) -> Iterable[_Side]:
    concrete = [e.name for e in context.entities.values() if not e.abstract]
    for entity in list(context.entities.values()):
        for relationship in list(entity.relationships.values()):
            if relationship.any and not relationship.inverse:
                continue
            if entity.abstract and not relationship.inverse:
                continue
            name = relationship.inverse or f"{entity.name}_by_{relationship.name}"
            if not relationship.inverse:
                _name_inverse(context, relationship, name)
            shared = (relationship.abstract_target,) if relationship.abstract_target else ()
            for target in concrete if relationship.any else (*relationship.targets, *shared):
                yield _Side(target, name, context.entities[entity.name].relationships[relationship.name])


def _name_inverse(context: Context, relationship: Relationship, name: str) -> None:
    entity = context.entities[relationship.entity]
    named = {**entity.relationships, relationship.name: replace(relationship, inverse=name)}
    context.entities[relationship.entity] = replace(entity, relationships=named)


def _inverse(context: Context, target: str, name: str, sources: list[Relationship]) -> Relationship | None:
    """The side that `target` has; several sources share it only when they copied it from one entity."""
    concrete = [r for r in sources if not context.entities[r.entity].abstract]
    origin = _common_origin(context, sources) if len(sources) > 1 else sources[0]
    if origin is None:
        _clash(context, target, name, sources)
        return None
    if not concrete:
        return None
    entity = context.entities[target]
    if name in entity.fields or name in entity.relationships:
        _taken(context, entity, name, origin)
        return None
    first = concrete[0]
    stored = origin if len(concrete) > 1 else first
    return Relationship(
        name=name,
        entity=target,
        shape=Shape.INVERSE,
        targets=tuple(r.entity for r in concrete),
        label=_label(context, target, name, stored, first),
        one=all(r.unique and r.shape is Shape.LOOKUP for r in concrete),
        inverse=stored.name,
        of=(stored.entity, stored.name),
        valid=stored.valid,
        exclusive=stored.exclusive,
        hierarchy=stored.hierarchy,
        owned=any(r.is_parent for r in concrete),
        sensitive=stored.sensitive,
        privacy=stored.privacy,
        pack=stored.pack,
        place=stored.place,
    )


def _common_origin(context: Context, sources: list[Relationship]) -> Relationship | None:
    """The relationship that all of these are copies of, if there is one."""
    lines = context.layers.lines
    for candidate in sources:
        if all(r.name == candidate.name and candidate.entity in lines.get(r.entity, ()) for r in sources):
            return candidate
    shared = [
        e for e in lines.get(sources[0].entity, ()) if all(e in lines.get(r.entity, ()) for r in sources)
    ]
    for entity in shared:
        found = context.entities[entity].relationships.get(sources[0].name)
        if found and all(r.name == found.name for r in sources):
            return found
    return None


def _clash(context: Context, target: str, name: str, sources: list[Relationship]) -> None:
    first, second = sources[0], sources[1]
    message = (
        f'{first.entity}.{first.name} and {second.entity}.{second.name} are both called "{name}" by {target}.'
    )
    context.add("M241", message, "Give one of them another inverse.", second.place)


def _taken(context: Context, entity: Entity, name: str, origin: Relationship) -> None:
    known = entity.relationships.get(name)
    if known and known.shape is Shape.INVERSE:
        return
    message = (
        f'{entity.name} has a "{name}" already, so {origin.entity}.{origin.name} cannot be called so there.'
    )
    context.add("M241", message, "Give it another inverse.", origin.place)


def _label(context: Context, target: str, name: str, stored: Relationship, first: Relationship) -> Label:
    """What the target's file, the source's file, or the source's plural says."""
    body = _written(context.layers.entities.get(target), name)
    inverse = _written(context.layers.entities.get(stored.entity), stored.name).get("inverse")
    paths = [f"entities.{e}.relationships.{stored.name}.inverse.label" for e in (stored.entity, first.entity)]
    paths.append(f"entities.{target}.relationships.{name}.label")
    if body or inverse:
        return context.texts.named(body.get("label") or (inverse or {}).get("label"), name, *paths)
    return context.texts.label(context.entities[first.entity].plural, "", *paths)


def _written(merged: Merged | None, name: str) -> Body:
    found: Body = merged.body.get("relationships", {}).get(name, {}) if merged else {}
    return found
