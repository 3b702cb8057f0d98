"""Handlers that tell a caller what this installation has for them."""

from __future__ import annotations

from xrm.api.answers import Answer, tagged
from xrm.api.call import Call
from xrm.api.describe import entity_line, entity_page
from xrm.api.openapi import openapi
from xrm.api.reference import visible_entity
from xrm.api.visible import visible_entities
from xrm.engine.commands import ADMINISTRATOR
from xrm.metadata.model import text_of


def entities(call: Call) -> Answer:
    """`GET /metadata`: the entities that the caller may use."""
    call.allow_only()
    seen = visible_entities(call.snapshot.model, call.snapshot.policy, call.actor)
    return tagged({"data": [entity_line(s, call.actor.language) for s in seen]}, 0)


def entity(call: Call, entity: str) -> Answer:
    """`GET /metadata/entities/{entity}`: its fields, relationships, keys, lifecycle and views."""
    call.allow_only()
    seen = visible_entity(call.snapshot.model, call.snapshot.policy, call.actor, entity)
    return tagged(entity_page(seen, call.actor.language), 0)


def document(call: Call) -> Answer:
    """`GET /openapi.json`: this installation's own entities, for this caller."""
    call.allow_only()
    seen = visible_entities(call.snapshot.model, call.snapshot.policy, call.actor)
    base = call.runtime.settings.base_url
    is_administrator = ADMINISTRATOR in call.actor.roles
    told = openapi(seen, call.actor.language, base, call.limits, is_administrator=is_administrator)
    return tagged(told, 0)


def me(call: Call) -> Answer:
    """`GET /me`: who the token belongs to."""
    call.allow_only()
    actor, roles = call.actor, call.snapshot.policy.roles
    held = [{"name": r, "label": text_of(roles[r].label, actor.language, r)} for r in _known(call)]
    said = {"id": str(actor.id), "title": actor.name, "language": actor.language, "zone": actor.zone}
    return tagged({**said, "roles": held}, 0)


def _known(call: Call) -> list[str]:
    return sorted(call.actor.roles.intersection(call.snapshot.policy.roles))
