"""Refusals as problem+json: the only place where a state of the world becomes a status code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from xrm import errors
from xrm.api.answers import PROBLEM_JSON, Answer
from xrm.errors import Problem, XrmError

BASE = "/api/v1/problems/"
MOST_PROBLEMS = 200

STATUS: Mapping[type[XrmError], int] = MappingProxyType(
    {
        errors.Unreadable: 400,
        errors.NotSignedIn: 401,
        errors.Forbidden: 403,
        errors.NotFound: 404,
        errors.Stale: 412,
        errors.Conflict: 409,
        errors.TooLarge: 413,
        errors.WrongType: 415,
        errors.Invalid: 422,
        errors.MetadataInvalid: 422,
        errors.PlanRefused: 409,
        errors.TooMany: 429,
        errors.Unavailable: 503,
    }
)
HIDDEN = "There is no such record or address, or you may not know of it."
_COMMAND = re.compile(r"commands\[\d+\]")
FAILED = "The program failed. Tell your administrator the request id."


def status_of(error: XrmError) -> int:
    """The status code of a refusal; `facts["status"]` may name a closer one of the same family."""
    stated = error.facts.get("status")
    if isinstance(stated, int):
        return stated
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 422)


def problem(error: XrmError, request_id: str) -> Answer:
    """The answer that tells the caller what stands in the way and what to do."""
    status = status_of(error)
    if status == 404:
        return _answer(status, error.title, error.code, HIDDEN, request_id, _command(error))
    extra: dict[str, object] = {"errors": [said(p) for p in error.problems[:MOST_PROBLEMS]]}
    limit = error.facts.get("limit")
    if limit:
        extra["limit"] = {"name": limit} if isinstance(limit, str) else limit
    made = _answer(status, error.title, error.code, _sentence(error.first), request_id, extra)
    return made.with_headers(**_headers(error, status))


def _command(error: XrmError) -> Mapping[str, Any] | None:
    """Which command of a batch led nowhere: the caller numbered them, so nothing else is told by it."""
    found = _COMMAND.match(error.first.where.path)
    return found and {"errors": [{"path": found.group(), "code": error.code, "message": HIDDEN}]}


def failure(request_id: str) -> Answer:
    """The answer to a request on which the program failed: the facts are in the log, under the request id."""
    return _answer(500, "Failed", "H150", FAILED, request_id)


def plain_refusal(status: int, title: str, code: str, detail: str, request_id: str) -> Answer:
    """A refusal by the protocol itself, such as a wrong method."""
    return _answer(status, title, code, detail, request_id)


def _answer(
    status: int, title: str, code: str, detail: str, request_id: str, extra: Mapping[str, Any] | None = None
) -> Answer:
    body = {
        "type": BASE + code,
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **(extra or {}),
        "request_id": request_id,
    }
    return Answer(status, orjson.dumps(body), {}, PROBLEM_JSON)


def said(problem: Problem) -> dict[str, Any]:
    """One problem as it stands in the list of a refusal; where the path is in a file, `place` is what it is about."""
    where = problem.where
    found: dict[str, Any] = {"path": str(where), "code": problem.code, "message": problem.message}
    if where.file and where.path:
        found["place"] = where.path
    if problem.hint:
        found["hint"] = problem.hint
    if problem.records:
        found["records"] = [about._asdict() for about in problem.records]
    return found


def _sentence(problem: Problem) -> str:
    """Message and hint as sentences, which some messages are not: they stand alone elsewhere."""
    message = problem.message
    ends = not message or message.endswith((".", "!", "?", ":"))
    return f"{message if ends else f'{message}.'} {problem.hint}".strip()


def _headers(error: XrmError, status: int) -> dict[str, str]:
    headers = {}
    if status in (429, 503, 507) or "retry_after" in error.facts:
        headers["Retry_After"] = str(error.facts.get("retry_after") or 1)
    if status == 401:
        headers["WWW_Authenticate"] = 'Bearer realm="xrm"'
    return headers
