"""Two people at one record: nothing typed is lost, and nobody overwrites what they have not seen."""

from __future__ import annotations

import pytest

from tests.ui.pages.conftest import Person, Place, Sheet


@pytest.fixture
def two(shop: Place) -> tuple[Person, Person]:
    return shop.person("Ana"), shop.person("Ben")


def both_open(two: tuple[Person, Person], id_: str) -> tuple[Sheet, Sheet, str]:
    edit = f"/r/customer/{id_}/edit"
    return two[0].open(edit), two[1].open(edit), edit


def test_edits_that_do_not_meet_are_merged_and_it_is_said(shop: Place, two: tuple[Person, Person]) -> None:
    id_ = shop.make("customer", name="Apart")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, email="ana@apart.example")
    shown = two[1].fill(ben, edit, since="2026-05-05")
    assert "Ana changed this record meanwhile. Both sets of changes are kept." in shown.text
    stored = shop.read("customer", id_)
    assert (stored["email"], stored["since"]) == ("ana@apart.example", "2026-05-05")


def test_edits_that_meet_are_shown_side_by_side_and_nothing_is_written(
    shop: Place, two: tuple[Person, Person]
) -> None:
    id_ = shop.make("customer", name="Meeting", email="old@meet.example")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, email="ana@meet.example")
    clash = two[1].fill(ben, edit, email="ben@meet.example", since="2026-05-05")
    assert clash.status == 412
    assert {"ana@meet.example", "ben@meet.example"} <= set(clash.text.split())
    assert clash.one("input", id="f-email")["value"] == "ben@meet.example"
    assert clash.one("input", id="f-since")["value"] == "2026-05-05"
    assert shop.read("customer", id_)["email"] == "ana@meet.example"


@pytest.mark.parametrize(
    ("keep", "stays"), [("mine", "ben@choose.example"), ("theirs", "ana@choose.example")]
)
def test_the_person_chooses_which_value_stays(
    shop: Place, two: tuple[Person, Person], keep: str, stays: str
) -> None:
    id_ = shop.make("customer", name=f"Choosing {keep}")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, email="ana@choose.example")
    clash = two[1].fill(ben, edit, email="ben@choose.example", loud="true")
    shown = two[1].fill(clash, edit, keep__email=keep)
    assert shown.status == 200
    stored = shop.read("customer", id_)
    assert (stored["email"], stored["loud"]) == (stays, True)


def test_the_same_change_made_twice_is_no_conflict(shop: Place, two: tuple[Person, Person]) -> None:
    id_ = shop.make("customer", name="Agreeing")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, email="same@agree.example")
    assert two[1].fill(ben, edit, email="same@agree.example").status == 200


def test_a_third_change_while_choosing_is_seen_too(shop: Place, two: tuple[Person, Person]) -> None:
    id_ = shop.make("customer", name="Thrice")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, email="one@thrice.example")
    clash = two[1].fill(ben, edit, email="ben@thrice.example")
    two[0].fill(two[0].open(edit), edit, email="two@thrice.example")
    again = two[1].fill(clash, edit, keep__email="mine")
    assert again.status == 412
    assert "two@thrice.example" in again.text


def test_rows_that_both_changed_are_shown_and_kept(shop: Place, two: tuple[Person, Person]) -> None:
    id_ = shop.make("customer", name="Rowing", orders={"create": [{"text": "Pens", "quantity": 1}]})
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, orders__0__quantity="5")
    clash = two[1].fill(ben, edit, orders__0__quantity="7")
    assert clash.status == 412
    assert "Somebody changed this row meanwhile. Save again to keep yours." in clash.text
    assert clash.one("input", id="f-orders-0-quantity")["value"] == "7"
    two[1].fill(clash, edit)
    assert two[0].open(edit).one("input", id="f-orders-0-quantity")["value"] == "7"


def test_a_row_removed_meanwhile_can_be_added_anew(shop: Place, two: tuple[Person, Person]) -> None:
    id_ = shop.make("customer", name="Vanishing", orders={"create": [{"text": "Pens", "quantity": 1}]})
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, orders__0__delete="true")
    clash = two[1].fill(ben, edit, orders__0__quantity="7")
    assert clash.status == 412
    two[1].fill(clash, edit)
    assert two[0].open(edit).one("input", id="f-orders-0-quantity")["value"] == "7"


def test_a_record_deleted_meanwhile_says_so(shop: Place, two: tuple[Person, Person]) -> None:
    id_ = shop.make("customer", name="Gone")
    _, ben, edit = both_open(two, id_)
    two[0].fill(two[0].open(f"/r/customer/{id_}/delete"), f"/r/customer/{id_}/delete")
    refused = two[1].fill(ben, edit, email="late@gone.example")
    assert refused.status == 409
    assert "This record is in the trash." in refused.text


def test_a_form_without_its_digests_still_overwrites_only_what_it_changes(
    shop: Place, two: tuple[Person, Person]
) -> None:
    id_ = shop.make("customer", name="Bare", email="old@bare.example")
    edit = f"/r/customer/{id_}/edit"
    form = two[0].open(edit).form(edit).without("was").without("email")
    form.pairs.append(("email", "new@bare.example"))
    assert two[0].send(edit, form).status == 200
    assert shop.read("customer", id_)["version"] == 2
