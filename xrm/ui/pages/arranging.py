"""The order of one's favourites: a page with buttons, and what the menu sends when one of them is dragged."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from xrm.engine.identity.marks import FAVOURITE
from xrm.errors import NotFound, Problem
from xrm.ui.around import ArrangePage
from xrm.ui.models import Empty
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.keeping import ARRANGE, Kept, in_order, link_to, marks_of, starred
from xrm.ui.pages.visit import Visit, record_id

STEPS = {"up": -1, "down": 1}


def show(visit: Visit) -> Response:
    """`GET /me/favourites`: one's favourites in their order, with buttons that move them."""
    t = visit.ui.t
    ordered, titles = _favourites(visit)
    text = t("Press the star of a record that you need often: it stands in the menu from then on.")
    model = ArrangePage(
        title=t("Favourites"),
        action=f"{ARRANGE}/move",
        links=tuple(link_to(visit, kept, titles[kept]) for kept in ordered),
        empty=Empty(t("No favourites yet"), text, "star"),
    )
    return page(visit, "favourites.html", model)


def move(visit: Visit) -> Response:
    """`POST /me/favourites/move`: one favourite is a `step` up or down, or stands behind another or, if none, first.

    The page may be older than the order: behind what is no favourite any more nothing is put.
    """
    ordered, titles = _favourites(visit)
    wanted = record_id(visit.form.get("record", ""))
    kept = next((k for k in ordered if k[1] == wanted), None)
    if kept is None:
        raise NotFound(Problem("R104", "This is no favourite of yours any more."))
    others = [k for k in ordered if k != kept]
    at = _place(visit, others, ordered.index(kept))
    others.insert(at, kept)
    if others != ordered:
        visit.runtime.identity.marks.arrange(visit.actor, FAVOURITE, [k[1] for k in others])
    title = titles[kept] or visit.ui.t("Untitled")
    said = visit.ui.t("{title} is number {place} of {all}", title=title, place=at + 1, all=len(others))
    return Response(said, mimetype="text/plain") if visit.fragment else moved(ARRANGE, said)


def _place(visit: Visit, others: Sequence[Kept], now: int) -> int:
    """Where among the others it is put; where it was if the form says nothing that can be done."""
    form = visit.form
    if "after" not in form:
        return min(max(now + STEPS.get(form.get("step", ""), 0), 0), len(others))
    if not form["after"]:
        return 0
    return next((n + 1 for n, (_, id_) in enumerate(others) if str(id_) == form["after"]), now)


def _favourites(visit: Visit) -> tuple[list[Kept], dict[Kept, str]]:
    """The favourites in their order, and their titles."""
    found = starred(visit, marks_of(visit))
    titles = dict(visit.queries.titles(visit.actor, list(found)))
    return in_order(found, titles), titles
