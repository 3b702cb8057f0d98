"""The API as a Flask blueprint, and what any refusal outside its handlers becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from xrm.api.answers import Answer
from xrm.api.edge import PREFIX, Edge, request_id, response, view
from xrm.api.problems import HIDDEN, failure, plain_refusal, problem
from xrm.api.routes import ROUTES
from xrm.engine.identity.repetition import Repetition
from xrm.errors import TooLarge, XrmError

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

PageOf = Callable[[Answer], Response]


def edge_of(runtime: Runtime) -> Edge:
    """What answers the API's requests over `runtime`."""
    hours = runtime.settings.limits.idempotency_hours
    return Edge(runtime, Repetition(runtime.database, runtime.world, hours))


def create_api(edge: Edge) -> Blueprint:
    """Every route of the API as Flask knows it."""
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    for route in ROUTES:
        blueprint.add_url_rule(
            route.path,
            endpoint=f"{route.method} {route.path}".replace(".", "_"),
            view_func=view(edge, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    return blueprint


def install_errors(app: Flask, runtime: Runtime, page: PageOf | None = None) -> None:
    """Whatever nobody else answers leaves as problem+json, or for a browser as the page that `page` makes."""

    def answered(made: Answer) -> Response:
        if page is not None and _wants_page():
            return page(made)
        return response(made, request_id(runtime, request))

    def refused(error: XrmError) -> Response:
        return answered(problem(error, request_id(runtime, request)))

    def protocol(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return cast(Response, error.get_response())
        return answered(by_protocol(error, request.method, request_id(runtime, request)))

    def failed(error: InternalServerError) -> Response:
        return answered(failure(request_id(runtime, request)))

    app.register_error_handler(XrmError, refused)
    app.register_error_handler(HTTPException, protocol)
    app.register_error_handler(InternalServerError, failed)


def by_protocol(error: HTTPException, method: str, known_as: str) -> Answer:
    """A refusal by Flask or Werkzeug, in our words."""
    if error.code == 404:
        return plain_refusal(404, "Not found", "R104", HIDDEN, known_as)
    if error.code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        detail = f"This address does not take {method[:20]}. Use {allowed}."
        return plain_refusal(405, "Wrong method", "H109", detail, known_as).with_headers(Allow=allowed)
    if error.code == 413:
        return plain_refusal(413, TooLarge.title, "R113", "The request is too large. Send less.", known_as)
    detail = "The request breaks the rules of HTTP. Check its form."
    return plain_refusal(error.code or 400, error.name, "R101", detail, known_as)


def _wants_page() -> bool:
    """Whether a person with a browser waits for the answer."""
    if request.path.startswith(f"{PREFIX}/") and not request.path.startswith(f"{PREFIX}/docs"):
        return False
    best = request.accept_mimetypes.best_match(("application/json", "text/html"))
    return best == "text/html"
