"""Physical names: readable, made from validated names, and never longer than both databases keep."""

from __future__ import annotations

from hashlib import sha256

LONGEST = 60
HASH_LENGTH = 8


def bounded(name: str) -> str:
    """The name, or, where it is too long, its beginning and a hash of the whole."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - HASH_LENGTH - 1]}_{_hash(name)}"


def hashed(name: str, definition: str) -> str:
    """A name that changes with the definition behind it, so that comparing names compares definitions."""
    return f"{name[: LONGEST - HASH_LENGTH - 1]}_{_hash(name + definition)}"


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:HASH_LENGTH]
