"""The star and the bell of a record: whether this person keeps it as a favourite, and whether they follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Response

from xrm.engine.identity.marks import FAVOURITE, FOLLOW, KINDS, Mark
from xrm.engine.queries.request import Trash
from xrm.errors import NotFound, Problem
from xrm.metadata.model import Entity
from xrm.ui.around import Toggle
from xrm.ui.pages.answers import moved
from xrm.ui.pages.visit import Visit, record_id


def toggles(visit: Visit, entity: Entity, id_: UUID, marks: Sequence[Mark]) -> tuple[Toggle, ...]:
    """The star and the bell of a record, as this person has set them."""
    if entity.is_engine:
        return ()
    on, t = {m.kind for m in marks if m.record == id_}, visit.ui.t
    href = f"/r/{entity.name}/{id_}/marks"
    return (
        Toggle(FAVOURITE, t("Favourite"), f"{href}/{FAVOURITE}", "star", FAVOURITE in on),
        Toggle(FOLLOW, t("Follow"), f"{href}/{FOLLOW}", "bell", FOLLOW in on),
    )


def mark(visit: Visit, entity: str, record: str, kind: str) -> Response:
    """`POST /r/<entity>/<id>/marks/<kind>`: the record is a favourite or followed, or is so no more."""
    found, id_ = visit.entity(entity), record_id(record)
    if kind not in KINDS or found.is_engine:
        raise NotFound(Problem("R104", "There is no such page for you."))
    marks = visit.runtime.identity.marks
    if visit.form.get("on") != "1":
        marks.take(visit.actor, kind, id_)
        return moved(f"/r/{entity}/{id_}", _said(visit)[kind, False])
    visit.queries.get(visit.actor, entity, id_, fields=(("id",),), trash=Trash.LIVE)
    marks.put(visit.actor, kind, visit.snapshot.numbers.entities[entity], id_)
    return moved(f"/r/{entity}/{id_}", _said(visit)[kind, True])


def _said(visit: Visit) -> Mapping[tuple[str, bool], str]:
    t = visit.ui.t
    return {
        (FAVOURITE, True): t("Added to your favourites"),
        (FAVOURITE, False): t("Taken from your favourites"),
        (FOLLOW, True): t("You follow this record"),
        (FOLLOW, False): t("You no longer follow this record"),
    }
