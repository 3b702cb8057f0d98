"""What a reader gets: filters, order, pages, counts, related records, groups, search, history, feed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.office import Office
from xrm.engine.commands import Create, Delete, Target, Update
from xrm.engine.queries.request import (
    Aggregate,
    Count,
    Expand,
    FieldTest,
    Query,
    Sort,
    Trash,
    parse_aggregate,
    parse_query,
)
from xrm.errors import Invalid, NotFound, Unreadable
from xrm.settings import Limits


def queries(office: Office):
    return office.runtime.current().queries


@pytest.fixture(scope="module")
def towns(office: Office) -> Office:
    """Thirty accounts in four towns, some without, each with two people."""
    cities = ["Porto", "Lisboa", "Évora", None]
    for number in range(30):
        city = cities[number % 4]
        made = Create("account", {"name": f"Town {number:02}", "city": city, "credit": number}, name="a")
        people = [
            Create("person", {"name": {"first": "P", "last": f"{number:02}{side}"}, "account": {"ref": "a"}})
            for side in "ab"
        ]
        office.run(made, *people)
    return office


TOWNS = 'starts_with(name, "Town")'


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('city == "Porto"', 8),
        ('city == "porto"', 0),
        ('contains(city, "EVORA")', 7),
        ("city == empty", 7),
        ("city != empty", 23),
        ('city != "Porto"', 22),
        ('city in ["Porto", "Lisboa"]', 16),
        ("credit > 24", 5),
        ("not (credit > 24)", 25),
        ("count(people) == 2", 30),
        ('any(people, contains(name, "00a"))', 1),
        ("parent.city == empty", 30),
        ('title == "Town 03"', 1),
    ],
    ids=str,
)
def test_a_filter_finds_exactly_what_it_says(towns: Office, text: str, count: int) -> None:
    page = queries(towns).list(
        towns.boss, Query("account", filters=(TOWNS, text), count=Count.EXACT, limit=1)
    )
    assert (page.count, page.count_is) == (count, "exact")


@pytest.mark.parametrize(
    "by", [("city",), ("name",), ("credit",), ("created_at",), ("parent", "name")], ids=str
)
@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
def test_pages_by_cursor_give_every_record_once_in_order(towns: Office, by, descending) -> None:
    assert_pages_agree(towns, (Sort(by, descending),), 7)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("credit > {}", {"0": 29, "7": 22, "28": 1, "99": 0}),
        ("credit * 2 == {}", {"4": 1, "5": 0, "58": 1}),
        ("city == {}", {'"Porto"': 8, '"Lisboa"': 8, "empty": 7, '"Faro"': 0}),
        ("city in {}", {'["Porto"]': 8, '["Lisboa", "Porto"]': 16, '["Faro", "Porto", "Lisboa"]': 16}),
        ("contains(city, {})", {'"o"': 23, '"evora"': 7, '"x"': 0}),
        ('any(people, contains(name, "{}"))', {"00a": 1, "01": 1, "a": 30, "99": 0}),
        ("created_at > now() - {}", {"1 day": 30, "0 day": 0}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_filters_that_differ_in_values_only_are_answered_by_their_own(towns, text, counts) -> None:
    for _ in range(2):
        for value, count in counts.items():
            asked = Query("account", filters=(TOWNS, text.format(value)), count=Count.EXACT, limit=50)
            page = queries(towns).list(towns.boss, asked)
            assert (value, page.count, len(page.data)) == (value, count, count)


@pytest.mark.parametrize("directions", list(product([False, True], repeat=3)), ids=str)
def test_pages_by_several_keys_agree_whatever_is_empty(towns: Office, directions) -> None:
    paths = (("parent", "name"), ("city",), ("credit",))
    assert_pages_agree(towns, tuple(Sort(p, down) for p, down in zip(paths, directions, strict=True)), 4)


def assert_pages_agree(towns: Office, sort: tuple[Sort, ...], size: int) -> None:
    """Page by page the same records come in the same order as all at once."""
    whole = Query("account", filters=(TOWNS,), sort=sort, limit=50, fields=(("name",),))
    found, cursor = [], ""
    while len(found) < 30:
        page = queries(towns).list(towns.boss, replace(whole, limit=size, cursor=cursor))
        found += [r["name"] for r in page.data]
        cursor = page.next or ""
        assert bool(cursor) is (len(found) < 30)
    assert found == [r["name"] for r in queries(towns).list(towns.boss, whole).data]
    assert len(set(found)) == 30


def test_empty_values_come_first_ascending_and_last_descending(towns: Office) -> None:
    def cities(descending: bool):
        asked = Query("account", filters=(TOWNS,), sort=(Sort(("city",), descending),), fields=(("city",),))
        return [r["city"] for r in queries(towns).list(towns.boss, asked).data]

    assert cities(False)[:7] == [None] * 7
    assert cities(True)[-7:] == [None] * 7
    assert cities(False)[7] == "Évora"


def test_a_cursor_of_another_query_is_refused(towns: Office) -> None:
    page = queries(towns).list(towns.boss, Query("account", filters=(TOWNS,), limit=2))
    for cursor in (page.next, "rubbish", "WzFd"):
        with pytest.raises(Unreadable):
            queries(towns).list(towns.boss, Query("account", cursor=cursor))


def test_a_capped_count_stops_at_its_cap(towns: Office) -> None:
    page = queries(towns).list(towns.boss, Query("account", filters=(TOWNS,), count=Count.CAPPED))
    assert (page.count, page.count_is) == (30, "exact")


def test_fields_of_a_related_record_are_nested_under_it(towns: Office) -> None:
    page = queries(towns).list(
        towns.boss,
        Query(
            "person",
            filters=('contains(name, "01a")',),
            fields=(("name",), ("account", "city"), ("account", "name")),
        ),
    )
    assert page.data[0]["account"]["city"] == "Lisboa"
    assert page.data[0]["account"]["title"] == page.data[0]["account"]["name"] == "Town 01"


def test_expanded_children_are_limited_per_record(towns: Office) -> None:
    data = towns.list(
        "account", filters=(TOWNS,), expand=(Expand("people", 1),), fields=(("name",),), limit=3
    )
    assert [len(r["people"]["data"]) for r in data] == [1, 1, 1]
    assert all(r["people"]["next"] for r in data)


def test_an_expanded_lookup_holds_the_whole_record(towns: Office) -> None:
    data = towns.list("person", filters=('contains(name, "02b")',), expand=(Expand("account"),))
    assert data[0]["account"]["credit"] == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"filters": ("nmae == 1",)},
        {"filters": ("name ==",)},
        {"filters": ("name == 1",)},
        {"fields": (("nmae",),)},
        {"fields": (("name", "x"),)},
        {"sort": (Sort(("nmae",)),)},
        {"sort": (Sort(("secret_note",)),)},
        {"expand": (Expand("nobody"),)},
        {"tests": (FieldTest(("credit",), "eq", ("many",)),)},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_with_a_place(towns: Office, asked) -> None:
    with pytest.raises(Invalid) as refused:
        towns.list("account", **asked)
    assert all(p.where.path and p.code for p in refused.value.problems)


@pytest.mark.parametrize(
    ("test", "count"),
    [
        (FieldTest(("city",), "eq", ("Porto",)), 8),
        (FieldTest(("city",), "in", ("Porto", "Lisboa")), 16),
        (FieldTest(("credit",), "ge", ("25",)), 5),
        (FieldTest(("city",), "empty", ("true",)), 7),
        (FieldTest(("name",), "contains", ("town 1",)), 10),
        (FieldTest(("name",), "eq", ('quote " and \\',)), 0),
    ],
    ids=str,
)
def test_short_tests_mean_the_same_as_filters(towns: Office, test: FieldTest, count: int) -> None:
    page = queries(towns).list(
        towns.boss, Query("account", filters=(TOWNS,), tests=(test,), count=Count.EXACT, limit=1)
    )
    assert page.count == count


def test_groups_count_and_sum_what_the_filter_leaves(towns: Office) -> None:
    rows = queries(towns).aggregate(
        towns.boss,
        Aggregate(
            "account", ("city",), ("count()", "sum(credit)", "avg(credit)", "max(name)"), filters=(TOWNS,)
        ),
    )
    by_city = {r["city"]: r for r in rows}
    assert by_city["Porto"]["count()"] == 8
    assert by_city["Porto"]["sum(credit)"] == sum(range(0, 30, 4))
    assert by_city["Porto"]["avg(credit)"] == "14.000000"
    assert by_city[None]["count()"] == 7
    assert by_city["Lisboa"]["max(name)"] == "Town 29"


def test_groups_by_lookup_month_and_money(office: Office) -> None:
    account = office.make("account", name="Grouped")
    for amount, day in (("10", "2026-01-05"), ("5.5", "2026-01-20"), ("1", "2026-04-01")):
        money = {"amount": amount, "currency": "EUR"}
        office.make("deal", name="G", account=str(account), amount=money, closes=day)
    rows = queries(office).aggregate(
        office.boss,
        Aggregate(
            "deal",
            ("account", "month(closes)", "quarter(closes)"),
            ("sum(amount)", "count()"),
            filters=('account.name == "Grouped"',),
        ),
    )
    shown = {"id": str(account), "entity": "account", "title": "Grouped"}
    assert rows == [
        {
            "account": shown,
            "month(closes)": "2026-01",
            "quarter(closes)": "2026-Q1",
            "sum(amount)": {"amount": "15.50", "currency": "EUR"},
            "count()": 2,
        },
        {
            "account": shown,
            "month(closes)": "2026-04",
            "quarter(closes)": "2026-Q2",
            "sum(amount)": {"amount": "1.00", "currency": "EUR"},
            "count()": 1,
        },
    ]


def test_search_finds_words_by_their_beginning_without_case_and_accents(office: Office) -> None:
    office.make("account", name="Águas de São João")
    assert [r["title"] for r in queries(office).search(office.boss, "joao agu")] == ["Águas de São João"]
    assert queries(office).search(office.boss, "joao nowhere") == []
    assert queries(office).search(office.boss, '"*^:(') == []
    assert [r["name"] for r in office.list("account", search="SAO")] == ["Águas de São João"]


def test_what_was_changed_or_deleted_is_found_as_it_is_now(office: Office) -> None:
    account = office.make("account", name="Oldword")
    office.run(Update("account", Target(account), {"name": "Newword"}))
    assert office.list("account", search="oldword") == []
    assert len(office.list("account", search="newword")) == 1
    office.run(Delete("account", Target(account)))
    assert office.list("account", search="newword") == []


def test_the_trash_is_apart(office: Office) -> None:
    account = office.make("account", name="Trashed one")
    office.run(Delete("account", Target(account)))
    assert office.list("account", ids=(account,)) == []
    assert len(office.list("account", ids=(account,), trash=Trash.ONLY)) == 1
    assert office.read("account", account)["deleted_at"] is not None


def test_the_feed_goes_on_where_it_stopped(office: Office) -> None:
    start = queries(office).changes(office.boss, "", 500)
    while start.data:
        start = queries(office).changes(office.boss, start.next, 500)
    office.make("account", name="Fed")
    first = queries(office).changes(office.boss, start.next, 10)
    assert [c["title"] for c in first.data] == ["Fed"]
    assert queries(office).changes(office.boss, first.next, 10).data == []
    with pytest.raises(Unreadable):
        queries(office).changes(office.boss, "somewhere", 10)


# --- rights -----------------------------------------------------------------------------------------------


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
        queries(towns).aggregate(towns.rep, Aggregate("person", ("email",), ("count()",)))


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
    page = queries(towns).list(towns.rep, Query("account", filters=(TOWNS,), count=Count.EXACT))
    assert {r["city"] for r in page.data} == {"Porto"}
    assert page.count == 8
    rows = queries(towns).aggregate(
        towns.rep, Aggregate("account", ("city",), ("count()",), filters=(TOWNS,))
    )
    assert rows == [{"city": "Porto", "count()": 8}]
    assert queries(towns).search(towns.rep, "Town 01") == []
    assert len(queries(towns).search(towns.rep, "Town 04")) == 1


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
    groups = queries(towns).aggregate(
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
    hits = queries(office).search(office.auditor, "zebra")
    assert [h["title"] for h in hits] == ["Guarded Porto"]


def test_what_happened_is_compiled_once_for_readers_alike(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = office.make("account", name="Twice")
    office.change("account", account, name="Three times")
    read, compiled = queries(office), list[Any]()
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
    shown = queries(office).history(office.auditor, "account", faro).data
    assert [h["operation"] for h in shown] == ["create"]
    assert "credit" not in shown[0]["changes"]
    with pytest.raises(NotFound):
        queries(office).history(office.rep, "account", faro)
    place = ""
    while True:
        page = queries(office).changes(office.rep, place, 500)
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


def test_a_typeahead_offers_only_what_may_be_read(towns: Office) -> None:
    offered = queries(towns).lookup(towns.rep, "deal", "account", "town", {}, 20)
    assert len(offered) == 8
    assert all(o["entity"] == "account" for o in offered)


def offered_contacts(towns: Office, **values: object) -> list[str]:
    """The titles that the typeahead offers as a deal's contact when the form holds these values."""
    found = queries(towns).lookup(towns.boss, "deal", "contact", "P 0", values, 20)
    return [str(row["title"]) for row in found]


def account_named(towns: Office, name: str) -> str:
    found = queries(towns).list(towns.boss, Query("account", filters=(f'name == "{name}"',)))
    return str(found.data[0]["id"])


def test_a_typeahead_keeps_to_the_filter_for_the_values_that_the_form_holds(towns: Office) -> None:
    account = account_named(towns, "Town 03")
    assert offered_contacts(towns, account=account) == ["P 03a", "P 03b"]
    assert offered_contacts(towns, account={"entity": "account", "id": account}) == ["P 03a", "P 03b"]
    assert offered_contacts(towns, account=None) == []


def test_a_typeahead_offers_all_where_the_form_does_not_say_what_the_filter_asks(towns: Office) -> None:
    assert len(offered_contacts(towns)) == 20
    assert len(offered_contacts(towns, account={"text": "half a na"})) == 20


def test_a_typeahead_for_a_stored_record_takes_from_it_what_the_form_does_not_say(towns: Office) -> None:
    one, other = account_named(towns, "Town 03"), account_named(towns, "Town 05")
    deal = str(towns.make("deal", name="Stored", account=one))
    assert offered_contacts(towns, id=deal) == ["P 03a", "P 03b"]
    assert offered_contacts(towns, id=deal, account=other) == ["P 05a", "P 05b"]


# --- query strings ------------------------------------------------------------------------------------------


def test_a_query_string_becomes_a_query() -> None:
    query = parse_query(
        "deal",
        {
            "filter": ["amount > 5"],
            "sort": ["-closes,name"],
            "fields": ["name,account.name"],
            "expand": ["account,lines(limit=2)"],
            "limit": ["10"],
            "count": ["capped"],
            "f.state": ["won", "lost"],
            "f.amount.ge": ["5"],
        },
        Limits(),
    )
    assert query.sort == (Sort(("closes",), True), Sort(("name",)))
    assert query.fields == (("name",), ("account", "name"))
    assert query.expand == (Expand("account", 50), Expand("lines", 2))
    assert query.tests == (
        FieldTest(("state",), "eq", ("won", "lost")),
        FieldTest(("amount",), "ge", ("5",)),
    )
    assert (query.limit, query.count) == (10, Count.CAPPED)


@pytest.mark.parametrize(
    "params",
    [
        {"limit": ["0"]},
        {"limit": ["501"]},
        {"limit": ["ten"]},
        {"limit": ["1", "2"]},
        {"count": ["all"]},
        {"sort": ["a b"]},
        {"fields": ["na me"]},
        {"expand": ["x(y=1)"]},
        {"expand": ["x("]},
        {"unknown": ["1"]},
        {"search": ["\x00"]},
    ],
    ids=str,
)
def test_bad_query_strings_are_refused(params) -> None:
    with pytest.raises(Invalid):
        parse_query("deal", params, Limits())


def test_aggregates_split_at_commas_outside_brackets_and_quotes() -> None:
    asked = parse_aggregate(
        "deal", {"group": ["state,month(closes)"], "aggregate": ["sum(round(x, 2)),count()"]}, Limits()
    )
    assert asked.group == ("state", "month(closes)")
    assert asked.aggregates == ("sum(round(x, 2))", "count()")
