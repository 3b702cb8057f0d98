"""What a person keeps at hand: favourites and the records seen last, in the sidebar.

Marks are ids; their titles are read with the rights of the moment, and what may not be read any more is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from flask import request

from xrm.engine.identity.marks import FAVOURITE, VISIT, Mark
from xrm.errors import XrmError
from xrm.metadata.model import Entity
from xrm.ui.models import Link, NavGroup
from xrm.ui.pages.visit import Visit

SEEN, SHOWN = 5, 20
FAVOURITES, RECENT = "favourites", "recent"
Kept = tuple[str, UUID]


def marks_of(visit: Visit) -> tuple[Mark, ...]:
    """This person's favourites and what they looked at, the newest first."""
    return visit.runtime.identity.marks.of(visit.actor)


def seen(visit: Visit, entity: Entity, id_: UUID) -> tuple[Mark, ...]:
    """The marks after this person has looked at the record; a browser that only fetches ahead has not looked.

    A page is shown even where the visit cannot be written down.
    """
    marks = visit.runtime.identity.marks
    known = marks.of(visit.actor, id_)
    if entity.is_engine or _is_ahead():
        return known
    number = visit.snapshot.numbers.entities[entity.name]
    with suppress(XrmError):
        marks.visited(visit.actor, number, id_, known)
    others = (m for m in known if not (m.kind == VISIT and m.record == id_))
    return (Mark(VISIT, number, id_, visit.runtime.world.now()), *others)


def _is_ahead() -> bool:
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any("prefetch" in purpose.lower() for purpose in purposes)


def kept_records(visit: Visit, marks: Sequence[Mark]) -> tuple[list[Kept], list[Kept]]:
    """The favourites and the records seen last that the sidebar may show."""
    favourites = [k for m in marks if m.kind == FAVOURITE and (k := _kept(visit, m))][:SHOWN]
    recent = [k for m in marks if m.kind == VISIT and (k := _kept(visit, m))][: 2 * SEEN]
    return favourites, recent


def kept_groups(
    visit: Visit, marks: Sequence[Mark], toggled: Sequence[str], titles: Mapping[Kept, str] | None = None
) -> Iterator[NavGroup]:
    """The favourites by title, and the records seen last, as the sidebar shows them; `titles` if they are known."""
    favourites, recent = kept_records(visit, marks)
    if titles is None:
        titles = visit.queries.titles(visit.actor, [*favourites, *recent])
    by_title = sorted(favourites, key=lambda kept: titles.get(kept, "").casefold())
    groups = ((FAVOURITES, visit.ui.t("Favourites"), by_title), (RECENT, visit.ui.t("Recent"), recent))
    for name, label, kept in groups:
        links = tuple(_link(visit, k, titles[k]) for k in kept if k in titles)
        if links:
            yield NavGroup(label, links[:SEEN] if name == RECENT else links, name, name not in toggled)


def _kept(visit: Visit, mark: Mark) -> Kept | None:
    """The mark's record by the name that its entity has now."""
    name = visit.snapshot.numbers.names.get(mark.entity, "")
    return (name, mark.record) if name in visit.model.entities else None


def _link(visit: Visit, kept: Kept, title: str) -> Link:
    entity, id_ = kept
    return Link(title or visit.ui.t("Untitled"), f"/r/{entity}/{id_}", visit.model.entities[entity].icon)
