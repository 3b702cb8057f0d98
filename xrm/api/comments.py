"""Handlers for comments on a record; they are read on its timeline."""

from __future__ import annotations

from typing import Any

from xrm.api.answers import Answer, answer, nothing
from xrm.api.call import Call, record_id
from xrm.api.shapes import known_keys, text
from xrm.engine.records.commenting import Comment
from xrm.metadata.fieldtypes.times import write_instant


def comment(call: Call, entity: str, record: str) -> Answer:
    """`POST .../comments`: the caller's comment stands on the record."""
    call.allow_only()
    body = known_keys(call.object(), "text")
    made = call.snapshot.records.comment(
        call.actor, entity, record_id(record), text(body, "text"), around=call.around(told)
    )
    return answer(told(made), 201)


def edit(call: Call, entity: str, record: str, comment: str) -> Answer:
    """`PATCH .../comments/{comment}`: the caller's own comment says this now."""
    call.allow_only()
    body = known_keys(call.object(), "text")
    edited = call.snapshot.records.edit_comment(
        call.actor, entity, record_id(record), record_id(comment), text(body, "text")
    )
    return answer(told(edited))


def delete(call: Call, entity: str, record: str, comment: str) -> Answer:
    """`DELETE .../comments/{comment}`: the caller's own comment is gone."""
    call.allow_only()
    call.snapshot.records.delete_comment(call.actor, entity, record_id(record), record_id(comment))
    return nothing()


def told(comment: Comment) -> dict[str, Any]:
    """A comment as its author is told of it."""
    return {
        "id": str(comment.id),
        "text": comment.text,
        "author": {"id": str(comment.author), "entity": "user"},
        "created_at": write_instant(comment.created_at),
        "edited_at": comment.edited_at and write_instant(comment.edited_at),
        "mentions": [{"id": str(user), "entity": "user"} for user in comment.mentions],
    }
