"""What roles may do with an entity of the customisation, as one grant of each in its document of roles. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from xrm.metadata.drafting import Desk
from xrm.metadata.editing import with_key, without_key
from xrm.metadata.positions import Path

ROLE: Final = "role"
GRANTS: Final = "grants"
_FILE: Final = "roles.yaml"


def granted(desk: Desk, entity: str) -> Mapping[str, frozenset[str] | None]:
    """What each role may do by the grant that bears the entity's name; None where it says more than operations."""
    found: dict[str, frozenset[str] | None] = {}
    for role, name, body in _grants(desk):
        if name == entity:
            is_plain = body.keys() <= {"entity", "can"} and _entities(body) == (entity,)
            found[role] = frozenset(body.get("can", ())) if is_plain else None
    return found


def with_grant(desk: Desk, role: str, entity: str, can: Iterable[str]) -> Desk:
    """The desk by which the role may do this with the entity; nothing takes the grant away."""
    wanted, path = list(can), (role, GRANTS, entity)
    if not wanted:
        return _without(desk, [path])
    file = _file(desk)
    text = with_key(desk.documents.get(file, ""), path, {"entity": entity, "can": wanted})
    return replace(desk, documents={**desk.documents, file: text})


def without_grants(desk: Desk, entity: str) -> Desk:
    """The desk without the grants that are about this entity alone."""
    return _without(
        desk, [(role, GRANTS, name) for role, name, body in _grants(desk) if _entities(body) == (entity,)]
    )


def _without(desk: Desk, paths: Iterable[Path]) -> Desk:
    file = _file(desk)
    text = desk.documents.get(file, "")
    for path in paths:
        text = without_key(text, path)
    others = {name: said for name, said in desk.documents.items() if name != file}
    return replace(desk, documents={**others, **({file: text} if text else {})})


def _grants(desk: Desk) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every grant of the customisation with its role, as it was laid out."""
    for doc in desk.ours.docs if desk.ours else ():
        if doc.kind == ROLE:
            for role, body in doc.body.items():
                for name, grant in body.get(GRANTS, {}).items():
                    yield role, name, grant


def _entities(grant: Mapping[str, Any]) -> tuple[str, ...]:
    said = grant.get("entity", ())
    return (said,) if isinstance(said, str) else tuple(said)


def _file(desk: Desk) -> str:
    """The document of roles, or the one that there would be."""
    docs = desk.ours.docs if desk.ours else ()
    return next((desk.file(doc) for doc in docs if doc.kind == ROLE), _FILE)
