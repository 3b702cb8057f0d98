"""The page of a record: what it tells, what belongs to it, its steps, its links, its way to the trash and back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, Sheet, a_place
from xrm.testing import a_pack


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def card(sheet: Sheet, title: str) -> str:
    """What the card with this heading says."""
    (found,) = [s for s in sheet.find("section") if s["class"] == "card" and s.text.strip().startswith(title)]
    return " ".join(found.text.split())


def test_a_record_shows_what_one_may_read_of_it(shop: Place) -> None:
    id_ = shop.make("customer", name="Readable", secret_score=7, tier="gold", email="r@r.example")
    assert "Score" in shop.person("Bo", "boss").open(f"/r/customer/{id_}").text
    seen = shop.person("Cleo", "clerk").open(f"/r/customer/{id_}")
    assert "Score" not in seen.text
    assert {"Readable", "Gold", "r@r.example"} <= set(seen.text.split())


def test_both_sides_of_a_hierarchy_lead_to_each_other(shop: Place, ana: Person) -> None:
    top = shop.make("customer", name="Top house")
    low = ana.fill(ana.open(f"/r/customer/new?parent={top}"), "/r/customer/new", name="Low house").address
    assert ana.open(low).links()["Top house"] == f"/r/customer/{top}"
    assert "Low house" in card(ana.open(f"/r/customer/{top}"), "Branches")


def test_a_short_list_shows_five_counts_all_and_leads_to_them(shop: Place, ana: Person) -> None:
    top = shop.make("customer", name="Many branches")
    for n in range(7):
        shop.make("customer", name=f"Branch {n}", parent=top)
    sheet = ana.open(f"/r/customer/{top}")
    assert card(sheet, "Branches").startswith("Branches 7")
    everything = ana.open(next(e["href"] for e in sheet.find("a") if e.text.startswith("Show all")))
    assert len(everything.column(0)) == 7


def test_a_short_list_tells_nothing_beside_a_title_that_the_page_says_already(
    shop: Place, ana: Person
) -> None:
    works = shop.make("customer", name="Telhados Novos")
    rita = shop.make("person", name="Rita Melo", works_at=works)
    shop.make("ticket", subject="The roof leaks", customer=works, asker=rita)
    sheet = ana.open(f"/r/customer/{works}")
    assert card(sheet, "Staff").endswith("Rita Melo")
    assert card(sheet, "Tickets").endswith("The roof leaks Rita MeloOpen")


def test_adding_to_a_list_prefills_the_way_back(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", name="Asked about")
    way = next(
        e["href"] for e in ana.open(f"/r/customer/{id_}").find("a") if e["href"].startswith("/r/ticket/new")
    )
    made = ana.fill(ana.open(way), "/r/ticket/new", subject="A question")
    assert shop.read("ticket", made.address.rpartition("/")[2])["customer"]["id"] == id_
    assert "A question" in card(ana.open(f"/r/customer/{id_}"), "Tickets")


def test_what_one_may_not_create_is_not_offered(shop: Place) -> None:
    id_ = shop.make("person", name="Only to read")
    sheet = shop.person("Gus", "guest").open(f"/r/person/{id_}")
    assert not [e for e in sheet.find("a") if "/new" in e["href"]]
    assert {"Edit", "Delete"}.isdisjoint(sheet.links())


# --- steps ------------------------------------------------------------------------------------------


def test_a_step_that_asks_for_something_has_a_form_of_its_own(shop: Place, ana: Person) -> None:
    id_ = shop.make("ticket", subject="Steps")
    step = f"/r/ticket/{id_}/steps/solve"
    assert ana.open(f"/r/ticket/{id_}").links()["Solve…"] == step
    refused = ana.fill(ana.open(step), step)
    assert refused.status == 422
    assert refused.one("input", id="f-answer")["aria-invalid"] == "true"
    shown = ana.fill(refused, step, answer="Done")
    assert "Now Solved" in shown.text
    stored = shop.read("ticket", id_)
    assert (stored["state"], stored["answer"]) == ("solved", "Done")


def test_a_step_that_needs_a_reason_asks_for_it_and_the_history_tells_it(shop: Place, ana: Person) -> None:
    id_ = shop.make("ticket", subject="Reasons", answer="x")
    ana.press(f"/r/ticket/{id_}/steps/solve", on=f"/r/ticket/{id_}")
    step = f"/r/ticket/{id_}/steps/reopen"
    assert ana.fill(ana.open(step), step).status == 422
    ana.fill(ana.open(step), step, reason="It broke again")
    assert "It broke again" in ana.open(f"/r/ticket/{id_}/history").text


def test_a_step_that_asks_nothing_is_one_press(shop: Place, ana: Person) -> None:
    id_ = shop.make("ticket", subject="One press", answer="Yes")
    shown = ana.press(f"/r/ticket/{id_}/steps/solve", on=f"/r/ticket/{id_}")
    assert shop.read("ticket", id_)["state"] == "solved"
    assert "Now Solved" in shown.text


def test_a_step_that_is_not_open_says_why(shop: Place, ana: Person) -> None:
    id_ = shop.make("ticket", subject="Refused", answer="now")
    sheet = ana.open(f"/r/ticket/{id_}")
    (park,) = [e for e in sheet.find("button") if e.text.strip().startswith("Park")]
    assert park["aria-disabled"] == "true"
    assert "Only what waits can be parked." in park.text
    assert "Park: Only what waits can be parked." in [e.text for e in sheet.find("p", class_="help")]
    cleo = shop.person("Cleo", "clerk").open(f"/r/ticket/{id_}")
    (shut,) = [e for e in cleo.find("button") if e.text.strip().startswith("Shut")]
    assert "boss" in shut.text


def test_a_refused_step_leaves_the_record_as_it_was(shop: Place, ana: Person) -> None:
    id_ = shop.make("ticket", subject="Guarded", answer="now")
    step = f"/r/ticket/{id_}/steps/park"
    refused = ana.fill(ana.open(step), step)
    assert refused.status == 422
    assert "Only what waits can be parked." in refused.text
    assert shop.read("ticket", id_)["state"] == "open"


def test_a_step_from_another_state_is_a_conflict(shop: Place, ana: Person) -> None:
    id_ = shop.make("ticket", subject="Wrong state")
    assert ana.open(f"/r/ticket/{id_}/steps/reopen").status == 409
    assert ana.open(f"/r/ticket/{id_}/steps/nonsense").status == 404


def test_a_locked_record_says_so_and_is_not_edited(shop: Place, ana: Person) -> None:
    id_ = shop.make("ticket", subject="Locked")
    ana.press(f"/r/ticket/{id_}/steps/shut", on=f"/r/ticket/{id_}")
    (edit,) = [e for e in ana.open(f"/r/ticket/{id_}").find("button") if e.text.strip().startswith("Edit")]
    assert "It is Shut, and locked." in edit.text
    form = f"/r/ticket/{id_}/edit"
    refused = ana.fill(ana.open(form), form, subject="Changed anyway")
    assert refused.status == 409
    assert shop.read("ticket", id_)["subject"] == "Locked"


# --- links ------------------------------------------------------------------------------------------


def test_a_link_is_added_and_removed_and_seen_from_both_sides(shop: Place, ana: Person) -> None:
    house, lia = shop.make("customer", name="Linked house"), shop.make("person", name="Lia")
    new = f"/r/customer/{house}/links/helpers/new"
    ana.fill(ana.open(new), new, to__text="Lia", task="Cooking")
    assert "Cooking" in ana.open(f"/r/customer/{house}").text
    assert "Linked house" in card(ana.open(f"/r/person/{lia}"), "Helps")
    ana.press(f"/r/person/{lia}/links/helps/", on=f"/r/person/{lia}")
    assert "Linked house" not in ana.open(f"/r/person/{lia}").one("main").text
    assert "added a link" in ana.open(f"/r/customer/{house}/history").text


def test_a_link_is_added_from_the_far_side(shop: Place, ana: Person) -> None:
    house, max_ = shop.make("customer", name="Far house"), shop.make("person", name="Max")
    new = f"/r/person/{max_}/links/helps/new"
    shown = ana.fill(ana.open(new), new, to__text="Far house", task="Driving")
    assert "Driving" in card(shown, "Helps")
    assert "Max" in ana.open(f"/r/customer/{house}").text


def test_history_tells_of_a_link_what_it_said_of_itself_before_and_after(shop: Place, ana: Person) -> None:
    nia = shop.make("person", name="Nia")
    link = {"to": {"id": nia}, "task": "Cooking"}
    house = shop.make("customer", name="Told house", helpers={"create": [link]})
    form = f"/r/customer/{house}/edit"
    ana.fill(ana.open(form), form, helpers__0__task="Baking")
    told = ana.open(f"/r/customer/{house}/history").text
    assert re.search("changed a link .*Helpers: Nia.*Cooking.*Baking", told), told


def test_a_link_without_a_record_is_refused_on_its_form(shop: Place, ana: Person) -> None:
    new = f"/r/customer/{shop.make('customer', name='Nobody linked')}/links/helpers/new"
    refused = ana.fill(ana.open(new), new, task="Nothing")
    assert refused.status == 422
    assert refused.one("input", id="f-to")["aria-invalid"] == "true"


def test_two_records_are_connected_and_each_page_tells_its_own_role(shop: Place, ana: Person) -> None:
    roles = {r: _role(ana, r) for r in ("parent company of", "subsidiary of")}
    top, low = shop.make("customer", name="Holding"), shop.make("customer", name="Daughter")
    connect = f"/r/customer/{top}/connect"
    form = ana.open(connect)
    assert "Role of Holding is needed." in ana.fill(form, connect).text
    ana.fill(
        form, connect, role_a=roles["parent company of"], record_b__text="Daughter", valid_from="2026-01-01"
    )
    assert "parent company of Daughter since" in card(ana.open(f"/r/customer/{top}"), "Connections")
    assert "subsidiary of Holding since" in card(ana.open(f"/r/customer/{low}"), "Connections")


def _role(ana: Person, name: str) -> str:
    """The id of a seeded role."""
    sheet = ana.open(f"/r/connection_role?f.name={name}")
    return next(e["href"] for e in sheet.find("a") if e.text.strip() == name).rpartition("/")[2]


def test_a_record_is_not_connected_with_itself(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", name="Narcissus")
    connect = f"/r/customer/{id_}/connect"
    refused = ana.fill(ana.open(connect), connect, role_a=_role(ana, "partner"), record_b__text="Narcissus")
    assert refused.status == 422
    assert "A record cannot be connected with itself." in refused.text


# --- history and trash ------------------------------------------------------------------------------


def test_the_history_tells_who_did_what_in_words(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", shop.actor("Ana"), name="Storied", tier="gold")
    edit = f"/r/customer/{id_}/edit"
    ana.fill(ana.open(edit), edit, tier="silver")
    told = ana.open(f"/r/customer/{id_}/history").text
    assert "Ana changed it" in told
    assert "Tier Gold Silver" in told
    assert "Ana created it" in told


def test_the_history_tells_of_values_of_every_kind(shop: Place) -> None:
    given = {
        "goes_to": {"lat": "38.722252", "lon": "-9.139337"},
        "wrapping": {"paper": "blue"},
        "wishes": "<p>In the <b>morning</b></p>",
    }
    id_ = shop.make("order", text="Far away", customer=shop.make("customer", name="Buyer"), **given)
    told = " ".join(shop.person("Bo", "boss").open(f"/r/order/{id_}/history").text.split())
    assert "Goes to 38.722252, -9.139337" in told
    assert 'Wrapping {"paper": "blue"}' in told
    assert "Wishes In the morning" in told


def test_the_history_leaves_out_what_one_may_not_read(shop: Place) -> None:
    id_ = shop.make("customer", name="Discreet", secret_score=3)
    assert "Score" not in shop.person("Cleo", "clerk").open(f"/r/customer/{id_}/history").text
    assert "Score" in shop.person("Bo", "boss").open(f"/r/customer/{id_}/history").text


def test_deleting_says_what_goes_along_and_restoring_brings_all_of_it_back(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", name="Leaving", orders={"create": [{"text": "Last order"}]})
    ticket = shop.make("ticket", subject="Last ticket", customer=id_)
    delete = f"/r/customer/{id_}/delete"
    confirm = ana.open(delete)
    assert "Goes along – Orders: Last order" in confirm.text
    assert "Goes along – Tickets: Last ticket" in confirm.text
    trash = ana.fill(confirm, delete)
    assert trash.address == "/r/customer/trash"
    assert "Leaving" in trash.text
    assert "Leaving" not in ana.open("/r/customer?search=leaving").column(0)
    assert "This record is in the trash." in ana.open(f"/r/ticket/{ticket}").text
    back = ana.fill(trash, f"/r/customer/{id_}/restore")
    assert back.address == f"/r/customer/{id_}"
    assert "in the trash" not in ana.open(f"/r/ticket/{ticket}").text


def test_a_record_that_others_hold_on_to_stays_and_says_why(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", name="Held")
    shop.make("person", name="Holder", works_at=id_)
    delete = f"/r/customer/{id_}/delete"
    confirm = ana.open(delete)
    assert "Stands in the way – Staff: Holder" in confirm.text
    refused = ana.fill(confirm, delete)
    assert refused.status == 409
    assert shop.read("customer", id_)["deleted_at"] is None


# --- search -----------------------------------------------------------------------------------------


def test_the_search_finds_records_of_every_entity_that_one_may_read(shop: Place, ana: Person) -> None:
    shop.make("customer", name="Quetzal Works")
    shop.make("person", name="Quetzal Smith")
    found = ana.open("/search?q=quetzal")
    assert {"Quetzal Works", "Quetzal Smith"} <= set(found.links())
    assert "Show all" not in found.text
    seen = shop.person("Gus", "guest").open("/search?q=quetzal").links()
    assert "Quetzal Smith" in seen
    assert "Quetzal Works" not in seen
    assert "Nothing found" in ana.open("/search?q=xylophone").text


def test_found_records_of_one_name_are_told_apart(shop: Place, ana: Person) -> None:
    work = shop.make("customer", name="Iron Yard", tier="gold")
    shop.make("person", name="Xanthippe Twice", phone="+351211234567")
    shop.make("person", name="Xanthippe Twice", works_at=work)
    hits = [e.text for e in ana.open("/search?q=xanthippe").find("a") if e["class"] == "hit"]
    assert sorted(hits) == ["Xanthippe Twice +351 21 123 4567", "Xanthippe Twice Iron Yard"]


def test_a_number_tells_apart_what_is_alike_in_everything_else(tmp_path: Path) -> None:
    lot = """
title: name
fields: {name: {type: text, required: true, search: true}, number: {type: autonumber, pattern: "L-{0}"}}
"""
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, [a_pack("lots", {}, lot=lot)])
    place = a_place(runtime)
    for _ in range(2):
        place.make("lot", name="Crate of pears")
    hits = [e.text for e in place.person("Ana").open("/search?q=pears").find("a") if e["class"] == "hit"]
    assert sorted(hits) == ["Crate of pears L-1", "Crate of pears L-2"]
    runtime.close()


def test_offers_of_one_name_are_told_apart(shop: Place, ana: Person) -> None:
    work = shop.make("customer", name="Iron Gate")
    shop.make("person", name="Ypsilanti Twice", phone="+351211234567")
    shop.make("person", name="Ypsilanti Twice", works_at=work)
    shop.make("person", name="Ypsilanti Once", works_at=work)
    offers = ana.open("/r/customer/lookup/contact?q=ypsilanti").find("div")
    assert sorted(o.text for o in offers) == [
        "Ypsilanti Once", "Ypsilanti Twice +351 21 123 4567", "Ypsilanti Twice Iron Gate",
    ]  # fmt: skip


def test_every_database_shows_the_same_pages(place: Place) -> None:
    ana = place.person("Ana")
    shown = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Ärger & Söhne", budget__amount="12.50",
                     budget__currency="EUR", orders__0__text="Erste")  # fmt: skip
    assert "Ärger & Söhne" in shown.text
    assert "€12.50" in shown.text
    assert "Erste" in shown.text
    assert ana.open("/r/customer?search=arger&sort=-since&f.loud=false").column(0) == ["Ärger & Söhne"]
    edit = f"{shown.address}/edit"
    ana.fill(ana.open(edit), edit, since="2026-01-31")
    assert "Since" in ana.open(f"{shown.address}/history").text
    ana.fill(ana.open(f"{shown.address}/delete"), f"{shown.address}/delete")
    assert "Ärger & Söhne" in ana.open("/r/customer/trash").text


def test_a_saved_form_is_undone_and_redone_from_its_message(shop: Place) -> None:
    ana, id_ = shop.person("Ana"), shop.make("customer", name="Saved", weight="1")
    edit = f"/r/customer/{id_}/edit"
    saved = ana.fill(ana.open(edit), edit, weight="2", orders__0__text="Pens")
    back = ana.undo(saved)
    assert back.address == f"/r/customer/{id_}"
    assert "Undone" in back.text
    assert shop.read("customer", id_)["weight"] == "1.00"
    again = ana.undo(back)
    assert "Redone" in again.text
    assert shop.read("customer", id_)["weight"] == "2.00"


def test_a_record_that_was_made_and_one_that_was_deleted_are_undone_from_the_message(shop: Place) -> None:
    ana = shop.person("Ana")
    made = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Made by mistake")
    back = ana.undo(made)
    assert back.address == "/r/customer"
    assert "in the trash" in ana.open(made.address).text
    id_ = shop.make("customer", name="Deleted by mistake", orders={"create": [{"text": "Pens"}]})
    delete = f"/r/customer/{id_}/delete"
    there = ana.undo(ana.fill(ana.open(delete), delete))
    assert there.address == f"/r/customer/{id_}"
    assert "Pens" in there.text


def test_another_form_begins_as_the_first_one_did(shop: Place) -> None:
    ana, top = shop.person("Ana"), shop.make("customer", name="Above both")
    new = f"/r/customer/new?parent={top}"
    again = ana.fill(ana.open(new), "/r/customer/new", name="First of two", then="new")
    assert again.address == new
    assert again.one("input", id="f-parent")["value"] == "Above both"
