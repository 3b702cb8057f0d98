"""A form tells of records that are like the one it would write; those that are there are found, compared and merged."""

from __future__ import annotations

from uuid import UUID

from tests.ui.pages.conftest import Place
from xrm.engine.commands import Merge, Target


def test_a_warning_links_what_it_found_and_the_second_button_writes_it_anyway(shop: Place) -> None:
    ana = shop.person("Ana")
    typed = {"name": "First of two", "phone": "+351911000111"}
    first = ana.fill(ana.open("/r/person/new"), "/r/person/new", **typed)
    form = ana.open("/r/person/new")
    assert form.find("button", id="save-anyway") == []
    warned = ana.fill(form, "/r/person/new", name="Second of two", phone="+351 911 000 111")
    assert warned.status == 409
    (told,) = warned.find("section", id="twins")
    assert [a["href"] for a in warned.find("a") if told in a.around] == [first.address]
    assert warned.one("button", id="save-anyway").text == "Create anyway"
    assert "or write it anyway." in warned.text
    made = ana.fill(warned, "/r/person/new", duplicates="accept")
    assert "Person created" in made.text
    edit = f"{made.address}/edit"
    ana.fill(ana.open(edit), edit, phone="")
    again = ana.fill(ana.open(edit), edit, phone="+351911000111")
    assert again.one("button", id="save-anyway").text == "Save anyway"
    assert "Person saved" in ana.fill(again, edit, duplicates="accept").text


def test_the_page_of_a_merged_record_leads_to_the_one_that_was_kept(shop: Place) -> None:
    ana = shop.person("Ana")
    kept, other = (
        ana.fill(ana.open("/r/person/new"), "/r/person/new", name=name).address for name in ("Kept", "Gone")
    )
    ids = [address.rpartition("/")[2] for address in (kept, other)]
    shop.runtime.current().records.do(
        shop.actor("Ana"), Merge("person", Target(UUID(ids[0])), (UUID(ids[1]),))
    )
    shown = ana.open(other)
    assert shown.address == kept
    assert "Gone was merged into this record" in shown.text


def test_duplicates_are_found_compared_and_made_one_and_that_is_taken_back(shop: Place) -> None:
    ana = shop.person("Ana")
    for name in ("Twin one", "Twin two"):
        form = ana.open("/r/person/new")
        ana.fill(form, "/r/person/new", name=name, phone="+351911000999", duplicates="accept")
    listed = ana.open("/r/person")
    assert "/r/person/duplicates" in [a["href"] for a in listed.find("a")]
    found = ana.open("/r/person/duplicates")
    twins = {a.text: a["href"] for a in found.find("a") if a.text.startswith("Twin")}
    links = [a["href"] for a in found.find("a") if a.text == "Compare and merge"]
    one, two = (twins[name].rpartition("/")[2] for name in ("Twin one", "Twin two"))
    merge = next(href for href in links if one in href and two in href).replace("&amp;", "&")
    page = ana.open(merge)
    assert page.status == 200
    shown = ana.fill(page, "/r/person/merge", keep=two, **{"choose.name": one})
    assert shown.address == f"/r/person/{two}"
    assert "2 records became one" in shown.text
    assert shop.read("person", two)["name"] == "Twin one"
    assert ana.open(twins["Twin one"]).address == f"/r/person/{two}"
    assert ana.open(f"/r/person/merge?id={two}").status == 422


def test_what_cannot_be_merged_is_said_on_the_page(shop: Place) -> None:
    ana = shop.person("Ana")
    ids = [shop.make("customer", name=f"Unlike {n}", weight="5") for n in (1, 2)]
    for id_ in ids:
        shop.make("person", name="Works", works_at=id_)
    address = f"/r/customer/merge?id={ids[0]}&id={ids[1]}"
    page = ana.open(address)
    refused = ana.fill(page, "/r/customer/merge", keep="0190b6a4-0000-7000-8000-000000000000")
    assert refused.status == 422
    assert "none of the records" in refused.text


def test_a_selection_is_offered_to_be_merged_to_whoever_may_change_and_delete(shop: Place) -> None:
    ana = shop.person("Ana")
    shop.make("person", name="Some one")
    assert ana.open("/r/person").find("button", id="bulk-merge")
    assert not shop.person("Pia", "porter").open("/r/person").find("button", id="bulk-merge")
