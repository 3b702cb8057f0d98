"""Names of people are sorted by last and then first name, and an index gives that order on every page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.office import Office
from xrm.engine.commands import Create
from xrm.engine.queries.request import Query, Sort
from xrm.engine.storage.database import UnitOfWork
from xrm.errors import Invalid

NAMES = [
    ("Zé", "Álvares"),
    ("abel", "silva"),
    ("Ana", "Silva"),
    ("Bruno", "SILVA"),
    ("Carla", "Silva e Sousa"),
    (None, "Silvano"),
    ("Cher", None),
    ("Ana", "Teixeira"),
]
IN_ORDER = [
    "Cher", "Zé Álvares", "abel silva", "Ana Silva", "Bruno SILVA", "Carla Silva e Sousa", "Silvano", "Ana Teixeira",
]  # fmt: skip
BY_NAME, BY_NAME_DOWN = (Sort(("name",)),), (Sort(("name",), True),)


@pytest.fixture(scope="module")
def people(office: Office) -> Office:
    """Eight people, made in no order."""
    office.run(*(Create("person", {"name": {"first": first, "last": last}}) for first, last in NAMES[::-1]))
    return office


def walked(office: Office, sort: tuple[Sort, ...], size: int) -> list[str]:
    """The titles in the order of the pages."""
    found: list[str] = []
    cursor = ""
    while True:
        page = office.queries.list(office.boss, Query("person", sort=sort, limit=size, cursor=cursor))
        found += [str(row["title"]) for row in page.data]
        if page.next is None:
            return found
        cursor = page.next


@pytest.mark.parametrize("size", [1, 3, 100])
def test_people_come_by_last_and_then_first_name_without_case_and_accents(people: Office, size: int) -> None:
    assert walked(people, BY_NAME, size) == IN_ORDER
    assert walked(people, BY_NAME_DOWN, size) == IN_ORDER[::-1]


def test_a_list_of_people_that_says_no_order_has_this_one(people: Office) -> None:
    assert walked(people, (), 3) == IN_ORDER


def test_one_part_of_a_name_is_an_order_of_its_own(people: Office) -> None:
    assert walked(people, (Sort(("name", "first")),), 3)[:3] == ["Silvano", "abel silva", "Ana Teixeira"]


def test_related_people_are_sorted_alike(people: Office) -> None:
    for row in people.list("person"):
        people.make("deal", name=row["title"], contact=row["id"])
    found = people.list("deal", sort=(Sort(("contact", "name")),))
    assert [row["name"] for row in found] == IN_ORDER


def test_names_of_several_entities_are_in_one_order_however_many_parts_they_have(people: Office) -> None:
    account = people.make("account", name="Silva")
    payers = [("account", account), *(("person", row["id"]) for row in people.list("person"))]
    for entity, record in payers:
        people.make("deal", name="paid", payer={"entity": entity, "id": str(record)})
    found = people.list("deal", filters=('name == "paid"',), sort=(Sort(("payer", "name")),))
    titles = [row["payer"]["title"] for row in found]
    assert titles == [*IN_ORDER[:2], "Silva", *IN_ORDER[2:]]


def test_a_value_that_is_of_two_types_in_two_entities_is_refused_in_words(people: Office) -> None:
    with pytest.raises(Invalid) as refused:
        people.list("deal", fields=(("payer", "name"),))
    assert [(p.code, p.where.path) for p in refused.value.problems] == [("R108", "fields")]


@pytest.mark.parametrize("sort", [(), BY_NAME, BY_NAME_DOWN], ids=["none", "up", "down"])
def test_an_index_gives_the_order_of_the_first_page_and_of_the_next(
    people: Office, monkeypatch: pytest.MonkeyPatch, sort: tuple[Sort, ...]
) -> None:
    plans = explained(people, monkeypatch)
    found = walked(people, sort, 3)
    assert len(found) == len(NAMES)
    assert len(plans) >= 3
    for plan in plans:
        assert "__order" in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def explained(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The plans of the statements that read people from now on, made by a planner that takes few rows for many."""
    plans: list[str] = []
    original = UnitOfWork.run

    def run(unit: UnitOfWork, prepared: Any, values: Any = {}) -> Any:  # noqa: B006
        if "person" in prepared.sql:
            plans.append(_plan(unit, *prepared.ready(values)))
        return original(unit, prepared, values)

    monkeypatch.setattr(UnitOfWork, "run", run)
    return plans


def _plan(unit: UnitOfWork, sql: str, bound: Any) -> str:
    driver = unit.connection.connection.driver_connection
    assert driver is not None
    if unit.dialect.is_sqlite:
        return "\n".join(str(step[-1]) for step in driver.execute(f"EXPLAIN QUERY PLAN {sql}", bound))
    for planner in ("seqscan", "bitmapscan", "sort"):
        driver.execute(f"SET enable_{planner} = off")
    try:
        return "\n".join(row[0] for row in driver.execute(f"EXPLAIN {sql}", bound))
    finally:
        driver.execute("RESET ALL")
