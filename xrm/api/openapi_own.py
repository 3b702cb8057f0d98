"""The parts of the OpenAPI document about what is the caller's own: tokens and files."""

from __future__ import annotations

from collections.abc import Mapping

from xrm.api.openapi_parts import RECORD_ID, RESULTS, TEXT, Operation, body, parameter, responses
from xrm.api.schemas import ID, Schema

_INSTANT: Schema = {"type": ["string", "null"], "format": "date-time"}
_ROLES: Schema = {"type": ["array", "null"], "items": {"type": "string"}}
TOKEN: Schema = {
    "type": "object",
    "properties": {
        "id": ID,
        "name": {"type": "string"},
        "prefix": {"type": "string", "description": "How the token begins."},
        "roles": {**_ROLES, "description": "What it is narrowed to; null for all of yours."},
        "created_at": {"type": "string", "format": "date-time"},
        "expires_at": _INSTANT,
        "revoked_at": _INSTANT,
    },
    "required": ["id", "name", "prefix", "roles", "created_at", "expires_at", "revoked_at"],
}
_NEW: Schema = {
    **TOKEN,
    "properties": {
        **TOKEN["properties"],
        "token": {"type": ["string", "null"], "description": "The secret, in this answer alone."},
    },
}
_ASKED: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "roles": _ROLES,
        "expires_at": _INSTANT,
    },
    "required": ["name"],
    "additionalProperties": False,
    "examples": [{"name": "Nightly import"}],
}
_LIST: Schema = {"type": "object", "properties": {"data": {"type": "array", "items": TOKEN}}}
_FILE: Schema = {
    "type": "object",
    "properties": {
        "id": ID,
        "name": {"type": "string"},
        "size": {"type": "integer"},
        "media_type": {"type": "string"},
    },
    "required": ["id", "name", "size", "media_type"],
}
_BYTES: Schema = {"type": "string", "format": "binary"}
_UNDONE: Schema = {
    **RESULTS,
    "properties": {
        **RESULTS["properties"],
        "undo": {"type": ["string", "null"], "description": "The place of this act, by which it is undone."},
    },
}
OWN: Mapping[str, Mapping[str, Operation]] = {
    "/me/tokens": {
        "get": {
            "operationId": "tokens",
            "summary": "Your API tokens",
            "responses": responses(_LIST, 200, tagged=True),
        },
        "post": {
            "operationId": "create_token",
            "summary": "Make an API token; its secret is shown this once",
            "requestBody": body(_ASKED),
            "responses": responses(_NEW, 201),
        },
    },
    "/me/tokens/{id}": {
        "delete": {
            "operationId": "revoke_token",
            "summary": "Let a token open nothing any more",
            "parameters": [parameter("id", ID, "The id of the token.", "path")],
            "responses": responses(None, 204),
        }
    },
    "/changes/{position}/undo": {
        "post": {
            "operationId": "undo",
            "summary": "Take back a change of yours, with all that was changed by the same call",
            "parameters": [
                parameter("position", TEXT, "`position` of the change, in history or feed.", "path")
            ],
            "responses": responses(_UNDONE, 200),
        }
    },
    "/files": {
        "post": {
            "operationId": "upload",
            "summary": "Bring a file, which a file or image field can take by its id",
            "parameters": [parameter("name", TEXT, "The name of the file; its ending says its type.")],
            "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": _BYTES}}},
            "responses": responses(_FILE, 201),
        }
    },
    "/files/{id}": {
        "get": {
            "operationId": "download",
            "summary": "A file of a record that you may read, or one that you brought",
            "parameters": [{**RECORD_ID, "description": "The id of the file."}],
            "responses": {"200": {"description": "The file.", "content": {"*/*": {"schema": _BYTES}}}},
        }
    },
}
