"""Handlers for links and lifecycle steps of one record."""

from __future__ import annotations

from xrm.api.answers import Answer, answer, nothing, tagged
from xrm.api.call import Call, record_id
from xrm.api.codes import unreadable
from xrm.api.records import page_body, shown, told, written
from xrm.api.shapes import known_keys, object_at, text
from xrm.engine.commands import Link, Target, Transition, Unlink


def links(call: Call, entity: str, record: str, relationship: str) -> Answer:
    """`GET .../links/{relationship}`: the records on the far side, with attributes and validity."""
    call.allow_only("limit", "cursor")
    limit = call.number("limit", 50, call.limits.page_rows)
    page = call.snapshot.queries.links(
        call.actor, entity, record_id(record), relationship, limit=limit, after=call.param("cursor")
    )
    return tagged(page_body(page), 0)


def link(call: Call, entity: str, record: str, relationship: str) -> Answer:
    """`POST .../links/{relationship}`: one more link, to the record that `to` names."""
    call.allow_only()
    body = known_keys(call.object(), "to", "values")
    if body.get("to") is None:
        raise unreadable("H105", "to is missing.", 'Send {"to": "id of a record"}.', "to")
    values = object_at(body, "values")
    command = Link(entity, Target(record_id(record)), relationship, body["to"], values)
    made = call.do(command)
    call.writes((entity, {relationship: None}))
    return answer(told(made), 201)


def unlink(call: Call, entity: str, record: str, relationship: str, link: str = "") -> Answer:
    """`DELETE .../links/{relationship}?link={id}`: the link is gone; both records stay."""
    call.allow_only(*(() if link else ("link",)))
    named = link or call.param("link")
    if not named:
        raise unreadable("R105", "link is missing.", "Name the link: ?link=its id.", "link")
    call.do(Unlink(entity, Target(record_id(record)), relationship, record_id(named)))
    call.writes((entity, {relationship: None}))
    return nothing()


def transitions(call: Call, entity: str, record: str) -> Answer:
    """`GET .../transitions`: the steps from here; for each that is not open to the caller, why."""
    call.allow_only()
    steps = call.snapshot.records.open_transitions(call.actor, entity, record_id(record))
    return tagged({"data": steps}, 0)


def transition(call: Call, entity: str, record: str, name: str) -> Answer:
    """`POST .../transitions/{name}`: the step is taken, with the values and the reason that it asks for."""
    call.allow_only("duplicates")
    body = known_keys(call.object_or_empty(), "values", "reason")
    values = written(call, entity, object_at(body, "values"))
    reason = text(body, "reason")
    accepted = call.accepts_duplicates()
    command = Transition(entity, Target(record_id(record)), name, values, call.version(), reason, accepted)
    return shown(call, call.do(command))
