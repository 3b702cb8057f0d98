"""The groups of the menu that a pack's manifest names, their entities checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xrm.metadata.model import MenuGroup
from xrm.metadata.parse import Doc
from xrm.metadata.resolve.context import Context


def menu_of(context: Context, doc: Doc) -> tuple[MenuGroup, ...]:
    """The groups in order; an entity that is not there is a problem."""
    return tuple(_group(context, doc, name, body) for name, body in doc.body["menu"].items())


def _group(context: Context, doc: Doc, name: str, body: Mapping[str, Any]) -> MenuGroup:
    label = context.texts.named(body.get("label"), name, f"packs.{doc.pack}.menu.{name}.label")
    found = tuple(_known(context, doc, name, body.get("entities", ())))
    return MenuGroup(name, label, found, body.get("folded", False))


def _known(context: Context, doc: Doc, name: str, entities: tuple[str, ...]) -> Iterator[str]:
    for index, entity in enumerate(entities):
        place = doc.source.at(("menu", name, "entities", index))
        if entity in context.entities:
            context.use(f"entity:{entity}", f"menu:{doc.pack}.{name}", place)
            yield entity
        else:
            context.unknown_entity(entity, doc.pack, place)
