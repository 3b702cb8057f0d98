"""The parts of the OpenAPI document about saved views."""

from __future__ import annotations

from xrm.api.openapi_parts import Operation, body, parameter, responses
from xrm.api.schemas import ID, Schema
from xrm.engine.views import SCOPES, TOTALS

_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_ASKED: dict[str, Schema] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 60},
    "scope": {
        "type": "string",
        "enum": list(SCOPES),
        "description": "For whom it is; all and role need the right to publish.",
    },
    "role": {"type": ["string", "null"], "description": "The role, where the scope is role."},
    "base": {"type": "string", "description": "The written view that gives what else its type needs."},
    "type": {"type": "string", "description": "list or board; empty for the type of the base."},
    "group": {"type": "string", "description": "The choice or state by which a board stands."},
    "filter": {"type": "string", "description": "As the filter of a list of records."},
    "search": {"type": "string"},
    "totals": {
        "type": "string",
        "enum": ["", *TOTALS],
        "description": "What pages show below columns of numbers.",
    },
    "fields": {**_NAMES, "description": "The columns, or the facts of a card."},
    "sort": {**_NAMES, "description": "As in sort, one term each."},
}
_GIVEN: Schema = {"type": "object", "properties": _ASKED, "additionalProperties": False}
_EXAMPLE = {
    "name": "Changed lately",
    "scope": "me",
    "filter": "updated_at >= now() - 7 days",
    "sort": ["-updated_at"],
}
_VIEW: Schema = {
    "type": "object",
    "properties": {
        "id": ID,
        "entity": {"type": "string"},
        "owner": {"type": "object", "properties": {"id": ID, "entity": {"const": "user"}}},
        **_ASKED,
        "left_out": {"type": "integer", "description": "How many of its parts are not there for the caller."},
        "may_change": {"type": "boolean"},
        "version": {"type": "integer"},
        "created_at": _INSTANT,
        "updated_at": _INSTANT,
        "records": {"type": "string", "description": "Where its records are."},
    },
    "required": ["id", "entity", "name", "scope", "filter", "fields", "sort", "version", "records"],
}
_VIEWS: Schema = {
    "type": "object",
    "properties": {
        "data": {"type": "array", "items": _VIEW},
        "first": {
            "type": ["string", "null"],
            "description": "The view, by name or id, that the caller begins with.",
        },
    },
    "required": ["data", "first"],
}


def saved_views(name: str) -> dict[str, dict[str, Operation]]:
    """Finding, saving, changing and removing views of one entity."""
    view = parameter("view", ID, "The id of the view.", "path")
    return {
        f"/views/{name}": {
            "get": {
                "operationId": f"list_views_{name}",
                "summary": "The saved views that you find here",
                "responses": responses(_VIEWS, 200, tagged=True),
            },
            "post": {
                "operationId": f"create_view_{name}",
                "summary": "Save a view, for yourself or for others",
                "requestBody": body({**_GIVEN, "required": ["name"], "examples": [_EXAMPLE]}),
                "responses": responses(_VIEW, 201, tagged=True),
            },
        },
        f"/views/{name}/{{view}}": {
            "get": {
                "operationId": f"read_view_{name}",
                "summary": "One saved view, as it holds for you",
                "parameters": [view],
                "responses": responses(_VIEW, 200, tagged=True),
            },
            "patch": {
                "operationId": f"change_view_{name}",
                "summary": "Change a saved view",
                "parameters": [view],
                "requestBody": body({**_GIVEN, "examples": [{"name": "Changed this week"}]}),
                "responses": responses(_VIEW, 200, tagged=True),
            },
            "delete": {
                "operationId": f"delete_view_{name}",
                "summary": "Remove a saved view, for everybody who had it",
                "parameters": [view],
                "responses": responses(None, 204),
            },
        },
    }
