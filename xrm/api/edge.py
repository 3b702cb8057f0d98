"""Where HTTP ends: a request becomes a `Call`, an `Answer` or a refusal becomes a response."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, cast

from flask import Response, g, request

from xrm.api.answers import Answer, is_current
from xrm.api.call import Call, Stopwatch
from xrm.api.codes import over, unreadable
from xrm.api.idempotency import HEADER as KEY
from xrm.api.idempotency import answered_once, once_of
from xrm.api.problems import problem
from xrm.api.routes import Route
from xrm.engine.commands import Actor
from xrm.engine.identity import CSRF_HEADER, SESSION_COOKIE
from xrm.engine.identity.repetition import Repetition
from xrm.errors import Forbidden, NotSignedIn, Problem, XrmError

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime
    from xrm.engine.storage.stamp import Stamp

PREFIX = "/api/v1"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_BEARER = "bearer "
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization, Cookie",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def view(runtime: Runtime, repetition: Repetition, route: Route) -> Callable[..., Response]:
    """The Flask view of a route; every refusal leaves it as problem+json."""

    def run(**names: str) -> Response:
        watch = Stopwatch()
        try:
            made = _answered(_open(runtime, watch, route), repetition, route, names)
        except XrmError as error:
            made = problem(error, request_id(runtime))
        return response(made, request_id(runtime), watch)

    return run


def _answered(call: Call, repetition: Repetition, route: Route, names: Mapping[str, str]) -> Answer:
    call.watch.mark("door")
    once = once_of(call, repetition) if route.method == "POST" else None
    made = answered_once(once, lambda: route.handle(replace(call, once=once), **names))
    call.watch.mark("work")
    if route.method == "GET" and is_current(made, request.headers.get("If-None-Match", "")):
        if made.close is not None:
            made.close()
        return Answer(304, headers={"ETag": made.etag})
    return made


def _open(runtime: Runtime, watch: Stopwatch, route: Route) -> Call:
    limits = runtime.settings.limits
    request.max_content_length = limits.file_bytes if route.takes_file else limits.body_bytes
    params = request.args.to_dict(flat=False)
    if "%00" in request.environ.get("QUERY_STRING", ""):
        raise unreadable("H104", "A parameter holds a NUL character.", "Remove it.")
    snapshot, stamp = runtime.look()
    actor = caller(runtime, stamp)
    runtime.identity.begin_request(actor)
    return Call(
        runtime=runtime,
        snapshot=snapshot,
        actor=actor,
        address=request.full_path,
        params=params,
        headers=request.headers,
        read=_body(runtime),
        stream=_stream(runtime),
        watch=watch,
    )


def _body(runtime: Runtime) -> Callable[[], bytes]:
    def read() -> bytes:
        if (request.content_length or 0) > runtime.settings.limits.body_bytes:
            raise over(runtime.settings.limits, "body_bytes")
        return request.get_data(cache=True)

    return read


def _stream(runtime: Runtime) -> Callable[[], BinaryIO]:
    """The body as it comes in; one that a key stands for was read before, to be known again."""

    def stream() -> BinaryIO:
        if (request.content_length or 0) > runtime.settings.limits.file_bytes:
            raise over(runtime.settings.limits, "file_bytes")
        if KEY in request.headers:
            return BytesIO(request.get_data(cache=True))
        return cast(BinaryIO, request.stream)

    return stream


def caller(runtime: Runtime, stamp: Stamp) -> Actor:
    """Who asks; a token wins over a cookie, and a cookie counts only with its CSRF header."""
    header = request.headers.get("Authorization", "")
    if header[: len(_BEARER)].lower() == _BEARER:
        return runtime.identity.resolve_token(header[len(_BEARER) :].strip(), stamp=stamp)
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if header or not cookie:
        hint = "Send Authorization: Bearer and a token."
        raise NotSignedIn(Problem("A101", "You are not signed in.", hint))
    actor = runtime.identity.resolve_session(cookie, door="api", stamp=stamp)
    _check_csrf(runtime, cookie)
    return actor


def _check_csrf(runtime: Runtime, cookie: str) -> None:
    if not runtime.identity.is_csrf(cookie, request.headers.get(CSRF_HEADER, "")):
        hint = f"Send the header {CSRF_HEADER}, or use a token."
        raise Forbidden(Problem("A131", "A session cookie counts only with its CSRF header.", hint))


def request_id(runtime: Runtime) -> str:
    """The id of this request: the caller's own if it is plain, else a new one."""
    known = g.get("request_id")
    if known is None:
        stated = request.headers.get("X-Request-Id", "")
        known = g.request_id = stated if _REQUEST_ID.match(stated) else str(runtime.world.new_id())
    return str(known)


def response(answer: Answer, known_as: str, watch: Stopwatch | None = None) -> Response:
    """The answer as Flask sends it: with its request id, and closed to everything that it does not need."""
    headers = {**HEADERS, "X-Request-Id": known_as, **answer.headers}
    content = answer.body if answer.pieces is None else answer.pieces
    if content:
        headers["Content-Type"] = answer.media_type
    if answer.status >= 400:
        headers["Cache-Control"] = "no-store"
    if watch:
        headers["Server-Timing"] = watch.header()
    made = Response(content, answer.status, list(headers.items()))
    if answer.close is not None:
        made.call_on_close(answer.close)
    if not content:
        made.headers.pop("Content-Type", None)
    return made
