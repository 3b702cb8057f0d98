"""Handlers for records that are the same thing twice: asked ahead, and found in what is there."""

from __future__ import annotations

from typing import Any

from xrm.api.answers import Answer, answer, tagged
from xrm.api.call import Call, record_id
from xrm.api.codes import unreadable
from xrm.api.records import written
from xrm.api.shapes import known_keys, object_at, text

MOST_GROUPS = 200


def ahead(call: Call, entity: str) -> Answer:
    """`POST .../duplicates`: what these values, or this change of a record, would be told to be duplicates of."""
    call.allow_only()
    body = known_keys(call.object(), "values", "id")
    named = text(body, "id")
    values = written(call, entity, object_at(body, "values"))
    record = record_id(named) if named else None
    found = call.snapshot.records.twins(call.actor, entity, values, record)
    return answer(
        {
            "data": [
                {
                    "way": t.way.name,
                    "then": t.way.then,
                    "id": str(t.record),
                    "title": t.title,
                    "alike": t.alike,
                }
                for t in found
            ]
        }
    )


def groups(call: Call, entity: str) -> Answer:
    """`GET .../duplicates?way=`: records that one way of the entity finds to be the same, group by group."""
    call.allow_only("way", "limit", "cursor")
    way = call.param("way")
    if not way:
        known = ", ".join(one.name for one in call.snapshot.records.ways(call.actor, entity))
        raise unreadable("R105", "way is missing.", f"Name one of: {known}." if known else "", "way")
    limit = call.number("limit", 50, MOST_GROUPS)
    page = call.snapshot.records.duplicates(call.actor, entity, way, call.param("cursor"), limit)
    found: list[dict[str, Any]] = [
        {"way": way, "records": [{"id": str(record), "title": title} for record, title in one.records]}
        for one in page.found
    ]
    return tagged({"data": found, "next": page.next or None}, 0)
