"""Finding the record that a lookup will point at: eight offers as one types, or a page to search without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from xrm.engine.queries.request import Query
from xrm.errors import NotFound, Problem
from xrm.metadata.model import POINTERS, Entity, Relationship, Shape
from xrm.ui.models import Hit, HitGroup, Offer, SearchPage
from xrm.ui.pages.answers import page, part
from xrm.ui.pages.visit import Visit

OFFERS = 8
FOUND = 40


def offer(visit: Visit, entity: str, relationship: str) -> Response:
    """`GET /r/<entity>/lookup/<relationship>?q=`: readable records whose words begin so."""
    found = _known(visit, entity)
    several = _is_several(found, relationship)
    is_page = bool(visit.arg("page"))
    most = FOUND if is_page else OFFERS
    rows = choices(visit, entity, relationship, visit.arg("q")[:200], most, _values(visit))
    if not is_page:
        return part(visit, "_options.html", offers=[_offer(visit, row, several) for row in rows])
    return page(visit, "search.html", _page(visit, entity, relationship, rows), current=entity)


def choices(
    visit: Visit,
    entity: str,
    name: str,
    text: str,
    most: int = OFFERS,
    values: Mapping[str, Any] | None = None,
) -> Sequence[Mapping[str, Any]]:
    """What may be chosen for a relationship; on the far side of links that is any record of the near side."""
    side = visit.model.entities[entity].relationships.get(name)
    if side is None or side.shape is not Shape.INVERSE or side.of is None:
        return visit.queries.lookup(visit.actor, entity, name, text, values or {}, most)
    query = Query(side.of[0], fields=(("title",),), search=text.strip(), limit=most)
    return [{**row, "entity": side.of[0]} for row in visit.queries.list(visit.actor, query).data]


def _known(visit: Visit, entity: str) -> Entity:
    """The entity whose form asks; whoever may create it may choose for it, even if they read none of it."""
    found = visit.model.entities.get(entity)
    if found is None or not (visit.can("read", entity) or visit.can("create", entity)):
        raise NotFound(Problem("R104", "There is no such page for you."))
    return found


def _is_several(entity: Entity, name: str) -> bool:
    side: Relationship | None = entity.relationships.get(name)
    if name in POINTERS:
        return False
    if side is None or (side.shape is Shape.INVERSE and side.of is None):
        raise NotFound(Problem("R104", "There is no such relationship for you."))
    return side.is_polymorphic


def _values(visit: Visit) -> Mapping[str, Any]:
    """What the form holds already, for conditions on what may be chosen."""
    return {name: values[0] for name, values in visit.args.items() if name not in ("q", "page") and values[0]}


def _offer(visit: Visit, row: Mapping[str, Any], several: bool) -> Offer:
    value = f"{row['entity']}/{row['id']}" if several else str(row["id"])
    icon = visit.model.entities[row["entity"]].icon
    return Offer(
        value,
        str(row["title"] or visit.ui.t("Untitled")),
        str(row.get("hint") or "") if several else "",
        icon,
    )


def _page(visit: Visit, entity: str, relationship: str, rows: Any) -> SearchPage:
    groups: dict[str, list[Hit]] = {}
    for row in rows:
        hit = Hit(str(row["title"] or ""), f"/r/{row['entity']}/{row['id']}", f"{row['entity']}/{row['id']}")
        groups.setdefault(row["entity"], []).append(hit)
    return SearchPage(
        action=f"/r/{entity}/lookup/{relationship}",
        query=visit.arg("q"),
        groups=tuple(
            HitGroup(visit.plural(visit.model.entities[name]), visit.model.entities[name].icon, tuple(hits))
            for name, hits in groups.items()
        ),
        state=(("page", "1"),),
    )
