"""An API over a runtime, and callers with tokens and sessions of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.caller import Caller
from tests.api.fakes import FakeRuntime
from tests.api.library import Library, PostgresLibrary, SqliteLibrary
from xrm.app import without_pages
from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.storage.database import Database
from xrm.engine.storage.ledger import INSTALLATION, LEDGER
from xrm.engine.world import fixed_world
from xrm.settings import Settings

KEY = "a key of a test that is long enough to be one"
PASSWORD = "correct horse battery"
SYSTEM = Actor(UUID(int=1), "installer", frozenset({ADMINISTRATOR}), door="cli", is_system=True)


def an_app(runtime: Any) -> Flask:
    """The API alone, as the composition root mounts it."""
    return without_pages(runtime)


@pytest.fixture
def fake(sqlite_url: str) -> Iterator[FakeRuntime]:
    world = fixed_world(datetime(2026, 5, 15, 9, tzinfo=UTC))
    database = Database(sqlite_url)
    with database.write() as unit:
        LEDGER.create_all(unit.connection)
        row = {
            "id": 1,
            "uuid": world.new_id(),
            "created_at": world.now(),
            "model": 1,
            "rights": 1,
            "sessions": 1,
        }
        unit.execute(INSTALLATION.insert(), row)
    yield FakeRuntime(database, world, Settings(secret_key=KEY, password_memory=8, metrics_token="m" * 40))
    database.close()


@pytest.fixture
def ana(fake: FakeRuntime) -> UUID:
    return fake.identity.people.create_user(
        SYSTEM, email="ana@iron.example", name="Ana", password=PASSWORD, roles=[ADMINISTRATOR]
    )


@pytest.fixture
def api(fake: FakeRuntime, ana: UUID) -> Caller:
    """Ana with her token."""
    token = fake.identity.create_token(fake.identity.actor(ana, door="api"), "test")
    return Caller(an_app(fake), {"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="session")
def libraries(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Library]]:
    """A library on each database, installed once; asking for it puts it back to its beginning."""
    kept: dict[str, SqliteLibrary | PostgresLibrary] = {}

    def library(kind: str) -> Library:
        if kind not in kept:
            folder = tmp_path_factory.mktemp(kind)
            if kind == "sqlite":
                kept[kind] = SqliteLibrary(folder)
            else:
                kept[kind] = PostgresLibrary(request.getfixturevalue("postgres_cluster"), folder)
        return kept[kind].restored()

    yield library
    for one in kept.values():
        one.library.runtime.close()
