"""The API reference: an overview, a page for each entity with try-it forms, and Swagger UI.

What is told comes from the API as plain values; the composition root hands over the two functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template

from xrm.engine.access import Policy
from xrm.engine.commands import Actor
from xrm.metadata.model import Model
from xrm.ui.docs_models import DocCall, DocField, DocParameter, DocsPage
from xrm.ui.environment import json_text
from xrm.ui.models import Link
from xrm.ui.pages.answers import page
from xrm.ui.pages.door import guarded, harden
from xrm.ui.pages.shell import shell_of
from xrm.ui.pages.signin import stranger
from xrm.ui.pages.visit import Visit

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

Told = Mapping[str, Any]
PREFIX = "/api/v1"
SWAGGER_RULES = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)  # Swagger UI writes style attributes; nothing else of the installation is shown under these rules


@dataclass(frozen=True, slots=True)
class Tell:
    """Who knows the API: what it has for an actor, and everything about one entity."""

    all: Callable[[Model, Policy, Actor], Sequence[Told]]
    one: Callable[[Model, Policy, Actor, str], Told]


def docs_pages(runtime: Runtime, tell: Tell) -> Blueprint:
    """The reference pages below the API's own address."""
    blueprint = Blueprint("docs", __name__, url_prefix=PREFIX)
    routes = (("/docs", _overview), ("/docs/<entity>", _entity), ("/docs/swagger", _swagger))
    for path, handler in routes:
        view = guarded(runtime, partial(handler, tell), stranger(runtime))
        blueprint.add_url_rule(path, endpoint=handler.__name__.strip("_"), view_func=view)
    blueprint.after_request(partial(harden, runtime))
    return blueprint


def _overview(tell: Tell, visit: Visit) -> Response:
    told = tell.all(visit.model, visit.snapshot.policy, visit.actor)
    model = DocsPage(
        title=visit.ui.t("API"),
        text=visit.ui.t("What programs can ask of this installation, as far as you may know it."),
        crumbs=(),
        entities=tuple(Link(e["plural"], f"{PREFIX}/docs/{e['name']}", e["icon"]) for e in told),
        links=_links(visit),
    )
    return page(visit, "docs.html", model)


def _entity(tell: Tell, visit: Visit, entity: str) -> Response:
    told = tell.one(visit.model, visit.snapshot.policy, visit.actor, entity)
    model = DocsPage(
        title=told["label"],
        text=visit.ui.t("Every call about these records that you may make, and what it takes."),
        crumbs=(Link(visit.ui.t("API"), f"{PREFIX}/docs"),),
        fields=tuple(_field(f) for f in told["fields"]),
        calls=tuple(_call(call) for call in told["calls"]),
        links=_links(visit),
    )
    return page(visit, "docs.html", model)


def _swagger(tell: Tell, visit: Visit) -> Response:
    text = render_template(
        "swagger.html", ui=visit.ui, shell=shell_of(visit), openapi_href=f"{PREFIX}/openapi.json"
    )
    headers = {"Content-Security-Policy": SWAGGER_RULES}
    return Response(text, headers=headers, mimetype="text/html")


def _links(visit: Visit) -> tuple[Link, ...]:
    return (
        Link("Swagger UI", f"{PREFIX}/docs/swagger"),
        Link("OpenAPI 3.1", f"{PREFIX}/openapi.json"),
    )


def _field(told: Told) -> DocField:
    return DocField(
        name=told["name"],
        type=told["type"],
        label=told["label"],
        example=json_text(next(iter(told["schema"].get("examples", ())), ""), short=True),
        notes=told["help"],
        required=told["required"],
        writable=bool(told["writable"]),
    )


def _call(told: Told) -> DocCall:
    parameters = tuple(DocParameter(**{**p, "type": str(p["type"])}) for p in told["parameters"])
    samples, answers = tuple(told["samples"]), tuple(told["answers"])
    return DocCall(**{**told, "parameters": parameters, "samples": samples, "answers": answers})
