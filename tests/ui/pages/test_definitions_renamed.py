"""Renames by pages: what was made here is called otherwise, and whatever says the old name goes on to work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, Sheet, a_place, the_pack
from tests.ui.pages.drafting import (
    HOME,
    REVIEW,
    VISIT,
    added_entity,
    added_field,
    applied,
    customised,
    drafted,
    fresh_shop,
    rows,
)
from xrm.engine.commands import Create
from xrm.engine.views import ALL, Asked, Wanted


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """A shop of its own for each test, for each changes its definitions."""
    with fresh_shop(tmp_path) as place:
        yield place


def test_a_form_under_a_former_name_of_its_entity_is_the_one_that_gets_the_row(tmp_path: Path) -> None:
    order = the_pack()["entities/order.yaml"]
    pack = {**the_pack(), "entities/order.yaml": f"{order.rstrip()}\nrenamed_from: purchase\n"}
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, [pack])
    shop = a_place(runtime)
    customised(shop, forms__purchase__yaml="main: {sections: {what: {label: What, rows: [[text]]}}}\n")
    ana = shop.person("Ana")
    assert added_field(ana, "order", "integer", label="Boxes", section="what").address == f"{HOME}/e/order"
    forms = {file: text for file, text in drafted(shop).items() if file.startswith("forms/")}
    assert forms == {
        "forms/purchase.yaml": "main: {sections: {what: {label: What, rows: [[text], [boxes]]}}}\n"
    }
    runtime.close()


def test_what_was_made_here_is_renamed_with_all_that_says_its_name(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    added_field(ana, "site_visit", "choice", label="Kind", options="Short\nLong")
    added_field(ana, "customer", "integer", label="Visits wanted")
    applied(ana)
    records = shop.runtime.current().records
    visit = (
        records.do(shop.runtime.installer, Create("site_visit", {"purpose": "Tour", "kind": "short"}))
        .results[0]
        .id
    )
    wants = Wanted("Short ones", Asked(fields=("purpose",), filter='kind == "short"'), ALL)
    shop.runtime.current().views.create(shop.runtime.installer, "site_visit", wants)
    renamed(ana, f"{HOME}/options/site_visit/kind/short", "brief")
    renamed(ana, f"{VISIT}/fields/kind/edit", "length")
    renamed(ana, f"{VISIT}/edit", "call")
    renamed(ana, f"{HOME}/e/customer/fields/visits_wanted/edit", "calls_wanted")
    assert ana.open(f"{HOME}/e/call/fields/length").status == 200
    changes = [row for row in rows(ana.open(REVIEW)) if row[0].endswith(" › Name")]
    assert changes == [
        ["Site visit › Name", "site_visit", "call"],
        ["Site visit › Kind › Name", "kind", "length"],
        ["Site visit › Kind › Options › Short › Name", "short", "brief"],
        ["Customer › Visits wanted › Name", "visits_wanted", "calls_wanted"],
    ]
    applied(ana)
    now = shop.runtime.current()
    found = now.queries.get(shop.runtime.installer, "call", visit)
    assert (found["title"], found["length"]) == ("Tour", "brief")
    assert "calls_wanted" in now.model.entities["customer"].fields
    (view,) = now.views.shelf(shop.runtime.installer, "call").views
    assert (view.asked.filter, view.left_out) == ('length == "brief"', 0)
    assert shop.runtime.packs.plan().is_empty
    renamed(ana, f"{HOME}/e/call/fields/length/edit", "kind")
    added_field(ana, "call", "integer", label="Minutes")
    assert list(drafted(shop)) == [name for name in drafted(shop) if "site_visit" not in name]
    applied(ana)
    assert shop.runtime.current().queries.get(shop.runtime.installer, "call", visit)["kind"] == "brief"


def test_a_relationship_and_an_option_that_was_added_to_a_pack_are_renamed_and_named_as_before(
    shop: Place,
) -> None:
    ana, tier = shop.person("Ana"), f"{HOME}/options/customer/tier"
    added_entity(ana)
    new = f"{VISIT}/relationships/new"
    ana.fill(ana.open(new), new, label="Customer", to="customer", count="one", inverse="Visits")
    ana.fill(ana.open(f"{tier}/new"), f"{tier}/new", options="Platinum")
    applied(ana)
    by, records = shop.runtime.installer, shop.runtime.current().records
    customer = records.do(by, Create("customer", {"name": "C", "tier": "platinum"})).results[0].id
    values = {"purpose": "Tour", "customer": {"id": str(customer)}}
    visit = records.do(by, Create("site_visit", values)).results[0].id
    renamed(ana, f"{tier}/platinum", "best")
    renamed(ana, f"{VISIT}/relationships/customer", "buyer")
    applied(ana)
    queries = shop.runtime.current().queries
    assert queries.get(by, "site_visit", visit)["buyer"]["id"] == str(customer)
    assert queries.get(by, "customer", customer)["tier"] == "best"
    renamed(ana, f"{tier}/best", "platinum")
    applied(ana)
    assert shop.runtime.current().queries.get(by, "customer", customer)["tier"] == "platinum"
    assert "Shop has named it so" in ana.open(f"{tier}/gold").text


def test_a_name_that_something_else_has_is_refused_and_a_pack_keeps_the_names_that_it_gave(
    shop: Place,
) -> None:
    ana = shop.person("Ana")
    added_field(ana, "customer", "integer", label="Visits")
    form = f"{HOME}/e/customer/fields/visits/edit"
    for wrong in ("weight", "Bad Name"):
        page = ana.fill(ana.open(form), form, name=wrong)
        assert page.status == 422
        assert page.find("input", name="name")
    before = drafted(shop)
    page = ana.open(f"{HOME}/e/customer/fields/weight/edit")
    assert "Shop has named it so" in page.text
    ana.fill(page, f"{HOME}/e/customer/fields/weight/edit", label="Mass", name="mass")
    assert "renamed_from" not in "".join(drafted(shop).values())
    assert before != drafted(shop)


def test_what_is_said_of_an_entity_stands_in_the_document_under_its_former_name(tmp_path: Path) -> None:
    order = the_pack()["entities/order.yaml"]
    pack = {**the_pack(), "entities/order.yaml": f"{order.rstrip()}\nrenamed_from: purchase\n"}
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, [pack])
    shop = a_place(runtime)
    customised(shop, entities__purchase__yaml="fields: {size: {type: integer, label: Size}}\n")
    ana, form = shop.person("Ana"), f"{HOME}/e/order/fields/size/edit"
    page = ana.fill(ana.open(form), form, label="Extent")
    assert page.status == 200, page.text
    assert dict(drafted(shop)) == {
        "entities/purchase.yaml": "fields: {size: {type: integer, label: Extent}}\n"
    }
    runtime.close()


def renamed(ana: Person, address: str, name: str) -> Sheet:
    """What comes after something was called so on its form."""
    page = ana.fill(ana.open(address), address, name=name)
    assert page.status == 200, page.text
    return page
