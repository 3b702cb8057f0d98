"""Whether the process lives, whether it can serve, and figures for whoever watches it."""

from __future__ import annotations

import hmac
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from xrm.api.answers import Answer, answer
from xrm.api.edge import request_id, response
from xrm.api.problems import problem
from xrm.errors import NotFound, NotSignedIn, Problem, Unavailable

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime


class Figures:
    """Counts of requests and how long they took, by route and status."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "xrm_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "xrm_request_seconds", "Time to answer", ("method", "route"), registry=self.registry
        )
        self._kept: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def end(self, method: str, route: str, status: int, seconds: float) -> None:
        """One more request was answered."""
        key = (method, route, status)
        if key not in self._kept:
            counter = self._requests.labels(method, route, str(status))
            self._kept[key] = counter, self._seconds.labels(method, route)
        counter, histogram = self._kept[key]
        counter.inc()
        histogram.observe(seconds)

    def after(self, made: Response) -> Response:
        """The same for a request that Flask answered."""
        seconds = perf_counter() - g.get("started", perf_counter())
        rule = request.url_rule
        self.end(request.method if rule else "none", rule.rule if rule else "none", made.status_code, seconds)
        return made

    def text(self) -> bytes:
        """All figures in the format of Prometheus."""
        return generate_latest(self.registry)


def create_health(runtime: Runtime, figures: Figures) -> Blueprint:
    """`/health/live`, `/health/ready` and `/metrics`; the last only with its own token."""
    blueprint = Blueprint("health", __name__)

    def live() -> Response:
        return response(answer({"status": "live"}), request_id(runtime, request))

    def ready() -> Response:
        return response(_readiness(runtime), request_id(runtime, request))

    def metrics() -> Response:
        refusal = _metrics_refusal(runtime.settings.metrics_token)
        if refusal is not None:
            return response(problem(refusal, request_id(runtime, request)), request_id(runtime, request))
        return Response(figures.text(), content_type=CONTENT_TYPE_LATEST)

    blueprint.add_url_rule("/health/live", view_func=live)
    blueprint.add_url_rule("/health/ready", view_func=ready)
    blueprint.add_url_rule("/metrics", view_func=metrics)
    blueprint.before_app_request(begin)
    blueprint.after_app_request(figures.after)
    return blueprint


def begin(at: float | None = None) -> None:
    """The time of this request is counted from now, or from `at` where it began outside of Flask."""
    g.started = perf_counter() if at is None else at


def _readiness(runtime: Runtime) -> Answer:
    try:
        runtime.current()
    except Unavailable as error:
        return problem(error, request_id(runtime, request))
    return answer({"status": "ready"})


def _metrics_refusal(token: str) -> NotFound | NotSignedIn | None:
    """Without a token of its own, the page does not exist."""
    if not token:
        return NotFound(Problem("R104", "There is no such address."))
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if hmac.compare_digest(given.encode(), token.encode()):
        return None
    return NotSignedIn(Problem("A101", "The figures need their token.", "Send Authorization: Bearer."))
