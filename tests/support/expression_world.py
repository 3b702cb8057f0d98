"""A small model with every kind of value and relationship, and random rows for it in Python and in tables."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage.entity_tables import Schema
from xrm.metadata.expressions import Context, RecordEnv
from xrm.metadata.expressions.types import INTEGER, TEXT, Kind, Type
from xrm.metadata.fieldtypes.base import Option
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.model import Entity, Field, Model, Relationship, Shape
from xrm.metadata.resolve.engine_entities import engine_entities
from xrm.metadata.values import Money, PersonName, Ref, fold

TYPES = builtin_registry()
NUMBERS = {"account": 1, "contact": 2, "deal": 3, "line": 4, "user": 5, "team": 6, "unit": 7}
TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 2, 30, 15, 123456, tzinfo=UTC)
ZONES = ("UTC", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Auckland")
TEXTS = (
    "São Paulo", "sao paulo", "SAO PAULO", "straße", "STRASSE", "İstanbul", "ÉCOLE", "école", "ﬁne", "fine",
    "日本語", "𝒳 marks", "a%b_c\\d", "it's", '"quoted"', "Ω", "ω", "x", "X", "10", "leak in the roof",
)  # fmt: skip
STAGES = ("new", "won", "lost")
COLOURS = ("red", "green", "blue")
SPANS = (0, 1, -1, 60, 3600, 86400, -86400, 90061)


def _field(name: str, type_: str, **params: Any) -> Field:
    return Field(name, TYPES[type_], {}, params=params)


def _options(*keys: str) -> tuple[Option, ...]:
    return tuple(Option(key, {}) for key in keys)


def _lookup(entity: str, name: str, *targets: str, inverse: str = "", **more: Any) -> Relationship:
    return Relationship(name, entity, Shape.LOOKUP, targets, {}, inverse=inverse, **more)


def _inverse(entity: str, name: str, of: tuple[str, str], *targets: str) -> Relationship:
    return Relationship(name, entity, Shape.INVERSE, targets or (of[0],), {}, one=False, of=of, inverse=of[1])


def _entity(name: str, fields: Iterable[Field], relationships: Iterable[Relationship], **more: Any) -> Entity:
    by_field = {f.name: f for f in fields}
    return Entity(
        name, "world", {}, {}, fields=by_field, relationships={r.name: r for r in relationships}, **more
    )


def build_model() -> Model:
    """Deals with lines, accounts and contacts: lookups of every shape, links with validity, many sides."""
    deal = _entity(
        "deal",
        (
            _field("name", "text"),
            _field("nickname", "text"),
            _field("note", "long_text"),
            _field("quantity", "integer"),
            _field("visits", "integer"),
            _field("price", "decimal", precision=12, scale=2),
            _field("rate", "decimal", precision=18, scale=8),
            _field("share", "percent"),
            _field("amount", "money"),
            _field("euro", "money", currency="EUR"),
            _field("active", "boolean"),
            _field("paid", "boolean"),
            _field("close_on", "date"),
            _field("signed_on", "date"),
            _field("starts_at", "datetime"),
            _field("opens", "time"),
            _field("effort", "duration"),
            _field("stage", "choice", options=_options(*STAGES)),
            _field("tags", "multi_choice", options=_options(*COLOURS)),
            _field("person", "person_name"),
        ),
        (
            _lookup("deal", "account", "account", inverse="deals"),
            _lookup("deal", "complainant", "account", "contact", inverse="complaints"),
            Relationship("about", "deal", Shape.LOOKUP, (), {}, any=True),
            _lookup("deal", "parent", "deal", inverse="children"),
            _inverse("deal", "children", ("deal", "parent")),
            _inverse("deal", "lines", ("line", "deal")),
            Relationship(
                "handlers", "deal", Shape.MANY, ("contact",), {}, one=False, valid=True, inverse="handled"
            ),
        ),
        ownership="user_or_team",
    )
    account = _entity(
        "account",
        (
            _field("name", "text"),
            _field("country", "choice", options=_options("BR", "PT")),
            _field("credit", "decimal", precision=18, scale=4),
            _field("since", "date"),
            _field("score", "integer"),
        ),
        (
            _lookup("account", "parent", "account", inverse="children"),
            _inverse("account", "children", ("account", "parent")),
            _inverse("account", "deals", ("deal", "account")),
            _inverse("account", "complaints", ("deal", "complainant")),
            _inverse("account", "contacts", ("contact", "account")),
        ),
    )
    contact = _entity(
        "contact",
        (
            _field("name", "text"),
            _field("score", "integer"),
            _field("born", "date"),
            _field("since", "date"),
        ),
        (
            _lookup("contact", "account", "account", inverse="contacts"),
            _inverse("contact", "complaints", ("deal", "complainant")),
            _inverse("contact", "handled", ("deal", "handlers")),
        ),
    )
    line = _entity(
        "line",
        (
            _field("label", "text"),
            _field("count", "integer"),
            _field("price", "decimal", precision=10, scale=3),
            _field("fee", "money"),
            _field("done", "boolean"),
            _field("due", "date"),
            _field("done_at", "datetime"),
            _field("spent", "duration"),
        ),
        (_lookup("line", "deal", "deal", inverse="lines"),),
    )
    engine = engine_entities(dict(TYPES))
    mine = {e.name: e for e in (deal, account, contact, line)}
    return Model(packs={}, entities={**engine, **mine}, roles={}, option_sets={})


Record = dict[str, Any]


@dataclass(slots=True)
class World:
    """The rows, as Python values by entity and id, and the links of deals with their handlers."""

    model: Model
    schema: Schema
    records: dict[str, dict[UUID, Record]] = field(default_factory=dict)
    links: list[tuple[UUID, UUID, date | None, date | None]] = field(default_factory=list)
    far: dict[tuple[str, str], dict[UUID, list[RecordEnv]]] = field(default_factory=dict)

    def env(self, entity: str, id_: UUID) -> RecordEnv:
        """The record as Python expressions see it."""
        return RecordEnv(entity, self.records[entity][id_], self.load)

    def load(self, entity: str, values: Mapping[str, Any], name: str) -> list[RecordEnv]:
        """The live records on the other side of a relationship."""
        relationship = self.model.entities[entity].relationships.get(name)
        if relationship is None or relationship.shape is Shape.LOOKUP:
            ref = values.get(name)
            return [] if ref is None else self._live(ref.entity, [ref.id])
        far = self.far.get((entity, name))
        if far is None:
            far = self.far[entity, name] = self._far_side(entity, relationship)
        return far.get(values["id"], [])

    def _far_side(self, entity: str, relationship: Relationship) -> dict[UUID, list[RecordEnv]]:
        """The live records that a relationship to many leads to, by the record that it starts from."""
        found: dict[UUID, list[RecordEnv]] = defaultdict(list)
        other, stored = relationship.of or ("contact", "")
        for start, end in self._pairs(entity, relationship, other, stored):
            found[start] += self._live(other, [end])
        return found

    def _pairs(
        self, entity: str, there: Relationship, other: str, stored: str
    ) -> Iterable[tuple[UUID, UUID]]:
        if there.shape is Shape.MANY:
            return ((s, t) for s, t in self._current())
        if self.model.entities[other].relationships[stored].shape is Shape.MANY:
            return ((t, s) for s, t in self._current())
        held = ((r.get(stored), i) for i, r in self.records[other].items())
        return ((ref.id, i) for ref, i in held if ref is not None and ref.entity == entity)

    def _current(self) -> list[tuple[UUID, UUID]]:
        valid = (k for k in self.links if (k[2] or TODAY) <= TODAY <= (k[3] or TODAY))
        return [(source, target) for source, target, *_ in valid]

    def _live(self, entity: str, ids: Iterable[UUID]) -> list[RecordEnv]:
        found = self.records.get(entity, {})
        return [self.env(entity, i) for i in ids if i in found and found[i].get("deleted_at") is None]


def build_world(rng: random.Random, deals: int = 60) -> World:
    """A world of that many deals, in which about a third of all values are empty."""
    model = build_model()
    world = World(model, sql_schema(model))
    people = [Ref("user", _id(rng)) for _ in range(3)]
    world.records["account"] = {i: {"id": i} for i in _ids(rng, 12)}
    world.records["contact"] = {i: {"id": i} for i in _ids(rng, 15)}
    world.records["deal"] = {i: {"id": i} for i in _ids(rng, deals)}
    world.records["line"] = {i: {"id": i} for i in _ids(rng, deals * 2)}
    for entity, records in world.records.items():
        for record in records.values():
            _fill(rng, world, model.entities[entity], record, people)
    world.links = [_link(rng, world) for _ in range(deals)]
    return world


def _link(rng: random.Random, world: World) -> tuple[UUID, UUID, date | None, date | None]:
    ends = [rng.choice([None, TODAY + timedelta(days=rng.randint(-2, 2))]) for _ in range(2)]
    return (
        rng.choice(list(world.records["deal"])),
        rng.choice(list(world.records["contact"])),
        ends[0],
        ends[1],
    )


def _fill(rng: random.Random, world: World, entity: Entity, record: Record, people: list[Ref]) -> None:
    for name, item in entity.fields.items():
        record[name] = None if rng.random() < 0.3 else _random_value(rng, item)
    for relationship in entity.lookups:
        target = rng.choice(relationship.targets or ("account", "contact", "deal"))
        chosen = Ref(target, rng.choice(list(world.records[target])))
        record[relationship.name] = None if rng.random() < 0.3 else chosen
    record["deleted_at"] = NOW if rng.random() < 0.1 else None
    record["created_at"] = record["updated_at"] = _instant(rng)
    record["version"], record["title"] = rng.randint(1, 9), rng.choice(TEXTS)
    record["created_by"] = rng.choice(people)
    if entity.is_owned:
        record["owner"], record["unit"] = rng.choice([None, *people]), None
        record["team"] = rng.choice([None, Ref("team", UUID(int=7)), Ref("team", UUID(int=8))])


def _id(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def _ids(rng: random.Random, count: int) -> list[UUID]:
    return [_id(rng) for _ in range(count)]


def _instant(rng: random.Random) -> datetime:
    moment = NOW + timedelta(seconds=rng.choice([0, 1, -1, 3600, -86400, rng.randint(-(10**8), 10**8)]))
    return moment.replace(microsecond=rng.choice([0, 1, 123456, 999999]))


def _number(rng: random.Random, digits: int, scale: int) -> Decimal:
    edge = 10 ** min(digits, 18)
    whole = rng.choice(
        [0, 1, -1, 5, 10, 25, 50, 99, rng.randint(-9999, 9999), edge - 1, -(edge - 1), edge // 2]
    )
    return Decimal(whole).scaleb(-scale)


def _day(rng: random.Random) -> date:
    near = TODAY + timedelta(days=rng.randint(-40, 40))
    edges = [
        date(1, 1, 1),
        date(9999, 12, 31),
        date(2024, 2, 29),
        date(2025, 1, 31),
        date(2025, 12, 31),
        TODAY,
    ]
    return rng.choice([near, near, near, *edges])


def _integer(rng: random.Random) -> int:
    return rng.choice(
        [0, 1, -1, 2, 3, 7, 10, 12, rng.randint(-99, 99), 2**63 - 1, -(2**63), 10**18, 10**18 - 1]
    )


def _money(rng: random.Random, params: Mapping[str, Any]) -> Money:
    currency = params.get("currency") or rng.choice(["EUR", "BRL"])
    base = None if rng.random() < 0.2 else _number(rng, 18, 4)
    return Money(_number(rng, 18, 4), currency, base)


def _random_value(rng: random.Random, item: Field) -> Any:
    part = item.parts[0]
    makers = {
        "integer": lambda: _integer(rng),
        "decimal": lambda: _number(rng, part.precision, part.scale),
        "percent": lambda: _number(rng, part.precision, part.scale),
        "money": lambda: _money(rng, item.params),
        "boolean": lambda: rng.random() < 0.5,
        "date": lambda: _day(rng),
        "datetime": lambda: _instant(rng),
        "time": lambda: time(rng.randint(0, 23), rng.choice([0, 30]), rng.choice([0, 59])),
        "duration": lambda: timedelta(seconds=rng.choice([*SPANS, rng.randint(-(10**7), 10**7)])),
        "choice": lambda: rng.choice([o.key for o in item.options]),
        "multi_choice": lambda: tuple(rng.sample(COLOURS, rng.randint(1, 3))),
        "person_name": lambda: PersonName(first=rng.choice([None, "Ana", "José"]), last=rng.choice(TEXTS)),
    }
    return makers.get(item.type.name, lambda: rng.choice(TEXTS))()


def store(world: World, connection: sa.Connection) -> None:
    """The tables exist in the database and hold the rows."""
    schema = world.schema
    for entity, records in world.records.items():
        table = schema[entity].table
        connection.execute(CreateTable(table, include_foreign_key_constraints=[]))
        connection.execute(sa.insert(table), [_row(world, entity, r) for r in records.values()])
    link = schema["deal"].links["handlers"]
    connection.execute(CreateTable(link.table, include_foreign_key_constraints=[]))
    rows = [
        {
            "id": UUID(int=n),
            "source": s,
            link.target.columns["contact"].name: t,
            "valid_from": first,
            "valid_to": last,
            "created_at": NOW,
        }
        for n, (s, t, first, last) in enumerate(world.links)
    ]
    connection.execute(sa.insert(link.table), rows)


def _row(world: World, entity: str, record: Record) -> dict[str, Any]:
    stored = world.schema[entity]
    row = {c.name: None for c in stored.table.c}
    values = {k: v.id if isinstance(v, Ref) and k not in stored.lookups else v for k, v in record.items()}
    return {**row, **stored.split(values, NUMBERS), "title__key": fold(record["title"])}


# Sunday to Thursday, with holidays in the week and at its end.
WORKS = "12347 2026-12-25 2026-12-27 2026-12-29 2026-12-30 2028-02-29"


SETTINGS = {
    "limit": INTEGER,
    "share": Type(Kind.DECIMAL, scale=2),
    "word": TEXT,
    "works": Type(Kind.CALENDAR),
}


def context(zone: str = "UTC", me: UUID | None = None) -> Context:
    """The day, instant and person of the tests."""
    return Context(
        today=TODAY,
        now=NOW,
        zone=zone,
        me=me,
        teams=frozenset({UUID(int=7)}),
        unit=None,
        settings={"limit": 50, "share": Decimal("12.50"), "word": "SÃO", "works": WORKS},
    )
