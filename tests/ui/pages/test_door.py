"""Coming in, going out, and what every answer carries."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import PASSWORD, Person, Place, a_place, the_pack
from xrm.engine.queries.service import QueryService
from xrm.settings import Limits
from xrm.testing import make_settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def a_stranger(place: Place) -> Person:
    return Person(place.app.test_client())


def test_a_stranger_is_led_to_the_sign_in_page_and_then_to_what_they_wanted(shop: Place) -> None:
    shop.person("Ana")
    stranger = a_stranger(shop)
    card = stranger.open("/r/customer?search=iron")
    assert card.address.startswith("/login?next=")
    came = stranger.fill(card, "/login", email="ana@example.com", password=PASSWORD)
    assert came.address == "/r/customer?search=iron"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/a\nb"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(shop: Place, wanted: str) -> None:
    shop.person("Ana")
    stranger = a_stranger(shop)
    card = stranger.open("/login")
    form = stranger.fill(card, "/login", email="ana@example.com", password=PASSWORD, next=wanted)
    assert form.address == "/"


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_account_are_answered_alike(shop: Place, email: str) -> None:
    shop.person("Ana")
    stranger = a_stranger(shop)
    refused = stranger.fill(stranger.open("/login"), "/login", email=email, password="not this one")
    assert refused.status == 401
    assert "E-mail or password is wrong, or the account is switched off." in refused.text
    assert refused.one("input", name="password")["value"] == ""


def test_the_session_cookie_is_for_the_server_alone(shop: Place) -> None:
    shop.person("Ana")
    client = shop.app.test_client()
    card = Person(client).open("/login")
    form = card.form("/login").without("email").without("password")
    form.pairs += [("email", "ana@example.com"), ("password", PASSWORD)]
    answer = client.post("/login", data=dict(form.pairs))
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("xrm_session=")]
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_a_sign_in_form_of_another_site_is_refused(shop: Place) -> None:
    shop.person("Ana")
    answer = a_stranger(shop).send("/login", {"email": "ana@example.com", "password": PASSWORD})
    assert answer.status == 403


def test_after_signing_out_the_old_cookie_opens_nothing(shop: Place) -> None:
    ana = shop.person("Ana")
    old = ana.client.get_cookie("xrm_session")
    ana.press("/logout", on="/")
    ana.client.set_cookie("xrm_session", old.value)
    assert ana.open("/").address == "/login"


@pytest.mark.parametrize("path", ["/logout", "/me", "/me/tokens", "/me/theme", "/r/customer/new"])
def test_a_post_without_the_word_of_the_session_changes_nothing(shop: Place, path: str) -> None:
    ana = shop.person("Ana")
    assert ana.send(path, {"name": "Forged"}).status == 403
    assert "Forged" not in ana.open("/r/customer?search=forged").html.replace('value="forged"', "")
    assert ana.open("/me").status == 200


@pytest.mark.parametrize(
    "path", ["/", "/r/customer", "/r/customer/new", "/me", "/search?q=a", "/r/nothing", "/login"]
)
def test_every_page_leaves_with_the_same_strict_headers(shop: Place, path: str) -> None:
    answer = shop.person("Ana").open(path)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-Id"]
    assert {"HX-Request", "Cookie"} <= {name.strip() for name in answer.headers["Vary"].split(",")}


def test_a_fragment_is_never_kept(shop: Place) -> None:
    answer = shop.person("Ana").open("/r/customer", HX_Request="true", HX_Target="div#list")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<html" not in answer.html


def test_a_fragment_asked_after_the_session_has_ended_is_refused_and_not_replaced_by_a_page(
    shop: Place,
) -> None:
    answer = a_stranger(shop).open("/r/customer", HX_Request="true")
    assert (answer.status, answer.html) == (401, "")


def test_what_does_not_exist_and_what_one_may_not_know_are_one_page(shop: Place) -> None:
    guest = shop.person("Gus", "guest")
    hidden, absent = guest.open("/r/customer"), guest.open("/r/nothing")
    assert hidden.status == absent.status == 404
    assert hidden.text.split("Reference")[0] == absent.text.split("Reference")[0]


def test_a_refusal_names_what_is_missing(shop: Place) -> None:
    refused = shop.person("Gus", "guest").open("/r/person/new")
    assert refused.status == 403
    assert "No role of yours grants it on People." in refused.text


def test_the_menu_holds_what_one_may_read_and_nothing_else(shop: Place) -> None:
    assert {"People"} <= set(shop.person("Gus", "guest").open("/").links())
    assert "Customers" not in shop.person("Gus", "guest").open("/").links()
    assert {"Customers", "People", "Tickets", "Connections"} <= set(shop.person("Ana").open("/").links())


def test_owned_children_do_not_stand_in_the_menu(shop: Place) -> None:
    assert "Orders" not in shop.person("Ana").open("/").links()


def test_a_person_without_any_role_is_told_why_there_is_nothing(shop: Place) -> None:
    shop.runtime.identity.people.create_user(
        shop.runtime.installer, email="nil@example.com", name="Nil", password=PASSWORD, roles=[]
    )
    assert "You hold no role that lets you read records." in shop.person("Nil").open("/").text


def test_the_pages_speak_the_language_of_the_person(shop: Place) -> None:
    sheet = shop.person("Rui", "system_admin", language="pt").open("/r/customer")
    assert sheet.one("html")["lang"] == "pt"
    assert "Início" in sheet.text


def test_the_theme_is_in_the_first_byte_of_the_next_page(shop: Place) -> None:
    ana = shop.person("Ana")
    ana.fill(ana.open("/"), "/me/theme", theme="dark")
    assert ana.open("/").one("html")["data-theme"] == "dark"


def test_a_form_that_is_too_large_is_refused_as_a_page(shop: Place) -> None:
    ana = shop.person("Ana")
    refused = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="x" * (9 << 20))
    assert refused.status == 413
    assert "too large" in refused.text.lower() or "too much" in refused.text.lower()


def test_more_requests_than_the_limit_are_refused_as_a_page_that_says_when_to_go_on(
    database_url: str, tmp_path: Path
) -> None:
    paced = make_settings(database_url, tmp_path, limits=replace(Limits(), requests_per_minute=5))
    with closing(make_runtime(database_url, tmp_path, [the_pack()], settings=paced)) as runtime:
        ana = a_place(runtime).person("Ana", "clerk")
        answers = [ana.open("/r/customer") for _ in range(6)]
    assert {sheet.status for sheet in answers[:4]} == {200}
    assert answers[-1].status == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert "seconds" in answers[-1].text


def test_a_page_that_is_not_there_tells_the_request_id_of_its_header(shop: Place) -> None:
    gone = shop.person("Ana").client.get("/r/nothing", headers={"Accept": "text/html"})
    assert gone.status_code == 404
    assert gone.headers["X-Request-Id"] in gone.text


def test_a_page_that_fails_tells_the_request_id_of_its_header_and_of_the_log(
    shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    ana = shop.person("Ana")
    monkeypatch.setitem(shop.app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr(QueryService, "list", broken)
    with capture_logs() as logged:
        failed = ana.client.get("/r/customer", headers={"Accept": "text/html"})
    assert failed.status_code == 500
    assert failed.headers["X-Request-Id"] in failed.text
    assert [entry["request_id"] for entry in logged] == [failed.headers["X-Request-Id"]]
