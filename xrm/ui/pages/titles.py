"""Titles of records that are only known by id: read as the person may read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from xrm.engine.queries.request import Query, Trash
from xrm.ui.pages.layout import Slot
from xrm.ui.pages.visit import Visit


def title_of(visit: Visit, entity: str, id_: str) -> str:
    """The title of the record, or an empty text where there is none for this person."""
    if not visit.can("read", entity):
        return ""
    try:
        wanted = UUID(id_)
    except ValueError:
        return ""
    query = Query(entity, fields=(("title",),), ids=(wanted,), limit=1, trash=Trash.BOTH)
    found = visit.queries.list(visit.actor, query).data
    return str(found[0]["title"] or "") if found else ""


def with_title(visit: Visit, slot: Slot, value: Any) -> Any:
    """A reference with the title of its record; a value that is none stays as it is."""
    targets = tuple((slot.params or {}).get("targets", ()))
    if isinstance(value, str) and len(targets) == 1:
        value = {"id": value, "entity": targets[0]}
    if not isinstance(value, Mapping) or "id" not in value or "entity" not in value:
        return value
    return {**value, "title": title_of(visit, str(value["entity"]), str(value["id"]))}
