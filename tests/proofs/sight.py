"""An eye that reads the depot's tables without xrm, and says what in them is half done."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

Row = Mapping[str, Any]
Rows = dict[UUID, Row]

PARCELS = "SELECT id, version, number, code, name, pieces, deleted_at, deletion FROM depot__parcel"
ITEMS = "SELECT id, version, parcel, name, deleted_at, deletion FROM depot__item"
CHANGES = """SELECT record, version, operation, "after" FROM xrm_change
    WHERE entity = :entity ORDER BY position"""
WORDS = """SELECT (SELECT count(*) FROM xrm_search WHERE id NOT IN (SELECT rowid FROM xrm_search_words))
    + (SELECT count(*) FROM xrm_search_words WHERE rowid NOT IN (SELECT id FROM xrm_search))"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel as its writer knows it. One in the trash has no items left."""

    name: str
    version: int
    items: tuple[str, ...]
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything of the depot in the database, of one moment, by record id."""

    parcels: Rows
    items: Rows
    children: Mapping[UUID, Rows]
    log: Mapping[UUID, list[Row]]
    searched: frozenset[UUID]
    removed: frozenset[tuple[UUID, UUID]]
    counted: int
    damage: tuple[str, ...]

    def by_code(self) -> dict[str, Parcel]:
        """The parcels by the code that their writers gave them."""
        return {row["code"]: self._parcel(id_, row) for id_, row in self.parcels.items()}

    def ids(self) -> dict[str, UUID]:
        """The id of each parcel."""
        return {row["code"]: id_ for id_, row in self.parcels.items()}

    def first_item(self, parcel: UUID) -> tuple[UUID, str]:
        """Id and name of the oldest item of the parcel."""
        id_ = min(self.live_items(parcel))
        return id_, self.items[id_]["name"]

    def live_items(self, parcel: UUID) -> Rows:
        """The items of the parcel that are not in the trash."""
        return {i: row for i, row in self.children.get(parcel, {}).items() if row["deleted_at"] is None}

    def _parcel(self, id_: UUID, row: Row) -> Parcel:
        names = sorted(item["name"] for item in self.live_items(id_).values())
        return Parcel(row["name"], row["version"], tuple(names), row["deleted_at"] is None)

    # --- what is half done ------------------------------------------------------------------------------

    def faults(self) -> Iterator[str]:
        """Everything that was not written together with what belongs to it."""
        yield from self.damage
        yield from self._unlogged()
        yield from self._unsearched()
        yield from self._apart_from_parent()
        yield from self._badly_trashed()
        yield from self._badly_numbered()

    def _unlogged(self) -> Iterator[str]:
        records = {**self.parcels, **self.items}
        yield from (f"log rows without a record: {id_}" for id_ in self.log.keys() - records.keys())
        for id_, row in records.items():
            logged = self.log.get(id_, [])
            if [entry["version"] for entry in logged] != list(range(1, row["version"] + 1)):
                yield f"{row['name']} has version {row['version']} and {len(logged)} log rows"
            elif (told := _told(logged)) != _kept(row):
                yield f"the log tells {told} of {_kept(row)}"

    def _unsearched(self) -> Iterator[str]:
        live = {id_ for id_, row in {**self.parcels, **self.items}.items() if row["deleted_at"] is None}
        yield from (f"a record is not in the search index: {id_}" for id_ in live - self.searched)
        yield from (f"the search index finds what is gone: {id_}" for id_ in self.searched - live)

    def _apart_from_parent(self) -> Iterator[str]:
        for id_, row in self.parcels.items():
            living = len(self.live_items(id_))
            if living != (row["pieces"] if row["deleted_at"] is None else 0):
                yield f"{row['name']} says {row['pieces']} pieces and has {living} items"

    def _badly_trashed(self) -> Iterator[str]:
        trashed = {
            (row["deletion"], id_) for id_, row in {**self.parcels, **self.items}.items() if row["deleted_at"]
        }
        yield from (f"trash without its act: {pair}" for pair in trashed - self.removed)
        yield from (f"an act without its trash: {pair}" for pair in self.removed - trashed)

    def _badly_numbered(self) -> Iterator[str]:
        numbers = Counter(row["number"] for row in self.parcels.values())
        yield from (f"{number} was given {n} times" for number, n in numbers.items() if n > 1)
        if set(numbers) != {f"P-{n:06}" for n in range(1, self.counted + 1)}:
            yield f"{len(numbers)} numbers were given, the counter says {self.counted}"


def _kept(row: Row) -> tuple[Any, ...]:
    return (row["name"], row.get("pieces"), row["deleted_at"] is not None)


def _told(logged: list[Row]) -> tuple[Any, ...]:
    """What the log says that the record is now."""
    state: dict[str, Any] = {}
    for entry in logged:
        state |= entry["after"]
    return (state.get("name"), state.get("pieces"), logged[-1]["operation"] == "delete")


# --- reading ----------------------------------------------------------------------------------------------


def look(database_url: str) -> Sight:
    """What stands in the database now."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.connect().execution_options(isolation_level=_SNAPSHOT[engine.dialect.name]) as database:
        seen = _read(database)
    engine.dispose()
    return seen


_SNAPSHOT = {"sqlite": "SERIALIZABLE", "postgresql": "REPEATABLE READ"}


def _read(database: sa.Connection) -> Sight:
    parcels, items = _records(database, PARCELS), _records(database, ITEMS)
    children: dict[UUID, Rows] = defaultdict(dict)
    for id_, row in items.items():
        children[row["parcel"]][id_] = row
    numbers = {row["name"]: row["number"] for row in _all(database, "SELECT name, number FROM xrm_entity")}
    log: dict[UUID, list[Row]] = defaultdict(list)
    for entity in ("parcel", "item"):
        fields = _fields(database, numbers[entity])
        for row in _all(database, CHANGES, entity=numbers[entity]):
            log[row["record"]].append({**row, "after": _named(row["after"], fields)})
    ours = {"parcel": numbers["parcel"], "item": numbers["item"]}
    searched = _all(database, "SELECT record FROM xrm_search WHERE entity IN (:parcel, :item)", **ours)
    removed = _all(
        database, "SELECT deletion, record FROM xrm_deleted WHERE entity IN (:parcel, :item)", **ours
    )
    counted = _all(database, "SELECT value FROM xrm_counter WHERE entity = :parcel", parcel=ours["parcel"])
    return Sight(
        parcels, items, children, log,
        frozenset(row["record"] for row in searched),
        frozenset((row["deletion"], row["record"]) for row in removed),
        counted[0]["value"] if counted else 0,
        tuple(_damage(database)),
    )  # fmt: skip


def _damage(database: sa.Connection) -> Iterator[str]:
    if database.dialect.name != "sqlite":
        return
    for (says,) in database.execute(sa.text("PRAGMA integrity_check")):
        if says != "ok":
            yield f"integrity_check: {says}"
    yield from (f"foreign_key_check: {row}" for row in database.execute(sa.text("PRAGMA foreign_key_check")))
    apart = database.execute(sa.text(WORDS)).scalar_one()
    if apart:
        yield f"{apart} search entries without words, or words without an entry"


def _fields(database: sa.Connection, entity: int) -> dict[str, str]:
    rows = _all(database, "SELECT number, name FROM xrm_field WHERE entity = :entity", entity=entity)
    return {str(row["number"]): row["name"] for row in rows}


def _named(after: Any, fields: Mapping[str, str]) -> dict[str, Any]:
    values = json.loads(after) if isinstance(after, str | bytes) else after
    return {fields.get(number, number): value for number, value in values.items()}


def _records(database: sa.Connection, sql: str) -> Rows:
    return {row["id"]: row for row in _all(database, sql)}


def _all(database: sa.Connection, sql: str, **values: Any) -> list[Row]:
    rows = database.execute(sa.text(sql), values).mappings()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    """SQLite keeps ids as 16 bytes."""
    return UUID(bytes=value) if isinstance(value, bytes) and len(value) == 16 else value
