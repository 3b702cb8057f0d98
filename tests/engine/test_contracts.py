"""Contracts: what an entity's records look like in JSON, and how input that breaks them is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.inputs import TYPES, plain_json
from xrm.engine.projection.contracts import (
    ByKey,
    ByName,
    Contract,
    Contracts,
    Pointed,
    Surroundings,
    contract,
)
from xrm.engine.projection.dumper import compile_row, row_fields
from xrm.errors import Problem
from xrm.metadata.expressions.tree import Expression, Node
from xrm.metadata.expressions.types import DATE
from xrm.metadata.fieldtypes.base import Option
from xrm.metadata.model import Entity, Field, Key, Lifecycle, Model, Relationship, Shape, State
from xrm.metadata.values import Money, Ref

ID = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
TODAY = Expression("today()", Node(DATE), "complaint")


def field(
    name: str, type_: str, label: str = "", params: Mapping[str, Any] | None = None, **more: Any
) -> Field:
    return Field(
        name, TYPES[type_], {"en": label, "pt": f"{label} (pt)"} if label else {}, params or {}, **more
    )


def lookup(name: str, *targets: str, shape: Shape = Shape.LOOKUP, **more: Any) -> Relationship:
    return Relationship(name, "complaint", shape, targets, {}, **more)


def entity(name: str, *things: Field | Relationship | Key, **more: Any) -> Entity:
    return Entity(
        name,
        "test",
        {"en": name.capitalize()},
        {},
        fields={t.name: t for t in things if isinstance(t, Field)},
        relationships={t.name: t for t in things if isinstance(t, Relationship)},
        keys={t.name: t for t in things if isinstance(t, Key)},
        **more,
    )


ACCOUNT = entity(
    "account",
    field("name", "text"),
    field("tax_number", "text", unique=True),
    field("founded_on", "date"),
    lookup("parent", "account"),
    Key("twin", ("name", "founded_on")),
    Key("branch", ("parent", "name")),
)
CONTACT = entity("contact", field("name", "person_name"))
KINDS = {"options": (Option("product", {"en": "Product"}), Option("billing", {"en": "Billing"}))}
COMPLAINT = entity(
    "complaint",
    field("subject", "text", "Subject", required=True, renamed_from=("topic",)),
    field("received_on", "date", "Received on", required=True, default=TODAY),
    field("claim", "money", "Claim", {"currency": "EUR"}),
    field("kind", "choice", "Kind", KINDS),
    field("address", "address", "Where"),
    field("evidence", "image", "Evidence", many=True),
    field("number", "autonumber", "Number", {"pattern": "C-{0000}"}),
    field("phone", "phone", "Phone", through=("account", "phone")),
    lookup("account", "account", required=True),
    lookup("complainant", "account", "contact"),
    lookup("about", any=True),
    lookup("case", "complaint", required=True, is_parent=True),
    lookup("remedies", "remedy", shape=Shape.INVERSE, owned=True, one=False),
    lookup("handlers", "user", shape=Shape.MANY, one=False),
    lookup("mentions", "contact", shape=Shape.INVERSE, one=False),
    ownership="user_or_team",
    lifecycle=Lifecycle({"open": State("open", {"en": "Open"}, initial=True)}, {}),
)
# Names that a dict, a schema or Python itself has too.
AWKWARD_NAMES = (
    "items",
    "keys",
    "get",
    "load",
    "dump",
    "fields",
    "validate",
    "context",
    "opts",
    "copy",
    "class",
)
AWKWARD = entity("awkward", *(field(name, "text") for name in AWKWARD_NAMES))
MODEL = Model({}, {e.name: e for e in (ACCOUNT, CONTACT, COMPLAINT, AWKWARD)}, {}, {})
ALL = frozenset(COMPLAINT.fields) | frozenset(COMPLAINT.relationships)


def complaints(language: str = "en") -> Contract:
    return contract(MODEL, "complaint", language)


def change(values: Mapping[str, Any], **more: Any) -> tuple[dict[str, Any], list[Problem]]:
    """What a partial load by someone who may set everything comes to."""
    parsed, problems = complaints().load(values, **{"partial": True, "writable": ALL, **more})
    return parsed, problems.found


def refused(values: Mapping[str, Any], **more: Any) -> list[tuple[str, str]]:
    """Code and path of every problem."""
    return [(p.code, p.where.path) for p in change(values, **more)[1]]


def test_values_of_every_kind_become_python_values() -> None:
    parsed, problems = change(
        {"subject": " Late ", "claim": "12.5", "received_on": "2026-05-31", "account": ID}
    )
    assert problems == []
    assert parsed["subject"] == "Late"
    assert parsed["claim"] == Money(parsed["claim"].amount, "EUR")
    assert str(parsed["claim"].amount) == "12.50"
    assert parsed["received_on"] == date(2026, 5, 31)
    assert parsed["account"] == Ref("account", UUID(ID))


@pytest.mark.parametrize("empty", [None, "", "  ", []], ids=["null", "empty", "blank", "list"])
def test_empty_input_is_a_given_null_and_absent_input_is_absent(empty: Any) -> None:
    assert change({"claim": empty, "about": empty, "remedies": empty}) == (
        {"claim": None, "about": None, "remedies": None},
        [],
    )


def test_all_problems_of_an_input_are_named_at_once() -> None:
    parsed, problems = change(
        {
            "subjet": "Late",
            "kind": "prodct",
            "claim": {"amount": "much", "currency": "EUR"},
            "address": {"country": "Portugal"},
            "evidence": [ID, "no id"],
            "number": "C-1",
            "received_on": "2026-02-30",
            "account": {"id": "7"},
            "remedies": {"update": [{"amount": 1}]},
        }
    )
    assert parsed == {}
    assert {(p.code, p.where.path) for p in problems} == {
        ("R103", "subjet"),
        ("R120", "kind"),
        ("R116", "claim.amount"),
        ("R125", "address.country"),
        ("R127", "evidence[1]"),
        ("R131", "number"),
        ("R118", "received_on"),
        ("R127", "account.id"),
        ("R126", "remedies.update[0].id"),
    }


def test_the_schema_itself_loads_the_same_values() -> None:
    given_ = {"subject": " Late ", "claim": "12.5", "kind": None, "account": {"ref": "a"}}
    assert complaints().schema.load(given_) == change(given_)[0]


def test_a_problem_leaves_the_good_values_parsed() -> None:
    parsed, problems = change({"subject": "Late", "kind": "none"})
    assert parsed == {"subject": "Late"}
    assert len(problems) == 1


def test_a_message_has_the_label_as_its_subject_and_says_what_to_do() -> None:
    ((problem,), (meant,)) = change({"received_on": "31.05.2026"})[1], change({"kind": "Billing"})[1]
    assert problem.message == "Received on must be a date, for example 2026-05-31."
    assert meant.hint == "Did you mean billing?"


def test_labels_are_in_the_language_of_the_contract() -> None:
    _, problems = complaints("pt").load({"kind": 1}, partial=True, writable=ALL)
    assert problems.found[0].message.startswith("Kind (pt) must")


def test_an_unknown_name_gets_a_hint_at_a_name_that_may_be_written() -> None:
    ((unknown,), (hidden,)) = (
        change({"subjet": 1})[1],
        change({"subjet": 1}, writable=frozenset({"claim"}))[1],
    )
    assert (unknown.code, unknown.hint) == ("R103", "Did you mean subject?")
    assert "subject" not in f"{hidden.message} {hidden.hint}".replace("subjet", "")


def test_a_field_that_may_not_be_read_is_answered_like_one_that_does_not_exist() -> None:
    ((hidden,), (absent,)) = (change({name: 1}, writable=frozenset())[1] for name in ("claim", "zlaim"))
    assert replace(hidden, message="", where=absent.where) == replace(absent, message="")
    assert hidden.message.replace("claim", "zlaim") == absent.message


def test_a_field_that_may_be_read_and_not_written_is_refused_as_such() -> None:
    assert refused({"claim": "1"}, writable=frozenset(), readable=frozenset({"claim"})) == [("R132", "claim")]


@pytest.mark.parametrize(
    "name", ["id", "version", "created_by", "deleted_at", "state", "number", "phone", "mentions"]
)
def test_what_the_system_sets_is_refused_even_with_every_right(name: str) -> None:
    assert refused({name: ID}, writable=ALL | {name}, readable=ALL) == [("R131", name)]


def test_an_owner_is_taken_from_whoever_may_set_it() -> None:
    assert refused({"owner": ID}) == [("R132", "owner")]
    assert change({"owner": ID}, writable=ALL | {"owner"}) == ({"owner": Ref("user", UUID(ID))}, [])


def test_needed_fields_without_default_must_come_with_a_new_record() -> None:
    assert refused({}, partial=False) == [("R130", "subject"), ("R130", "account")]
    assert refused({}, partial=True) == []


def test_a_needed_field_is_never_given_empty() -> None:
    assert refused({"subject": "", "received_on": None}) == [("R130", "subject"), ("R130", "received_on")]


def test_a_former_name_means_the_field_that_it_became() -> None:
    assert change({"topic": "Late"}) == ({"subject": "Late"}, [])
    assert complaints().aliases == {"topic": "subject"}


POINTED = [
    ("account", ID, Ref("account", UUID(ID))),
    ("account", {"id": ID}, Ref("account", UUID(ID))),
    ("account", {"id": ID, "entity": "account", "title": "Oliveira"}, Ref("account", UUID(ID))),
    ("account", {"ref": "a"}, ByName("a")),
    ("account", {"key": {"tax_number": " 500 "}}, ByKey("account", {"tax_number": "500"})),
    ("account", {"key": {"external_key": "old-7"}}, ByKey("account", {"external_key": "old-7"})),
    (
        "account",
        {"key": {"name": "Iron", "founded_on": "1999-01-02"}},
        ByKey("account", {"name": "Iron", "founded_on": date(1999, 1, 2)}),
    ),
    (
        "account",
        {"key": {"name": "Iron", "parent": {"key": {"tax_number": "1"}}}},
        ByKey("account", {"name": "Iron", "parent": ByKey("account", {"tax_number": "1"})}),
    ),
    ("complainant", {"entity": "contact", "id": ID}, Ref("contact", UUID(ID))),
    ("about", {"entity": "awkward", "id": ID}, Ref("awkward", UUID(ID))),
]


@pytest.mark.parametrize(("name", "raw", "value"), POINTED)
def test_a_record_is_pointed_at_by_id_entity_key_or_batch_name(name: str, raw: Any, value: Any) -> None:
    assert change({name: raw}) == ({name: value}, [])


DEEP_KEY = {"key": {"name": "a", "parent": {"key": {"name": "b", "parent": {"key": {"tax_number": "1"}}}}}}


@pytest.mark.parametrize(
    ("name", "raw", "code", "path"),
    [
        ("account", 7, "R110", "account"),
        ("account", "7", "R127", "account"),
        ("account", {"entity": "contact", "id": ID}, "R120", "account.entity"),
        ("account", {"id": ID, "key": {"tax_number": "1"}}, "R126", "account"),
        ("account", {"title": "Oliveira"}, "R126", "account"),
        ("account", {"idd": ID}, "R126", "account"),
        ("account", {"key": {"name": "Iron"}}, "R126", "account.key"),
        ("account", {"key": {"tax_number": 5}}, "R110", "account.key.tax_number"),
        ("account", {"key": {"tax_number": ""}}, "R126", "account.key.tax_number"),
        ("account", DEEP_KEY, "R129", "account.key.parent.key.parent.key"),
        ("complainant", ID, "R126", "complainant.entity"),
        ("about", {"id": ID}, "R126", "about.entity"),
        ("about", {"entity": "nothing", "id": ID}, "R120", "about.entity"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_refused_where_it_is_wrong(
    name: str, raw: Any, code: str, path: str
) -> None:
    assert refused({name: raw}) == [(code, path)]


def test_nested_writes_are_checked_for_their_shape_only() -> None:
    given_ = {"create": [{"anything": 1}], "update": [{"id": ID, "amount": "2"}], "delete": [ID, {"id": ID}]}
    parsed, problems = change({"remedies": given_, "handlers": {"create": [{"to": ID}]}})
    assert problems == []
    assert parsed["remedies"] == {
        "create": [{"anything": 1}],
        "update": [{"id": UUID(ID), "amount": "2"}],
        "delete": [UUID(ID), UUID(ID)],
    }
    assert parsed["handlers"] == {"create": [{"to": ID}], "update": [], "delete": []}


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        ([{"amount": 1}], "R110", "remedies"),
        ({"created": []}, "R126", "remedies"),
        ({"create": {"amount": 1}}, "R110", "remedies.create"),
        ({"create": [7]}, "R110", "remedies.create[0]"),
        ({"delete": ["x"]}, "R127", "remedies.delete[0]"),
        ({"create": [{}] * 501}, "R121", "remedies"),
    ],
)
def test_a_nested_write_of_another_shape_is_refused(raw: Any, code: str, path: str) -> None:
    assert refused({"remedies": raw}) == [(code, path)]


def test_records_are_written_out_with_what_they_have() -> None:
    record = {
        "id": UUID(ID),
        "version": 3,
        "created_at": datetime(2026, 5, 31, 14, 30, tzinfo=UTC),
        "created_by": Ref("user", UUID(ID)),
        "state": "open",
        "claim": None,
        "account": Pointed("account", UUID(ID), "Oliveira"),
        "unheard_of": 1,
    }
    assert complaints().dump(record) == {
        "id": ID,
        "version": 3,
        "created_at": "2026-05-31T14:30:00Z",
        "created_by": {"id": ID, "entity": "user"},
        "state": "open",
        "claim": None,
        "account": {"id": ID, "entity": "account", "title": "Oliveira"},
    }


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_a_field_may_be_called_like_something_that_python_has(name: str) -> None:
    awkward = contract(MODEL, "awkward")
    parsed, problems = awkward.load({name: "x"}, partial=True, writable=frozenset(AWKWARD_NAMES))
    assert (parsed, problems.found) == ({name: "x"}, [])
    assert awkward.dump({name: "x"}) == {name: "x"}


def test_an_amount_without_currency_is_in_that_of_the_installation() -> None:
    deal = entity("deal", field("amount", "money"), field("fee", "money", params={"default_currency": "BRL"}))
    made = Contracts(Model({}, {"deal": deal}, {}, {}), Surroundings(currency="EUR"))["deal"]
    names = frozenset({"amount", "fee"})
    parsed, problems = made.load({"amount": "1", "fee": {"amount": "2"}}, partial=True, writable=names)
    assert problems.found == []
    assert [money.currency for money in parsed.values()] == ["EUR", "BRL"]


def test_a_pointer_to_any_entity_is_shown_by_the_ledger_number_of_its_entity() -> None:
    made = Contracts(MODEL, Surroundings(numbers={7: "contact"}))["complaint"]
    dump = compile_row(row_fields(made, ["about"]), "postgresql")
    assert dump((7, ID, "Ana")) == {"about": {"id": ID, "entity": "contact", "title": "Ana"}}
    assert dump((8, ID, "gone")) == dump((None, None, None)) == {"about": None}


def test_a_contract_is_made_once_per_model() -> None:
    other = replace(MODEL)
    assert contract(MODEL, "account") is contract(MODEL, "account")
    assert contract(other, "account") is not contract(MODEL, "account")


@given(
    st.dictionaries(
        st.sampled_from([*sorted(ALL), "id", "x"]) | st.text(max_size=5), plain_json(6), max_size=6
    )
)
def test_any_json_object_is_parsed_or_answered_with_problems_below_its_own_names(
    values: dict[str, Any],
) -> None:
    parsed, problems = change(values, partial=False)
    assert parsed.keys() <= values.keys() | {"subject"}
    for problem in problems:
        assert problem.code
        assert problem.where.path
        assert str(problem).encode()
