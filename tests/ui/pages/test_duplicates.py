"""A form that would write a duplicate says which records are like it, and writes it once the person insists."""

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
