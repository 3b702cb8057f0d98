"""Prepared statements: compiled once, bound often, with lists of any length."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from xrm.engine.storage.database import Database
from xrm.engine.storage.statements import any_of, order_by
from xrm.engine.storage.types import Integer, ScaledDecimal, Text

SAMPLE = sa.Table(
    "sample",
    sa.MetaData(),
    sa.Column("n", Integer(), nullable=False),
    sa.Column("word", Text()),
    sa.Column("amount", ScaledDecimal(10, 2)),
)
WORDS = ["zero", "one", "two", None, "50%", "?"]


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as unit:
        unit.execute(sa.schema.CreateTable(SAMPLE))
        rows = [{"n": n, "word": word, "amount": Decimal(n) / 2} for n, word in enumerate(WORDS)]
        unit.insert_many(SAMPLE, ["n", "word", "amount"], rows)
    return database


def _found(database: Database, condition: sa.ColumnElement[bool], **values: object) -> list[int]:
    prepared = database.prepare(sa.select(SAMPLE.c.n).where(condition).order_by(SAMPLE.c.n))
    with database.read() as unit:
        return [row[0] for row in unit.run(prepared, values)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [([], []), ([1], [1]), ([1, 2, 4], [1, 2, 4]), (list(range(1000)), [0, 1, 2, 3, 4, 5]), ((5, 5), [5])],
    ids=["none", "one", "three", "a thousand", "a tuple with doubles"],
)
def test_a_list_of_any_length_is_bound(filled: Database, asked: list[int], found: list[int]) -> None:
    assert _found(filled, any_of(SAMPLE.c.n, "numbers"), numbers=asked) == found


def test_not_in_an_empty_list_holds_for_every_row(filled: Database) -> None:
    assert _found(filled, ~any_of(SAMPLE.c.n, "numbers"), numbers=[]) == [0, 1, 2, 3, 4, 5]


def test_constants_of_the_statement_are_bound_and_converted(filled: Database) -> None:
    assert _found(filled, SAMPLE.c.amount >= Decimal("1.50")) == [3, 4, 5]
    assert _found(filled, SAMPLE.c.word.in_(["50%", "?"])) == [4, 5]
    assert _found(filled, SAMPLE.c.word == "50%") == [4]


def test_named_values_are_converted_by_the_column_they_meet(filled: Database) -> None:
    condition = SAMPLE.c.amount == sa.bindparam("amount")
    assert _found(filled, condition, amount=Decimal("0.5")) == [1]


@pytest.mark.parametrize(("down", "expected"), [(False, [3, 4, 5]), (True, [0, 2, 1])], ids=["up", "down"])
def test_empty_stands_first_upwards_and_last_downwards(
    filled: Database, down: bool, expected: list[int]
) -> None:
    prepared = filled.prepare(sa.select(SAMPLE.c.n).order_by(order_by(SAMPLE.c.word, down)).limit(3))
    with filled.read() as unit:
        assert [row[0] for row in unit.run(prepared)] == expected


def test_a_prepared_statement_names_the_values_it_wants(filled: Database) -> None:
    prepared = filled.prepare(
        sa.select(SAMPLE.c.n).where(any_of(SAMPLE.c.n, "numbers"), SAMPLE.c.word == sa.bindparam("word"))
    )
    assert prepared.names == ("numbers", "word")


def test_an_update_counts_its_rows(filled: Database) -> None:
    change = filled.prepare(sa.update(SAMPLE).where(SAMPLE.c.n > sa.bindparam("least")), ["word"])
    with filled.write() as unit:
        assert unit.change(change, {"least": 3, "word": "more"}) == 2
    assert _found(filled, SAMPLE.c.word == "more") == [4, 5]


def test_a_stream_gives_all_rows_in_portions(filled: Database) -> None:
    with filled.write() as unit:
        rows = [{"n": n, "word": "many", "amount": None} for n in range(6, 2506)]
        unit.insert_many(SAMPLE, ["n", "word", "amount"], rows)
    prepared = filled.prepare(sa.select(SAMPLE.c.n).order_by(SAMPLE.c.n))
    with filled.read() as unit:
        portions = list(unit.stream(prepared))
    assert [len(p) for p in portions] == [1000, 1000, 506]
    assert [row[0] for portion in portions for row in portion] == list(range(2506))
