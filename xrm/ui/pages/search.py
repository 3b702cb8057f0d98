"""Search over all entities: the page, and what the palette offers while one types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response

from xrm.metadata.model import Entity
from xrm.ui.around import Choice, Choices
from xrm.ui.models import Hit, HitGroup, Link, SearchPage
from xrm.ui.pages.answers import page, part
from xrm.ui.pages.keeping import kept_groups, marks_of
from xrm.ui.pages.menu import menu_groups, nav_groups
from xrm.ui.pages.telling import facts_of
from xrm.ui.pages.visit import Visit

HITS, OFFERED = 60, 8
MOST_TOLD = 6  # of so many entities the hits are read, to say more than their titles


def search(visit: Visit) -> Response:
    """`GET /search?q=`: records of every entity that hold every word, as far as this person may read."""
    text = _asked(visit)
    rows = visit.queries.search(visit.actor, text, limit=HITS) if text else ()
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["entity"], []).append(row)
    model = SearchPage("/search", text, tuple(_groups(visit, groups, text, len(rows) < HITS)))
    return page(visit, "search.html", model)


def _asked(visit: Visit) -> str:
    return visit.arg("q").strip()[: visit.runtime.settings.limits.search_length]


def _groups(
    visit: Visit, groups: Mapping[str, Sequence[Mapping[str, Any]]], text: str, is_all: bool
) -> Iterator[HitGroup]:
    for place, (name, rows) in enumerate(groups.items()):
        entity = visit.model.entities[name]
        said = facts_of(visit, entity, [row["id"] for row in rows]) if place < MOST_TOLD else {}
        hits = tuple(_hit(row, said.get(row["id"], "")) for row in rows)
        href = "" if is_all else f"/r/{name}?{urlencode({'search': text})}"
        yield HitGroup(visit.plural(entity), entity.icon, hits, href)


def _hit(row: Mapping[str, Any], detail: str) -> Hit:
    snippet = tuple((piece["text"], bool(piece["match"])) for piece in row["highlight"])
    shown = snippet if "".join(text for text, _ in snippet) != row["title"] else ()
    return Hit(str(row["title"] or ""), f"/r/{row['entity']}/{row['id']}", detail, shown)


# --- the palette ------------------------------------------------------------------------------------


def palette(visit: Visit) -> Response:
    """`GET /palette?q=`: records for the words, or, without words, all that can be gone to and done from anywhere."""
    text = _asked(visit)
    if text:
        groups = [Choices(visit.ui.t("Records"), tuple(_records(visit, text)), "records")]
    else:
        groups = [*_kept(visit), _commands(visit), _places(visit)]
    return part(visit, "_palette.html", groups=[g for g in groups if g.choices])


def _records(visit: Visit, text: str) -> Iterator[Choice]:
    """The best hits, each with what tells it apart from its namesakes."""
    rows = visit.queries.search(visit.actor, text, limit=OFFERED)
    details = _details(visit, rows)
    return (_choice(visit, row, details) for row in rows)


def _choice(visit: Visit, row: Mapping[str, Any], details: Mapping[str, str]) -> Choice:
    entity = visit.model.entities[row["entity"]]
    facts = (visit.label(entity), details.get(row["id"], ""))
    title = str(row["title"] or visit.ui.t("Untitled"))
    return Choice(title, f"/r/{entity.name}/{row['id']}", entity.icon, " · ".join(f for f in facts if f))


def _details(visit: Visit, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What tells each record apart: a query for each of the first entities among them."""
    wanted: dict[str, list[str]] = {}
    for row in rows:
        wanted.setdefault(row["entity"], []).append(row["id"])
    found: dict[str, str] = {}
    for name in list(wanted)[:MOST_TOLD]:
        found |= facts_of(visit, visit.model.entities[name], wanted[name])
    return found


def _kept(visit: Visit) -> Iterator[Choices]:
    """What was seen last, then the favourites; each with what tells it apart from its namesakes."""
    groups = list(reversed(list(kept_groups(visit, marks_of(visit), ()))))
    rows = [_row(link) for group in groups for link in group.items]
    details = _details(visit, rows)
    for group in groups:
        choices = tuple(_choice(visit, _row(link), details) for link in group.items)
        yield Choices(group.label, choices, group.name)


def _row(link: Link) -> dict[str, str]:
    """The record that a link of the menu leads to, as the search gives records."""
    _, _, entity, id_ = link.href.split("/")
    return {"entity": entity, "id": id_, "title": link.label}


def _creatable(visit: Visit) -> Iterator[Entity]:
    for group in menu_groups(visit):
        for entity in group.entities:
            if visit.can("create", entity.name) and not entity.append_only:
                yield entity


def _commands(visit: Visit) -> Choices:
    """What can be done from anywhere. What can be done on the page stands on it, and is found there."""
    t = visit.ui.t
    new = [
        Choice(t("New {label}", label=visit.label(e).lower()), f"/r/{e.name}/new", "plus")
        for e in _creatable(visit)
    ]
    presses = (
        Choice(t("Switch between light and dark"), icon="sun-moon", press="theme"),
        Choice(t("Show the keys"), "/help/keys", "keyboard", press="keys"),
        Choice(t("Sign out"), icon="log-out", press="sign-out"),
    )
    return Choices(t("Commands"), (*new, *presses), "commands")


def _places(visit: Visit) -> Choices:
    """Where one can go."""
    t = visit.ui.t
    links = [link for group in nav_groups(visit, "") for link in group.items]
    places = [Choice(t("Go to {place}", place=link.label), link.href, link.icon) for link in links]
    own = (
        Choice(t("Go to {place}", place=t("Home")), "/", "house"),
        Choice(t("My settings"), "/me", "settings"),
        Choice(t("API reference"), "/api/v1/docs", "braces"),
    )
    return Choices(t("Go to"), (own[0], *places, *own[1:]), "places")
