"""Where scenarios are played: an installation of the packs in a temporary folder, empty again for each of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.jobs import InlineRunner
from xrm.engine.runtime.service import Runtime, open_runtime
from xrm.engine.runtime.snapshot import Snapshot
from xrm.engine.scenarios import run_scenario
from xrm.engine.world import FixedClock, Ids, SeededRandom, World
from xrm.errors import Problem
from xrm.metadata.definitions import Definitions
from xrm.metadata.renewal import renewed
from xrm.metadata.scenarios import NOON, Scenario, scenario_of
from xrm.metadata.sources import Layer, PackSource
from xrm.settings import Settings

KEY = "rehearsal" * 4
FILE, EMPTY = "xrm.db", "empty.db"
DOMAIN = "example.com"


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario that was run, and what came out otherwise than it says."""

    scenario: Scenario
    problems: tuple[Problem, ...]


def play(definitions: Definitions, sources: Sequence[PackSource], names: Iterable[str]) -> Iterator[Played]:
    """Every scenario of the packs of these names is run where these packs are installed; raises MetadataInvalid."""
    wanted = set(names)
    read = renewed([definitions.read(source) for source in sources]).packs
    docs = [doc for pack in read if pack.name in wanted for doc in pack.docs if doc.kind == "scenario"]
    definitions.resolve(sources)  # a scenario is run only where all that packs say is sound
    if not docs:
        return
    with stage_of(sources) as stage:
        for scenario in map(scenario_of, docs):
            stage.empty()
            yield Played(scenario, run_scenario(stage, scenario))


@contextmanager
def stage_of(sources: Sequence[PackSource]) -> Iterator[Rehearsal]:
    """The packs are installed in a place of their own, which is gone afterwards."""
    with TemporaryDirectory(prefix="xrm-scenarios-", ignore_cleanup_errors=True) as folder:
        stage = _open(Path(folder), sources)
        try:
            yield stage
        finally:
            stage.runtime.close()


def _open(folder: Path, sources: Sequence[PackSource]) -> Rehearsal:
    clock, source = FixedClock(NOON), SeededRandom(0)
    world = World(clock, Ids(lambda: int(clock.now().timestamp() * 1000), source.bytes), source)
    settings = Settings(
        data=folder, database_url=f"sqlite:///{folder / FILE}", secret_key=KEY,
        base_url="http://127.0.0.1:8000", password_memory=1024,
    )  # fmt: skip
    runtime = open_runtime(settings, world=world, runner=lambda database, there: InlineRunner(there))
    stage = Rehearsal(runtime, clock, folder)
    runtime.packs.install([s for s in sources if s.layer is Layer.PACK], runtime.installer)
    stage.person("", ())
    stage.keep()
    return stage


@dataclass(slots=True)
class Rehearsal:
    """The installation and its clock."""

    runtime: Runtime
    clock: FixedClock
    folder: Path
    known: dict[str, Actor] = field(default_factory=dict)

    def keep(self) -> None:
        """The database is as it shall be at the beginning of each scenario."""
        self.runtime.database.close()
        shutil.copyfile(self.folder / FILE, self.folder / EMPTY)

    def empty(self) -> None:
        """Nothing of the scenario before is left."""
        self.runtime.database.close()
        for end in ("-wal", "-shm"):
            (self.folder / f"{FILE}{end}").unlink(missing_ok=True)
        shutil.copyfile(self.folder / EMPTY, self.folder / FILE)
        self.known = {name: actor for name, actor in self.known.items() if not name}

    def services(self) -> Snapshot:
        """The services of the installation."""
        return self.runtime.current()

    def person(self, name: str, roles: Iterable[str]) -> Actor:
        """The person, made with these roles; the administrator where no name is given."""
        if name not in self.known:
            held = tuple(roles) if name else (ADMINISTRATOR,)
            called = name or "administrator"
            user = self.runtime.identity.people.create_user(
                self.runtime.installer, email=f"{called}@{DOMAIN}", name=called, roles=held
            )
            self.known[name] = self.runtime.identity.actor(user, door="api")
        return self.known[name]

    def upload(self, actor: Actor, name: str) -> str:
        """The id of a new file of that name with some text in it, brought by the actor."""
        return str(self.runtime.uploads.upload(actor, BytesIO(name.encode()), name).id)

    def now(self) -> datetime:
        """What the clock shows."""
        return self.clock.now()

    def advance(self, by: timedelta) -> None:
        """The clock shows a later instant."""
        self.clock.advance(by)
