"""The OpenAPI 3.1 document of this installation's own entities, for one caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apispec import APISpec

from xrm.api.answers import PROBLEM_JSON
from xrm.api.openapi_definitions import DEFINITIONS
from xrm.api.openapi_duplicates import ACCEPT, duplicates, merging
from xrm.api.openapi_explain import explaining
from xrm.api.openapi_own import OWN
from xrm.api.openapi_parts import (
    CURSOR,
    EXPAND,
    FIELDS,
    PROBLEM,
    PROBLEMS,
    RECORD_ID,
    RESULT,
    RESULTS,
    RESULTS_REF,
    ROWS,
    SHARE,
    SHARED,
    STEP,
    Operation,
    body,
    finished,
    general,
    list_parameters,
    parameter,
    responses,
    rows_of_page,
)
from xrm.api.openapi_rates import RATES
from xrm.api.openapi_timeline import commenting, timeline
from xrm.api.openapi_views import saved_views
from xrm.api.schemas import ID, Schema, input_schema, output_schema
from xrm.api.visible import Visible
from xrm.metadata.model import Shape, text_of
from xrm.settings import Limits

Paths = dict[str, dict[str, Operation]]
SECURITY = [{"token": list[str]()}]


def openapi(
    seen: Sequence[Visible], language: str, base: str, limits: Limits, *, is_administrator: bool = False
) -> dict[str, Any]:
    """Every call that this caller may make, with the schemas of what they may see."""
    info = {"description": "Made from the definitions in force, for the caller who asks."}
    servers = [{"url": f"{base}/api/v1"}]
    spec = APISpec("xrm", "1", "3.1.0", info=info, servers=servers, security=SECURITY)
    _add_shared(spec)
    for one in seen:
        _add_schemas(spec, one, language)
        _add_paths(spec, entity_paths(one, limits), text_of(one.entity.plural, language, one.entity.name))
    _add_paths(spec, {**general(limits), **OWN, **RATES}, "General")
    if is_administrator:
        _add_paths(spec, DEFINITIONS, "Definitions")
    return spec.to_dict()


def entity_paths(seen: Visible, limits: Limits) -> Paths:
    """The calls about one entity that the caller may make; a path without a call is left out."""
    name = seen.entity.name
    one = f"/records/{name}/{{id}}"
    paths: Paths = {
        f"/records/{name}": _about_many(seen, limits),
        one: _about_one(seen),
        f"{one}/history": _when(seen.can("read"), "get", _history(name, limits)),
        f"{one}/timeline": _when(seen.can("read"), "get", timeline(name, limits)),
        f"{one}/restore": _when(seen.can("delete"), "post", _restore(name)),
        f"{one}/shares": _shares(seen) if seen.can("share") else {},
        **(commenting(name, one) if seen.can("read") and not seen.entity.is_engine else {}),
        **(saved_views(name) if seen.can("read") else {}),
        **duplicates(seen),
        **merging(seen),
        **explaining(seen),
        **_lifecycle_paths(seen, one),
        **_link_paths(seen, one, limits),
    }
    return {path: operations for path, operations in paths.items() if operations}


def _add_shared(spec: APISpec) -> None:
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.schema("problem", PROBLEM)
    spec.components.schema("results", RESULTS)
    for status, says in PROBLEMS.items():
        content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/problem"}}}
        spec.components.response(f"problem_{status}", {"description": says, "content": content})


def _add_schemas(spec: APISpec, seen: Visible, language: str) -> None:
    name = seen.entity.name
    spec.components.schema(f"{name}.record", output_schema(seen, language))
    for operation in ("create", "update"):
        if seen.can(operation):
            spec.components.schema(f"{name}.{operation}", input_schema(seen, operation, language))


def _add_paths(spec: APISpec, paths: Mapping[str, Mapping[str, Operation]], tag: str) -> None:
    for path, operations in paths.items():
        spec.path(path, operations={m: finished(m, {"tags": [tag], **o}) for m, o in operations.items()})


def _ref(name: str, kind: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}.{kind}"}


def _when(holds: bool, method: str, operation: Operation) -> dict[str, Operation]:
    return {method: operation} if holds else {}


def _about_many(seen: Visible, limits: Limits) -> dict[str, Operation]:
    name = seen.entity.name
    both = seen.can("create") and seen.can("update")
    return {
        **_when(seen.can("read"), "get", _list(name, limits)),
        **_when(seen.can("create"), "post", _create(name)),
        **_when(both and bool(upsert_keys(seen)), "put", _upsert(name, upsert_keys(seen))),
    }


def _about_one(seen: Visible) -> dict[str, Operation]:
    name = seen.entity.name
    return {
        **_when(seen.can("read"), "get", _get(name)),
        **_when(seen.can("update"), "patch", _patch(name)),
        **_when(seen.can("delete"), "delete", _delete(name)),
    }


def upsert_keys(seen: Visible) -> list[str]:
    """The names of the alternate keys by which the caller may create or update."""
    entity = seen.entity
    keys = [k.name for k in entity.keys.values() if set(k.fields) <= seen.creates]
    unique = [f.name for f in seen.fields if f.unique and f.name in seen.creates]
    return [*keys, *unique, "external_key"]


def _list(name: str, limits: Limits) -> Operation:
    rows = {"type": "array", "items": {"type": "object"}}
    page = {
        "type": "object",
        "properties": {
            "data": rows,
            "next": {"type": ["string", "null"]},
            "count": {"type": "integer"},
            "count_is": {"enum": ["exact", "at_least"]},
            "pending": {
                "type": "object",
                "description": "By the id of a record the computed fields whose values wait for a job.",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        },
        "required": ["data"],
    }
    return {
        "operationId": f"list_{name}",
        "summary": "A page of records, or groups of them",
        "parameters": list_parameters(limits),
        "responses": responses(page, 200, tagged=True),
    }


def _create(name: str) -> Operation:
    one = _ref(name, "create")
    many: Schema = {"type": "array", "items": one}
    made: Schema = {"anyOf": [_ref(name, "record"), RESULTS_REF]}
    return {
        "operationId": f"create_{name}",
        "summary": "Create one, or many with a list",
        "parameters": [
            parameter("mode", {"enum": ["all", "good_rows"]}, "With a list: all, or the good ones."),
            ACCEPT,
        ],
        "requestBody": body({"anyOf": [one, many]}),
        "responses": {**responses(made, 201, tagged=True), **responses(RESULTS_REF, 200)},
    }


def _upsert(name: str, keys: list[str]) -> Operation:
    by = {**parameter("by", {"enum": keys}, "The key whose values the body holds."), "required": True}
    return {
        "operationId": f"upsert_{name}",
        "summary": "Create (201), or update (200) the record with the same key",
        "parameters": [by, ACCEPT],
        "requestBody": body(_ref(name, "create")),
        "responses": responses(_ref(name, "record"), 200, 201, tagged=True),
    }


def _get(name: str) -> Operation:
    return {
        "operationId": f"get_{name}",
        "summary": "One record",
        "parameters": [RECORD_ID, FIELDS, EXPAND],
        "responses": responses(_ref(name, "record"), 200, tagged=True),
    }


def _patch(name: str) -> Operation:
    return {
        "operationId": f"update_{name}",
        "summary": "Change the given fields",
        "parameters": [RECORD_ID, ACCEPT],
        "requestBody": body(_ref(name, "update")),
        "responses": responses(_ref(name, "record"), 200, tagged=True),
    }


def _delete(name: str) -> Operation:
    return {
        "operationId": f"delete_{name}",
        "summary": "Move to the trash",
        "parameters": [RECORD_ID],
        "responses": responses(None, 204),
    }


def _history(name: str, limits: Limits) -> Operation:
    return {
        "operationId": f"history_{name}",
        "summary": "What was changed, when and by whom",
        "parameters": [RECORD_ID, rows_of_page(limits), CURSOR],
        "responses": responses(ROWS, 200, tagged=True),
    }


def _restore(name: str) -> Operation:
    return {
        "operationId": f"restore_{name}",
        "summary": "Bring back what the same act removed",
        "parameters": [RECORD_ID],
        "responses": responses(_ref(name, "record"), 200, tagged=True),
    }


def _shares(seen: Visible) -> dict[str, Operation]:
    name = seen.entity.name
    listed: Schema = {"type": "object", "properties": {"data": {"type": "array", "items": SHARE}}}
    share = {**parameter("share", ID, "The id of the share."), "required": True}
    return {
        "get": {
            "operationId": f"shares_{name}",
            "summary": "With whom the record is shared, and for what",
            "parameters": [RECORD_ID],
            "responses": responses(listed, 200, tagged=True),
        },
        "post": {
            "operationId": f"share_{name}",
            "summary": "Share the record with a user or team, for exactly these operations",
            "parameters": [RECORD_ID],
            "requestBody": body(SHARED),
            "responses": responses(SHARE, 201),
        },
        "delete": {
            "operationId": f"end_share_{name}",
            "summary": "End a share",
            "parameters": [RECORD_ID, share],
            "responses": responses(None, 204),
        },
    }


def _lifecycle_paths(seen: Visible, one: str) -> Paths:
    lifecycle, name = seen.entity.lifecycle, seen.entity.name
    if lifecycle is None:
        return {}
    steps: Schema = {"type": "object", "properties": {"data": {"type": "array", "items": STEP}}}
    listing = {
        "operationId": f"transitions_{name}",
        "summary": "The steps from here, and why some are not open to you",
        "parameters": [RECORD_ID],
        "responses": responses(steps, 200, tagged=True),
    }
    step = parameter("transition", {"enum": list(lifecycle.transitions)}, "The step.", "path")
    taken: Schema = {
        "type": "object",
        "properties": {"values": {"type": "object"}, "reason": {"type": "string"}},
    }
    taking = {
        "operationId": f"transition_{name}",
        "summary": "Take a lifecycle step",
        "parameters": [RECORD_ID, step, ACCEPT],
        "requestBody": body({**taken, "additionalProperties": False}, required=False),
        "responses": responses(_ref(name, "record"), 200, tagged=True),
    }
    return {
        f"{one}/transitions": _when(seen.can("read"), "get", listing),
        f"{one}/transitions/{{transition}}": _when(seen.can("transition"), "post", taking),
    }


def _link_paths(seen: Visible, one: str, limits: Limits) -> Paths:
    many = [r for r in seen.relationships if not r.one]
    read = [r.name for r in many if r.name in seen.reads]
    linked = [r.name for r in many if r.shape is Shape.MANY and r.name in seen.updates]
    operations = {
        **_when(bool(read), "get", _links(seen, read, limits)),
        **_when(bool(linked), "post", _link(seen, linked)),
        **_when(bool(linked), "delete", _unlink(seen, linked)),
    }
    return {f"{one}/links/{{relationship}}": operations}


def _relationship(names: list[str]) -> Operation:
    return parameter("relationship", {"enum": names}, "The relationship.", "path")


def _links(seen: Visible, names: list[str], limits: Limits) -> Operation:
    return {
        "operationId": f"links_{seen.entity.name}",
        "summary": "The records on the far side of a relationship",
        "parameters": [RECORD_ID, _relationship(names), rows_of_page(limits), CURSOR],
        "responses": responses(ROWS, 200, tagged=True),
    }


def _link(seen: Visible, names: list[str]) -> Operation:
    properties: Schema = {"to": {"anyOf": [ID, {"type": "object"}]}, "values": {"type": "object"}}
    link = {"type": "object", "properties": properties, "required": ["to"], "additionalProperties": False}
    return {
        "operationId": f"link_{seen.entity.name}",
        "summary": "Link a record",
        "parameters": [RECORD_ID, _relationship(names)],
        "requestBody": body(link),
        "responses": responses(RESULT, 201),
    }


def _unlink(seen: Visible, names: list[str]) -> Operation:
    link = {**parameter("link", ID, "The id of the link."), "required": True}
    return {
        "operationId": f"unlink_{seen.entity.name}",
        "summary": "Take a link away",
        "parameters": [RECORD_ID, _relationship(names), link],
        "responses": responses(None, 204),
    }
