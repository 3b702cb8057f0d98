"""Installing packs: read, check with all that is installed, plan, apply and activate, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from xrm.engine.commands import Actor, Command, Outcome
from xrm.engine.identity import Identity
from xrm.engine.identity.directory import Directory
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.activation import Freshness, was_overtaken
from xrm.engine.packs.layers import (
    InstalledLayer,
    drop_layers,
    keep_content,
    order_layers,
    read_layers,
    read_present,
    read_sources,
    write_layer,
)
from xrm.engine.packs.lost_views import LostView, lost_views
from xrm.engine.packs.people import PeoplePlanter, ensure_installer
from xrm.engine.packs.planting import Planter, Progress, known_records, no_progress
from xrm.engine.packs.proposal import Proposal, changed_layers, in_order, seeds_of, version_in
from xrm.engine.packs.reconciliation import demand_answers, demand_sense, read_decisions, reconcile, remember
from xrm.engine.packs.reindexing import Before, follow_values, forget_destroyed, organisation_context
from xrm.engine.packs.renewing import renew_names, way_back
from xrm.engine.packs.revision import Revision, Sources
from xrm.engine.packs.seeds import BASE, DEMO, Planting, Seed, seed_of
from xrm.engine.packs.trial import Play, demand_scenarios
from xrm.engine.packs.versions import Version, keep_version, read_versions, sources_of_version
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage.apply import apply_plan, plan_for
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.demands import unmet_demands
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.forms import Decisions
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.matching import Past
from xrm.engine.storage.numbers import (
    NO_NAMES,
    Names,
    Numbers,
    assign_numbers,
    identify,
    names_of,
    read_numbers,
)
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.purging import purge_plan
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.shadows import Shadow
from xrm.engine.storage.stamp import Stamp, bump
from xrm.engine.world import World
from xrm.errors import Conflict, XrmError
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.definitions import Definitions
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.model import Model
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import PackSource, core_source

ATTEMPTS = 5


class Records(Protocol):
    """The write pipeline of one model."""

    def execute(self, actor: Actor, commands: Sequence[Command]) -> Outcome:
        """All commands are done and durable, or none is."""
        ...

    def execute_in(self, unit: UnitOfWork, actor: Actor, commands: Sequence[Command]) -> Outcome:
        """All commands are done inside the caller's transaction."""
        ...


class Composed(Protocol):
    """What follows from a model: the snapshot, as far as installing needs it."""

    @property
    def model(self) -> Model:
        """The definitions."""
        ...

    @property
    def schema(self) -> Schema:
        """The tables."""
        ...

    @property
    def records(self) -> Records:
        """The write pipeline."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of. `compose` builds services of a model; `current` gives those in force.

    `zone` is the organisation's, in which the days of seeds are meant, and `currency` the one that amounts are worth
    something in. What is removed is kept for `kept_days`. The `types` are those that fields can have.
    `play` runs scenarios.
    """

    database: Database
    world: World
    identity: Identity
    definitions: Definitions
    freshness: Freshness
    compose: Callable[[Schema, Numbers, Stamp], Composed]
    current: Callable[[], Composed]
    play: Play
    zone: str
    currency: str
    kept_days: int
    types: Mapping[str, FieldType]


@dataclass(frozen=True, slots=True)
class Installed:
    """What it came to: the layers that are new or gone, the steps taken, the records of base seeds."""

    layers: tuple[InstalledLayer, ...]
    steps: tuple[str, ...]
    fingerprint: str
    seeded: int
    gone: tuple[str, ...] = ()


class PackService:
    """Installs packs into one database. Whoever serves it sees the outcome with their next request."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._index = parts, SearchIndex(parts.database)

    def list(self) -> tuple[InstalledLayer, ...]:
        """The installed layers, lowest first."""
        with self._parts.database.read() as unit:
            return read_layers(unit)

    def source(self, name: str) -> PackSource | None:
        """The files of the layer with this name, as they were installed; None if it is not installed."""
        with self._parts.database.read() as unit:
            return read_present(unit)[1].get(name)

    def read(self) -> tuple[ReadPack, ...]:
        """The documents of all installed layers, lowest first."""
        with self._parts.database.read() as unit:
            present = read_present(unit)[1]
        return in_order(map(self._parts.definitions.read, present.values()))

    def tables(self) -> Schema:
        """The tables that are there, with those of disabled packs."""
        return self._schemas(tuple(self._sources().values()))[0]

    def plan(self, sources: Sequence[PackSource] = ()) -> SchemaPlan:
        """The steps that installing these would take; nothing is changed."""
        return self._propose(Revision(tuple(sources), dev=True)).plan

    def foresee(self, revision: Revision) -> Proposal:
        """What the revision would come to, with the conflicts that it leaves open; nothing is changed.

        Raises Invalid for a choice that answers no conflict.
        """
        proposal = self._propose(revision)
        demand_sense(proposal.reconciled, revision.choices)
        return proposal

    def apply(self, actor: Actor) -> Installed:
        """The tables are as the installed layers, and the core of this program, want them."""
        return self.install((), actor)

    def install(
        self, sources: Sequence[PackSource], actor: Actor, *, dev: bool = False, confirmed: str = ""
    ) -> Installed:
        """The packs are installed and served by every process, with their base seed; or nothing has changed.

        Packs that are too large for one transaction together are checked together, and come one by one.

        An installed version cannot come with other content, unless `dev` says that it is being written. Where the
        plan removes something, `confirmed` has to be its hash.
        """
        return self.revise(Revision(tuple(sources), dev=dev, confirmed=confirmed), actor)

    # --- versions, and what was removed -------------------------------------------------------------

    def versions(self) -> tuple[Version, ...]:
        """What was in force when, the newest first."""
        with self._parts.database.read() as unit:
            return read_versions(unit)

    def plan_back(self, number: int) -> SchemaPlan:
        """The steps that would bring back the version of that number; nothing is changed."""
        return self._propose(Revision(version=number, dev=True)).plan

    def roll_back(self, number: int, actor: Actor, *, confirmed: str = "") -> Installed:
        """The layers of that version are in force again, as a new version, and what was removed since is back.

        What did not exist then is removed and kept, for which `confirmed` has to be the hash of the plan.
        """
        return self.revise(Revision(version=number, dev=True, confirmed=confirmed), actor)

    def removed(self) -> tuple[Shadow, ...]:
        """What is no longer defined and still kept, the oldest first."""
        with self._parts.database.read() as unit:
            return inspect(unit).shadows

    def plan_purge(self, numbers: Iterable[int]) -> SchemaPlan:
        """The steps that would destroy what was removed under these numbers; nothing is changed."""
        with self._parts.database.read() as unit:
            return purge_plan(inspect(unit), numbers, self._parts.database.engine.dialect).measured(unit)

    def purge(self, numbers: Iterable[int], actor: Actor, *, confirmed: str) -> tuple[str, ...]:
        """What was removed under these numbers is gone for good; gives what was done."""
        demand_administrator(actor)
        plan = self.plan_purge(numbers)
        plan.demand_confirmation(confirmed)
        forget = partial(forget_destroyed, self._index, plan, self._in_force(self._sources()))
        apply_plan(self._parts.database, plan, self._parts.world, forget, actor=actor.id)
        return plan.sentences()

    def revise(self, revision: Revision, actor: Actor) -> Installed:
        """The revision is carried out and served by every process; or nothing has changed.

        Raises Conflict where an upgrade meets the customisation and nobody has decided which of them holds, and
        MetadataInvalid where a scenario of what comes does not hold.
        """
        demand_administrator(actor)
        return self._revise(revision, actor, self._try)

    def _revise(self, revision: Revision, actor: Actor, check: Callable[[Proposal], None]) -> Installed:
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                return self._attempt(revision, actor, check)
            except Conflict as error:
                if not (left and was_overtaken(error)):
                    raise
        raise AssertionError("unreachable: the last attempt returned or raised")

    def seed_demo(self, progress: Progress = no_progress) -> int:
        """The demo records of all installed packs are there; gives how many were made now."""
        demo, base = self._seeds()
        return self._plant(demo, base, progress)

    def demo(self) -> tuple[Seed, Planting]:
        """What the demo seeds of the installed packs say, and the order in which it is made."""
        demo, base = self._seeds()
        installer = ensure_installer(self._parts.database, self._parts.world)
        return demo, self._planter(installer, base).plan(demo.records)

    def _seeds(self) -> tuple[Seed, Seed]:
        """The demo seed and the base seed of what is installed."""
        with self._parts.database.read() as unit:
            sources = read_sources(unit, read_layers(unit))
        disabled = self._parts.current().model.disabled
        packs = in_order(map(self._parts.definitions.read, sources))
        seeds = seeds_of(pack for pack in packs if pack.name not in disabled)
        return seed_of(seeds, DEMO), seed_of(seeds, BASE)

    def _planter(self, installer: Actor, others: Seed) -> Planter:
        parts = self._parts
        elsewhere = {record.key: record.entity for record in others.records}
        return Planter(parts.current(), installer, parts.world, parts.zone, elsewhere)

    # --- working it out -----------------------------------------------------------------------------

    def _propose(self, revision: Revision) -> Proposal:
        if revision.version is not None:
            return self._propose_back(revision.version, revision.decisions)
        parts = self._parts
        with parts.database.read() as unit:
            stamp, (layers, present) = parts.freshness.read_in(unit), read_present(unit)
            remembered = read_decisions(unit) if layers else {}
        wanted, given, twins = self._wanted(revision, present)
        reconciled = reconcile(parts.definitions, present, wanted, remembered, revision.choices)
        if reconciled.source is not None and reconciled.source is not present.get(CUSTOMISATION):
            wanted, given = {**wanted, CUSTOMISATION: reconciled.source}, given | {CUSTOMISATION}
        packs = {name: parts.definitions.read(source) for name, source in wanted.items()}
        schema, served = self._schemas([*wanted.values(), *twins])
        changes = changed_layers(
            [(packs[n], wanted[n]) for n in wanted if n in given], layers, dev=revision.dev
        )
        before = self._in_force(present) if layers else None
        plan, views = self._plan(schema, before, stamp, NO_NAMES, revision.decisions)
        known = (packs[n] if wanted.get(n) == s else parts.definitions.read(s) for n, s in present.items())
        return Proposal(
            stamp, schema, plan, changes, in_order(packs.values()), in_order(known),
            revision.gone & present.keys(), reconciled, sources=tuple(wanted.values()), served=served,
            views=views,
        )  # fmt: skip

    def _propose_back(self, number: int, decisions: Decisions) -> Proposal:
        """The layers of that version over the core of this program."""
        parts = self._parts
        with parts.database.read() as unit:
            stamp, (layers, present) = parts.freshness.read_in(unit), read_present(unit)
            sources, then = sources_of_version(unit, number)
        given = [(parts.definitions.read(source), source) for source in (core_source(), *sources)]
        schema, served = self._schemas([source for _, source in given])
        plan, views = self._plan(schema, self._in_force(present), stamp, then, decisions, number)
        return Proposal(
            stamp, schema, plan, changed_layers(given, layers, dev=True),
            in_order(pack for pack, _ in given), in_order(map(parts.definitions.read, present.values())),
            frozenset(present.keys() - {pack.name for pack, _ in given}), then=then, served=served,
            views=views,
        )  # fmt: skip

    def _wanted(
        self, revision: Revision, present: Sources
    ) -> tuple[dict[str, PackSource], set[str], Sequence[PackSource]]:
        """The layers as they shall be by name, the names of those that are given, and others of their names."""
        parts = self._parts
        named = [(parts.definitions.read(s).name, s) for s in (core_source(), *revision.sources)]
        if revision.edit is not None:
            named.append((CUSTOMISATION, revision.edit(parts.definitions, present)))
        given = {name for name, _ in named}
        kept = {name: s for name, s in present.items() if name not in revision.gone | given}
        wanted = {**dict(named), **kept}
        return wanted, given, [s for name, s in named if wanted[name] is not s]

    def _plan(
        self,
        schema: Schema,
        before: Schema | None,
        stamp: Stamp,
        then: Names,
        decisions: Decisions,
        version: int | None = None,
    ) -> tuple[SchemaPlan, tuple[LostView, ...]]:
        """The steps to these tables, and the saved views that lose something by them.

        Raises DefinitionChanged if others have changed meanwhile what they rest on.
        """
        parts, views = self._parts, list[LostView]()

        def past(unit: UnitOfWork) -> Past:
            # What others have made since would be taken for what is no longer defined.
            parts.freshness.compare(unit, stamp)
            numbers = read_numbers(unit)
            identities = identify(numbers, schema.model, then)
            views.extend(lost_views(unit, before.model if before else None, numbers, identities))
            return Past(
                numbers,
                identities,
                before,
                parts.kept_days,
                schema,
                version,
                decisions,
                parts.types,
                parts.currency,
            )

        plan = plan_for(parts.database, [schema.metadata], partial(unmet_demands, schema), past)
        former = before.model.fingerprint if before else ""
        return replace(plan, model=f"{former} > {schema.model.fingerprint}"), tuple(views)

    def _schemas(self, sources: Sequence[PackSource]) -> tuple[Schema, Schema | None]:
        """The tables of these layers; and those that are served, where a pack is disabled."""
        served, stored = self._parts.definitions.resolve(sources), self._parts.definitions.stored(sources)
        return sql_schema(stored), sql_schema(served) if served.disabled else None

    def _in_force(self, present: Sources) -> Schema | None:
        """The tables that are there; none where this program cannot serve what an earlier one installed."""
        try:
            current = self._parts.current().schema
            return self._schemas(tuple(present.values()))[0] if current.model.disabled else current
        except XrmError:
            return None

    # --- doing it -----------------------------------------------------------------------------------

    def _try(self, proposal: Proposal) -> None:
        """The scenarios of what comes hold; going back is to what was in force, and waits for none."""
        if not proposal.is_way_back:
            demand_scenarios(self._parts.play, proposal, lambda: tuple(self._sources().values()))

    def _sources(self) -> Sources:
        with self._parts.database.read() as unit:
            return read_present(unit)[1]

    def _attempt(self, revision: Revision, actor: Actor, check: Callable[[Proposal], None]) -> Installed:
        """One attempt; raises Conflict, as `was_overtaken` tells, where another process came between."""
        proposal = self._propose(revision)
        demand_sense(proposal.reconciled, revision.choices)
        demand_answers(proposal.reconciled)
        if proposal.is_empty:
            return Installed((), (), proposal.model.fingerprint, 0)
        proposal.plan.demand_confirmation(revision.confirmed)
        check(proposal)
        if proposal.is_too_large:
            return self._one_by_one(proposal, actor, revision)
        return self._apply(proposal, actor)

    def _one_by_one(self, proposal: Proposal, actor: Actor, revision: Revision) -> Installed:
        """The layers are installed from the lowest up, each whole; together they are too much at once.

        Of what each removes, all was confirmed with the whole; and their scenarios held in the whole.
        """
        decided = {answer.conflict.key: answer.choice for answer in proposal.reconciled.answers}
        done = []
        for change in proposal.packs:
            own = _decisions_of(revision.decisions, proposal.model, change.pack.name)
            one = Revision((change.source,), dev=revision.dev, decisions=own)
            keys = {answer.conflict.key for answer in self._propose(one).reconciled.answers}
            choices = {key: choice for key, choice in decided.items() if key in keys and choice}
            part = self._propose(replace(one, choices=choices)).plan
            confirmed = part.hash if set(part.destructive) <= set(proposal.plan.destructive) else ""
            carried = replace(one, choices=choices, confirmed=confirmed)
            done.append(self._revise(carried, actor, lambda _part: None))
        return Installed(
            tuple(layer for one in done for layer in one.layers),
            tuple(step for one in done for step in one.steps),
            done[-1].fingerprint,
            sum(one.seeded for one in done),
        )

    def _apply(self, proposal: Proposal, actor: Actor) -> Installed:
        base = seed_of(proposal.seeds, BASE)
        installer = ensure_installer(self._parts.database, self._parts.world)
        former, kept = (
            self._in_force(self._sources()),
            proposal.plan.live.shadows if proposal.plan.live else (),
        )
        done: list[Installed] = []

        def finish(unit: UnitOfWork) -> None:
            layers, before = self._activate(unit, proposal, actor), read_numbers(unit)
            numbers = assign_numbers(unit, proposal.model, proposal.then, proposal.plan.other)
            now = self._parts.world.now()
            renew_names(unit, proposal.schema, numbers, now, way_back(proposal, former, before))
            was = Before(former.model if former else None, before, kept, proposal.plan.turned)
            context = organisation_context(proposal.model, now, self._parts.zone)
            follow_values(unit, self._index, was, proposal.schema, numbers, context)
            keep_version(unit, proposal, names_of(proposal.model, numbers), now, actor)
            seeded = 0 if base.people else self._sow(unit, proposal.in_use, numbers, base, installer)
            steps = proposal.plan.sentences()
            gone = tuple(sorted(proposal.gone))
            done.append(Installed(layers, steps, proposal.model.fingerprint, seeded, gone))

        parts = self._parts
        apply_plan(parts.database, proposal.plan, parts.world, finish, actor=actor.id, days=parts.kept_days)
        if base.people:
            return replace(done[-1], seeded=self._plant(base, Seed(), no_progress))
        return done[-1]

    def _activate(self, unit: UnitOfWork, proposal: Proposal, actor: Actor) -> tuple[InstalledLayer, ...]:
        """The layers are written and every process will serve them; raises DefinitionChanged."""
        self._parts.freshness.compare(unit, proposal.stamp)
        now = self._parts.world.now()
        layers = []
        for change in proposal.changes:
            pack = change.pack
            keep_content(unit, pack.content, change.source, now)
            layer = InstalledLayer(pack.name, version_in(pack), pack.content, now, actor.id)
            write_layer(unit, layer)
            layers.append(layer)
        drop_layers(unit, proposal.gone)
        remember(unit, proposal.reconciled.answers, now, actor.id)
        order_layers(unit, (pack.name for pack in proposal.layers))
        bump(unit, model=True)
        return tuple(layers)

    def _sow(self, unit: UnitOfWork, schema: Schema, numbers: Numbers, base: Seed, installer: Actor) -> int:
        """The base records are there, in the transaction that activates the model which they belong to."""
        services = self._parts.compose(schema, numbers, self._parts.freshness.read_in(unit))
        planter = Planter(services, installer, self._parts.world, self._parts.zone, {})
        planting = planter.plan(base.records)
        known = known_records(unit, services.schema, planting.entities)
        return planter.plant(planting, known, lambda c: services.records.execute_in(unit, installer, c))

    def _plant(self, seed: Seed, others: Seed, progress: Progress) -> int:
        """The people and records of the seed are there, each batch of records in a transaction of its own."""
        parts, services = self._parts, self._parts.current()
        installer = ensure_installer(parts.database, parts.world)
        PeoplePlanter(parts.identity, Directory(parts.database), installer).plant(seed.people)
        planter = self._planter(installer, others)
        planting = planter.plan(seed.records)
        with parts.database.read() as unit:
            known = known_records(unit, services.schema, planting.entities)
        return planter.plant(planting, known, lambda c: services.records.execute(installer, c), progress)


def _decisions_of(decisions: Decisions, model: Model, pack: str) -> Decisions:
    """Those about fields of the pack's own entities."""
    own = tuple(f":{entity.name}." for entity in model.entities.values() if entity.pack == pack)
    return {key: said for key, said in decisions.items() if any(name in key for name in own)}
