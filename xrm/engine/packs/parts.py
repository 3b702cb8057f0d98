"""What installing needs of the rest of xrm."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from xrm.engine.commands import Actor, Command, Outcome
from xrm.engine.identity import Identity
from xrm.engine.packs.activation import Freshness
from xrm.engine.packs.trial import Play
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.stamp import Stamp
from xrm.engine.world import World
from xrm.metadata.definitions import Definitions
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.model import Model


class Records(Protocol):
    """The write pipeline of one model."""

    def execute(self, actor: Actor, commands: Sequence[Command]) -> Outcome:
        """All commands are done and durable, or none is."""
        ...

    def execute_in(self, unit: UnitOfWork, actor: Actor, commands: Sequence[Command]) -> Outcome:
        """All commands are done inside the caller's transaction."""
        ...

    def prepare(self) -> None:
        """What follows from a transaction may be left to a job; called outside of any."""
        ...

    def renew_in(
        self, unit: UnitOfWork, actor: Actor, wanted: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], int]:
        """These computed fields hold what follows; tells how many records held something else.

        Where an entity has more records than follow at once, a job finds the fields afterwards.
        """
        ...


class Composed(Protocol):
    """What follows from a model: the snapshot, as far as installing needs it."""

    @property
    def model(self) -> Model:
        """The definitions."""
        ...

    @property
    def schema(self) -> Schema:
        """The tables."""
        ...

    @property
    def records(self) -> Records:
        """The write pipeline."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the services of packs are made of. `compose` builds services of a model; `current` gives those in force.

    `zone` is the organisation's, in which the days of seeds are meant, and `currency` the one that amounts are worth
    something in. What is removed is kept for `kept_days`. The `types` are those that fields can have.
    `play` runs scenarios.
    """

    database: Database
    world: World
    identity: Identity
    definitions: Definitions
    freshness: Freshness
    compose: Callable[[Schema, Numbers, Stamp], Composed]
    current: Callable[[], Composed]
    play: Play
    zone: str
    currency: str
    kept_days: int
    types: Mapping[str, FieldType]
