"""Home: how much there is of everything, and what this person did last. And the search over all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response

from xrm.engine.queries.counting import Counted
from xrm.metadata.model import Entity
from xrm.ui.models import Empty, Hit, HitGroup, HomePage, Related, RelatedRow, SearchPage, Tile
from xrm.ui.pages.answers import page
from xrm.ui.pages.menu import menu_entities
from xrm.ui.pages.related import counted_text
from xrm.ui.pages.telling import facts_of
from xrm.ui.pages.visit import Visit

TILES, BOARDS, RECENT, HITS = 8, 4, 5, 60
MOST_TOLD = 6  # of so many entities the hits are read, to say more than their titles


def show(visit: Visit) -> Response:
    """`GET /`: counts of what the menu leads to, and the records that this person changed last."""
    entities = list(menu_entities(visit))
    counts = visit.queries.counts(visit.actor, [e.name for e in entities])
    counted = list(zip(entities, counts, strict=True))
    filled = sorted((c for c in counted if c[1].count), key=lambda c: -c[1].count)
    chosen = [*filled, *(c for c in counted if not c[1].count)][:TILES]
    model = HomePage(
        title=visit.ui.t("Home"),
        tiles=tuple(_tile(visit, entity, count) for entity, count in chosen),
        boards=tuple(_boards(visit, [entity for entity, _ in filled]))[:BOARDS],
        empty=None if counted else _nothing(visit),
    )
    return page(visit, "home.html", model, current="home")


def _tile(visit: Visit, entity: Entity, found: Counted) -> Tile:
    value = counted_text(visit, found)
    label, tone = visit.plural(entity), "" if found.count else "empty"
    return Tile(label, value, href=f"/r/{entity.name}", icon=entity.icon, tone=tone)


def _boards(visit: Visit, entities: Sequence[Entity]) -> Iterator[Related]:
    """What this person changed last, of each entity where there is something."""
    latest = visit.queries.recent(visit.actor, [e.name for e in entities], RECENT + 1)
    for entity in entities:
        rows = latest[entity.name]
        if rows:
            listed = tuple(_recent(visit, entity, row) for row in rows[:RECENT])
            href = "/r/" + entity.name + "?" + urlencode({"f.updated_by": "me", "sort": "-updated_at"})
            label = visit.ui.t("{plural} that you changed", plural=visit.plural(entity))
            yield Related(label, entity.icon, listed, href=href if len(rows) > RECENT else "")


def _recent(visit: Visit, entity: Entity, row: Mapping[str, Any]) -> RelatedRow:
    title = str(row["title"] or visit.ui.t("Untitled"))
    return RelatedRow(title, f"/r/{entity.name}/{row['id']}", visit.ui.moment(row["updated_at"]))


def _nothing(visit: Visit) -> Empty:
    t = visit.ui.t
    return Empty(
        t("Nothing to show yet"),
        t("You hold no role that lets you read records. Ask an administrator."),
        "lock",
    )


def search(visit: Visit) -> Response:
    """`GET /search?q=`: records of every entity that hold every word, as far as this person may read."""
    text = visit.arg("q").strip()[: visit.runtime.settings.limits.search_length]
    rows = visit.queries.search(visit.actor, text, limit=HITS) if text else ()
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["entity"], []).append(row)
    model = SearchPage("/search", text, tuple(_groups(visit, groups, text)))
    return page(visit, "search.html", model)


def _groups(visit: Visit, groups: Mapping[str, Sequence[Mapping[str, Any]]], text: str) -> Iterator[HitGroup]:
    for place, (name, rows) in enumerate(groups.items()):
        entity = visit.model.entities[name]
        said = facts_of(visit, entity, [row["id"] for row in rows]) if place < MOST_TOLD else {}
        hits = tuple(_hit(row, said.get(row["id"], "")) for row in rows)
        yield HitGroup(visit.plural(entity), entity.icon, hits, f"/r/{name}?{urlencode({'search': text})}")


def _hit(row: Mapping[str, Any], detail: str) -> Hit:
    snippet = tuple((piece["text"], bool(piece["match"])) for piece in row["highlight"])
    shown = snippet if "".join(text for text, _ in snippet) != row["title"] else ()
    return Hit(str(row["title"] or ""), f"/r/{row['entity']}/{row['id']}", detail, shown)
