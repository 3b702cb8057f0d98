"""One's own page: settings, password, sessions, tokens."""

from __future__ import annotations

from tests.ui.pages.conftest import PASSWORD, Person, Place


def test_settings_that_are_sent_as_they_stand_stay(shop: Place) -> None:
    ana = shop.person("Ana", language="en")
    ana.fill(ana.open("/"), "/me/theme", theme="dark")
    saved = ana.fill(ana.open("/me"), "/me")
    assert saved.status == 200, saved.text
    assert "Your settings are saved" in saved.text
    assert saved.one("html")["data-theme"] == "dark"


def test_name_language_zone_and_theme_are_one_s_own_to_change(shop: Place) -> None:
    person = shop.person("Vera", "guest")
    shown = person.fill(
        person.open("/me"), "/me", name="Vera Nova", language="es", zone="Europe/Madrid", theme="dark"
    )
    assert (shown.one("html")["lang"], shown.one("html")["data-theme"]) == ("es", "dark")
    assert "Vera Nova" in shown.text
    again = person.open("/me").form("/me")
    assert again.getlist("zone")[0] == "Europe/Madrid"


def test_keys_of_a_single_character_are_switched_off_and_on(shop: Place) -> None:
    person = shop.person("Kay", "guest")
    assert not person.open("/").one("html").has("data-keys")
    off = person.fill(person.open("/me"), "/me", letter_keys="false")
    assert off.one("html")["data-keys"] == "off"
    assert person.fill(person.open("/me"), "/me", name="Kay Nova").one("html")["data-keys"] == "off"
    assert not person.fill(off, "/me", letter_keys=["false", "true"]).one("html").has("data-keys")


def test_a_zone_that_is_none_is_refused_and_the_form_keeps_what_was_typed(shop: Place) -> None:
    person = shop.person("Willa", "guest")
    refused = person.fill(person.open("/me"), "/me", name="", zone="Moon/Base")
    assert refused.status == 422


def test_a_token_is_shown_once_works_and_can_be_revoked(shop: Place) -> None:
    person = shop.person("Tess", "guest")
    made = person.fill(person.open("/me"), "/me/tokens", token_name="Nightly")
    token = made.one("pre", id="new-token").text
    assert made.headers["Cache-Control"] == "no-store"
    asked = shop.app.test_client().get("/api/v1/records/person", headers={"Authorization": f"Bearer {token}"})
    assert asked.status_code == 200
    page = person.open("/me")
    assert "Nightly" in page.text
    assert token not in page.html
    person.fill(page, "/me/tokens/")
    again = shop.app.test_client().get("/api/v1/records/person", headers={"Authorization": f"Bearer {token}"})
    assert again.status_code == 401


def test_a_token_without_a_name_is_refused_at_its_input(shop: Place) -> None:
    person = shop.person("Uma", "guest")
    refused = person.fill(person.open("/me"), "/me/tokens", token_name="")
    assert refused.status == 422
    assert refused.one("input", id="f-token_name")["aria-invalid"] == "true"


def test_another_password_ends_every_session_and_opens_the_next(shop: Place) -> None:
    person, elsewhere = shop.person("Pia", "guest"), shop.person("Pia", "guest")
    wrong = person.fill(person.open("/me"), "/me/password", old="not mine", new="twelve green lamps")
    assert wrong.status == 403
    person.fill(person.open("/me"), "/me/password", old=PASSWORD, new="twelve green lamps")
    assert elsewhere.open("/").address == "/login"
    stranger = Person(shop.app.test_client())
    came = stranger.fill(
        stranger.open("/login"), "/login", email="pia@example.com", password="twelve green lamps"
    )
    assert came.address == "/"


def test_signing_out_everywhere_ends_every_session(shop: Place) -> None:
    here, there = shop.person("Sol", "guest"), shop.person("Sol", "guest")
    here.press("/me/sessions/end", on="/me")
    assert there.open("/").address == "/login"
    assert here.open("/").address == "/login"


def test_the_api_reference_is_reached_from_every_page_and_from_beside_the_tokens(shop: Place) -> None:
    ana = shop.person("Ana")
    for path, ways in (("/", 1), ("/r/customer", 1), ("/me", 2)):
        assert len(ana.open(path).find("a", href="/api/v1/docs")) == ways
    assert ana.open("/api/v1/docs").status == 200
