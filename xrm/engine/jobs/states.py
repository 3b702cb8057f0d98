"""What people see of a job, and the signals by which one ends before its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from xrm.errors import Place, Problem

JOB_CODES: Mapping[str, str] = MappingProxyType(
    {
        "J100": "The program failed while it did the job; the log says where.",
        "J101": "The person in whose name the job was started may not act any more.",
        "J102": "The job was cancelled.",
        "J103": "The job was begun several times and its worker died each time.",
        "J104": "This program does not know the kind of the job.",
        "J105": "The job is over, so it cannot be cancelled.",
        "J106": "The job has not failed, so it is not tried again.",
    }
)


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as people see it. `result` grows while it runs and is whole when it is done."""

    id: UUID
    kind: str
    label: str
    state: State
    done: int
    total: int | None
    result: Mapping[str, Any]
    problems: Sequence[Problem]
    actor: UUID | None
    roles: frozenset[str]
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    params: Mapping[str, Any]
    attempt: int


class Cancelled(Exception):
    """Somebody asked for the end of the job, and the job has come to a point where it can end."""


class Superseded(Exception):
    """Another attempt at the job has begun, so this one must not write any more."""


class Stopping(Exception):
    """The worker is being stopped; another one goes on from the last checkpoint."""


def problem_json(problem: Problem) -> dict[str, str]:
    """The problem as the ledger keeps it."""
    return {
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "path": problem.where.path,
    }


def problem_of(kept: Mapping[str, str]) -> Problem:
    """The problem that the ledger keeps."""
    return Problem(kept["code"], kept["message"], kept["hint"], Place(path=kept["path"]))
