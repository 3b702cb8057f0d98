"""What follows in very many records is found by a job, which the change that it follows from has begun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.jobs import Context, Jobs
from xrm.engine.records.catching_up import Caught
from xrm.engine.records.service import RecordService
from xrm.engine.runtime.snapshot import Snapshot
from xrm.engine.storage.database import UnitOfWork
from xrm.errors import Invalid, Problem
from xrm.metadata.values import Ref

FOLLOW, FOLLOW_LABEL = "recompute", "Find values that follow from a change"
MOST_TOLD = 20
DONE, TOTAL, AGAINST, TOLD = "records", "expected", "rules_broken", "told"


class FollowUp:
    """Begins jobs of the kind `recompute`, and is their handler."""

    def __init__(self, jobs: Jobs, current: Callable[[], Snapshot], installer: Callable[[], Actor]) -> None:
        self._jobs, self._current, self._find_installer = jobs, current, installer
        jobs.register(FOLLOW, self)

    @cached_property
    def _installer(self) -> Actor:
        """Values follow in nobody's name."""
        return self._find_installer()

    def prepare(self) -> None:
        """Jobs can be begun; called outside of any transaction."""
        self._jobs.runner.prepare()

    @property
    def is_ready(self) -> bool:
        """Whether jobs can be begun inside of a transaction."""
        return self._jobs.runner.is_ready

    def begin(self, unit: UnitOfWork) -> UUID:
        """A job goes on when the transaction has committed; gives its id."""
        return self._jobs.start(FOLLOW, {}, self._installer, unit=unit, label=FOLLOW_LABEL)

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """Nothing is left for this job; raises Invalid for values that cannot be kept, which wait still."""
        saved: Mapping[str, Any] = {DONE: 0, TOTAL: 0, AGAINST: 0, TOLD: [], **context.saved}
        refused: list[Problem] = []
        self._records.try_again(context.job)
        while True:
            context.go_on()
            caught = self._records.catch_up(context.actor(), context.job, partial(self._note, context, saved))
            if caught is None:
                break
            saved = _after(saved, caught)
            refused += [_at(ref, problem) for ref, problem in caught.refused]
        if refused:
            raise Invalid(refused[:MOST_TOLD])
        return saved

    @staticmethod
    def _note(context: Context, saved: Mapping[str, Any], unit: UnitOfWork, caught: Caught) -> None:
        """With the transaction it is known that the job has come so far."""
        after = _after(saved, caught)
        context.checkpoint(unit, after, after[DONE], after[TOTAL])

    @property
    def _records(self) -> RecordService:
        return self._current().records


def _after(saved: Mapping[str, Any], caught: Caught) -> Mapping[str, Any]:
    told = [*saved[TOLD], *(_at(ref, problem).message for ref, problem in caught.against)]
    return {
        DONE: saved[DONE] + caught.found,
        TOTAL: saved[TOTAL] + caught.expected,
        AGAINST: saved[AGAINST] + len(caught.against),
        TOLD: told[:MOST_TOLD],
    }


def _at(ref: Ref, problem: Problem) -> Problem:
    """The problem with the record that it is about."""
    return Problem(problem.code, f"{ref.entity} {ref.id}: {problem.message}", problem.hint, problem.where)
