"""The realm installed and filled, and what the engine answers somebody who asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from tests.support.rights_reference import Record
from tests.support.rights_world import ME, OTHER, TEAM, THINGS, TRASHED_TICKETS, Realm, level
from xrm.engine.commands import (
    Actor,
    Command,
    Create,
    Delete,
    Link,
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


@dataclass(frozen=True)
class Act:
    """What somebody did when everything was theirs: the kind, the author, and what it touched, its own record first."""

    kind: str
    author: str
    position: str
    records: tuple[Record, ...]


class Undone(Exception):
    """Carries what a write came to out of the transaction, which is rolled back by it."""

    def __init__(self, outcome: Any) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(repr=False)
class Stage:
    """The realm, installed and filled, ready to be asked as anybody.

    `shared` are records with a share, `people` the titles of others by their roles, `said` the comments by record
    and author.
    """

    runtime: Runtime
    realm: Realm
    ana: Actor
    other: Actor
    team: UUID
    shared: set[str] = field(default_factory=set)
    acts: list[Act] = field(default_factory=list)
    people: dict[frozenset[str], str] = field(default_factory=dict)
    said: dict[tuple[str, str], UUID] = field(default_factory=dict)
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

        records = self.runtime.current().records
        return came_to(lambda around: records.execute(actor, list(commands), around=around))

    def say(self, author: str, record: Record) -> Any:
        """The author has said something about the record; the other one mentions Ana."""
        text = "mine" if author == ME else "theirs, @ana"
        records = self.runtime.current().records
        return records.comment(self.author(author), record["entity"], UUID(record["id"]), text)

    def name_of(self, person: UUID) -> str:
        """The name of one of the people."""
        directory = self.runtime.directory
        return next(
            n for n in self.people.values() if directory.user(f"{n.replace(' ', '.')}@example.com") == person
        )

    def author(self, name: str) -> Actor:
        """Who says and does things here, as somebody to whom everything is granted."""
        return replace(self.ana if name == ME else self.other, roles=FULL, teams=frozenset({self.team}))

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


FULL = frozenset({"full"})
READERS = ("reader", "porto", "names", "sizes", "worker", "nothing", "drawn_1", "drawn_5")


def set_stage(runtime: Runtime, realm: Realm) -> Stage:
    """The records of the realm are in the installation, made, changed and spoken of by two people."""
    ana, other = an_actor(runtime, "ana", FULL, teams=["red"]), an_actor(runtime, "ben", FULL)
    team = runtime.directory.team("red")
    stage = Stage(runtime, realm, ana, other, team)
    for role in READERS:
        an_actor(runtime, f"kim {role}", [role])
        stage.people[frozenset({role})] = f"kim {role}"
    for kind, record, command, along in _doings(stage):
        _do(stage, kind, command, (record, *along))
    _talk(stage)
    for ticket in (realm.world.records["ticket"][number] for number in TRASHED_TICKETS):
        _do(stage, "delete", Delete("ticket", Target(UUID(ticket["id"]))), (ticket, *ticket["steps"]))
    return stage


def _doings(stage: Stage) -> Iterator[tuple[str, Record, Command, Sequence[Record]]]:
    """What is made and changed, in order: the kind of act, its record, and the records that it is about as well."""
    records = stage.realm.world.records
    for record in (r for there in records.values() for r in there):
        yield "create", record, _create(stage, record), ()
    for client in records["client"]:
        yield "change", client, _second_change(client), ()
    for ticket in records["ticket"]:
        target = Target(UUID(ticket["id"]))
        if ticket["state"] == "done":
            yield "finish", ticket, Transition("ticket", target, "finish"), ()
        for watcher in ticket["watchers"]:
            given = {"level": level(ticket, watcher)}
            yield "link", ticket, Link("ticket", target, "watchers", pointer(watcher), given), (watcher,)


def _do(stage: Stage, kind: str, command: Command, touched: tuple[Record, ...]) -> None:
    """The act is done: every fourth by the other one."""
    author = OTHER if len(stage.acts) % 4 == 3 else ME
    records = stage.runtime.current().records
    position = records.place_of(records.execute(stage.author(author), [command]))
    stage.acts.append(Act(kind, author, position, touched))


def _talk(stage: Stage) -> None:
    """Both have said something about every record, and the other one has mentioned Ana."""
    for record in (r for there in stage.realm.world.records.values() for r in there):
        for author in (ME, OTHER):
            stage.said[record["id"], author] = stage.say(author, record).id


def came_to(do: Callable[[Callable[..., Any]], Any]) -> Any:
    """What is done comes to; nothing of it stays."""

    def around(unit: object, run: Callable[[], Any]) -> Any:
        raise Undone(run())

    try:
        do(around)
    except Undone as undone:
        return undone.outcome
    raise AssertionError("the transaction was not rolled back")


LATER = ("tag", "score", "guarantor")


def _create(stage: Stage, record: Record) -> Create:
    entity = record["entity"]
    thing = THINGS[entity]
    values = {n: record[n] for n, a in thing.fields.items() if a.through is None}
    values |= {n: pointer(record[n]) for n, side in thing.sides.items() if side.of is None and not side.many}
    if entity == "client":
        values = {n: v for n, v in values.items() if n not in LATER}
    if entity == "ticket":
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
