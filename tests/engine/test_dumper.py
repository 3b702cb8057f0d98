"""Row dumpers give for raw driver rows the very bytes that marshmallow gives for the values in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.inputs import READABLE_CASES, Case
from xrm.engine.projection.contracts import RECORD_ID, RecordSchema, TypedField, contract
from xrm.engine.projection.dumper import RowField, compile_row, row_fields, to_json
from xrm.engine.projection.references import LOOKUP, Pointed
from xrm.engine.storage.dialects import Options, make_engine
from xrm.engine.storage.types import stored_type
from xrm.metadata.fieldtypes.base import FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES, read_value, storage_scalars
from xrm.metadata.model import Entity, Field, Model
from xrm.metadata.values import Money

ID = UUID("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")
DIALECTS = ("sqlite", "postgresql")
NUMBERS = {"numbers": {1: "account", 2: "contact"}}
OTHER_CASES = (
    Case(RECORD_ID, st.uuids().map(str)),
    Case(
        LOOKUP,
        st.builds(Pointed, st.just("account"), st.uuids(), st.text(max_size=9)),
        {"targets": ("account",)},
    ),
    Case(
        LOOKUP,
        st.builds(
            Pointed, st.sampled_from(["account", "contact"]), st.uuids(), st.none() | st.text(max_size=9)
        ),
        {"targets": ("account", "contact")},
    ),
    Case(
        LOOKUP, st.builds(Pointed, st.sampled_from(["account", "contact"]), st.uuids(), st.just("x")), NUMBERS
    ),
)
CASES = (*READABLE_CASES, *OTHER_CASES)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def value_of(case: Case, raw: Any) -> Any:
    return raw if case.type is LOOKUP else read_value(case.type, raw, case.params)


def at_rest(part: Part, scalar: Any, dialect: str) -> Any:
    """What the driver hands over for a stored scalar."""
    if scalar is None:
        return None
    if dialect == "postgresql" and part.storage is Storage.JSON:
        return json.loads(json.dumps(scalar))
    if dialect == "postgresql" and part.storage is Storage.UUID:
        return str(scalar)
    write = stored_type(part).writer(dialect)
    return scalar if write is None else write(scalar)


def raw_row(type_: FieldType, params: Params, value: Any, dialect: str) -> tuple[Any, ...]:
    scalars = storage_scalars(type_, value, params)
    return tuple(at_rest(p, s, dialect) for p, s in zip(type_.parts(params), scalars, strict=True))


def by_marshmallow(type_: FieldType, params: Params, values: Sequence[Any]) -> bytes:
    schema = RecordSchema.from_dict({"value": TypedField(type_, params)})()
    return to_json([schema.dump({"value": value}) for value in values])


def field_of(type_: FieldType, params: Params) -> RowField:
    return RowField("value", type_, params, len(type_.parts(params)))


@each_case
@each_dialect
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_row_dumper_gives_the_bytes_of_marshmallow(case: Case, dialect: str, data: st.DataObject) -> None:
    values = [value_of(case, raw) for raw in data.draw(st.lists(case.inputs, max_size=3))] + [None]
    rows = [raw_row(case.type, case.params, value, dialect) for value in values]
    expected = by_marshmallow(case.type, case.params, values)
    for native in (False, True):
        dump = compile_row([field_of(case.type, case.params)], dialect, native=native)
        assert to_json([dump(row) for row in rows]) == expected


@each_case
@each_dialect
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_a_dumper_gives_plain_json_unless_native_values_are_asked_for(
    case: Case, dialect: str, data: st.DataObject
) -> None:
    row = raw_row(case.type, case.params, value_of(case, data.draw(case.inputs)), dialect)
    record = compile_row([field_of(case.type, case.params)], dialect)(row)
    assert json.loads(json.dumps(record)) == record


@each_dialect
def test_fields_keep_their_order_and_columns_between_wide_and_narrow_ones(dialect: str) -> None:
    types = {type_.name: type_ for type_ in BUILTIN_TYPES}
    money = Money(read_value(types["decimal"], "12.50", {}), "EUR", None)
    pieces = [
        ("first", "text", "a"),
        ("paid", "money", money),
        ("last", "boolean", True),
        ("gone", "money", None),
    ]
    row = tuple(raw for _, name, value in pieces for raw in raw_row(types[name], {}, value, dialect))
    dump = compile_row([(n, types[t], {}, len(types[t].parts({}))) for n, t, _ in pieces], dialect)
    assert to_json(dump(row)) == (
        b'{"first":"a","paid":{"amount":"12.50","currency":"EUR"},"last":true,"gone":null}'
    )


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")], ids=str)
def test_instants_leave_in_utc_whatever_the_zone_of_the_connection(zone: Any) -> None:
    instant = datetime(2026, 5, 31, 14, 30, tzinfo=UTC).astimezone(zone)
    types = {type_.name: type_ for type_ in BUILTIN_TYPES}
    for native in (False, True):
        dump = compile_row([("at", types["datetime"], {}, 1)], "postgresql", native=native)
        assert to_json(dump((instant,))) == b'{"at":"2026-05-31T14:30:00Z"}'


def test_a_type_that_replaces_a_built_in_one_is_dumped_by_itself() -> None:
    date = next(type_ for type_ in BUILTIN_TYPES if type_.name == "date")
    roman = replace(date, dump=lambda value, params: "MMXXVI")
    assert compile_row([("on", roman, {}, 1)], "sqlite")(("2026-05-31",)) == {"on": "MMXXVI"}


def test_the_fields_of_a_list_come_from_the_contract() -> None:
    money = next(type_ for type_ in BUILTIN_TYPES if type_.name == "money")
    deal = Entity("deal", "test", {}, {}, fields={"amount": Field("amount", money, {})})
    found = row_fields(contract(Model({}, {"deal": deal}, {}, {}), "deal"), ["id", "amount", "created_by"])
    assert [(f.name, f.type.name, f.width) for f in found] == [
        ("id", "id", 1),
        ("amount", "money", 3),
        ("created_by", "lookup", 2),
    ]


def test_rows_of_a_real_database_are_dumped_as_what_was_stored(database_url: str) -> None:
    engine = make_engine(database_url, Options())
    samples = [(c, value_of(c, _sample(c))) for c in READABLE_CASES]
    parts = [part for case, _ in samples for part in case.type.parts(case.params)]
    names = [f"c{index}" for index in range(len(parts))]
    table = sa.Table(
        "t", sa.MetaData(), *(sa.Column(n, stored_type(p)) for n, p in zip(names, parts, strict=True))
    )
    scalars = [s for case, value in samples for s in storage_scalars(case.type, value, case.params)]
    fields = [(f"f{i}", c.type, c.params, len(c.type.parts(c.params))) for i, (c, _) in enumerate(samples)]
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), dict(zip(names, scalars, strict=True)))
        columns = [sa.column(n) for n in names]  # untyped, so that values come as the driver gives them
        row = tuple(connection.execute(sa.select(*columns).select_from(sa.table("t"))).one())
    engine.dispose()
    expected = {f"f{i}": c.type.dump(value, c.params) for i, (c, value) in enumerate(samples)}
    for native in (False, True):
        assert to_json(compile_row(fields, engine.dialect.name, native=native)(row)) == to_json(expected)


def _sample(case: Case) -> Any:
    return case.type.json_schema(case.params)["examples"][0]


def test_spans_are_whole_seconds_on_both_databases() -> None:
    duration = next(type_ for type_ in BUILTIN_TYPES if type_.name == "duration")
    for dialect in DIALECTS:
        row = raw_row(duration, {}, timedelta(days=-1, hours=5), dialect)
        assert compile_row([field_of(duration, {})], dialect)(row) == {"value": "-PT19H"}
