"""Relationships as entities declare them: the stored sides, before the other sides are made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xrm.errors import Place
from xrm.metadata.expressions.scope import FILTER
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.model import ENGINE_ENTITIES, Field, Relationship, Shape
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.resolve.fields import check_conditions, field_of, with_expressions

LINK_COLUMNS = ("id", "source", "target", "valid_from", "valid_to", "created_at", "created_by")
GUARDS = ("sensitive", "privacy")
NOT_OF_ATTRIBUTES = (
    *GUARDS,
    *("search", "index", "unique", "track"),
    *("visible_when", "required_when", "readonly_when"),
)


def stored_side(context: Context, item: Item, entity: str, paths: tuple[str, ...]) -> Relationship | None:
    """The relationship that `to` declares, without its expressions; None if it has no meaning."""
    _check_words(context, item)
    targets = _targets(context, item)
    body = item.body
    if targets is None:
        item.merged.broken.add(item.path)
        _attributes(context, item, entity, paths)
        return None
    is_many, is_valid = body.get("many", False), body.get("valid", False)
    shape = Shape.MANY if is_many or is_valid else Shape.LOOKUP
    inverse = body.get("inverse", {}).get("name", "")
    return Relationship(
        name=item.name,
        entity=entity,
        shape=shape,
        targets=targets,
        label=context.texts.named(body.get("label"), item.name, *(f"{p}.label" for p in paths)),
        any="any" in body["to"],
        one=shape is Shape.LOOKUP,
        inverse=inverse,
        abstract_target=_abstract(context, body["to"]),
        required=body.get("required", False),
        unique=body.get("unique", False),
        on_delete=body.get("on_delete", "restrict"),
        cascade=dict(body.get("cascade", {})),
        attributes=_attributes(context, item, entity, paths),
        valid=is_valid,
        exclusive=is_valid and not is_many,
        hierarchy=body.get("hierarchy", False),
        help=context.texts.label(body.get("help"), "", *(f"{p}.help" for p in paths)),
        sensitive=body.get("sensitive", False),
        privacy=body.get("privacy", ""),
        renamed_from=tuple(body.get("renamed_from", ())),
        pack=item.pack,
        place=item.key_at(),
    )


def _targets(context: Context, item: Item) -> tuple[str, ...] | None:
    """The concrete entities that it leads to; None if one of them is not there."""
    words: list[str] = item.body["to"]
    place = item.at("to")
    if "any" in words:
        if len(words) > 1:
            context.add(
                "M245", "any stands beside other entities.", "Write any alone, or list entities.", place
            )
        return ()
    targets: list[str] = []
    for index, word in enumerate(words):
        where = item.at("to", index)
        found = _spread(context, word)
        if found is None:
            context.unknown_entity(word, item.pack, where)
            found = _spread(context, context.entity_meant(word, item.pack))
        if found is None:
            return None
        if not found and not context.forgives(word, item.name):
            hint = f"Write an entity that is like {word}, or take abstract out of it."
            context.add("M244", f'"{word}" is abstract, and no entity is like it.', hint, where)
        targets.extend(found)
        context.use(f"entity:{word}", f"relationship:{item.merged.name}.{item.name}", where)
    return tuple(dict.fromkeys(targets))


def _spread(context: Context, name: str) -> tuple[str, ...] | None:
    """The entity itself, or all that an abstract one stands for; None for an unknown one."""
    if name in ENGINE_ENTITIES:
        return (name,)
    merged = context.layers.entities.get(name)
    if merged is None:
        return None
    return implementations(context, name) if merged.body.get("abstract") else (name,)


def implementations(context: Context, name: str) -> tuple[str, ...]:
    """The concrete entities that are like an abstract one, near or far."""
    return tuple(
        other
        for other, line in context.layers.lines.items()
        if name in line[1:] and not context.layers.entities[other].body.get("abstract")
    )


def _abstract(context: Context, words: list[str]) -> str:
    merged = context.layers.entities.get(words[0]) if len(words) == 1 else None
    return words[0] if merged and merged.body.get("abstract") else ""


def _attributes(context: Context, item: Item, entity: str, paths: tuple[str, ...]) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for child in item.items("attributes"):
        if child.name in LINK_COLUMNS:
            hint = f"Choose another name than {', '.join(LINK_COLUMNS)}."
            context.add("M240", f'Every link has a "{child.name}" by itself.', hint, child.key_at())
            continue
        _refuse_unheld(context, child)
        field = field_of(
            context, child, f"{entity}.{item.name}", tuple(f"{p}.attributes.{child.name}" for p in paths)
        )
        if field:
            fields[child.name] = field
    return fields


def _refuse_unheld(context: Context, attribute: Item) -> None:
    """Words of a field that nothing holds for an attribute of a link are problems."""
    for word in (w for w in NOT_OF_ATTRIBUTES if w in attribute.body):
        message = f'This version of xrm does not carry out "{word}" for attributes of links.'
        hint = "Take it out; whoever reads the relationship reads its attributes."
        if word not in GUARDS:
            hint = "Take it out, or make an entity of its own for these links."
        context.add("M108", message, hint, attribute.key_at(word))


def _check_words(context: Context, item: Item) -> None:
    """Words that contradict each other are problems."""
    body = item.body
    is_link = bool(body.get("many") or body.get("valid"))
    contradictions: list[tuple[bool, str, str, str]] = [
        ("from" in body, "from", "A relationship has to or from, not both.", "Take one of them out."),
        ("via" in body and "from" not in body, "via", "via belongs to from.", "Take it out."),
        (bool(body.get("owned")) and "from" not in body, "owned", "Only a relationship with from is owned.",
         "Say owned on the side of the owner, with from."),
        ("attributes" in body and not is_link, "attributes", "Only links have attributes.",
         "Add many: true or valid: true, or make these fields of the entity."),
        (is_link and "on_delete" in body, "on_delete", "Links always go with either record.", "Take it out."),
        (is_link and "cascade" in body, "cascade", "Links do not follow a record.", "Take it out."),
        ("assign" in body.get("cascade", {}) and item.merged.body.get("ownership") != "user_or_team"
         and not context.is_broken(item.merged, "ownership"), "cascade",
         f"Records of {item.merged.name} have no owner, so they are never given along.",
         "Give the entity ownership: user_or_team, or take assign out."),
        (is_link and bool(body.get("unique")), "unique", "A link cannot be unique.", "Take unique out."),
        (is_link and "default" in body, "default", "Links have no default.", "Take it out."),
        (bool(body.get("hierarchy")) and body.get("to") not in ([item.merged.name], None), "hierarchy",
         "A hierarchy leads to its own entity.", f"Write to: {item.merged.name}."),
        (bool(body.get("required")) and body.get("on_delete") == "clear", "on_delete",
         "A required relationship cannot be cleared.", "Write restrict or cascade, or take required out."),
    ]  # fmt: skip
    for holds, key, message, hint in contradictions:
        if holds:
            code = "M246" if key == "on_delete" and not is_link else "M245"
            context.add(code, message, hint, item.key_at(key))


def with_relationship_expressions(context: Context, relationship: Relationship, item: Item) -> Relationship:
    """The relationship with its conditions, filter, default and attributes checked."""
    entity = relationship.entity
    source = f"relationship:{entity}.{item.name}"
    found = check_conditions(context, item, entity, source)
    if "default" in item.body:
        expect = Type(Kind.REFERENCE, relationship.targets)
        found["default"] = context.expression(item, "default", entity, source, expect=expect)
    if "filter" in item.body:
        found["filter"] = _filter(context, relationship, item, source)
    if relationship.attributes:
        _check_attributes(context, item)
        found["attributes"] = {
            child.name: with_expressions(context, relationship.attributes[child.name], child, entity)
            for child in item.items("attributes")
            if child.name in relationship.attributes
        }
    return replace(relationship, **found) if found else relationship


def _check_attributes(context: Context, item: Item) -> None:
    """What a link says has no record whose values could decide what may be chosen."""
    for child in item.items("attributes"):
        options = child.get("options")
        said = [o for o in options.values() if "when" in (o or {})] if isinstance(options, dict) else []
        if said or "options_when" in child.body:
            message = "All options of what a link says may be chosen always."
            context.add("M245", message, "Take the conditions of its options out.", child.key_at())


def _filter(context: Context, relationship: Relationship, item: Item, source: str) -> Any:
    """The condition on the records that may be chosen: bare names are theirs, on every entity it leads to."""
    if relationship.any:
        where: Place = item.key_at("filter")
        context.add(
            "M245", "What leads to any entity has no filter.", "Name the entities, or take it out.", where
        )
        return None
    scope = FILTER.with_record(relationship.entity)
    targets = (relationship.abstract_target,) if relationship.abstract_target else relationship.targets
    found = [context.expression(item, "filter", t, source, scope=scope) for t in targets]
    return found[0] if found else None
