"""The one way in which records change.

Every door sends commands here: pages, API, imports, installers and workflows alike. A batch is the
primitive, one record is a batch of one. The steps stand in `steps.write` in the order in which they happen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from typing import Any, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from xrm.collector import collector_paused
from xrm.engine.access import Policy
from xrm.engine.access.row_rules import RowRules, actor_context
from xrm.engine.changes import ChangeLog
from xrm.engine.commands import UNDO, Actor, Command, Outcome, inside
from xrm.engine.records.acts import place_of
from xrm.engine.records.batch import Run, Setting, Tally, runs_of
from xrm.engine.records.catching_up import Caught, catch_up, count_waiting
from xrm.engine.records.commenting import Comment, delete_comment, edit_comment, write_comment
from xrm.engine.records.duplicates import Twin
from xrm.engine.records.kept_rules import Said, said_ahead
from xrm.engine.records.lifecycle import open_steps
from xrm.engine.records.mentions import people_called
from xrm.engine.records.pending import pending
from xrm.engine.records.permits import passing
from xrm.engine.records.permitted import Permitted, permitted
from xrm.engine.records.postponing import Postponer
from xrm.engine.records.priced import Rates
from xrm.engine.records.refilling import left_for_now, refill
from xrm.engine.records.revaluing import Portion, count, portion
from xrm.engine.records.sharing import Share, end_share, give_share, shares_of
from xrm.engine.records.steps import perform
from xrm.engine.records.targets import absent
from xrm.engine.records.twin_groups import Groups, groups, twins_ahead, ways_known
from xrm.engine.records.undoing import take_back
from xrm.engine.records.writer import Writer, Writers
from xrm.engine.storage.database import Around, Database, UnitOfWork
from xrm.engine.storage.faults import Meanings
from xrm.engine.storage.merges import answering
from xrm.engine.storage.rates import RateReader
from xrm.engine.storage.rows import Counters
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.stamp import Epoch
from xrm.engine.storage.waits import any_wait, drop_waits, try_refused, waits
from xrm.engine.world import World
from xrm.errors import Place, Problem, TooLarge, XrmError
from xrm.metadata.model import Duplicate
from xrm.metadata.values import Ref
from xrm.settings import Limits

T = TypeVar("T")
NOBODY = UUID(int=0)
Mode = Literal["all", "good_rows"]


class _TrialEnds(Exception):
    """What was only tried is taken back."""


class RecordService:
    """Writes records of one model; made anew at each activation, safe to share between threads."""

    def __init__(
        self,
        database: Database,
        writers: Writers,
        policy: Policy,
        row_rules: RowRules,
        log: ChangeLog,
        index: SearchIndex,
        meanings: Meanings,
        world: World,
        limits: Limits,
        *,
        currency: str,
        zone: str,
        pack_settings: Mapping[str, Any],
        epoch: Epoch,
        postponer: Postponer,
    ) -> None:
        self._database, self._writers, self._policy, self._row_rules = database, writers, policy, row_rules
        self._log, self._index, self._meanings = log, index, meanings
        self._world, self._limits, self._currency, self._zone = world, limits, currency, zone
        self._settings, self._counters = pack_settings, Counters(database)
        self._rates = RateReader(database)
        self._epoch, self._check, self._opening = epoch, epoch.hold, epoch.opening
        self._postponer = postponer

    def execute(
        self,
        actor: Actor,
        commands: Sequence[Command],
        *,
        mode: Mode = "all",
        around: Around[Outcome] | None = None,
    ) -> Outcome:
        """All commands are done and durable, or, when this raises, none is.

        With `good_rows`, commands that are refused are left out and listed in the outcome's `refused`. Problems
        are placed in the batch, as in `commands[2].values.name`; `inside` tells them apart.
        `around` may write beside them in the same transaction, before and after.
        """
        if len(commands) > self._limits.batch_commands:
            raise _too_many(self._limits.batch_commands)

        def work(unit: UnitOfWork) -> Outcome:
            return self.execute_in(unit, actor, commands, mode=mode)

        return self._transact(work, around)

    def do(self, actor: Actor, command: Command, *, around: Around[Outcome] | None = None) -> Outcome:
        """The command is done and durable, alone; problems are placed inside of the values that it gives."""
        with _told_inside():
            return self.execute(actor, [command], around=around)

    def execute_in(
        self, unit: UnitOfWork, actor: Actor, commands: Sequence[Command], *, mode: Mode = "all"
    ) -> Outcome:
        """All commands are done inside the caller's transaction, which decides whether they stay.

        Raises Conflict when the definitions have changed since this service was made.
        """
        self._check(unit)
        # A batch makes many values that live as long as it does; every look at them would find no garbage.
        with collector_paused():
            return _done(self._setting(unit, actor, self._world.new_id()), commands, mode)

    def trial(self, actor: Actor, commands: Sequence[Command]) -> Outcome:
        """What the commands would come to one by one, with the problems of those that are refused; nothing is done."""
        found: list[Outcome] = []

        def work(unit: UnitOfWork) -> None:
            with suppress(_TrialEnds), unit.savepoint():
                found.append(self.execute_in(unit, actor, commands, mode="good_rows"))
                raise _TrialEnds

        self._transact(work)
        return found[-1]

    def undo(self, actor: Actor, position: str, *, around: Around[Outcome] | None = None) -> Outcome:
        """The act to which the change at `position` of the log belongs is taken back, and this is durable.

        Its changes are reversed by the same steps as any write, and logged as an act of their own whose cause
        is that position. Raises NotFound for what is no act of this actor, Conflict for what is too long ago or
        was changed since, and whatever stands against the opposite operations; then nothing has changed.
        """

        def work(unit: UnitOfWork) -> Outcome:
            self._check(unit)
            by = replace(actor, cause=f"{UNDO}{position}")
            with collector_paused():
                return take_back(self._setting(unit, by, self._world.new_id()), position)

        with _told_inside():
            return self._transact(work, around)

    def refill_in(
        self, unit: UnitOfWork, actor: Actor, wanted: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], int]:
        """These computed fields hold what follows, in every record; tells how many of each held something else.

        Inside the caller's transaction, which decides whether it stays. `wanted` are pairs of entity and field.
        """
        self._check(unit)
        with collector_paused():
            return refill(self._setting(unit, actor), wanted)

    def prepare(self) -> None:
        """What follows from a transaction may be left to a job; called outside of any."""
        self._postponer.prepare()

    def renew_in(
        self, unit: UnitOfWork, actor: Actor, wanted: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], int]:
        """Like `refill_in`, but fields of an entity with more records than follow at once wait for a job."""
        self._check(unit)
        with collector_paused():
            setting = self._setting(unit, actor)
            return refill(setting, left_for_now(setting, wanted))

    def revalue_in(
        self, unit: UnitOfWork, actor: Actor, entity: str, after: UUID | None, day: date | None
    ) -> tuple[Portion, Mapping[UUID, tuple[Problem, ...]]]:
        """The next records with amounts in other currencies have these worth what the day's rates say.

        Inside the caller's transaction. With the records are told the problems of those that were refused; they stay.
        """
        self._check(unit)
        with collector_paused():
            setting = self._setting(unit, actor, self._world.new_id())
            found = portion(setting, self._named(actor, entity), after, day)
            refused = _done(setting, found.commands, "good_rows").refused
            return found, {found.commands[at].target.id or NOBODY: told for at, told in refused.items()}

    def revaluable(self, unit: UnitOfWork, actor: Actor, entity: str) -> int:
        """How many records have amounts in other currencies than the base."""
        return count(self._setting(unit, actor), self._named(actor, entity))

    def refill(self, actor: Actor) -> Mapping[tuple[str, str], int]:
        """Every computed field holds what follows, which is durable; tells how many records held something else."""

        def work(unit: UnitOfWork) -> Mapping[tuple[str, str], int]:
            known = [wait.number for wait in waits(unit)]
            counts = self.refill_in(unit, actor, self._computed)
            drop_waits(unit, known)
            return counts

        return self._transact(work)

    def refill_needed(self, actor: Actor) -> Mapping[tuple[str, str], int]:
        """In how many records each computed field holds something else than what follows; nothing is changed."""
        with self._epoch.reading() as unit:
            return refill(self._setting(unit, actor), self._computed, is_kept=False)

    def try_again(self, job: UUID) -> None:
        """The job finds, too, what could not be kept when it found it last, and what was left to cancelled jobs."""
        self._database.transact(lambda unit: try_refused(unit, job))

    def catch_up(self, actor: Actor, job: UUID, note: Callable[[UnitOfWork, Caught], None]) -> Caught | None:
        """Some more records hold what was left to this job; `note` writes in the same transaction. None if nothing is.

        Raises Conflict when the definitions have changed since this service was made.
        """

        def work(unit: UnitOfWork) -> Caught | None:
            self._check(unit)
            with collector_paused():
                caught = catch_up(self._setting(unit, actor), job)
            if caught is not None:
                note(unit, caught)
            return caught

        return self._transact(work)

    def waiting(self, actor: Actor) -> Mapping[tuple[str, str], int]:
        """In how many records the value of each computed field waits for a job."""
        with self._epoch.reading() as unit:
            return count_waiting(self._setting(unit, actor))

    def pending(
        self, actor: Actor, entity: str, records: Collection[UUID], shown: Collection[str] | None = None
    ) -> Mapping[UUID, Sequence[str]]:
        """The computed fields of each of these records whose values may wait for a job; those without are left out.

        Where only the fields that are `shown` matter, nothing is asked unless one follows from many other records.
        """
        graph = self._writers.dependencies
        may_wait = graph.computed(entity) if shown is None else graph.spreads_to(entity, shown)
        if not records or not may_wait:
            return {}
        with self._database.read(snapshot=False) as unit:
            if not any_wait(unit):
                return {}
        with self._epoch.reading() as unit:
            return pending(self._setting(unit, actor), entity, records)

    @property
    def _computed(self) -> Collection[tuple[str, str]]:
        return list(self._writers.dependencies.parts)

    def place_of(self, outcome: Outcome) -> str:
        """Where the first change of an outcome stands in the log, for `undo`; empty if nothing was changed."""
        with self._database.read() as unit:
            return place_of(unit, outcome)

    def open_transitions(self, actor: Actor, entity: str, record: UUID) -> list[dict[str, Any]]:
        """The lifecycle steps from the record's state: whether this actor may take each, and why not.

        Raises NotFound when the record is absent or hidden.
        """
        with self._epoch.reading() as unit:
            setting = self._setting(unit, actor)
            writer = self._writers.named(entity, self._policy.readable_entities(actor), Place(path="entity"))
            stored = writer.load(unit, [record])
            if record not in stored or record not in passing(setting, writer, "read", [record]):
                raise absent(writer, Place(path="id"))
            may = record in passing(setting, writer, "transition", [record])
            return open_steps(setting, writer, stored[record], may)

    def permitted(self, actor: Actor, entity: str, record: UUID) -> Permitted:
        """What this actor may do with the record as it is now; nothing for one that is absent or hidden."""
        with self._epoch.reading() as unit:
            setting = self._setting(unit, actor)
            known = self._policy.readable_entities(actor)
            return permitted(setting, self._writers.named(entity, known, Place(path="entity")), record)

    def twins(
        self, actor: Actor, entity: str, values: Mapping[str, Any], record: UUID | None = None
    ) -> list[Twin]:
        """The records that may be read and that these values, of a change of `record` if that is given, would be told
        to be duplicates of; raises NotFound and Invalid as writing them would.
        """
        with self._epoch.reading() as unit:
            return twins_ahead(self._setting(unit, actor), self._named(actor, entity), values, record)

    def said_ahead(self, actor: Actor, entity: str, refs: Mapping[str, Ref]) -> list[Said]:
        """What rules that are kept in records would say of a record whose lookups lead there; nothing is written."""
        with self._epoch.reading() as unit:
            return said_ahead(self._setting(unit, actor), self._named(actor, entity), refs)

    def duplicates(self, actor: Actor, entity: str, way: str, after: str = "", limit: int = 50) -> Groups:
        """Groups of duplicates by one way of the entity, and from where to go on; raises NotFound for no such way."""
        with self._epoch.reading() as unit:
            return groups(self._setting(unit, actor), self._named(actor, entity), way, after, limit)

    def ways(self, actor: Actor, entity: str) -> list[Duplicate]:
        """The ways to find duplicates of which the actor may know what they compare."""
        return ways_known(self._policy.rights(actor, entity), self._named(actor, entity))

    def answering(self, actor: Actor, entity: str, record: UUID) -> UUID | None:
        """The record into which this one was merged; None if it was not, or if they may not read that one."""
        writer = self._named(actor, entity)
        with self._epoch.reading() as unit:
            kept = answering(unit, [record]).get(record)
            if kept is None or not passing(self._setting(unit, actor), writer, "read", [kept]):
                return None
            return kept

    def shares(self, actor: Actor, entity: str, record: UUID) -> tuple[Share, ...]:
        """With whom the record is shared; raises NotFound, or Forbidden without the right to share it."""
        with self._epoch.reading() as unit:
            return shares_of(self._setting(unit, actor), self._named(actor, entity), record)

    def share(
        self,
        actor: Actor,
        entity: str,
        record: UUID,
        to: Ref,
        operations: Sequence[str],
        *,
        around: Around[Share] | None = None,
    ) -> Share:
        """The record is shared with a user or team for exactly these operations, in every process at once.

        `around` may write beside that in the same transaction.
        """
        return self._about(actor, entity, lambda s, m: give_share(s, m, record, to, operations), around)

    def end_share(self, actor: Actor, entity: str, record: UUID, share: UUID) -> None:
        """The share gives nothing any more, in every process at once; raises NotFound when there is none."""
        self._about(actor, entity, lambda s, m: end_share(s, m, record, share))

    def comment(
        self,
        actor: Actor,
        entity: str,
        record: UUID,
        text: str,
        *,
        around: Around[Comment] | None = None,
    ) -> Comment:
        """The actor's comment stands on the record; raises NotFound for one that they may not read.

        `around` may write beside that in the same transaction.
        """

        def act(setting: Setting, writer: Writer) -> Comment:
            return write_comment(setting, writer, record, text, self._of(setting))

        return self._about(actor, entity, act, around)

    def edit_comment(self, actor: Actor, entity: str, record: UUID, comment: UUID, text: str) -> Comment:
        """The actor's own comment says this now."""
        return self._about(actor, entity, lambda s, m: edit_comment(s, m, record, comment, text, self._of(s)))

    def delete_comment(self, actor: Actor, entity: str, record: UUID, comment: UUID) -> None:
        """The actor's own comment is gone."""
        self._about(actor, entity, lambda setting, m: delete_comment(setting, m, record, comment))

    def mentionable(
        self, actor: Actor, entity: str, record: UUID, begin: str, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """People of that name who may read the record, as may the actor; raises NotFound if they may not."""
        writer = self._named(actor, entity)
        with self._epoch.reading() as unit:
            setting = self._setting(unit, actor)
            if not passing(setting, writer, "read", [record]):
                raise absent(writer, Place(path="id"))
            return people_called(setting, writer, record, begin, limit, self._of(setting))

    def _about(
        self,
        actor: Actor,
        entity: str,
        act: Callable[[Setting, Writer], T],
        around: Around[T] | None = None,
    ) -> T:
        """What came of the act, which is committed, under the definitions of this service."""
        writer = self._named(actor, entity)

        def work(unit: UnitOfWork) -> T:
            self._check(unit)
            return act(self._setting(unit, actor), writer)

        return self._transact(work, around)

    def _transact(self, work: Callable[[UnitOfWork], T], around: Around[T] | None = None) -> T:
        """What the work gave, which is committed; what follows from it may be left to a job."""
        if self._writers.dependencies.spreads:
            self.prepare()
        return self._database.transact(work, self._meanings, around=around, opening=self._opening)

    def _of(self, setting: Setting) -> Callable[[Actor], Setting]:
        """The same batch as another actor would be given it."""
        return lambda actor: self._setting(setting.unit, actor)

    def _named(self, actor: Actor, entity: str) -> Writer:
        return self._writers.named(entity, self._policy.readable_entities(actor), Place(path="entity"))

    def _setting(self, unit: UnitOfWork, actor: Actor, act: UUID | None = None) -> Setting:
        now = self._world.now()
        today = now.astimezone(ZoneInfo(self._zone)).date()
        context = actor_context(actor, now, today, self._zone, self._settings)
        return Setting(
            actor=actor,
            unit=unit,
            writers=self._writers,
            policy=self._policy,
            row_rules=self._row_rules,
            log=self._log,
            index=self._index,
            world=self._world,
            limits=self._limits,
            now=now,
            today=today,
            currency=self._currency,
            rates=Rates(unit, self._rates, self._currency),
            context=context,
            counters=self._counters,
            act=act,
            later=self._postponer.begin if self._postponer.is_ready else None,
        )


@contextmanager
def _told_inside() -> Iterator[None]:
    """Problems of the block are placed inside of the values that a command gives, not in a batch."""
    try:
        yield
    except XrmError as error:
        raise type(error)([inside(p)[1] for p in error.problems], facts=error.facts) from error


def _done(setting: Setting, commands: Sequence[Command], mode: Mode) -> Outcome:
    tally = Tally()
    refused = _good_ones(setting, tally, commands) if mode == "good_rows" else {}
    if mode == "all":
        for run in runs_of(commands):
            perform(setting, tally, run)
    results = tuple(tally.results[i] for i in range(len(commands)) if i in tally.results)
    return Outcome(results, tuple(tally.changes), refused, setting.act)


def _good_ones(setting: Setting, tally: Tally, commands: Sequence[Command]) -> dict[int, tuple[Problem, ...]]:
    """Everything that can be done is done; the problems of the others, by position."""
    refused: dict[int, tuple[Problem, ...]] = {}
    for run in runs_of(commands):
        _good_parts(setting, tally, run, refused)
    return refused


def _good_parts(setting: Setting, tally: Tally, run: Run, refused: dict[int, tuple[Problem, ...]]) -> None:
    """A run is tried whole; one that holds a bad command is halved, until the bad ones stand alone."""
    size = len(run.commands)
    if _tried(setting, tally, run, refused if size == 1 else None) or size == 1:
        return
    for part in (run.commands[: size // 2], run.commands[size // 2 :]):
        _good_parts(setting, tally, Run(run.kind, run.entity, part), refused)


def _tried(
    setting: Setting, tally: Tally, run: Run, refused: dict[int, tuple[Problem, ...]] | None = None
) -> bool:
    """True when the run is done; else nothing of it is left behind."""
    attempt = tally.copy()
    try:
        with setting.unit.savepoint():
            perform(setting, attempt, run)
    except XrmError as error:
        if error.facts.get("retry"):
            raise
        if refused is not None:
            refused[run.commands[0][0]] = error.problems
        return False
    tally.take(attempt)
    return True


def _too_many(most: int) -> TooLarge:
    problem = Problem("L114", f"A batch holds at most {most} commands.", "Send several batches.")
    return TooLarge(problem, facts={"limit": "batch_commands"})
