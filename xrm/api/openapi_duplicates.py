"""How the OpenAPI document describes looking for duplicates, and making one of them."""

from __future__ import annotations

from xrm.api.duplicates import MOST_GROUPS
from xrm.api.openapi_parts import CURSOR, RECORD_ID, ROWS, Operation, body, parameter, responses
from xrm.api.schemas import ID, Schema
from xrm.api.visible import Visible

ACCEPT = parameter("duplicates", {"enum": ["accept"]}, "Write it, though it is like another record.")


def duplicates(seen: Visible) -> dict[str, dict[str, Operation]]:
    """The calls that look for duplicates of an entity, where it says how and the caller may know it."""
    entity = seen.entity
    ways = [
        way.name for way in entity.duplicates.values() if {match.name for match in way.match} <= seen.reads
    ]
    if not ways or not seen.can("read"):
        return {}
    values: Schema = {"type": "object", "properties": {"values": {"type": "object"}, "id": ID}}
    way = {**parameter("way", {"enum": ways}, "How they are found."), "required": True}
    limit = parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_GROUPS}, "So many groups.")
    return {
        f"/records/{entity.name}/duplicates": {
            "post": {
                "operationId": f"duplicates_ahead_{entity.name}",
                "summary": "Of what a record with these values would be a duplicate",
                "requestBody": body({**values, "additionalProperties": False}),
                "responses": responses(ROWS, 200),
            },
            "get": {
                "operationId": f"duplicates_{entity.name}",
                "summary": "Records that are the same thing twice, group by group",
                "parameters": [way, limit, CURSOR],
                "responses": responses(ROWS, 200, tagged=True),
            },
        }
    }


def merging(seen: Visible) -> dict[str, dict[str, Operation]]:
    """The call that makes one record of several, for whoever may change and delete them."""
    name = seen.entity.name
    if not (seen.can("update") and seen.can("delete")) or seen.entity.append_only:
        return {}
    ids: Schema = {"type": "array", "items": ID, "minItems": 1, "maxItems": 4}
    properties: Schema = {
        "with": {**ids, "description": "The records that go."},
        "choose": {"type": "object", "additionalProperties": ID, "description": "Whose value a field gets."},
        "values": {"type": "object"},
    }
    asked: Schema = {"type": "object", "properties": properties, "required": ["with"]}
    merge: Operation = {
        "operationId": f"merge_{name}",
        "summary": "Make one record of several; this one stays",
        "parameters": [RECORD_ID],
        "requestBody": body({**asked, "additionalProperties": False}),
        "responses": responses({"$ref": f"#/components/schemas/{name}.record"}, 200, tagged=True),
    }
    return {f"/records/{name}/{{id}}/merge": {"post": merge}}
