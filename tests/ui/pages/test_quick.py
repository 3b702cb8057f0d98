"""A record made on the way: what a lookup offers, what the short form asks, and what it hands back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.installed import make_runtime
from tests.support.pages import Element, elements
from tests.ui.pages.conftest import FILES, SHOP, Person, Place, a_place
from xrm.testing import a_pack

OFFERS = "/r/customer/lookup/contact"


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def ask(person: Person, path: str, **posted: Any) -> tuple[TestResponse, list[Element]]:
    """What the dialog gets, and its elements."""
    got = person.ask(path, "quick", **posted)
    return got, elements(got.text)


def makes(person: Person, path: str) -> list[tuple[str, str]]:
    """The ways to a new record among the offers: what each says and where it leads."""
    found = [e for e in elements(person.ask(path, "part").text) if e["data-make"]]
    return [(re.sub(r"\s+", " ", e.text).strip(), e["data-make"]) for e in found]


def test_a_lookup_in_a_form_offers_a_new_record_by_the_name_that_was_typed(ana: Person) -> None:
    assert makes(ana, f"{OFFERS}?q=Nadia%20Reis&new=1") == [
        ("New person “Nadia Reis”", "/r/person/quick?text=Nadia+Reis")
    ]
    assert makes(ana, f"{OFFERS}?q=&new=1") == [("New person", "/r/person/quick")]


def test_it_is_offered_where_there_is_room_for_it_and_to_whoever_may_make_one(
    shop: Place, ana: Person
) -> None:
    assert makes(ana, f"{OFFERS}?q=Nadia") == []
    assert makes(ana, "/r/customer/lookup/owner?q=Nadia&new=1") == []
    assert makes(shop.person("Pia", "porter"), f"{OFFERS}?q=Nadia&new=1") == []


def test_the_short_form_asks_for_what_names_a_record_and_what_it_cannot_be_without(ana: Person) -> None:
    got, found = ask(ana, "/r/ticket/quick?text=Broken%20lamp")
    assert got.status_code == 200
    assert [e["name"] for e in found if e.tag == "input" and e["type"] == "text"] == ["quick.subject"]
    (name,) = [e for e in found if e["id"] == "f-quick-subject"]
    assert name["value"] == "Broken lamp"


def test_what_was_made_is_handed_back_as_the_lookup_holds_it(shop: Place, ana: Person) -> None:
    got, found = ask(ana, "/r/person/quick", quick__name="Nadia Reis")
    assert got.status_code == 200
    (made,) = [e for e in found if e["data-id"]]
    assert (made["data-entity"], made["data-title"]) == ("person", "Nadia Reis")
    assert shop.read("person", made["data-id"])["name"] == "Nadia Reis"


def test_what_is_wrong_stands_at_its_field_and_nothing_is_made(ana: Person) -> None:
    got, found = ask(ana, "/r/customer/quick", quick__name="x" * 61)
    assert got.status_code == 422
    (name,) = [e for e in found if e["id"] == "f-quick-name"]
    assert name["aria-invalid"] == "true"
    assert name["value"] == "x" * 61
    assert any(e["id"] in name["aria-describedby"] for e in found if e["class"] == "error")


def test_the_full_form_takes_what_was_typed(shop: Place, ana: Person) -> None:
    shop.make("customer", name="Already there")
    got, found = ask(ana, "/r/customer/quick", quick__name="Already there")
    assert got.status_code == 409
    assert "There is a customer of this name." in got.text
    assert [e["href"] for e in found if e.tag == "a"] == ["/r/customer/new?name=Already+there"]


def test_what_is_wrong_with_none_of_its_fields_stands_above_them(tmp_path: Path) -> None:
    rule = "rules:\n  known: {must: phone != empty, message: Nobody is here without a telephone.}\n"
    pack = a_pack("shop", FILES, **{**SHOP, "person": SHOP["person"].lstrip("\n") + rule})
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, [pack])
    got, found = ask(a_place(runtime).person("Ana"), "/r/person/quick", quick__name="Nadia")
    runtime.close()
    assert got.status_code == 422
    (told,) = [e for e in found if e["role"] == "alert"]
    assert "Nobody is here without a telephone." in told.text


def test_whoever_may_not_make_one_gets_no_form(shop: Place) -> None:
    guest = shop.person("Gus", "guest")
    assert guest.ask("/r/person/quick", "quick").status_code == 403
    assert guest.ask("/r/person/quick", "quick", quick__name="Nobody").status_code == 403


def test_without_scripts_a_lookup_leads_to_the_full_form(ana: Person) -> None:
    sheet = ana.open("/r/customer/new")
    assert sheet.links()["New person"] == "/r/person/new"
    assert ana.open("/r/person/quick?text=x").address == "/r/person/new"
