"""The model as JSON: what a caller may see of an entity, in their language."""

from __future__ import annotations

from typing import Any

from xrm.api.schemas import field_schema
from xrm.api.visible import Visible
from xrm.metadata.fieldtypes.base import Option
from xrm.metadata.model import Field, Label, Lifecycle, Relationship, View, text_of

Told = dict[str, Any]


def entity_line(seen: Visible, language: str) -> Told:
    """An entity as it stands in the list of all."""
    entity = seen.entity
    return {
        "name": entity.name,
        "label": text_of(entity.label, language, entity.name),
        "plural": text_of(entity.plural, language, entity.name),
        "icon": entity.icon,
        "pack": entity.pack,
        "operations": list(seen.operations),
    }


def entity_page(seen: Visible, language: str) -> Told:
    """An entity with everything that the caller may know of it."""
    entity = seen.entity
    keys = [k for k in entity.keys.values() if set(k.fields) <= seen.reads]
    return {
        **entity_line(seen, language),
        "system_fields": list(seen.system_fields),
        "fields": [_field(f, seen, language) for f in seen.fields],
        "relationships": [_relationship(r, seen, language) for r in seen.relationships],
        "keys": [{"name": k.name, "fields": list(k.fields)} for k in keys],
        "lifecycle": _lifecycle(entity.lifecycle, seen, language) if entity.lifecycle else None,
        "views": [_view(v, seen, language) for v in entity.views.values()],
    }


def _field(field: Field, seen: Visible, language: str) -> Told:
    return {
        "name": field.name,
        "label": text_of(field.label, language, field.name),
        "help": text_of(field.help, language),
        "type": field.type.name,
        "many": field.many,
        "required": field.required,
        "unique": field.unique,
        "readable": field.name in seen.reads,
        "writable": list(seen.writable(field.name)),
        "options": [_option_of(field, o, seen, language) for o in field.options],
        "schema": field_schema(field, seen, language),
    }


def _option_of(field: Field, option: Option, seen: Visible, language: str) -> Told:
    """An option of a field; one that depends on other values says on what, or null where the caller may not know."""
    told = _option(option.key, option.label, option.color, language)
    condition = field.options_when.get(option.key)
    return told if condition is None else {**told, "when": seen.told(condition)}


def _option(key: str, label: Label, color: str, language: str) -> Told:
    return {"key": key, "label": text_of(label, language, key), "color": color}


def _relationship(relationship: Relationship, seen: Visible, language: str) -> Told:
    return {
        "name": relationship.name,
        "label": text_of(relationship.label, language, relationship.name),
        "help": text_of(relationship.help, language),
        "shape": str(relationship.shape),
        "one": relationship.one,
        "targets": list(seen.targets(relationship)),
        "any": relationship.any,
        "inverse": relationship.inverse,
        "required": relationship.required,
        "owned": relationship.owned,
        "valid": relationship.valid,
        "readable": relationship.name in seen.reads,
        "writable": list(seen.writable(relationship.name)),
        "attributes": [_field(f, seen, language) for f in relationship.attributes.values()],
    }


def _lifecycle(lifecycle: Lifecycle, seen: Visible, language: str) -> Told:
    states = [
        {**_option(s.name, s.label, s.color, language), "initial": s.initial, "final": s.final}
        for s in lifecycle.states.values()
    ]
    steps = [
        {
            "name": t.name,
            "label": text_of(t.label, language, t.name),
            "from": list(t.sources),
            "to": t.to,
            "requires": [name for name in t.requires if name in seen.reads],
            "reason_required": t.reason_required,
        }
        for t in lifecycle.transitions.values()
    ]
    return {"states": states, "transitions": steps}


def _view(view: View, seen: Visible, language: str) -> Told:
    known = seen.reads.union(seen.system_fields)
    columns = [c for c in view.columns if c.partition(".")[0] in known]
    return {
        "name": view.name,
        "label": text_of(view.label, language, view.name),
        "type": view.type,
        "columns": columns,
    }
