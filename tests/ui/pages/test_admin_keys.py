"""Tokens and sessions: what owners and administrators are told of them, and how they end."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.servers import until
from tests.ui.pages.conftest import PASSWORD, Person, Place, Sheet
from xrm.engine.storage.ledger import SESSION
from xrm.ui.devices import device
from xrm.ui.formatting import Reader

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1"


def rows(sheet: Sheet) -> list[list[str]]:
    """The tables of a page, row by row."""
    found = [e for e in sheet.find("tr") if e.within("tbody")]
    cells = [e for e in sheet.elements if e.tag in ("th", "td")]
    return [[" ".join(e.text.split()) for e in cells if e.within("tr") is row] for row in found]


def at_a_phone(place: Place, name: str) -> Person:
    """Somebody who is there already signs in at a phone."""
    person = Person(place.app.test_client())
    person.client.environ_base["HTTP_USER_AGENT"] = PHONE
    email = f"{name.lower()}@example.com"
    assert person.fill(person.open("/login"), "/login", email=email, password=PASSWORD).address == "/"
    return person


def test_a_token_tells_its_roles_and_when_it_was_used_last(place: Place) -> None:
    ana, identity = place.person("Ana"), place.runtime.identity
    place.person("Ben", "clerk", "guest")
    token = identity.create_token(place.actor("Ben"), "Nightly job", ["guest"])
    identity.create_token(place.actor("Ben"), "Idle")
    call = {"Authorization": f"Bearer {token}"}
    assert place.app.test_client().get("/api/v1/records/person", headers=call).status_code == 200
    assert brief(rows(ana.open("/admin/tokens"))[1]) == ["Nightly job", "Ben", "Guest", "never"]
    identity.sightings.write()
    sheet = ana.open("/admin/tokens")
    assert [brief(row) for row in rows(sheet)] == [
        ["Idle", "Ben", "as its owner", "never"], ["Nightly job", "Ben", "Guest", "just now"],
    ]  # fmt: skip
    assert token not in sheet.html
    user = place.runtime.directory.demand_user("ben@example.com")
    (action,) = [
        e["action"] for e in ana.open(f"/admin/users/{user}").find("form") if "revoke" in e["action"]
    ][1:]
    page = ana.press(action, on=f"/admin/users/{user}")
    assert page.address == f"/admin/users/{user}"
    assert place.app.test_client().get("/api/v1/records/person", headers=call).status_code == 401
    assert [row[0].split(" xrm_")[0] for row in rows(ana.open("/admin/tokens?f.state=ended"))] == [
        "Nightly job"
    ]


def brief(row: list[str]) -> list[str]:
    """Name, owner, roles and last use of a token."""
    return [row[0].split(" xrm_")[0], row[1].split(" ")[0], *row[2:4]]


def test_one_makes_a_token_that_may_do_less_than_oneself(shop: Place) -> None:
    person = shop.person("Tom", "clerk", "guest")
    made = person.fill(person.open("/me"), "/me/tokens", token_name="Reader", scope=["", "guest"])
    token = made.one("pre", id="new-token").text
    assert shop.runtime.identity.resolve_token(token).roles == {"guest"}
    assert "Guest" in person.open("/me").one("section", id="tokens").text
    refused = person.fill(person.open("/me"), "/me/tokens", token_name="Reader", scope=["", "boss"])
    assert refused.status == 403
    assert "do not hold the role" in refused.text


def test_sessions_are_told_by_device_and_ended_one_by_one(place: Place) -> None:
    ana = place.person("Ana")
    desk, phone = place.person("Liv", "guest"), at_a_phone(place, "Liv")
    phone.open("/")
    place.runtime.identity.sightings.write()
    sheet = ana.open("/admin/sessions")
    assert len([row for row in rows(sheet) if row[1].startswith("Liv")]) == 2
    row = next(e for e in sheet.find("tr") if "iPhone" in e.text)
    (action,) = [e["action"] for e in sheet.find("form") if e.within("tr") is row]
    ana.press(action, on="/admin/sessions")
    assert phone.open("/").address == "/login"
    assert desk.open("/").status == 200
    assert desk.last is not None
    assert desk.last.address == "/"


def test_all_sessions_of_a_user_are_ended_from_their_page(shop: Place) -> None:
    ana, one, two = shop.person("Ana"), shop.person("Mia", "guest"), at_a_phone(shop, "Mia")
    href = f"/admin/users/{shop.runtime.directory.demand_user('mia@example.com')}"
    assert len([r for r in rows(ana.open(href)) if r]) == 2
    page = ana.press(f"{href}/sessions/end", on=href)
    assert "Nobody is signed in with this account." in page.text
    assert (one.open("/").address, two.open("/").address) == ("/login", "/login")
    assert ana.open("/").status == 200


def test_one_ends_a_session_of_one_s_own_and_of_nobody_else(shop: Place) -> None:
    mine, other = shop.person("Nia", "guest"), at_a_phone(shop, "Nia")
    stranger = shop.person("Oz", "guest")
    page = mine.open("/me")
    row = next(e for e in page.find("tr") if "iPhone" in e.text)
    (action,) = [e["action"] for e in page.find("form") if e.within("tr") is row]
    assert stranger.send(action, stranger.open("/").form("/me/theme")).status == 404
    assert other.open("/").address == "/"
    mine.press(action, on="/me")
    assert other.open("/").address == "/login"
    assert "this one" in mine.open("/me").text


def test_no_secret_of_a_session_stands_on_any_page(shop: Place) -> None:
    ana = shop.person("Ana")
    cookie = ana.client.get_cookie("xrm_session")
    assert cookie is not None
    for path in ("/me", "/admin/sessions", f"/admin/users/{shop.actor().id}"):
        assert cookie.value not in ana.open(path).html


def test_a_session_is_seen_again_only_after_a_while(shop: Place) -> None:
    person, identity = shop.person("Pat", "guest"), shop.runtime.identity
    user = shop.runtime.directory.demand_user("pat@example.com")

    def seen() -> list[object]:
        with shop.runtime.database.read() as unit:
            return list(unit.execute(sa.select(SESSION.c.seen_at).where(SESSION.c.user == user)).scalars())

    person.open("/")
    assert seen() == [None]
    identity.sightings.write()
    assert seen() == [shop.runtime.world.now()]


def test_a_server_writes_by_itself_when_a_session_was_seen(shop: Place) -> None:
    person, keys = shop.person("Ray", "guest"), shop.runtime.identity.keys
    shop.runtime.identity.sightings.keep_writing(seconds=0.01)
    person.open("/")
    ray = shop.actor("Ray")
    assert until(lambda: all(s.seen_at is not None for s in keys.sessions(ray, ray.id).rows))
    shop.runtime.identity.sightings.stop()


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "unknown"),
    ],
)
def test_a_browser_is_told_by_its_own_name_and_its_system(agent: str, said: str) -> None:
    assert device(Reader(), agent) == said
