"""Handlers for the caller's own API tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from xrm.api.answers import Answer, answer, nothing, tagged
from xrm.api.call import Call, record_id
from xrm.api.codes import unreadable
from xrm.api.shapes import known_keys, text
from xrm.engine.identity import NewToken, Token
from xrm.errors import Invalid, Place
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.times import parse_instant, write_instant


def tokens(call: Call) -> Answer:
    """`GET /me/tokens`: the caller's tokens, newest first; never the secrets."""
    call.allow_only()
    return tagged({"data": [told(token) for token in call.runtime.identity.list_tokens(call.actor)]}, 0)


def create(call: Call) -> Answer:
    """`POST /me/tokens`: a token with at most the caller's roles; its secret is in this answer alone."""
    call.allow_only()
    body = known_keys(call.object(), "name", "roles", "expires_at")
    roles, expires = _roles(body.get("roles")), _instant(text(body, "expires_at"))
    token, secret = call.runtime.identity.new_token(
        call.actor, text(body, "name"), roles, expires, around=call.around(_without_secret)
    )
    kept = answer(_without_secret((token, secret)), 201)
    made = answer({**told(token), "token": secret}, 201).with_headers(Cache_Control="no-store")
    return replace(made, kept=kept.body)


def revoke(call: Call, token: str) -> Answer:
    """`DELETE /me/tokens/{id}`: the token opens nothing any more, in every process."""
    call.allow_only()
    call.runtime.identity.revoke_token(call.actor, record_id(token))
    return nothing()


def told(token: Token) -> dict[str, Any]:
    """What is told of a token."""
    return {
        "id": str(token.id),
        "name": token.name,
        "prefix": token.prefix,
        "roles": None if token.roles is None else list(token.roles),
        "created_at": write_instant(token.created_at),
        "expires_at": None if token.expires_at is None else write_instant(token.expires_at),
        "revoked_at": None if token.revoked_at is None else write_instant(token.revoked_at),
    }


def _without_secret(made: NewToken) -> dict[str, Any]:
    return {**told(made[0]), "token": None}


def _roles(given: object) -> list[str] | None:
    if given is None:
        return None
    if isinstance(given, list) and all(isinstance(role, str) for role in given):
        return list(given)
    hint = "Leave it out for all of yours."
    raise unreadable("H105", "roles must be a list of names of roles.", hint, "roles")


def _instant(given: str) -> datetime | None:
    if not given:
        return None
    try:
        return parse_instant(given)
    except BadValue as bad:
        raise Invalid(bad.problem.at(Place(path="expires_at"))) from None
