"""Many records changed at once: tried first, done as one act, taken back as one."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from werkzeug.test import TestResponse

from tests.support.pages import posted
from tests.ui.pages.conftest import Person, Place
from xrm.engine.commands import Create
from xrm.engine.views import Asked, Wanted


def ids_of(place: Place, count: int, **values) -> list[str]:
    name = values.pop("name", "Bulk")
    commands = [Create("customer", {"name": f"{name} {n}", **values}) for n in range(count)]
    outcome = place.runtime.current().records.execute(place.actor("Ana"), commands)
    return [str(result.id) for result in outcome.results]


def tried(person: Person, **said: str) -> TestResponse:
    return person.ask("/r/customer/bulk", "bulk", **said)


def done(person: Person, **said: str) -> TestResponse:
    """The change, after the trial that it confirms."""
    confirm = dict(posted(tried(person, **said).text).pairs)["confirm"]
    return tried(person, **said, confirm=confirm)


def tiers(place: Place, ids: list[str]) -> set[str]:
    return {place.read("customer", id_)["tier"] for id_ in ids}


def test_a_field_of_many_is_set_after_it_was_shown_what_changes_and_undone_in_one_go(place: Place) -> None:
    ana = place.person("Ana")
    ids = ids_of(place, 5, tier="gold")
    said = {"action": "set", "field": "tier", "tier": "silver", "ids": ",".join(ids)}
    preview = tried(ana, **said)
    assert preview.status_code == 200
    assert "5 records would change" in preview.text
    assert tiers(place, ids) == {"gold"}
    got = done(ana, **said)
    assert unquote(got.headers["X-Said"]) == "5 changed"
    assert tiers(place, ids) == {"silver"}
    assert ana.ask(f"/undo/{got.headers['X-Undo']}", "undo", back="/").status_code == 200
    assert tiers(place, ids) == {"gold"}


def test_the_trial_says_how_many_are_refused_and_why_and_the_others_are_changed(shop: Place) -> None:
    clerk = shop.person("Cara", "clerk")
    shop.person("Ana")
    theirs = ids_of(shop, 2, name="Theirs", tier="gold")
    mine = [shop.make("customer", shop.actor("Cara"), name=f"Mine {n}", tier="gold") for n in range(3)]
    said = {"action": "set", "field": "tier", "tier": "silver", "ids": ",".join([*mine, *theirs])}
    preview = tried(clerk, **said).text
    assert "3 records would change" in preview
    assert re.search(r"You may not update this customer.*2 records</b>:.*>Theirs 0<.*>Theirs 1<", preview)
    assert done(clerk, **said).status_code == 200
    assert (tiers(shop, mine), tiers(shop, theirs)) == ({"silver"}, {"gold"})


def test_nothing_is_done_for_another_selection_than_the_one_that_was_tried(shop: Place) -> None:
    ana = shop.person("Ana")
    ids = ids_of(shop, 2, name="Other", tier="gold")
    said = {"action": "set", "field": "tier", "tier": "silver"}
    confirm = dict(posted(tried(ana, **said, ids=ids[0]).text).pairs)["confirm"]
    again = tried(ana, **said, ids=",".join(ids), confirm=confirm)
    assert "2 records would change" in again.text
    assert tiers(shop, ids) == {"gold"}


def test_many_are_given_to_somebody(shop: Place) -> None:
    ana = shop.person("Ana")
    ben = shop.person("Ben") and shop.actor("Ben").id
    ids = ids_of(shop, 3, name="Given")
    form = ana.ask("/r/customer/bulk?action=assign", "bulk").text
    assert "Assign customers" in form
    assert tried(ana, action="assign", owner="", ids=",".join(ids)).status_code == 422
    got = done(ana, action="assign", owner=str(ben), owner__text="Ben", ids=",".join(ids))
    assert got.status_code == 200
    assert {shop.read("customer", id_)["owner"]["title"] for id_ in ids} == {"Ben"}


def test_many_go_to_the_trash_and_come_back(shop: Place) -> None:
    ana = shop.person("Ana")
    ids = ids_of(shop, 3, name="Binned", orders={"create": [{"text": "Pens", "quantity": 1}]})
    preview = tried(ana, action="delete", ids=",".join(ids)).text
    assert "3 records would move to the trash" in preview
    assert "3 other records go along." in preview
    got = done(ana, action="delete", ids=",".join(ids))
    assert {bool(shop.read("customer", id_).get("deleted_at")) for id_ in ids} == {True}
    ana.ask(f"/undo/{got.headers['X-Undo']}", "undo", back="/")
    assert {bool(shop.read("customer", id_).get("deleted_at")) for id_ in ids} == {False}


def test_the_trial_counts_of_what_goes_along_only_what_may_be_read(shop: Place) -> None:
    customer = shop.make("customer", name="With belongings", orders={"create": [{"text": "Seen"}]})
    for subject in ("Unseen", "Unseen too"):
        shop.make("ticket", subject=subject, customer=customer)
    for name, roles, count in (
        ("Ana", [], "3 other records go"),
        ("Clea", ["cleaner"], "1 other record goes"),
    ):
        told = tried(shop.person(name, *roles), action="delete", ids=customer).text
        assert f"{count} along" in told, told


def test_all_that_match_are_those_of_the_list_and_no_others(shop: Place) -> None:
    ana = shop.person("Ana")
    ids, others = ids_of(shop, 60, name="Matching"), ids_of(shop, 2, name="Else")
    said = {"action": "set", "field": "loud", "loud": "true", "all": "1", "list": "search=Matching"}
    assert "60 records would change" in tried(ana, **said).text
    assert done(ana, **said).status_code == 200
    assert {shop.read("customer", id_)["loud"] for id_ in ids} == {True}
    assert {shop.read("customer", id_)["loud"] for id_ in others} == {False}


def test_an_address_of_any_length_chooses_no_more_than_its_list_shows(shop: Place) -> None:
    ana = shop.person("Ana")
    ids_of(shop, 2, name="Long address")
    long = "search=Long+address&" + "x=&" * 4000
    assert "2 records" in tried(ana, action="delete", all="1", list=long).text
    assert tried(ana, action="delete", all="1", list=f"{long}f.tier=bronze").status_code == 422


def test_an_address_that_takes_the_condition_of_a_saved_view_away_chooses_as_its_list_shows(
    shop: Place,
) -> None:
    ana = shop.person("Ana")
    ids_of(shop, 2, name="By a saved view")
    asked = Asked(filter='tier == "bronze"')
    made = shop.runtime.current().views.create(shop.actor("Ana"), "customer", Wanted("Bronze", asked))
    shown = f"view={made.id}&filter=&search=By+a+saved+view"
    for address in (shown, f"{shown}&f.tier="):
        assert "2 records" in tried(ana, action="delete", all="1", list=address).text
    every = tried(ana, action="delete", all="1", list=f"view={made.id}&filter=").text
    assert "would move to the trash" in every


def test_very_many_are_changed_by_a_job_as_one_act(place: Place) -> None:
    ana = place.person("Ana")
    ids = ids_of(place, 230, tier="gold")
    said = {"action": "set", "field": "weight", "weight": "7", "all": "1", "list": ""}
    bad = place.make("customer", name="Bulk other", tier="gold")
    preview = tried(ana, **said).text
    assert "Only the first 200 were tried" in preview
    got = done(ana, **said)
    sheet = ana.open(got.headers["X-Go"])
    assert "231" in sheet.text
    assert {place.read("customer", id_)["weight"] for id_ in (*ids, bad)} == {"7.00"}
    undo = next(e["action"] for e in sheet.find("form") if e["action"].startswith("/undo/"))
    back = ana.press(undo, got.headers["X-Go"])
    assert (back.address, "Undone" in back.text) == ("/r/customer", True)
    assert {place.read("customer", id_)["weight"] for id_ in ids} == {None}


def test_a_selection_is_taken_along_as_a_file(shop: Place) -> None:
    ana = shop.person("Ana")
    ids = ids_of(shop, 3, name="Taken along")
    token = dict(ana.open("/me").form("/me/theme").pairs)["csrf_token"]
    posted_ = {"csrf_token": token, "format": "csv", "ids": ",".join(ids[:2])}
    got = ana.client.post("/r/customer/export", data=posted_)
    assert got.status_code == 200
    assert got.text.count("Taken along") == 2


@pytest.mark.parametrize(
    "said",
    [{"action": "set", "field": "name"}, {"action": "set", "field": "papers"}, {"action": "set", "field": "secret"},
     {"action": "set"}, {"action": "set", "field": "weight", "weight": "heavy", "ids": "none"}],
)  # fmt: skip
def test_what_cannot_be_said_is_told_and_changes_nothing(shop: Place, said: dict[str, str]) -> None:
    ana = shop.person("Ana")
    [id_] = ids_of(shop, 1, name=f"Untold {len(said)} {said.get('field')}")
    got = tried(ana, **{"ids": id_, **said})
    assert got.status_code in (404, 422) or "would change" not in got.text


def test_whoever_may_do_nothing_with_many_is_offered_nothing(shop: Place) -> None:
    html = shop.person("Gus", "guest").open("/r/person").html
    assert "bulk-bar" not in html
    assert 'id="s-' not in html
    got = shop.person("Gus", "guest").ask("/r/person/bulk", "bulk", action="delete", ids="")
    assert got.status_code == 403
