"""The demo data of crm_core: as many records as promised, coherent, and taken by their fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from tests.packs.shipped import TYPES, all_docs, docs_of, member, read_fixture
from xrm.metadata.expressions.environment import Context
from xrm.metadata.fieldtypes.base import BadValue, Option
from xrm.metadata.moments import is_moment, moved
from xrm.metadata.parse import Body

LANGUAGES = ("en", "es", "pt", "ru")
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TODAY = Context(NOW.date(), NOW, "UTC")
HERE = {"default_currency": "EUR"}
ENGINE_ENTITIES = ("user", "team", "unit")


def _records(pack: str, part: str = "") -> list[Body]:
    docs = [doc for name, doc in sorted(docs_of(pack, "seed").items()) if name.startswith(part)]
    return [record for doc in docs for record in doc.body.get("records", [])]


@cache
def demo() -> list[Body]:
    """The records of the demo."""
    return _records("crm_core", "demo")


@cache
def every() -> list[Body]:
    """All records of the core and of the pack, in their order."""
    return [*_records("core"), *_records("crm_core")]


@cache
def people() -> Body:
    """The users, teams and units of the demo."""
    return docs_of("crm_core", "seed")["demo/people"].body["people"]


@cache
def by_ref() -> dict[str, Body]:
    """All records by what they are referred to."""
    return {record["ref"]: record for record in every()}


def _values(entity: str) -> list[dict[str, Any]]:
    return [record["values"] for record in demo() if record["entity"] == entity]


def test_the_demo_has_the_promised_number_of_records() -> None:
    counts = Counter(record["entity"] for record in demo())

    assert (counts["account"], counts["contact"], counts["connection"]) == (120, 260, 40)
    assert (len(people()["users"]), len(people()["teams"])) == (12, 5)


def test_accounts_are_businesses_households_and_those_we_work_with() -> None:
    accounts = _values("account")
    households = [a for a in accounts if a["kind"] == "household"]
    around = [a for a in accounts if {"partner", "supplier", "government"} & set(a["type"])]

    assert (len(households), len(around), len(accounts) - len(households) - len(around)) == (30, 10, 80)


def test_amounts_name_no_currency_so_that_the_demo_is_at_home_in_any() -> None:
    values = [r["values"].values() for pack in ("crm_core", "crm_sales") for r in _records(pack)]

    assert not [v for row in values for v in row if isinstance(v, dict) and "currency" in v]


def test_contacts_come_in_four_languages_and_russian_ones_are_written_in_cyrillic() -> None:
    by_language = Counter(c["language"] for c in _values("contact"))
    russian = [c["name"]["last"] for c in _values("contact") if c["language"] == "ru"]

    assert set(by_language) == set(LANGUAGES)
    assert min(by_language.values()) >= 60
    assert all(re.fullmatch("[А-Яа-яЁё]+", name) for name in russian)


def test_every_person_of_the_demo_has_a_skill() -> None:
    skilled = {v["user"]["key"]["email"] for v in _values("user_skill")}

    assert skilled == {user["email"] for user in people()["users"]}


@pytest.mark.parametrize(("entity", "each"), [("task", 3), ("phone_call", 2), ("appointment", 2)])
def test_whoever_looks_after_accounts_has_something_to_do_with_them(entity: str, each: int) -> None:
    planned = [(v["owner"]["key"]["email"], by_ref()[v["regarding"]["ref"]]) for v in _values(entity)]
    looking_after = {v["owner"]["key"]["email"] for v in _values("account") if "owner" in v}

    assert Counter(owner for owner, _ in planned) == dict.fromkeys(looking_after, each)
    assert {about["entity"] for _, about in planned} == {"account"}
    assert all(about["values"]["owner"]["key"]["email"] == owner for owner, about in planned)


def test_people_belong_to_teams_units_and_roles_that_exist() -> None:
    teams = {team["name"] for team in people()["teams"]}
    units = {unit["name"] for unit in people()["units"]}
    roles = set(docs_of("crm_core", "role")["roles"].body)

    assert {team["unit"] for team in people()["teams"]} <= units
    assert {user["unit"] for user in people()["users"]} <= units
    assert {team for user in people()["users"] for team in user["teams"]} <= teams
    assert {role for user in people()["users"] for role in user["roles"]} <= roles


def test_references_are_unique_within_a_pack() -> None:
    for pack in ("core", "crm_core"):
        repeated = [ref for ref, n in Counter(r["ref"] for r in _records(pack)).items() if n > 1]
        assert repeated == []


def test_values_name_fields_and_relationships_that_the_entity_has() -> None:
    unknown = [
        (record["ref"], name)
        for record in every()
        for name in record["values"]
        if name not in {**_fields(record), **_relationships(record)} and name not in ("owner", "team")
    ]

    assert unknown == []


def test_records_have_what_their_entity_requires() -> None:
    lacking = [
        (record["ref"], name)
        for record in every()
        for name, body in {**_fields(record), **_relationships(record)}.items()
        if body.get("required") and "default" not in body and name not in record["values"]
    ]

    assert lacking == []


@pytest.mark.parametrize("pack", ["core", "crm_core", "library"])
def test_every_value_is_one_that_its_field_takes(pack: str) -> None:
    records = read_fixture_records(pack) if pack == "library" else _records(pack)
    refused = [problem for record in records for problem in _refusals(record, pack)]

    assert records
    assert refused == []


def read_fixture_records(name: str) -> list[Body]:
    """The seeded records of a fixture pack."""
    return [r for d in read_fixture(name).docs if d.kind == "seed" for r in d.body["records"]]


def _refusals(record: Body, pack: str) -> Iterator[tuple[str, str, str]]:
    for name, body in _fields(record, pack).items():
        if name in record["values"]:
            try:
                TYPES[body["type"]].parse(_on_the_day(body, record["values"][name]), HERE | _params(body))
            except BadValue as refusal:
                yield record["ref"], name, str(refusal)


def _on_the_day(body: Body, value: Any) -> Any:
    """The value, or the day or instant that it says on a day like any other."""
    return moved(body["type"], value, TODAY) if is_moment(body["type"], value) else value


def _params(body: Body) -> dict[str, Any]:
    options = body.get("options")
    keys = all_docs("options")[options].body["options"] if isinstance(options, str) else options
    params = {k: v for k, v in body.items() if k in TYPES[body["type"]].params}
    return {**params, "options": tuple(Option(str(k), {}) for k in keys)} if keys else params


def _fields(record: Body, pack: str = "") -> dict[str, Body]:
    if pack != "library":
        return member(record["entity"], "fields")
    docs = {d.name: d.body for d in read_fixture("library").docs if d.kind == "entity"}
    body = docs[record["entity"]]
    return {**docs.get(body.get("like", ""), {}).get("fields", {}), **body.get("fields", {})}


def _relationships(record: Body) -> dict[str, Body]:
    return member(record["entity"], "relationships")


def test_references_lead_to_records_of_an_entity_that_the_relationship_takes() -> None:
    wrong = [
        (record["ref"], name)
        for record in every()
        for name, body in _relationships(record).items()
        if isinstance(value := record["values"].get(name), dict) and not _leads_there(value, body["to"])
    ]

    assert wrong == []


def _leads_there(value: Body, targets: list[str]) -> bool:
    if "key" in value:
        return _found_by_key(value["key"], targets)
    target = by_ref().get(value["ref"])
    return target is not None and ("any" in targets or target["entity"] in targets)


def _found_by_key(key: Body, targets: list[str]) -> bool:
    if targets == ["user"]:
        return key["email"] in {user["email"] for user in people()["users"]}
    ((name, wanted),) = key.items()
    return any(r["entity"] in targets and r["values"].get(name) == wanted for r in every())


def test_required_references_lead_back_so_that_records_can_be_made_in_order() -> None:
    order = {record["ref"]: index for index, record in enumerate(every())}
    forward = [
        (record["ref"], name)
        for record in every()
        for name, body in _relationships(record).items()
        if body.get("required")
        and order.get(record["values"].get(name, {}).get("ref"), -1) > order[record["ref"]]
    ]

    assert forward == []


def test_connections_use_both_roles_of_a_pair() -> None:
    inverse = {
        r["values"]["name"]: by_ref()[r["values"]["inverse"]["ref"]]["values"]["name"]
        for r in _records("core")
    }

    assert all(inverse[inverse[name]] == name for name in inverse)
    assert all(
        inverse[v["role_a"]["key"]["name"]] == v["role_b"]["key"]["name"] for v in _values("connection")
    )


def test_a_parent_account_is_also_connected_as_one() -> None:
    parents = {(v["parent"]["ref"], _ref_of(v)) for v in _values("account") if "parent" in v}
    connected = {
        (v["record_a"]["ref"], v["record_b"]["ref"])
        for v in _values("connection")
        if v["role_a"]["key"]["name"] == "parent company of"
    }

    assert parents <= connected


def _ref_of(values: dict[str, Any]) -> str:
    return next(r["ref"] for r in demo() if r["values"] is values)


def test_the_primary_contact_belongs_to_the_account() -> None:
    for record in demo():
        if record["entity"] == "account":
            contact = by_ref()[record["values"]["primary_contact"]["ref"]]["values"]
            assert record["ref"] in {contact.get(side, {}).get("ref") for side in ("account", "household")}


def test_addresses_numbers_and_mail_lead_nowhere_real() -> None:
    mails = [v["email"] for v in (*_values("account"), *_values("contact")) if "email" in v]
    taxes = [v["tax_number"] for v in _values("account") if "tax_number" in v]

    assert all(mail.partition("@")[2] in ("example.com", "example.org", "example.net") for mail in mails)
    assert len(set(mails)) == len(mails)
    assert len(set(taxes)) == len(taxes) == 90
