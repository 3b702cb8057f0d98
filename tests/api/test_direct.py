"""The API is served before Flask where a request is plain, and by Flask where not; nobody can tell which."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.api.caller import Caller
from tests.api.conftest import an_app
from tests.api.fakes import FakeRuntime
from xrm.api import create_api, edge_of, install_errors
from xrm.api.direct import route_of
from xrm.api.edge import PREFIX
from xrm.api.routes import ROUTES

OF_THE_REQUEST = ("X-Request-Id", "Server-Timing")


@pytest.fixture
def by_flask(api: Caller, fake: FakeRuntime) -> Caller:
    """The same caller before an application that is Flask and nothing else."""
    app = Flask("test", static_folder=None)
    app.register_blueprint(create_api(edge_of(fake)))
    install_errors(app, fake)
    return Caller(app, api.headers)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
def test_every_route_is_found_by_its_address_and_gives_its_names(route):
    path = re.sub(r"<(\w+)>", r"the-\1", f"{PREFIX}{route.path}")
    names = re.findall(r"<(\w+)>", route.path)
    assert route_of(route.method, path) == (route, {name: f"the-{name}" for name in names})


@pytest.mark.parametrize(
    "path",
    ["", "/", "/api/v1", "/api/v1/", "/api/v2/me", "/api/v1/records/", "/api/v1/records/note/", "/r/note"],
)
def test_an_address_that_leads_nowhere_is_left_to_others(path):
    assert route_of("GET", path) is None


ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a list": ("GET", "/records/note", {}),
    "groups of nothing": ("GET", "/records/note?group=nothing", {}),
    "who": ("GET", "/me", {}),
    "no such record": ("GET", "/records/note/01936b2c-7d3e-7000-8000-000000000001", {}),
    "no such address": ("GET", "/nothing", {}),
    "a wrong method": ("PUT", "/me", {}),
    "the head alone": ("HEAD", "/me", {}),
    "a stranger": ("GET", "/me", {"headers": {"Authorization": "Bearer no"}}),
    "a parameter with blanks": ("GET", "/me?a=&b", {}),
    "a parameter that is not UTF-8": ("GET", "/me?a=%ff", {}),
    "a NUL": ("GET", "/me?a=%00", {}),
    "no JSON": ("POST", "/records/note", {"data": b"{", "content_type": "application/json"}),
    "another type": ("POST", "/records/note", {"data": b"{}", "content_type": "text/plain"}),
    "a body that is too large": ("POST", "/records/note", {"data": b"x" * 20_000_000}),
    "letters beyond ASCII": ("GET", "/records/nöte", {}),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_both_give_the_same_answer(api: Caller, by_flask: Caller, asked):
    method, path, more = asked
    direct, flask = (told(caller(method, path, **more)) for caller in (api, by_flask))
    assert direct == flask


def test_a_held_answer_is_not_sent_again_by_either(api: Caller, by_flask: Caller):
    tag = api("GET", "/me").headers["ETag"]
    direct, flask = (told(c("GET", "/me", headers={"If-None-Match": tag})) for c in (api, by_flask))
    assert direct == flask
    assert direct[0] == 304


@pytest.mark.parametrize("path", ["/me", "/nothing", "/records/nöte"])
@pytest.mark.parametrize(
    ("address", "stated"),
    [("https://xrm.example", "max-age=31536000; includeSubDomains"), ("http://xrm.example", None)],
)
def test_only_an_installation_by_https_asks_browsers_to_stay_with_it(
    fake: FakeRuntime, path: str, address: str, stated: str | None
) -> None:
    caller = Caller(an_app(fake.with_settings(base_url=address)), {})
    assert caller("GET", path).headers.get("Strict-Transport-Security") == stated


def told(answer: TestResponse) -> tuple[int, dict[str, str], str]:
    """Status, headers and body, without what belongs to one request."""
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_REQUEST}
    body = answer.get_data(as_text=True).replace(answer.headers["X-Request-Id"], "ID")
    return answer.status_code, headers, body
