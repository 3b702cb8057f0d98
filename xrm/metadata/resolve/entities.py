"""Entities, first without and then with their expressions: every name is known when one is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xrm.metadata.icons import icon_names
from xrm.metadata.merging import Merged
from xrm.metadata.model import Entity, Field, Form, Relationship, Shape, View
from xrm.metadata.names import ENTITY_WORDS, EXPRESSION_WORDS, near_hint, system_names
from xrm.metadata.resolve.circles import check_defaults
from xrm.metadata.resolve.computed import begin_computed, find_computed
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.resolve.engine_entities import engine_entities
from xrm.metadata.resolve.fields import check_conditions, field_of, resolve_through, with_expressions
from xrm.metadata.resolve.forms import MAIN, forms_of, made_form
from xrm.metadata.resolve.generated import made_views
from xrm.metadata.resolve.inverses import make_inverses, take_declared
from xrm.metadata.resolve.lifecycles import lifecycle_of, with_guards
from xrm.metadata.resolve.members import with_members
from xrm.metadata.resolve.relationships import implementations, stored_side, with_relationship_expressions
from xrm.metadata.resolve.texts import plural_of
from xrm.metadata.resolve.views import views_of


def make_shells(context: Context) -> None:
    """Every entity has its fields and both sides of its relationships; nothing that is an expression."""
    context.entities.update(engine_entities(context.types))
    for name, merged in context.layers.entities.items():
        if _may_be_called(context, name, merged):
            context.entities[name] = _shell(context, name, merged)
    for entity in _written(context):
        context.entities[entity.name] = replace(entity, implementations=_implementations(context, entity))
    for entity in _written(context):
        for item in _item(context, entity).items("relationships"):
            if "from" in item.body and "to" not in item.body and not entity.abstract:
                take_declared(context, entity.name, item)
    make_inverses(context)
    for entity in list(context.entities.values()):
        context.entities[entity.name] = _with_former(context, entity)
    for entity in list(_written(context)):
        begin_computed(context, entity, _item(context, entity))
    for entity in list(_written(context)):
        resolve_through(context, entity)
    find_computed(context)
    context.typed.forget()


def _with_former(context: Context, entity: Entity) -> Entity:
    """Relationships know the names that they had because of what is at their other end, too."""
    former = context.layers.former.members.get(entity.name, {})
    changed = {
        new: replace(known, renamed_from=tuple(dict.fromkeys((*known.renamed_from, old))))
        for old, new in former.items()
        if (known := entity.relationships.get(new)) is not None and old not in known.renamed_from
    }
    return replace(entity, relationships={**entity.relationships, **changed}) if changed else entity


def complete(context: Context) -> None:
    """Every entity has its expressions, keys, rules, guards, forms and views."""
    for entity in _written(context):
        item = _item(context, entity)
        full = replace(
            entity,
            fields=_fields(context, entity, item),
            relationships=_relationships(context, entity, item),
        )
        check_defaults(context, full)
        context.entities[entity.name] = with_guards(context, with_members(context, full, item))
    for entity in list(context.entities.values()):
        views, forms = _views(context, entity), _forms(context, entity)
        context.entities[entity.name] = replace(entity, views=views, forms=forms)


def _written(context: Context) -> Iterator[Entity]:
    """The entities that packs define, as they are at each moment."""
    for name in context.layers.entities:
        if name in context.entities:
            yield context.entities[name]


def _item(context: Context, entity: Entity) -> Item:
    merged = context.layers.entities[entity.name]
    return Item(merged, (), merged.body)


def _may_be_called(context: Context, name: str, merged: Merged) -> bool:
    if name not in ENTITY_WORDS:
        return True
    message = f'An entity cannot be called "{name}": the word means something else.'
    if not context.is_broken(merged, "entity"):
        context.add("M240", message, "Rename it.", merged.place(("entity",)))
    return False


def _implementations(context: Context, entity: Entity) -> tuple[str, ...]:
    return implementations(context, entity.name) if entity.abstract else ()


def _shell(context: Context, name: str, merged: Merged) -> Entity:
    item, body = Item(merged, (), merged.body), merged.body
    lifecycle = lifecycle_of(context, name)
    ownership = body.get("ownership", "none")
    taken = (*system_names(ownership, lifecycle is not None), *EXPRESSION_WORDS)
    prefix = context.prefixes("entities", name)
    label = context.texts.named(body.get("label"), name, f"entities.{name}.label")
    return Entity(
        name=name,
        pack=merged.pack(()),
        label=label,
        plural=context.texts.label(
            body.get("plural"), plural_of(label.get("en", name)), f"entities.{name}.plural"
        ),
        icon=_icon(context, item),
        ownership=ownership,
        abstract=body.get("abstract", False),
        append_only=body.get("append_only", False),
        fields=dict(_field_shells(context, name, item, taken, prefix)),
        relationships=dict(_relationship_shells(context, name, item, taken, prefix)),
        lifecycle=lifecycle,
        renamed_from=tuple(body.get("renamed_from", ())),
        moved_from=tuple(body.get("moved_from", ())),
        place=item.at("entity"),
    )


def _icon(context: Context, item: Item) -> str:
    """The icon, which is one that the pages can draw."""
    icon: str = item.get("icon", "box")
    if icon not in icon_names():
        hint = near_hint(icon, sorted(icon_names()), "Choose one of the Lucide icons, as in building-2.")
        context.add("M118", f'There is no icon "{icon}".', hint, item.at("icon"))
    return icon


def _field_shells(
    context: Context, entity: str, item: Item, taken: tuple[str, ...], prefix: tuple[str, ...]
) -> Iterator[tuple[str, Field]]:
    for child in item.items("fields"):
        if _is_free(context, entity, child, taken):
            field = field_of(context, child, entity, tuple(f"{p}.fields.{child.name}" for p in prefix))
            if field:
                yield child.name, field


def _relationship_shells(
    context: Context, entity: str, item: Item, taken: tuple[str, ...], prefix: tuple[str, ...]
) -> Iterator[tuple[str, Relationship]]:
    fields = item.body.get("fields", {})
    for child in item.items("relationships"):
        if not _is_free(context, entity, child, (*taken, *fields)):
            continue
        if "to" in child.body:
            paths = tuple(f"{p}.relationships.{child.name}" for p in prefix)
            relationship = stored_side(context, child, entity, paths)
            if relationship:
                yield child.name, relationship
        elif "from" not in child.body and not context.is_broken(child.merged, *map(str, child.path)):
            child.merged.broken.add(child.path)
            hint = "Say where it leads with to, or where it comes from with from."
            context.add("M250", f'The relationship "{child.name}" leads nowhere.', hint, child.key_at())


def _is_free(context: Context, entity: str, item: Item, taken: tuple[str, ...]) -> bool:
    if item.name not in taken:
        return True
    item.merged.broken.add(item.path)
    if item.name in item.merged.body.get("fields", {}) and item.path[0] == "relationships":
        message, hint = (
            f'{entity} has a field "{item.name}" already.',
            "Rename the field or the relationship.",
        )
    else:
        message, hint = f'The name "{item.name}" is taken in {entity}.', _advice(item.name)
    context.add("M240", message, hint, item.key_at())
    return False


def _advice(name: str) -> str:
    """What to do about a taken name."""
    if name == "version":
        return "Every record has a version by itself. Call a business version number revision."
    if name in EXPRESSION_WORDS:
        return "The word means something else in expressions: rename it."
    return "Records have it by themselves: rename it, or take it out."


def _fields(context: Context, entity: Entity, item: Item) -> dict[str, Field]:
    fields = dict(entity.fields)
    for child in item.items("fields"):
        if child.name in fields:
            fields[child.name] = with_expressions(context, fields[child.name], child, entity.name)
        else:
            check_conditions(context, child, entity.name, f"field:{entity.name}.{child.name}")
    return fields


def _relationships(context: Context, entity: Entity, item: Item) -> dict[str, Relationship]:
    relationships = dict(entity.relationships)
    for child in item.items("relationships"):
        known = relationships.get(child.name)
        if known is None:
            check_conditions(context, child, entity.name, f"relationship:{entity.name}.{child.name}")
        elif known.shape is not Shape.INVERSE:
            relationships[child.name] = with_relationship_expressions(context, known, child)
        else:
            source = f"relationship:{entity.name}.{child.name}"
            relationships[child.name] = replace(
                known, **check_conditions(context, child, entity.name, source)
            )
    return relationships


def _views(context: Context, entity: Entity) -> dict[str, View]:
    written = views_of(context, entity)
    if written or entity.abstract:
        return written
    return made_views(entity, context.typed)


def _forms(context: Context, entity: Entity) -> dict[str, Form]:
    written = forms_of(context, entity)
    if MAIN in written or entity.abstract or entity.is_engine:
        return written
    made = made_form(entity)
    return {made.name: made, **written}
