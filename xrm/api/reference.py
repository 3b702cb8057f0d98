"""What the reference page of an entity shows: calls, fields and examples, as plain values for a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xrm.api.describe import entity_line, entity_page
from xrm.api.openapi import entity_paths
from xrm.api.openapi_parts import PROBLEMS, finished
from xrm.api.schemas import Schema, input_schema, output_schema
from xrm.api.visible import Visible, visible_entities
from xrm.engine.access import Policy
from xrm.engine.commands import Actor
from xrm.errors import NotFound, Problem
from xrm.metadata.model import Model
from xrm.settings import Limits

Told = dict[str, Any]


def reference(model: Model, policy: Policy, actor: Actor, entity: str, limits: Limits) -> Told:
    """The page of one entity, as far as `actor` may know it; raises NotFound when they may not at all."""
    seen = visible_entity(model, policy, actor, entity)
    return {
        **entity_page(seen, actor.language),
        "calls": [
            _call(method, path, operation, _example(seen, operation, actor.language))
            for path, operations in entity_paths(seen, limits).items()
            for method, operation in operations.items()
        ],
        "answer": _pretty(example_of(output_schema(seen, actor.language))),
    }


def reference_list(model: Model, policy: Policy, actor: Actor) -> list[Told]:
    """One line for each entity that `actor` may use."""
    return [entity_line(seen, actor.language) for seen in visible_entities(model, policy, actor)]


def visible_entity(model: Model, policy: Policy, actor: Actor, name: str) -> Visible:
    """What `actor` may see of one entity; raises NotFound when that is nothing."""
    for seen in visible_entities(model, policy, actor):
        if seen.entity.name == name:
            return seen
    raise NotFound(Problem("R104", "There is no such entity for you."))


def example_of(schema: Schema) -> Any:
    """A value that the schema takes, made of its examples."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0] if schema["enum"] else None
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0])
    if schema.get("type") == "object":
        return {name: example_of(inner) for name, inner in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example_of(schema.get("items", {}))]
    return _PLAIN.get(schema.get("format", ""), _PLAIN.get(str(schema.get("type")), "text"))


_PLAIN: Mapping[str, Any] = {
    "uuid": "01936b2c-7d3e-7000-8000-000000000001",
    "date-time": "2026-05-31T14:30:00Z",
    "date": "2026-05-31",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "null": None,
}


def _call(method: str, path: str, operation: Mapping[str, Any], body: str) -> Told:
    address = f"/api/v1{path}"
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": address,
        "summary": operation["summary"],
        "parameters": [_parameter(p) for p in finished(method, dict(operation))["parameters"]],
        "body": body,
        "samples": [("curl", _curl(method.upper(), address, body))],
        "answers": [
            (int(status), _meaning(status)) for status in finished(method, dict(operation))["responses"]
        ],
    }


def _meaning(status: str) -> str:
    return PROBLEMS.get(int(status), "You hold it already." if status == "304" else "Done.")


def _curl(method: str, address: str, body: str) -> str:
    lines = [f"curl -X {method} -H 'Authorization: Bearer TOKEN'", f"  $XRM{address}"]
    if body:
        lines[1:1] = ["  -H 'Content-Type: application/json'", "  -d @body.json"]
    return " \\\n".join(lines)


def _parameter(raw: Mapping[str, Any]) -> Told:
    schema = raw["schema"]
    return {
        "name": raw["name"],
        "place": raw["in"],
        "type": schema.get("type", "text"),
        "text": raw["description"],
        "example": str(example_of(schema)) if raw.get("required") or "enum" in schema else "",
        "required": raw.get("required", False),
    }


def _example(seen: Visible, operation: Mapping[str, Any], language: str) -> str:
    """The body to start from: what is required, else the first field."""
    if "requestBody" not in operation:
        return ""
    kind = "update" if operation["operationId"].startswith("update_") else "create"
    if not operation["operationId"].startswith((f"{kind}_", "upsert_")):
        return "{}"
    schema = input_schema(seen, kind, language)
    names = schema.get("required") or list(schema["properties"])[:1]
    return _pretty({name: example_of(schema["properties"][name]) for name in names})


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
