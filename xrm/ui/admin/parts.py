"""What a draft changes, in the pieces that people decide about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from xrm.metadata.calling import FORMER
from xrm.metadata.differences import Difference, changes
from xrm.metadata.editing import HEADER
from xrm.metadata.granting import ROLE
from xrm.metadata.positions import Path
from xrm.metadata.words import ABSENT

NEW: Final = object()  # an entity with all that it has
MEMBERS: Final = ("fields", "relationships", "keys", "duplicates", "rules")
MEMBER: Final = 2  # the steps that lead to a member
GRANT: Final = 3  # the steps from a document of roles to a grant
DEFINING: Final = frozenset(
    {"type", "to", "from", "must", "match"}
)  # what makes a member one, rather than a change of it


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a document that is other than it was."""

    kind: str
    name: str
    path: Path
    before: object
    after: object


def pieces_of(found: Iterable[Difference], is_made: Callable[[str], bool]) -> Iterator[Piece]:
    """What people decide about, of all differences; what has another name is not one that goes and one that comes."""
    differences = tuple(found)
    gone = {one.name: one for one in differences if _is_whole(one) and one.after == ABSENT}
    came = (one for one in differences if _is_whole(one) and one.before == ABSENT)
    former = {one.name: name for one in came for name in _names(one.after) if name in gone}
    pieces: list[Piece] = []
    for one in differences:
        if _is_whole(one) and one.name in former:
            pieces += _called(gone[former[one.name]], one)
        elif not (_is_whole(one) and one.name in former.values()):
            pieces += (Piece(one.kind, one.name, *part) for part in parts_of(one, is_made=is_made(one.name)))
    yield from _paired(pieces)


def _is_whole(one: Difference) -> bool:
    return one.kind == "entity" and not one.path


def _names(body: object) -> tuple[str, ...]:
    """The earlier names that a body says."""
    names = _side_of(body).get(FORMER, ())
    return (names,) if isinstance(names, str) else tuple(map(str, names))


def _called(old: Difference, new: Difference) -> Iterator[Piece]:
    """An entity that has another name: that, and what else is other."""
    yield Piece(new.kind, new.name, ("name",), old.name, new.name)
    one = replace(new, before=_without_names(old.before), after=_without_names(new.after))
    yield from (
        Piece(one.kind, one.name, *part) for part in parts_of(one, is_made=False) if part[1] != part[2]
    )


def _without_names(body: object) -> Mapping[str, Any]:
    return {key: value for key, value in _side_of(body).items() if key != FORMER}


def _paired(found: Iterable[Piece]) -> Iterator[Piece]:
    """The same, where a part that has another name is one whose name is other."""
    pieces = tuple(found)
    gone = {(p.name, p.path): p for p in pieces if p.path and p.after == ABSENT}
    former = {
        (p.name, p.path): gone[p.name, (*p.path[:-1], name)]
        for p in pieces if p.path and p.before == ABSENT
        for name in _names(p.after) if (p.name, (*p.path[:-1], name)) in gone
    }  # fmt: skip
    left = {(p.name, p.path) for p in former.values()}
    for piece in pieces:
        at = piece.name, piece.path
        if at in former:
            yield from _renamed(former[at], piece)
        elif at not in left:
            yield piece


def _renamed(old: Piece, new: Piece) -> Iterator[Piece]:
    yield replace(new, path=(*new.path, "name"), before=old.path[-1], after=new.path[-1])
    others = changes(_without_names(old.before), _without_names(new.after), new.path)
    yield from _paired(replace(new, path=path, before=before, after=after) for path, before, after in others)


def parts_of(one: Difference, *, is_made: bool) -> Iterator[tuple[Path, object, object]]:
    """The difference in pieces that people decide about: an entity that came or went, its members, keys of those."""
    if one.kind == ROLE:
        yield from _grants(one.path, one.before, one.after)
        return
    if one.kind not in ("entity", "extend"):
        yield one.path, one.before, one.after
        return
    if one.path:
        yield from _keys_of(one.path, one.before, one.after)
        return
    if is_made:
        yield (), *((ABSENT, NEW) if one.after != ABSENT else (NEW, ABSENT))
    for path, before, after in _members(one):
        if is_made and len(path) < MEMBER:
            continue
        yield from _keys_of(path, before, after)


def _keys_of(path: Path, before: object, after: object) -> Iterator[tuple[Path, object, object]]:
    """The keys of a member that is changed here and defined elsewhere; any other part whole."""
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
