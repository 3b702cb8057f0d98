"""Fields: type, parameters, options, labels. Their expressions follow when all names are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from xrm.metadata.expressions.scope import FILTER
from xrm.metadata.expressions.tree import Expression, Literal
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import FieldType, Option, Params
from xrm.metadata.fieldtypes.money import RATE_ON
from xrm.metadata.mending import meant_by
from xrm.metadata.model import Entity, Field, Relationship, Shape
from xrm.metadata.names import near_hint
from xrm.metadata.resolve.circles import check_source
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.schemas.entity import COMPUTED

_CONDITIONS = ("visible_when", "required_when", "readonly_when", "frozen_when")


def option_sets(context: Context) -> None:
    """Every shared option set is known."""
    for name, merged in context.layers.options.items():
        item = Item(merged, (), merged.body)
        if "options" in merged.body:
            context.option_sets[name] = _options(context, item, merged.body["options"], (f"options.{name}",))


def _options(
    context: Context, item: Item, options: Mapping[str, Any], paths: tuple[str, ...]
) -> tuple[Option, ...]:
    return tuple(
        Option(
            key,
            context.texts.named(body.get("label"), key, *(f"{p}.{key}" for p in paths)),
            body.get("color", ""),
            tuple(map(str, body.get("renamed_from", ()))),
        )
        for key, body in options.items()
    )


def field_of(context: Context, item: Item, owner: str, paths: tuple[str, ...]) -> Field | None:
    """The field without its expressions; None if it has no meaning."""
    type_ = _type(context, item, owner)
    if type_ is None:
        return None
    body = item.body
    return Field(
        name=item.name,
        type=type_,
        label=context.texts.named(body.get("label"), item.name, *(f"{p}.label" for p in paths)),
        params=_params(context, item, type_, owner, paths),
        required=body.get("required", False),
        unique=body.get("unique", False),
        help=context.texts.label(body.get("help"), "", *(f"{p}.help" for p in paths)),
        sensitive=body.get("sensitive", False),
        privacy=body.get("privacy", ""),
        search=body.get("search", False),
        index=body.get("index", False),
        track=body.get("track", True),
        many=body.get("many", False),
        through=tuple(body["from"].split(".")) if "from" in body else (),
        reveal=body.get("reveal", False),
        renamed_from=tuple(body.get("renamed_from", ())),
        pack=item.pack,
        place=item.key_at(),
    )


def _type(context: Context, item: Item, owner: str) -> FieldType | None:
    name = item.body.get("type")
    if "from" in item.body or name in COMPUTED:
        return context.types["text"]
    if name is None and context.is_broken(item.merged, *map(str, item.path)):
        return None
    if name is None:
        hint = "Give it a type, as in {type: text}; without one it would change a field of a lower layer."
        context.add("M250", f'The field "{item.name}" of {owner} has no type.', hint, item.key_at())
        item.merged.broken.add(item.path)
        return None
    return context.types[name]


def _params(context: Context, item: Item, type_: FieldType, owner: str, paths: tuple[str, ...]) -> Params:
    if not type_.params:
        return {}
    params = {k: v for k, v in item.body.items() if k in type_.params}
    if "options" in params:
        found = _field_options(context, item, params["options"], owner, paths)
        if found is None:
            item.merged.broken.add(item.path)
            return {**params, "options": _options_meant(context, params["options"])}
        params["options"] = found
    if context.is_broken(item.merged, *map(str, item.path)):
        return params
    if "entity" in params and params["entity"] not in context.entity_names(item.pack):
        context.unknown_entity(params["entity"], item.pack, item.at("entity"))
    if RATE_ON in params:
        source = f"field:{owner}.{item.name}.{RATE_ON}"
        context.use(f"field:{owner}.{params[RATE_ON]}", source, item.at(RATE_ON))
    for fault in type_.faults(params):
        context.add("M251", fault, f"See the reference of the field type {type_.name}.", item.key_at())
    return params


def _field_options(
    context: Context, item: Item, options: Any, owner: str, paths: tuple[str, ...]
) -> tuple[Option, ...] | None:
    if not isinstance(options, str):
        return _options(context, item, options, tuple(f"{p}.options" for p in paths))
    place = item.at("options")
    if options in context.option_sets:
        context.use(f"options:{options}", f"field:{owner}.{item.name}", place)
        return context.option_sets[options]
    if options not in context.layers.options and item.pack not in context.layers.lenient:
        known = [n for n in context.own_first(context.layers.options, item.pack) if n in context.option_sets]
        own = context.own(context.layers.options, item.pack)
        hint = near_hint(options, known, f"Write options/{options}.yaml, or list the options here.", own)
        context.add("M212", f'There is no option set "{options}".', hint, place)
    return None


def _options_meant(context: Context, name: str) -> tuple[Option, ...]:
    """The options of the set that was surely meant, by which the rest is judged."""
    return context.option_sets.get(meant_by(name, context.option_sets), ())


# --- read-through fields ------------------------------------------------------------------------------


def resolve_through(context: Context, entity: Entity) -> None:
    """Every `from:` field has the type of what it reads; computed fields on the way have been found."""
    for field in entity.fields.values():
        if field.through:
            source = _end_of(context, entity, field)
            if source is None:
                context.layers.entities[entity.name].broken.add(("fields", field.name))
            context.put_field(entity.name, field.name, source and _read_through(field, source))


def _read_through(field: Field, source: Field) -> Field:
    """The field as its source is, guarded where the source is."""
    return replace(
        field,
        type=source.type,
        params=source.params,
        many=source.many,
        sensitive=field.sensitive or source.sensitive,
        privacy=field.privacy or source.privacy,
    )


def _end_of(context: Context, entity: Entity, field: Field) -> Field | None:
    """The field that a path of single relationships ends at, the same on all entities it may lead to."""
    merged = context.layers.entities[entity.name]
    where = merged.place(("fields", field.name, "from"))
    reached: tuple[str, ...] = (entity.name,)
    for name in field.through[:-1]:
        hops = [r for e in reached for r in [context.entities[e].relationships.get(name)] if r]
        if len(hops) < len(reached):
            _missing(context, reached, name, field)
            return None
        if not all(_leads_to_one(r) for r in hops):
            hint = "Each name before the last one is a relationship to one record, as in account.phone."
            context.add("M218", f'"{name}" does not lead to one record.', hint, where)
            return None
        reached = tuple(dict.fromkeys(t for r in hops for t in r.targets))
        if not reached:
            return None  # it leads to something abstract that no entity is like, which is told there
        context.use(f"field:{hops[0].entity}.{name}", f"field:{entity.name}.{field.name}", where)
    return _shared_field(context, entity, field, reached)


def _leads_to_one(relationship: Relationship) -> bool:
    return relationship.shape is not Shape.MANY and relationship.one and not relationship.any


def _shared_field(context: Context, entity: Entity, field: Field, reached: tuple[str, ...]) -> Field | None:
    name = field.through[-1]
    for e in reached:
        context.typed.attribute(e, name)
    found = [f for e in reached for f in [context.entities[e].fields.get(name)] if f]
    if len(found) < len(reached) or len(field.through) < 2:
        _missing(context, reached, name, field)
        return None
    if any(f.type.name != found[0].type.name for f in found):
        hint = "All records that the path may lead to need the field with one type."
        where = context.layers.entities[entity.name].place(("fields", field.name, "from"))
        context.add("M218", f'"{name}" has different types on {" and ".join(reached)}.', hint, where)
        return None
    for e in reached:
        context.use(f"field:{e}.{name}", f"field:{entity.name}.{field.name}", field.place)
    if any(f.through for f in found):
        where = context.layers.entities[entity.name].place(("fields", field.name, "from"))
        check_source(context, entity, field, name, where)
        return None
    return found[0]


def _missing(context: Context, entities: tuple[str, ...], name: str, field: Field) -> None:
    for entity in entities:
        known = context.entities[entity]
        if name not in known.fields and name not in known.relationships:
            context.unknown_name(entity, name, field.place, (*known.relationships, *known.fields))
            return
    context.add(
        "M218",
        f'"{name}" is no field that can be read through.',
        "End the path with a stored field.",
        field.place,
    )


# --- expressions of fields ----------------------------------------------------------------------------


def check_conditions(context: Context, item: Item, entity: str, source: str) -> dict[str, Any]:
    """The conditions of a field or relationship, checked; also of one that has no meaning of its own."""
    return {k: context.expression(item, k, entity, source) for k in _CONDITIONS if k in item.body}


def with_expressions(context: Context, field: Field, item: Item, entity: str) -> Field:
    """The field with its conditions and default checked."""
    source = f"field:{entity}.{item.name}"
    found = check_conditions(context, item, entity, source)
    if field.options and not field.through:
        found |= options_when(context, field, item, entity)
    if "default" in item.body:
        found["default"] = _default(context, field, item, entity, source)
    return replace(field, **found) if found else field


def options_when(context: Context, field: Field, item: Item, entity: str) -> dict[str, Any]:
    """Where options may be chosen, by key: said with the option itself, or apart from it by key."""
    found: dict[str, Expression] = {}
    keys = {option.key for option in field.options}
    for path, key, text in _options_said(item):
        if key in keys and key not in found:
            where, target = item.at(*path), f"{entity}.{field.name}"
            context.use(f"option:{target}.{key}", f"field:{target}.options_when", where)
            full = (*item.path, *path)
            checked = context.check(text, item, full, entity, f"field:{target}.options.{key}.when")
            found |= {} if checked is None else {key: checked}
        elif key in keys:
            hint = "Say it in one place."
            context.add("M251", f'"{key}" has two conditions.', hint, item.key_at(*path))
        elif not any((*item.path, "options", key) == taken for taken in item.merged.taken):
            message = f'"{key}" is none of the options of {item.name}.'
            context.add("M251", message, near_hint(key, sorted(keys)), item.key_at(*path))
    return {"options_when": found} if found else {}


def _options_said(item: Item) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each condition of an option with its path in the field, and its key."""
    own = item.body.get("options")
    for key, body in own.items() if isinstance(own, Mapping) else ():
        if isinstance(body, Mapping) and "when" in body:
            yield ("options", key, "when"), str(key), str(body["when"])
    for key, text in item.body.get("options_when", {}).items():
        yield ("options_when", key), str(key), str(text)


def _default(context: Context, field: Field, item: Item, entity: str, source: str) -> Any:
    wanted = field.type.expression(field.params)
    where = item.at("default")
    if wanted.kind is Kind.OPAQUE or not field.is_given:
        kind = "a field that is read from elsewhere" if field.through else f"the type {field.type.name}"
        context.add("M254", f"There is no default for {kind}.", "Take it out.", where)
        return None
    literal = _literal(item.body["default"], wanted)
    if literal is not None:
        return Expression(str(literal.value), literal, entity, where)
    text = default_text(item.body["default"], wanted)
    if text is None:
        context.add(
            "M254", "Only fields of several options have a list as default.", "Write one value.", where
        )
        return None
    if wanted.kind is Kind.CHOICE and _is_unknown_option(context, text, wanted, entity):
        hint = near_hint(text, wanted.options)
        context.add("M254", f'"{text}" is none of the options of {item.name}.', hint, where)
        return None
    expect = Type(Kind.TEXT) if wanted.kind is Kind.LONG_TEXT else wanted
    return context.check(
        text, item, (*item.path, "default"), entity, f"{source}.default", scope=FILTER, expect=expect
    )


def _literal(raw: Any, wanted: Type) -> Literal | None:
    """The default of a choice or a yes or no, which needs no checking."""
    if wanted.kind is Kind.BOOLEAN and isinstance(raw, bool):
        return Literal(wanted, raw)
    if wanted.kind is Kind.CHOICE and isinstance(raw, str) and raw in wanted.options:
        return Literal(wanted, raw)
    return None


def _is_unknown_option(context: Context, text: str, wanted: Type, entity: str) -> bool:
    """True for a bare word that can only have been meant as an option."""
    is_word = re.fullmatch(r"[A-Za-z0-9_]+", text) is not None
    return (
        bool(wanted.options) and is_word and context.typed.attribute(entity, text) is None and text != "empty"
    )


def default_text(raw: Any, wanted: Type) -> str | None:
    """The default as an expression: an option's bare key stands for itself."""
    if isinstance(raw, list):
        words = ", ".join(_quoted(str(w)) for w in raw)
        return f"[{words}]" if wanted.kind is Kind.OPTIONS else None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    text = str(raw)
    if wanted.kind in (Kind.CHOICE, Kind.OPTIONS) and text in wanted.options:
        return _quoted(text) if wanted.kind is Kind.CHOICE else f"[{_quoted(text)}]"
    return text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
