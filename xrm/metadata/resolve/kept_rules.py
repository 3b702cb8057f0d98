"""Rules that are kept in records: where they are, in which field they say where they count, and what follows then."""

from __future__ import annotations

from xrm.metadata.expressions.scope import KEPT
from xrm.metadata.fieldtypes.special import EXPRESSION
from xrm.metadata.kept_rules import KeptRule
from xrm.metadata.model import Entity, Relationship, Shape
from xrm.metadata.resolve.context import Context, Item

OF_EACH = ("holds", "on", "say", "then", "choose", "into", "keep")  # what only such a rule says
FOLLOWING = ("must", "choose", "keep")  # what follows from a rule that counts


def kept_rule(context: Context, entity: Entity, item: Item, prefix: tuple[str, ...]) -> KeptRule | None:
    """What the item says; None after a problem was told."""
    source = f"rule:{entity.name}.{item.name}"
    path = tuple(str(item.get("each")).split("."))
    there = _end(context, entity, item, path, source)
    if there is None:
        return None
    asked = _asked(context, entity, item, source)
    if asked is None or not _fits(context, entity, there, item, asked, source):
        return None
    scope = KEPT.of_each(there.name, entity.name)
    before = len(context.problems.found)
    expressions = {
        key: context.expression(item, key, there.name, source, scope=scope) for key in ("must", "when")
    }
    if len(context.problems.found) > before:
        return None
    return KeptRule(
        name=item.name,
        path=path,
        entity=there.name,
        holds=str(item.get("holds") or ""),
        must=expressions["must"],
        when=expressions["when"],
        warns=item.get("then") == "warn",
        message=context.texts.label(
            item.get("message"), "", *(f"{p}.rules.{item.name}.message" for p in prefix)
        ),
        place=item.key_at(),
        **{word: str(item.get(word, "")) for word in ("on", "say", "choose", "into", "keep", "field")},
    )


def _end(context: Context, entity: Entity, item: Item, path: tuple[str, ...], source: str) -> Entity | None:
    """The one entity that the path leads to many records of, along lookups."""
    at = entity
    for index, name in enumerate(path):
        side, is_last = at.relationships.get(name), index == len(path) - 1
        if side is None:
            context.unknown_name(at.name, name, item.at("each"), at.relationships)
            return None
        context.use(f"field:{at.name}.{name}", f"{source}.each", item.at("each"))
        if len(side.targets) != 1 or is_last == _is_one(side):
            message = (
                f'"{name}" does not lead to {"many records" if is_last else "one record"} of one entity.'
            )
            hint = "Go along lookups to a relationship to many, as in product.config_rules."
            context.add("M268", message, hint, item.at("each"))
            return None
        at = context.entities[side.targets[0]]
    return at


def _is_one(side: Relationship) -> bool:
    return side.shape is not Shape.MANY and side.one


def _asked(context: Context, entity: Entity, item: Item, source: str) -> str | None:
    """The entity of the record on which is asked whether a rule counts."""
    name = item.get("on")
    if not name:
        return entity.name
    side = _side(context, entity, item, "on", source)
    if side is None:
        return None
    if side.shape is not Shape.LOOKUP or len(side.targets) != 1:
        context.add("M268", f'"{name}" is no lookup to one entity.', "Name a lookup.", item.at("on"))
        return None
    return side.targets[0]


def _fits(context: Context, entity: Entity, there: Entity, item: Item, asked: str, source: str) -> bool:
    """Whether all that is named is there, and of the kind that is needed; what is not is told."""
    before = len(context.problems.found)
    name = str(item.get("holds") or "")
    field = there.fields.get(name)
    if name and field is None:
        context.unknown_name(there.name, name, item.at("holds"), there.fields)
    elif field is not None and (field.type.name != EXPRESSION.name or field.params.get("entity") != asked):
        message = f'"{name}" of {there.name} is no expression over {asked}.'
        hint = f"Give it the type expression and the entity {asked}."
        context.add("M268", message, hint, item.at("holds"))
    if item.get("say") and item.body["say"] not in there.fields:
        context.unknown_name(there.name, item.body["say"], item.at("say"), there.fields)
    _check_links(context, entity, there, item, source)
    if item.get("then") != "warn" and not any(item.get(word) for word in FOLLOWING):
        hint = "Say what must hold, what is chosen, or where the rules are kept; or then: warn."
        context.add("M268", "Nothing follows from the rules that count.", hint, item.key_at())
    for key in ("holds", "say"):
        if item.get(key):
            context.use(f"field:{there.name}.{item.body[key]}", f"{source}.{key}", item.at(key))
    return len(context.problems.found) == before


def _check_links(context: Context, entity: Entity, there: Entity, item: Item, source: str) -> None:
    """What is chosen, and what leads to rules that count, fits the relationship that it comes into."""
    if bool(item.get("choose")) != bool(item.get("into")):
        hint = "Say both: what is chosen, and into which relationship."
        context.add("M268", "What is chosen has no place, or nothing is chosen.", hint, item.key_at())
    elif item.get("choose"):
        chosen, into = (
            _side(context, there, item, "choose", source),
            _side(context, entity, item, "into", source),
        )
        if chosen is not None and into is not None:
            _check_link(context, item, "into", into, chosen.targets)
    if item.get("keep") and (keep := _side(context, entity, item, "keep", source)) is not None:
        _check_link(context, item, "keep", keep, (there.name,))


def _check_link(context: Context, item: Item, key: str, side: Relationship, targets: tuple[str, ...]) -> None:
    if side.shape is not Shape.MANY or not set(targets) <= set(side.targets):
        message = f'"{side.name}" is no many-to-many relationship to {" or ".join(targets)}.'
        context.add("M268", message, "Name one with many: true that leads there.", item.at(key))


def _side(context: Context, entity: Entity, item: Item, key: str, source: str) -> Relationship | None:
    side = entity.relationships.get(item.body[key])
    if side is None:
        context.unknown_name(entity.name, item.body[key], item.at(key), entity.relationships)
    else:
        context.use(f"field:{entity.name}.{side.name}", f"{source}.{key}", item.at(key))
    return side
