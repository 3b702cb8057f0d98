"""Physical names: readable, made from validated names, and never longer than both databases keep."""

from __future__ import annotations

import re
from hashlib import sha256

LONGEST = 60
HASH_LENGTH = 8
COPY = 0  # in place of the number of a shadow: what values are copied into before anybody sees it
_SHADOW = re.compile(r"zz([0-9]+)__")


def bounded(name: str) -> str:
    """The name, or, where it is too long, its beginning and a hash of the whole."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - HASH_LENGTH - 1]}_{_hash(name)}"


def hashed(name: str, definition: str) -> str:
    """A name that changes with the definition behind it, so that comparing names compares definitions."""
    return f"{name[: LONGEST - HASH_LENGTH - 1]}_{_hash(name + definition)}"


def shadow_name(number: int, name: str) -> str:
    """What a column or table is called that is kept, and that no definition asks for any more."""
    return bounded(f"zz{number}__{name}")


def shadow_number(name: str) -> int | None:
    """The number in the name of what is kept; None for a name of any other kind."""
    found = _SHADOW.match(name)
    return int(found.group(1)) if found else None


def pack_of(table: str) -> str:
    """The pack that the table of an entity is named after."""
    return table.partition("__")[0]


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:HASH_LENGTH]
