"""What can be asked of the record service, by whom, and what comes of it. All values are frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from xrm.errors import Place, Problem

ADMINISTRATOR = "system_admin"
INSTALL = "install"  # the door by which packs bring their records
UNDO = "undo:"  # how the cause of a change begins that takes another one back
_COMMAND = re.compile(r"commands\[(\d+)\](?:\.values(?![^.\[]))?\.?")


class Signature(NamedTuple):
    """What of an identity shapes a compiled query: roles, numbers of entities with shares, a transfer."""

    roles: tuple[str, ...]
    shared: tuple[int, ...] = ()
    transfer: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person or a system actor, with what decides rights.

    `roles` are role names held; empty means none, which grants nothing. `units` are the person's unit and
    the units below it. `door` says through which surface the act came (api, page, import, cli, job ...);
    `cause` is the change or run that led to it, if any. `transfer` says that records are carried out or in
    together, "export" or "import": that operation must then be granted cell by cell besides the others.
    `until` is when the token ends by which they act, if one does; `narrowed` says that one gives these roles
    and no others, whatever the person comes to hold.
    `shared` holds the ledger numbers of the entities of which records are shared with them or their teams.
    `signature` is the part that shapes a compiled query; the rest are bound parameters.
    """

    id: UUID
    name: str
    roles: frozenset[str] = frozenset()
    teams: frozenset[UUID] = frozenset()
    unit: UUID | None = None
    units: frozenset[UUID] = frozenset()
    door: str = "api"
    cause: str = ""
    is_system: bool = False
    language: str = "en"
    zone: str = "UTC"
    contact: UUID | None = None
    shared: frozenset[int] = frozenset()
    transfer: str = ""
    until: datetime | None = None
    narrowed: bool = False
    signature: Signature = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Asked for with each statement of a request, so it is made once and with the actor.
        made = Signature(tuple(sorted(self.roles)), tuple(sorted(self.shared)), self.transfer)
        object.__setattr__(self, "signature", made)


@dataclass(frozen=True, slots=True)
class Target:
    """The record a command is about: an id, the name of an earlier command's record, or an alternate key."""

    id: UUID | None = None
    ref: str = ""
    key: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """Make a record from JSON values; `name` lets later commands of the batch refer to it.

    With `accept_duplicates`, here and in the others, the writer knows of duplicates of which they would be warned.
    """

    entity: str
    values: Mapping[str, Any]
    name: str = ""
    id: UUID | None = None
    accept_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """Change the given fields; `version` is compared when it is given.

    `worth` says of amounts, by field, what they are worth in the base currency from now on.
    """

    entity: str
    target: Target
    values: Mapping[str, Any]
    version: int | None = None
    accept_duplicates: bool = False
    worth: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upsert:
    """Create, or update the record with the same values of alternate key `by`."""

    entity: str
    by: str
    values: Mapping[str, Any]
    name: str = ""
    accept_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Move the record, and what its relationships cascade to, to the trash as one act."""

    entity: str
    target: Target
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring back everything that the same act removed."""

    entity: str
    target: Target


@dataclass(frozen=True, slots=True)
class Transition:
    """Take a named lifecycle step, with values that it requires."""

    entity: str
    target: Target
    transition: str
    values: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    reason: str = ""
    accept_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Connect two records by a many-to-many relationship, with its attributes and validity, and maybe a given id."""

    entity: str
    target: Target
    relationship: str
    to: Any
    values: Mapping[str, Any] = field(default_factory=dict)
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Unlink:
    """Take one link away, named by the link's id."""

    entity: str
    target: Target
    relationship: str
    link: UUID


@dataclass(frozen=True, slots=True)
class Merge:
    """Make one record of several: the target stays, and the others go to the trash and answer by it.

    What is empty in it is filled from the others in their order; `choose` names for a field the record whose value it
    gets, and `values` are given as to an Update.
    """

    entity: str
    target: Target
    others: tuple[UUID, ...]
    choose: Mapping[str, UUID] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None


Command = Create | Update | Upsert | Delete | Restore | Transition | Link | Unlink | Merge


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one record: the change-log row before it is written.

    `before` and `after` hold JSON forms of the changed fields only, by field name.
    """

    entity: str
    record: UUID
    version: int
    operation: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    at: datetime
    title: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one command came to: the record, its version now, and what was done (created, updated ...)."""

    entity: str
    id: UUID
    version: int
    outcome: str
    link: UUID | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch came to: one result per command, in order, and all changes including cascades.

    With `good_rows` the refused commands have no result; `refused` holds their problems by position.
    `act` is the mark of all its changes in the change log.
    """

    results: tuple[Result, ...]
    changes: tuple[Change, ...]
    refused: Mapping[int, tuple[Problem, ...]] = field(default_factory=dict)
    act: UUID | None = None


def inside(problem: Problem) -> tuple[int | None, Problem]:
    """Which command of a batch the problem is about, and the problem with its place in what that one gives.

    No command is named where what was refused is the batch as a whole.
    """
    found = _COMMAND.match(problem.where.path)
    if found is None:
        return None, problem
    return int(found[1]), problem.at(Place(path=problem.where.path[found.end() :]))
