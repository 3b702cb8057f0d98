"""How the OpenAPI document describes why a computed field has its value."""

from __future__ import annotations

from xrm.api.openapi_parts import RECORD_ID, Operation, parameter, responses
from xrm.api.schemas import Schema
from xrm.api.visible import Visible

_TEXT: Schema = {"type": "string"}
_ALONG: Schema = {
    "type": "object",
    "properties": {"path": _TEXT, "entity": _TEXT, "value": {}},
    "required": ["path", "entity", "value"],
}
_MANY: Schema = {
    "type": "object",
    "properties": {
        "relationship": _TEXT,
        "entity": _TEXT,
        "records": {"type": "array", "items": {"type": "object"}},
        "is_whole": {"type": "boolean", "description": "False where there are more records than are listed."},
    },
    "required": ["relationship", "entity", "records", "is_whole"],
}
_REASON: Schema = {
    "type": "object",
    "properties": {
        "field": _TEXT,
        "value": {},
        "formula": {"type": ["string", "null"], "description": "Null where it names what you may not read."},
        "own": {"type": "object", "description": "Values of the record itself, by name."},
        "along": {"type": "array", "items": _ALONG, "description": "Values of records along lookups."},
        "many": {
            "type": "array",
            "items": _MANY,
            "description": "Related records with the values that count.",
        },
    },
    "required": ["field", "value", "formula", "own", "along", "many"],
}


def explaining(seen: Visible) -> dict[str, dict[str, Operation]]:
    """The call that tells why a computed field has its value, where the caller may read one."""
    name = seen.entity.name
    computed = [f.name for f in seen.fields if f.formula is not None and f.name in seen.reads]
    if not computed or not seen.can("read"):
        return {}
    field = {**parameter("field", {"enum": computed}, "The computed field.", "path"), "required": True}
    explain: Operation = {
        "operationId": f"explain_{name}",
        "summary": "Why a computed field has its value",
        "parameters": [RECORD_ID, field],
        "responses": responses(_REASON, 200, tagged=True),
    }
    return {f"/records/{name}/{{id}}/explain/{{field}}": {"get": explain}}
