"""What a person keeps at hand: favourites and the records seen last, in the sidebar.

Marks are ids; their titles are read with the rights of the moment, and what may not be read any more is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from uuid import UUID

from flask import request

from xrm.engine.identity.marks import FAVOURITE, VISIT, Mark
from xrm.errors import XrmError
from xrm.metadata.model import Entity
from xrm.ui.models import Link, NavGroup
from xrm.ui.pages.visit import Visit

SEEN, SHOWN = 5, 20
FAVOURITES, RECENT = "favourites", "recent"
ARRANGE = "/me/favourites"
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
    recent = [k for m in marks if m.kind == VISIT and (k := _kept(visit, m))][: 2 * SEEN]
    return list(starred(visit, marks)), recent


def starred(visit: Visit, marks: Sequence[Mark]) -> dict[Kept, int | None]:
    """The favourites that the sidebar may show, with their positions; those that were added last are among them."""
    chosen = (m for m in marks if m.kind == FAVOURITE)
    ordered = sorted(chosen, key=lambda m: -1 if m.position is None else m.position)
    found = {k: m.position for m in ordered if (k := _kept(visit, m))}
    return dict(islice(found.items(), SHOWN))


def in_order(favourites: Mapping[Kept, int | None], titles: Mapping[Kept, str]) -> list[Kept]:
    """Those that have titles as the person has put them in order; behind them, by title, those that they have not."""

    def place(kept: Kept) -> tuple[bool, int, str]:
        position = favourites[kept]
        return position is None, position or 0, titles[kept].casefold()

    return sorted((kept for kept in favourites if kept in titles), key=place)


def kept_groups(
    visit: Visit, marks: Sequence[Mark], toggled: Sequence[str], titles: Mapping[Kept, str] | None = None
) -> Iterator[NavGroup]:
    """The favourites in order, and the records seen last, as the sidebar shows them; `titles` if they are known."""
    favourites, recent = kept_records(visit, marks)
    if titles is None:
        titles = visit.queries.titles(visit.actor, [*favourites, *recent])
    shown = {
        FAVOURITES: in_order(starred(visit, marks), titles),
        RECENT: [kept for kept in recent if kept in titles][:SEEN],
    }
    labels = {FAVOURITES: visit.ui.t("Favourites"), RECENT: visit.ui.t("Recent")}
    for name, kept in shown.items():
        links = tuple(link_to(visit, k, titles[k]) for k in kept)
        arrange = ARRANGE if name == FAVOURITES and len(links) > 1 else ""
        if links:
            yield NavGroup(labels[name], links, name, name not in toggled, arrange=arrange)


def _kept(visit: Visit, mark: Mark) -> Kept | None:
    """The mark's record by the name that its entity has now."""
    name = visit.snapshot.numbers.names.get(mark.entity, "")
    return (name, mark.record) if name in visit.model.entities else None


def link_to(visit: Visit, kept: Kept, title: str) -> Link:
    """The way to the record."""
    entity, id_ = kept
    icon = visit.model.entities[entity].icon
    return Link(title or visit.ui.t("Untitled"), f"/r/{entity}/{id_}", icon, record=str(id_))
