"""Values of related records: joined once each, and never more than the reader may read of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.support.office import Office
from xrm.engine.commands import Delete, Target
from xrm.engine.queries.counting import Far
from xrm.engine.queries.request import Expand, Query, Sort
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared
from xrm.testing import an_actor

NAMED = (
    ("name",),
    ("account", "name"),
    ("account", "city"),
    ("contact", "name"),
    ("contact", "account", "city"),
)
KIN = (("name",), ("parent", "name"), ("parent", "credit"), ("parent", "parent", "credit"))


@pytest.fixture(scope="module")
def kin(office: Office) -> dict[str, UUID]:
    """Accounts above each other in Porto and Lisboa, and deals and people of theirs."""
    made: dict[str, UUID] = {"top": office.make("account", name="Kin top", city="Porto", credit=1)}
    made["mid"] = _below(office, made["top"], "mid", "Lisboa", 2)
    made["low"] = _below(office, made["mid"], "low", "Porto", 3)
    made["ana"] = office.make(
        "person", name={"first": "Ana", "last": "Kin"}, account={"id": str(made["mid"])}
    )
    for number, account in enumerate(("top", "mid", "low")):
        pointed = {"account": {"id": str(made[account])}, "contact": {"id": str(made["ana"])}}
        payer = (
            {"entity": "account", "id": str(made["low"])}
            if number
            else {"entity": "person", "id": str(made["ana"])}
        )
        if account != "mid":
            del pointed["contact"]
        made[f"deal{number}"] = office.make("deal", name=f"Kin deal {number}", payer=payer, **pointed)
    return made


def _below(office: Office, parent: UUID, name: str, city: str, credit: int) -> UUID:
    return office.make("account", name=f"Kin {name}", city=city, credit=credit, parent={"id": str(parent)})


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are run from now on, but for those that ask for nothing but the stamp."""
    found: list[str] = []
    run: Callable[..., Any] = UnitOfWork.run

    def told(unit: UnitOfWork, prepared: Prepared, *values: Any) -> Any:
        if prepared.sql.count("FROM ") > prepared.sql.count("FROM xrm_installation"):
            found.append(prepared.sql)
        return run(unit, prepared, *values)

    monkeypatch.setattr(UnitOfWork, "run", told)
    return found


def kin_of(office: Office, by: Any, fields: tuple[tuple[str, ...], ...] = KIN) -> dict[str, dict[str, Any]]:
    rows = office.list("account", by=by, filters=('starts_with(name, "Kin")',), fields=fields)
    return {row["name"].removeprefix("Kin "): dict(row) for row in rows}


def test_each_related_record_is_joined_once_however_many_values_are_given(office: Office, kin, ran) -> None:
    deals = office.list("deal", filters=('contains(name, "kin")',), fields=NAMED, sort=(Sort(("name",)),))
    (statement,) = ran
    assert statement.count("LEFT OUTER JOIN") == 3  # the account, the contact, and the contact's account
    assert statement.count("SELECT") == 3  # the page, what is joined to it, and the number of the model
    assert [d["account"]["name"] for d in deals] == ["Kin top", "Kin mid", "Kin low"]
    assert [d["account"]["title"] for d in deals] == ["Kin top", "Kin mid", "Kin low"]
    assert [d["contact"] and d["contact"]["account"]["city"] for d in deals] == [None, "Lisboa", None]
    assert deals[1]["contact"]["account"]["title"] == "Kin mid"


def test_a_title_alone_is_asked_for_without_a_join(office: Office, kin, ran) -> None:
    deals = office.list("deal", filters=('contains(name, "kin")',), fields=(("account",), ("account",)))
    assert "JOIN" not in ran[0]
    assert all(d["account"]["title"] for d in deals)


def test_a_value_that_only_some_grants_give_is_empty_on_the_related_rows_of_the_others(
    office: Office, kin
) -> None:
    duo = an_actor(office.runtime, "duo", ["rep", "auditor"])
    for account in ("top", "mid"):
        office.make("person", name={"last": f"Duo {account}"}, account={"id": str(kin[account])})
    fields = (("name",), ("account", "name"), ("account", "credit"))
    rows = office.list("person", by=duo, filters=('contains(name, "duo")',), fields=fields)
    told = {row["name"]["last"]: row["account"] for row in rows}
    assert (told["Duo top"]["name"], told["Duo top"]["credit"]) == ("Kin top", 1)
    assert (told["Duo mid"]["name"], told["Duo mid"]["credit"]) == ("Kin mid", None)
    assert kin_of(office, office.boss)["low"]["parent"]["credit"] == 2


def test_all_of_a_related_record_that_may_not_be_read_is_empty(office: Office, kin) -> None:
    seen = kin_of(office, office.rep, (("name",), ("parent", "city"), ("parent", "parent", "city")))
    assert set(seen) == {"top", "low"}
    parent = seen["low"]["parent"]
    assert parent["id"] == str(kin["mid"])
    assert (parent["title"], parent["city"]) == (None, None)
    assert parent["parent"] is None  # where it leads is a value of the hidden record, too


def test_a_path_of_lookups_that_only_some_grants_give_leads_from_each_record_to_its_own(
    office: Office, kin
) -> None:
    duo = an_actor(office.runtime, "path duo", ["rep", "auditor"])
    fields = (("name",), ("parent", "parent", "name"))
    rows = office.list("account", by=duo, filters=('starts_with(name, "Kin")',), fields=fields)
    told = sorted((row["name"], (row["parent"] or {}).get("title")) for row in rows)
    assert told == [("Kin low", "Kin mid"), ("Kin mid", None), ("Kin top", None)]


def test_every_record_on_a_path_is_named(office: Office, kin) -> None:
    parent = kin_of(office, office.boss)["low"]["parent"]
    assert (parent["title"], parent["name"], parent["credit"]) == ("Kin mid", "Kin mid", 2)
    assert (parent["parent"]["title"], parent["parent"]["credit"]) == ("Kin top", 1)


def test_a_lookup_to_several_entities_gives_the_values_of_the_one_pointed_at(office: Office, kin) -> None:
    fields = (("name",), ("payer", "title"), ("payer", "version"))
    deals = office.list("deal", filters=('contains(name, "kin")',), fields=fields, sort=(Sort(("name",)),))
    assert [d["payer"]["title"] for d in deals] == ["Ana Kin", "Kin low", "Kin low"]
    assert [d["payer"]["entity"] for d in deals] == ["person", "account", "account"]
    assert {d["payer"]["version"] for d in deals} == {1}


def test_pages_with_joined_values_go_on_where_they_stopped(office: Office, kin) -> None:
    whole = Query(
        "deal", filters=('contains(name, "kin")',), fields=NAMED, sort=(Sort(("account", "name"), True),)
    )
    queries, names, cursor = office.runtime.current().queries, [], ""
    for _ in range(3):
        page = queries.list(office.boss, replace(whole, limit=1, cursor=cursor))
        names += [d["account"]["name"] for d in page.data]
        cursor = page.next or ""
    assert names == ["Kin top", "Kin mid", "Kin low"]
    assert not cursor


def test_one_plan_gives_each_question_its_own_answer(office: Office, kin, ran) -> None:
    for name in ("low", "mid", "low", "top"):
        (row,) = office.list(
            "account", filters=(f'name == "Kin {name}"',), fields=(("name",), ("parent", "city"))
        )
        assert row["name"] == f"Kin {name}"
    assert len(set(ran)) == 1


def test_expanded_children_have_their_own_related_values(office: Office, kin) -> None:
    expand = (Expand("deals", fields=(("name",), ("contact", "account", "city"))),)
    found = office.list(
        "account", filters=('starts_with(name, "Kin")',), expand=expand, sort=(Sort(("name",)),)
    )
    cities = {d["name"]: (d["contact"] or {}).get("account") for a in found for d in a["deals"]["data"]}
    assert {n: c and c["city"] for n, c in cities.items()} == {
        "Kin deal 0": None,
        "Kin deal 1": "Lisboa",
        "Kin deal 2": None,
    }


def test_a_single_record_is_read_by_one_statement_without_a_transaction(office: Office, kin, ran) -> None:
    assert office.read("account", kin["low"])["parent"]["title"] == "Kin mid"
    (statement,) = ran
    assert "ORDER BY" not in statement
    assert "LIMIT" not in statement


def test_counts_of_what_a_record_holds_are_those_of_lists(office: Office, kin) -> None:
    gone = office.make("deal", name="Kin gone", account={"id": str(kin["top"])})
    office.run(Delete("deal", Target(gone)))
    asked = [
        Far("deal", "deals"),
        Far("account", "children"),
        Far("deal", "pays_for"),
    ]
    queries = office.runtime.current().queries

    def counts(by: Any, record: str) -> list[int]:
        known = [far for far in asked if queries.policy.rights(by, far.entity).can("read")]
        return [c.count for c in queries.far_counts(by, "account", kin[record], known)]

    assert counts(office.boss, "top") == [1, 1, 0]
    assert counts(office.boss, "mid") == [1, 1, 0]
    assert counts(office.boss, "low") == [1, 0, 2]
    assert counts(office.rep, "top") == [0, 0, 0]
    assert [c.count for c in queries.counts(office.rep, ["account"])] == [
        len(office.list("account", by=office.rep, limit=100))
    ]
