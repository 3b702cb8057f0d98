"""Handlers for records that are shared one by one."""

from __future__ import annotations

from typing import Any

from xrm.api.answers import Answer, answer, nothing, tagged
from xrm.api.call import Call, record_id
from xrm.api.codes import unreadable
from xrm.api.shapes import known_keys, object_at, text, uuid
from xrm.engine.records.sharing import Share
from xrm.metadata.fieldtypes.times import write_instant
from xrm.metadata.values import Ref


def shares(call: Call, entity: str, record: str) -> Answer:
    """`GET .../shares`: with whom the record is shared, and for what."""
    call.allow_only()
    found = call.snapshot.records.shares(call.actor, entity, record_id(record))
    return tagged({"data": [told(share) for share in found]}, 0)


def share(call: Call, entity: str, record: str) -> Answer:
    """`POST .../shares`: the record is shared with the user or team `to`, for exactly these operations."""
    call.allow_only()
    body = known_keys(call.object(), "to", "operations")
    to = known_keys(object_at(body, "to"), "entity", "id", path="to")
    id_ = uuid(to, "id", "to")
    if id_ is None:
        raise unreadable("H105", "to is missing.", 'Send {"to": {"entity": "user", "id": "..."}}.', "to")
    receiver = Ref(text(to, "entity", "to") or "user", id_)
    operations = _operations(body.get("operations"))
    made = call.snapshot.records.share(
        call.actor, entity, record_id(record), receiver, operations, around=call.around(told)
    )
    return answer(told(made), 201)


def end_share(call: Call, entity: str, record: str) -> Answer:
    """`DELETE .../shares?share={id}`: the share gives nothing any more."""
    call.allow_only("share")
    named = call.param("share")
    if not named:
        raise unreadable("R105", "share is missing.", "Name the share: ?share=its id.", "share")
    call.snapshot.records.end_share(call.actor, entity, record_id(record), record_id(named))
    return nothing()


def told(share: Share) -> dict[str, Any]:
    """A share as callers see it."""
    return {
        "id": str(share.id),
        "to": {"id": str(share.to.id), "entity": share.to.entity, "title": share.title},
        "operations": list(share.operations),
        "by": {"id": str(share.by), "entity": "user", "title": share.by_title},
        "at": write_instant(share.at),
    }


def _operations(given: object) -> tuple[str, ...]:
    if isinstance(given, list) and all(isinstance(item, str) for item in given):
        return tuple(given)
    message = "operations must be a list of texts."
    raise unreadable("H105", message, 'Send {"operations": ["read"]}.', "operations")
