"""What tells namesakes apart: a few values that stand beside a title."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from xrm.engine.queries.request import Query
from xrm.metadata.model import Entity
from xrm.ui.fields import Use, suits
from xrm.ui.fields.words import in_words
from xrm.ui.pages.controls import control_for
from xrm.ui.pages.visit import Visit

MOST_TELLING = 3
BESIDE = 2


def telling(visit: Visit, entity: Entity, known: str = "") -> list[str]:
    """The names whose values may stand beside a title: the state, and the first of its list that suit.

    What is known where the title stands tells nothing.
    """
    view = entity.first_list
    plain = [p for p in (view.columns if view else ())[1:] if "." not in p and p not in ("state", known)]
    controls = ((p, control_for(visit, entity, p)) for p in plain)
    fitting = [p for p, c in controls if c is not None and suits(c.kind, Use.TELLING)]
    return [*fitting[:MOST_TELLING], *(["state"] if entity.lifecycle else [])]


def facts(
    visit: Visit, entity: Entity, record: Mapping[str, Any], most: int = BESIDE, known: str = ""
) -> str:
    """The first telling values that the record has, in one line, but for the one that is known where it stands."""
    found = list(dict.fromkeys(_said(visit, entity, record, known)))
    return " · ".join(found[:most])


def _said(visit: Visit, entity: Entity, record: Mapping[str, Any], known: str) -> Iterator[str]:
    for name in telling(visit, entity, known):
        field = control_for(visit, entity, name) if name != "state" else None
        text = in_words(field, record.get(name), visit.ui) if field is not None else ""
        if text and text != record.get("title"):
            yield text


def facts_of(visit: Visit, entity: Entity, ids: Iterable[str]) -> dict[str, str]:
    """What to say beside the titles of these records, by id, read by one statement."""
    names, wanted = telling(visit, entity), tuple(UUID(i) for i in ids)
    if not wanted or not any(name != "state" for name in names):
        return {}
    fields = tuple((name,) for name in ("title", *names))
    found = visit.queries.list(visit.actor, Query(entity.name, fields=fields, ids=wanted, limit=len(wanted)))
    return {str(record["id"]): facts(visit, entity, record) for record in found.data}
