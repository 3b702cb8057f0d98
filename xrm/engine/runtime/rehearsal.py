"""Where scenarios are played: an installation of the packs in a temporary folder, empty again for each of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity import Identity
from xrm.engine.packs import PackService, SeedRefused
from xrm.engine.records.uploads import Uploads
from xrm.engine.runtime.snapshot import Snapshot
from xrm.engine.scenarios import run_scenario
from xrm.engine.storage.database import Database
from xrm.engine.world import FixedClock, Ids, SeededRandom, World
from xrm.errors import Problem
from xrm.metadata.definitions import Definitions
from xrm.metadata.parse import Doc
from xrm.metadata.renewal import renewed
from xrm.metadata.scenarios import NOON, Scenario, entities_in, in_force, scenario_of
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


class Installation(Protocol):
    """A runtime, as far as scenarios are played in one."""

    packs: PackService
    identity: Identity
    uploads: Uploads
    database: Database

    @property
    def installer(self) -> Actor:
        """In whose name packs are installed."""
        ...

    def current(self) -> Snapshot:
        """The services of the model in force."""
        ...

    def close(self) -> None:
        """Nothing of it is open."""
        ...


Open = Callable[[Settings, World], Installation]


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """Plays scenarios; `open_at` opens the installation in which they are played."""

    definitions: Definitions
    open_at: Open

    def play(self, sources: Sequence[PackSource], which: Callable[[Doc], bool]) -> Iterator[Played]:
        """Those scenarios of the layers are run where these layers are installed; raises MetadataInvalid.

        Those of a disabled pack wait for it, and so does what others say about records of its entities.
        """
        read = renewed([self.definitions.read(source) for source in sources]).packs
        said = in_force(doc for pack in read for doc in pack.docs if doc.kind == "scenario")
        # A scenario is run only where all that packs say is sound.
        served, stored = self.definitions.resolve(sources), self.definitions.stored(sources)
        asleep = stored.entities.keys() - served.entities.keys()
        awake = (d for d in said if d.pack not in served.disabled and asleep.isdisjoint(entities_in(d)))
        docs = [doc for doc in awake if which(doc)]
        if not docs:
            return
        with stage_of(self.open_at, sources) as stage:
            for scenario in map(scenario_of, docs):
                stage.empty()
                yield Played(scenario, run_scenario(stage, scenario))


@contextmanager
def stage_of(open_at: Open, sources: Sequence[PackSource]) -> Iterator[Rehearsal]:
    """The layers are installed in a place of their own, which is gone afterwards."""
    with TemporaryDirectory(prefix="xrm-scenarios-", ignore_cleanup_errors=True) as folder:
        stage = _stage(open_at, Path(folder))
        try:
            _install(stage.runtime, [source for source in sources if source.layer is not Layer.CORE])
            stage.person("", ())
            stage.keep()
            yield stage
        finally:
            stage.runtime.close()


def _stage(open_at: Open, folder: Path) -> Rehearsal:
    clock, source = FixedClock(NOON), SeededRandom(0)
    world = World(clock, Ids(lambda: int(clock.now().timestamp() * 1000), source.bytes), source)
    settings = Settings(
        data=folder, database_url=f"sqlite:///{folder / FILE}", secret_key=KEY,
        base_url="http://127.0.0.1:8000", password_memory=1024,
    )  # fmt: skip
    return Rehearsal(open_at(settings, world), clock, folder)


def _install(runtime: Installation, sources: Sequence[PackSource]) -> None:
    try:
        runtime.packs.install(sources, runtime.installer)
    except SeedRefused:
        if all(source.layer is Layer.PACK for source in sources):
            raise
        # What an organisation asks of new records, the base records were made before it did.
        runtime.packs.install([_without_seeds(source) for source in sources], runtime.installer)


def _without_seeds(source: PackSource) -> PackSource:
    files = {path: text for path, text in source.files.items() if not path.startswith("seed/")}
    return replace(source, files=files)


@dataclass(slots=True)
class Rehearsal:
    """The installation and its clock."""

    runtime: Installation
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
