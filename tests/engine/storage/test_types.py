"""Every scalar comes back as it went in, exactly, on both databases and on both paths."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage import types
from xrm.engine.storage.database import Database

CASES: dict[str, tuple[types.StoredType, Any]] = {
    "text": (types.Text(), "Olá, мир 🎉 ' \" % %s ?"),
    "long text": (types.LongText(), "x" * 100_000),
    "code": (types.Code(), "won"),
    "largest integer": (types.Integer(), 2**63 - 1),
    "smallest integer": (types.Integer(), -(2**63)),
    "decimal of 18 digits": (types.ScaledDecimal(18, 4), Decimal("99999999999999.9999")),
    "negative decimal": (types.ScaledDecimal(18, 2), Decimal("-9007199254740993.01")),
    "true": (types.Boolean(), True),
    "false": (types.Boolean(), False),
    "date": (types.Date(), date(1, 1, 1)),
    "instant": (types.Instant(), datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)),
    "time": (types.Time(), time(23, 59, 59)),
    "duration": (types.Duration(), timedelta(days=-3, seconds=7)),
    "json": (types.Json(), {"a": [1, None, "é"], "b": {"c": True}}),
    "json list": (types.Json(), ["x", "y"]),
    "uuid": (types.Uuid(), UUID("01a20032-5b43-7701-94da-2355ea6a00c1")),
    "bytes": (types.Bytes(), b"\x00\xff"),
}


def _table(kind: types.StoredType) -> sa.Table:
    return sa.Table("sample", sa.MetaData(), sa.Column("n", sa.Integer()), sa.Column("value", kind))


def _store(database: Database, table: sa.Table, values: list[Any]) -> None:
    with database.write() as unit:
        unit.execute(sa.schema.CreateTable(table))
        rows = [{"n": n, "value": value} for n, value in enumerate(values)]
        unit.insert_many(table, ["n", "value"], rows)


def test_every_value_comes_back_exactly_on_both_paths(database: Database) -> None:
    columns = [sa.Column(name, kind) for name, (kind, _) in CASES.items()]
    table = sa.Table("sample", sa.MetaData(), sa.Column("n", sa.Integer()), *columns)
    full = {"n": 1, **{name: value for name, (_, value) in CASES.items()}}
    empty = {"n": 2, **dict.fromkeys(CASES)}
    with database.write() as unit:
        unit.execute(sa.schema.CreateTable(table))
        unit.insert_many(table, list(full), [full, empty])
    chosen = sa.select(table).order_by(table.c.n)
    prepared = database.prepare(chosen)
    with database.read() as unit:
        raw = [dict(zip(full, prepared.read(row), strict=True)) for row in unit.run(prepared)]
        converted = [row._asdict() for row in unit.execute(chosen)]
    assert raw == [full, empty]
    assert converted == [full, empty]
    assert {name: type(value) for name, value in raw[0].items()} == {n: type(v) for n, v in full.items()}


def test_bulk_insert_stores_the_same_as_single_inserts(database: Database) -> None:
    columns = [sa.Column(f"c{n}", kind) for n, (kind, _) in enumerate(CASES.values())]
    table = sa.Table("sample", sa.MetaData(), *columns)
    row = {f"c{n}": value for n, (_, value) in enumerate(CASES.values())}
    with database.write() as unit:
        unit.execute(sa.schema.CreateTable(table))
        unit.insert_many(table, list(row), [row] * 30 + [dict.fromkeys(row)])
        unit.insert_many(table, list(row), [row])
    prepared = database.prepare(sa.select(table))
    with database.read() as unit:
        found = [prepared.read(r) for r in unit.run(prepared)]
    assert sorted(map(str, found)) == sorted(map(str, [tuple(row.values())] * 31 + [(None,) * len(row)]))


def test_decimals_are_rounded_half_up_to_their_scale(database: Database) -> None:
    table = _table(types.ScaledDecimal(18, 2))
    _store(database, table, [Decimal("1.005"), Decimal("-1.005"), Decimal(7), 3])
    with database.read() as unit:
        found = list(unit.execute(sa.select(table.c.value).order_by(table.c.n)).scalars())
    assert found == [Decimal("1.01"), Decimal("-1.01"), Decimal("7.00"), Decimal("3.00")]


def test_ten_times_a_tenth_is_one(database: Database) -> None:
    table = _table(types.ScaledDecimal(18, 2))
    _store(database, table, [Decimal("0.10")] * 10)
    with database.read() as unit:
        assert unit.execute(sa.select(sa.func.sum(table.c.value))).scalar() == Decimal("1.00")


def test_an_instant_of_another_zone_is_the_same_instant_in_utc(database: Database) -> None:
    table = _table(types.Instant())
    lisbon = datetime(2026, 7, 1, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    _store(database, table, [lisbon])
    with database.read() as unit:
        found = unit.execute(sa.select(table.c.value)).scalar_one()
    assert found == lisbon
    assert found.utcoffset() == timedelta(0)


def test_text_is_ordered_by_code_points_on_both_databases(database: Database) -> None:
    table = _table(types.Text())
    words = ["b", "B", "a", "é", "Z", "z", "ab", "🎉", "ж"]
    _store(database, table, words)
    with database.read() as unit:
        found = list(unit.execute(sa.select(table.c.value).order_by(table.c.value)).scalars())
    assert found == sorted(words)
