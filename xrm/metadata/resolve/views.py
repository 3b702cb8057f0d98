"""Views: what they show and in which order, checked against the entity and the kinds that each type needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xrm.errors import Place
from xrm.metadata.expressions.types import ORDERED, Attribute, Kind
from xrm.metadata.fieldtypes.base import Control
from xrm.metadata.model import Entity, Shape, View
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.schemas.views import PLAIN_KEYS, VIEW_KEYS, VIEW_TYPES, later_hint

_AGGREGATE: Final = re.compile(r"(\w+)\((?:([a-z0-9_.]+))?\)")
_MOMENTS: Final = frozenset({Kind.DATE, Kind.DATETIME})
_SORTABLE: Final = ORDERED | {Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN, Kind.MONEY, Kind.REFERENCE}
_SUMMED: Final = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DURATION})
# The kinds of value that a key of a view needs, in words for its author; `sort` is one of them.
NEEDS: Final[Mapping[str, tuple[frozenset[Kind], str]]] = {
    "group_by": (frozenset({Kind.CHOICE}), "a choice or the state"),
    "start": (_MOMENTS, "a date or an instant"),
    "end": (_MOMENTS, "a date or an instant"),
    "color": (frozenset({Kind.CHOICE}), "a choice or the state"),
    "sort": (_SORTABLE, "something that has an order"),
}
_SHOWN_AS: Final = {"image": (Control.IMAGE, "a picture"), "location": (Control.GEO, "a point on the map")}


def views_of(context: Context, entity: Entity) -> dict[str, View]:
    """The entity's written views."""
    merged = context.layers.views.get(entity.name)
    if merged is None:
        return {}
    item = Item(merged, (), merged.body)
    return {v.name: view for v in item.items() if (view := _view(context, entity, v))}


def _view(context: Context, entity: Entity, item: Item) -> View | None:
    is_broken = context.is_broken(item.merged, *map(str, item.path))
    if "type" not in item.body and not is_broken:
        hint = f"Give it one: {', '.join(VIEW_TYPES)}."
        context.add("M250", f'The view "{item.name}" of {entity.name} has no type.', hint, item.key_at())
    source = f"view:{entity.name}.{item.name}"
    params: dict[str, Any] = {}
    type_ = item.get("type", "")
    unfit = _unfit_keys(context, item, type_) if type_ else frozenset()
    for key in VIEW_TYPES[type_].keys if type_ else VIEW_KEYS:
        if key in item.body and key != "columns" and key not in unfit:
            params[key] = _param(context, entity, item, key, source)
    path = f"views.{entity.name}.{item.name}.label"
    return View(
        name=item.name,
        entity=entity.name,
        type=type_,
        label=context.texts.named(item.get("label"), item.name, path),
        columns=_paths(context, entity, item, "columns", source) if "columns" not in unfit else (),
        filter=context.expression(item, "filter", entity.name, source),
        sort=_sort(context, entity, item, source),
        params={k: v for k, v in params.items() if v},
        place=item.key_at(),
    )


def _unfit_keys(context: Context, item: Item, type_: str) -> frozenset[str]:
    """The keys that the type of the view does not carry out, from documents that do not name the type.

    Where a document names it, its shape says so already.
    """
    found = [key for key in item.body if key in VIEW_KEYS and _is_unfit(item, type_, key)]
    for key in found:
        if hint := later_hint(type_, key):
            message = f'This version of xrm does not carry out "{key}" in a view of the type "{type_}".'
            context.add("M108", message, hint, item.key_at(key))
        else:
            hint = f"It has {', '.join(VIEW_TYPES[type_].keys)}."
            context.add("M110", f'A view of the type "{type_}" has no "{key}".', hint, item.key_at(key))
    return frozenset(found)


def _is_unfit(item: Item, type_: str, key: str) -> bool:
    document, inside = item.merged.origin((*item.path, key))
    said: Any = document.raw
    for step in inside[:-1]:
        said = said[step]
    return "type" not in said and (key not in VIEW_TYPES[type_].keys or bool(later_hint(type_, key)))


def _param(context: Context, entity: Entity, item: Item, key: str, source: str) -> Any:
    if key == "value":
        return _value(context, entity, item, source)
    if key in PLAIN_KEYS:
        return item.body[key]
    said = item.body[key]
    if isinstance(said, list):
        return _paths(context, entity, item, key, source)
    # A map is what another layer says of a list; one that is none of that has been told as a mistake of its shape.
    return _path(context, entity, said, item, (key,), f"{source}.{key}", key) if isinstance(said, str) else ""


def _paths(context: Context, entity: Entity, item: Item, key: str, source: str) -> tuple[str, ...]:
    """The paths of a list that lead somewhere, each once."""
    found: list[str] = []
    for index, path in enumerate(item.get(key, ())):
        known = _path(context, entity, path, item, (key, index), f"{source}.{key}", key)
        if known in found:
            context.add("M260", f'"{path}" stands here twice.', "Keep one of them.", item.at(key, index))
        elif known:
            found.append(known)
    return tuple(found)


def _sort(context: Context, entity: Entity, item: Item, source: str) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for index, word in enumerate(item.get("sort", ())):
        path = word.removeprefix("-")
        known = _path(context, entity, path, item, ("sort", index), f"{source}.sort", "sort")
        if known:
            found.append((known, word.startswith("-")))
    return tuple(found)


def _value(context: Context, entity: Entity, item: Item, source: str) -> str:
    """The aggregate, if what it sums can be summed."""
    text: str = item.body["value"]
    match = _AGGREGATE.match(text)
    if match and match.group(2):
        known = _path(context, entity, match.group(2), item, ("value",), f"{source}.value", "value")
        attribute = walk_path(context, entity.name, known)[-1] if known else None
        if match.group(1) in ("sum", "avg") and attribute and attribute.type.kind not in _SUMMED:
            context.add(
                "M259",
                f'"{match.group(2)}" cannot be summed.',
                "Count it, or name a number.",
                item.at("value"),
            )
    return text


def _path(
    context: Context,
    entity: Entity,
    path: str,
    item: Item,
    steps: tuple[str | int, ...],
    source: str,
    key: str,
) -> str:
    """The path, if it leads to something that can stand under `key`; an empty text otherwise."""
    found = walk_path(context, entity.name, path, item.at(*steps), source)
    if not found:
        return ""
    last = found[-1]
    if any(a.type.kind is Kind.MANY for a in found[:-1]):
        hint = "Only relationships to one record can be followed here."
        context.add("M218", f'"{path}" goes through many records.', hint, item.at(*steps))
        return ""
    fault = _unfit(context, entity, path, last, key)
    if fault:
        context.add("M259", f'"{path}" is not {fault}.', f"{key} needs it to be {fault}.", item.at(*steps))
        return ""
    return path


def _unfit(context: Context, entity: Entity, path: str, attribute: Attribute, key: str) -> str:
    """What the end of the path should have been, if it is something else."""
    kinds, words = NEEDS.get(key, (None, ""))
    if kinds is not None and attribute.type.kind not in kinds:
        return words
    if key == "group_by" and "." in path:
        return "a choice or the state of the entity itself"
    if key in _SHOWN_AS:
        control, words = _SHOWN_AS[key]
        field = entity.fields.get(path)
        return "" if field and field.type.control is control else words
    if key == "parent":
        relationship = entity.relationships.get(path)
        is_tree = relationship and relationship.hierarchy and relationship.shape is Shape.LOOKUP
        return "" if is_tree else "a hierarchy of this entity"
    return ""


def walk_path(
    context: Context, entity: str, path: str, where: Place | None = None, source: str = ""
) -> tuple[Attribute, ...]:
    """The attributes along a dotted path; empty when one is not known, which is then a problem at `where`."""
    walk = _Walk(context, where, source)
    reached: tuple[str, ...] = (entity,)
    found: list[Attribute] = []
    for name in path.split("."):
        if found and found[-1].type.kind not in (Kind.REFERENCE, Kind.MANY):
            attribute = walk.part(reached, found[-1], name)
        else:
            reached = found[-1].type.entities if found else reached
            attribute = walk.attribute(reached, found[-1].name if found else "", name)
        if attribute is None:
            return ()
        found.append(attribute)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk along a path; without a place it only looks."""

    context: Context
    where: Place | None
    source: str

    def attribute(self, entities: tuple[str, ...], before: str, name: str) -> Attribute | None:
        """What the name means on all of these entities, of which a relationship to any has none."""
        if not entities:
            self.refuse(f'"{before}" may be any entity, so "{name}" is not known.', "End the path before it.")
            return None
        found: Attribute | None = None
        for entity in entities:
            is_forgiven = self.context.forgives(entity, name)
            found = None if is_forgiven else self.context.typed.attribute(entity, name)
            if found is None:
                if self.where:
                    self.context.unknown_name(entity, name, self.where)
                return None
            if self.where:
                self.context.use(f"field:{entity}.{name}", self.source, self.where)
        return found

    def part(self, entities: tuple[str, ...], whole: Attribute, name: str) -> Attribute | None:
        """The part of a value of several columns."""
        found = self.context.typed.part(entities[0], whole, name) if entities else None
        if found is None:
            self.refuse(f'"{whole.name}" leads to no record and has no "{name}".', "End the path there.")
        return found

    def refuse(self, message: str, hint: str) -> None:
        """The path cannot go on like this."""
        if self.where:
            self.context.add("M218", message, hint, self.where)
