"""An installation without packs: the engine's own tables, a fixed world and one administrator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity import Identity
from xrm.engine.storage.database import Database
from xrm.engine.storage.ledger import INSTALLATION, LEDGER
from xrm.engine.world import World, fixed_world
from xrm.settings import Limits, Settings

KEY = "a key of a test that is long enough to be one"
SETTINGS = Settings(secret_key=KEY, password_memory=8, limits=Limits(sign_in_attempts=3))
PASSWORD = "correct horse battery"
SYSTEM = Actor(UUID(int=1), "installer", frozenset({ADMINISTRATOR}), door="cli", is_system=True)


@pytest.fixture
def world() -> World:
    return fixed_world(datetime(2026, 5, 15, 9, tzinfo=UTC))


@pytest.fixture
def database(database_url: str, world: World) -> Iterator[Database]:
    made = Database(database_url)
    with made.write() as unit:
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
    yield made
    made.close()


@pytest.fixture
def identity(database: Database, world: World) -> Identity:
    return Identity(database, world, SETTINGS)


@pytest.fixture
def other_process(database: Database, world: World) -> Identity:
    """The same installation as another process serves it, with a memory of its own."""
    return Identity(database, world, SETTINGS)


@pytest.fixture
def helena(identity: Identity) -> UUID:
    return identity.people.create_user(
        SYSTEM, email="helena@iron.example", name="Helena", password=PASSWORD, roles=["handler", "reader"]
    )
