"""What administrators see of users, roles and tokens, and that nobody else does."""

from __future__ import annotations

import pytest

from tests.ui.pages.conftest import Place


@pytest.mark.parametrize("path", ["/admin/users", "/admin/roles", "/admin/tokens"])
def test_only_administrators_come_in(shop: Place, path: str) -> None:
    assert shop.person("Ana").open(path).status == 200
    clerk = shop.person("Cleo", "clerk")
    assert clerk.open(path).status == 403
    assert path not in clerk.open("/").links().values()


def test_users_are_listed_with_what_they_hold(shop: Place) -> None:
    shop.person("Gus", "guest", "clerk")
    gone = shop.runtime.identity.people.create_user(
        shop.runtime.installer, email="gone@example.com", name="Gone", password="seven quiet otters", roles=[]
    )
    shop.runtime.identity.people.set_active(shop.runtime.installer, gone, False)
    sheet = shop.person("Ana").open("/admin/users")
    rows = [
        " ".join(e.text for e in sheet.elements if e.within("tr") is row).split() for row in sheet.find("tr")
    ]
    assert any({"gus@example.com", "Guest", "Clerk", "Yes"} <= set(row) for row in rows)
    assert any({"gone@example.com", "No"} <= set(row) for row in rows)


def test_a_role_tells_what_it_grants(shop: Place) -> None:
    sheet = shop.person("Ana").open("/admin/roles")
    clerk = next(e for e in sheet.find("details", id="role-clerk"))
    assert "Customers" in clerk.text
    assert "owner == me" in clerk.text
    assert "create, change, delete" in clerk.text
    everything = next(e for e in sheet.find("details", id="role-system_admin"))
    assert "Everything, on every record and field." in everything.text


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
