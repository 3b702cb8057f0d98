"""`GET .../timeline`: what was changed on a record and what was done about it, in one order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xrm.api.answers import Answer, tagged
from xrm.api.call import Call, record_id
from xrm.engine.queries.request import FieldTest, Query, Sort

ACTIVITY, REGARDING = "activity", "regarding"
Item = dict[str, Any]


def timeline(call: Call, entity: str, record: str) -> Answer:
    """Newest first: a change has `kind` change, an activity the name of its entity."""
    call.allow_only("limit")
    limit = call.number("limit", 50, call.limits.page_rows)
    known = record_id(record)
    history = call.snapshot.queries.history(call.actor, entity, known, limit=limit)
    changes = [{"kind": "change", "at": row["at"], "change": row} for row in history.data]
    items = sorted(
        [*changes, *_activities(call, str(known), limit)], key=lambda i: str(i["at"]), reverse=True
    )
    return tagged({"data": items[:limit], "next": None}, 0)


def _activities(call: Call, record: str, limit: int) -> Iterator[Item]:
    """The activities about the record, of every kind that the caller may read."""
    kinds = call.snapshot.model.entities.get(ACTIVITY)
    for name in kinds.implementations if kinds else ():
        if call.snapshot.policy.rights(call.actor, name).cell("read", REGARDING).nowhere:
            continue
        query = Query(
            name,
            tests=(FieldTest((REGARDING,), "eq", (record,)),),
            sort=(Sort(("created_at",), descending=True),),
            limit=limit,
        )
        for row in call.snapshot.queries.list(call.actor, query).data:
            yield _item(name, row)


def _item(kind: str, row: Mapping[str, Any]) -> Item:
    return {"kind": kind, "at": row["created_at"], "activity": row}
