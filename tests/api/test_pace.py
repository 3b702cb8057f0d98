"""The published limit of requests of one user in a minute, over the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.api.caller import Caller
from tests.api.conftest import SYSTEM, an_app
from tests.api.fakes import FakeRuntime
from xrm.settings import Limits

MOST = 3


@pytest.fixture
def paced(fake: FakeRuntime) -> FakeRuntime:
    """The same installation, where three requests a minute are many."""
    return fake.with_settings(limits=replace(Limits(), requests_per_minute=MOST))


def caller(runtime: FakeRuntime, user: UUID) -> Caller:
    token = runtime.identity.create_token(runtime.identity.actor(user, door="api"), "test")
    return Caller(an_app(runtime), {"Authorization": f"Bearer {token}"})


def test_one_request_more_than_the_limit_is_told_when_to_go_on(paced: FakeRuntime, ana: UUID) -> None:
    api = caller(paced, ana)
    paced.world.clock.advance(timedelta(seconds=20))
    assert [api("GET", "/records/note").status_code for _ in range(MOST)] == [200] * MOST
    got = api("GET", "/records/note")
    assert (got.status_code, got.headers["Retry-After"]) == (429, "40")
    body = got.get_json()
    assert (body["code"], body["errors"][0]["code"]) == ("A129", "L137")
    assert body["limit"] == {"name": "requests_per_minute"}
    assert "40 seconds" in body["detail"]


def test_after_the_time_that_was_told_requests_are_answered_again(paced: FakeRuntime, ana: UUID) -> None:
    api = caller(paced, ana)
    for _ in range(MOST):
        api("GET", "/records/note")
    wait = int(api("GET", "/records/note").headers["Retry-After"])
    paced.world.clock.advance(timedelta(seconds=wait - 1))
    assert api("GET", "/records/note").status_code == 429
    paced.world.clock.advance(timedelta(seconds=1))
    assert api("GET", "/records/note").status_code == 200


def test_another_token_of_the_same_user_counts_with_it_and_other_users_do_not(
    paced: FakeRuntime, ana: UUID
) -> None:
    first, second = caller(paced, ana), caller(paced, ana)
    ben = paced.identity.people.create_user(
        SYSTEM, email="ben@iron.example", name="Ben", roles=["system_admin"]
    )
    for _ in range(MOST):
        first("GET", "/records/note")
    assert second("GET", "/records/note").status_code == 429
    assert caller(paced, ben)("GET", "/records/note").status_code == 200


def test_a_refused_request_does_nothing(paced: FakeRuntime, ana: UUID) -> None:
    api = caller(paced, ana)
    for _ in range(MOST):
        api("GET", "/records/note")
    assert api("POST", "/records/note", json={"text": "one too many"}).status_code == 429
    assert paced.store.done == []


def test_whoever_is_not_known_is_not_counted(paced: FakeRuntime, ana: UUID) -> None:
    stranger = Caller(an_app(paced), {"Authorization": "Bearer xrm_nothing"})
    assert {stranger("GET", "/records/note").status_code for _ in range(MOST + 2)} == {401}
