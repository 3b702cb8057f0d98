"""Running a scenario: its steps one after the other, and a problem with its place for each that comes out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from xrm.engine.commands import (
    Actor,
    Command,
    Create,
    Delete,
    Link,
    Outcome,
    Restore,
    Target,
    Transition,
    Update,
)
from xrm.engine.queries.request import Count, Query, Trash
from xrm.engine.queries.service import QueryService
from xrm.errors import Problem, XrmError
from xrm.metadata.expressions.environment import Context
from xrm.metadata.model import Model
from xrm.metadata.moments import is_moment, moved
from xrm.metadata.refs import with_refs
from xrm.metadata.scenarios import ACTS, Scenario, Step, expectation_of, file_in, span_of

SHOWN = 200


class Writing(Protocol):
    """The write pipeline."""

    def do(self, actor: Actor, command: Command) -> Outcome:
        """The command is done and durable, or refused."""
        ...


class Services(Protocol):
    """The services of the model in force."""

    @property
    def model(self) -> Model:
        """The definitions."""
        ...

    @property
    def records(self) -> Writing:
        """The write pipeline."""
        ...

    @property
    def queries(self) -> QueryService:
        """Reading."""
        ...


class Stage(Protocol):
    """An empty installation of the pack, with a clock that stands still."""

    def services(self) -> Services:
        """The services of the installation."""
        ...

    def person(self, name: str, roles: Iterable[str]) -> Actor:
        """The person, made with these roles; the administrator where no name is given."""
        ...

    def upload(self, actor: Actor, name: str) -> str:
        """The id of a new file of that name with some text in it, brought by the actor."""
        ...

    def now(self) -> datetime:
        """What the clock shows."""
        ...

    def advance(self, by: timedelta) -> None:
        """The clock shows a later instant."""
        ...


def run_scenario(stage: Stage, scenario: Scenario) -> tuple[Problem, ...]:
    """What came out otherwise than the scenario says; after an act that did, nothing more is tried."""
    stage.advance(scenario.at - stage.now())
    run = _Run(stage, {name: stage.person(name, roles) for name, roles in scenario.people.items()})
    problems: list[Problem] = []
    for step in scenario.steps:
        problem = run.take(step)
        if problem is not None:
            problems.append(problem)
            if step.verb in ACTS and not step.refused:
                break
    return tuple(problems)


@dataclass(frozen=True, slots=True)
class _Record:
    entity: str
    id: UUID


@dataclass(slots=True)
class _Run:
    """A scenario under way: who acts, and the records made so far by name."""

    stage: Stage
    people: Mapping[str, Actor]
    records: dict[str, _Record] = field(default_factory=dict)

    def take(self, step: Step) -> Problem | None:
        """The step is taken; what is wrong with how it came out, if anything."""
        try:
            wrong = _VERBS[step.verb](self, step)
        except XrmError as error:
            return _of_refusal(step, error)
        if wrong is None and step.refused:
            message = f"{_said(step)} was done, and should have been refused with {step.refused}."
            return Problem("T102", message, "", step.place)
        return wrong

    # --- acts -------------------------------------------------------------------------------------------

    def create(self, step: Step) -> None:
        entity = step.thing
        outcome = self._do(step, Create(entity, self._values(entity, step)))
        if name := step.facts.get("name"):
            self.records[name] = _Record(entity, outcome.results[0].id)

    def update(self, step: Step) -> None:
        record = self.records[step.thing]
        values = self._values(record.entity, step)
        self._do(step, Update(record.entity, Target(record.id), values))

    def transition(self, step: Step) -> None:
        record = self.records[step.facts["of"]]
        values, reason = self._values(record.entity, step), step.facts.get("reason", "")
        self._do(step, Transition(record.entity, Target(record.id), step.thing, values, reason=reason))

    def delete(self, step: Step) -> None:
        record = self.records[step.thing]
        self._do(step, Delete(record.entity, Target(record.id)))

    def restore(self, step: Step) -> None:
        record = self.records[step.thing]
        self._do(step, Restore(record.entity, Target(record.id)))

    def link(self, step: Step) -> None:
        record, there = self.records[step.thing], self.records[step.facts["to"]]
        to = {"entity": there.entity, "id": str(there.id)}
        values = with_refs(step.facts.get("values", {}), self._point)
        self._do(step, Link(record.entity, Target(record.id), step.facts["along"], to, values))

    def advance(self, step: Step) -> None:
        self.stage.advance(span_of(step.thing) or timedelta())

    # --- looks ------------------------------------------------------------------------------------------

    def read(self, step: Step) -> None:
        record = self.records[step.thing]
        self.stage.services().queries.get(self._actor(step), record.entity, record.id)

    def expect(self, step: Step) -> Problem | None:
        found = expectation_of(step.thing, self.records)
        if found is None:
            raise AssertionError("unreachable: the scenario was checked before")
        record, queries = self.records[found.record], self.stage.services().queries
        asked = Query(record.entity, filters=(found.condition,), ids=(record.id,), trash=Trash.BOTH)
        if queries.list(self._actor(step), asked).data:
            return None
        there = self._there(self._actor(step), record, found.names)
        message = f"{found.record} should be such that {found.condition}; there is {there}."
        return Problem("T104", message, "", step.place)

    def count(self, step: Step) -> Problem | None:
        filters = (str(step.facts["where"]),) if "where" in step.facts else ()
        asked = Query(step.thing, filters=filters, limit=1, count=Count.EXACT)
        found = self.stage.services().queries.list(self._actor(step), asked).count
        if found == step.facts["is"]:
            return None
        message = f"There should be {step.facts['is']} {step.thing}, and there are {found}."
        return Problem("T105", message, "", step.place)

    # --- how --------------------------------------------------------------------------------------------

    def _do(self, step: Step, command: Command) -> Outcome:
        return self.stage.services().records.do(self._actor(step), command)

    def _actor(self, step: Step) -> Actor:
        return self.people[step.who] if step.who else self.stage.person("", ())

    def _values(self, entity: str, step: Step) -> dict[str, Any]:
        fields = self.stage.services().model.entities[entity].fields
        now = self.stage.now()
        context = Context(now.date(), now, "UTC")
        found = {}
        for name, value in step.facts.get("values", {}).items():
            type_ = fields[name].type.name if name in fields else ""
            said = moved(type_, value, context) if is_moment(type_, value) else value
            said = self.stage.upload(self._actor(step), file) if (file := file_in(value)) else said
            pointed = with_refs(said, self._point)
            is_nested = isinstance(pointed, list) and name not in fields
            found[name] = {"create": pointed} if is_nested else pointed
        return found

    def _point(self, ref: str) -> dict[str, str]:
        if ref in self.people:
            return {"entity": "user", "id": str(self.people[ref].id)}
        record = self.records[ref]
        return {"entity": record.entity, "id": str(record.id)}

    def _there(self, actor: Actor, record: _Record, names: Sequence[str]) -> str:
        """What the record has of what the condition looks at, in words."""
        asked = Query(record.entity, ids=(record.id,), trash=Trash.BOTH)
        rows = self.stage.services().queries.list(actor, asked).data
        if not rows:
            return "no such record"
        told = ", ".join(f"{name} = {rows[0][name]!r}" for name in names if name in rows[0])
        return told[:SHOWN] or "another one"


def _of_refusal(step: Step, error: XrmError) -> Problem | None:
    codes = {error.code, *(problem.code for problem in error.problems)}
    if step.refused in codes:
        return None
    told = "; ".join(f"{p.code} {p.message}" for p in error.problems) or error.title
    if step.refused:
        message = f"{_said(step)} should have been refused with {step.refused}; it was with {told}"
        return Problem("T103", message, "", step.place)
    return Problem("T101", f"{_said(step)} was refused: {told}", "", step.place)


def _said(step: Step) -> str:
    """The step in short, as in `transition win of deal by ana`."""
    words = [step.verb, str(step.thing)]
    words += [f"of {step.facts['of']}"] if "of" in step.facts else []
    return " ".join([*words, *([f"by {step.who}"] if step.who else [])])


_VERBS: Mapping[str, Callable[[_Run, Step], Problem | None]] = {
    "create": _Run.create,
    "update": _Run.update,
    "transition": _Run.transition,
    "delete": _Run.delete,
    "restore": _Run.restore,
    "link": _Run.link,
    "advance": _Run.advance,
    "read": _Run.read,
    "expect": _Run.expect,
    "count": _Run.count,
}
