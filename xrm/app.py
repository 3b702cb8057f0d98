"""The composition root: the only place that knows the engine, the API and the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from traceback import format_exception
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.routing import Rule

from xrm.api import (
    Direct,
    Figures,
    create_api,
    create_health,
    edge_of,
    install_errors,
    reference,
    reference_list,
)
from xrm.api.answers import Answer
from xrm.api.edge import request_id
from xrm.api.health import begin
from xrm.api.proxies import TrustedProxies
from xrm.engine.runtime import Runtime, open_runtime
from xrm.settings import Settings
from xrm.ui import create_ui, refusal_page
from xrm.ui.admin import install_administration
from xrm.ui.assets import load_assets, static_assets
from xrm.ui.environment import prepare
from xrm.ui.pages.docs import Tell, docs_pages

HSTS = "max-age=31536000; includeSubDomains"


class LateRule(Rule):
    """A rule of addresses that learns to build one when it is first asked to: pages write theirs themselves.

    Compiling both builders of every rule takes a tenth of a second of each process (werkzeug 3.1).
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_ = super()._compile_builder
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, *given: Any, **named: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(compile_(append_unknown))
            return compiled[0](rule, *given, **named)

        return build


class App(Flask):
    """Flask behind the API, which believes the right proxies and logs failures as the caller was told."""

    url_rule_class = LateRule

    def __init__(self, runtime: Runtime) -> None:
        super().__init__("xrm.ui", static_folder=None)
        self.url_map.merge_slashes = False
        self.runtime, self.edge, self.figures = runtime, edge_of(runtime), Figures()
        self._proxies = TrustedProxies(runtime.settings.trusted_proxies)
        self._direct = Direct(
            self.edge, self.figures, super().wsgi_app, self._failed, always(runtime.settings)
        )

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """The request is served with the address of whoever stands before the trusted proxies."""
        peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["REMOTE_ADDR"] = self._proxies.caller(peer, forwarded)
        if environ.get("CONTENT_LENGTH") and "HTTP_TRANSFER_ENCODING" not in environ:
            # Granian ends a body that breaks off like one that is whole. Without this word the length that
            # was said is compared with what came.
            environ.pop("wsgi.input_terminated", None)
        return self._direct(environ, start_response)

    def _failed(self, environ: dict[str, Any], start_response: Any, failure: Exception, begun: float) -> Any:
        """A failure outside of Flask is answered, logged and counted as one inside of it."""
        with self.request_context(environ):
            begin(begun)
            return self.handle_exception(failure)(environ, start_response)

    def log_exception(self, exc_info: Any) -> None:
        """The failure is in the log, under its request id; without values, which may be secret."""
        # It brings rich, which nothing else of a server needs, and a server that fails is rare.
        import structlog

        trace = "".join(format_exception(*exc_info))
        known_as = request_id(self.runtime, request)
        structlog.get_logger("xrm").error("request failed", request_id=known_as, trace=trace)


def create_app(settings: Settings) -> Flask:
    """The application that these settings mean, ready to be served by any WSGI server."""
    return mount(open_runtime(settings))


def mount(runtime: Runtime) -> Flask:
    """The application over a runtime that is open already."""
    app = without_pages(runtime, page=lambda made: _page(runtime, made))
    assets = load_assets(e.icon for e in runtime.current().model.entities.values())
    prepare(app.jinja_env, assets)
    app.register_blueprint(static_assets(assets))
    app.register_blueprint(
        docs_pages(runtime, Tell(reference_list, partial(reference, limits=runtime.settings.limits)))
    )
    app.register_blueprint(create_ui(runtime, assets))
    install_administration(app, runtime)
    return app


def without_pages(runtime: Runtime, page: Callable[[Answer], Response] | None = None) -> App:
    """The API, health and figures over the runtime; `page` makes a page of a refusal for a browser."""
    app = App(runtime)
    app.register_blueprint(create_health(runtime, app.figures))
    app.register_blueprint(create_api(app.edge))
    install_errors(app, runtime, page)
    app.after_request(partial(_with_headers, always(runtime.settings)))
    return app


def always(settings: Settings) -> Mapping[str, str]:
    """The headers of every response of this installation."""
    return {"Strict-Transport-Security": HSTS} if settings.base_url.startswith("https://") else {}


def _page(runtime: Runtime, made: Answer) -> Response:
    """A refusal for a person with a browser: the facts of problem+json as a page."""
    return refusal_page(runtime, made.status, orjson.loads(made.body or b"{}"), made.headers)


def _with_headers(headers: Mapping[str, str], made: Response) -> Response:
    made.headers.update(headers)
    return made
