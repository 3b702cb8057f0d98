"""Why a computed field has its value, for programs: what the page of the value tells people, under the same rights."""

from __future__ import annotations

from typing import Any

from xrm.api.answers import Answer, tagged
from xrm.api.call import Call, record_id
from xrm.engine.queries.reasons import Along, Many, Reason, reason_of
from xrm.errors import NotFound, Place, Problem
from xrm.metadata.model import Entity, Field


def explain(call: Call, entity: str, record: str, field: str) -> Answer:
    """`GET .../explain/<field>`: the formula of a computed field and the values that it follows from."""
    call.allow_only()
    queries = call.snapshot.queries
    found = queries.model.entities.get(entity)
    asked = None if found is None else _computed(call, found, field)
    if found is None or asked is None:
        hint = "Ask for a formula or a rollup that you may read."
        raise NotFound(Problem("R104", "There is no such computed field for you.", hint, Place(path="field")))
    return tagged(_told(field, reason_of(queries, call.actor, found, record_id(record), asked)), 0)


def _computed(call: Call, entity: Entity, name: str) -> Field | None:
    field = entity.fields.get(name)
    is_told = name in call.snapshot.queries.policy.rights(call.actor, entity.name).names("read")
    return field if field is not None and field.formula is not None and is_told else None


def _told(field: str, reason: Reason) -> dict[str, Any]:
    return {
        "field": field,
        "value": reason.value,
        "formula": reason.formula or None,
        "own": dict(reason.own),
        "along": [_along(one) for one in reason.along],
        "many": [_many(one) for one in reason.many],
    }


def _along(one: Along) -> dict[str, Any]:
    return {"path": ".".join(one.path), "entity": one.entity, "value": one.value}


def _many(one: Many) -> dict[str, Any]:
    return {
        "relationship": one.relationship.name,
        "entity": one.entity,
        "records": [dict(row) for row in one.rows],
        "is_whole": one.is_whole,
    }
