"""An API over a runtime, and callers with tokens and sessions of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.api.fakes import FakeRuntime
from xrm.api import create_api, create_health, install_errors
from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.storage.database import Database
from xrm.engine.storage.ledger import INSTALLATION, LEDGER
from xrm.engine.world import fixed_world
from xrm.settings import Settings

KEY = "a key of a test that is long enough to be one"
PASSWORD = "correct horse battery"
SYSTEM = Actor(UUID(int=1), "installer", frozenset({ADMINISTRATOR}), door="cli", is_system=True)


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API with headers of their own."""

    app: Flask
    headers: dict[str, str]

    def __call__(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.app.test_client(use_cookies=False).open(
            f"/api/v1{path}", method=method, headers=headers, **more
        )


def an_app(runtime: Any) -> Flask:
    """The API alone, as the composition root mounts it."""
    app = Flask("test", static_folder=None)
    app.register_blueprint(create_health(runtime))
    app.register_blueprint(create_api(runtime))
    install_errors(app, runtime)
    return app


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
