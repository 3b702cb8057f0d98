"""The parts of the OpenAPI document about what happens around a record: its timeline, and comments on it."""

from __future__ import annotations

from xrm.api.openapi_parts import (
    CURSOR,
    RECORD_ID,
    TEXT,
    Operation,
    body,
    parameter,
    responses,
    rows_of_page,
)
from xrm.api.schemas import ID, Schema
from xrm.engine.queries.timelines import SOURCES
from xrm.engine.records.commenting import COMMENT_LENGTH
from xrm.settings import Limits

_WHO: Schema = {
    "type": "object",
    "properties": {"id": ID, "entity": {"const": "user"}, "title": {"type": ["string", "null"]}},
    "required": ["id", "entity"],
}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
COMMENT: Schema = {
    "type": "object",
    "properties": {
        "id": ID,
        "text": {"type": "string"},
        "author": _WHO,
        "created_at": _INSTANT,
        "edited_at": {"type": ["string", "null"], "format": "date-time"},
        "mentions": {"type": "array", "items": _WHO},
    },
    "required": ["id", "text", "author", "created_at", "edited_at", "mentions"],
}
_ASKED: Schema = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 1, "maxLength": COMMENT_LENGTH}},
    "required": ["text"],
    "additionalProperties": False,
    "examples": [{"text": "@Ben Okafor called back: the contract is signed."}],
}
_FILE: Schema = {
    "type": "object",
    "properties": {
        "field": {"type": "string"},
        "id": ID,
        "name": {"type": ["string", "null"]},
        "size": {"type": ["integer", "null"]},
        "added": {"type": "boolean", "description": "Whether the change put it in, or took it out."},
        "held": {"type": "boolean", "description": "Whether the field holds it now."},
    },
    "required": ["field", "id", "name", "size", "added", "held"],
}
_ENTRY: Schema = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "description": "change, comment, or the entity of the activity."},
        "at": _INSTANT,
        "change": {"type": "object", "properties": {"files": {"type": "array", "items": _FILE}}},
        "comment": COMMENT,
        "activity": {"type": "object"},
    },
    "required": ["kind", "at"],
}
_PAGE: Schema = {
    "type": "object",
    "properties": {"data": {"type": "array", "items": _ENTRY}, "next": {"type": ["string", "null"]}},
    "required": ["data", "next"],
}


def timeline(name: str, limits: Limits) -> Operation:
    """Reading the timeline of a record."""
    only = parameter("only", TEXT, f"Some of {', '.join(SOURCES)}, with commas; all of them unless given.")
    return {
        "operationId": f"timeline_{name}",
        "summary": "Changes, files, comments and activities together, newest first",
        "parameters": [RECORD_ID, rows_of_page(limits), CURSOR, only],
        "responses": responses(_PAGE, 200, tagged=True),
    }


def commenting(name: str, one: str) -> dict[str, dict[str, Operation]]:
    """Writing, editing and removing comments on a record; `one` is its path."""
    comment = parameter("comment", ID, "The id of the comment.", "path")
    return {
        f"{one}/comments": {
            "post": {
                "operationId": f"comment_{name}",
                "summary": "Comment on the record, for everybody who may read it",
                "parameters": [RECORD_ID],
                "requestBody": body(_ASKED),
                "responses": responses(COMMENT, 201),
            }
        },
        f"{one}/comments/{{comment}}": {
            "patch": {
                "operationId": f"edit_comment_{name}",
                "summary": "Change a comment of yours",
                "parameters": [RECORD_ID, comment],
                "requestBody": body(_ASKED),
                "responses": responses(COMMENT, 200),
            },
            "delete": {
                "operationId": f"delete_comment_{name}",
                "summary": "Remove a comment of yours, and its words",
                "parameters": [RECORD_ID, comment],
                "responses": responses(None, 204),
            },
        },
    }
