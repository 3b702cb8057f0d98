"""Installing packs: read, check with all that is installed, plan, apply and activate, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from xrm.engine.commands import Actor
from xrm.engine.identity.work import DEFINE, demand_administrator
from xrm.engine.packs.activation import was_overtaken
from xrm.engine.packs.calling import Called
from xrm.engine.packs.layers import (
    InstalledLayer,
    drop_layers,
    keep_content,
    order_layers,
    read_layers,
    write_layer,
)
from xrm.engine.packs.parts import Parts
from xrm.engine.packs.people import ensure_installer
from xrm.engine.packs.planting import Progress, no_progress
from xrm.engine.packs.proposal import Proposal, in_order, version_in
from xrm.engine.packs.proposing import Proposer
from xrm.engine.packs.reconciliation import demand_sense, remember
from xrm.engine.packs.refilling import to_be_found
from xrm.engine.packs.reindexing import (
    Before,
    before_change,
    follow_values,
    forget_destroyed,
    organisation_context,
)
from xrm.engine.packs.renewing import renew_names, way_back
from xrm.engine.packs.revision import Revision
from xrm.engine.packs.seeds import BASE, Planting, Seed, seed_of
from xrm.engine.packs.sowing import Sower
from xrm.engine.packs.trial import demand_scenarios
from xrm.engine.packs.versions import Version, keep_version, read_version, read_versions
from xrm.engine.storage.apply import apply_plan
from xrm.engine.storage.database import Around, UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.numbers import Numbers, assign_numbers, read_numbers
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.purging import purge_plan
from xrm.engine.storage.rates import keep_base
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.shadows import Shadow
from xrm.engine.storage.stamp import bump
from xrm.errors import Conflict
from xrm.metadata.dependencies import dependencies_of
from xrm.metadata.model import Model
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import PackSource

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Installed:
    """What it came to: the layers that are new or gone, the steps taken, the records of base seeds.

    `version` is the number of what is in force since, if that has become another.
    """

    layers: tuple[InstalledLayer, ...]
    steps: tuple[str, ...]
    fingerprint: str
    seeded: int
    gone: tuple[str, ...] = ()
    version: int | None = None


class PackService:
    """Installs packs into one database. Whoever serves it sees the outcome with their next request."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._index = parts, SearchIndex(parts.database)
        self._proposer, self._sower = Proposer(parts), Sower(parts)

    def list(self) -> tuple[InstalledLayer, ...]:
        """The installed layers, lowest first."""
        with self._parts.database.read() as unit:
            return read_layers(unit)

    def source(self, name: str) -> PackSource | None:
        """The files of the layer with this name, as they were installed; None if it is not installed."""
        return self._proposer.present().get(name)

    def read(self) -> tuple[ReadPack, ...]:
        """The documents of all installed layers, lowest first."""
        return in_order(map(self._parts.definitions.read, self._proposer.present().values()))

    def tables(self) -> Schema:
        """The tables that are there, with those of disabled packs."""
        return self._proposer.schemas(tuple(self._proposer.present().values()))[0]

    def plan(self, sources: Sequence[PackSource] = (), *, dev: bool = False) -> SchemaPlan:
        """The steps that installing these would take; nothing is changed."""
        return self._proposer.propose(Revision(tuple(sources), dev=dev)).plan

    def foresee(self, revision: Revision) -> Proposal:
        """What the revision would come to, with the conflicts that it leaves open; nothing is changed.

        Raises Invalid for a choice that answers no conflict.
        """
        proposal = self._proposer.propose(revision)
        demand_sense(proposal.reconciled, revision.answers)
        return proposal

    def intended(self, revision: Revision) -> Model:
        """What the definitions would be by the revision, whatever records stand against it."""
        return self._proposer.intended(revision)

    def apply(self, actor: Actor) -> Installed:
        """The tables are as the installed layers, and the core of this program, want them."""
        return self.install((), actor)

    def install(
        self, sources: Sequence[PackSource], actor: Actor, *, dev: bool = False, confirmed: str = ""
    ) -> Installed:
        """The packs are installed and served by every process, with their base seed; or nothing has changed.

        Of what is too large for one transaction, tables that are new are made before; they are gone again if it is
        refused.

        An installed version cannot come with other content, unless `dev` says that it is being written. Where the
        plan removes something, `confirmed` has to be its hash.
        """
        return self.revise(Revision(tuple(sources), dev=dev, confirmed=confirmed), actor)

    def seed_demo(self, progress: Progress = no_progress) -> int:
        """The demo records of all installed packs are there; gives how many were made now."""
        return self._sower.seed_demo(progress)

    def demo(self) -> tuple[Seed, Planting]:
        """What the demo seeds of the installed packs say, and the order in which it is made."""
        return self._sower.demo()

    # --- versions, and what was removed -------------------------------------------------------------

    def versions(self, below: int | None = None) -> tuple[Version, ...]:
        """What was in force when, the newest first, or from before the version `below`; no more than MOST."""
        with self._parts.database.read() as unit:
            return read_versions(unit, below)

    def version(self, number: int) -> Version:
        """What was in force in the version of that number; raises NotFound."""
        with self._parts.database.read() as unit:
            return read_version(unit, number)

    def roll_back(self, number: int, actor: Actor, *, confirmed: str = "") -> Installed:
        """The layers of that version are in force again, as a new version, and what was removed since is back.

        What did not exist then is removed and kept, for which `confirmed` has to be the hash of the plan.
        """
        return self.revise(Revision(version=number, confirmed=confirmed), actor)

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
        demand_administrator(actor, DEFINE)
        plan = self.plan_purge(numbers)
        plan.demand_confirmation(confirmed)
        former = self._proposer.in_force(self._proposer.present())
        forget = partial(forget_destroyed, self._index, plan, former)
        apply_plan(self._parts.database, plan, self._parts.world, forget, actor=actor.id)
        return plan.sentences()

    def revise(
        self, revision: Revision, actor: Actor, *, around: Around[Installed] | None = None
    ) -> Installed:
        """The revision is carried out and served by every process; or nothing has changed.

        What is done `around` it is done in the transaction in which it comes into force.

        Raises Conflict where an upgrade meets the customisation and nobody has said which of them holds, and
        MetadataInvalid where a scenario of what comes does not hold.
        """
        demand_administrator(actor, DEFINE)
        return self._revise(revision, actor, around)

    def _revise(self, revision: Revision, actor: Actor, around: Around[Installed] | None) -> Installed:
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                return self._attempt(revision, actor, around)
            except Conflict as error:
                if not (left and was_overtaken(error)):
                    raise
        raise AssertionError("unreachable: the last attempt returned or raised")

    # --- doing it -----------------------------------------------------------------------------------

    def _try(self, proposal: Proposal) -> None:
        """The scenarios of what comes hold; going back is to what was in force, and waits for none."""
        if not proposal.is_way_back:
            demand_scenarios(self._parts.play, proposal, lambda: tuple(self._proposer.present().values()))

    def _attempt(self, revision: Revision, actor: Actor, around: Around[Installed] | None) -> Installed:
        """One attempt; raises Conflict, as `was_overtaken` tells, where another process came between."""
        proposal = self._proposer.propose(revision)
        demand_sense(proposal.reconciled, revision.answers)
        if proposal.is_empty and not proposal.is_open:
            return Installed((), (), proposal.model.fingerprint, 0)
        proposal.demand_ready(revision.confirmed)
        self._try(proposal)
        return self._apply(proposal, actor, around)

    def _apply(self, proposal: Proposal, actor: Actor, around: Around[Installed] | None) -> Installed:
        base = seed_of(proposal.seeds, BASE)
        installer = ensure_installer(self._parts.database, self._parts.world)
        former = self._proposer.in_force(self._proposer.present())
        if former is not None and dependencies_of(proposal.in_use.model).stored:
            self._parts.current().records.prepare()
        made: list[Installed] = []
        with self._parts.database.read() as reading:
            before = read_numbers(reading)  # they stay so, or nothing is activated
        back = way_back(proposal, former, before)

        def finish(unit: UnitOfWork) -> Installed:
            layers = self._activate(unit, proposal, actor)
            numbers = assign_numbers(unit, proposal.model, proposal.then, proposal.plan.other, before)
            now = self._parts.world.now()
            renew_names(unit, proposal, numbers, now, back)
            was = before_change(former, before, proposal.plan)
            context = organisation_context(proposal.model, now, self._parts.zone)
            found = self._refill(unit, proposal, was, numbers, installer)
            was = replace(was, turned=was.turned | found)
            others = {entity for entity, _ in found}  # what was made ahead has read what was there before
            ahead = (each for each in proposal.plan.ahead if isinstance(each, Called))
            done = [each for each in ahead if numbers.names.get(each.number) not in others]
            numbers = follow_values(unit, self._index, was, proposal.schema, numbers, context, done)
            version = keep_version(unit, proposal, numbers, now, actor)
            seeded = self._sower.sow(unit, proposal.in_use, numbers, base, installer)
            steps = proposal.plan.sentences()
            gone = tuple(sorted(proposal.gone))
            return Installed(layers, steps, proposal.model.fingerprint, seeded, gone, version)

        def then(unit: UnitOfWork) -> None:
            made.append(around(unit, partial(finish, unit)) if around else finish(unit))

        parts = self._parts
        apply_plan(parts.database, proposal.plan, parts.world, then, actor=actor.id, days=parts.kept_days)
        return made[-1]

    def _refill(
        self, unit: UnitOfWork, proposal: Proposal, was: Before, numbers: Numbers, installer: Actor
    ) -> frozenset[tuple[str, str]]:
        """Computed fields hold what follows by the formulas of now; gives those of which values are others."""
        wanted = to_be_found(was, proposal.in_use.model, numbers)
        if not wanted:
            return frozenset()
        services = self._parts.compose(proposal.in_use, numbers, self._parts.freshness.read_in(unit))
        counts = services.records.renew_in(unit, installer, wanted)
        return frozenset(part for part, count in counts.items() if count)

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
        keep_base(unit, self._parts.currency)
        bump(unit, model=True)
        return tuple(layers)
