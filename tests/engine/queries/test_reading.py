"""What a reader gets of records: filters, order, pages, counts, related records and groups."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

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
from xrm.errors import Invalid, Unreadable

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
        ('upper(left(city, 3)) == "POR"', 8),
        ('contains(lower(city), "EVORA")', 7),
        ('switch(city, "Porto", credit, empty, 99, 0) > 20', 9),
    ],
    ids=str,
)
def test_a_filter_finds_exactly_what_it_says(towns: Office, text: str, count: int) -> None:
    page = towns.queries.list(towns.boss, Query("account", filters=(TOWNS, text), count=Count.EXACT, limit=1))
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
        ("power(credit, {}) == 16", {"2": 1, "3": 0, "4": 1, "1": 1}),
        ("mod(credit, {}) == 0", {"7": 5, "0": 0, "-10": 3}),
        ('fixed(credit, {}) == "5.00"', {"2": 1, "1": 0}),
        ('pad_left(text(credit), {}, "0") == "007"', {"3": 1, "2": 0, "20000": 0}),
        ('length(date_text(today(), "{}")) > 5', {"YYYY-MM-DD": 30, "YY": 0, "YYYYMMDD": 30}),
        ("created_at > now() - {}", {"1 day": 30, "0 day": 0}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_filters_that_differ_in_values_only_are_answered_by_their_own(towns, text, counts) -> None:
    for _ in range(2):
        for value, count in counts.items():
            asked = Query("account", filters=(TOWNS, text.format(value)), count=Count.EXACT, limit=50)
            page = towns.queries.list(towns.boss, asked)
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
        page = towns.queries.list(towns.boss, replace(whole, limit=size, cursor=cursor))
        found += [r["name"] for r in page.data]
        cursor = page.next or ""
        assert bool(cursor) is (len(found) < 30)
    assert found == [r["name"] for r in towns.queries.list(towns.boss, whole).data]
    assert len(set(found)) == 30


def test_empty_values_come_first_ascending_and_last_descending(towns: Office) -> None:
    def cities(descending: bool):
        asked = Query("account", filters=(TOWNS,), sort=(Sort(("city",), descending),), fields=(("city",),))
        return [r["city"] for r in towns.queries.list(towns.boss, asked).data]

    assert cities(False)[:7] == [None] * 7
    assert cities(True)[-7:] == [None] * 7
    assert cities(False)[7] == "Évora"


def test_a_cursor_of_another_query_is_refused(towns: Office) -> None:
    page = towns.queries.list(towns.boss, Query("account", filters=(TOWNS,), limit=2))
    for cursor in (page.next, "rubbish", "WzFd"):
        with pytest.raises(Unreadable):
            towns.queries.list(towns.boss, Query("account", cursor=cursor))


def test_a_capped_count_stops_at_its_cap(towns: Office) -> None:
    page = towns.queries.list(towns.boss, Query("account", filters=(TOWNS,), count=Count.CAPPED))
    assert (page.count, page.count_is) == (30, "exact")


def test_fields_of_a_related_record_are_nested_under_it(towns: Office) -> None:
    page = towns.queries.list(
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
    page = towns.queries.list(
        towns.boss, Query("account", filters=(TOWNS,), tests=(test,), count=Count.EXACT, limit=1)
    )
    assert page.count == count


def test_groups_count_and_sum_what_the_filter_leaves(towns: Office) -> None:
    rows = towns.queries.aggregate(
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
    rows = office.queries.aggregate(
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
