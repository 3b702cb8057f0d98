"""What uses something, told to administrators."""

from __future__ import annotations

from typing import Any

from xrm.api.answers import Answer, tagged
from xrm.api.call import Call
from xrm.engine.runtime.where_used import FormerlyCalled, UsedIn, WhereUsed
from xrm.errors import Place
from xrm.metadata.fieldtypes.times import write_instant
from xrm.metadata.model import text_of


def where_used(call: Call, name: str) -> Answer:
    """`GET /metadata/uses/{name}`: where an entity, field, relationship, option or role is used."""
    call.allow_only()
    return tagged(told(call.runtime.where_used(call.actor, name), call.actor.language), 0)


def told(found: WhereUsed, language: str) -> dict[str, Any]:
    """The uses as programs read them."""
    thing = found.thing
    return {
        "name": thing.name,
        "kind": thing.kind,
        "label": text_of(thing.label, language, thing.name),
        "defined": _place(thing.place),
        "references": [_reference(one) for one in found.references],
        "saved_views": list(found.saved_views),
        "kept": {one.kind: {"count": one.count, "names": list(one.names)} for one in found.kept},
        "former_names": [_former(one) for one in found.former],
        "api_uses": dict(found.uses),
        "days": found.days,
    }


def _place(place: Place) -> dict[str, Any] | None:
    return {"file": place.file, "line": place.line, "column": place.column} if place.file else None


def _reference(used: UsedIn) -> dict[str, Any]:
    return {
        "source": used.source,
        "document": used.document,
        "layer": used.layer,
        "floor": used.floor,
        "place": _place(used.place),
        "sleeps": used.sleeps,
    }


def _former(one: FormerlyCalled) -> dict[str, Any]:
    since = write_instant(one.since) if one.since else None
    return {"name": one.name, "since": since, "api_uses": one.uses}
