"""The administration as a whole: who comes in, and what is served."""

from __future__ import annotations

import re

from tests.ui.pages.conftest import Place

NOBODY = "01890000-0000-7000-8000-000000000000"


def addresses(place: Place, method: str) -> list[str]:
    """Every address of the administration that takes the method, with an id that names nothing in it."""
    rules = (r for r in place.app.url_map.iter_rules() if r.rule.startswith("/admin"))
    return [re.sub(r"<\w+>", NOBODY, r.rule) for r in rules if method in (r.methods or ())]


def test_only_administrators_come_in_anywhere(shop: Place) -> None:
    ana, clerk = shop.person("Ana"), shop.person("Cleo", "clerk")
    paths = addresses(shop, "GET")
    assert len(paths) > 10
    assert {path: clerk.open(path).status for path in paths} == dict.fromkeys(paths, 403)
    areas = [path for path in paths if NOBODY not in path]
    assert {path: ana.open(path).status for path in areas} == dict.fromkeys(areas, 200)
    assert not [link for link in clerk.open("/").links().values() if link.startswith("/admin")]


def test_what_is_posted_is_taken_from_administrators_alone(shop: Place) -> None:
    clerk = shop.person("Cleo", "clerk")
    form = clerk.open("/").form("/me/theme")
    paths = addresses(shop, "POST")
    assert paths
    assert {path: clerk.send(path, form).status for path in paths} == dict.fromkeys(paths, 403)


def test_without_a_session_the_sign_in_page_comes_first(shop: Place) -> None:
    answer = shop.app.test_client().get("/admin/users", headers={"Accept": "text/html"})
    assert answer.headers["Location"] == "/login?next=%2Fadmin%2Fusers"


def test_a_post_without_the_word_of_the_session_changes_nothing(shop: Place) -> None:
    shop.person("Gus", "guest")
    user, ana = shop.runtime.directory.demand_user("gus@example.com"), shop.person("Ana")
    assert ana.send(f"/admin/users/{user}/active", {"active": "0"}).status == 403
    assert shop.runtime.overview.user(shop.runtime.installer, user).active


def test_nothing_that_comes_with_the_library_is_served(shop: Place) -> None:
    ana = shop.person("Ana")
    assert ana.open("/admin").address == "/admin/users"
    for path in ("/admin/static/admin/css/bootstrap4/admin.css", "/static/admin/admin/js/helpers-1.0.0.js"):
        assert ana.open(path).status == 404
    page = ana.open("/admin/users")
    assert "bootstrap" not in page.html
    assert "jquery" not in page.html
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert not shop.app.url_map.bind("x").test("/admin/users", "OPTIONS")


def test_tokens_are_listed_and_revoked(shop: Place) -> None:
    ben = shop.person("Ben", "clerk")
    token = shop.runtime.identity.create_token(shop.actor("Ben"), "Nightly job")
    ana = shop.person("Ana")
    sheet = ana.open("/admin/tokens")
    assert "Nightly job" in sheet.text
    assert token not in sheet.html
    action = next(e["action"] for e in sheet.find("form") if "/admin/tokens/" in e["action"])
    assert ben.send(action, ben.open("/").form("/me/theme")).status == 403
    assert "Nightly job" not in ana.press(action, on="/admin/tokens").text
    answer = shop.app.test_client().get("/api/v1/jobs", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
