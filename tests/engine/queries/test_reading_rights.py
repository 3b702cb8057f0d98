"""What a reader does not get: fields and rows that are not theirs, wherever one asks for them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.office import Office
from xrm.engine.queries.request import (
    Aggregate,
    Count,
    Expand,
    FieldTest,
    Query,
    Sort,
)
from xrm.errors import Invalid, NotFound

TOWNS = 'starts_with(name, "Town")'


def test_an_unreadable_field_can_be_named_nowhere(towns: Office) -> None:
    for asked in (
        {"filters": ("email != empty",)},
        {"fields": (("email",),)},
        {"sort": (Sort(("email",)),)},
        {"tests": (FieldTest(("email",), "eq", ("a@b.c",)),)},
    ):
        with pytest.raises(Invalid) as refused:
            towns.list("person", by=towns.rep, **asked)
        unknown = str(refused.value).replace("email", "nothing")
        again = about_nothing(asked)
        with pytest.raises(Invalid) as nothing:
            towns.list("person", by=towns.rep, **again)
        assert str(nothing.value) == unknown
    with pytest.raises(Invalid):
        towns.queries.aggregate(towns.rep, Aggregate("person", ("email",), ("count()",)))


def about_nothing(asked):
    """The same request about a field that does not exist."""
    if "filters" in asked:
        return {"filters": tuple(t.replace("email", "nothing") for t in asked["filters"])}
    if "fields" in asked:
        return {"fields": (("nothing",),)}
    if "sort" in asked:
        return {"sort": (Sort(("nothing",)),)}
    return {"tests": (FieldTest(("nothing",), "eq", ("a@b.c",)),)}


def test_row_rules_narrow_lists_counts_groups_and_search(towns: Office) -> None:
    page = towns.queries.list(towns.rep, Query("account", filters=(TOWNS,), count=Count.EXACT))
    assert {r["city"] for r in page.data} == {"Porto"}
    assert page.count == 8
    rows = towns.queries.aggregate(towns.rep, Aggregate("account", ("city",), ("count()",), filters=(TOWNS,)))
    assert rows == [{"city": "Porto", "count()": 8}]
    assert towns.queries.search(towns.rep, "Town 01") == []
    assert len(towns.queries.search(towns.rep, "Town 04")) == 1


def test_a_hop_leads_only_to_records_that_may_be_read(towns: Office) -> None:
    def names(text: str):
        return {r["title"] for r in towns.list("person", by=towns.rep, filters=(text,), limit=100)}

    assert names('account.city == "Lisboa"') == set()
    assert len(names('account.city == "Porto"')) == 16
    shown = towns.list(
        "person", by=towns.rep, filters=('contains(name, "01a")',), expand=(Expand("account"),)
    )
    assert shown[0]["account"]["title"] is None
    assert "city" not in shown[0]["account"]
    with pytest.raises(NotFound):
        towns.read("account", UUID(shown[0]["account"]["id"]), by=towns.rep)


def test_a_cell_that_only_some_grants_give_is_empty_on_the_rows_of_the_others(towns: Office) -> None:
    rows = towns.list("account", by=towns.auditor, filters=(TOWNS,), limit=50)
    assert {r["credit"] is None for r in rows if r["city"] != "Porto"} == {True}
    assert {r["credit"] for r in rows if r["city"] == "Porto"} == set(range(0, 30, 4))
    found = towns.list("account", by=towns.auditor, filters=(TOWNS, "credit >= 0"), limit=50)
    assert {r["city"] for r in found} == {"Porto"}
    groups = towns.queries.aggregate(
        towns.auditor, Aggregate("account", (), ("sum(credit)",), filters=(TOWNS,))
    )
    assert groups == [{"sum(credit)": sum(range(0, 30, 4))}]
    ordered = towns.list(
        "account", by=towns.auditor, filters=(TOWNS,), sort=(Sort(("credit",), True),), limit=8
    )
    assert {r["city"] for r in ordered} == {"Porto"}


def test_search_looks_into_a_guarded_field_only_where_it_is_given(office: Office) -> None:
    for city in ("Porto", "Faro"):
        office.make("account", name=f"Guarded {city}", city=city, secret_note="zebra")
    assert len(office.list("account", search="zebra")) == 2
    assert [r["name"] for r in office.list("account", by=office.auditor, search="zebra")] == ["Guarded Porto"]
    assert office.list("account", by=office.rep, search="zebra") == []
    hits = office.queries.search(office.auditor, "zebra")
    assert [h["title"] for h in hits] == ["Guarded Porto"]


def test_what_happened_is_compiled_once_for_readers_alike(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = office.make("account", name="Twice")
    office.change("account", account, name="Three times")
    read, compiled = office.queries, list[Any]()
    prepare = office.runtime.database.prepare
    monkeypatch.setattr(
        office.runtime.database, "prepare", lambda *a, **k: compiled.append(a) or prepare(*a, **k)
    )
    shown = []
    for _ in range(2):
        compiled.clear()
        first = read.history(office.auditor, "account", account, limit=1)
        rest = read.history(office.auditor, "account", account, limit=1, after=first.next or "")
        shown.append((first.data, rest.data, read.changes(office.auditor, "", 500).data))
    assert shown[0] == shown[1]
    assert compiled == []


def test_history_and_feed_show_only_readable_fields_of_readable_records(office: Office) -> None:
    faro = office.make("account", name="History", city="Faro", credit=7)
    office.change("account", faro, credit=8)
    shown = office.queries.history(office.auditor, "account", faro).data
    assert [h["operation"] for h in shown] == ["create"]
    assert "credit" not in shown[0]["changes"]
    with pytest.raises(NotFound):
        office.queries.history(office.rep, "account", faro)
    place = ""
    while True:
        page = office.queries.changes(office.rep, place, 500)
        assert all(c["record"] != str(faro) for c in page.data)
        if page.next == place:
            break
        place = page.next


def test_absent_and_hidden_records_look_alike(office: Office) -> None:
    hidden = office.make("account", name="Not for rep", city="Faro")
    refusals = []
    for record in (hidden, uuid4()):
        with pytest.raises(NotFound) as refused:
            office.read("account", record, by=office.rep)
        refusals.append(str(refused.value))
    assert refusals[0] == refusals[1]
