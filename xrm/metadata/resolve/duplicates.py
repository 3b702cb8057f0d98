"""The ways in which an entity finds records that are the same thing twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xrm.metadata.expressions.scope import KEY
from xrm.metadata.fieldtypes.base import Part, Storage
from xrm.metadata.model import Duplicate, Entity, Field, Match, Shape
from xrm.metadata.names import near_hint
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.schemas.entity import FUZZY

_OF_TYPES = ("phone", "email")
_OF_TEXTS = ("folded", "fuzzy")
_PLAIN = frozenset(Storage) - {Storage.JSON, Storage.LONG_TEXT, Storage.UUID, Storage.BYTES}


def duplicate_of(context: Context, entity: Entity, item: Item, prefix: tuple[str, ...]) -> Duplicate | None:
    """The way that the item describes; nothing where none of what it compares is known."""
    if "match" not in item.body:
        if not context.is_broken(item.merged, *map(str, item.path)):
            message = f'The way "{item.name}" to find duplicates compares nothing.'
            context.add("M250", message, "Name under match what both records have alike.", item.key_at())
        return None
    source = f"duplicate:{entity.name}.{item.name}"
    said = item.get("match")
    found = [_match(context, entity, item, index, one, source) for index, one in enumerate(said)]
    _refuse_two_fuzzy(context, item, [match for match in found if match])
    when = context.expression(item, "when", entity.name, source, scope=KEY)
    if None in found or not found:
        return None
    return Duplicate(
        name=item.name,
        match=tuple(match for match in found if match),
        then=item.get("then", "warn"),
        when=when,
        message=context.texts.label(
            item.get("message"), "", *(f"{p}.duplicates.{item.name}.message" for p in prefix)
        ),
        place=item.key_at(),
    )


def _match(context: Context, entity: Entity, item: Item, index: int, said: Any, source: str) -> Match | None:
    steps: tuple[str | int, ...] = ("match", index) if isinstance(said, str) else ("match", index, "field")
    body: dict[str, Any] = {"field": said} if isinstance(said, str) else said
    path = tuple(str(body["field"]).split("."))
    kind = _kind(context, entity, item, path, steps)
    if kind is None:
        return None
    context.use(f"field:{entity.name}.{path[0]}", f"{source}.match", item.at(*steps))
    by = str(body.get("by") or _usual(kind))
    fault = _fault(kind, by, body)
    if fault:
        context.add(
            "M272", f'"{body["field"]}" cannot be compared so: {fault[0]}', fault[1], item.at("match", index)
        )
        return None
    return Match(path, by, int(body.get("at_least", FUZZY)) if by == "fuzzy" else 100)


def _kind(
    context: Context, entity: Entity, item: Item, path: tuple[str, ...], steps: tuple[str | int, ...]
) -> str | None:
    """What is compared: `phone`, `email`, `text` or `value`; nothing, and a problem, where it cannot be."""
    name, part = path[0], ".".join(path[1:])
    side, field = entity.relationships.get(name), entity.fields.get(name)
    if side is not None and side.shape is Shape.LOOKUP and not part:
        return "value"
    if field is None:
        if side is None:
            context.unknown_name(entity.name, name, item.at(*steps), tuple(_names(entity)))
        else:
            message = f'"{".".join(path)}" is kept in no column of {entity.name}.'
            context.add("M272", message, "Compare a field, or a relationship to one record.", item.at(*steps))
        return None
    parts = {each.suffix: each for each in field.parts}
    if part and part not in parts:
        hint = near_hint(part, [suffix for suffix in parts if suffix])
        context.add("M272", f'"{name}" has no part "{part}".', hint, item.at(*steps))
        return None
    stored = parts.get(part)
    is_whole = bool(part) or len(parts) == 1 or (stored is not None and stored.storage is Storage.TEXT)
    if stored is None or not _is_plain(field, part, stored) or not is_whole:
        message = f'"{".".join(path)}" cannot be compared: it is a {field.type.name}.'
        suffixes = ", ".join(f"{name}.{suffix}" for suffix in parts if suffix)
        hint = f"Name a part of it: {suffixes}." if suffixes else "Leave it out of match."
        context.add("M272", message, hint, item.at(*steps))
        return None
    if field.type.name in _OF_TYPES:
        return field.type.name
    return "text" if stored.storage is Storage.TEXT else "value"


def _is_plain(field: Field, part: str, stored: Part) -> bool:
    kept = stored.storage in _PLAIN and not field.type.is_sealed
    return kept and (bool(part) or field.type.is_sortable)


def _names(entity: Entity) -> Iterator[str]:
    yield from (field.name for field in entity.fields.values() if not field.through)
    yield from (side.name for side in entity.lookups)


def _usual(kind: str) -> str:
    return kind if kind in _OF_TYPES else "folded" if kind == "text" else "exact"


def _fault(kind: str, by: str, body: dict[str, Any]) -> tuple[str, str] | None:
    if by in _OF_TYPES and kind != by:
        return f"it is no field of the type {by}.", "Take by out, or say folded or exact."
    if by in _OF_TEXTS and kind == "value":
        return f"{by} is for texts.", "Take by out."
    if "at_least" in body and by != "fuzzy":
        return "at_least is for fuzzy texts.", "Take at_least out, or say by: fuzzy."
    return None


def _refuse_two_fuzzy(context: Context, item: Item, found: list[Match]) -> None:
    if sum(match.by == "fuzzy" for match in found) > 1:
        message = f'The way "{item.name}" to find duplicates compares two texts by likeness.'
        context.add("M272", message, "Leave one of them fuzzy.", item.at("match"))
