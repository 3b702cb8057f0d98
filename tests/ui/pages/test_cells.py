"""One value edited where it is read: its control, what becomes of it, and the way back."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from werkzeug.test import TestResponse

from tests.support.pages import posted
from tests.ui.pages.conftest import Person, Place


def control(person: Person, address: str) -> dict[str, str]:
    """What the control of a value would post as it stands."""
    got = person.ask(address)
    assert got.status_code == 200, got.text
    return dict(posted(got.text).pairs)


def saved(person: Person, address: str, form: dict[str, str], face: str = "read") -> TestResponse:
    return person.ask(f"{address}?face={face}", "value", **form)


def of(id_: str, field: str, entity: str = "customer") -> str:
    return f"/r/{entity}/{id_}/field/{field}"


def test_a_value_is_saved_alone_and_answered_as_it_is_read(place: Place) -> None:
    ana, id_ = place.person("Ana"), place.make("customer", name="Cell", tier="gold", email="a@cell.example")
    form = control(ana, of(id_, "tier"))
    assert form["tier"] == "gold"
    got = saved(ana, of(id_, "tier"), {**form, "tier": "silver"}, face="cell")
    assert (got.status_code, got.headers["X-Version"]) == (200, "2")
    assert "Silver" in got.text
    assert "<form" not in got.text
    assert unquote(got.headers["X-Said"]) == "Tier changed"
    stored = place.read("customer", id_)
    assert (stored["tier"], stored["email"]) == ("silver", "a@cell.example")


def test_what_was_saved_is_taken_back_and_brought_about_again(place: Place) -> None:
    ana, id_ = place.person("Ana"), place.make("customer", name="Back", tier="gold")
    got = saved(ana, of(id_, "tier"), {**control(ana, of(id_, "tier")), "tier": "silver"})
    back = ana.ask(f"/undo/{got.headers['X-Undo']}", "undo", back="/")
    assert back.status_code == 200
    assert f'data-id="{id_}"' in back.text
    assert place.read("customer", id_)["tier"] == "gold"
    ana.ask(f"/undo/{back.headers['X-Undo']}", "undo", back="/")
    assert place.read("customer", id_)["tier"] == "silver"


def test_without_scripts_an_undo_leads_back_to_a_page_that_says_so(shop: Place) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name="Plain", tier="gold")
    got = saved(ana, of(id_, "tier"), {**control(ana, of(id_, "tier")), "tier": "silver"})
    form = ana.open("/me").form("/me/theme").pairs
    token = dict(form)["csrf_token"]
    undo = f"/undo/{got.headers['X-Undo']}"
    sheet = ana.send(undo, {"csrf_token": token, "back": "/r/customer"})
    assert (sheet.address, sheet.status) == ("/r/customer", 200)
    assert "Undone" in sheet.text
    assert "off-site" not in ana.send(undo, {"csrf_token": token, "back": "//off-site"}).address


def test_what_is_wrong_comes_as_one_sentence_and_changes_nothing(shop: Place) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name="Wrong", weight="5")
    for field, typed, said in (
        ("weight", "1000", "No customer weighs more than 100."),
        ("weight", "heavy", "number"),
        ("name", "", "Name is needed."),
        ("email", "nonsense", "@"),
    ):
        got = saved(ana, of(id_, field), {**control(ana, of(id_, field)), field: typed})
        assert (got.status_code, got.mimetype) == (422, "text/plain")
        assert said in got.text
    assert shop.read("customer", id_)["version"] == 1


def test_a_text_that_names_no_record_is_refused_and_one_that_does_is_that_record(shop: Place) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name="Looks up")
    above = shop.make("customer", name="Right above")
    form = control(ana, of(id_, "parent"))
    got = saved(ana, of(id_, "parent"), {**form, "parent.text": "Nobody"})
    assert (got.status_code, "No record is called" in got.text) == (422, True)
    got = saved(ana, of(id_, "parent"), {**form, "parent.text": "Right above"}, face="cell")
    assert got.status_code == 200
    assert shop.read("customer", id_)["parent"]["id"] == above


def test_what_somebody_else_made_of_it_stands_beside_ones_own_until_one_is_chosen(shop: Place) -> None:
    ana, ben = shop.person("Ana"), shop.person("Ben")
    id_ = shop.make("customer", name="Met", email="old@met.example")
    mine, theirs = control(ana, of(id_, "email")), control(ben, of(id_, "email"))
    saved(ben, of(id_, "email"), {**theirs, "email": "ben@met.example"})
    clash = saved(ana, of(id_, "email"), {**mine, "email": "ana@met.example"})
    assert clash.status_code == 412
    assert "Ben changed this while you were editing it." in clash.text
    assert "ben@met.example" in clash.text
    assert "ana@met.example" in clash.text
    assert shop.read("customer", id_)["email"] == "ben@met.example"
    seen = control(ana, of(id_, "email"))
    got = saved(ana, of(id_, "email"), {**seen, "email": "ana@met.example"})
    assert (got.status_code, shop.read("customer", id_)["email"]) == (200, "ana@met.example")


def test_a_change_of_another_value_meanwhile_is_no_conflict(shop: Place) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name="Apart", email="old@apart.example")
    form = control(ana, of(id_, "email"))
    saved(shop.person("Ben"), of(id_, "tier"), {"version": "1", "tier": "gold"})
    assert saved(ana, of(id_, "email"), {**form, "email": "new@apart.example"}).status_code == 200
    stored = shop.read("customer", id_)
    assert (stored["tier"], stored["email"]) == ("gold", "new@apart.example")


def test_the_same_value_again_is_no_change(shop: Place) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name="Same", tier="gold")
    got = saved(ana, of(id_, "tier"), control(ana, of(id_, "tier")))
    assert (got.status_code, "X-Undo" in got.headers) == (200, False)
    assert shop.read("customer", id_)["version"] == 1


@pytest.mark.parametrize("field", ["helpers", "orders", "papers", "nothing", "id", "version", "title"])
def test_what_is_not_one_value_to_be_typed_is_not_edited_alone(shop: Place, field: str) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name=f"Not {field}")
    assert ana.ask(of(id_, field)).status_code in (403, 404)
    assert saved(ana, of(id_, field), {field: "x", "version": "1"}).status_code in (403, 404)


def test_whoever_may_not_change_it_learns_so_and_is_offered_no_pencil(shop: Place) -> None:
    clerk = shop.person("Cara", "clerk")
    id_ = shop.make("customer", name="Not hers", tier="gold")
    assert clerk.ask(of(id_, "tier")).status_code == 403
    got = saved(clerk, of(id_, "tier"), {"version": "1", "tier": "silver"})
    assert (got.status_code, got.mimetype) == (403, "text/plain")
    assert "data-pencil" not in clerk.open(f"/r/customer/{id_}").html
    mine = shop.make("customer", shop.actor("Cara"), name="Hers", tier="gold")
    sheet = clerk.open(f"/r/customer/{mine}")
    assert {e["data-edit"] for e in sheet.find("dd") if e["data-edit"]} >= {
        of(mine, "tier"),
        of(mine, "name"),
    }
    assert of(mine, "secret_score") not in sheet.html
    assert clerk.ask(of(mine, "secret_score")).status_code == 404


def test_a_record_in_a_locked_state_or_in_the_trash_is_not_edited(shop: Place) -> None:
    ana = shop.person("Ana")
    id_ = shop.make("ticket", subject="Shut")
    ana.press(f"/r/ticket/{id_}/steps/shut", f"/r/ticket/{id_}")
    assert "data-pencil" not in ana.open(f"/r/ticket/{id_}").html
    got = saved(ana, of(id_, "answer", "ticket"), {"version": "2", "answer": "x"})
    assert (got.status_code, "locked" in got.text) == (409, True)


def test_an_act_of_somebody_else_is_not_undone(shop: Place) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name="Hers alone", tier="gold")
    got = saved(ana, of(id_, "tier"), {**control(ana, of(id_, "tier")), "tier": "silver"})
    refused = shop.person("Ben").ask(f"/undo/{got.headers['X-Undo']}", "undo", back="/")
    assert (refused.status_code, refused.mimetype) == (404, "text/plain")
    shop.person("Ben").ask(of(id_, "email"), "value", version="2", email="b@b.example")
    refused = ana.ask(f"/undo/{got.headers['X-Undo']}", "undo", back="/")
    assert refused.status_code == 409
    assert "Ben changed E-mail since" in refused.text


def test_a_peek_shows_what_may_be_read_and_where_it_is_edited(shop: Place) -> None:
    id_ = shop.make("customer", name="Peeked", tier="gold")
    got = shop.person("Ana").ask(f"/r/customer/{id_}/peek", "peek")
    assert got.status_code == 200
    assert "Peeked" in got.text
    assert of(id_, "tier") in got.text
    assert "<html" not in got.text
    assert "Score" not in shop.person("Cara", "clerk").ask(f"/r/customer/{id_}/peek", "peek").text


def test_rows_are_given_anew_by_their_ids_in_the_columns_of_the_list(shop: Place) -> None:
    id_ = shop.make("customer", name="One row", since="2026-02-03", tier="gold")
    got = shop.person("Ana").ask(f"/r/customer/rows?view=gold&ids={id_}", "rows")
    assert got.text.count("<tr") == 1
    assert "One row" in got.text
    assert "All customers" not in got.text
    assert "<tr" not in shop.person("Ana").ask("/r/customer/rows?ids=", "rows").text
