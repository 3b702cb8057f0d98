"""Columns find their fields by name, label in any language and former name; what is said wins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.transfer.shop import SHOP
from tests.support.installed import make_runtime
from xrm.engine.runtime import Runtime
from xrm.engine.transfer.mapping import make_mapping, shown
from xrm.errors import Invalid
from xrm.testing import a_pack


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder: Path = tmp_path_factory.mktemp("mapping")
    made = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [SHOP])
    yield made
    made.close()


def mapped(
    runtime: Runtime, entity: str, *columns: str, given: dict[str, str | None] | None = None
) -> dict[str, str | None]:
    model = runtime.current().model
    found = model.entities[entity]
    names = {*found.fields, *found.relationships} - {"secret_note"}
    return shown(make_mapping(model, found, names, columns, given))


@pytest.mark.parametrize(
    ("entity", "column", "path"),
    [
        ("customer", "name", "name"),
        ("customer", "NOME", "name"),
        ("customer", "Tax number", "tax_number"),
        ("customer", "nif", "tax_number"),
        ("customer", "VAT", "tax_number"),
        ("customer", "External key", "external_key"),
        ("customer", "Chave externa", "external_key"),
        ("sale", "closed-on", "closed_on"),
        ("sale", "Amount", "amount"),
        ("sale", "amount.currency", "amount.currency"),
        ("sale", "Amount currency", "amount.currency"),
        ("sale", "Customer", "customer"),
        ("sale", "customer.tax_number", "customer.tax_number"),
        ("sale", "Customer NIF", "customer.tax_number"),
        ("sale", "customer.id", "customer.id"),
        ("customer", "Something else", None),
        ("customer", "secret_note", None),
        ("customer", "id", None),
        ("customer", "created_at", None),
    ],
)
def test_a_column_is_recognised(runtime: Runtime, entity: str, column: str, path: str | None) -> None:
    other = {"customer": "size", "sale": "pieces"}[entity]
    assert mapped(runtime, entity, column, other) == {column: path, other: other}


PEOPLE = a_pack(
    "people",
    guest="""
label: Guest
plural: Guests
title: name
fields:
  name:    {label: {en: Name, es: Nombre}, type: person_name, required: true}
  home:    {label: Address, type: address}
  country: {label: Passport of, type: text}
""",
    house="""
label: House
plural: Houses
title: name
fields:
  name:  {type: text, required: true}
  front: {type: address}
  rear:  {type: address}
""",
)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder: Path = tmp_path_factory.mktemp("people")
    made = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [PEOPLE])
    yield made
    made.close()


def test_parts_of_a_name_and_an_address_are_found_by_what_other_programs_call_them(people: Runtime) -> None:
    assert mapped(people, "guest", "First name", "LAST_NAME", "Zip", "City", "Country") == {
        "First name": "name.first", "LAST_NAME": "name.last", "Zip": "home.postal_code", "City": "home.city",
        "Country": "country",
    }  # fmt: skip
    assert mapped(people, "guest", "Имя", "Фамилия") == {"Имя": "name.first", "Фамилия": "name.last"}
    assert mapped(people, "guest", "Nombre") == {"Nombre": "name"}  # a label comes first
    assert mapped(people, "house", "name", "City") == {"name": "name", "City": None}  # of which address?


def test_the_first_of_two_columns_for_one_place_is_taken(runtime: Runtime) -> None:
    assert mapped(runtime, "sale", "name", "customer.id", "customer", "Name") == {
        "name": "name",
        "customer.id": "customer.id",
        "customer": None,
        "Name": None,
    }


def test_an_amount_and_its_currency_stand_in_two_columns(runtime: Runtime) -> None:
    told = {"amount": "amount", "amount.currency": "amount.currency"}
    assert mapped(runtime, "sale", "amount", "amount.currency") == told
    assert mapped(runtime, "sale", "A", "B", given={"A": "amount", "B": "amount.currency"})["B"]


def test_what_is_said_is_taken_and_the_rest_left_out(runtime: Runtime) -> None:
    found = mapped(runtime, "customer", "name", "Firma", given={"Firma": "name"})
    assert found == {"name": None, "Firma": "name"}


def test_everything_that_is_wrong_with_a_mapping_is_told_at_once(runtime: Runtime) -> None:
    given: dict[str, str | None] = {"Nme": "name", "a": "nam", "b": "name", "c": "name", "d": None}
    with pytest.raises(Invalid) as refused:
        mapped(runtime, "customer", "Name", "a", "b", "c", "d", given=given)
    told = [(p.code, p.where.path, p.hint) for p in refused.value.problems]
    assert told == [
        ("I106", "mapping.Nme", "Did you mean 'Name'?"),
        ("I107", "mapping.a", "Did you mean name?"),
        ("I108", "mapping.c", "Leave one of them out."),
    ]


def test_a_file_in_which_nothing_is_recognised_is_refused(runtime: Runtime) -> None:
    with pytest.raises(Invalid) as refused:
        mapped(runtime, "customer", "x", "y")
    assert refused.value.first.code == "I109"
