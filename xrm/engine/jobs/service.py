"""Background work: started in a transaction, seen and cancelled by people, performed by whichever engine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity import Identity
from xrm.engine.identity.work import demand_administrator
from xrm.engine.jobs import desk
from xrm.engine.jobs.context import Context, Result, Watch
from xrm.engine.jobs.port import DEFAULT_QUEUE, Run, Runner
from xrm.engine.jobs.presence import Lease, Presence
from xrm.engine.jobs.states import Cancelled, Job, State, Stopping, Superseded
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.rows import hold
from xrm.engine.world import World
from xrm.errors import Conflict, NotFound, Problem, Unavailable, XrmError, is_overtaken
from xrm.registry import Registry, UnknownName

Handler = Callable[[Context], Result]
Beside = Callable[[UnitOfWork, UUID], None]
MOST_ATTEMPTS = 8
NO_DELAY = timedelta()
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often a kind of job is to be done without being asked for, how it is called, and in whose name."""

    every: timedelta
    label: str
    by: Callable[[], Actor]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: what does it, on which queue it waits, and through which door its writes come."""

    name: str
    handler: Handler
    queue: str = DEFAULT_QUEUE
    door: str = "job"
    repeats: Repeats | None = None


class Jobs:
    """The background work of one installation, safe between threads."""

    def __init__(
        self,
        database: Database,
        world: World,
        identity: Identity,
        runner: Runner,
        lease: Lease | None = None,
    ) -> None:
        self.database, self.world, self.lease = database, world, lease or Lease()
        self.runner = runner
        self._identity = identity
        self._kinds: Registry[Kind] = Registry("kind of job")
        self._presence: Presence | None = None
        self._present = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._idle, self._running = threading.Condition(), 0
        runner.register(self.perform)

    def register(
        self,
        name: str,
        handler: Handler,
        *,
        queue: str = DEFAULT_QUEUE,
        door: str = "job",
        repeats: Repeats | None = None,
    ) -> None:
        """Jobs of this kind are done by `handler`, which gives their result; workers start those that repeat."""
        self._kinds.register(name, Kind(name, handler, queue, door, repeats))

    # --- for doors ------------------------------------------------------------------------------------

    def start(
        self,
        kind: str,
        params: Mapping[str, Any],
        actor: Actor,
        *,
        unit: UnitOfWork | None = None,
        label: str = "",
        after: timedelta = NO_DELAY,
        beside: Beside | None = None,
    ) -> UUID:
        """The job is queued in the caller's transaction, or durably in one of its own; gives its id.

        `beside` writes in the same transaction and knows the job; what it raises leaves no job. Whoever gives
        a transaction has made the runner ready before, as workers and servers do.
        """
        job, queue = self.world.new_id(), self._kinds[kind].queue

        def begin(own: UnitOfWork) -> None:
            if beside:
                beside(own, job)
            desk.add(own, job, kind, label, params, actor, self.world.now())
            self._enqueue(own, Run(job, 1, queue), after)

        if unit is None:
            self.runner.prepare()
            self.database.transact(begin)
        else:
            begin(unit)
        return job

    def run_here(
        self,
        kind: str,
        params: Mapping[str, Any],
        actor: Actor,
        *,
        label: str = "",
        watch: Watch | None = None,
        beside: Beside | None = None,
    ) -> Job:
        """The job has run in this thread, with a row like any other; should we die, a worker resumes it.

        `beside` writes in the transaction that creates the row; what it raises leaves no job.
        """
        job, known = self.world.new_id(), self._kinds[kind]
        with self.present() as worker:
            with self.database.write() as unit:
                if beside:
                    beside(unit, job)
                desk.add(unit, job, known.name, label, params, actor, self.world.now())
                desk.claim(unit, job, 1, worker, self.world.now())
            self._do(job, 1, watch)
        return self._found(job)

    def status(self, actor: Actor, job: UUID) -> Job:
        """The job; raises NotFound when there is none that this actor administers, or started and may see.

        Who started it sees it while they hold every role that it has run with: what it read for them and
        made for them does not outlive their rights.
        """
        with self.database.read() as unit:
            found = desk.find(unit, job)
        if found is None or not _may_see(actor, found):
            raise NotFound(Problem("R104", "There is no such job for you."))
        return found

    def list(self, actor: Actor, limit: int = 50) -> list[Job]:
        """The newest jobs of which this actor may know."""
        whose = None if ADMINISTRATOR in actor.roles else actor.id
        with self.database.read() as unit:
            seen = (job for job in desk.newest(unit, whose) if _may_see(actor, job))
            return list(islice(seen, limit))

    def page(
        self, actor: Actor, state: State | None = None, after: UUID | None = None, limit: int = 50
    ) -> tuple[Sequence[Job], UUID | None]:
        """Jobs of everybody, for administrators: in one state, or in any with the failed first.

        With the id after which the next page goes on.
        """
        demand_administrator(actor)
        with self.database.read() as unit:
            found = desk.page(unit, state, after, limit + 1)
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    def retry(self, actor: Actor, job: UUID) -> Job:
        """The failed job waits again, in the name of whoever started it; raises Conflict if it has not failed."""
        kind = self.status(actor, job).kind
        self.runner.prepare()

        def again(unit: UnitOfWork) -> Job:
            found = desk.wait_again(unit, job)
            if found is None:
                hint = "Only what has failed is tried again."
                raise Conflict(Problem("J106", "The job has not failed.", hint))
            self.runner.enqueue(unit, Run(job, found.attempt, self._queue(kind)))
            return found

        return self.database.transact(again)

    def cancel(self, actor: Actor, job: UUID, *, beside: Beside | None = None) -> Job:
        """The job ends: at once if it waits, at its next checkpoint if it runs; raises Conflict if over.

        `beside` writes in the same transaction.
        """
        self.status(actor, job)
        with self.database.write() as unit:
            if beside:
                beside(unit, job)
            if (before := desk.find(unit, job)) is None or before.state.is_over:
                raise Conflict(Problem("J105", "The job is over.", "There is nothing to cancel."))
            found = desk.ask_to_cancel(unit, job, self.world.now())
        if found.state is State.CANCELLED:
            self.runner.cancel(Run(job, found.attempt, self._queue(found.kind)))
        return found

    # --- for runners and workers ----------------------------------------------------------------------

    def perform(self, job: UUID, attempt: int) -> None:
        """The attempt has been made, unless another has begun; whatever came of it stands in the ledger."""
        with self.present() as worker:
            with self.database.write() as unit:
                is_mine = desk.claim(unit, job, attempt, worker, self.world.now())
            if is_mine:
                self._do(job, attempt, None)

    def stop(self, seconds: float) -> None:
        """Every job of this process has ended at a checkpoint and waits for another worker, or time is up."""
        self._stopping.set()
        with self._idle:
            self._idle.wait_for(lambda: not self._running, seconds)

    @contextmanager
    def present(self) -> Iterator[str]:
        """Others know that this process lives; gives its name."""
        presence = self._enter()
        try:
            yield presence.name
        finally:
            self._leave()

    def start_due(self) -> None:
        """What repeats has been started within its interval, by whichever process came first."""
        for kind in self._kinds.values():
            if kind.repeats is not None:
                self.runner.prepare()
                self.database.transact(partial(self._start_due, kind.name, kind.repeats, kind.repeats.by()))

    def _start_due(self, kind: str, repeats: Repeats, actor: Actor, unit: UnitOfWork) -> None:
        hold(unit, f"job:{kind}")
        last = desk.last_start(unit, kind)
        if last is None or last + repeats.every <= self.world.now():
            self.start(kind, {}, actor, unit=unit, label=repeats.label)

    def take_over(self, suspects: frozenset[str] = frozenset()) -> frozenset[str]:
        """Jobs of the dead among `suspects` wait for another worker; gives all that look dead now."""
        since = self.world.now() - self.lease.silence
        with self.database.read() as unit:
            found = desk.orphans(unit, since)
        for job, attempt, kind, worker in found:
            if worker in suspects:
                self._take_over(job, attempt, kind)
        with self.database.write() as unit:
            desk.forget(unit, self.world.now() - self.lease.memory)
        return frozenset(worker for *_, worker in found)

    # --- how it is done -------------------------------------------------------------------------------

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _do(self, job: UUID, attempt: int, watch: Watch | None) -> None:
        with self._counted():
            self._do_counted(job, attempt, watch)

    def _do_counted(self, job: UUID, attempt: int, watch: Watch | None) -> None:
        try:
            self._finish(job, attempt, State.DONE, result=self._handle_by_present(job, attempt, watch))
        except Superseded:
            log.info("job %s: attempt %d was overtaken", job, attempt)
        except Cancelled:
            self._finish(job, attempt, State.CANCELLED, Problem("J102", "The job was cancelled."))
        except Stopping:
            self._again(job, attempt, NO_DELAY)
        except Unavailable as error:
            self._later(job, attempt, error)
        except XrmError as error:
            self._finish(job, attempt, State.FAILED, *error.problems)
        except Exception:
            # The last stop before an engine that would know nothing better than to try for ever.
            log.exception("job %s failed", job)
            problem = Problem("J100", "The program failed while it did this.", "Ask your administrator.")
            self._finish(job, attempt, State.FAILED, problem)

    def _handle_by_present(self, job: UUID, attempt: int, watch: Watch | None) -> Result:
        """What came of it; where definitions changed meanwhile it goes on from its checkpoint, by those of now."""
        for left in range(MOST_ATTEMPTS - 1, -1, -1):
            try:
                return self._handle(job, attempt, watch)
            except Conflict as error:
                if not (left and is_overtaken(error)):
                    raise
                log.info("job %s goes on by other definitions: %s", job, error)
        raise AssertionError("unreachable: the last attempt returned or raised")

    def _handle(self, job: UUID, attempt: int, watch: Watch | None) -> Result:
        found = self._found(job)
        try:
            kind = self._kinds[found.kind]
        except UnknownName as unknown:
            raise NotFound(Problem("J104", str(unknown), "Install what brings it.")) from None
        context = Context(
            job, attempt, found.params, found.result, self.database, self._identity, kind.door,
            is_stopping=self._stopping.is_set,
        )  # fmt: skip
        context = replace(context, watch=watch) if watch else context
        context.go_on()
        context.actor()
        return kind.handler(context)

    def _finish(
        self, job: UUID, attempt: int, state: State, *problems: Problem, result: Result | None = None
    ) -> None:
        try:
            with self.database.write() as unit:
                desk.end(unit, job, attempt, state, self.world.now(), problems, result)
        except Superseded:
            log.info("job %s: attempt %d was overtaken", job, attempt)

    def _later(self, job: UUID, attempt: int, error: Unavailable) -> None:
        """The database was away or busy; the job is tried again, later each time."""
        if attempt >= MOST_ATTEMPTS:
            self._finish(job, attempt, State.FAILED, *error.problems)
        else:
            self._again(job, attempt, timedelta(seconds=2**attempt))

    def _take_over(self, job: UUID, attempt: int, kind: str) -> None:
        self.runner.cancel(Run(job, attempt, self._queue(kind)))
        if attempt < MOST_ATTEMPTS:
            self._again(job, attempt, NO_DELAY, self._queue(kind))
            return
        message = f"Its worker died {attempt} times."
        self._finish(job, attempt, State.FAILED, Problem("J103", message, "Ask your administrator."))

    def _again(self, job: UUID, attempt: int, after: timedelta, queue: str = "") -> None:
        waits_on = queue or self._queue(self._found(job).kind)

        def again(unit: UnitOfWork) -> None:
            if desk.take_back(unit, job, attempt):
                self._enqueue(unit, Run(job, attempt + 1, waits_on), after)

        self.database.transact(again)

    def _enqueue(self, unit: UnitOfWork, run: Run, after: timedelta) -> None:
        if after > NO_DELAY:
            self.runner.delay(unit, run, after)
        else:
            self.runner.enqueue(unit, run)

    def _queue(self, kind: str) -> str:
        return self._kinds[kind].queue if kind in self._kinds else DEFAULT_QUEUE

    def _found(self, job: UUID) -> Job:
        with self.database.read() as unit:
            found = desk.find(unit, job)
        if found is None:
            raise NotFound(Problem("R104", "There is no such job."))
        return found

    def _enter(self) -> Presence:
        with self._lock:
            if self._presence is None:
                self._presence = Presence(self.database, self.world, self.lease)
                self._presence.begin()
            self._present += 1
            return self._presence

    def _leave(self) -> None:
        with self._lock:
            self._present -= 1
            if self._present == 0 and self._presence is not None:
                presence, self._presence = self._presence, None
                presence.end()


def _may_see(actor: Actor, job: Job) -> bool:
    return ADMINISTRATOR in actor.roles or (job.actor == actor.id and job.roles <= actor.roles)
