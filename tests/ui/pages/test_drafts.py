"""Drafts that a browser has kept: the server shows them as they were typed, beside what has become of the record."""

from __future__ import annotations

import pytest

from tests.support.pages import Posted
from tests.ui.pages.conftest import Person, Place, Sheet

NEW = "/r/customer/new"


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def as_draft(form: Posted, **typed: str) -> Posted:
    """What a browser sends to have a draft restored."""
    names = {name.replace("__", "."): value for name, value in typed.items()}
    kept = [(n, v) for n, v in form.pairs if n not in names]
    return Posted([*kept, *names.items(), ("_draft", "1"), ("_at", "2026-11-21T10:32:00.000Z")])


def shown_draft(person: Person, address: str, form: Posted, **typed: str) -> Sheet:
    fresh = person.open(address).form(address)
    frame = [(n, v) for n, v in fresh.pairs if n in ("csrf_token", "_by")]
    mine = form.without("csrf_token").without("_by").without("_at")
    return person.send(address, as_draft(Posted([*frame, *mine.pairs]), **typed))


def test_a_draft_is_shown_and_nothing_of_it_is_saved(shop: Place, ana: Person) -> None:
    form = ana.open(NEW).form(NEW)
    shown = shown_draft(ana, NEW, form, name="Half typed", weight="heavy", orders__3__text="Pens")
    assert shown.status == 200
    assert "This is your draft. Nothing of it is saved yet" in shown.text
    held = dict(shown.form(NEW).pairs)
    assert (held["name"], held["weight"], held["orders.3.text"]) == ("Half typed", "heavy", "Pens")
    assert held["_at"] == "2026-11-21T10:32:00.000Z"
    assert ana.open("/r/customer?search=half").column(0) == []
    assert "Customer created" in ana.fill(shown, NEW, weight="3").text


def test_a_draft_of_an_older_version_is_merged_before_it_is_saved(shop: Place, ana: Person) -> None:
    orders = {"create": [{"text": "Pens", "quantity": 1}]}
    id_ = shop.make("customer", name="Kept for a day", email="old@k.example", tier="gold", orders=orders)
    edit = f"/r/customer/{id_}/edit"
    form = ana.open(edit).form(edit)
    ben = shop.person("Ben")
    ben.fill(ben.open(edit), edit, email="ben@k.example", tier="silver", orders__0__delete="true")
    shown = shown_draft(ana, edit, form, email="ana@k.example", weight="5")
    assert "Ben changed E-mail, Tier, Orders" in shown.text
    assert shown.one("select", id="f-tier")
    saved = ana.fill(shown, edit, keep__email="theirs")
    assert saved.status == 200
    stored = shop.read("customer", id_)
    assert (stored["email"], stored["tier"], stored["weight"]) == ("ben@k.example", "silver", "5.00")
    assert not [e for e in ana.open(edit).find("input") if e["name"].endswith(".id")]


def test_a_draft_is_shown_to_nobody_without_the_word_of_their_session(shop: Place, ana: Person) -> None:
    form = ana.open(NEW).form(NEW).without("csrf_token")
    assert ana.send(NEW, as_draft(form.without("_by"), name="Foreign")).status == 403


def test_what_is_sensitive_is_marked_as_not_to_be_kept(ana: Person) -> None:
    private = [e["id"] for e in ana.open(NEW).elements if e.has("data-private")]
    assert private == ["g-secret_score"]


def test_the_page_after_saving_names_the_draft_that_is_done(shop: Place, ana: Person) -> None:
    shown = ana.fill(ana.open(NEW), NEW, name="Done with")
    assert shown.one("div", id="status")["data-saved"] == NEW
    edit = f"{shown.address}/edit"
    assert ana.fill(ana.open(edit), edit, weight="2").one("div", id="status")["data-saved"] == edit
    assert ana.open("/").one("div", id="status")["data-saved"] == ""


def test_whoever_saves_on_the_way_elsewhere_comes_there(shop: Place, ana: Person) -> None:
    shown = ana.fill(ana.open(NEW), NEW, name="On the way", next="/r/person?search=x")
    assert shown.address == "/r/person?search=x"
    away = ana.fill(ana.open(NEW), NEW, name="On no way", next="//evil.example/")
    assert away.address.startswith("/r/customer/")
