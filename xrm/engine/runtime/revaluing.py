"""Amounts are revalued: a job that goes on from where it was when its worker died."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.jobs import Beside, Context, Job, Jobs
from xrm.engine.records.revaluing import Portion
from xrm.engine.runtime.snapshot import Snapshot
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.errors import Invalid, NotFound, Place, Problem
from xrm.registry import near_names

REVALUE = "revalue"
ENTITY, DAY = "entity", "day"
MOST_TOLD = 200
_BEGUN: Mapping[str, Any] = {"at": "", "updated": 0, "unchanged": 0, "failed": 0, "problems": []}


class Revaluing:
    """Starts and performs revaluations."""

    def __init__(self, database: Database, jobs: Jobs, current: Callable[[], Snapshot]) -> None:
        self._database, self._jobs, self._current = database, jobs, current
        jobs.register(REVALUE, self)

    def entities(self) -> Iterator[str]:
        """The entities whose records hold amounts with a worth."""
        for entity in self._current().model.entities.values():
            given = (f for f in entity.fields.values() if f.is_stored and f.formula is None)
            if not entity.is_engine and any(f.type.in_base for f in given):
                yield entity.name

    def start(
        self,
        actor: Actor,
        entity: str,
        day: date | None,
        *,
        here: bool = False,
        beside: Beside | None = None,
        watch: Callable[[int, int | None], None] | None = None,
    ) -> Job:
        """The amounts of the entity's records are being revalued by the rates of the day, for administrators.

        Without a day each is by the day that its field names, or today's. Raises NotFound for no such entity, and
        Invalid for one without amounts. The work is done when this returns if it is to be done `here`.
        """
        demand_administrator(actor, "revalue amounts")
        self._demand(entity)
        params = {ENTITY: entity, DAY: day.isoformat() if day else None}
        label = f"Revalue {entity}" + (f" on {day.isoformat()}" if day else "")
        if here:
            return self._jobs.run_here(REVALUE, params, actor, label=label, watch=watch, beside=beside)
        return self._jobs.status(actor, self._jobs.start(REVALUE, params, actor, label=label, beside=beside))

    def _demand(self, entity: str) -> None:
        entities = self._current().model.entities
        where = Place(path=ENTITY)
        if entity not in entities or entities[entity].is_engine:
            near = near_names(entity, entities)
            hint = f"Did you mean {near[0]}?" if near else ""
            raise NotFound(Problem("R104", f"There is no entity {entity[:80]!r}.", hint, where))
        if entity not in self.entities():
            known = ", ".join(self.entities()) or "none"
            message = f"Nobody enters amounts of money in the records of {entity}."
            raise Invalid(
                Problem(
                    "R197",
                    message,
                    f"What is computed follows by itself. Amounts are entered in: {known}.",
                    where,
                )
            )

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """Every amount is worth what the rate says; tells how many records were changed, and why others were not."""
        said = context.params[DAY]
        day, facts = date.fromisoformat(said) if said else None, {**_BEGUN, **context.saved}
        while facts["at"] is not None:
            context.go_on()
            facts = self._portion(context, context.actor(), day, facts)
        return facts

    def _portion(
        self, context: Context, actor: Actor, day: date | None, before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What it has come to with the next records, which is durable."""
        entity, services = context.params[ENTITY], self._current()
        after = UUID(before["at"]) if before["at"] else None

        def work(unit: UnitOfWork) -> dict[str, Any]:
            total = None if after else services.records.revaluable(unit, actor, entity)
            found, refused = services.records.revalue_in(unit, actor, entity, after, day)
            facts = _with(before, found, refused)
            done = sum(facts[word] for word in ("updated", "unchanged", "failed"))
            context.checkpoint(unit, facts, done, total)
            return facts

        return self._database.transact(work, services.schema.meanings)


def _with(
    before: Mapping[str, Any], found: Portion, refused: Mapping[UUID, tuple[Problem, ...]]
) -> dict[str, Any]:
    wrong = {record: (problem,) for record, problem in found.unknown} | dict(refused)
    updated = len(found.commands) - len(refused)
    told = [_told(record, problems[0]) for record, problems in wrong.items()]
    return {
        "at": str(found.last) if found.last else None,
        "updated": before["updated"] + updated,
        "unchanged": before["unchanged"] + max(0, found.count - updated - len(wrong)),
        "failed": before["failed"] + len(wrong),
        "problems": [*before["problems"], *told][:MOST_TOLD],
    }


def _told(record: UUID, problem: Problem) -> dict[str, str]:
    path = problem.where.path
    return {"row": str(record), "column": "", "path": path, "message": problem.message, "hint": problem.hint}
