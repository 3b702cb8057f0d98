"""Entities that are of another pack than they were: they move, if the definition says from where."""

from __future__ import annotations

from collections.abc import Iterator

from xrm.engine.storage.matching import Past
from xrm.errors import Problem
from xrm.metadata.model import Entity


def unsaid_moves(past: Past) -> Iterator[Problem]:
    """Each entity that would be of another pack without a word; on the way back none is needed."""
    if past.before is None or past.wanted is None or past.version is not None:
        return
    for entity in past.wanted.model.entities.values():
        former = past.before.model.entities.get(past.identities.present(entity.name))
        known = past.identities.entities.get(entity.name)
        if former is None or known is None or known.gone or former.pack == entity.pack:
            continue
        if former.pack not in entity.moved_from:
            yield _unsaid(former, entity)


def _unsaid(former: Entity, entity: Entity) -> Problem:
    said = f", and moved_from says {', '.join(entity.moved_from)}" if entity.moved_from else ""
    message = f"{former.name} is in the pack {former.pack} and would be in {entity.pack}{said}."
    hint = (
        f"Write moved_from: {former.pack} there if its records go along, or give the new entity another name."
    )
    return Problem("S126", message, hint, entity.place)
