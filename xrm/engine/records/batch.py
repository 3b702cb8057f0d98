"""A batch on its way: who acts, in which transaction, under which definitions, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from xrm.engine.access import Policy
from xrm.engine.access.row_rules import RowRules
from xrm.engine.changes import ChangeLog
from xrm.engine.commands import Actor, Change, Command, Result
from xrm.engine.projection.sql_expressions import parameter_values
from xrm.engine.records.priced import Rates
from xrm.engine.records.writer import Writers
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.rows import Counters
from xrm.engine.storage.search import SearchIndex
from xrm.engine.world import World
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.expressions.environment import Context
from xrm.metadata.values import Ref
from xrm.settings import Limits

T = TypeVar("T")
Later = Callable[[UnitOfWork], UUID]  # the job that goes on when the transaction has committed


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same during one batch: actor, transaction, definitions, instant and limits.

    `act` is the mark that all changes of the batch bear in the change log; nothing for whoever only reads. `later`
    begins a job that finds what follows beyond the bound; without it, everything is found in the transaction.
    """

    actor: Actor
    unit: UnitOfWork
    writers: Writers
    policy: Policy
    row_rules: RowRules
    log: ChangeLog
    index: SearchIndex
    world: World
    limits: Limits
    now: datetime
    today: date
    currency: str
    rates: Rates
    context: Context
    counters: Counters
    act: UUID | None = None
    later: Later | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The values that row rules are asked with."""
        return parameter_values(self.context)

    @property
    def numbers(self) -> Mapping[str, int]:
        """The ledger number of each entity."""
        return self.writers.numbers.entities

    @property
    def entity_names(self) -> Mapping[int, str]:
        """The entity of each ledger number."""
        return self.writers.numbers.names


@dataclass(frozen=True, slots=True)
class Touch:
    """A record whose values of these names are others now; `old` and `new` are all of its values."""

    entity: str
    record: UUID
    names: frozenset[str]
    old: Mapping[str, Any]
    new: Mapping[str, Any]


@dataclass(slots=True)
class Tally:
    """What a batch has come to so far; the one thing in the pipeline that grows.

    `touched` are the records from which computed fields have not been found anew yet, `found` the values that have
    been, and `followed` the names of those that no rule has judged yet. The `job` finds what is left for later.
    """

    results: dict[int, Result] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    names: dict[str, Ref] = field(default_factory=dict)
    links: list[UUID] = field(default_factory=list)
    touched: list[Touch] = field(default_factory=list)
    found: dict[tuple[str, UUID], dict[str, Any]] = field(default_factory=dict)
    followed: dict[tuple[str, UUID], set[str]] = field(default_factory=dict)
    job: UUID | None = None

    def copy(self) -> Tally:
        """A tally that can grow without this one."""
        found = {key: dict(values) for key, values in self.found.items()}
        followed = {key: set(names) for key, names in self.followed.items()}
        return Tally(
            dict(self.results), list(self.changes), dict(self.names), list(self.links), list(self.touched), found,
            followed, self.job,
        )  # fmt: skip

    def take(self, other: Tally) -> None:
        """This tally is as the other one."""
        self.results, self.changes = other.results, other.changes
        self.names, self.links, self.touched = other.names, other.links, other.touched
        self.found, self.followed, self.job = other.found, other.followed, other.job

    def named(self, name: str, where: Place) -> Ref:
        """The record that an earlier command of the batch called `name`."""
        found = self.names.get(name)
        if found is None:
            hint = (
                "Name an earlier command: " + ", ".join(self.names)
                if self.names
                else "Name commands with `name`."
            )
            raise Invalid(Problem("R135", f"No earlier command is named {name!r}.", hint, where))
        return found


def path_of(position: int, tail: str = "") -> str:
    """Where the command at `position`, or a part of it, is in its batch."""
    return f"commands[{position}]{tail}"


@dataclass(frozen=True, slots=True)
class Run:
    """Commands of one kind on one entity that stand next to each other and go through the steps together."""

    kind: type[Command]
    entity: str
    commands: tuple[tuple[int, Any], ...]


def runs_of(commands: Iterable[Command]) -> list[Run]:
    """The batch in its order, cut where the kind or the entity changes."""
    grouped = groupby(enumerate(commands), key=lambda pair: (type(pair[1]), pair[1].entity))
    return [Run(kind, entity, tuple(pairs)) for (kind, entity), pairs in grouped]


def apart(items: Iterable[T], of: Callable[[T], Hashable]) -> list[Sequence[T]]:
    """The items in their order, cut before each that is of the same as one since the last cut."""
    parts: list[list[T]] = []
    seen: set[Hashable] = set()
    for item in items:
        if not parts or of(item) in seen:
            parts.append([])
            seen.clear()
        seen.add(of(item))
        parts[-1].append(item)
    return [*parts]


def merged(*values: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping of all, later ones winning."""
    return {name: value for mapping in values for name, value in mapping.items()}
