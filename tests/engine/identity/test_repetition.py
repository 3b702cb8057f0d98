"""What an idempotency key remembers when two requests come with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from xrm.engine.identity.repetition import Asked, Kept, Repetition
from xrm.engine.storage.database import Database
from xrm.engine.storage.ledger import LEDGER
from xrm.engine.world import World, fixed_world

ANA = UUID(int=1)
FIRST, SECOND = Asked(ANA, "key", "one"), Asked(ANA, "key", "two")


@pytest.fixture
def world() -> World:
    return fixed_world(datetime(2026, 5, 15, 9, tzinfo=UTC))


@pytest.fixture
def repetition(database_url: str, world: World) -> Iterator[Repetition]:
    database = Database(database_url)
    with database.write() as unit:
        LEDGER.create_all(unit.connection)
    yield Repetition(database, world, 24)
    database.close()


def kept(asked: Asked, body: bytes) -> Kept:
    return Kept(asked.digest, 201, {}, body)


def remembered(repetition: Repetition) -> tuple[str, bytes] | None:
    found = repetition.find(FIRST)
    return None if found is None else (found.digest, found.body)


def test_the_answer_of_another_request_does_not_take_the_place_of_the_first(repetition: Repetition) -> None:
    repetition.settle(FIRST, kept(FIRST, b"first"))
    repetition.settle(SECOND, kept(SECOND, b"second"))
    assert remembered(repetition) == ("one", b"first")


def test_a_key_past_its_time_is_free_for_another_request(repetition: Repetition, world: World) -> None:
    repetition.settle(FIRST, kept(FIRST, b"first"))
    world.clock.advance(timedelta(hours=25))
    repetition.settle(SECOND, kept(SECOND, b"second"))
    assert remembered(repetition) == ("two", b"second")
