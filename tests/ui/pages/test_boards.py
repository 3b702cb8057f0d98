"""Boards: lanes with counts and sums, cards in pages, and moves that are steps or changes like any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import FILES, SHOP, Person, Place, Sheet, a_place
from xrm.testing import a_pack

TICKETS = """
all:   {type: list, label: All tickets, columns: [subject]}
lanes: {type: board, label: By state, group_by: state, card: [answer], sort: [subject]}
"""
KEEPER = """
keeper:
  label: Keeper
  grants:
    names: {entity: customer, can: [read], fields: [name, tier]}
    own:   {entity: customer, can: [read], rows: own, fields: [budget]}
"""
BOARD = "/r/ticket?view=lanes"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """The shop with a board of tickets."""
    roles = FILES["roles.yaml"] + KEEPER
    pack = a_pack("shop", {**FILES, "views/ticket.yaml": TICKETS, "roles.yaml": roles}, **SHOP)
    runtime = make_runtime(database_url, tmp_path, [pack])
    yield a_place(runtime)
    runtime.close()


def lanes(sheet: Sheet) -> dict[str, list[str]]:
    """The titles of the cards by lane."""
    found: dict[str, list[str]] = {
        e["data-lane"]: [] for e in sheet.find("section") if e["data-lane"] is not None
    }
    for link in sheet.find("a", class_="card-title"):
        lane = link.within("section")
        assert lane is not None
        found[lane["data-lane"]].append(link.text.strip())
    return found


def heads(sheet: Sheet) -> list[str]:
    """What stands above the lanes."""
    return [re.sub(r"\s+", " ", e.text).strip() for e in sheet.find("h2", class_="lane-head")]


def moved(person: Person, ticket: str, lane: str, version: str = "1") -> Sheet:
    """What comes after posting a move as the page that is looked at would."""
    page = person.open(f"/r/ticket/{ticket}/move?view=lanes")
    token = page.find("input", name="csrf_token")[0]["value"]
    data = {"lane": lane, "version": version, "csrf_token": token}
    return person.send(f"/r/ticket/{ticket}/move?view=lanes", data)


def test_lanes_stand_in_the_order_of_the_states_with_their_numbers(desk: Place) -> None:
    ana = desk.person("Ana")
    for n in range(3):
        desk.make("ticket", desk.actor(), subject=f"Ticket {n}")
    sheet = ana.open(BOARD)
    assert lanes(sheet) == {"open": ["Ticket 0", "Ticket 1", "Ticket 2"], "solved": [], "shut": []}
    assert heads(sheet) == ["Open 3", "Solved 0", "Shut 0"]


def test_lanes_of_a_choice_begin_with_none_and_tell_the_sum_of_what_matches(desk: Place) -> None:
    ana = desk.person("Ana")
    for name, tier in (("Near", "gold"), ("Far", "gold"), ("Nowhere", None)):
        desk.make(
            "customer", desk.actor(), name=name, tier=tier, budget={"amount": "10.5", "currency": "EUR"}
        )
    every = ana.open("/r/customer?view=tiers")
    assert lanes(every)[""] == ["Nowhere"]
    assert lanes(every)["gold"] == ["Far", "Near"]
    assert heads(every)[:2] == ["None 1 €10.50", "Gold 2 €21"]
    some = ana.open("/r/customer?view=tiers&search=near")
    assert lanes(some)["gold"] == ["Near"]
    assert heads(some)[:2] == ["None 0", "Gold 1 €10.50"]


def test_amounts_that_one_may_not_see_come_to_nothing_and_not_to_zero(desk: Place) -> None:
    kim = desk.person("Kim", "keeper")
    for name, by, tier, budget in (
        ("Hers", "Kim", "gold", "10.5"),
        ("Of Ana", "Ana", "gold", "99"),
        ("Of Ana too", "Ana", "silver", "7"),
        ("Free of charge", "Kim", "bronze", "0"),
    ):
        desk.person(by)
        amount = {"amount": budget, "currency": "EUR"}
        desk.make("customer", owner=_user(desk, by), name=name, tier=tier, budget=amount)
    assert heads(kim.open("/r/customer?view=tiers"))[1:4] == ["Gold 2 €10.50", "Silver 1", "Bronze 1 €0"]
    assert heads(desk.person("Ana").open("/r/customer?view=tiers"))[2] == "Silver 1 €7"

    def foot(person: Person, tier: str) -> list[str]:
        shown = person.open(f"/r/customer?fields=name,budget&totals=sum&f.tier={tier}")
        cells = [e for e in shown.elements if e.within("tfoot") and e.tag in ("th", "td")]
        return [text for e in cells if (text := " ".join(e.text.split()))]

    assert foot(kim, "gold") == ["Sum", "Budget €10.50"]
    assert foot(kim, "silver") == ["Sum"]


def _user(desk: Place, name: str) -> dict[str, str]:
    return {"entity": "user", "id": str(desk.actor(name).id)}


def test_a_lane_goes_on_twelve_by_twelve_with_and_without_scripts(desk: Place) -> None:
    ana = desk.person("Ana")
    for n in range(30):
        desk.make("ticket", desk.actor(), subject=f"Ticket {n:02}")
    first = ana.open(BOARD)
    assert len(lanes(first)["open"]) == 12
    way = first.one("a", id="load-more-open")
    second = ana.open(way["href"])
    assert lanes(second) == {"open": [f"Ticket {n}" for n in range(12, 24)]}
    alone = ana.open(way["hx-get"], HX_Request="true", HX_Target="li#more-open")
    assert alone.html.lstrip().startswith("<li")
    assert [e.text.strip() for e in alone.find("a", class_="card-title")] == lanes(second)["open"]
    last = ana.open(second.one("a", id="load-more-open")["href"])
    assert len(lanes(last)["open"]) == 6
    assert last.find("a", id="load-more-open") == []


def test_the_menu_of_a_card_lists_the_moves_that_are_open_and_takes_them(desk: Place) -> None:
    ticket = desk.make("ticket", subject="Ask", answer="later")
    boss = desk.person("Bea", "boss")
    page = boss.open(f"/r/ticket/{ticket}/move?view=lanes")
    assert [e["value"] for e in page.find("button", name="lane")] == ["solved", "shut"]
    assert lanes(moved(boss, ticket, "solved"))["solved"] == ["Ask"]
    assert desk.read("ticket", ticket)["state"] == "solved"


def test_a_step_that_is_not_granted_is_no_move(desk: Place) -> None:
    ticket = desk.make("ticket", subject="Ask", answer="now")
    clerk = desk.person("Carla", "clerk")
    page = clerk.open(f"/r/ticket/{ticket}/move?view=lanes")
    assert [e["value"] for e in page.find("button", name="lane")] == ["solved"]
    assert moved(clerk, ticket, "shut").status in (403, 422)
    assert desk.read("ticket", ticket)["state"] == "open"


def test_a_move_that_needs_a_value_leads_to_the_form_of_the_step(desk: Place) -> None:
    ticket = desk.make("ticket", subject="Ask")
    sheet = moved(desk.person("Ana"), ticket, "solved")
    assert sheet.address.partition("?")[0] == f"/r/ticket/{ticket}/steps/solve"
    assert sheet.find("input", name="answer")


def test_a_step_that_a_board_asked_for_leads_back_to_it_and_can_be_undone(desk: Place) -> None:
    ticket, ana = desk.make("ticket", subject="Ask"), desk.person("Ana")
    form = moved(ana, ticket, "solved")
    assert form.links()["Cancel"] == BOARD
    board = ana.fill(form, f"/r/ticket/{ticket}/steps/solve", answer="Twice a day")
    assert board.address == BOARD
    assert lanes(board)["solved"] == ["Ask"]
    again = ana.undo(board)
    assert again.address == BOARD
    assert lanes(again)["open"] == ["Ask"]


def test_a_move_is_undone_from_the_message_and_redone(desk: Place) -> None:
    ticket, ana = desk.make("ticket", subject="Ask", answer="now"), desk.person("Ana")
    back = ana.undo(moved(ana, ticket, "solved"))
    assert lanes(back)["open"] == ["Ask"]
    assert "Undone" in back.text
    assert lanes(ana.undo(back))["solved"] == ["Ask"]


def test_a_step_leads_to_no_other_place_than_ours(desk: Place) -> None:
    ticket, ana = desk.make("ticket", subject="Ask"), desk.person("Ana")
    form = ana.open(f"/r/ticket/{ticket}/steps/solve?back=//evil.example/")
    assert form.links()["Cancel"] == f"/r/ticket/{ticket}"


def test_a_move_that_no_step_makes_is_refused_and_the_card_stays(desk: Place) -> None:
    ticket = desk.make("ticket", subject="Ask", answer="x")
    ana = desk.person("Ana")
    assert moved(ana, ticket, "shut").status == 200
    refused = moved(ana, ticket, "open", "2")
    assert refused.status == 422
    assert "No step leads from where it is now to Open." in refused.text
    assert moved(ana, ticket, "nowhere", "2").status == 422
    assert desk.read("ticket", ticket)["state"] == "shut"


def test_a_card_of_a_choice_is_changed_like_any_record(desk: Place) -> None:
    customer = desk.make("customer", name="Near", tier="gold")
    ana = desk.person("Ana")
    there, action = f"/r/customer/{customer}/move?view=tiers", f"/r/customer/{customer}/move"
    page = ana.open(there)
    assert [e["value"] for e in page.find("button", name="lane")][:2] == ["", "silver"]
    sheet = ana.fill(page, action, lane="silver")
    assert lanes(sheet)["silver"] == ["Near"]
    ana.fill(ana.open(there), action, lane="")
    assert desk.read("customer", customer)["tier"] is None
    rest = ana.fill(ana.open(there), action, lane="old")
    assert rest.status == 422  # an old customer says why it was lost
    assert desk.read("customer", customer)["tier"] is None


def test_what_was_changed_meanwhile_is_not_moved(desk: Place) -> None:
    customer = desk.make("customer", name="Near", tier="gold")
    ana = desk.person("Ana")
    action = f"/r/customer/{customer}/move"
    page = ana.open(f"{action}?view=tiers")
    ana.fill(page, action, lane="silver")
    assert ana.fill(page, action, lane="bronze").status == 412
    assert desk.read("customer", customer)["tier"] == "silver"


def test_who_may_not_change_sees_cards_without_a_menu(desk: Place) -> None:
    desk.make("customer", name="Near", tier="gold")
    carla = desk.person("Carla", "clerk")
    assert lanes(carla.open("/r/customer?view=tiers"))["gold"] == ["Near"]
    desk.make("person", name="Lia")
    guest = desk.person("Gil", "guest")
    assert guest.open("/r/customer?view=tiers").status == 404


def test_there_is_no_move_in_a_list(desk: Place) -> None:
    ticket = desk.make("ticket", subject="Ask")
    assert desk.person("Ana").open(f"/r/ticket/{ticket}/move?view=all").status == 404
