"""A formula that is written once: on pages, in lists, filters, orders, groups, sums of boards, exports, by an index."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, a_place
from xrm.engine.queries.request import Aggregate, Query, Sort
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.transfer import ExportRequest
from xrm.testing import a_pack

VIEWS = """
all:   {type: list, label: All deals, columns: [name, amount, weighted, days, mood, stages]}
lanes: {type: board, label: By stage, group_by: stage, card: [weighted], value: sum(weighted)}
"""
DEALS = a_pack(
    "deals",
    {"views/deal.yaml": VIEWS},
    deal="""
title: name
fields:
  name: {type: text, required: true}
  stage: {type: choice, options: {open: {label: Under way}, won: {label: A win}}}
  since: {type: date}
  days: {type: formula, formula: 'days_between(since, today())'}
  mood: {type: formula, formula: '"old" if days > 10 else "new"'}
  stages: {type: rollup, over: parts, value: list_all(stage)}
  amount: {type: money}
  probability: {type: percent, scale: 0}
  weighted: {type: formula, formula: amount * probability / 100, result: money, index: true, help: Worth now.}
relationships: {whole: {to: deal, inverse: parts}}
""",
)  # fmt: skip


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[Place]:
    runtime = make_runtime(database_url, tmp_path, [DEALS])
    made = a_place(runtime)
    for name, amount, probability, stage in (("Large", "1000", "10", "open"), ("Sure", "500", "90", "won")):
        money = {"amount": amount, "currency": "EUR"}
        made.make(
            "deal", made.runtime.installer, name=name, amount=money, probability=probability, stage=stage
        )
    yield made
    runtime.close()


def listed(house: Place, **asked: Any) -> list[str]:
    rows = house.runtime.current().queries.list(house.runtime.installer, Query("deal", **asked)).data
    return [row["name"] for row in rows]


def test_it_is_a_column_a_fact_and_the_sum_of_a_lane(house: Place) -> None:
    ana = house.person("Ana", "system_admin")
    shown = ana.open("/r/deal")
    assert "€450" in shown.text
    lanes = [e.text for e in ana.open("/r/deal?view=lanes").find("h2", class_="lane-head")]
    assert any("€450" in lane for lane in lanes)
    (link,) = [e for e in shown.find("a") if e.text.strip() == "Sure"]
    record = ana.open(str(link["href"]))
    _lists_sort_by_what_is_found_then_and_say_where_they_do_not(ana)
    _a_list_of_options_is_told_by_labels_to_people_and_by_keys_to_programs(house, ana)
    assert "Weighted" in record.text
    assert "€450" in record.text


def _lists_sort_by_what_is_found_then_and_say_where_they_do_not(ana: Person) -> None:
    shown = ana.open("/r/deal?sort=days")
    assert shown.status == 200
    assert any("found when it is read" in e.text for e in shown.find("th") if "Mood" in e.text)
    assert 'value="days"' in ana.open("/r/deal/display").html
    assert ana.open("/r/deal?sort=mood").status == 422


def _a_list_of_options_is_told_by_labels_to_people_and_by_keys_to_programs(house: Place, ana: Person) -> None:
    whole = house.make("deal", house.runtime.installer, name="Whole", since="2026-06-01")
    for name, stage in (("a", "won"), ("b", "open"), ("c", "won")):
        house.make("deal", house.runtime.installer, name=name, stage=stage, whole=whole)
    assert house.read("deal", whole)["stages"] == "open, won, won"
    assert "A win, A win, Under way" in ana.open(f"/r/deal/{whole}").text


def test_nobody_is_asked_for_it_in_a_form(house: Place) -> None:
    form = house.person("Ana", "system_admin").open("/r/deal/new")
    assert form.find("input", name="probability")
    assert not [e for e in form.find("input") if (e["name"] or "").startswith("weighted")]


def test_it_filters_orders_groups_adds_up_and_is_exported(house: Place) -> None:
    assert listed(house, filters=("weighted > 200",)) == ["Sure"]
    assert listed(house, sort=(Sort(("weighted",)),)) == ["Large", "Sure"]
    groups = house.runtime.current().queries.aggregate(
        house.runtime.installer, Aggregate("deal", ("stage",), ("sum(weighted)",))
    )
    assert sorted(Decimal(group["sum(weighted)"]["amount"]) for group in groups) == [100, 450]
    request = ExportRequest("deal")
    pieces = house.runtime.transfer.export(house.runtime.installer, request).pieces
    assert "450.00" in b"".join(pieces).decode()


def test_an_index_serves_its_filter(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[str] = []
    original = UnitOfWork.run

    def run(unit: UnitOfWork, prepared: Any, values: Any = {}) -> Any:  # noqa: B006
        if "weighted" in prepared.sql:
            plans.append(_plan(unit, *prepared.ready(values)))
        return original(unit, prepared, values)

    monkeypatch.setattr(UnitOfWork, "run", run)
    assert listed(house, filters=("weighted == 450",)) == ["Sure"]
    assert any("weighted" in plan and "ndex" in plan.replace("INDEX", "index") for plan in plans), plans


def _plan(unit: UnitOfWork, sql: str, bound: Any) -> str:
    driver = unit.connection.connection.driver_connection
    assert driver is not None
    if unit.dialect.is_sqlite:
        return "\n".join(str(step[-1]) for step in driver.execute(f"EXPLAIN QUERY PLAN {sql}", bound))
    driver.execute("SET enable_seqscan = off")
    try:
        return "\n".join(row[0] for row in driver.execute(f"EXPLAIN {sql}", bound))
    finally:
        driver.execute("RESET ALL")


def test_a_page_tells_why_it_has_its_value_and_leads_on(house: Place) -> None:
    ana = house.person("Ana", "system_admin")
    (link,) = [e for e in ana.open("/r/deal").find("a") if e.text.strip() == "Sure"]
    ways = ana.open(link["href"]).links()
    assert "History of this field: Weighted" not in ways
    assert "Why this value: Name" not in ways
    told = ana.open(ways["Why this value: Weighted"])
    assert "amount * probability / 100" in told.text
    assert "Weighted: €450" in told.text
    assert {"€500", "90%"} <= {word.strip(",.") for word in told.text.replace(" %", "%").split()}
