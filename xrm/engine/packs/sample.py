"""Sample data: the demo records of the packs, added by one act and taken away by another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from xrm.engine.commands import Actor, Command, Delete, Outcome, Restore, Target
from xrm.engine.identity import Identity
from xrm.engine.identity.directory import Directory
from xrm.engine.identity.work import demand_administrator
from xrm.engine.jobs import Context, Job, Jobs, State, Watch
from xrm.engine.packs.people import ensure_installer
from xrm.engine.packs.planting import BATCH, Known, Progress, chunks, known_records
from xrm.engine.packs.seeds import Planting, Seed
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.world import World
from xrm.errors import Conflict, Problem

ADD, REMOVE = "add_sample_data", "remove_sample_data"
LABELS = {ADD: "Add sample data", REMOVE: "Remove sample data"}
MOST_TOLD = 200


class Records(Protocol):
    """The write pipeline, as far as removing needs it."""

    def execute_in(
        self, unit: UnitOfWork, actor: Actor, commands: Sequence[Command], *, mode: Any = "all"
    ) -> Outcome:
        """What can be done of the commands is done inside the caller's transaction."""
        ...


class Services(Protocol):
    """The model in force."""

    @property
    def schema(self) -> Schema:
        """Its tables."""
        ...

    @property
    def records(self) -> Records:
        """Who writes its records."""
        ...


class Packs(Protocol):
    """Who knows the seeds of the installed packs."""

    def seed_demo(self, progress: Progress) -> int:
        """The demo records are there; gives how many were made now."""
        ...

    def demo(self) -> tuple[Seed, Planting]:
        """What the demo seeds of the installed packs say, and the order in which it is made."""
        ...


@dataclass(frozen=True, slots=True)
class Presence:
    """How many sample records the packs bring, are there outside of the trash, and were changed by people."""

    brought: int
    there: int
    changed: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample record that is there."""

    entity: str
    known: Known

    def is_changed_after(self, installer: UUID) -> bool:
        """Whether somebody else changed it after `installer` planted it, or threw it away."""
        return self.known.changed_by != installer


class SampleData:
    """Adds the sample data of one installation and takes it away, by jobs that administrators start."""

    def __init__(
        self,
        packs: Packs,
        jobs: Jobs,
        current: Callable[[], Services],
        database: Database,
        world: World,
        identity: Identity,
    ) -> None:
        self._packs, self._jobs, self._current = packs, jobs, current
        self._database, self._identity = database, identity
        self._world = world
        jobs.register(ADD, self._add)
        jobs.register(REMOVE, self._remove)

    def presence(self) -> Presence:
        """What of the sample data is here now."""
        planting, installer = self._packs.demo()[1], self._installer.id
        there = [sample for sample in self._known(planting) if not sample.known.is_trashed]
        changed = sum(1 for sample in there if sample.is_changed_after(installer))
        return Presence(len(planting.written), len(there), changed)

    def add(self, actor: Actor) -> Job:
        """The sample records are being made; raises Conflict while they are added or taken away."""
        return self._start(actor, ADD, {})

    def remove(self, actor: Actor, *, with_changed: bool = False) -> Job:
        """The sample records are on their way to the trash, and sample people are switched off.

        Those that somebody has changed stay, unless `with_changed`; so do those that records of one's own need.
        Raises Conflict while they are added or taken away.
        """
        return self._start(actor, REMOVE, {"with_changed": with_changed})

    def run(self, actor: Actor, *, remove: bool, with_changed: bool, watch: Watch) -> Job:
        """The same, done before it returns; raises what the work was refused for."""
        kind, params = (REMOVE, {"with_changed": with_changed}) if remove else (ADD, {})
        self._demand_free(actor)
        job = self._jobs.run_here(kind, params, actor, label=LABELS[kind], watch=watch)
        if job.state is not State.DONE:
            raise Conflict(job.problems)
        return job

    def latest(self, actor: Actor) -> Job | None:
        """The newest of these jobs, if there was one."""
        return next((job for job in self._jobs.list(actor) if job.kind in LABELS), None)

    def _start(self, actor: Actor, kind: str, params: Mapping[str, Any]) -> Job:
        self._demand_free(actor)
        return self._jobs.status(actor, self._jobs.start(kind, params, actor, label=LABELS[kind]))

    def _demand_free(self, actor: Actor) -> None:
        demand_administrator(actor)
        before = self.latest(actor)
        if before is not None and not before.state.is_over:
            message = "Sample data is being added or removed already."
            raise Conflict(Problem("P140", message, "Wait until that is done."))

    @property
    def _installer(self) -> Actor:
        return ensure_installer(self._database, self._world)

    # --- the jobs -----------------------------------------------------------------------------------

    def _add(self, context: Context) -> Mapping[str, Any]:
        """What came of it: how many records are new, and how many came back from the trash."""
        restored = 0
        for portion in chunks(list(self._taken_away()), BATCH):
            context.go_on()
            commands = [Restore(sample.entity, Target(sample.known.id)) for sample in portion]
            restored += len(portion) - len(self._done(commands).refused)
        self._switch_people(active=True)
        return {"created": self._packs.seed_demo(context.progress), "restored": restored}

    def _remove(self, context: Context) -> Mapping[str, Any]:
        """What came of it: how many records went, how many people changed, and which could not go."""
        samples, installer = list(self._there()), self._installer.id
        changed = [sample for sample in samples if sample.is_changed_after(installer)]
        kept = [] if context.params["with_changed"] else changed
        staying = {sample.known.id for sample in kept}
        going = [sample for sample in samples if sample.known.id not in staying]
        removed = _Removed(0, {})
        for portion in chunks(going, BATCH):
            context.go_on()
            removed = self._take(context, portion, removed, len(going))
        removed = self._again(context, going, removed)
        return {**removed.facts, "changed": len(kept), "people": self._switch_people(active=False)}

    def _again(self, context: Context, going: Sequence[Sample], removed: _Removed) -> _Removed:
        """What stayed only for the sake of what went after it goes now, until nothing more does."""
        while removed.refused:
            left = [sample for sample in going if sample.known.id in removed.refused]
            before, tried = len(left), _Removed(removed.deleted, {})
            for portion in chunks(left, BATCH):
                tried = self._take(context, portion, tried, len(going))
            removed = tried
            if len(tried.refused) == before:
                break
        return removed

    def _take(self, context: Context, portion: Sequence[Sample], removed: _Removed, total: int) -> _Removed:
        commands = [Delete(sample.entity, Target(sample.known.id)) for sample in portion]
        now = removed.after(portion, self._done(commands))
        context.progress(now.deleted, total)
        return now

    def _done(self, commands: Sequence[Command]) -> Outcome:
        """What can be done of the commands is done and durable."""
        services = self._current()
        return self._database.transact(
            lambda unit: services.records.execute_in(unit, self._installer, commands, mode="good_rows"),
            services.schema.meanings,
        )

    def _switch_people(self, *, active: bool) -> int:
        """The people of the sample data may act, or may not; gives for how many this is new."""
        emails = {user["email"] for one in self._packs.demo()[0].people for user in one.get("users", ())}
        people = Directory(self._database).people()
        chosen = [p for p in people if p.active is not active and p.email in emails]
        for person in chosen:
            self._identity.people.set_active(self._installer, person.id, active)
        return len(chosen)

    # --- what is there ------------------------------------------------------------------------------

    def _there(self) -> Iterator[Sample]:
        """The sample records that are there, those that need others before the others."""
        known = self._known(self._packs.demo()[1])
        return (sample for sample in reversed(known) if not sample.known.is_trashed)

    def _taken_away(self) -> Iterator[Sample]:
        """The sample records that went with the sample data, those that others need before the others."""
        installer, known = self._installer.id, self._known(self._packs.demo()[1])
        return (s for s in known if s.known.is_trashed and not s.is_changed_after(installer))

    def _known(self, planting: Planting) -> list[Sample]:
        """The sample records, in the trash too, in the order in which they were made."""
        with self._database.read() as unit:
            found = known_records(unit, self._current().schema, planting.entities)
        records = (record for round_ in planting.rounds for record in round_)
        return [Sample(record.entity, found[record.key]) for record in records if record.key in found]


@dataclass(frozen=True, slots=True)
class _Removed:
    """How many records went so far, and why others did not, by id."""

    deleted: int
    refused: Mapping[UUID, tuple[str, Problem]]

    def after(self, portion: Sequence[Sample], outcome: Outcome) -> _Removed:
        """The same after one more portion."""
        refused = {
            portion[position].known.id: (portion[position].entity, problems[0])
            for position, problems in outcome.refused.items()
            if problems[0].code != "R104"  # it went with another record
        }
        went = len(portion) - len(outcome.refused)
        return _Removed(self.deleted + went, {**self.refused, **refused})

    @property
    def facts(self) -> dict[str, Any]:
        """For the job's row."""
        told = [
            {"row": str(id_), "column": entity, "path": "", "message": p.message, "hint": p.hint}
            for id_, (entity, p) in list(self.refused.items())[:MOST_TOLD]
        ]
        return {"deleted": self.deleted, "failed": len(self.refused), "problems": told}
