"""Saved views on pages: what is looked at becomes a view by plain posting, and is changed, reset and removed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.datastructures import MultiDict

from tests.ui.pages.conftest import Person, Place, Sheet

CLERK = "fields=name,tier&sort=-name&f.tier=gold&filter=budget != empty"


@pytest.fixture(scope="module")
def shop(shop: Place) -> Iterator[Place]:
    for n, tier in enumerate(("gold", "gold", "silver", "bronze")):
        shop.make(
            "customer",
            name=f"Firm {n}",
            tier=tier,
            budget={"amount": "10", "currency": "EUR"},
            secret_score=n,
        )
    return shop


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


@pytest.fixture
def carl(shop: Place) -> Person:
    return shop.person("Carl", "clerk")


def saved(person: Person, address: str, **typed: str) -> Sheet:
    """The look at that address, saved by the first of its ways."""
    sheet = person.open(address)
    form = person.open(sheet.one("a", id="save-1")["href"])
    return person.fill(form, "/r/customer/views/new", **typed)


def offers(sheet: Sheet) -> list[str]:
    """What is offered while a view is not saved."""
    here = [
        e for e in sheet.elements if e.tag in ("a", "button") and any(a["id"] == "unsaved" for a in e.around)
    ]
    return [" ".join(e.text.split()) for e in here]


def test_a_look_that_differs_from_its_view_may_be_saved_and_says_so(ana: Person, carl: Person) -> None:
    for address in (
        "/r/customer",
        "/r/customer?view=gold",
        "/r/customer?search=firm",
        "/r/customer?sort=name",
    ):
        assert "Unsaved view" not in carl.open(address).text, address
    for state in (
        "f.tier=gold",
        "filter=budget > 3",
        "sort=-name",
        "fields=name,tier",
        "type=board",
        "group=tier",
    ):
        assert offers(carl.open(f"/r/customer?{state}")) == ["Save for me…", "Reset"], state
    assert offers(ana.open("/r/customer?sort=-name")) == ["Save for me…", "Save for all…", "Reset"]
    assert "Unsaved view" not in carl.open("/r/customer?filter=budget >").text


def test_a_view_is_saved_under_a_name_and_come_back_to(carl: Person) -> None:
    sheet = saved(carl, f"/r/customer?{CLERK}", name="Golden")
    assert (sheet.status, sheet.column(0)) == (200, ["Firm 1", "Firm 0"])
    assert "Unsaved view" not in sheet.text
    assert [e.text.strip() for e in sheet.find("a", aria_current="page")][-1] == "Golden"
    again = carl.open(carl.open("/r/customer").links()["Golden"])
    assert (again.column(0), again.column(1)) == (["Firm 1", "Firm 0"], ["Gold", "Gold"])
    chosen = [e["value"] for e in again.find("option") if e.has("selected")]
    assert chosen == ["gold"]  # in the control of the filter bar


def test_a_changed_view_is_saved_again_or_reset(carl: Person) -> None:
    sheet = saved(carl, f"/r/customer?{CLERK}", name="Changing")
    there = sheet.address
    form = sheet.form("/r/customer").without("f.tier")
    changed = carl.open("/r/customer?" + "&".join(f"{k}={v}" for k, v in form.pairs if v))
    assert changed.column(0) == ["Firm 3", "Firm 2", "Firm 1", "Firm 0"]
    assert offers(changed) == ["Save changes", "Save for me…", "Reset"]
    assert carl.open(changed.one("a", id="reset-view")["href"]).column(0) == ["Firm 1", "Firm 0"]
    keeping = next(e["action"] for e in changed.find("form") if "/save?" in e["action"])
    kept = carl.fill(changed, keeping.partition("?")[0])
    assert "Unsaved view" not in kept.text
    assert carl.open(there).column(0) == ["Firm 3", "Firm 2", "Firm 1", "Firm 0"]


def test_what_a_saved_view_asks_for_may_all_be_taken_away(carl: Person) -> None:
    sheet = saved(carl, "/r/customer?f.tier=gold", name="Only gold")
    form = sheet.form("/r/customer")
    said = "&".join(
        f"{k}={v}"
        for k, v in form.pairs
        if v and not k.startswith("f.") and k not in ("sort", "fields", "type")
    )
    bare = carl.open(f"/r/customer?{said}")
    assert len(bare.column(0)) == 4
    assert offers(bare) == ["Save changes", "Save for me…", "Reset"]


def test_a_board_is_saved_as_a_board(carl: Person) -> None:
    sheet = saved(carl, "/r/customer?type=board&group=tier&f.loud=false", name="Quiet tiers")
    assert sheet.find("x-board")
    assert sheet.one("section", data_lane="gold").text.count("Firm") == 4
    assert carl.open(carl.open("/r/customer").links()["Quiet tiers"]).find("x-board")
    as_list = carl.open(f"{sheet.address}&type=list&changed=1")
    assert as_list.column(0)
    assert offers(as_list)[0] == "Save changes"


def test_a_view_of_ones_own_is_nobody_elses(shop: Place, carl: Person) -> None:
    sheet = saved(carl, "/r/customer?sort=-name", name="Backwards")
    vera = shop.person("Vera", "clerk")
    assert "Backwards" not in vera.open("/r/customer").text
    assert "Backwards" not in vera.open(sheet.address).text
    token = vera.open("/me").form("/logout")
    one = sheet.address.rpartition("=")[2]
    for act in ("save", "edit", "delete"):
        assert vera.send(f"/r/customer/views/{one}/{act}", token).status == 404


def test_a_view_for_all_needs_the_right_and_is_there_for_all(shop: Place, ana: Person, carl: Person) -> None:
    form = ana.open("/r/customer/views/new?sort=-name&scope=all")
    made = ana.fill(form, "/r/customer/views/new", name="Everyone's")
    assert made.status == 200
    theirs = carl.open(carl.open("/r/customer").links()["Everyone's"])
    assert "Change the view…" not in theirs.links()
    assert offers(carl.open(f"{made.address}&sort=name")) == ["Save for me…", "Reset"]
    refused = carl.fill(
        carl.open("/r/customer/views/new?sort=-name"), "/r/customer/views/new", name="Mine", scope="all"
    )
    assert (refused.status, "No role of yours" in refused.text) == (403, True)


def test_a_view_for_a_role_is_there_for_who_has_it(shop: Place, ana: Person, carl: Person) -> None:
    form = ana.open("/r/customer/views/new?sort=-name&scope=all")
    ana.fill(form, "/r/customer/views/new", name="For bosses", scope="role:boss")
    bea = shop.person("Bea", "boss")
    assert "For bosses" in bea.open("/r/customer").links()
    assert "For bosses" not in carl.open("/r/customer").links()


def test_a_view_with_what_one_may_not_read_is_shown_without_it_and_says_so(
    shop: Place, ana: Person, carl: Person
) -> None:
    form = ana.open(
        "/r/customer/views/new?filter=secret_score > 1 and tier == 'gold'&fields=name,secret_score&scope=all"
    )
    made = ana.fill(form, "/r/customer/views/new", name="Scored")
    assert "left out" not in made.text
    sheet = carl.open(made.address)
    assert (sheet.status, sheet.column(0)) == (200, ["Firm 0", "Firm 1"])
    assert "A part of this view is left out" in sheet.text
    assert "secret_score" not in sheet.html


def test_a_view_is_renamed_and_deleted(carl: Person) -> None:
    sheet = saved(carl, "/r/customer?sort=-since", name="Old name")
    renamed = carl.fill(carl.open(sheet.links()["Change the view…"]), "/r/customer/views/", name="New name")
    assert "New name" in renamed.links()
    assert "Old name" not in renamed.text
    gone = carl.fill(carl.open(renamed.links()["Delete the view…"]), "/r/customer/views/")
    assert (gone.status, gone.address) == (200, "/r/customer")
    assert "New name" not in gone.links()
    assert carl.open(sheet.address).status == 200  # an old link leads to the first view


def test_one_begins_with_the_view_of_ones_choice(carl: Person) -> None:
    sheet = saved(carl, "/r/customer?f.tier=silver", name="My first", first="true")
    assert carl.open("/r/customer").column(0) == ["Firm 2"]
    assert len(carl.open("/r/customer?view=all").column(0)) == 4
    assert len(carl.open("/r/customer?sort=name").column(0)) == 4
    back = carl.fill(sheet, "/r/customer/views/first")
    assert back.address == sheet.address
    assert len(carl.open("/r/customer").column(0)) == 4
    carl.fill(carl.open("/r/customer?view=gold"), "/r/customer/views/first")
    assert len(carl.open("/r/customer").column(0)) == 2
    carl.fill(carl.open("/r/customer"), "/r/customer/views/first")


def test_a_form_that_is_refused_says_why_at_its_control(carl: Person) -> None:
    form = carl.open("/r/customer/views/new?sort=-name")
    nameless = carl.fill(form, "/r/customer/views/new", name=" ")
    assert nameless.status == 422
    assert "1 to 60" in nameless.one("p", id="e-name").text
    carl.fill(form, "/r/customer/views/new", name="Twice")
    assert "already" in carl.fill(form, "/r/customer/views/new", name="twice").one("p", id="e-name").text
    assert carl.open("/r/customer/views/new?filter=budget >&sort=name").status == 200
    broken = carl.fill(
        carl.open("/r/customer/views/new?filter=budget >"), "/r/customer/views/new", name="Broken"
    )
    assert broken.status == 422


def test_the_dialog_of_a_list_gets_the_form_alone(carl: Person) -> None:
    answer = carl.ask("/r/customer/views/new?sort=-name", "sheet")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    refused = carl.ask("/r/customer/views/new?sort=-name", "sheet", name="")
    assert (refused.status_code, "<html" in refused.text) == (422, False)


def test_exports_and_many_records_follow_a_saved_view(shop: Place, ana: Person) -> None:
    made = saved(ana, "/r/customer?f.tier=gold&fields=name", name="To take along")
    taken = ana.client.post(export_of(made), data=MultiDict(made.form("/r/customer/export").pairs))
    assert taken.text.count("Firm") == 2
    asked = ana.ask("/r/customer/bulk", "bulk", action="delete", all="1", list=made.address.partition("?")[2])
    assert "2 records would move" in asked.text


def export_of(sheet: Sheet) -> str:
    """Where the first export of the page is posted."""
    return next(e["action"] for e in sheet.find("form") if "/export" in e["action"])
