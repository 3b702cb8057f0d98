"""JSON Schemas of one entity as a caller sends and receives it; pure functions of what they may see."""

from __future__ import annotations

from typing import Any

from xrm.api.visible import Visible
from xrm.metadata.model import Field, Relationship, Shape, text_of

Schema = dict[str, Any]

ID: Schema = {"type": "string", "format": "uuid"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
VERSION: Schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
REFERENCE: Schema = {
    "type": "object",
    "properties": {"id": ID, "entity": {"type": "string"}, "title": {"type": ["string", "null"]}},
    "required": ["id", "entity", "title"],
}
SYSTEM: dict[str, Schema] = {
    "id": ID,
    "version": VERSION,
    "title": {"type": ["string", "null"]},
    "external_key": {"type": ["string", "null"], "maxLength": 200},
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "deleted_at": {"anyOf": [INSTANT, {"type": "null"}]},
    "state": {"type": ["string", "null"]},
    "state_since": {"anyOf": [INSTANT, {"type": "null"}]},
}


def nullable(schema: Schema) -> Schema:
    """The schema that also takes null."""
    return {"anyOf": [schema, {"type": "null"}]}


def output_schema(seen: Visible, language: str) -> Schema:
    """A record as it is answered; only `id` is always there, for `fields` may leave all else out."""
    properties = {name: SYSTEM.get(name, nullable(REFERENCE)) for name in seen.system_fields}
    properties |= {
        f.name: nullable(field_schema(f, seen, language)) for f in seen.fields if f.name in seen.reads
    }
    properties |= {r.name: _related(r, language) for r in seen.relationships if r.name in seen.reads}
    return _object(properties, ["id"], text_of(seen.entity.label, language))


def input_schema(seen: Visible, operation: str, language: str) -> Schema:
    """What `create` or `update` takes: the fields and relationships that the caller may write."""
    names = seen.creates if operation == "create" else seen.updates
    fields = [f for f in seen.fields if f.name in names]
    related = [r for r in seen.relationships if r.name in names]
    properties = {f.name: _input(f, seen, language) for f in fields}
    properties |= {r.name: _related_input(r, seen, language) for r in related}
    required = [n for n in _required(seen) if n in properties] if operation == "create" else []
    title = f"{text_of(seen.entity.label, language)}: {operation}"
    return {**_object(properties, required, title), "additionalProperties": False}


def field_schema(field: Field, seen: Visible, language: str) -> Schema:
    """The value of a field, as its type says, with label, help, and on what it depends which options may be chosen."""
    single = dict(field.type.json_schema(field.params))
    schema: Schema = {"type": "array", "items": single} if field.many else single
    described = {"title": text_of(field.label, language, field.name)}
    if field.help:
        described["description"] = text_of(field.help, language)
    if field.options_when:
        schema["x-options-when"] = {key: seen.told(when) for key, when in field.options_when.items()}
    return {**schema, **described}


def _input(field: Field, seen: Visible, language: str) -> Schema:
    schema = field_schema(field, seen, language)
    return schema if field.required else nullable(schema)


def _required(seen: Visible) -> list[str]:
    entity = seen.entity
    fields = [f.name for f in entity.fields.values() if f.required and f.default is None]
    related = [r.name for r in entity.lookups if r.required and r.default is None]
    return fields + related


def _related(relationship: Relationship, language: str) -> Schema:
    described = {"title": text_of(relationship.label, language, relationship.name)}
    if relationship.one:
        return {**nullable(REFERENCE), **described}
    rows = {"type": "array", "items": {"type": "object"}}
    page = {"type": "object", "properties": {"data": rows, "next": {"type": ["string", "null"]}}}
    return {**page, **described}


def _related_input(relationship: Relationship, seen: Visible, language: str) -> Schema:
    described = {"title": text_of(relationship.label, language, relationship.name)}
    if relationship.shape is Shape.LOOKUP:
        schema = lookup_input(relationship, seen.targets(relationship))
        return {**(schema if relationship.required else nullable(schema)), **described}
    rows = {"type": "array", "items": {"type": "object"}}
    changes = dict.fromkeys(("create", "update", "delete"), rows)
    return {"type": "object", "properties": changes, "additionalProperties": False, **described}


def lookup_input(relationship: Relationship, targets: tuple[str, ...]) -> Schema:
    """The ways to name the record that a lookup points at."""
    entity: Schema = {"type": "string", "enum": list(targets)}
    by_id = _closed({"id": ID, "entity": entity}, ["id", "entity"])
    by_key = _closed({"key": {"type": "object"}, "entity": entity}, ["key"])
    bare = [] if relationship.is_polymorphic else [ID]
    return {"anyOf": [*bare, by_id, by_key]}


def _closed(properties: dict[str, Schema], required: list[str]) -> Schema:
    return {**_object(properties, required), "additionalProperties": False}


def _object(properties: dict[str, Schema], required: list[str], title: str = "") -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {**schema, "title": title} if title else schema
