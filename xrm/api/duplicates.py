"""Handlers for records that are the same thing twice: asked ahead, found in what is there, and made one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from xrm.api.answers import Answer, answer, tagged
from xrm.api.call import Call, record_id
from xrm.api.codes import unreadable
from xrm.api.records import shown, written
from xrm.api.shapes import below, id_of, known_keys, object_at, text
from xrm.engine.commands import Merge, Target

MOST_GROUPS = 200
MERGE_KEYS = ("with", "choose", "values")


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


def merge(call: Call, entity: str, record: str) -> Answer:
    """`POST .../merge`: the records that `with` names become one with this one, which is answered."""
    call.allow_only()
    body = known_keys(call.object(), *MERGE_KEYS)
    command = read_merge(entity, Target(record_id(record)), body, "", call.version())
    written(call, entity, dict(command.values))
    return shown(call, call.do(command))


def read_merge(entity: str, target: Target, body: dict[str, Any], path: str, version: int | None) -> Merge:
    """The merge that a body says, at `path`."""
    given = body.get("with")
    if not isinstance(given, list) or not given:
        hint = "Give the ids of the records that go."
        raise unreadable("H105", "with must be a list of ids.", hint, below(path, "with"))
    others = tuple(_id(one, f"{below(path, 'with')}[{n}]") for n, one in enumerate(given))
    chosen = object_at(body, "choose", path)
    choose = {name: _id(one, f"{below(path, 'choose')}.{name[:60]}") for name, one in chosen.items()}
    return Merge(entity, target, others, choose, object_at(body, "values", path), version)


def _id(given: Any, path: str) -> UUID:
    found = id_of(given) if isinstance(given, str) else None
    if found is None:
        raise unreadable("H105", "This is not an id.", "Ids look like 0190b6a4-….", path)
    return found
