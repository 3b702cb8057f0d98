"""Handlers for saved views: what of an entity's records is looked at, for oneself, for a role or for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from xrm.api.answers import Answer, nothing, tagged
from xrm.api.call import Call, record_id
from xrm.api.codes import unreadable
from xrm.api.shapes import known_keys, text
from xrm.engine.views import ME, Asked, SavedView, Wanted
from xrm.metadata.fieldtypes.times import write_instant

LISTS = ("fields", "sort")
TEXTS = ("base", "type", "group", "filter", "search", "totals")
KEYS = ("name", "scope", "role", *TEXTS, *LISTS)


def views(call: Call, entity: str) -> Answer:
    """`GET /views/{entity}`: the saved views that the caller finds there, as they hold for the caller."""
    call.allow_only()
    shelf = call.snapshot.views.shelf(call.actor, entity)
    return tagged({"data": [told(view) for view in shelf.views], "first": shelf.first or None}, 0)


def read(call: Call, entity: str, view: str) -> Answer:
    """`GET /views/{entity}/{id}`: one of them."""
    call.allow_only()
    found = call.snapshot.views.view(call.actor, entity, record_id(view))
    return tagged(told(found), found.version)


def create(call: Call, entity: str) -> Answer:
    """`POST /views/{entity}`: a view is saved."""
    call.allow_only()
    wanted = _wanted(call.object(), Wanted("", Asked(), ME))
    made = call.snapshot.views.create(call.actor, entity, wanted, around=call.around(told))
    return tagged(told(made), made.version, 201)


def change(call: Call, entity: str, view: str) -> Answer:
    """`PATCH /views/{entity}/{id}`: what the body names is so now; `If-Match` refuses a view changed meanwhile."""
    call.allow_only()
    body, id_, version = call.object(), record_id(view), call.version()
    known = call.snapshot.views.view(call.actor, entity, id_)
    wanted = _wanted(body, Wanted(known.name, known.asked, known.scope, known.role))
    changed = call.snapshot.views.change(
        call.actor,
        entity,
        id_,
        wanted,
        known.version if version is None else version,
        around=call.around(told),
    )
    return tagged(told(changed), changed.version)


def delete(call: Call, entity: str, view: str) -> Answer:
    """`DELETE /views/{entity}/{id}`: the view is gone, for everybody who had it."""
    call.allow_only()
    call.snapshot.views.delete(call.actor, entity, record_id(view), call.version())
    return nothing()


def told(view: SavedView) -> dict[str, Any]:
    """A view as callers see it; `records` is where its records are."""
    asked = view.asked
    return {
        "id": str(view.id),
        "entity": view.entity,
        "name": view.name,
        "scope": view.scope,
        "role": view.role or None,
        "owner": {"id": str(view.owner), "entity": "user"},
        **{key: getattr(asked, key) for key in TEXTS},
        **{key: list(getattr(asked, key)) for key in LISTS},
        "left_out": view.left_out,
        "may_change": view.may_change,
        "version": view.version,
        "created_at": write_instant(view.created_at),
        "updated_at": write_instant(view.updated_at),
        "records": _address(view.entity, asked),
    }


def _address(entity: str, asked: Asked) -> str:
    said = {
        "filter": asked.filter,
        "search": asked.search,
        "sort": ",".join(asked.sort),
        "fields": ",".join(asked.fields),
    }
    query = urlencode({name: value for name, value in said.items() if value})
    return f"/api/v1/records/{entity}" + (f"?{query}" if query else "")


def _wanted(body: dict[str, Any], known: Wanted) -> Wanted:
    """What the body says, over what is known."""
    known_keys(body, *KEYS)
    texts: dict[str, Any] = {key: text(body, key) for key in TEXTS if key in body}
    lists: dict[str, Any] = {key: _names(body[key], key) for key in LISTS if key in body}
    own = {key: text(body, key) for key in ("name", "scope", "role") if key in body}
    if "scope" in own and "role" not in own:
        own["role"] = ""
    return replace(known, asked=replace(known.asked, **texts, **lists), **own)


def _names(value: object, key: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise unreadable("H105", f"{key} must be a list of names.", 'Send ["name", "-amount"].', key)
