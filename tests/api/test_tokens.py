"""One's own API tokens, over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.api.caller import Caller
from tests.api.library import Library
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


def by(library: Library, token: str) -> Caller:
    return Caller(library.app, {"Authorization": f"Bearer {token}"})


def new(caller: Caller, **asked: Any) -> dict[str, Any]:
    got = caller("POST", "/me/tokens", json={"name": "nightly", **asked})
    assert got.status_code == 201, got.text
    return dict(got.get_json())


def roles(caller: Caller) -> list[str]:
    return [role["name"] for role in caller("GET", "/me").get_json()["roles"]]


def test_a_token_is_shown_once_works_and_is_revoked(library: Library) -> None:
    lena = library.librarian
    got = lena("POST", "/me/tokens", json={"name": "nightly"})
    assert (got.status_code, got.headers["Cache-Control"]) == (201, "no-store")
    made = got.get_json()
    secret = made.pop("token")
    assert secret.startswith(made["prefix"])
    listed = lena("GET", "/me/tokens")
    assert made in listed.get_json()["data"]
    assert secret not in listed.text
    nightly = by(library, secret)
    assert nightly("GET", "/records/book").status_code == 200
    assert nightly("DELETE", f"/me/tokens/{made['id']}").status_code == 204
    assert nightly("GET", "/records/book").status_code == 401
    (kept,) = [t for t in lena("GET", "/me/tokens").get_json()["data"] if t["id"] == made["id"]]
    assert kept["revoked_at"]


def test_a_token_is_narrowed_to_some_of_the_roles_and_never_to_others(library: Library) -> None:
    lena = library.librarian
    narrow = new(lena, roles=["caller"])
    assert narrow["roles"] == ["caller"]
    caller = by(library, narrow["token"])
    assert roles(caller) == ["caller"]
    assert caller("GET", "/records/book").status_code == 404
    refused = lena("POST", "/me/tokens", json={"name": "x", "roles": ["system_admin"]})
    assert (refused.status_code, refused.get_json()["errors"][0]["path"]) == (403, "roles")


def test_a_narrowed_token_makes_no_wider_one(library: Library) -> None:
    narrow = by(library, new(library.librarian, roles=["caller"])["token"])
    child = new(narrow)
    assert child["roles"] == ["caller"]
    assert roles(by(library, child["token"])) == ["caller"]
    assert narrow("POST", "/me/tokens", json={"name": "x", "roles": ["librarian"]}).status_code == 403


def test_a_token_narrowed_to_all_of_the_roles_makes_none_that_gets_the_roles_of_later(
    library: Library,
) -> None:
    lena = library.librarian
    narrow = by(library, new(lena, roles=["librarian", "caller"])["token"])
    child = by(library, new(narrow)["token"])
    user = library.runtime.directory.user("lena@example.com")
    library.runtime.identity.people.assign_roles(
        library.runtime.installer, user, ["librarian", "caller", "system_admin"]
    )
    assert "system_admin" in roles(lena)
    assert [sorted(roles(token)) for token in (narrow, child)] == [["caller", "librarian"]] * 2


def test_a_token_ends_when_it_was_told_and_makes_none_that_lasts_longer(library: Library) -> None:
    now = library.runtime.world.now()
    until = (now + timedelta(days=1)).isoformat()
    short = new(library.librarian, expires_at=until)
    caller = by(library, short["token"])
    child = new(caller)
    assert child["expires_at"] == short["expires_at"]
    later = (now + timedelta(days=2)).isoformat()
    refused = caller("POST", "/me/tokens", json={"name": "x", "expires_at": later})
    assert refused.status_code == 422
    library.runtime.world.clock.advance(timedelta(days=1))
    try:
        assert {caller("GET", "/me").status_code, by(library, child["token"])("GET", "/me").status_code} == {
            401
        }
    finally:
        library.runtime.world.clock.advance(timedelta(days=-1))


def test_the_tokens_of_others_are_not_there(library: Library) -> None:
    made = new(library.librarian)
    vera = library.visitor
    assert made["id"] not in vera("GET", "/me/tokens").text
    assert vera("DELETE", f"/me/tokens/{made['id']}").status_code == 404
    assert by(library, made["token"])("GET", "/me").status_code == 200


def test_a_repeated_request_makes_one_token_and_tells_its_secret_once(library: Library) -> None:
    lena = library.librarian

    def ask() -> dict[str, Any]:
        got = lena("POST", "/me/tokens", json={"name": "n"}, headers={"Idempotency-Key": "once"})
        assert got.status_code == 201
        return dict(got.get_json())

    first, again = ask(), ask()
    assert first["token"]
    assert again == {**first, "token": None}


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({}, 422, "name"),
        ({"name": "x", "roles": "caller"}, 400, "roles"),
        ({"name": "x", "expires_at": "tomorrow"}, 422, "expires_at"),
        ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, 422, "expires_at"),
        ({"name": "x", "user": "someone"}, 400, "user"),
    ],
)
def test_what_is_no_token_is_refused_at_its_place(
    library: Library, body: dict[str, Any], status: int, path: str
) -> None:
    got = library.librarian("POST", "/me/tokens", json=body)
    assert (got.status_code, got.get_json()["errors"][0]["path"]) == (status, path)
