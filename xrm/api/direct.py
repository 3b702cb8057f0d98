"""The API before Flask: plain requests to its routes are served here, with nothing in between.

Flask knows the same routes and serves them by the same `Edge`. To it goes whatever is not plain: a wrong
method, HEAD, letters beyond ASCII in the address, and failures of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from time import perf_counter
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from xrm.api.answers import Answer
from xrm.api.blueprint import by_protocol
from xrm.api.call import Stopwatch
from xrm.api.edge import PREFIX, Edge, headers_of, request_id
from xrm.api.health import Figures
from xrm.api.routes import ROUTES, Route

Environ = dict[str, Any]
Start = Callable[..., Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]
Failed = Callable[[Environ, Start, Exception, float], Iterable[bytes]]
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_BODILESS = (204, 304)


class Direct:
    """A WSGI application in front of another: it serves the API's routes, and leaves the rest to it."""

    def __init__(
        self,
        edge: Edge,
        figures: Figures,
        others: Wsgi,
        failed: Failed,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self._edge, self._figures, self._others, self._failed = edge, figures, others, failed
        self._more = more or {}

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """The response to the request."""
        begun = perf_counter()
        found = route_of(environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", ""))
        if found is None or not environ.get("QUERY_STRING", "").isascii():
            return self._others(environ, start)
        (route, names), request = found, Request(environ)
        try:
            made, watch = self._served(route, request, names)
        except Exception as failure:  # noqa: BLE001  (whatever failed, Flask answers it and writes it down)
            return self._failed(environ, start, failure, begun)
        self._figures.end(route.method, PREFIX + route.path, made.status, perf_counter() - begun)
        return self._sent(start, made, request, watch)

    def _served(
        self, route: Route, request: Request, names: Mapping[str, str]
    ) -> tuple[Answer, Stopwatch | None]:
        try:
            return self._edge.served(route, request, names)
        except HTTPException as refused:
            known_as = request_id(self._edge.runtime, request)
            return by_protocol(refused, request.method, known_as), None

    def _sent(self, start: Start, made: Answer, request: Request, watch: Stopwatch | None) -> Iterable[bytes]:
        headers = {**headers_of(made, request_id(self._edge.runtime, request), watch), **self._more}
        if made.pieces is None and made.status not in _BODILESS:
            headers["Content-Length"] = str(len(made.body))
        start(_LINES.get(made.status, f"{made.status} Unknown"), list(headers.items()))
        return [made.body] if made.pieces is None else _Pieces(made)


class _Pieces:
    """A body in pieces; what it is read from is closed once it is sent, or not."""

    def __init__(self, made: Answer) -> None:
        self._made = made

    def __iter__(self) -> Iterator[bytes]:
        return self._made.pieces or iter(())

    def close(self) -> None:
        """WSGI servers call this at the end, however it came about."""
        if self._made.close is not None:
            self._made.close()


def route_of(method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
    """The route that the address leads to, with the names in it; None where Flask has to look closer."""
    if not path.startswith(f"{PREFIX}/") or not path.isascii():
        return None
    parts = path.split("/")[_DEPTH:]
    for route, wanted in _ROUTES.get((method, len(parts)), ()):
        if all(
            given == want if want[:1] != "<" else given for given, want in zip(parts, wanted, strict=True)
        ):
            return route, {w[1:-1]: g for g, w in zip(parts, wanted, strict=True) if w[:1] == "<"}
    return None


_DEPTH = len(PREFIX.split("/"))


def _by_size(routes: Sequence[Route]) -> Mapping[tuple[str, int], Sequence[tuple[Route, Sequence[str]]]]:
    found: dict[tuple[str, int], list[tuple[Route, Sequence[str]]]] = {}
    for route in routes:
        parts = route.path.split("/")[1:]
        found.setdefault((route.method, len(parts)), []).append((route, parts))
    return found


_ROUTES = _by_size(ROUTES)
