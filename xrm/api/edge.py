"""Where HTTP ends: a request becomes a `Call`, an `Answer` or a refusal becomes a status and headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import parse_qsl

from flask import Response
from flask import request as flask_request
from werkzeug.wrappers import Request

from xrm import correlation
from xrm.api.answers import Answer, is_current
from xrm.api.call import Call, Stopwatch
from xrm.api.codes import endless, over, unreadable
from xrm.api.former import FormerUse
from xrm.api.idempotency import HEADER as KEY
from xrm.api.idempotency import answered_once, once_of
from xrm.api.jobs import begun
from xrm.api.problems import problem
from xrm.api.routes import Route
from xrm.engine.commands import Actor
from xrm.engine.identity import CSRF_HEADER, SESSION_COOKIE
from xrm.engine.identity.repetition import Repetition
from xrm.engine.packs import done_again
from xrm.errors import Forbidden, NotSignedIn, Problem, XrmError

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime
    from xrm.engine.storage.stamp import Stamp

PREFIX = "/api/v1"
IN_MEMORY = 1 << 20
_BEARER = "bearer "
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization, Cookie",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class Edge:
    """What answers the API's requests, whoever found their route."""

    runtime: Runtime
    repetition: Repetition

    def served(self, route: Route, request: Request, names: Mapping[str, str]) -> tuple[Answer, Stopwatch]:
        """The answer of the route, or the refusal as problem+json; and how long its parts took."""
        watch = Stopwatch()

        def once() -> Answer:
            with ExitStack() as held:
                return self._answered(self._open(watch, route, request, held), route, request, names)

        try:
            made = done_again(once) if route.method == "GET" else once()
        except XrmError as error:
            made = problem(error, request_id(self.runtime, request))
        return made, watch

    def _answered(self, call: Call, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        call.watch.mark("door")
        once = once_of(call, self.repetition, takes_file=route.takes_file) if route.method == "POST" else None
        named = call if once is None else replace(call, once=once)
        present = present_names(call, names)
        made = answered_once(once, lambda: route.handle(named, **present), lambda job: begun(named, job))
        made = told_of_former_names(call, made)
        self.runtime.usage.note_roles(call.actor.roles)
        call.watch.mark("work")
        if route.method == "GET" and is_current(made, request.headers.get("If-None-Match", "")):
            if made.close is not None:
                made.close()
            return Answer(304, headers={"ETag": made.etag})
        return made

    def _open(self, watch: Stopwatch, route: Route, request: Request, held: ExitStack) -> Call:
        limits = self.runtime.settings.limits
        # One more, so that a body without a length shows that it is too long instead of ending at the limit.
        request.max_content_length = (limits.file_bytes if route.takes_file else limits.body_bytes) + 1
        query = request.query_string.decode()
        if "%00" in query:
            raise unreadable("H104", "A parameter holds a NUL character.", "Remove it.")
        snapshot, stamp = self.runtime.look()
        actor = caller(self.runtime, stamp, request)
        self.runtime.identity.begin_request(actor)
        return Call(
            runtime=self.runtime,
            snapshot=snapshot,
            actor=actor,
            address=f"{request.path}?{query}",
            params=_params(query),
            headers=request.headers,
            read=_body(self.runtime, request),
            stream=_stream(self.runtime, request, held),
            watch=watch,
            former=FormerUse(snapshot, actor),
        )


def present_names(call: Call, names: Mapping[str, str]) -> Mapping[str, str]:
    """The names in an address, the former ones among them as they are now."""
    if not call.snapshot.model.former or "entity" not in names:
        return names
    entity = call.former.entity(names["entity"])
    side = {name: call.former.member(entity, names[name]) for name in ("relationship",) if name in names}
    return {**names, "entity": entity, **side}


def told_of_former_names(call: Call, made: Answer) -> Answer:
    """The answer, which tells of the former names that the request said; each is counted."""
    said = call.former.said
    if said:
        call.runtime.usage.note_former(call.snapshot.numbers, said)
    return call.former.told(made)


def view(edge: Edge, route: Route) -> Callable[..., Response]:
    """The Flask view of a route; every refusal leaves it as problem+json."""

    def run(**names: str) -> Response:
        made, watch = edge.served(route, flask_request, names)
        return response(made, request_id(edge.runtime, flask_request), watch)

    return run


def _params(query: str) -> dict[str, list[str]]:
    params: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote"):
        params.setdefault(name, []).append(value)
    return params


def _body(runtime: Runtime, request: Request) -> Callable[[], bytes]:
    def read() -> bytes:
        most = runtime.settings.limits.body_bytes
        if (request.content_length or 0) > most or len(data := request.get_data(cache=True)) > most:
            raise over(runtime.settings.limits, "body_bytes")
        return data

    return read


def _stream(runtime: Runtime, request: Request, held: ExitStack) -> Callable[[], BinaryIO]:
    """The body as it comes in; where a key stands for it, from its beginning each time."""

    def stream() -> BinaryIO:
        if request.content_length is None and request.stream.read(1):
            raise endless()
        if (request.content_length or 0) > runtime.settings.limits.file_bytes:
            raise over(runtime.settings.limits, "file_bytes")
        return cast(BinaryIO, request.stream)

    @cache
    def laid_down() -> BinaryIO:
        copy = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (`held` closes it)
        held.enter_context(copy)
        copyfileobj(stream(), copy)
        return cast(BinaryIO, copy)

    def again() -> BinaryIO:
        laid_down().seek(0)
        return laid_down()

    return again if KEY in request.headers else stream


def caller(runtime: Runtime, stamp: Stamp, request: Request) -> Actor:
    """Who asks; a token wins over a cookie, and a cookie counts only with its CSRF header."""
    header = request.headers.get("Authorization", "")
    if header[: len(_BEARER)].lower() == _BEARER:
        return runtime.identity.resolve_token(header[len(_BEARER) :].strip(), stamp=stamp)
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if header or not cookie:
        hint = "Send Authorization: Bearer and a token."
        raise NotSignedIn(Problem("A101", "You are not signed in.", hint))
    actor = runtime.identity.resolve_session(cookie, door="api", stamp=stamp)
    _check_csrf(runtime, cookie, request)
    return actor


def _check_csrf(runtime: Runtime, cookie: str, request: Request) -> None:
    if not runtime.identity.is_csrf(cookie, request.headers.get(CSRF_HEADER, "")):
        hint = f"Send the header {CSRF_HEADER}, or use a token."
        raise Forbidden(Problem("A131", "A session cookie counts only with its CSRF header.", hint))


def request_id(runtime: Runtime, request: Request) -> str:
    """The id of this request, the same at every door."""
    return correlation.request_id(request.environ, runtime.world.new_id)


def headers_of(answer: Answer, known_as: str, watch: Stopwatch | None = None) -> dict[str, str]:
    """The headers of the answer: with its request id, and closed to everything that it does not need."""
    headers = {**HEADERS, "X-Request-Id": known_as, **answer.headers}
    if answer.body or answer.pieces is not None:
        headers["Content-Type"] = answer.media_type
    if answer.status >= 400:
        headers["Cache-Control"] = "no-store"
    if watch:
        headers["Server-Timing"] = watch.header()
    return headers


def response(answer: Answer, known_as: str, watch: Stopwatch | None = None) -> Response:
    """The answer as Flask sends it."""
    content = answer.body if answer.pieces is None else answer.pieces
    made = Response(content, answer.status, list(headers_of(answer, known_as, watch).items()))
    if answer.close is not None:
        made.call_on_close(answer.close)
    if not content:
        made.headers.pop("Content-Type", None)
    return made
