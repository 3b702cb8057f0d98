"""The API as a Flask blueprint, and what any refusal outside its handlers becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from xrm.api.answers import Answer
from xrm.api.edge import PREFIX, request_id, response, view
from xrm.api.problems import HIDDEN, failure, plain_refusal, problem
from xrm.api.routes import ROUTES
from xrm.engine.identity.repetition import Repetition
from xrm.errors import TooLarge, XrmError

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

PageOf = Callable[[Answer], Response]


def create_api(runtime: Runtime) -> Blueprint:
    """Every route of the API over `runtime`."""
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    settings = runtime.settings
    repetition = Repetition(runtime.database, runtime.world, settings.limits.idempotency_hours)
    for route in ROUTES:
        blueprint.add_url_rule(
            route.path,
            endpoint=f"{route.method} {route.path}".replace(".", "_"),
            view_func=view(runtime, repetition, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    return blueprint


def install_errors(app: Flask, runtime: Runtime, page: PageOf | None = None) -> None:
    """Whatever nobody else answers leaves as problem+json, or for a browser as the page that `page` makes."""

    def answered(made: Answer) -> Response:
        if page is not None and _wants_page():
            return page(made)
        return response(made, request_id(runtime))

    def refused(error: XrmError) -> Response:
        return answered(problem(error, request_id(runtime)))

    def protocol(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return cast(Response, error.get_response())
        return answered(_by_protocol(error, request_id(runtime)))

    def failed(error: InternalServerError) -> Response:
        return answered(failure(request_id(runtime)))

    app.register_error_handler(XrmError, refused)
    app.register_error_handler(HTTPException, protocol)
    app.register_error_handler(InternalServerError, failed)


def _by_protocol(error: HTTPException, known_as: str) -> Answer:
    """A refusal by Flask or Werkzeug, in our words."""
    if error.code == 404:
        return plain_refusal(404, "Not found", "R104", HIDDEN, known_as)
    if error.code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        detail = f"This address does not take {request.method[:20]}. Use {allowed}."
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
