"""Secrets that callers hold and we only recognise: 256 random bits, shown once, kept as sha256."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from xrm.engine.world import World

MARK = "xrm_"
SHOWN = len(MARK) + 6
LONGEST = 200


def new_session_secret(world: World) -> str:
    """What a session cookie holds."""
    return world.token()


def new_token_secret(world: World) -> str:
    """An API token; its mark lets scanners of leaked secrets find it."""
    return MARK + world.token()


def shown_part(secret: str) -> str:
    """The beginning of a token, by which its owner tells it from others."""
    return secret[:SHOWN]


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret[:LONGEST].encode("utf-8", "replace")).digest()


def digest_in(text: str) -> bytes:
    """The digest that a text spells; what is none is the digest of nothing."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def csrf_of(secret: str, key: str) -> str:
    """What a page of this session sends back with every change; nobody else can make it."""
    return hmac.new(key.encode(), b"csrf:" + digest(secret), hashlib.sha256).hexdigest()


def is_csrf(given: str, secret: str, key: str) -> bool:
    """Whether `given` belongs to the session."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), csrf_of(secret, key).encode())


def mark_of(user: UUID, key: str) -> str:
    """What says in a form whose it is; nobody else can make it, and it opens nothing."""
    return f"{user}.{seal_of(user, 'form', key)}"


def seal_of(user: UUID, what: str, key: str) -> str:
    """What only we can make for this user and this text."""
    return hmac.new(key.encode(), b"person:" + user.bytes + what.encode(), hashlib.sha256).hexdigest()


def person_marked(mark: str, key: str) -> UUID | None:
    """The user of a mark that was made here."""
    try:
        user = UUID(mark.partition(".")[0])
    except ValueError:
        return None
    is_ours = hmac.compare_digest(mark.encode("utf-8", "replace"), mark_of(user, key).encode())
    return user if is_ours else None
