"""An installation without packs whose jobs run at the commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity import Identity
from xrm.engine.jobs import Context, InlineRunner, Job, Jobs
from xrm.engine.storage.apply import prepare_installation
from xrm.engine.storage.database import Database
from xrm.engine.world import FixedClock, World, fixed_world
from xrm.settings import Settings

NOON = datetime(2026, 5, 15, 12, tzinfo=UTC)
SETTINGS = Settings(secret_key="a key of a test that is long enough to be one", password_memory=8)
SYSTEM = Actor(UUID(int=1), "installer", frozenset({ADMINISTRATOR}), door="cli", is_system=True)


@dataclass
class Office:
    """Jobs with a runner that performs at the commit, and a kind `note` that writes down what it got."""

    database: Database
    world: World
    identity: Identity
    runner: InlineRunner
    jobs: Jobs
    notes: list[Context] = field(default_factory=list)

    def person(self, name: str = "ana", roles: tuple[str, ...] = ("seller",)) -> Actor:
        """A user with these roles."""
        user = self.identity.people.create_user(
            SYSTEM,
            email=f"{name}@iron.example",
            name=name,
            password="correct horse battery",
            roles=list(roles),
        )
        return self.identity.actor(user, door="api")

    def note(self, context: Context) -> dict[str, object]:
        """The handler of the kind `note`."""
        self.notes.append(context)
        return {"notes": len(self.notes)}

    def status(self, job: UUID) -> Job:
        """The job as an administrator sees it."""
        return self.jobs.status(SYSTEM, job)

    @property
    def clock(self) -> FixedClock:
        """The clock of this world."""
        assert isinstance(self.world.clock, FixedClock)
        return self.world.clock


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    world, database = fixed_world(NOON), Database(database_url)
    prepare_installation(database, world)
    identity, runner = Identity(database, world, SETTINGS), InlineRunner(world)
    made = Office(database, world, identity, runner, Jobs(database, world, identity, runner))
    made.jobs.register("note", made.note)
    yield made
    database.close()
