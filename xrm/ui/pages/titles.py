"""Titles of records that are only known by id: read as the person may read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from xrm.engine.queries.request import Query, Trash
from xrm.ui.pages.layout import Slot
from xrm.ui.pages.visit import Visit


def titles_of(visit: Visit, entity: str, ids: Iterable[str]) -> dict[str, str]:
    """The titles by id of those of the records that this person may read, by one statement."""
    wanted = {found for text in ids if (found := _id_in(text)) is not None}
    if not wanted or not visit.can("read", entity):
        return {}
    query = Query(entity, fields=(("title",),), ids=tuple(wanted), limit=len(wanted), trash=Trash.BOTH)
    return {str(r["id"]): str(r["title"] or "") for r in visit.queries.list(visit.actor, query).data}


def _id_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def title_of(visit: Visit, entity: str, id_: str) -> str:
    """The title of the record, or an empty text where there is none for this person."""
    return next(iter(titles_of(visit, entity, [id_]).values()), "")


def with_title(visit: Visit, slot: Slot, value: Any) -> Any:
    """A reference with the title of its record; a value that is none stays as it is."""
    targets = tuple((slot.params or {}).get("targets", ()))
    if isinstance(value, str) and len(targets) == 1:
        value = {"id": value, "entity": targets[0]}
    if not isinstance(value, Mapping) or "id" not in value or "entity" not in value:
        return value
    return {**value, "title": title_of(visit, str(value["entity"]), str(value["id"]))}
