"""One meaning in three places: Python, SQLite and PostgreSQL give the same answers to random expressions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.expression_world import NUMBERS, SETTINGS, ZONES, World, build_world, context, store
from tests.support.random_expressions import Writer
from xrm.engine.projection.sql_expressions import parameter_values, sql_condition, sql_value
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.storage.dialects import Options, make_engine
from xrm.engine.storage.statements import prepare
from xrm.metadata.expressions import FILTER, Context, Expression, check, compile_python
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.typing_scope import ModelNames
from xrm.metadata.values import Money

SCOPE = FILTER.with_settings(SETTINGS)
SEED = 20260301
DEALS = 60


@dataclass(slots=True)
class Place:
    """A database that answers expressions about every deal, by the path that the engine takes."""

    connection: sa.Connection
    scope: SqlScope

    def answers(self, expression: Expression, given: Context) -> dict[UUID, tuple[Any, ...]]:
        """For every deal: the value, and for a condition also where it holds and where it does not."""
        row = self.scope.row
        chosen = [row.c.id, sql_value(expression, self.scope)]
        if expression.type.kind is Kind.BOOLEAN:
            for positive in (True, False):
                where = sql_condition(expression, self.scope, positive=positive)
                chosen.append(sa.case((where, sa.true()), else_=sa.false()))
        prepared = prepare(sa.select(*chosen), self.connection.dialect)
        sql, bound = prepared.ready(parameter_values(given))
        driver = self.connection.connection.driver_connection
        rows = driver.cursor().execute(sql, bound).fetchall()
        return {r[0]: r[1:] for r in map(prepared.read, rows)}


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(random.Random(SEED), DEALS)


@pytest.fixture
def places(world: World, sqlite_url: str, postgres_url: str) -> Iterator[dict[str, Place]]:
    table = world.schema["deal"].table
    scope = SqlScope(world.schema, "deal", table, numbers=NUMBERS)
    with ExitStack() as stack:
        found = {}
        for url in (sqlite_url, postgres_url):
            engine = make_engine(url, Options())
            connection = stack.enter_context(engine.connect())
            store(world, connection)
            found[engine.dialect.name] = Place(connection, scope)
        yield found


def in_python(world: World, expression: Expression, given: Context) -> dict[UUID, tuple[Any, ...]]:
    evaluate = compile_python(expression)
    answers = {}
    for id_ in world.records["deal"]:
        value = evaluate(world.env("deal", id_), given)
        holds = (bool(value), not value) if expression.type.kind is Kind.BOOLEAN else ()
        answers[id_] = (plain(value, expression.type), *holds)
    return answers


def plain(value: Any, type_: Type) -> Any:
    """References by id, and money by the number that stands for it, as queries give them."""
    if isinstance(value, Money):
        return value.amount if type_.options else value.base
    return getattr(value, "id", value)


def well_typed(writer: Writer, names: ModelNames) -> Expression:
    """The next random expression; one that costs too much is left out, any other problem is a failure."""
    while True:
        text = writer.expression()
        found = check(text, "deal", names, scope=SCOPE, expect=None)
        if isinstance(found, Expression):
            return found
        assert {p.code for p in found} == {"M208"}, (text, found)


def test_random_expressions_mean_the_same_in_python_sqlite_and_postgresql(
    world: World, places: dict[str, Place], scale: Callable[[int, int], int]
):
    rng = random.Random(SEED)
    names = ModelNames(world.model.entities)
    writer = Writer(rng, names)
    people = [None, *sorted({r["created_by"].id for r in world.records["deal"].values()})]
    filled = 0
    for _ in range(scale(200, 20_000)):
        expression = well_typed(writer, names)
        given = context(rng.choice(ZONES), rng.choice(people))
        expected = in_python(world, expression, given)
        filled += any(values[0] not in (None, False) for values in expected.values())
        for name, place in places.items():
            found = place.answers(expression, given)
            wrong = {i: (expected[i], found.get(i)) for i in expected if expected[i] != found.get(i)}
            assert not wrong, f"{name} on {expression.text}\n{next(iter(wrong.items()))}"
    assert filled > scale(200, 20_000) // 2
