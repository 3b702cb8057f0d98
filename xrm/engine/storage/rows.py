"""Rows of one table: insert, load, change with the version compared, remove. Batches are the primitive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable, Scalars
from xrm.engine.storage.ledger import COUNTER
from xrm.engine.storage.statements import Columns, Insert, Prepared, Same, any_of
from xrm.errors import Problem, Stale

MOST_SHAPES = 256
_VERSION, _ID = "expected_version", "expected_id"


class TableRows:
    """Rows of any table whose key is `id`. Made once per model; keeps its statements."""

    def __init__(self, database: Database, table: sa.Table) -> None:
        self.database, self.table = database, table
        self.columns = tuple(table.columns.keys())
        self._empty = dict.fromkeys(self.columns, Same(None))
        self._shapes: dict[object, Prepared] = {}

    # Compiled on first use: a start pays for no entity that nobody writes.

    @cached_property
    def _load(self) -> Prepared:
        return self.database.prepare(self._chosen())

    @cached_property
    def _lock(self) -> Prepared:
        return self.database.prepare(self._chosen().order_by(self.table.c.id).with_for_update())

    @cached_property
    def _hold(self) -> Prepared:
        return self.database.prepare(self._chosen().order_by(self.table.c.id).with_for_update(key_share=True))

    @cached_property
    def _remove(self) -> Prepared:
        return self.database.prepare(sa.delete(self.table).where(any_of(self.table.c.id, "ids")))

    def _chosen(self) -> sa.Select[Any]:
        return sa.select(*self.table.columns).where(any_of(self.table.c.id, "ids"))

    def insert(self, unit: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
        """The rows are in the table; columns that a row does not name are empty."""
        named = dict.fromkeys(name for row in rows for name in row)
        self.insert_columns(unit, {name: [row.get(name) for row in rows] for name in named}, len(rows))

    def insert_columns(self, unit: UnitOfWork, columns: Columns, count: int) -> None:
        """The `count` rows of these columns are in the table; columns that are not named are empty."""
        unit.insert_columns(*self.insert_of(columns, count))

    def insert_of(self, columns: Columns, count: int) -> Insert:
        """What puts these rows into the table; columns that are not named are empty."""
        return Insert(self.table, {**self._empty, **columns}, count)

    def load(
        self, unit: UnitOfWork, ids: Iterable[UUID], *, lock: bool = False, hold: bool = False
    ) -> dict[UUID, Scalars]:
        """The rows that exist, by id, trash included; locked ones nobody else can change meanwhile.

        Those that are on `hold` nobody else can change either, and whoever points at them newly need not wait.
        """
        prepared = self._lock if lock else self._hold if hold else self._load
        found = (prepared.read(row) for row in unit.run(prepared, {"ids": list(ids)}))
        rows = (dict(zip(self.columns, values, strict=True)) for values in found)
        return {row["id"]: row for row in rows}

    def find(
        self, unit: UnitOfWork, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[Any]
    ) -> list[UUID]:
        """The ids of rows outside the trash in which these columns hold these values; none may be empty."""
        names = [f"v{number}" for number in range(len(columns))]
        key = ("find", *map(str, columns))
        prepared = self._shape(key, lambda: self._finder(columns, names))
        return [prepared.read(row)[0] for row in unit.run(prepared, dict(zip(names, values, strict=True)))]

    def remove(self, unit: UnitOfWork, ids: Iterable[UUID]) -> int:
        """The rows are gone for good; gives how many there were."""
        return unit.change(self._remove, {"ids": list(ids)})

    def _finder(self, columns: Sequence[sa.ColumnElement[Any]], names: Sequence[str]) -> sa.Select[Any]:
        same = [c == sa.bindparam(n, type_=c.type) for c, n in zip(columns, names, strict=True)]
        live = [self.table.c.deleted_at.is_(None)] if "deleted_at" in self.table.c else []
        return sa.select(self.table.c.id).where(*same, *live)

    def _shape(self, key: object, make: Any, columns: Sequence[str] | None = None) -> Prepared:
        found = self._shapes.get(key)
        if found is None:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            found = self._shapes[key] = self.database.prepare(make(), columns)
        return found


class Rows(TableRows):
    """Rows of an entity: each has a version, which rises with every change."""

    def __init__(self, database: Database, stored: EntityTable) -> None:
        super().__init__(database, stored.table)
        self.stored = stored

    def update(self, unit: UnitOfWork, id_: UUID, version: int, changes: Mapping[str, Any]) -> int:
        """The columns have changed and the version is one higher; raises Stale if it was another."""
        self.update_many(unit, [id_], [version], {name: Same(value) for name, value in changes.items()})
        return version + 1

    def update_many(
        self, unit: UnitOfWork, ids: Sequence[UUID], versions: Sequence[int], columns: Columns
    ) -> None:
        """Every row has changed and its version is one higher; raises Stale if any had another."""
        shape = tuple(sorted(columns))
        prepared = self._shape(shape, self._updater, shape)
        if unit.run_columns(prepared, {**columns, _ID: ids, _VERSION: versions}, len(ids)) != len(ids):
            raise _stale()

    def put(self, unit: UnitOfWork, ids: Sequence[UUID], columns: Columns) -> None:
        """Every row has these values; its version stays, for nobody wrote them."""
        shape = ("put", *sorted(columns))
        prepared = self._shape(shape, self._putter, sorted(columns))
        unit.run_columns(prepared, {**columns, _ID: ids}, len(ids))

    def _putter(self) -> sa.Update:
        columns = self.table.c
        return sa.update(self.table).where(columns.id == sa.bindparam(_ID, type_=columns.id.type))

    @cached_property
    def _move(self) -> Prepared:
        aside = sa.bindparam("aside", type_=self.table.c.deleted_at.type)
        chosen = sa.update(self.table).where(any_of(self.table.c.id, "ids"))
        return self.database.prepare(chosen.values(deleted_at=aside))

    def set_aside(self, unit: UnitOfWork, ids: Iterable[UUID], since: datetime | None) -> None:
        """No key speaks of these rows since that time, as if they were in the trash; with None each does again."""
        unit.change(self._move, {"ids": list(ids), "aside": since})

    def _updater(self) -> sa.Update:
        columns = self.table.c
        mine = columns.id == sa.bindparam(_ID, type_=columns.id.type)
        same = columns.version == sa.bindparam(_VERSION, type_=columns.version.type)
        return sa.update(self.table).where(mine, same).values(version=columns.version + 1)


# What is committed after it is flushed with it, so no record keeps a number that a crash gives out again.
_UNFLUSHED = "SET LOCAL synchronous_commit = off; SELECT 1"


class Counters:
    """Numbers that people see: given in order and never twice, without gap where the one who takes them waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = sqlite.insert if database.dialect.is_sqlite else postgresql.insert
        new = insert(COUNTER)
        raised = new.on_conflict_do_update(
            index_elements=["entity", "field", "scope"], set_={"value": COUNTER.c.value + new.excluded.value}
        )
        self._take = database.prepare(
            raised.returning(COUNTER.c.value), ["entity", "field", "scope", "value"]
        )

    def take(self, unit: UnitOfWork, entity: int, field: int, scope: str = "", count: int = 1) -> int:
        """The first of `count` numbers that are this transaction's; a rollback gives them back."""
        values = {"entity": entity, "field": field, "scope": scope, "value": count}
        last: int = unit.run(self._take, values)[0][0]
        return last - count + 1

    def take_apart(self, unit: UnitOfWork, entity: int, field: int, scope: str = "", count: int = 1) -> int:
        """The first of `count` numbers that nobody else gets, whatever becomes of this transaction.

        Nobody waits for its end to get the next. SQLite has one writer, who takes them with what is written.
        """
        if unit.dialect.is_sqlite or unit.is_alone:
            return self.take(unit, entity, field, scope, count)
        with self._database.write(opening=_UNFLUSHED) as apart:
            return self.take(apart, entity, field, scope, count)


_HOLD = sa.select(
    sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name", type_=sa.Text()), 0))
)


def hold(unit: UnitOfWork, name: str) -> None:
    """Until the transaction ends, nobody else holds this name: for rules that no constraint can keep."""
    if not unit.dialect.is_sqlite:
        unit.execute(_HOLD, {"name": name})


def _stale() -> Stale:
    message = "The record was changed or removed by someone else meanwhile."
    return Stale(Problem("R112", message, "Read it again, then repeat the change."))
