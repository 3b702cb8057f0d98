"""One JSON Schema (2020-12) per kind of document, for the checker here and for completion in editors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.schemas.entity import ENTITY, EXTEND, definitions, field_variants
from xrm.metadata.schemas.others import I18N, LIFECYCLE, OPTIONS, PACK, PACKS, ROLES, SEED, SETTINGS
from xrm.metadata.schemas.scenarios import SCENARIO
from xrm.metadata.schemas.views import FORM, VIEW, view_definition, view_variants
from xrm.metadata.schemas.words import Schema, by_name

BASES: Mapping[str, Schema] = MappingProxyType(
    {
        "pack": PACK,
        "packs": PACKS,
        "settings": SETTINGS,
        "entity": ENTITY,
        "extend": EXTEND,
        "form": by_name("Forms by name.", FORM),
        "view": by_name("Views by name.", VIEW),
        "lifecycle": LIFECYCLE,
        "role": ROLES,
        "options": OPTIONS,
        "i18n": I18N,
        "seed": SEED,
        "scenario": SCENARIO,
    }
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def published_schemas(types: Mapping[str, FieldType]) -> dict[str, dict[str, Any]]:
    """The schema of every kind of document, for editors, by kind."""
    shared = {**definitions(types), "view": view_definition()}
    return {kind: _published(kind, base, shared) for kind, base in BASES.items()}


def _published(kind: str, base: Schema, shared: Mapping[str, Any]) -> dict[str, Any]:
    references = _references(base)
    used = {name: schema for name, schema in shared.items() if f"#/$defs/{name}" in references}
    head = {"$schema": _DIALECT, "title": f"xrm {kind}"}
    return {**head, **base, "$defs": used} if used else {**head, **base}


def _references(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["$ref"]} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*(_references(v) for v in schema.values()))
    if isinstance(schema, list):
        return set[str]().union(*(_references(v) for v in schema))
    return set()


def checking_schemas(types: Mapping[str, FieldType]) -> dict[str, dict[str, Any]]:
    """The same schemas for the checker: a field or view is held against the one schema of its type."""
    by_reference = {
        "#/$defs/field": {
            "x-by-type": {"key": "type", "word": "field type", "variants": field_variants(types)}
        },
        "#/$defs/view": {"x-by-type": {"key": "type", "word": "type of view", "variants": view_variants()}},
    }
    return {kind: _inlined(base, by_reference) for kind, base in BASES.items()}


def _inlined(schema: Any, by_reference: Mapping[str, Schema]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return by_reference[schema["$ref"]]
        return {k: _inlined(v, by_reference) for k, v in schema.items()}
    return [_inlined(v, by_reference) for v in schema] if isinstance(schema, list) else schema
