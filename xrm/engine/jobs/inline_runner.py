"""The engine of tests: a run is performed by the thread that committed it, before it goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from xrm.engine.jobs.port import Perform, Run, RunState
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.world import World


class InlineRunner:
    """Performs at the commit; what is delayed waits for `perform_due`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._perform: Perform | None = None
        self._states: dict[str, RunState] = {}
        self._waiting: list[tuple[datetime, Run]] = []

    def prepare(self) -> None:
        """Runs can be asked for."""

    @property
    def is_ready(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()

    def register(self, perform: Perform) -> None:
        """`perform` is called with job and attempt for every run."""
        self._perform = perform

    def enqueue(self, unit: UnitOfWork, run: Run) -> None:
        """The run is performed right after the caller's transaction has committed."""
        unit.after_commit(lambda: self._run(run))

    def delay(self, unit: UnitOfWork, run: Run, by: timedelta) -> None:
        """The run waits, once the caller's transaction has committed, until its time has come."""
        unit.after_commit(lambda: self._wait(run, self._world.now() + by))

    def cancel(self, run: Run) -> None:
        """A run that waits will not begin."""
        self._waiting = [(at, other) for at, other in self._waiting if other != run]
        self._states[run.key] = RunState.OVER

    def status(self, run: Run) -> RunState:
        """What has become of the run."""
        return self._states.get(run.key, RunState.UNKNOWN)

    def perform_due(self) -> int:
        """Every delayed run whose time has come has been performed; gives how many they were."""
        now = self._world.now()
        due = [run for at, run in sorted(self._waiting, key=lambda item: item[0]) if at <= now]
        self._waiting = [(at, run) for at, run in self._waiting if at > now]
        for run in due:
            self._run(run)
        return len(due)

    def _wait(self, run: Run, until: datetime) -> None:
        self._states[run.key] = RunState.WAITING
        self._waiting.append((until, run))

    def _run(self, run: Run) -> None:
        if self._perform is None:
            raise RuntimeError("A run was enqueued before anything was registered to perform it.")
        self._states[run.key] = RunState.RUNNING
        self._perform(run.job, run.attempt)
        self._states[run.key] = RunState.OVER
