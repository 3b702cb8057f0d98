"""What was typed when the session ended comes back after signing in, to the same person and nobody else."""

from __future__ import annotations

from io import BytesIO

import pytest

from tests.ui.pages.conftest import PASSWORD, Person, Place, Sheet

NEW = "/r/customer/new"


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def forget(person: Person) -> None:
    """The session is over and the browser has lost its cookie."""
    person.client.delete_cookie("xrm_session")


def sign_in(person: Person, card: Sheet, email: str = "ana@example.com") -> Sheet:
    """What comes after the sign-in page, the step between pressed by hand."""
    step = person.fill(card, "/login", email=email, password=PASSWORD)
    if not step.find("form", id="resume"):
        return step
    action = step.one("form", id="resume")["action"]
    return person.send(action, step.form(action.partition("?")[0]))


def test_a_form_sent_after_the_session_has_ended_comes_back_as_it_was_typed(shop: Place, ana: Person) -> None:
    form = ana.open(f"{NEW}?tier=gold")
    forget(ana)
    card = ana.fill(form, NEW, name="Typed for an hour", weight="12,5x", orders__0__text="Pens")
    assert card.status == 401
    assert "What you typed is kept on this page" in card.text
    shown = sign_in(ana, card)
    assert shown.status == 200
    assert "Nothing is saved yet" in shown.text
    held = dict(shown.form(NEW).pairs)
    assert (held["name"], held["weight"], held["orders.0.text"]) == ("Typed for an hour", "12,5x", "Pens")
    assert ana.open("/r/customer?search=hour").column(0) == []
    made = ana.fill(shown, NEW, weight="12.5")
    assert "Customer created" in made.text


def test_what_was_typed_survives_a_wrong_password(shop: Place, ana: Person) -> None:
    form = ana.open(NEW)
    forget(ana)
    card = ana.fill(form, NEW, name="Twice asked")
    again = ana.fill(card, "/login", email="ana@example.com", password="not this one")
    assert again.status == 401
    assert dict(sign_in(ana, again).form(NEW).pairs)["name"] == "Twice asked"


def test_an_edit_comes_back_with_the_version_that_it_began_from(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", name="Before", email="before@e.example")
    edit = f"/r/customer/{id_}/edit"
    form = ana.open(edit)
    forget(ana)
    card = ana.fill(form, edit, name="After")
    other = shop.person("Ben")
    other.fill(other.open(edit), edit, email="ben@e.example")
    saved = ana.fill(sign_in(ana, card), edit)
    assert saved.status == 200, saved.text
    kept = shop.read("customer", id_)
    assert (kept["name"], kept["email"]) == ("After", "ben@e.example")


def test_nobody_else_gets_what_was_typed(shop: Place, ana: Person) -> None:
    shop.person("Ben")
    form = ana.open(NEW)
    forget(ana)
    card = ana.fill(form, NEW, name="Ana's own words")
    shown = sign_in(ana, card, "ben@example.com")
    assert shown.address == "/"
    assert "own words" not in shown.html


def test_a_form_of_another_site_is_not_carried_through_the_sign_in_page(shop: Place, ana: Person) -> None:
    forget(ana)
    card = ana.send(NEW, {"name": "Forged"})
    assert card.address.startswith("/login")
    assert "Forged" not in card.html
    mark = "00000000-0000-0000-0000-000000000001." + "0" * 64
    assert "Forged" not in ana.send(NEW, {"name": "Forged", "_by": mark}).html


def test_after_signing_in_in_another_tab_the_form_is_shown_again_and_not_saved(
    shop: Place, ana: Person
) -> None:
    form = ana.open(NEW)
    forget(ana)
    ana.fill(ana.open("/login"), "/login", email="ana@example.com", password=PASSWORD)
    shown = ana.fill(form, NEW, name="From the old tab")
    assert shown.status == 200
    assert dict(shown.form(NEW).pairs)["name"] == "From the old tab"
    assert ana.open("/r/customer?search=tab").column(0) == []


def test_files_are_said_to_be_chosen_again(shop: Place, ana: Person) -> None:
    form = ana.open(NEW)
    forget(ana)
    card = ana.send(NEW, form.form(NEW), papers__upload=[(BytesIO(b"words"), "words.txt")])
    assert "Files and passwords have to be given again." in sign_in(ana, card).text


def test_nothing_that_was_typed_stands_in_an_address(shop: Place, ana: Person) -> None:
    form = ana.open(NEW)
    forget(ana)
    card = ana.fill(form, NEW, name="Confidential")
    step = ana.fill(card, "/login", email="ana@example.com", password=PASSWORD)
    assert all("Confidential" not in e["action"] + e["href"] for e in (*card.elements, *step.elements))
    assert step.headers["Cache-Control"] == "no-store"


def test_a_step_and_a_link_come_back_too(shop: Place, ana: Person) -> None:
    ticket = shop.make("ticket", subject="Half answered")
    solve = f"/r/ticket/{ticket}/steps/solve"
    form = ana.open(solve)
    forget(ana)
    shown = sign_in(ana, ana.fill(form, solve, answer="A long answer"))
    assert dict(shown.form(solve).pairs)["answer"] == "A long answer"
    assert shop.read("ticket", ticket)["state"] == "open"
    id_ = shop.make("customer", name="Linked later")
    new = f"/r/customer/{id_}/links/helpers/new"
    form = ana.open(new)
    forget(ana)
    shown = sign_in(ana, ana.fill(form, new, task="Half typed"))
    assert dict(shown.form(new).pairs)["task"] == "Half typed"


def test_a_confirmation_is_asked_again(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", name="Nearly gone")
    delete = f"/r/customer/{id_}/delete"
    form = ana.open(delete)
    forget(ana)
    shown = sign_in(ana, ana.fill(form, delete))
    assert "Move to the trash" in shown.text
    assert shop.read("customer", id_)["deleted_at"] is None
