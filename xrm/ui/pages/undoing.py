"""Taking back what one did a moment ago."""

from __future__ import annotations

from flask import Response

from xrm.errors import Conflict, Forbidden, Invalid, NotFound
from xrm.ui.models import Flash
from xrm.ui.pages.addresses import is_local
from xrm.ui.pages.answers import moved_with, part
from xrm.ui.pages.cells import sentence
from xrm.ui.pages.visit import Visit


def undo(visit: Visit, token: str) -> Response:
    """`POST /undo/<token>`: the act is taken back whole; the page is told what became of each record.

    `X-Undo` brings it about again. Without scripts the page that `back` names says that it is done.
    """
    if not visit.fragment:
        return _back(visit, token)
    try:
        outcome = visit.records.undo(visit.actor, token)
    except (Conflict, Forbidden, Invalid, NotFound) as error:
        return sentence(error)
    made = part(visit, "_undone.html", results=outcome.results)
    made.headers["X-Undo"] = visit.records.place_of(outcome)
    return made


def _back(visit: Visit, token: str) -> Response:
    """The page that `back` names, which says that it is done and offers the opposite."""
    outcome = visit.records.undo(visit.actor, token)
    given, was_redo = visit.form.get("back", ""), "redo" in visit.form
    back = given if is_local(given) else "/"
    said = visit.ui.t("Redone") if was_redo else visit.ui.t("Undone")
    return moved_with(back, Flash(said, visit.records.place_of(outcome), back, is_redo=not was_redo))
