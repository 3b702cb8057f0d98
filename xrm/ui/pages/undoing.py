"""Taking back what one did a moment ago."""

from __future__ import annotations

from flask import Response

from xrm.errors import Conflict, Forbidden, Invalid, NotFound
from xrm.ui.pages.addresses import is_local
from xrm.ui.pages.answers import moved, part
from xrm.ui.pages.cells import sentence
from xrm.ui.pages.visit import Visit


def undo(visit: Visit, token: str) -> Response:
    """`POST /undo/<token>`: the act is taken back whole; the page is told what became of each record.

    `X-Undo` brings it about again. Without scripts the page that `back` names says that it is done.
    """
    if not visit.fragment:
        visit.records.undo(visit.actor, token)
        back = visit.form.get("back", "")
        return moved(back if is_local(back) else "/", visit.ui.t("Undone"))
    try:
        outcome = visit.records.undo(visit.actor, token)
    except (Conflict, Forbidden, Invalid, NotFound) as error:
        return sentence(error)
    made = part(visit, "_undone.html", results=outcome.results)
    made.headers["X-Undo"] = visit.records.place_of(outcome)
    return made
