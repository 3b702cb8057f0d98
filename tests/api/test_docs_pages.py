"""The reference pages: for people who are signed in, with what they may know."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.caller import Caller
from tests.api.library import Library
from xrm.engine.identity import SESSION_COOKIE
from xrm.testing import an_actor

PASSWORD = "correct horse battery"


@pytest.fixture
def library(libraries: Callable[[str], Library]) -> Library:
    return libraries("sqlite")


def visitor(library: Library) -> Caller:
    """Vera in a browser."""
    actor = an_actor(library.runtime, "Vera", ["visitor"])
    library.runtime.identity.people.set_password(library.runtime.installer, actor.id, PASSWORD)
    session = library.runtime.identity.sign_in("vera@example.com", PASSWORD)
    return Caller(library.app, {"Cookie": f"{SESSION_COOKIE}={session.token}", "Accept": "text/html"})


def test_the_overview_leads_to_what_the_caller_may_know(library):
    got = visitor(library)("GET", "/docs")
    assert got.status_code == 200
    assert "/api/v1/docs/book" in got.text
    assert "/api/v1/docs/shelf" not in got.text


def test_the_page_of_an_entity_has_fields_calls_and_a_try_it_form(library):
    got = visitor(library)("GET", "/docs/book")
    assert got.status_code == 200
    assert "isbn" in got.text
    assert "price" not in got.text
    assert 'data-path="/api/v1/records/book/{id}"' in got.text
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]


def test_the_page_of_a_hidden_entity_does_not_exist(library):
    caller = visitor(library)
    assert caller("GET", "/docs/shelf").status_code == 404
    assert caller("GET", "/docs/nothing").status_code == 404


def test_swagger_ui_runs_under_rules_of_its_own(library):
    got = visitor(library)("GET", "/docs/swagger")
    assert got.status_code == 200
    assert 'data-url="/api/v1/openapi.json"' in got.text
    assert "style-src 'self' 'unsafe-inline'" in got.headers["Content-Security-Policy"]
    assert "script-src 'self';" in got.headers["Content-Security-Policy"]


def test_who_is_not_signed_in_is_led_to_the_sign_in(library):
    got = Caller(library.app, {})("GET", "/docs/book")
    assert got.status_code == 303
    assert got.headers["Location"].startswith("/login?next=")
