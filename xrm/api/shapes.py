"""The shapes that bodies must have before their content means anything; each refusal names its place."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from xrm.api.codes import unreadable

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def id_of(raw: str) -> UUID | None:
    """The id that a text is in its usual form; None when it is none."""
    return UUID(raw) if _ID.match(raw) else None


def as_object(value: Any, path: str = "") -> dict[str, Any]:
    """The value, when it is a JSON object."""
    if isinstance(value, dict):
        return value
    raise unreadable("H105", "This must be a JSON object.", 'Send {"field": value}.', path)


def known_keys(body: dict[str, Any], *known: str, path: str = "") -> dict[str, Any]:
    """The body, when it has no other keys than these."""
    for key in body:
        if key not in known:
            message = f"There is no key {key[:60]!r} here."
            hint = f"Keys: {', '.join(known)}." if known else "Leave the body empty."
            raise unreadable("H105", message, hint, below(path, key[:60]))
    return body


def object_at(body: dict[str, Any], key: str, path: str = "") -> dict[str, Any]:
    """The object under `key`; an empty one when it is absent or null."""
    value = body.get(key)
    return {} if value is None else as_object(value, below(path, key))


def text(body: dict[str, Any], key: str, path: str = "") -> str:
    """The text under `key`; nothing when it is absent or null."""
    value = body.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    raise unreadable("H105", f"{key} must be text.", "", below(path, key))


def uuid(body: dict[str, Any], key: str, path: str = "") -> UUID | None:
    """The id under `key`; None when it is absent or null."""
    given = text(body, key, path)
    found = id_of(given)
    if given and found is None:
        raise unreadable("H105", f"{key} is not an id.", "Ids look like 0190b6a4-….", below(path, key))
    return found


def below(path: str, key: str) -> str:
    """The path of a key inside the object at `path`."""
    return f"{path}.{key}" if path else key
