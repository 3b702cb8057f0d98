"""A refusal as a page: the same facts that the API gives, for a person, and never a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Response, render_template, request

from xrm.errors import XrmError
from xrm.ui.models import Action, ErrorPage, Shell
from xrm.ui.pages.door import harden, open_visit, reader_of, theme
from xrm.ui.pages.shell import PRODUCT, shell_of

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime
    from xrm.ui.formatting import Reader

NOT_FOUND, FORBIDDEN, FAILED = 404, 403, 500


def refusal_page(
    runtime: Runtime, status: int, facts: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    """The page of a refusal whose facts are those of problem+json; whole even when nobody is signed in."""
    ui, shell = _around(runtime, status)
    model = ErrorPage(
        status=status,
        title=_title(ui, status, str(facts.get("title", ""))),
        detail=str(facts.get("detail", ""))
        if status != NOT_FOUND
        else ui.t("There is nothing here, or it is not for you."),
        problems=tuple(_others(facts.get("errors", ()))),
        request_id=str(facts.get("request_id", "")),
        actions=_ways(ui, status, bool(shell.person)),
        search_action="/search" if status == NOT_FOUND and shell.person else "",
    )
    template = "error.html" if shell.person else "error_alone.html"
    made = Response(render_template(template, ui=ui, shell=shell, page=model), status, mimetype="text/html")
    for name, value in headers.items():
        made.headers[name] = value
    return harden(runtime, made)


def _around(runtime: Runtime, status: int) -> tuple[Reader, Shell]:
    """The shell of whoever asks; a page that fails must not fail again over its own frame."""
    try:
        visit = open_visit(runtime, with_body=False)
        return visit.ui, shell_of(visit, marks=() if status >= FAILED else None)
    except XrmError:
        return reader_of(runtime), Shell(PRODUCT, theme=theme())


def _title(ui: Reader, status: int, otherwise: str) -> str:
    t = ui.t
    said = {
        400: t("This address cannot be read"),
        403: t("This is not open to you"),
        404: t("Not found"),
        405: t("This address takes no such request"),
        409: t("Something stands against it"),
        412: t("It was changed meanwhile"),
        413: t("That is too much at once"),
        422: t("Something is not right yet"),
        429: t("Too many requests"),
        500: t("The program failed"),
        503: t("Not available right now"),
    }
    return said.get(status, otherwise)


def _others(problems: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every problem where there are several; the first alone is the detail already."""
    if len(problems) < 2:
        return []
    return [f"{p.get('message', '')} {p.get('hint', '')}".strip() for p in problems]


def _ways(ui: Reader, status: int, is_person: bool) -> tuple[Action, ...]:
    home = Action(ui.t("Home"), "/", "house", primary=True)
    if not is_person:
        return (Action(ui.t("Sign in"), "/login", "log-in", primary=True),)
    back = request.referrer or ""
    here = request.host_url.rstrip("/")
    if status in (FORBIDDEN, 409, 412) and back.startswith(f"{here}/") and back != request.url:
        return (Action(ui.t("Back"), back.removeprefix(here), "arrow-left", primary=True), home)
    return (home,)
