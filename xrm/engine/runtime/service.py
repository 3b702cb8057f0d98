"""One installation at work: its database, its people, the model in force and all that follows from it.

The model in force is one immutable value. Activation, here or in another process, is noticed by the stamp in
the database and answered by making the next value and moving one pointer; whoever began with the old value
finishes with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from xrm.collector import collector_paused
from xrm.engine.commands import Actor
from xrm.engine.extensions import Extensions, load_extensions
from xrm.engine.identity import Identity
from xrm.engine.identity.directory import Directory
from xrm.engine.identity.overview import Overview
from xrm.engine.jobs import DbosRunner, Dispatcher, InlineRunner, Jobs, Repeats, Runner
from xrm.engine.packs import Freshness, PackService, Parts, ensure_installer, was_overtaken
from xrm.engine.packs.drafts import Drafts
from xrm.engine.packs.layers import read_layers, read_sources
from xrm.engine.packs.removal import Removals
from xrm.engine.packs.sample import SampleData
from xrm.engine.packs.settings import PackSettings
from xrm.engine.packs.shelf import Shelf
from xrm.engine.packs.switching import Switches
from xrm.engine.projection.tables import sql_schema
from xrm.engine.queries.logs import LogReader
from xrm.engine.records.uploads import Uploads
from xrm.engine.runtime.exchange_rates import ExchangeRates
from xrm.engine.runtime.first_run import FirstRun
from xrm.engine.runtime.following_up import FollowUp
from xrm.engine.runtime.organisation import read_organisation
from xrm.engine.runtime.purging import PURGE, PURGE_LABEL, Purging
from xrm.engine.runtime.rehearsal import Rehearsals
from xrm.engine.runtime.revaluing import Revaluing
from xrm.engine.runtime.snapshot import Composer, Snapshot
from xrm.engine.runtime.sweeping import EVERY, LABEL, SWEEP, Sweep
from xrm.engine.runtime.usage import Usage
from xrm.engine.runtime.where_used import WhereUsed, where_used
from xrm.engine.storage.apply import prepare_installation
from xrm.engine.storage.base_currency import demand_base
from xrm.engine.storage.database import Database
from xrm.engine.storage.dialects import Options
from xrm.engine.storage.files import FileStore
from xrm.engine.storage.former import read_former_names
from xrm.engine.storage.interrupted import demand_whole
from xrm.engine.storage.ledger import INSTALLATION
from xrm.engine.storage.numbers import read_numbers
from xrm.engine.storage.sealing import Seal
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.stamp import Stamp
from xrm.engine.transfer import Ground, Transfer
from xrm.engine.world import World, real_world
from xrm.errors import Conflict, Problem, Unavailable
from xrm.metadata.definitions import Definitions
from xrm.settings import Settings, pack_folders_of

DOCUMENTS, FILES, BROUGHT = "cache", "files", "brought"
ATTEMPTS = 5


class Runtime:
    """One installation, safe between threads. Made in the process that uses it."""

    def __init__(
        self,
        settings: Settings,
        world: World,
        extensions: Extensions,
        database: Database,
        runner: Runner,
        definitions: Definitions | None = None,
    ) -> None:
        self.settings, self.world, self.extensions, self.database = settings, world, extensions, database
        self.identity = Identity(database, world, settings)
        self.directory = Directory(database)
        self.overview = Overview(database, world)
        self.usage = Usage(database, world)
        self.log = LogReader(database)
        self.rates = ExchangeRates(database, world, settings)
        self.files = FileStore(settings.data / FILES, world.clock)
        self.jobs = Jobs(database, world, self.identity, runner)
        self.uploads = Uploads(database, self.files, world, settings.limits)
        self.freshness = Freshness(database)
        self.definitions = definitions or Definitions(extensions.types, settings.data / DOCUMENTS)
        self._compose = Composer(
            database, world, settings, self.freshness, SearchIndex(database), Seal(settings.secret_key),
            FollowUp(self.jobs, self.current, lambda: self.installer),
        )  # fmt: skip
        parts = Parts(
            database, world, self.identity, self.definitions, self.freshness, self._compose, self.current,
            rehearsals(self.definitions).play, settings.zone, settings.currency, settings.limits.removed_days,
            extensions.types,
        )  # fmt: skip
        self.packs = PackService(parts)
        self.drafts = Drafts(self.packs, self.definitions, database, world)
        self.removals = Removals(self.packs, database, self.current)
        self.switches = Switches(self.packs, self.definitions)
        self.pack_settings = PackSettings(self.packs, extensions.types)
        self.shelf = Shelf(self.packs, self.definitions, pack_folders_of(settings), settings.data / BROUGHT)
        ground = Ground(self.current, database, self.files, world, settings.limits)
        self.transfer = Transfer(ground, self.jobs)
        self.sample = SampleData(self.packs, self.jobs, self.current, database, world, self.identity)
        self.first_run = FirstRun(database, world, settings, self.identity, self.packs, self.definitions)
        self.sweep = Sweep(database, self.files, world, settings.limits)
        self.jobs.register(SWEEP, self.sweep, repeats=Repeats(EVERY, LABEL, lambda: self.installer))
        self.purging = Purging(self.packs, world)
        self.jobs.register(PURGE, self.purging, repeats=Repeats(EVERY, PURGE_LABEL, lambda: self.installer))
        self.dispatcher = Dispatcher(database, world)
        self.revaluing = Revaluing(database, self.jobs, self.current)
        self._current: Snapshot | None = None
        self._swap = Lock()

    @property
    def installer(self) -> Actor:
        """The system actor in whose name packs are installed."""
        return ensure_installer(self.database, self.world)

    def current(self) -> Snapshot:
        """The model in force with its services, whoever activated it; raises Unavailable if there is none."""
        return self.look()[0]

    def look(self) -> tuple[Snapshot, Stamp]:
        """The same, with the stamp just read: doors resolve who asks by it, without reading it again."""
        stamp = self.freshness.read()
        held = self._current
        if held is not None and held.stamp.model == stamp.model:
            return held, stamp
        with self._swap:
            held = self._current
            if held is None or held.stamp.model < stamp.model:
                held = self._load()
                self.database.renew()
                self._current = held
        return held, stamp

    def where_used(self, actor: Actor, name: str) -> WhereUsed:
        """What uses the thing of that name, for administrators; raises Forbidden, or NotFound."""
        snapshot = self.current()
        stored = self.packs.tables().model if snapshot.model.disabled else snapshot.model
        return where_used(self.database, self.usage, snapshot, stored, actor, name)

    def close(self) -> None:
        """No connection of this runtime is open."""
        self.identity.sightings.stop()
        self.usage.stop()
        self.jobs.runner.close()
        self.database.close()

    def _load(self) -> Snapshot:
        """The newest model, whole: stamp, layers and numbers are of one moment."""
        with self.database.read() as unit:
            stamp, layers = self.freshness.read_in(unit), read_layers(unit)
            if not layers:
                raise nothing_installed()
            sources, numbers = read_sources(unit, layers), read_numbers(unit)
            organisation, since = read_organisation(unit), read_former_names(unit, numbers)
        # Definitions become many values and no garbage.
        with collector_paused():
            model = self.definitions.resolve(sources)
            schema = sql_schema(model)
            demand_base(self.database, schema, self.settings.currency)
            made = self._compose(schema, numbers, stamp)
            return replace(made, organisation=organisation, former_since=since)


def durable_runner(database: Database, world: World) -> Runner:
    """The engine whose runs survive the process that asked for them."""
    return DbosRunner(database)


def open_runtime(
    settings: Settings,
    *,
    world: World | None = None,
    runner: Callable[[Database, World], Runner] = durable_runner,
    definitions: Definitions | None = None,
) -> Runtime:
    """The installation is open, its ledger exists; what is installed in it stays as it is.

    `runner` makes the engine of background work over the open database. What `definitions` have read already is
    not read again.
    """
    chosen = world or real_world()
    options = Options(statement_seconds=float(settings.limits.request_seconds))
    database = Database(settings.database_url, options)
    try:
        _prepare(database, chosen)
        extensions = load_extensions()
        return Runtime(settings, chosen, extensions, database, runner(database, chosen), definitions)
    except BaseException:
        database.close()
        raise


def rehearsals(definitions: Definitions) -> Rehearsals:
    """Scenarios are played in installations of their own, which know what `definitions` know."""

    def open_at(settings: Settings, world: World) -> Runtime:
        def inline(_database: Database, there: World) -> Runner:
            return InlineRunner(there)

        return open_runtime(settings, world=world, runner=inline, definitions=definitions)

    return Rehearsals(definitions, open_at)


def demand_installation(settings: Settings) -> None:
    """Packs are installed where these settings lead; raises Unavailable if not. Makes nothing."""
    if not _is_installed(settings):
        hint = "Run xrm init, or name the folder of the installation by --data."
        raise Unavailable(Problem("P121", f"There is no installation in {settings.data}.", hint))


def _is_installed(settings: Settings) -> bool:
    # Opening a SQLite database makes its file and folder.
    if settings.is_embedded and not Path(make_url(settings.database_url).database or "").is_file():
        return False
    database = Database(settings.database_url)
    try:
        demand_whole(database)
        with database.read() as unit:
            has_ledger = sa.inspect(unit.connection).has_table(INSTALLATION.name)
            return has_ledger and bool(unit.execute(sa.select(INSTALLATION.c.model)).scalar())
    finally:
        database.close()


def _prepare(database: Database, world: World) -> None:
    """The ledger exists; of processes that start together on an empty database, one makes it for all."""
    for left in range(ATTEMPTS - 1, -1, -1):
        try:
            prepare_installation(database, world)
            return
        except Conflict as error:
            if not (left and was_overtaken(error)):
                raise


def nothing_installed() -> Unavailable:
    """The refusal of an installation without any layer."""
    hint = "Run xrm init."
    return Unavailable(
        Problem("P121", "Nothing is installed here yet.", hint), facts={"retry_after": 60, "status": 503}
    )
