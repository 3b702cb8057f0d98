"""The realm installed and filled, and what the engine answers somebody who asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from tests.support.rights_reference import Record
from tests.support.rights_world import ME, TEAM, THINGS, TRASHED_TICKETS, Realm, identity
from xrm.engine.commands import (
    Actor,
    Command,
    Create,
    Delete,
    Outcome,
    Target,
    Transition,
    Update,
)
from xrm.engine.runtime import Runtime
from xrm.errors import Conflict, Forbidden, Invalid, NotFound
from xrm.testing import admin_actor, an_actor

UNKNOWN_CODES = frozenset({"R103", "M201"})
REFUSED_CODES = frozenset({"R131", "R132"})


@dataclass(frozen=True)
class Cell:
    """One question of the matrix. `pick` chooses the record or value that it is about."""

    roles: frozenset[str]
    entity: str
    name: str
    shape: str
    pick: int

    def __str__(self) -> str:
        return (
            f"{'+'.join(sorted(self.roles)) or 'nobody'}: {self.shape} {self.entity}.{self.name} #{self.pick}"
        )


@dataclass(frozen=True)
class Fault:
    """A cell whose two answers differ; a leak when the engine said or did more than it should."""

    cell: Cell
    expected: Any
    got: Any

    @property
    def is_leak(self) -> bool:
        """True when the engine gave what the reference does not, or told that something exists."""
        if self.expected == "ok" or (isinstance(self.expected, tuple) and self.expected[0] == "ok"):
            return isinstance(self.got, tuple) and self.got[0] == "ok"
        return True

    def __str__(self) -> str:
        kind = "leak" if self.is_leak else "denial"
        return f"{kind} | {self.cell} | expected {self.expected!r} | got {self.got!r}"


class Undone(Exception):
    """Carries what a write came to out of the transaction, which is rolled back by it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(repr=False)
class Stage:
    """The realm, installed and filled, ready to be asked as anybody. `shared` are records with a share."""

    runtime: Runtime
    realm: Realm
    ana: Actor
    other: Actor
    team: UUID
    shared: set[str] = field(default_factory=set)
    _feeds: dict[frozenset[str], dict[str, list[Mapping[str, Any]]]] = field(default_factory=dict)
    _got: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def links(self) -> Mapping[tuple[str, str], UUID]:
        """The id of each link, by ticket and watcher."""
        found = {}
        for record in self.realm.world.records["ticket"]:
            page = self.queries.links(admin_actor(self.runtime), "ticket", UUID(record["id"]), "watchers")
            found |= {(record["id"], row["id"]): UUID(row["link"]["id"]) for row in page.data}
        return found

    @property
    def queries(self) -> Any:
        """The reading service."""
        return self.runtime.current().queries

    def actor(self, roles: frozenset[str]) -> Actor:
        """The same person with these roles."""
        return replace(self.ana, roles=roles, teams=frozenset({self.team}))

    def attempt(self, actor: Actor, *commands: Command) -> Any:
        """What the commands come to; nothing of them stays."""

        def around(unit: object, run: Callable[[], Outcome]) -> Outcome:
            raise Undone(run())

        try:
            self.runtime.current().records.execute(actor, list(commands), around=around)
        except Undone as undone:
            return undone.outcome
        raise AssertionError("the transaction was not rolled back")

    def feed(self, roles: frozenset[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Everything that the change feed tells someone with these roles, by record."""
        if roles not in self._feeds:
            found: dict[str, list[Mapping[str, Any]]] = {}
            since = ""
            while True:
                page = self.queries.changes(self.actor(roles), since, 500)
                for entry in page.data:
                    found.setdefault(entry["record"], []).append(entry)
                if page.next == since:
                    break
                since = page.next or ""
            self._feeds[roles] = found
        return self._feeds[roles]

    def record(self, roles: frozenset[str], entity: str, record: str) -> Any:
        """The record as someone with these roles gets it, or the refusal."""
        key = (roles, entity, record)
        if key not in self._got:
            self._got[key] = answered(lambda: self.queries.get(self.actor(roles), entity, UUID(record)))
        return self._got[key]

    def forget(self) -> None:
        """What was read before does not count; for runs with other rules."""
        self._feeds.clear()
        self._got.clear()


# --- filling ------------------------------------------------------------------------------------------------


def set_stage(runtime: Runtime, realm: Realm) -> Stage:
    """The records of the realm are in the installation."""
    ana, other = an_actor(runtime, "ana", teams=["red"]), an_actor(runtime, "ben")
    team = runtime.directory.team("red")
    stage = Stage(runtime, realm, ana, other, team)
    admin = admin_actor(runtime)
    records = runtime.current().records
    for record in (r for records in realm.world.records.values() for r in records):
        records.execute(admin, [_create(stage, record)])
    records.execute(admin, [c for r in realm.world.records["client"] if (c := _second_change(r)) is not None])
    done = [r for r in realm.world.records["ticket"] if r["state"] == "done"]
    records.execute(admin, [Transition("ticket", Target(UUID(r["id"])), "finish") for r in done])
    for number in TRASHED_TICKETS:
        records.execute(admin, [Delete("ticket", Target(UUID(identity("ticket", number))))])
    return stage


LATER = ("tag", "score", "guarantor")


def _create(stage: Stage, record: Record) -> Create:
    entity = record["entity"]
    thing = THINGS[entity]
    values = {n: record[n] for n, a in thing.fields.items() if a.through is None}
    values |= {n: pointer(record[n]) for n, side in thing.sides.items() if side.of is None and not side.many}
    if entity == "client":
        values = {n: v for n, v in values.items() if n not in LATER}
    if entity == "ticket":
        values["watchers"] = {"create": [pointer(w) for w in record["watchers"]]}
        values["owner"] = {"id": str((stage.ana if record["owner"] == ME else stage.other).id)}
        values["team"] = {"id": str(stage.team)} if record["team"] == TEAM else None
    return Create(entity, values, id=UUID(record["id"]))


def _second_change(client: Record) -> Update:
    values = {"tag": client["tag"], "score": client["score"], "guarantor": pointer(client["guarantor"])}
    return Update("client", Target(UUID(client["id"])), values)


def pointer(record: Record | None) -> dict[str, str] | None:
    """The record as a caller points at it."""
    return None if record is None else {"entity": record["entity"], "id": record["id"]}


def answered(ask: Callable[[], Any]) -> Any:
    """("ok", answer), or what the refusal says: absent, refused, unknown, unfit or conflict."""
    try:
        return ("ok", ask())
    except NotFound:
        return "absent"
    except Forbidden:
        return "refused"
    except Conflict:
        return "conflict"
    except Invalid as invalid:
        codes = {p.code for p in invalid.problems}
        if codes & UNKNOWN_CODES:
            return Unknown(" ".join(f"{p.message} {p.hint}" for p in invalid.problems))
        return "refused" if codes & REFUSED_CODES else "unfit"


class Unknown(str):
    """The refusal of a name, which keeps what it told."""

    told: str

    def __new__(cls, told: str) -> Unknown:
        """The word `unknown` with the text of the refusal."""
        made = super().__new__(cls, "unknown")
        made.told = told
        return made
