"""One cell with everything that it is about: who asks, what is named, and which value is looked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.support.rights_reference import Person, Record, comparable
from tests.support.rights_stage import Cell, Stage, answered
from tests.support.rights_world import THINGS
from xrm.engine.commands import (
    Actor,
)
from xrm.engine.queries.request import Count, Query

MANY_ROWS = 200


@dataclass(repr=False)
class Ask:
    """A cell with everything that it is about."""

    stage: Stage
    cell: Cell
    person: Person
    actor: Actor

    @property
    def entity(self) -> str:
        """The entity."""
        return self.cell.entity

    @property
    def name(self) -> str:
        """The first name of the path."""
        return self.cell.name.split(".")[0]

    @property
    def path(self) -> tuple[str, ...]:
        """The path."""
        return tuple(self.cell.name.split("."))

    @property
    def knows(self) -> bool:
        """True when the reader may name everything on the path."""
        if not self.person.knows(self.entity, self.name):
            return False
        if len(self.path) == 1:
            return True
        side = THINGS[self.entity].sides[self.name]
        wanted = self.targets[:1] if side.narrowed else self.targets
        far = [t for t in wanted if self.person.can(t, "read")]
        return bool(far) and all(self.person.knows(t, self.path[1]) for t in far)

    @property
    def targets(self) -> tuple[str, ...]:
        """Where the relationship leads."""
        return THINGS[self.entity].sides[self.name].targets

    @property
    def kind(self) -> str:
        """The kind of the field at the end of the path."""
        if len(self.path) == 1:
            return THINGS[self.entity].fields[self.name].kind
        return THINGS[self.targets[0]].fields[self.path[1]].kind

    @property
    def record(self) -> Record:
        """The record that the cell is about."""
        records = self.person.world.records[self.entity]
        return records[self.cell.pick % len(records)]

    @cached_property
    def value(self) -> Any:
        """A value that some record has at the end of the path, whoever may read it."""
        entity = self.entity if len(self.path) == 1 else self.targets[0]
        records = self.person.world.records[entity]
        turned = [records[(self.cell.pick + i) % len(records)] for i in range(len(records))]
        name = self.path[-1]
        through = THINGS[entity].fields[name].through
        if through is not None:
            turned = [r[through[0]] for r in turned if r[through[0]] is not None]
            name = through[1]
        return next(r[name] for r in turned if r[name] is not None)

    def query(self, **asked: Any) -> Any:
        """The page of a query."""
        asked.setdefault("limit", MANY_ROWS)
        return self.stage.queries.list(self.actor, Query(self.entity, **asked))

    def ids(self, **asked: Any) -> Any:
        """The ids that a query finds, in the order of the ids; they are counted as well."""
        page = self.query(fields=(("id",),), count=Count.EXACT, **asked)
        found = [r["id"] for r in page.data]
        return sorted(found) if page.count == len(found) else ("count", page.count, sorted(found))

    def expected(self, answer: Callable[[], Any], *, knows: bool | None = None) -> Any:
        """The answer, where the entity may be read and the names be used."""
        if not self.person.can(self.entity, "read"):
            return "absent"
        return ("ok", answer()) if (self.knows if knows is None else knows) else "unknown"


Pair = tuple[Any, Any]


def literal(value: Any) -> str:
    """The value in the expression language."""
    if isinstance(value, dict):
        return str(value["amount"])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+\.[0-9]+", value):
        return f'"{value}"'
    return str(value)


def below(a: Any, b: Any) -> bool:
    return a is not None and comparable(a) < comparable(b)


def written_path(ask: Ask) -> str:
    if len(ask.path) == 1:
        return ask.name
    side = THINGS[ask.entity].sides[ask.name]
    head = f"({ask.name} as {ask.targets[0]})" if side.narrowed else ask.name
    return f"{head}.{ask.path[1]}"


def read_value(ask: Ask, record: Record) -> Any:
    side = THINGS[ask.entity].sides.get(ask.name)
    return ask.person.at(record, ask.path, ask.targets[0] if side and side.narrowed else "")


def filtered(ask: Ask, text: str, holds: Callable[[Record], bool]) -> Pair:
    expected = ask.expected(lambda: ask.person.where(ask.entity, holds))
    return expected, answered(lambda: ask.ids(filters=(text,)))


def amount_of(value: Any) -> Any:
    return comparable(value["amount"] if isinstance(value, dict) else value)
