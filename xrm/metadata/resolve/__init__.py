"""Names to references: the merged documents of all layers become the Model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xrm.errors import Problems
from xrm.metadata.expressions.types import Type
from xrm.metadata.fieldtypes.base import BadValue, FieldType
from xrm.metadata.layers import Layers
from xrm.metadata.mending import meant_by
from xrm.metadata.merging import Merged
from xrm.metadata.model import Label, Model, Pack
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Doc
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.resolve.entities import complete, make_shells
from xrm.metadata.resolve.fields import option_sets
from xrm.metadata.resolve.menus import menu_of
from xrm.metadata.resolve.roles import roles_of
from xrm.metadata.resolve.scenarios import check_scenarios
from xrm.metadata.resolve.seeds import check_seeds
from xrm.metadata.resolve.texts import Texts, beginning_of
from xrm.metadata.setting_values import CHOICE, EXAMPLES, TYPES, value_of
from xrm.metadata.telling import told_of_all


def resolve(layers: Layers, types: Mapping[str, FieldType], problems: Problems) -> Model:
    """What the documents mean together, without a fingerprint; whatever is wrong is among the problems."""
    context = Context(layers, types, Texts.of(layers.translations), problems)
    packs = {name: _pack(context, doc) for name, doc in layers.packs.items()}
    option_sets(context)
    make_shells(context)
    complete(context)
    packs = {name: replace(pack, menu=menu_of(context, layers.packs[name])) for name, pack in packs.items()}
    roles = roles_of(context)
    disabled = {name: _name_of(context, doc) for name, doc in layers.disabled.items()}
    _check_homeless(context)
    check_seeds(context)
    check_scenarios(context)
    _check_translations(context)
    return Model(
        packs, context.entities, roles, context.option_sets, tuple(context.references),
        former=layers.former, notes=told_of_all(context.notes), disabled=disabled,
    )  # fmt: skip


def _pack(context: Context, doc: Doc) -> Pack:
    name, body = doc.pack, doc.body
    settings = context.layers.settings.get(name)
    return Pack(
        name=name,
        label=_name_of(context, doc),
        version=str(body.get("version", "0.0.0")),
        requires=body["requires"],
        optional=body["optional"],
        summary=context.texts.label(body.get("summary"), "", f"packs.{name}.summary"),
        settings=_settings(context, name, settings) if settings else {},
        content=context.layers.content[name],
    )


def _name_of(context: Context, doc: Doc) -> Label:
    return context.texts.named(doc.body.get("label"), doc.pack, f"packs.{doc.pack}.label")


def _settings(context: Context, pack: str, merged: Merged) -> dict[str, Any]:
    item = Item(merged, (), merged.body)
    found: dict[str, Any] = {}
    context.settings[pack] = {}
    for child in item.items():
        if "type" in child.body:
            _check_is_only_setting(context, child, pack)
            options = tuple(child.get("options", {}))
            type_ = TYPES[child.body["type"]]
            context.settings[pack][child.name] = Type(type_.kind, options=options) if options else type_
            found[child.name] = _setting(context, child, options, f"settings.{pack}.{child.name}")
    return found


def _check_is_only_setting(context: Context, item: Item, pack: str) -> None:
    """Expressions say `settings.days` and name no pack, so one name cannot have two values."""
    first = next((p for p, known in context.settings.items() if p != pack and item.name in known), None)
    if first is not None:
        message = f'The packs {first} and {pack} both have a setting "{item.name}".'
        example = f"{pack}_{item.name}"
        hint = f"Names of settings are unique in an installation: rename one, for example to {example}."
        context.add("M235", message, hint, item.key_at())


def _default(context: Context, item: Item, options: tuple[str, ...]) -> Any:
    """The value, as expressions read it; one that an administrator could not give it either is a problem."""
    value, type_ = item.get("default"), item.body["type"]
    if value is None or (type_ == CHOICE and "options" not in item.body):
        return value
    try:
        return value_of(context.types, type_, options, value)
    except BadValue:
        if type_ == CHOICE:
            message, hint = (
                f'"{value}" is none of the options of {item.name}.',
                near_hint(str(value), options),
            )
        else:
            message = f"The default of {item.name} is no value of the type {type_}."
            hint = f"Write it as in {EXAMPLES[type_]} ."
        context.add("M254", message, hint, item.at("default"))
        return value


def _setting(context: Context, item: Item, options: tuple[str, ...], path: str) -> dict[str, Any]:
    return {
        "type": item.body["type"],
        "label": context.texts.named(item.get("label"), item.name, f"{path}.label"),
        "help": context.texts.label(item.get("help"), "", f"{path}.help"),
        "options": {
            key: context.texts.named(option.get("label"), key, f"{path}.options.{key}.label")
            for key, option in item.get("options", {}).items()
        },
        "default": _default(context, item, options),
    }


def _check_homeless(context: Context) -> None:
    """Forms, views and lifecycles of entities that are not there."""
    for things in (context.layers.forms, context.layers.views, context.layers.lifecycles):
        for name, merged in things.items():
            pack = merged.pack(())
            if name not in context.entities and merged.body and not context.forgives_entity(name, pack):
                own = context.own(context.layers.entities, pack)
                known = context.layers.entities
                hint = near_hint(name, known, "Rename the file as the entity is called.", own)
                place = merged.origin(())[0].at(())
                context.add("M210", f'There is no entity "{name}".', hint, place)


_TRANSLATED: Mapping[tuple[str, str], str] = {
    ("entities", "fields"): "field",
    ("entities", "relationships"): "field",
    ("entities", "keys"): "key",
    ("entities", "duplicates"): "duplicate",
    ("entities", "rules"): "rule",
    ("lifecycles", "states"): "state",
    ("lifecycles", "transitions"): "transition",
}
# Files that are called as the entity that they are about.
_NAMED_AS_ENTITIES = ("forms", "views", "lifecycles")
_TRANSLATED_WHOLE: Mapping[str, str] = {
    "entities": "entity",
    "roles": "role",
    "options": "options",
    "packs": "pack",
}


def _use_of_translation(path: str) -> str:
    """What the translation is of, as the target of a reference."""
    kind, name, *rest = path.split(".")
    if kind in ("views", "forms") and rest:
        return f"{kind.removesuffix('s')}:{name}.{rest[0]}"
    if len(rest) > 1 and (kind, rest[0]) in _TRANSLATED:
        return f"{_TRANSLATED[kind, rest[0]]}:{name}.{rest[1]}"
    return f"{_TRANSLATED_WHOLE.get(kind, kind)}:{name}"


def _check_translations(context: Context) -> None:
    for path, line in context.texts.used():
        context.use(_use_of_translation(path), f"i18n:{line.language}", line.place)
    beginnings: dict[str, list[str]] = defaultdict(list)
    for path in context.texts.known:
        beginnings[beginning_of(path)].append(path)
    for path, line in context.texts.unknown():
        if line.pack not in context.layers.lenient and not _waits(context, path):
            near = beginnings.get(beginning_of(path), list(beginnings))
            hint = near_hint(path, near, "Take the line out.")
            context.add("M215", f'Nothing is called "{path}".', hint, line.place)


def _waits(context: Context, path: str) -> bool:
    """True when the line is about something broken, taken out, or that comes with a pack that is not installed."""
    steps = path.split(".")
    name = steps[1] if len(steps) > 1 else ""
    if name in context.layers.sleeping_roles and steps[0] == "roles":
        return True
    if name in context.layers.disabled and steps[0] in ("packs", "settings"):
        return True
    if steps[0] in ("entities", "forms", "views", "lifecycles") and name not in context.entities:
        return context.forgives_entity(name, "")
    things: Mapping[str, dict[str, Merged]] = {
        "entities": context.layers.entities,
        "forms": context.layers.forms,
        "views": context.layers.views,
        "lifecycles": context.layers.lifecycles,
        "roles": context.layers.roles,
        "options": context.layers.options,
    }
    merged = things.get(steps[0], {}).get(name)
    if merged is None:
        return steps[0] in _NAMED_AS_ENTITIES and any(
            meant_by(other, [name]) for other in things[steps[0]] if other not in context.entities
        )
    inside = tuple(steps[2:])
    return context.is_broken(merged, *inside) or any(inside[: len(p)] == p for p in merged.taken)
