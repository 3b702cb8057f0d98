"""The parts of the OpenAPI document about definitions, for administrators."""

from __future__ import annotations

from collections.abc import Mapping

from xrm.api.definitions import MERGE, MIRROR, MOST_PATH
from xrm.api.openapi_parts import Operation, body, responses
from xrm.api.schemas import Schema
from xrm.metadata.setting_values import TYPES

_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_VERSION: Schema = {"type": "integer", "minimum": 0, "description": "The number of the version in force."}
_HASH: Schema = {"type": "string", "description": "Of the plan; whoever applies says it."}
_STEP: Schema = {
    "type": "object",
    "properties": {
        "step": {"type": "string"},
        "class": {"enum": ["instant", "rewrite", "needs decision", "destructive"]},
        "rows": {"type": "integer"},
        "failing": {"type": "integer"},
    },
    "required": ["step", "class", "rows", "failing"],
}
_DOCUMENTS: Schema = {
    "type": "object",
    "properties": {"version": _VERSION, "documents": _TEXTS},
    "required": ["version", "documents"],
}
_ASKED: Schema = {
    "type": "object",
    "properties": {
        "documents": {
            "type": "object",
            "description": "By path, as in entities/account.yaml: the text, or the document as JSON.",
            "propertyNames": {"maxLength": MOST_PATH},
            "additionalProperties": {"type": ["string", "object"]},
        },
        "mode": {"enum": [MERGE, MIRROR], "description": "A mirror has no other documents than these."},
        "decisions": {**_TEXTS, "description": "By place, what becomes of values that do not fit."},
        "answers": {
            "type": "object",
            "additionalProperties": {"enum": ["keep", "take"]},
            "description": "By key, which side of a conflict holds.",
        },
    },
    "required": ["documents"],
    "additionalProperties": False,
    "examples": [
        {"documents": {"entities/memo.yaml": "entity: memo\ntitle: name\nfields: {name: {type: text}}\n"}}
    ],
}
_CONFIRMED: Schema = {
    **{key: value for key, value in _ASKED.items() if key != "examples"},
    "properties": {**_ASKED["properties"], "hash": {**_HASH, "minLength": 1}},
    "required": ["documents", "hash"],
}
_PLAN: Schema = {
    "type": "object",
    "properties": {
        "hash": _HASH,
        "is_empty": {"type": "boolean"},
        "needs_confirmation": {"type": "boolean", "description": "Whether something goes."},
        "steps": {"type": "array", "items": _STEP},
        "problems": {
            "type": "array",
            "items": {"type": "object"},
            "description": "What waits for an answer.",
        },
    },
    "required": ["hash", "is_empty", "needs_confirmation", "steps", "problems"],
}
_DONE: Schema = {
    "type": "object",
    "properties": {
        "version": _VERSION,
        "fingerprint": {"type": "string"},
        "layers": {"type": "array", "items": {"type": "object"}},
        "gone": {"type": "array", "items": {"type": "string"}},
        "steps": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["version", "fingerprint", "layers", "gone", "steps"],
}
_VALUES: Schema = {
    "type": "object",
    "description": "By name of a setting its value; null for that of its pack.",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}
_SETTINGS: Schema = {
    "type": "object",
    "properties": {
        "version": _VERSION,
        "settings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "pack": {"type": "string"},
                    "type": {"enum": list(TYPES)},
                    "label": _TEXTS,
                    "help": _TEXTS,
                    "options": {"type": "object", "additionalProperties": _TEXTS},
                    "value": {"type": ["string", "number", "boolean"]},
                    "default": {"type": ["string", "number", "boolean"]},
                    "is_changed": {"type": "boolean"},
                },
                "required": ["name", "pack", "type", "label", "help", "value", "default", "is_changed"],
            },
        },
    },
    "required": ["version", "settings"],
}
_SET: Schema = {
    "type": "object",
    "properties": {"values": _VALUES},
    "required": ["values"],
    "additionalProperties": False,
    "examples": [{"values": {"lead_hot_from": 80, "lead_industry": None}}],
}
_NOW: Schema = {
    "type": "object",
    "properties": {"version": _VERSION, "fingerprint": {"type": "string"}},
    "required": ["version", "fingerprint"],
}
DEFINITIONS: Mapping[str, Mapping[str, Operation]] = {
    "/metadata/documents": {
        "get": {
            "operationId": "documents",
            "summary": "The customisation by its documents, and the version in force",
            "responses": responses(_DOCUMENTS, 200, tagged=True),
        }
    },
    "/metadata/plan": {
        "post": {
            "operationId": "plan",
            "summary": "What documents of the customisation would change; nothing is changed",
            "requestBody": body(_ASKED),
            "responses": responses(_PLAN, 200),
        }
    },
    "/metadata/apply": {
        "post": {
            "operationId": "apply",
            "summary": "Carry out the plan of that hash",
            "requestBody": body(_CONFIRMED),
            "responses": responses(_DONE, 200),
        }
    },
    "/metadata/settings": {
        "get": {
            "operationId": "settings",
            "summary": "The settings of packs with their values, and the version in force",
            "responses": responses(_SETTINGS, 200, tagged=True),
        },
        "patch": {
            "operationId": "change_settings",
            "summary": "Give settings of packs other values; with a hash only as it was planned",
            "requestBody": body({**_SET, "properties": {"values": _VALUES, "hash": _HASH}}),
            "responses": responses(_NOW, 200),
        },
    },
    "/metadata/settings/plan": {
        "post": {
            "operationId": "plan_settings",
            "summary": "What other values of settings would change; nothing is changed",
            "requestBody": body(_SET),
            "responses": responses(_PLAN, 200),
        }
    },
}
