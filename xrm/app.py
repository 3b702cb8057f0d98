"""The composition root: the only place that knows the engine, the API and the pages."""

from __future__ import annotations

from traceback import format_exception
from typing import Any

import orjson
from flask import Flask, Response

from xrm.api import create_api, create_health, install_errors, reference, reference_list
from xrm.api.answers import Answer
from xrm.api.edge import request_id
from xrm.api.proxies import TrustedProxies
from xrm.engine.runtime import Runtime, open_runtime
from xrm.settings import Settings
from xrm.ui import create_ui, refusal_page
from xrm.ui.assets import load_assets, static_assets
from xrm.ui.environment import prepare
from xrm.ui.pages.docs import Tell, docs_pages

HSTS = "max-age=31536000; includeSubDomains"


class App(Flask):
    """Flask that believes the right proxies, and logs failures under the id that the caller was told."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__("xrm.ui", static_folder=None)
        self.url_map.merge_slashes = False
        self.runtime = runtime
        self._proxies = TrustedProxies(runtime.settings.trusted_proxies)

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """The request is served with the address of whoever stands before the trusted proxies."""
        peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["REMOTE_ADDR"] = self._proxies.caller(peer, forwarded)
        return super().wsgi_app(environ, start_response)

    def log_exception(self, exc_info: Any) -> None:
        """The failure is in the log, under its request id; without values, which may be secret."""
        # It brings rich, which nothing else of a server needs, and a server that fails is rare.
        import structlog

        trace = "".join(format_exception(*exc_info))
        structlog.get_logger("xrm").error("request failed", request_id=request_id(self.runtime), trace=trace)


def create_app(settings: Settings) -> Flask:
    """The application that these settings mean, ready to be served by any WSGI server."""
    return mount(open_runtime(settings))


def mount(runtime: Runtime) -> Flask:
    """The application over a runtime that is open already."""
    app = App(runtime)
    assets = load_assets(e.icon for e in runtime.current().model.entities.values())
    prepare(app.jinja_env, assets)
    app.register_blueprint(static_assets(assets))
    app.register_blueprint(create_health(runtime))
    app.register_blueprint(create_api(runtime))
    app.register_blueprint(docs_pages(runtime, Tell(reference_list, reference)))
    app.register_blueprint(create_ui(runtime, assets))
    install_errors(app, runtime, page=lambda made: _page(runtime, made))
    if runtime.settings.base_url.startswith("https://"):
        app.after_request(_always_encrypted)
    return app


def _page(runtime: Runtime, made: Answer) -> Response:
    """A refusal for a person with a browser: the facts of problem+json as a page."""
    return refusal_page(runtime, made.status, orjson.loads(made.body or b"{}"), made.headers)


def _always_encrypted(made: Response) -> Response:
    made.headers["Strict-Transport-Security"] = HSTS
    return made
