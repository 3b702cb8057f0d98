"""The same small world twice: as a pack with records to install, and as plain dictionaries to reason about.

Six entities with every kind of relationship; roles are written by hand where a case matters and drawn by a
seed for the rest. A row rule is a pair: the text that the pack gets, and the same condition in Python.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import yaml

from tests.support.rights_reference import Attribute, Grant, Person, Record, Rows, Side, Thing, World
from xrm.testing import a_pack

ME, OTHER, TEAM = "me", "other", "team"

REGION = """
title: name
fields:
  name: {type: text, required: true, search: true}
  code: {type: text, unique: true}
  rank: {type: integer}
  note: {type: long_text, sensitive: true, search: true}
relationships:
  parent: {to: region, hierarchy: true, inverse: children, on_delete: clear}
"""
CLIENT = """
title: name
fields:
  name: {type: text, required: true, search: true}
  city: {type: choice, options: [faro, lisboa, porto]}
  size: {type: integer}
  score: {type: integer, sensitive: true}
  email: {type: email, privacy: personal, search: true}
  tag: {type: text, search: true, unique: true}
  budget: {type: money}
  rate: {type: decimal}
  since: {type: date}
  vip: {type: boolean}
  memo: {type: long_text, sensitive: true, search: true}
  region_rank: {from: region.rank}
relationships:
  region: {to: region, inverse: clients, on_delete: clear}
  guarantor: {to: client, sensitive: true, inverse: guarantees, on_delete: clear}
"""
CLIENT_VIEWS = "all: {type: list, columns: [name, size], sort: [-size]}\n"
PERSON = """
title: name
fields:
  name: {type: text, required: true, search: true}
  phone: {type: text, privacy: personal, search: true}
  mood: {type: choice, options: [bad, good]}
relationships:
  client: {to: client, inverse: people, on_delete: clear}
"""
TICKET = """
title: subject
ownership: user_or_team
fields:
  subject: {type: text, required: true, search: true}
  cost: {type: integer}
  margin: {type: integer, sensitive: true}
  kind: {type: choice, options: [bug, idea]}
  hint: {type: text, search: true}
relationships:
  client: {to: client, inverse: tickets, on_delete: restrict}
  payer: {to: [client, person], inverse: pays, on_delete: clear}
  about: {to: any, inverse: talked, on_delete: clear}
  steps: {from: step, owned: true}
  watchers:
    to: client
    many: true
    inverse: watching
    attributes: {level: {type: integer}}
"""
LIFECYCLE = """
states:
  open: {initial: true}
  done: {}
  shut: {}
transitions:
  finish: {from: open, to: done}
  shut: {from: done, to: shut, roles: [closer]}
  reopen: {from: [done, shut], to: open}
"""
STEP = """
title: name
fields:
  name: {type: text, required: true, search: true}
  hours: {type: decimal}
  remark: {type: text, sensitive: true, search: true}
"""
VAULT = """
title: name
fields:
  name: {type: text, required: true, search: true}
  worth: {type: integer}
relationships:
  region: {to: region, inverse: vaults, on_delete: clear}
"""
TRANSITIONS = {
    "finish": ("open", "done", None),
    "shut": ("done", "shut", frozenset({"closer"})),
    "reopen": ("done", "open", None),
}

TALKED = Side(("ticket",), many=True, of=("ticket", "about"))
THINGS: Mapping[str, Thing] = {
    "region": Thing(
        {
            "name": Attribute("text", searched=True),
            "code": Attribute("text"),
            "rank": Attribute("integer"),
            "note": Attribute("long_text", guarded=True, searched=True),
        },
        {
            "parent": Side(("region",)),
            "children": Side(("region",), many=True, of=("region", "parent")),
            "clients": Side(("client",), many=True, of=("client", "region")),
            "vaults": Side(("vault",), many=True, of=("vault", "region")),
            "talked": TALKED,
        },
        "name",
    ),
    "client": Thing(
        {
            "name": Attribute("text", searched=True),
            "city": Attribute("choice"),
            "size": Attribute("integer"),
            "score": Attribute("integer", guarded=True),
            "email": Attribute("email", guarded=True, searched=True),
            "tag": Attribute("text", searched=True),
            "budget": Attribute("money"),
            "rate": Attribute("decimal"),
            "since": Attribute("date"),
            "vip": Attribute("boolean"),
            "memo": Attribute("long_text", guarded=True, searched=True),
            "region_rank": Attribute("integer", through=("region", "rank")),
        },
        {
            "region": Side(("region",)),
            "guarantor": Side(("client",), guarded=True),
            "guarantees": Side(("client",), many=True, guarded=True, of=("client", "guarantor")),
            "people": Side(("person",), many=True, of=("person", "client")),
            "tickets": Side(("ticket",), many=True, of=("ticket", "client")),
            "pays": Side(("ticket",), many=True, of=("ticket", "payer")),
            "watching": Side(("ticket",), many=True, of=("ticket", "watchers")),
            "talked": TALKED,
        },
        "name",
        order="size",
    ),
    "person": Thing(
        {
            "name": Attribute("text", searched=True),
            "phone": Attribute("text", guarded=True, searched=True),
            "mood": Attribute("choice"),
        },
        {
            "client": Side(("client",)),
            "pays": Side(("ticket",), many=True, of=("ticket", "payer")),
            "talked": TALKED,
        },
        "name",
    ),
    "ticket": Thing(
        {
            "subject": Attribute("text", searched=True),
            "cost": Attribute("integer"),
            "margin": Attribute("integer", guarded=True),
            "kind": Attribute("choice"),
            "hint": Attribute("text", searched=True),
        },
        {
            "client": Side(("client",)),
            "payer": Side(("client", "person"), narrowed=True),
            "about": Side(("client", "person", "region", "step", "ticket", "vault"), any=True),
            "steps": Side(("step",), many=True, of=("step", "ticket")),
            "watchers": Side(("client",), many=True),
            "talked": TALKED,
        },
        "subject",
    ),
    "step": Thing(
        {
            "name": Attribute("text", searched=True),
            "hours": Attribute("decimal"),
            "remark": Attribute("text", guarded=True, searched=True),
        },
        {"ticket": Side(("ticket",)), "talked": TALKED},
        "name",
        parent=("ticket", "ticket", "steps"),
    ),
    "vault": Thing(
        {"name": Attribute("text", searched=True), "worth": Attribute("integer")},
        {"region": Side(("region",)), "talked": TALKED},
        "name",
    ),
}
OPTIONS = {"city": ["faro", "lisboa", "porto"], "mood": ["bad", "good"], "kind": ["bug", "idea"]}
COUNTS = {"region": 4, "client": 8, "person": 6, "vault": 3, "ticket": 10, "step": 10}
TRASHED_TICKETS = (8, 9)


# --- records ----------------------------------------------------------------------------------------------


def identity(entity: str, number: int) -> str:
    """The id of a record, known before it is made."""
    place = list(COUNTS).index(entity) + 1
    return str(UUID(f"01900000-0000-7000-8{place:03}-{number + 1:012}"))


def level(ticket: Record, watcher: Record) -> int | None:
    """The attribute of the link between the two: a small number, or none."""
    return (int(ticket["id"][-4:]) + int(watcher["id"][-4:])) % 4 or None


def _word(entity: str, name: str, number: int) -> str:
    """A text that no other field of no other record holds."""
    return f"{entity}{name.replace('_', '')}{'abcdefghijkl'[number]}"


def _value(chance: random.Random, entity: str, name: str, kind: str, number: int) -> Any:
    if kind in ("text", "long_text", "email"):
        word = _word(entity, name, number)
        return f"{word}@example.org" if kind == "email" else word
    if name != "kind" and chance.random() < 0.2:
        return None
    draws = {
        "choice": lambda: chance.choice(OPTIONS[name]),
        "integer": lambda: chance.randint(1, 6),
        "decimal": lambda: f"{chance.randint(1, 5)}.50",
        "date": lambda: f"2026-0{chance.randint(1, 6)}-11",
        "boolean": lambda: chance.random() < 0.5,
        "money": lambda: {"amount": f"{chance.randint(1, 6)}.00", "currency": "EUR"},
    }  # fmt: skip
    return draws[kind]()


def _records(chance: random.Random) -> dict[str, list[Record]]:
    made: dict[str, list[Record]] = {}
    for entity, count in COUNTS.items():
        made[entity] = []
        for number in range(count):
            thing = THINGS[entity]
            values = {
                n: _value(chance, entity, n, a.kind, number) for n, a in thing.fields.items() if not a.through
            }
            made[entity].append(
                {"entity": entity, "id": identity(entity, number), "trashed": False, **values}
                | {"title": values[thing.title]}
                | {n: [] if side.many else None for n, side in thing.sides.items()}
            )  # fmt: skip
    _related(chance, made)
    for number in TRASHED_TICKETS:
        for record in (made["ticket"][number], *made["ticket"][number]["steps"]):
            record["trashed"] = True
    return made


def _related(chance: random.Random, made: dict[str, list[Record]]) -> None:
    region, client, person = made["region"], made["client"], made["person"]
    for number in (1, 2, 3):
        _point(region[number], "parent", region[(number - 1) // 2])
    for record in (*client, *made["vault"]):
        _point(record, "region", chance.choice([*region, None]))
    for number, record in enumerate(client):
        _point(record, "guarantor", client[(number + 3) % len(client)] if number % 2 else None)
    for record in person:
        _point(record, "client", chance.choice([*client, None]))
    for number, record in enumerate(made["ticket"]):
        record["owner"] = ME if number % 2 else OTHER
        record["team"] = TEAM if number % 3 == 0 else None
        record["state"] = ("open", "open", "done")[number % 3]
        _point(record, "client", chance.choice(client[:6]))
        _point(record, "payer", chance.choice([*client, *person, None]))
        _point(record, "about", chance.choice([*region, *client, *person, *made["vault"]]))
        for watcher in chance.sample(client, 2):
            record["watchers"].append(watcher)
            watcher["watching"].append(record)
    for number, record in enumerate(made["step"]):
        _point(record, "ticket", made["ticket"][number])


def _point(record: Record, name: str, there: Record | None) -> None:
    record[name] = there
    if there is None:
        return
    stored = (record["entity"], name)
    for inverse, side in THINGS[there["entity"]].sides.items():
        if side.of == stored:
            there[inverse].append(record)


# --- row rules ----------------------------------------------------------------------------------------------


def _hop(record: Record | None, name: str) -> Any:
    return None if record is None or record["trashed"] else record[name]


def _full_and(value: Any, holds: Any) -> bool:
    return value is not None and holds(value)


RULES: Mapping[str, Sequence[tuple[str, Rows]]] = {
    "region": [
        ("rank > 2", lambda p, r: _full_and(r["rank"], lambda v: v > 2)),
        ('code != "regioncodeb"', lambda p, r: r["code"] != "regioncodeb"),
        ("parent == empty", lambda p, r: r["parent"] is None),
    ],
    "client": [
        ('city == "porto"', lambda p, r: r["city"] == "porto"),
        ('city in ["faro", "lisboa"]', lambda p, r: r["city"] in ("faro", "lisboa")),
        ("size >= 3", lambda p, r: _full_and(r["size"], lambda v: v >= 3)),
        ("not (size >= 3)", lambda p, r: not _full_and(r["size"], lambda v: v >= 3)),
        ("score > 3", lambda p, r: _full_and(r["score"], lambda v: v > 3)),
        ("region.rank > 2", lambda p, r: _full_and(_hop(r["region"], "rank"), lambda v: v > 2)),
        ('any(people, mood == "good")', lambda p, r: any(x["mood"] == "good" for x in r["people"])),
        ("vip", lambda p, r: r["vip"] is True),
    ],
    "person": [
        ('mood == "good"', lambda p, r: r["mood"] == "good"),
        ('client.city != "porto"', lambda p, r: _hop(r["client"], "city") != "porto"),
        ("client == empty", lambda p, r: r["client"] is None),
    ],
    "ticket": [
        ("own", lambda p, r: r["owner"] == p.me),
        ("team", lambda p, r: r["owner"] == p.me or r["team"] in p.teams),
        ('kind == "bug"', lambda p, r: r["kind"] == "bug"),
        ('state == "open"', lambda p, r: r["state"] == "open"),
        ("cost < 4", lambda p, r: _full_and(r["cost"], lambda v: v < 4)),
        ("client.size < 4", lambda p, r: _full_and(_hop(r["client"], "size"), lambda v: v < 4)),
        ("not (margin > 2)", lambda p, r: not _full_and(r["margin"], lambda v: v > 2)),
    ],
    "step": [
        ("hours > 2.5", lambda p, r: _full_and(r["hours"], lambda v: float(v) > 2.5)),
        ('ticket.kind == "idea"', lambda p, r: _hop(r["ticket"], "kind") == "idea"),
    ],
    "vault": [("worth > 3", lambda p, r: _full_and(r["worth"], lambda v: v > 3))],
}


# --- roles ------------------------------------------------------------------------------------------------

READ, WRITE = ["read"], ["create", "read", "update", "delete"]


@dataclass(frozen=True)
class Said:
    """A grant before it is written for either side: `rows` is a place in RULES; `fields` as in YAML."""

    entity: str
    can: Sequence[str]
    rows: int | None = None
    fields: Any = None


HAND_WRITTEN: Mapping[str, Sequence[Said]] = {
    "reader": [Said(e, READ) for e in THINGS if e != "vault"],
    "porto": [Said("client", READ, 0), Said("ticket", READ), Said("region", READ, 0),
              Said("person", READ, 1)],
    "scores": [Said("client", READ, 0, ["name", "score", "memo", "email", "guarantor", "people"])],
    "names": [Said(e, READ, None, [THINGS[e].title]) for e in THINGS],
    "sizes": [Said("client", READ, 2, ["name", "size", "region", "tickets", "watching"]),
              Said("client", READ, None, ["name", "tag"])],
    "worker": [
        Said("ticket", [*WRITE, "transition"], 0),
        Said("client", READ, 1),
        Said("client", ["update"], 2, ["name", "tag"]),
    ],
    "clerk": [Said("ticket", ["create", "update"], 2, ["subject", "kind", "client"]),
              Said("client", WRITE, 4)],
    "closer": [Said("ticket", ["read", "transition"])],
    "cleaner": [Said("ticket", ["read", "delete"], 1), Said("step", ["delete"]),
                Said("person", ["read", "delete"], 0)],
    "blind": [Said("client", ["create", "update", "delete"]), Said("vault", ["create"])],
    "nothing": [Said("client", [], None), Said("region", ["update"], None, [])],
    "carrier": [Said("client", [*READ, "export"], 1), Said("client", ["export"], 2, ["name", "size", "score"]),
                Said("client", READ, 2), Said("region", [*READ, "export"], 0), Said("person", READ),
                Said("ticket", READ), Said("ticket", ["export"], 0, ["subject", "cost", "steps", "client"])],
    "loader": [Said("client", ["create", "read", "update"]), Said("client", ["import"], 2, ["name", "size", "tag"]),
               Said("ticket", ["read", "update"]), Said("ticket", ["import"], 3, ["subject", "steps"])],
    "opener": [Said("ticket", READ), Said("ticket", ["update", "transition"], 3), Said("client", READ),
               Said("ticket", ["update"], 0, ["subject"])],
    "full": [Said(e, [*WRITE, "export", "import", *(["transition", "assign"] if e == "ticket" else [])], None,
                  [*THINGS[e].fields, *THINGS[e].sides]) for e in THINGS],
}  # fmt: skip


def _drawn(chance: random.Random) -> list[Said]:
    """The grants of a drawn role: some entities, each with one to three grants."""
    found = []
    for entity in chance.sample(list(THINGS), chance.randint(2, 5)):
        for _ in range(chance.randint(1, 3)):
            can = chance.choice([READ, READ, READ, WRITE, ["read", "update"], ["update"], ["create", "read"]])
            if entity == "ticket" and chance.random() < 0.3:
                can = [*can, "transition"]
            can = [*can, *(o for o in ("export", "import") if chance.random() < 0.4)]
            rows = chance.choice([None, *range(len(RULES[entity]))])
            found.append(Said(entity, can, rows, _drawn_fields(chance, entity, can)))
    return found


def _drawn_fields(chance: random.Random, entity: str, can: Sequence[str]) -> Any:
    """No list, a list, all but a list, or an empty list; who reads has at least what the title is made of."""
    thing = THINGS[entity]
    others = [n for n in (*thing.fields, *thing.sides) if n != thing.title]
    some = sorted(chance.sample(others, chance.randint(1, len(others))))
    ways: list[Any] = [None, [thing.title, *some], [thing.title, *some], {"except": some[:3]}]
    if "read" not in can:
        ways.append([])
    return chance.choice(ways)


def _fields(said: Said) -> frozenset[str]:
    if isinstance(said.fields, list):
        return frozenset(said.fields)
    hidden = said.fields["except"] if said.fields else ()
    return THINGS[said.entity].open_names() - frozenset(hidden)


def _grant(said: Said) -> Grant:
    rows = None if said.rows is None else RULES[said.entity][said.rows][1]
    return Grant(said.entity, frozenset(said.can), rows, _fields(said))


def _written(said: Said) -> dict[str, Any]:
    grant: dict[str, Any] = {"entity": said.entity, "can": list(said.can)}
    if said.rows is not None:
        grant["rows"] = RULES[said.entity][said.rows][0]
    return grant if said.fields is None else {**grant, "fields": said.fields}


@dataclass(frozen=True, repr=False)
class Realm:
    """The world, the pack that says the same, and the sets of roles that people hold."""

    world: World
    pack: Mapping[str, str]
    role_sets: Sequence[frozenset[str]]

    def person(self, roles: frozenset[str], transfer: str = "") -> Person:
        """Someone with these roles, who carries records out or in if a transfer is named."""
        return Person(self.world, roles, ME, frozenset({TEAM}), transfer)


def make_realm(seed: int, drawn_roles: int = 14, sets: int = 44) -> Realm:
    """A world drawn by the seed."""
    chance = random.Random(seed)
    said = {**HAND_WRITTEN, **{f"drawn_{i}": _drawn(chance) for i in range(drawn_roles)}}
    roles = {name: [_grant(g) for g in grants] for name, grants in said.items()}
    alone = [frozenset({name}) for name in said]
    mixed = [
        frozenset(chance.sample(sorted(said), chance.choice([2, 2, 3]))) for _ in range(sets - len(alone) - 1)
    ]
    text = {n: {"grants": {f"g{i}": _written(g) for i, g in enumerate(gs)}} for n, gs in said.items()}
    pack = a_pack(
        "realm",
        {
            "roles.yaml": yaml.safe_dump(text, sort_keys=False),
            "lifecycles/ticket.yaml": LIFECYCLE,
            "views/client.yaml": CLIENT_VIEWS,
        },
        region=REGION, client=CLIENT, person=PERSON, ticket=TICKET, step=STEP, vault=VAULT,
    )  # fmt: skip
    return Realm(World(THINGS, _records(chance), roles), pack, [frozenset(), *alone, *mixed])
