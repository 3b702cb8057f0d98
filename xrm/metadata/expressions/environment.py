"""What an evaluation is given: the records that it may read, the day, the instant and the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from xrm.metadata.values import Ref, meant


@dataclass(frozen=True, slots=True)
class Context:
    """The values of an evaluation that do not come from records; nothing is taken from the surroundings.

    `today` and `zone` are the organisation's for what is stored and for automations, the reader's elsewhere.
    """

    today: date
    now: datetime
    zone: str = "UTC"
    me: UUID | None = None
    teams: frozenset[UUID] = frozenset()
    unit: UUID | None = None
    units: frozenset[UUID] = frozenset()
    contact: UUID | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """The value of `me`, `my.teams`, `today`, `settings.inactive_days` and the like."""
        if name.startswith("settings."):
            return self.settings.get(name.removeprefix("settings."))
        return getattr(self, name.removeprefix("my."))


class Env(Protocol):
    """A record as expressions see it."""

    @property
    def entity(self) -> str:
        """The entity of the record."""
        ...

    def value(self, path: tuple[str, ...]) -> Any:
        """The value at an attribute's path, in the Python form of its type; None when empty."""
        ...

    def follow(self, relationship: str) -> Env | None:
        """The record on the other side, or None."""
        ...

    def many(self, relationship: str) -> Iterable[Env]:
        """The live records on the other side."""
        ...


@dataclass(frozen=True, slots=True)
class RecordEnv:
    """A record kept in a dictionary of field values; `load` fetches what relationships lead to.

    `load(entity, values, relationship)` gives the related records, one or none for a lookup.
    """

    entity: str
    values: Mapping[str, Any] = field(default_factory=dict)
    load: Callable[[str, Mapping[str, Any], str], Iterable[Env]] = lambda entity, values, name: ()

    def value(self, path: tuple[str, ...]) -> Any:
        """The value of the field, or of a part of it."""
        found = self.values.get(path[0])
        if found is None or found == () or found == "":
            return None
        return meant(found, *path[1:2])

    def follow(self, relationship: str) -> Env | None:
        """The related record that `load` gives first."""
        return next(iter(self.load(self.entity, self.values, relationship)), None)

    def many(self, relationship: str) -> Iterable[Env]:
        """The related records that `load` gives."""
        return self.load(self.entity, self.values, relationship)


def reference_of(env: Env) -> Ref:
    """The record as a value."""
    found = env.value(("id",))
    return found if isinstance(found, Ref) else Ref(env.entity, found)
