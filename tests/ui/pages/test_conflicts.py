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
    assert "Ana changed E-mail meanwhile. Both sets of changes are kept." in shown.text
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
    assert "Orders · Pens · Quantity" in clash.text
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


def test_what_only_the_other_changed_stays_while_one_chooses(shop: Place, two: tuple[Person, Person]) -> None:
    id_ = shop.make("customer", name="Untouched", email="old@u.example", tier="gold")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, email="ana@u.example", tier="silver", weight="4")
    clash = two[1].fill(ben, edit, email="ben@u.example")
    assert "Ana changed E-mail, Tier, Weight" in clash.text
    two[1].fill(clash, edit, keep__email="mine")
    stored = shop.read("customer", id_)
    assert (stored["email"], stored["tier"], stored["weight"]) == ("ben@u.example", "silver", "4.00")


def test_who_gave_way_stays_so_when_the_form_is_refused_for_something_else(
    shop: Place, two: tuple[Person, Person]
) -> None:
    id_ = shop.make("customer", name="Giving way", email="old@g.example")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, email="ana@g.example")
    clash = two[1].fill(ben, edit, email="ben@g.example")
    refused = two[1].fill(clash, edit, keep__email="theirs", weight="1000")
    assert refused.status == 422
    assert two[1].fill(refused, edit, weight="10").status == 200
    assert shop.read("customer", id_)["email"] == "ana@g.example"


def test_a_form_that_is_refused_merges_what_the_other_changed_and_says_so(
    shop: Place, two: tuple[Person, Person]
) -> None:
    id_ = shop.make("customer", name="Refused and merged", tier="gold")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, tier="silver")
    refused = two[1].fill(ben, edit, weight="1000")
    assert refused.status == 422
    assert "Ana changed Tier" in refused.text
    two[1].fill(refused, edit, weight="10")
    stored = shop.read("customer", id_)
    assert (stored["tier"], stored["weight"]) == ("silver", "10.00")


def order_of(shop: Place, name: str) -> tuple[str, str]:
    """A customer with one order for a pen."""
    id_ = shop.make("customer", name=name, orders={"create": [{"text": "Pens", "quantity": 1}]})
    return id_, f"/r/customer/{id_}/edit"


def test_two_cells_of_one_row_are_merged(shop: Place, two: tuple[Person, Person]) -> None:
    id_, _ = order_of(shop, "Cells apart")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, orders__0__quantity="5")
    shown = two[1].fill(ben, edit, orders__0__text="Pencils")
    assert "Ana changed Orders meanwhile. Both sets of changes are kept." in shown.text
    row = two[0].open(edit)
    assert row.one("input", id="f-orders-0-quantity")["value"] == "5"
    assert row.one("input", id="f-orders-0-text")["value"] == "Pencils"


@pytest.mark.parametrize(("keep", "stays"), [("mine", "7"), ("theirs", "5")])
def test_a_cell_that_both_changed_is_chosen_like_a_field(
    shop: Place, two: tuple[Person, Person], keep: str, stays: str
) -> None:
    id_, _ = order_of(shop, f"Cells meet {keep}")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, orders__0__quantity="5")
    clash = two[1].fill(ben, edit, orders__0__quantity="7", email="ben@cells.example")
    assert clash.status == 412
    assert "Orders · Pens · Quantity" in clash.text
    two[1].fill(clash, edit, keep__orders__0__quantity=keep)
    assert two[0].open(edit).one("input", id="f-orders-0-quantity")["value"] == stays
    assert shop.read("customer", id_)["email"] == "ben@cells.example"


@pytest.mark.parametrize(("keep", "left"), [("mine", 1), ("theirs", 0)])
def test_a_row_that_the_other_removed_is_added_anew_or_not(
    shop: Place, two: tuple[Person, Person], keep: str, left: int
) -> None:
    id_, _ = order_of(shop, f"Rows gone {keep}")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, orders__0__delete="true")
    clash = two[1].fill(ben, edit, orders__0__quantity="7")
    assert "removed" in clash.text
    two[1].fill(clash, edit, keep__orders__0=keep)
    assert len(rows_of(two[0].open(edit))) == left


@pytest.mark.parametrize(("keep", "left"), [("mine", 0), ("theirs", 1)])
def test_a_row_that_one_removes_and_the_other_changed_is_not_lost_unseen(
    shop: Place, two: tuple[Person, Person], keep: str, left: int
) -> None:
    id_, _ = order_of(shop, f"Rows kept {keep}")
    ana, ben, edit = both_open(two, id_)
    two[0].fill(ana, edit, orders__0__quantity="5")
    clash = two[1].fill(ben, edit, orders__0__delete="true")
    assert clash.status == 412
    two[1].fill(clash, edit, keep__orders__0=keep)
    assert len(rows_of(two[0].open(edit))) == left


def test_rows_that_only_the_other_added_or_removed_are_taken_over_while_one_chooses(
    shop: Place, two: tuple[Person, Person]
) -> None:
    orders = {"create": [{"text": "Pens", "quantity": 1}, {"text": "Ink", "quantity": 1}]}
    id_ = shop.make("customer", name="Rows of the other", email="old@r.example", orders=orders)
    ana, ben, edit = both_open(two, id_)
    ink = next(n for n in range(2) if ana.one("input", id=f"f-orders-{n}-text")["value"] == "Ink")
    gone = {f"orders__{ink}__delete": "true", "orders__5__text": "Paper", "email": "ana@r.example"}
    two[0].fill(ana, edit, **gone)
    clash = two[1].fill(ben, edit, email="ben@r.example")
    two[1].fill(clash, edit, keep__email="mine")
    assert sorted(rows_of(two[0].open(edit))) == ["Paper", "Pens"]


def rows_of(sheet: Sheet) -> list[str]:
    """The texts of the stored orders in the form."""
    ids = [e["name"].split(".")[1] for e in sheet.find("input") if e["name"].endswith(".id")]
    return [sheet.one("input", id=f"f-orders-{n}-text")["value"] for n in ids]


def test_what_was_typed_stays_on_the_form_of_a_record_that_was_deleted_meanwhile(
    shop: Place, two: tuple[Person, Person]
) -> None:
    id_ = shop.make("customer", name="Deleted under one's hands")
    _, ben, edit = both_open(two, id_)
    delete = f"/r/customer/{id_}/delete"
    two[0].fill(two[0].open(delete), delete)
    refused = two[1].fill(ben, edit, email="late@gone.example")
    assert refused.status == 409
    assert refused.one("input", id="f-email")["value"] == "late@gone.example"
    two[0].press(f"/r/customer/{id_}/restore", on=f"/r/customer/{id_}")
    assert two[1].fill(refused, edit).status == 200
    assert shop.read("customer", id_)["email"] == "late@gone.example"
