"""How the OpenAPI document describes looking for duplicates."""

from __future__ import annotations

from xrm.api.duplicates import MOST_GROUPS
from xrm.api.openapi_parts import CURSOR, ROWS, Operation, body, parameter, responses
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
