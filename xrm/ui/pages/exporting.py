"""Records as a file: those that a list shows, at once where they are few, else by a job."""

from __future__ import annotations

from flask import Response

from xrm.engine.storage.files import delivery
from xrm.engine.transfer import ExportRequest
from xrm.engine.transfer.service import ROWS_AT_ONCE
from xrm.metadata.model import Entity
from xrm.ui.models import Action
from xrm.ui.pages.answers import moved
from xrm.ui.pages.choosing import given_ids
from xrm.ui.pages.filters import tests_of
from xrm.ui.pages.listing import ListState, look_at
from xrm.ui.pages.visit import Visit


def export(visit: Visit, entity: str) -> Response:
    """`POST /r/<entity>/export?<state of the list>`: its records as a file; a large one comes from a job's page."""
    found = visit.entity_to("export", entity)
    request = ExportRequest(entity, _params(visit, found), visit.form.get("format", "csv"), given_ids(visit))
    return sent(visit, request)


def sent(visit: Visit, request: ExportRequest) -> Response:
    """The records as a file; the page of the job that writes it where there are many."""
    made = visit.runtime.transfer.export(visit.actor, request)
    if made.rows > ROWS_AT_ONCE:
        job = visit.runtime.transfer.start_export(visit.actor, request)
        return moved(f"/r/{request.entity}/jobs/{job.id}")
    answer = Response(b"".join(made.pieces), mimetype=made.media_type)
    for name, value in delivery(made.name, made.media_type).headers.items():
        answer.headers[name] = value
    answer.headers["Cache-Control"] = "no-store"
    return answer


def export_actions(visit: Visit, entity: Entity, state: ListState) -> tuple[Action, ...]:
    """The ways to take the list along as a file, for whoever may."""
    if not visit.can("export", entity.name):
        return ()
    _, _, query = state.address().partition("?")
    there = f"/r/{entity.name}/export" + (f"?{query}" if query else "")
    labels = {
        "csv": visit.ui.t("Export for spreadsheets (CSV)"),
        "jsonl": visit.ui.t("Export for programs (JSON)"),
    }
    return tuple(
        Action(label, there, "download", post=True, values={"format": f}) for f, label in labels.items()
    )


def _params(visit: Visit, entity: Entity) -> dict[str, tuple[str, ...]]:
    """The list as the parameters of a query: what the view asks and what the person asked besides."""
    look = look_at(visit, entity)
    state, view = look.state, look.view
    filters = [view.filter.text] if view is not None and view.filter is not None else []
    order = [f"{'-' if down else ''}{path}" for path, down in view.sort] if view is not None else []
    said = {
        "filter": (*filters, *([state.filter] if state.filter else [])),
        "search": (state.search,),
        "sort": (state.sort or ",".join(order),),
        "fields": (state.fields,),
    }
    for test in tests_of(visit, entity, state.pairs):
        tail = "" if test.operator == "eq" else f".{test.operator}"
        said["f." + ".".join(test.path) + tail] = test.raw
    return {name: tuple(v for v in values if v) for name, values in said.items() if any(values)}
