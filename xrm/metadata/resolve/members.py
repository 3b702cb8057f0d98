"""What an entity says about its records as a whole: title, keys, rules and indexes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from xrm.metadata.expressions.scope import KEY, RULE, TITLE
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import TEXT
from xrm.metadata.kept_rules import KeptRule
from xrm.metadata.model import Entity, Key, Rule, Shape
from xrm.metadata.names import system_names
from xrm.metadata.positions import Path
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.resolve.duplicates import duplicate_of
from xrm.metadata.resolve.kept_rules import OF_EACH, kept_rule


def with_members(context: Context, entity: Entity, item: Item) -> Entity:
    """The entity with everything that is about the whole record."""
    prefix = context.prefixes("entities", entity.name)
    return replace(
        entity,
        title=_title(context, entity, item),
        keys={k.name: key for k in item.items("keys") if (key := _key(context, entity, k, prefix))},
        duplicates={
            d.name: way
            for d in item.items("duplicates")
            if (way := duplicate_of(context, entity, d, prefix)) is not None
        },
        rules={
            r.name: rule
            for r in item.items("rules")
            if "each" not in r.body and (rule := _rule(context, entity, r, prefix))
        },
        kept_rules={
            r.name: kept
            for r in item.items("rules")
            if "each" in r.body and (kept := _kept_rule(context, entity, r, prefix))
        },
        indexes=_indexes(context, entity, item),
    )


def stored_names(entity: Entity) -> tuple[str, ...]:
    """The names that have columns in the entity's own table."""
    return tuple(_stored_names(entity))


def _stored_names(entity: Entity) -> Iterator[str]:
    yield from (f.name for f in entity.fields.values() if f.is_stored)
    yield from (r.name for r in entity.relationships.values() if r.shape is Shape.LOOKUP)
    yield from system_names(entity.ownership, entity.lifecycle is not None)


def _is_stored(entity: Entity, name: str) -> bool:
    if name in entity.fields:
        return entity.fields[name].is_stored
    if name in entity.relationships:
        return entity.relationships[name].shape is Shape.LOOKUP
    return name in system_names(entity.ownership, entity.lifecycle is not None)


def check_names(
    context: Context,
    entity: Entity,
    item: Item,
    names: Iterable[Any],
    steps: tuple[str | int, ...],
    source: str,
) -> tuple[str, ...]:
    """The names that have columns of their own; each other one is a problem."""
    known = []
    for index, name in enumerate(names):
        place = item.at(*steps, index)
        if _is_stored(entity, str(name)):
            known.append(str(name))
            context.use(f"field:{entity.name}.{name}", source, place)
        elif name in entity.fields or name in entity.relationships:
            hint = f"Choose one of {', '.join(islice(_stored_names(entity), 8))} and so on."
            context.add("M257", f'"{name}" has no column of its own in {entity.name}.', hint, place)
        else:
            context.unknown_name(entity.name, str(name), place, _stored_names(entity))
    return tuple(known)


def _title(context: Context, entity: Entity, item: Item) -> Expression | None:
    """The display text: what the file says, else the first text field."""
    source = f"entity:{entity.name}"
    if "title" in item.body:
        return context.expression(item, "title", entity.name, source, scope=TITLE, expect=TEXT)
    name = _title_field(entity)
    if not name:
        if not _may_have_lost_its_title(item.merged.broken) and not entity.abstract:
            hint = "Give it a title, as in title: name, or a text field."
            context.add("M256", f"Records of {entity.name} have no title.", hint, entity.place)
        return None
    return context.check(name, item, ("label",), entity.name, f"{source}.title", scope=TITLE, expect=TEXT)


def _may_have_lost_its_title(broken: Iterable[Path]) -> bool:
    """True when the title, or a field that could be one, has no meaning because of a problem that is told."""
    return any(not path or path[0] in ("title", "fields") for path in broken)


def _title_field(entity: Entity) -> str:
    """The field that a person would call the record by."""
    texts = [
        f.name
        for f in entity.fields.values()
        if f.type.expression(f.params).kind is TEXT.kind and f.is_stored
    ]
    for name in ("name", "title", "subject", "number", "code"):
        if name in texts:
            return name
    return texts[0] if texts else ""


def _key(context: Context, entity: Entity, item: Item, prefix: tuple[str, ...]) -> Key | None:
    source = f"key:{entity.name}.{item.name}"
    if "fields" not in item.body and not context.is_broken(item.merged, *map(str, item.path)):
        hint = "Name the fields that are unique together."
        context.add("M250", f'The key "{item.name}" has no fields.', hint, item.key_at())
    fields = check_names(context, entity, item, item.get("fields", ()), ("fields",), source)
    span = item.get("no_overlap")
    overlap = check_names(context, entity, item, span, ("no_overlap",), source) if span else ()
    return Key(
        name=item.name,
        fields=fields,
        message=context.texts.label(
            item.get("message"), "", *(f"{p}.keys.{item.name}.message" for p in prefix)
        ),
        when=context.expression(item, "when", entity.name, source, scope=KEY),
        no_overlap=(overlap[0], overlap[1]) if len(overlap) == 2 else None,
        place=item.key_at(),
    )


def _rule(context: Context, entity: Entity, item: Item, prefix: tuple[str, ...]) -> Rule | None:
    source = f"rule:{entity.name}.{item.name}"
    if "must" not in item.body and not context.is_broken(item.merged, *map(str, item.path)):
        context.add("M250", f'The rule "{item.name}" has no must.', "Say what must hold.", item.key_at())
    for word in (w for w in OF_EACH if w in item.body):
        told = f'"{word}" is said of rules that are kept in records.'
        context.add("M268", told, "Say with each where these are, or take it out.", item.at(word))
    field = item.get("field", "")
    if field:
        _check_member(context, entity, item, "field", source)
    must = context.expression(item, "must", entity.name, source, scope=RULE)
    when = context.expression(item, "when", entity.name, source, scope=RULE)
    if must is None:
        return None
    message = context.texts.label(
        item.get("message"), "", *(f"{p}.rules.{item.name}.message" for p in prefix)
    )
    return Rule(item.name, must, when, message, item.key_at(), field)


def _kept_rule(context: Context, entity: Entity, item: Item, prefix: tuple[str, ...]) -> KeptRule | None:
    if item.get("field"):
        _check_member(context, entity, item, "field", f"rule:{entity.name}.{item.name}")
    return kept_rule(context, entity, item, prefix)


def _check_member(context: Context, entity: Entity, item: Item, key: str, source: str) -> None:
    name = item.body[key]
    known = (
        *entity.fields,
        *entity.relationships,
        *system_names(entity.ownership, entity.lifecycle is not None),
    )
    if name in known:
        context.use(f"field:{entity.name}.{name}", f"{source}.{key}", item.at(key))
    else:
        context.unknown_name(entity.name, name, item.at(key), known)


def _indexes(context: Context, entity: Entity, item: Item) -> tuple[tuple[str, ...], ...]:
    return tuple(
        names
        for i, index in enumerate(item.get("indexes", ()))
        if (
            names := check_names(
                context, entity, item, index, ("indexes", i), f"entity:{entity.name}.indexes"
            )
        )
    )
