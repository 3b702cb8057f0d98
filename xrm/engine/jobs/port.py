"""The five calls between xrm and whatever engine runs its background work.

The engine is told which attempt of which job to perform, and nothing else: what the job is, how far it has
come and what it gave stands in our own table, where people see it. So an engine can be exchanged, and
whatever it loses or does twice is put right by the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from xrm.engine.storage.database import UnitOfWork

DEFAULT_QUEUE = "work"


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at one job, on the queue of its kind."""

    job: UUID
    attempt: int
    queue: str = DEFAULT_QUEUE

    @property
    def key(self) -> str:
        """A text that no other attempt has."""
        return f"{self.job}.{self.attempt}"


class RunState(StrEnum):
    """What the engine knows of a run."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"
    UNKNOWN = "unknown"


Perform = Callable[[UUID, int], None]


class Runner(Protocol):
    """An engine that performs runs at least once, after the transaction that asked for them has committed.

    Besides the five calls it is made ready once, outside of any transaction, and closed at the end.
    """

    def prepare(self) -> None:
        """Runs can be asked for."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether runs can be asked for in this process."""
        ...

    def close(self) -> None:
        """No connection of the engine is open."""
        ...

    def register(self, perform: Perform) -> None:
        """`perform` is called with job and attempt for every run."""
        ...

    def enqueue(self, unit: UnitOfWork, run: Run) -> None:
        """The run will be performed, if the caller's transaction commits."""
        ...

    def delay(self, unit: UnitOfWork, run: Run, by: timedelta) -> None:
        """The run will be performed after that time, if the caller's transaction commits."""
        ...

    def cancel(self, run: Run) -> None:
        """A run that has not begun will not begin; one that has begun is not touched."""
        ...

    def status(self, run: Run) -> RunState:
        """What the engine knows of the run."""
        ...
