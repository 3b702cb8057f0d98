"""Expressions as SQL: the table of vectors, usable indexes, a reader's rights, one statement for all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from tests.conftest import DATABASES
from tests.support.expression_vectors import VECTORS, ZONE
from tests.support.expression_world import (
    NOW,
    NUMBERS,
    SETTINGS,
    World,
    build_model,
    build_world,
    context,
    store,
)
from tests.support.function_examples import EXAMPLES, spoken
from tests.support.random_expressions import Writer
from xrm.engine.projection.sql_expressions import parameter_values, sql_condition, sql_value
from xrm.engine.projection.sql_functions import SQL_FUNCTIONS
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage.dialects import Options, make_engine
from xrm.engine.storage.statements import prepare
from xrm.metadata.expressions import FILTER, KEY, RULE, Expression, check, checked, compile_python, settled
from xrm.metadata.expressions.functions import FUNCTIONS
from xrm.metadata.expressions.types import INTEGER, TEXT, Kind, Type
from xrm.metadata.typing_scope import ModelNames
from xrm.metadata.values import Ref

MODEL = build_model()
NAMES = ModelNames(MODEL.entities)
SCHEMA = sql_schema(MODEL)
DEAL = SCHEMA["deal"].table
SCOPE = SqlScope(SCHEMA, "deal", DEAL, numbers=NUMBERS)


def tree(text, entity="deal", scope=FILTER):
    return checked(text, entity, NAMES, scope=scope, expect=None)


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    engine = make_engine(url, Options())
    with engine.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(random.Random(11), 40)


@pytest.fixture(scope="module")
def stores(world, tmp_path_factory, postgres_cluster) -> Iterator[dict[str, sa.Connection]]:
    """The world in a database of each kind; tests of this module only read it."""
    file = tmp_path_factory.mktemp("world") / "world.db"
    name = postgres_cluster.create()
    with connected(f"sqlite:///{file}") as sqlite, connected(postgres_cluster.url(name)) as postgresql:
        for connection in (sqlite, postgresql):
            store(world, connection)
        yield {"sqlite": sqlite, "postgresql": postgresql}
    postgres_cluster.drop(name)


@pytest.fixture(params=DATABASES)
def database(request, stores) -> sa.Connection:
    """The stored world on each database in turn."""
    return stores[request.param]


@contextmanager
def index_on(connection: sa.Connection, column: str) -> Iterator[None]:
    """An index on the column, and on PostgreSQL a planner that would rather use it for so few rows."""
    is_postgresql = connection.dialect.name == "postgresql"
    connection.execute(sa.text(f"CREATE INDEX one ON {DEAL.name} ({column})"))
    if is_postgresql:
        connection.execute(sa.text("SET enable_seqscan = off"))
    yield
    if is_postgresql:
        connection.execute(sa.text("RESET enable_seqscan"))
    connection.execute(sa.text("DROP INDEX one"))


def matching(connection, condition, given=None):
    """The ids of the deals for which the condition holds."""
    prepared = prepare(sa.select(DEAL.c.id).where(condition), connection.dialect)
    sql, bound = prepared.ready(parameter_values(given or context()))
    rows = connection.connection.driver_connection.cursor().execute(sql, bound).fetchall()
    return {prepared.read(row)[0] for row in rows}


def test_every_function_has_its_sql_and_no_other_is_there():
    assert set(SQL_FUNCTIONS) == set(FUNCTIONS)


def test_every_example_of_the_function_table_gives_its_answer_in_the_database(database):
    values = [sql_value(tree(example), SCOPE) for example in EXAMPLES]
    query = sa.select(*values).select_from(DEAL).limit(1)
    found = database.execute(query, parameter_values(context(ZONE))).one()
    assert dict(zip(EXAMPLES, map(spoken, found), strict=True)) == EXAMPLES


def test_the_table_of_vectors_holds_in_the_database(database_url):
    with connected(database_url) as connection:
        for table in (SCHEMA[name].table for name in ("deal", "line", "account", "contact")):
            connection.execute(CreateTable(table, include_foreign_key_constraints=[]))
        rows = [_row(UUID(int=n + 1), v.values) for n, v in enumerate(VECTORS)]
        connection.execute(sa.insert(DEAL), rows)
        wrong = {}
        for n, vector in enumerate(VECTORS):
            value = sql_value(tree(vector.text, scope=FILTER.with_settings(SETTINGS)), SCOPE)
            query = sa.select(value).where(DEAL.c.id == UUID(int=n + 1))
            found = connection.execute(query, parameter_values(context(ZONE))).scalar_one()
            if found != vector.answer:
                wrong[vector.text] = (found, vector.answer)
        assert wrong == {}


def _row(id_, values):
    system = {"id": id_, "version": 1, "created_at": NOW, "updated_at": NOW, "title": "x", "title__key": "x"}
    empty = {c.name: None for c in DEAL.c}
    return {**empty, **system, **SCHEMA["deal"].split(values, NUMBERS)}


INDEXED = [
    pytest.param('name == "x"', "name", id="equality"),
    pytest.param('starts_with(name, "São")', "name__key", id="beginning"),
    pytest.param('same_text(name, "São")', "name__key", id="equality without case"),
    pytest.param('stage in ["won", "lost"]', "stage", id="one of"),
    pytest.param("price > 1.234", "price", id="bound with more decimals"),
    pytest.param("quantity > 1.5", "quantity", id="bound of another type"),
    pytest.param("close_on < today() - 7 days", "close_on", id="a day that is calculated"),
    pytest.param("starts_at >= now() - 4h", "starts_at", id="an instant that is calculated"),
    pytest.param("owner == me", "owner", id="the person"),
    pytest.param("team in my.teams", "team", id="the teams"),
    pytest.param("close_on == empty", "close_on", id="emptiness"),
    pytest.param("active", "active", id="a truth value"),
    pytest.param("not (price <= 5 or price == empty)", "price", id="not, pushed inward"),
    pytest.param("complainant == my.contact", "complainant__contact", id="one target of several"),
]


@pytest.mark.parametrize(("text", "column"), INDEXED)
def test_an_index_serves_the_condition_on_sqlite(text, column, stores):
    connection = stores["sqlite"]
    with index_on(connection, column):
        prepared = prepare(sa.select(DEAL.c.id).where(sql_condition(tree(text), SCOPE)), connection.dialect)
        sql, bound = prepared.ready(parameter_values(context()))
        plan = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {sql}", bound).fetchall()
        steps = [step[-1] for step in plan if "world__deal" in step[-1]]
        assert steps
        assert all("INDEX one (" in step for step in steps), plan


@pytest.mark.parametrize(("text", "column"), INDEXED)
def test_an_index_serves_the_condition_on_postgresql(text, column, stores):
    connection = stores["postgresql"]
    with index_on(connection, column):
        prepared = prepare(sa.select(DEAL.c.id).where(sql_condition(tree(text), SCOPE)), connection.dialect)
        given = replace(context(me=UUID(int=1)), contact=UUID(int=2))
        sql, bound = prepared.ready(parameter_values(given))
        plan = connection.connection.driver_connection.execute(f"EXPLAIN {sql}", bound).fetchall()
        text_of_plan = "\n".join(row[0] for row in plan)
        assert "Index Cond" in text_of_plan, text_of_plan


def test_related_records_that_may_not_be_read_count_as_if_there_were_none(database, world):
    account = SCHEMA["account"].table
    hidden = {i for i, r in world.records["account"].items() if r["country"] == "BR"}

    def restrict(entity, row):
        if entity != account.info["entity"]:
            return None
        return row.c.country.is_distinct_from("BR")

    scope = replace(SCOPE, restrict=restrict)
    texts = {
        "account.name != empty": lambda a: a is not None and a["name"] is not None,
        "account.name == empty": lambda a: a is None or a["name"] is None,
        'account.country == "BR"': lambda a: False,
        'not (account.country == "BR")': lambda a: True,
        "count(account.deals) == 0": lambda a: a is None,
    }
    for text, holds in texts.items():
        expected = {
            i
            for i, r in world.records["deal"].items()
            if holds(_account(world, r, hidden)) or ("count" in text and _trashed_alone(world, i, r, hidden))
        }
        assert matching(database, sql_condition(tree(text), scope)) == expected, text


def _account(world, deal, hidden):
    ref = deal["account"]
    found = world.records["account"].get(ref.id) if ref else None
    return None if found is None or ref.id in hidden or found["deleted_at"] else found


def _trashed_alone(world, id_, deal, hidden):
    """A trashed deal whose account has no live deal."""
    account = _account(world, deal, hidden)
    mates = [
        r for r in world.records["deal"].values() if account and r["account"] == Ref("account", account["id"])
    ]
    return account is not None and all(r["deleted_at"] for r in mates)


MASKED = [
    'name == "x"',
    'name != "x"',
    "name == empty",
    "not (name == empty)",
    'contains(name, "a")',
    'not contains(name, "a")',
    'name in ["x", "sao paulo"]',
    "length(name + nickname) > 4",
    "price > 5",
    "not (price > 5)",
    "price + 1 > quantity",
    "account == empty",
    "account.name == empty",
    'account.name == "x"',
    "count(account.deals) > 1",
    "count(lines) == 0",
    "any(lines, record.price > 1)",
    "all(account.deals, price > 5)",
    "complainant == account",
    "active",
    "not active",
    '"red" in tags',
    '"red" not in tags',
]


@pytest.mark.parametrize("text", MASKED)
def test_a_field_that_a_row_does_not_give_is_empty_in_every_condition(text, database, world):
    """The oracle is Python over records from which the hidden values were taken away."""
    hidden = ("name", "price", "account", "lines", "active", "tags")

    def mask(entity, attribute, row):
        return row.c.stage == "won" if entity == "deal" and attribute in hidden else None

    seen = replace(world, records={**world.records, "deal": {}}, far={})
    for id_, record in world.records["deal"].items():
        given = {} if record["stage"] == "won" else dict.fromkeys(hidden)
        seen.records["deal"][id_] = {**record, **given}
    run = compile_python(tree(text))
    condition = sql_condition(tree(text), replace(SCOPE, mask=mask))
    refused = sql_condition(tree(text), replace(SCOPE, mask=mask), positive=False)
    expected = {i for i in seen.records["deal"] if run(_masked_env(seen, world, i), context())}
    assert matching(database, condition) == expected
    assert matching(database, refused) == set(seen.records["deal"]) - expected


def _masked_env(seen, world, id_):
    """The deal as this reader sees it; what hides the relationship to its lines hides the lines."""
    env = seen.env("deal", id_)
    load = env.load

    def load_seen(entity, values, name):
        if entity == "deal" and name == "lines" and values["stage"] != "won":
            return []
        if name == "deals":
            mates = [i for i, r in seen.records["deal"].items() if _belongs(world, i, values["id"])]
            return [
                replace(seen.env("deal", i), load=load_seen)
                for i in mates
                if not seen.records["deal"][i]["deleted_at"]
            ]
        return [replace(found, load=load_seen) for found in load(entity, values, name)]

    return replace(env, load=load_seen)


def _belongs(world, deal, account):
    """A masked lookup hides its own side too: from the account the deal cannot be seen to belong to it."""
    record = world.records["deal"][deal]
    return record["stage"] == "won" and record["account"] == Ref("account", account)


def test_one_compiled_statement_serves_every_person(database, world):
    people = sorted({r["owner"].id for r in world.records["deal"].values() if r["owner"]})
    statement = sa.select(DEAL.c.id).where(sql_condition(tree("owner == me and close_on != today()"), SCOPE))
    prepared = prepare(statement, database.dialect)
    cursor = database.connection.driver_connection.cursor()
    for person in people:
        sql, bound = prepared.ready(parameter_values(context(me=person)))
        found = {prepared.read(row)[0] for row in cursor.execute(sql, bound).fetchall()}
        assert found == {
            i
            for i, r in world.records["deal"].items()
            if r["owner"] == Ref("user", person) and r["close_on"] != date(2026, 3, 1)
        }


def test_two_expressions_that_differ_in_their_decimals_only_do_not_share_a_cached_statement(database, world):
    one = database.execute(sa.select(sql_value(tree("round(7 / 3, 2)"), SCOPE)).limit(1)).scalar_one()
    two = database.execute(sa.select(sql_value(tree("round(7 / 3, 4)"), SCOPE)).limit(1)).scalar_one()
    assert (str(one), str(two)) == ("2.33", "2.3333")


WRAPS = {
    "not": "not (({}))",
    "and or": "(active and (paid or ({})))",
    "equality of conditions": "(({}) == active)",
    "choice": "(paid if ({}) else active)",
    "choice in the condition": "((1 if ({}) else 2) > 1)",
    "difference": "(1 - (2 - (1 if ({}) else 2)) > 1)",
    "product": "((1 if ({}) else 2) * quantity > 1)",
    "function": "(first_of(quantity, 1 if ({}) else 2) > 1)",
    "text": '(contains(name + ("a" if ({}) else "b"), "a"))',
    "list": "(({}) in [true, active])",
    "many": "any(account.deals, ({}))",
    "all": "all(account.deals, ({}))",
    "count": "(count(account.deals, ({})) > 1)",
    "sum": "(sum(account.deals, quantity if ({}) else 1) > 1)",
    "sum with a condition": "(sum(account.deals, quantity, ({})) > 1)",
    "average": "(avg(account.deals, price if ({}) else 1) > 1)",
    "latest": "latest(account.deals, close_on, active, ({}))",
    "first": "first(account.deals, close_on, active, ({}))",
    "list of values": '(list_all(account.deals, name, ({})) != "a")',
}
SHALLOW = [
    "quantity > 1",
    "parent.parent.parent.parent.price > record.price",
    "complainant.name != account.parent.name",
]


def deepest(wrap):
    """The expression wrapped as often as the checker admits."""
    found = None
    for shallow in SHALLOW:
        text = shallow
        while isinstance(accepted := check(text, "deal", NAMES), Expression):
            found, text = accepted, wrap.format(text)
        assert [p.code for p in accepted] == ["M208"], accepted
        yield found


def inside_other_conditions(condition):
    """As deep as row rules and masks put a filter."""
    for _ in range(5):
        condition = sa.and_(DEAL.c.version > 0, sa.or_(DEAL.c.version < 0, condition))
    return condition


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_the_deepest_expression_is_answered_alike_by_python_and_the_database(wrap, database, world):
    for expression in deepest(wrap):
        run = compile_python(expression)
        expected = {i for i in world.records["deal"] if run(world.env("deal", i), context())}
        for positive in (True, False):
            condition = inside_other_conditions(sql_condition(expression, SCOPE, positive=positive))
            answer = expected if positive else set(world.records["deal"]) - expected
            assert matching(database, condition) == answer, expression.text


def test_whatever_the_checker_admits_a_query_can_hold(stores, world, scale):
    """Deep random expressions: those that pass fit beside other conditions, as a value and as a test."""
    writer = Writer(random.Random(3), NAMES)
    scope = FILTER.with_settings({"limit": INTEGER, "share": Type(Kind.DECIMAL, scale=2), "word": TEXT})
    admitted = 0
    for _ in range(scale(150, 3_000)):
        found = check(writer.expression(levels=7), "deal", NAMES, scope=scope)
        if isinstance(found, Expression):
            admitted += 1
            value = sql_value(found, SCOPE).is_(sa.true())
            matching(stores["sqlite"], inside_other_conditions(sql_condition(found, SCOPE)))
            matching(stores["sqlite"], sa.or_(DEAL.c.version < 0, value))
    assert admitted > scale(10, 200)


def test_a_long_sum_and_a_long_choice_are_no_deep_ones(database, world):
    terms = " + ".join(f"quantity * {n}" for n in range(50))
    choices = " else ".join(f"{n} if quantity == {n}" for n in range(50)) + " else -1"
    for text in (f"{terms} > 5", f"({choices}) > 5"):
        run = compile_python(tree(text))
        expected = {i for i in world.records["deal"] if run(world.env("deal", i), context())}
        assert matching(database, sql_condition(tree(text), SCOPE)) == expected


def test_a_condition_of_a_key_can_stand_in_an_index_of_the_database(database_url):
    text = 'active and stage in ["new", "won"] and not (close_on == empty) and price > 1.5'
    condition = sql_condition(tree(text, scope=KEY), SCOPE)
    with connected(database_url) as connection:
        connection.execute(CreateTable(DEAL, include_foreign_key_constraints=[]))
        written = condition.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        plain = str(written).replace(f"{DEAL.name}.", "")
        connection.execute(sa.text(f"CREATE UNIQUE INDEX k ON {DEAL.name} (name__key) WHERE {plain}"))


FILTERS = [
    "account == record.account",
    "account != record.account",
    "since < record.close_on",
    "not (since < record.close_on)",
    "score + record.quantity > 3",
    "score * 1.5 > record.price",
    "since + record.effort > record.signed_on",
    "name in [record.name, record.nickname]",
    "same_text(name, record.name)",
    "contains(name + record.nickname, record.name)",
    "record.account.country == empty or account.country == record.account.country",
    "count(complaints) > count(record.lines, done)",
    "any(complaints, price > record.price)",
    "record.active and not record.paid",
    '"red" in record.tags',
    "id == record.complainant",
    "account in [record.account, record.parent.account]",
]


@pytest.mark.parametrize("text", FILTERS)
def test_a_lookup_filter_finds_the_same_candidates_for_a_draft_as_python_admits(text, database, world):
    contact = SCHEMA["contact"].table
    scope = SqlScope(SCHEMA, "contact", contact, numbers=NUMBERS)
    condition = tree(text, "contact", FILTER.with_record("deal"))
    run, given = compile_python(condition), context()
    for hand in (world.env("deal", i) for i in list(world.records["deal"])[:10]):
        where = sql_condition(settled(condition, hand, given), scope)
        query = sa.select(contact.c.id).where(where)
        found = set(database.execute(query, parameter_values(given)).scalars())
        admitted = {i for i in world.records["contact"] if run(world.env("contact", i), given, hand)}
        assert found == admitted


def test_what_was_before_the_change_is_unknown_to_a_query():
    with pytest.raises(ValueError, match=r"old\."):
        sql_condition(tree('old.stage == "new"', scope=RULE), SCOPE)
