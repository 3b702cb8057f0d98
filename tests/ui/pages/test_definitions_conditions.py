"""Conditions of fields, options and relationships, given on the pages of definitions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ui.pages.conftest import Person, Place
from tests.ui.pages.drafting import HOME, added_field, drafted, fresh_shop

FIELDS = f"{HOME}/e/customer/fields"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One shop whose draft grows."""
    with fresh_shop(tmp_path_factory.mktemp("conditions")) as place:
        yield place


@pytest.fixture(scope="module")
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def document_with(shop: Place, text: str) -> str:
    (found,) = (document for document in drafted(shop).values() if text in document)
    return found


def test_conditions_of_a_field_are_refused_at_their_column_and_kept(shop: Place, ana: Person) -> None:
    added_field(ana, "customer", "integer", label="Minutes", required_when='tier == "gold"')
    edit, before = f"{FIELDS}/minutes/edit", drafted(shop)
    wrong = ana.fill(ana.open(edit), edit, visible_when='tier == "gold" and minuets > 3')
    assert wrong.status == 422
    assert "Column 20: customer has no minuets." in wrong.text
    assert drafted(shop) == before
    ana.fill(ana.open(edit), edit, visible_when='tier == "gold"', required_when="")
    text = document_with(shop, "minutes:")
    assert ("visible_when" in text, "required_when" in text) == (True, False)


def test_an_option_is_given_the_condition_under_which_it_is_offered(shop: Place, ana: Person) -> None:
    added_field(ana, "customer", "choice", label="Way", options="Car\nTrain")
    for field, key in (("way", "train"), ("tier", "gold")):
        address = f"{HOME}/options/customer/{field}/{key}/when"
        wrong = ana.fill(ana.open(address), address, when="x > 1")
        assert (wrong.status, "Column 1: " in wrong.text) == (422, True)
        shown = ana.fill(ana.open(address), address, when="since != empty")
        assert any("since != empty" in e.text for e in shown.find("code"))
    model = shop.runtime.drafts.look(shop.runtime.installer).model
    assert model is not None
    fields = model.entities["customer"].fields
    assert [fields[f].options_when[k].text for f, k in (("way", "train"), ("tier", "gold"))] == [
        "since != empty"
    ] * 2
    ana.fill(ana.open(address), address, when="")
    assert "gold" not in "".join(drafted(shop).values()).replace('\\"gold', "")


def test_a_relationship_is_given_its_conditions_and_its_filter(shop: Place, ana: Person) -> None:
    address = f"{HOME}/e/customer/relationships/new"
    said = {"label": "Second contact", "to": "person", "count": "one"}
    wrong = ana.fill(ana.open(address), address, **said, filter="name != record.nmae")
    assert (wrong.status, "customer has no nmae" in wrong.text) == (422, True)
    ana.fill(ana.open(address), address, **said, filter="name != record.name", readonly_when="since != empty")
    edit = f"{HOME}/e/customer/relationships/second_contact"
    assert ana.open(edit).one("input", id="f-filter")["value"] == "name != record.name"
    ana.fill(ana.open(edit), edit, readonly_when="", required_when="since != empty")
    text = document_with(shop, "name != record.name")
    assert ("readonly_when" in text, "required_when" in text) == (False, True)
