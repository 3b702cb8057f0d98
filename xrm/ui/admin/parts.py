"""What a draft changes, in the pieces that people decide about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xrm.metadata.differences import Difference, changes
from xrm.metadata.editing import HEADER
from xrm.metadata.granting import ROLE
from xrm.metadata.positions import Path
from xrm.metadata.words import ABSENT

NEW: Final = object()  # an entity with all that it has
MEMBERS: Final = ("fields", "relationships", "keys", "rules")
MEMBER: Final = 2  # the steps that lead to a member
GRANT: Final = 3  # the steps from a document of roles to a grant
DEFINING: Final = frozenset(
    {"type", "to", "from", "must"}
)  # what makes a member one, rather than a change of it


def parts_of(one: Difference, *, is_made: bool) -> Iterator[tuple[Path, object, object]]:
    """The difference in pieces that people decide about: an entity that came or went, its members, keys of those."""
    if one.kind == ROLE:
        yield from _grants(one.path, one.before, one.after)
        return
    if one.path or one.kind not in ("entity", "extend"):
        yield one.path, one.before, one.after
        return
    if is_made:
        yield (), *((ABSENT, NEW) if one.after != ABSENT else (NEW, ABSENT))
    for path, before, after in _members(one):
        if is_made and len(path) < MEMBER:
            continue
        whole = before if after == ABSENT else after
        if len(path) == MEMBER and isinstance(whole, Mapping) and not DEFINING & whole.keys():
            yield from changes(_side_of(before), _side_of(after), path)
        else:
            yield path, before, after


def _grants(path: Path, before: object, after: object) -> Iterator[tuple[Path, object, object]]:
    """The grants that came, went or changed, each whole."""
    if len(path) >= GRANT or not any(isinstance(side, Mapping) for side in (before, after)):
        yield path, before, after
        return
    was, now = _side_of(before), _side_of(after)
    for key in dict.fromkeys((*now, *was)):
        if was.get(key) != now.get(key):
            yield from _grants((*path, key), was.get(key, ABSENT), now.get(key, ABSENT))


def _members(one: Difference) -> Iterator[tuple[Path, object, object]]:
    before, after = _side_of(one.before), _side_of(one.after)
    for key in dict.fromkeys((*after, *before)):
        if key in MEMBERS:
            was, now = (_side_of(side.get(key, ABSENT)) for side in (before, after))
            for name in dict.fromkeys((*now, *was)):
                yield (key, name), was.get(name, ABSENT), now.get(name, ABSENT)
        elif key not in HEADER:
            yield from changes(before.get(key, ABSENT), after.get(key, ABSENT), (key,))


def _side_of(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
