"""Fields that follow from the day: stored nowhere, and everywhere the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Create
from xrm.engine.queries.request import Aggregate, Query, Sort
from xrm.engine.runtime import Runtime
from xrm.errors import Invalid
from xrm.testing import a_pack, an_actor

ROLES = """
clerk:
  grants:
    cases: {entity: case, can: [read], fields: {except: [received_on]}}
guide:
  grants:
    places: {entity: place, can: [read], fields: [name, above]}
    europe: {entity: place, can: [read], rows: 'name == "Europe"', fields: [over]}
"""
DESK = a_pack(
    "desk",
    {"roles.yaml": ROLES},
    case="""
title: name
fields:
  name: {type: text}
  received_on: {type: date}
  weight: {type: decimal, scale: 3}
  age: {type: formula, formula: 'days_between(received_on, today())', result: integer}
  is_old: {type: formula, formula: age > 10}
  mood: {type: formula, formula: '"old" if age > 10 else "new"'}
  first_seen: {from: parent.received_on}
  parent_age: {from: parent.age}
  pace: {type: formula, formula: 'weight / age', result: decimal, scale: 1}
relationships:
  parent: {to: case, inverse: parts}
""",
    note="""
title: text
fields:
  text: {type: text}
  case_age: {type: formula, formula: case.age + 1}
relationships:
  case: {to: case, inverse: notes}
""",
    call="""
title: name
fields:
  name: {type: text}
  at: {type: datetime}
  waits: {type: formula, formula: now() - at}
""",
    place="""
title: name
fields:
  name: {type: text}
  over: {from: above.name}
  top: {from: above.above.name}
relationships:
  above: {to: place, inverse: below}
""",
)  # fmt: skip


DATED = ("received_on != empty",)


@pytest.fixture(scope="module")
def runtime(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    made = make_runtime(module_url, tmp_path_factory.mktemp("clock"), [DESK])
    yield made
    made.close()


@pytest.fixture(scope="module")
def cases(runtime: Runtime) -> list[UUID]:
    """The clock of tests stands on 14 June 2026."""
    records, days = runtime.current().records, ("2026-06-01", "2026-06-10")
    rows = [Create("case", {"name": day, "received_on": day, "weight": "1.000"}) for day in days]
    made = [r.id for r in records.execute(runtime.installer, rows).results]
    records.execute(runtime.installer, [Create("case", {"name": "undated"})])
    records.execute(runtime.installer, [Create("note", {"text": "Hello", "case": str(made[0])})])
    return made


def asked(
    runtime: Runtime, entity: str, *fields: str, filters: tuple[str, ...] = ()
) -> list[tuple[object, ...]]:
    query = Query(entity, fields=tuple((name,) for name in fields), filters=filters)
    rows = runtime.current().queries.list(runtime.installer, query).data
    return sorted(tuple(row[name] for name in fields) for row in rows)


def test_what_follows_from_the_day_is_found_when_it_is_read(runtime: Runtime, cases: list[UUID]) -> None:
    today = runtime.world.now().date()
    ages = sorted((today - d).days for d in (today.replace(month=6, day=1), today.replace(month=6, day=10)))
    rows = asked(runtime, "case", "age", "is_old", "pace", filters=DATED)
    assert [(row[0], row[1]) for row in rows] == [(age, age > 10) for age in ages]
    assert asked(runtime, "note", "case_age") == [(ages[1] + 1,)]


def test_it_is_filtered_counted_and_grouped_by(runtime: Runtime, cases: list[UUID]) -> None:
    assert len(asked(runtime, "case", "name", filters=("age > 5",))) == 1
    assert len(asked(runtime, "note", "text", filters=("case.is_old", "case_age > 3"))) == 1
    assert len(asked(runtime, "case", "name", filters=("any(notes, case_age > 3)",))) == 1
    groups = runtime.current().queries.aggregate(
        runtime.installer, Aggregate("case", ("is_old",), ("count()", "sum(age)"), filters=DATED)
    )
    assert sorted(row["count()"] for row in groups) == [1, 1]


def test_nothing_of_it_is_stored(runtime: Runtime, cases: list[UUID]) -> None:
    columns = runtime.current().schema["case"].table.columns
    assert not {"age", "is_old", "pace"} & set(columns.keys())


def test_who_may_not_read_the_day_learns_nothing_of_the_age(runtime: Runtime, cases: list[UUID]) -> None:
    clerk = an_actor(runtime, "Clara", ["clerk"])
    queries = runtime.current().queries
    assert not {"age", "is_old", "pace"} & queries.get(clerk, "case", cases[0]).keys()
    with pytest.raises(Invalid):
        queries.list(clerk, Query("case", filters=("age > 3",)))


def in_order(runtime: Runtime, entity: str, *sort: str, cursor: str = "") -> list[str]:
    """The names of all records in that order, a page for each."""
    sorts = tuple(Sort((name.removeprefix("-"),), name.startswith("-")) for name in sort)
    query = Query(entity, fields=(("name",),), sort=sorts, limit=1, cursor=cursor)
    page = runtime.current().queries.list(runtime.installer, query)
    rest = in_order(runtime, entity, *sort, cursor=page.next) if page.next else []
    return [row["name"] for row in page.data] + rest


def test_it_puts_records_in_order_page_by_page(runtime: Runtime, cases: list[UUID]) -> None:
    assert in_order(runtime, "case", "age") == ["undated", "2026-06-10", "2026-06-01"]
    assert in_order(runtime, "case", "-age") == ["2026-06-01", "2026-06-10", "undated"]
    assert in_order(runtime, "case", "-is_old", "name")[-1] != "2026-06-01"
    assert in_order(runtime, "case", "first_seen", "name") == ["2026-06-01", "2026-06-10", "undated"]


def test_what_has_no_order_then_is_refused_with_the_reason(runtime: Runtime) -> None:
    with pytest.raises(Invalid) as refused:
        in_order(runtime, "case", "mood")
    (problem,) = refused.value.problems
    assert (problem.code, "found when it is read" in problem.message) == ("R108", True)


def test_nobody_learns_from_an_order_what_they_may_not_read(runtime: Runtime, cases: list[UUID]) -> None:
    clerk = an_actor(runtime, "Clara", ["clerk"])
    for name in ("age", "is_old", "first_seen", "parent_age"):
        with pytest.raises(Invalid):
            runtime.current().queries.list(clerk, Query("case", sort=(Sort((name,)),)))


def test_what_is_read_through_two_lookups_is_told_of_each_record_once(runtime: Runtime) -> None:
    above = None
    for name in ("Earth", "Europe", "Porto"):
        made = Create("place", {"name": name, "above": above and str(above)})
        above = runtime.current().records.do(runtime.installer, made).results[0].id
    queries, by_name = runtime.current().queries, (Sort(("name",)),)
    rows = queries.list(runtime.installer, Query("place", fields=(("name",), ("top",)), sort=by_name)).data
    assert [(row["name"], row["top"]) for row in rows] == [
        ("Earth", None), ("Europe", None), ("Porto", "Earth")
    ]  # fmt: skip
    guide = an_actor(runtime, "Gil", ["guide"])
    rows = queries.list(guide, Query("place", fields=(("over",),), sort=(Sort(("over",)),))).data
    assert [row["over"] for row in rows] == [None, "Earth", "Europe"]  # as they are told, so they are ordered


def test_an_order_that_follows_from_the_clock_is_one_order_for_all_pages(runtime: Runtime) -> None:
    queries, clock = runtime.current().queries, runtime.world.clock
    names = [f"{minute} to" for minute in (4, 3, 2, 1)]
    calls = [Create("call", {"name": n, "at": f"2026-06-14T11:5{6 + p}:00Z"}) for p, n in enumerate(names)]
    runtime.current().records.execute(runtime.installer, calls)
    for is_down, wanted in ((True, names), (False, names[::-1])):
        found, cursor = list[str](), ""
        while len(found) < 4 and (cursor or not found):
            sort = (Sort(("waits",), is_down),)
            page = queries.list(
                runtime.installer, Query("call", (("name",),), sort=sort, limit=1, cursor=cursor)
            )
            found, cursor = [*found, *(row["name"] for row in page.data)], page.next or ""
            clock.advance(timedelta(seconds=90))
        assert found == wanted
