"""The parts of the OpenAPI document that are the same for every entity and every caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xrm.api.answers import JSON
from xrm.api.feeds import MOST_FOUND
from xrm.api.jobs import MOST_LISTED
from xrm.api.schemas import ID, VERSION, Schema
from xrm.engine.transfer.request import DUPLICATES
from xrm.metadata.model import SHAREABLE
from xrm.settings import Limits

Operation = dict[str, Any]

ABOUT: Schema = {
    "type": "object",
    "description": "A record that the problem is about.",
    "properties": {n: {"type": "string"} for n in ("entity", "id", "title")},
}
PROBLEM: Schema = {
    "type": "object",
    "title": "Problem (RFC 9457)",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; programs may rely on it."},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **{n: {"type": "string"} for n in ("path", "code", "message", "hint", "place")},
                    "records": {"type": "array", "items": ABOUT},
                },
                "required": ["path", "code", "message"],
            },
        },
        "limit": {"type": "object", "description": "The published limit that was passed."},
        "request_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "code", "detail", "request_id"],
}
RESULT: Schema = {
    "type": "object",
    "properties": {
        "entity": {"type": "string"},
        "id": ID,
        "version": VERSION,
        "link": ID,
        "outcome": {"type": "string"},
    },
    "required": ["entity", "id", "version", "outcome"],
}
RESULTS: Schema = {
    "type": "object",
    "properties": {"data": {"type": "array", "items": RESULT}, "errors": PROBLEM["properties"]["errors"]},
    "required": ["data"],
}
ROWS: Schema = {
    "type": "object",
    "properties": {
        "data": {"type": "array", "items": {"type": "object"}},
        "next": {"type": ["string", "null"]},
    },
    "required": ["data"],
}
PROBLEMS: Mapping[int, str] = {
    400: "The request cannot be parsed.",
    401: "No valid token came with the request.",
    403: "This is known to you, and not allowed.",
    404: "It does not exist, or you may not know of it.",
    409: "The state of the world stands against it: a unique key, a state, a request that still runs.",
    412: "The record has another version than If-Match says.",
    413: "A published limit was passed.",
    415: "The body is not JSON.",
    422: "The request was understood and breaks a rule; `errors` lists all of them.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "A dependency failed, definitions are changing or time is up; Retry-After says when to come back.",
}
READING = (400, 401, 403, 404, 413, 422, 429, 503)
WRITING = tuple(PROBLEMS)


def parameter(name: str, schema: Schema, says: str, where: str = "query") -> Operation:
    """A parameter in the query, a header or the path."""
    made = {"name": name, "in": where, "schema": schema, "description": says}
    return {**made, "required": True} if where == "path" else made


def responses(schema: Schema | None, *statuses: int, tagged: bool = False) -> Operation:
    """The answers on success: the schema under each status, with an ETag where there is one."""
    made: Operation = {"description": "Done."}
    if schema is not None:
        made["content"] = {JSON: {"schema": schema}}
    if tagged:
        made["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Version and digest."}}
    return {str(status): made for status in statuses}


def body(schema: Schema, *, required: bool = True) -> Operation:
    """A JSON body."""
    return {"required": required, "content": {JSON: {"schema": schema}}}


def finished(method: str, operation: Operation) -> Operation:
    """The operation with the headers that its method honours and every refusal that it may answer."""
    statuses = READING if method == "get" else WRITING
    refusals = {str(s): {"$ref": f"#/components/responses/problem_{s}"} for s in statuses}
    not_modified = {"304": {"description": "You hold it already."}} if method == "get" else {}
    answers = {**operation["responses"], **not_modified, **refusals}
    headers = [h for m, h in HEADERS if m == method]
    parameters = [*operation.get("parameters", ()), *headers]
    return {**operation, "parameters": parameters, "responses": answers}


TEXT: Schema = {"type": "string", "maxLength": 2000}
TAG: Schema = {"type": "string", "pattern": r'^(W/)?"[0-9]{1,18}(-[0-9a-f]+)?"$'}
HEADERS = (
    ("get", parameter("If-None-Match", TEXT, "An ETag that you hold; 304 when it is current.", "header")),
    ("patch", parameter("If-Match", TAG, "The ETag that your change is based on.", "header")),
    ("delete", parameter("If-Match", TAG, "The ETag that your change is based on.", "header")),
    (
        "post",
        parameter(
            "Idempotency-Key",
            {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,200}$"},
            "Makes a repetition safe for 24 hours: same answer, nothing done twice.",
            "header",
        ),
    ),
)
RECORD_ID = parameter("id", ID, "The id of the record.", "path")
CURSOR = parameter("cursor", TEXT, "`next` of the page before.")
FIELDS = parameter("fields", TEXT, "The fields to give, with commas; `account.name` follows a lookup.")
EXPAND = parameter("expand", TEXT, "Relationships to give along: `account,contacts(limit=5)`.")
TRASH = parameter("trash", {"enum": ["live", "only", "both"]}, "Which side of the trash to look at.")
STEP: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "label": {"type": "string"},
        "to": {"type": "string"},
        "allowed": {"type": "boolean"},
        "reason": {"type": "string"},
    },
}
SHARE: Schema = {
    "type": "object",
    "properties": {
        "id": ID,
        "to": {"type": "object"},
        "operations": {"type": "array", "items": {"enum": list(SHAREABLE)}},
        "by": {"type": "object"},
        "at": {"type": "string", "format": "date-time"},
    },
    "required": ["id", "to", "operations", "by", "at"],
}
SHARED: Schema = {
    "type": "object",
    "properties": {
        "to": {
            "type": "object",
            "properties": {"entity": {"enum": ["user", "team"]}, "id": ID},
            "required": ["id"],
            "additionalProperties": False,
        },
        "operations": {"type": "array", "minItems": 1, "items": {"enum": list(SHAREABLE)}},
    },
    "required": ["to", "operations"],
    "additionalProperties": False,
}
COMMANDS: Schema = {
    "type": "object",
    "properties": {"commands": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
    "required": ["commands"],
    "additionalProperties": False,
    "examples": [
        {
            "commands": [
                {"name": "a", "create": "account", "values": {"name": "Oliveira"}},
                {"create": "contact", "values": {"account": {"ref": "a"}}},
            ]
        }
    ],
}
JOB: Schema = {
    "type": "object",
    "properties": {
        "id": ID,
        "kind": {"type": "string"},
        "label": {"type": "string"},
        "state": {"enum": ["queued", "running", "done", "failed", "cancelled"]},
        "done": {"type": "integer"},
        "total": {"type": ["integer", "null"]},
        "cancel_requested": {"type": "boolean"},
        "result": {"type": "object"},
        "problems": PROBLEM["properties"]["errors"],
        "created_at": {"type": "string", "format": "date-time"},
        "started_at": {"type": ["string", "null"], "format": "date-time"},
        "finished_at": {"type": ["string", "null"], "format": "date-time"},
    },
    "required": ["id", "kind", "state", "done", "result"],
}
EXPORTED: Schema = {
    "type": "object",
    "properties": {
        "entity": {"type": "string"},
        "format": {"enum": ["csv", "jsonl"]},
        **{name: {"type": "string"} for name in ("filter", "search", "sort", "fields")},
        "trash": {"enum": ["live", "only", "both"]},
    },
    "required": ["entity"],
    "additionalProperties": False,
    "examples": [{"entity": "account", "format": "csv"}],
}
NAME: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
RESULTS_REF: Schema = {"$ref": "#/components/schemas/results"}
GENERAL: Mapping[str, Mapping[str, Operation]] = {
    "/batch": {
        "post": {
            "operationId": "batch",
            "summary": "Several commands in one transaction",
            "requestBody": body(COMMANDS),
            "responses": responses(RESULTS_REF, 200),
        }
    },
    "/imports": {
        "post": {
            "operationId": "import",
            "summary": "Records from a CSV file: at once if it is small, else as a job",
            "parameters": [
                {**parameter("entity", NAME, "The entity of the records."), "required": True},
                parameter("mode", {"enum": ["all", "good_rows"]}, "All rows or none, or the good ones."),
                parameter(
                    "duplicates", {"enum": list(DUPLICATES)}, "What becomes of rows that are duplicates."
                ),
                parameter("by", TEXT, "The key by which a row finds the record that it changes."),
                parameter("mapping", TEXT, "Columns and the fields that they go to, as a JSON object."),
                parameter("dry_run", FLAG, "Only say what would happen."),
                parameter("preview", FLAG, "Only say what the file holds and where it would go."),
                parameter("encoding", TEXT, "Guessed when it is left out."),
                parameter("delimiter", TEXT, "Guessed when it is left out."),
                parameter("date", {"enum": ["iso", "dmy", "mdy"]}, "How dates are written."),
                parameter("decimal", {"enum": [".", ","]}, "The decimal separator; seen from the numbers."),
                parameter("name", TEXT, "The name of the file."),
            ],
            "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}},
            "responses": responses({"type": "object"}, 200, 202),
        }
    },
    "/exports": {
        "post": {
            "operationId": "export",
            "summary": "Records as a file: at once if they are few, else as a job",
            "requestBody": body(EXPORTED),
            "responses": responses(JOB, 200, 202),
        }
    },
    "/jobs/{id}": {
        "get": {
            "operationId": "job",
            "summary": "State, progress and result of a job",
            "parameters": [RECORD_ID],
            "responses": responses(JOB, 200, tagged=True),
        }
    },
    "/jobs/{id}/cancel": {
        "post": {
            "operationId": "cancel_job",
            "summary": "End a job as soon as it can end",
            "parameters": [RECORD_ID],
            "responses": responses(JOB, 200),
        }
    },
    "/jobs/{id}/undo": {
        "post": {
            "operationId": "undo_import",
            "summary": "Delete what an import created and nobody changed since",
            "parameters": [RECORD_ID],
            "responses": responses(JOB, 200, 202),
        }
    },
    "/jobs/{id}/file": {
        "get": {
            "operationId": "job_file",
            "summary": "The file that a job made",
            "parameters": [RECORD_ID],
            "responses": {
                "200": {
                    "description": "The file.",
                    "content": {"application/octet-stream": {"schema": {"type": "string"}}},
                }
            },
        }
    },
    "/metadata": {
        "get": {
            "operationId": "entities",
            "summary": "The entities that you may use",
            "responses": responses(ROWS, 200, tagged=True),
        }
    },
    "/me": {
        "get": {
            "operationId": "me",
            "summary": "Who you are, and your roles",
            "responses": responses({"type": "object"}, 200, tagged=True),
        }
    },
}


def at_most(most: int, says: str) -> Operation:
    """The parameter `limit`, which may be as large as `most`."""
    return parameter("limit", {"type": "integer", "minimum": 1, "maximum": most}, says)


def rows_of_page(limits: Limits) -> Operation:
    """The parameter `limit` of a page of records."""
    return at_most(limits.page_rows, "Rows of one page.")


def list_parameters(limits: Limits) -> list[Operation]:
    """What a list takes."""
    condition = 'A condition in the expression language: `amount > 100 and stage == "won"`.'
    words = {"type": "string", "maxLength": limits.search_length}
    return [
        parameter("filter", {"type": "string", "maxLength": limits.filter_length}, condition),
        parameter("search", words, "Words to look for."),
        parameter("sort", TEXT, "Fields to sort by, `-` for descending: `-close_on,name`."),
        FIELDS,
        EXPAND,
        rows_of_page(limits),
        CURSOR,
        parameter("count", {"enum": ["none", "capped", "exact"]}, "Whether to count."),
        TRASH,
        parameter("group", TEXT, "Terms to group by; the answer then holds groups."),
        parameter("aggregate", TEXT, "What to compute per group: `sum(amount),count()`."),
    ]


def general(limits: Limits) -> Mapping[str, Mapping[str, Operation]]:
    """The calls that are about no one entity, with the bounds in force."""
    bounded: Mapping[str, Mapping[str, Operation]] = {
        "/jobs": {
            "get": {
                "operationId": "jobs",
                "summary": "Your newest jobs",
                "parameters": [at_most(MOST_LISTED, "The most to list.")],
                "responses": responses(ROWS, 200, tagged=True),
            }
        },
        "/changes": {
            "get": {
                "operationId": "changes",
                "summary": "The change feed, filtered to what you may read",
                "parameters": [
                    parameter("since", TEXT, "`next` of the answer before; empty from the start."),
                    rows_of_page(limits),
                ],
                "responses": responses(ROWS, 200),
            }
        },
        "/search": {
            "get": {
                "operationId": "search",
                "summary": "Search across entities",
                "parameters": [
                    {
                        **parameter(
                            "q",
                            {"type": "string", "minLength": 1, "maxLength": limits.search_length},
                            "Words.",
                        ),
                        "required": True,
                    },
                    at_most(MOST_FOUND, "The most to find."),
                ],
                "responses": responses(ROWS, 200),
            }
        },
    }
    return {**GENERAL, **bounded}
