"""Users, teams and business units as an administrator keeps them, without scripts."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from tests.ui.pages.conftest import PASSWORD, Person, Place, Sheet
from xrm.engine.storage.ledger import CHANGE


def user_of(place: Place, name: str) -> UUID:
    return place.runtime.directory.demand_user(f"{name.lower()}@example.com")


def logged(place: Place, record: UUID) -> list[str]:
    """What the change log says was done about a user, team or unit, in order."""
    wanted = sa.select(CHANGE.c.operation).where(CHANGE.c.record == record).order_by(CHANGE.c.position)
    with place.runtime.database.read() as unit:
        return [str(operation) for operation in unit.execute(wanted).scalars()]


def first_cells(sheet: Sheet) -> list[str]:
    """What the rows of a table are about."""
    return [" ".join(e.text.split()) for e in sheet.find("th", scope="row")]


def told(sheet: Sheet) -> str:
    return sheet.one("div", id="summary").text


def test_somebody_is_added_chooses_a_password_by_a_link_and_signs_in(place: Place) -> None:
    ana = place.person("Ana")
    team = place.runtime.identity.groups.create_team(place.actor(), "North")
    page = ana.fill(
        ana.open("/admin/users/new"), "/admin/users/new", name="Eva Lund", email="eva@example.com",
        roles=["", "clerk", "guest"], teams=["", str(team)],
    )  # fmt: skip
    assert page.status == 200, page.text
    assert "Clerk Guest" in page.text
    assert "North" in page.text
    assert "never" in page.text
    eva = user_of(place, "Eva")
    link = ana.press(f"/admin/users/{eva}/link", on=f"/admin/users/{eva}").one("pre", id="secret").text
    address = link.removeprefix(place.runtime.settings.base_url)
    assert address.startswith("/welcome/")
    assert address not in ana.open(f"/admin/users/{eva}").html

    her = Person(place.app.test_client())
    card = her.open(address)
    assert "Eva Lund" in card.text
    assert card.headers["Cache-Control"] == "no-store"
    assert her.fill(card, address, password=PASSWORD, again="something else").status == 422
    assert her.fill(card, address, password="short", again="short").status == 422
    assert her.fill(card, address, password=PASSWORD, again=PASSWORD).address == "/login"
    assert her.fill(her.open("/login"), "/login", email="eva@example.com", password=PASSWORD).address == "/"
    assert her.open(address).status == 404
    assert her.fill(card, address, password="twelve green lamps", again="twelve green lamps").status == 404
    assert logged(place, eva) == ["create", "assign_roles", "offer_password", "set_password", "sign_in"]


def test_another_link_takes_the_place_of_the_one_before_and_none_outlives_its_days(shop: Place) -> None:
    ana = shop.person("Ana")
    shop.person("Fay", "guest")
    href = f"/admin/users/{user_of(shop, 'Fay')}"
    links = [
        ana.press(f"{href}/link", on=href).one("pre", id="secret").text.partition("/welcome")[2] for _ in "12"
    ]
    stranger = Person(shop.app.test_client())
    assert [stranger.open(f"/welcome{link}").status for link in links] == [404, 200]
    shop.runtime.identity.people.set_active(shop.actor(), user_of(shop, "Fay"), False)
    assert stranger.open(f"/welcome{links[1]}").status == 404


def test_users_are_found_by_text_state_and_role_a_page_at_a_time(place: Place) -> None:
    ana, people = place.person("Ana"), place.runtime.identity.people
    for n in range(55):
        people.create_user(place.actor(), email=f"u{n}@far.example", name=f"Ulf {n:02}", roles=["guest"])
    people.set_active(place.actor(), place.runtime.directory.demand_user("u7@far.example"), False)
    first = ana.open("/admin/users?search=ULF")
    assert "55 users" in first.text
    second = ana.open(first.links()["Load more"])
    found = [cell.split(" u")[0] for cell in (*first_cells(first), *first_cells(second))]
    assert found == [f"Ulf {n:02}" for n in range(55)]
    assert first_cells(ana.open("/admin/users?f.state=off")) == ["Ulf 07 u7@far.example"]
    assert first_cells(ana.open("/admin/users?f.role=system_admin")) == ["Ana ana@example.com"]
    assert first_cells(ana.open("/admin/users?search=u12@far")) == ["Ulf 12 u12@far.example"]
    assert "No user is like that" in ana.open("/admin/users?search=100%25").text
    assert "Installer" not in ana.open("/admin/users").text


def test_the_particulars_of_a_user_are_changed_and_a_page_that_is_behind_is_told(shop: Place) -> None:
    ana = shop.person("Ana")
    shop.person("Ida", "guest")
    ida = user_of(shop, "Ida")
    unit = shop.runtime.identity.groups.create_unit(shop.actor(), "Ida's place")
    href = f"/admin/users/{ida}/edit"
    opened = ana.open(href)
    page = ana.fill(opened, href, name="Ida Berg", unit=str(unit), manager__text="Ana", zone="Europe/Madrid")
    assert page.status == 200, page.text
    assert "Ida Berg" in page.text
    assert "Ida's place" in page.text
    assert "Europe/Madrid" in page.text
    assert page.links()["Ana"] == f"/admin/users/{user_of(shop, 'Ana')}"
    behind = ana.fill(opened, href, name="Ida Other")
    assert behind.status == 412
    assert "Somebody changed this user meanwhile" in told(behind)
    assert behind.form(href).getlist("name") == ["Ida Other"]
    taken = ana.fill(ana.open(href), href, email="ana@example.com")
    assert taken.status == 409
    assert taken.one("input", id="f-email")["aria-invalid"] == "true"


def test_roles_are_given_and_taken_and_what_others_gave_meanwhile_stays(shop: Place) -> None:
    ana, people = shop.person("Ana"), shop.runtime.identity.people
    shop.person("Kim", "guest", "clerk")
    kim = user_of(shop, "Kim")
    href = f"/admin/users/{kim}/roles"
    opened = ana.open(href)
    people.change_roles(shop.actor(), kim, ["porter"], [])
    ana.fill(opened, href, roles=["", "guest", "boss"])
    assert people.roles_of(kim) == {"guest", "boss", "porter"}
    assert ana.fill(opened, href, roles=["", "no_such_role"]).status == 422
    assert people.roles_of(kim) == {"guest", "boss", "porter"}


def test_the_last_administrator_stays_one(place: Place) -> None:
    ana = place.person("Ana")
    me = user_of(place, "Ana")
    refused = ana.fill(ana.open(f"/admin/users/{me}/roles"), f"/admin/users/{me}/roles", roles=["", "guest"])
    assert refused.status == 409
    assert "last administrator" in told(refused)
    token = ana.open("/").form("/me/theme")
    assert ana.send(f"/admin/users/{me}/active", token).status == 409
    assert place.runtime.identity.people.roles_of(me) == {"system_admin"}
    assert ana.open("/admin/users").status == 200


def test_nobody_widens_their_own_rights(shop: Place) -> None:
    cleo = shop.person("Cleo", "clerk")
    me = user_of(shop, "Cleo")
    form = cleo.open("/").form("/me/theme")
    form.pairs += [("roles", "system_admin"), ("_was", "clerk")]
    assert cleo.send(f"/admin/users/{me}/roles", form).status == 403
    assert shop.runtime.identity.people.roles_of(me) == {"clerk"}


def test_whoever_is_switched_off_is_out_at_once_and_may_come_back(shop: Place) -> None:
    ana, lou = shop.person("Ana"), shop.person("Lou", "guest")
    href = f"/admin/users/{user_of(shop, 'Lou')}"
    assert "Switched off" in ana.press(f"{href}/active", on=href).text
    assert lou.open("/").address == "/login"
    assert "Make a password link" not in ana.open(href).text
    ana.press(f"{href}/active", on=href)
    assert shop.person("Lou").open("/").status == 200


def test_a_team_is_made_named_anew_and_has_its_members(shop: Place) -> None:
    ana = shop.person("Ana")
    shop.person("Max", "guest")
    page = ana.fill(ana.open("/admin/teams/new"), "/admin/teams/new", name="Night shift")
    href = page.address
    assert "Nobody is in this team" in page.text
    assert ana.fill(ana.open("/admin/teams/new"), "/admin/teams/new", name="night SHIFT").status == 409
    adding = f"{href}/members/new"
    assert ana.fill(ana.open(adding), adding, member__text="No such person").status == 422
    page = ana.fill(ana.open(adding), adding, member__text="Max")
    assert first_cells(page) == ["Max max@example.com"]
    assert "Night shift" in ana.open(f"/admin/users/{user_of(shop, 'Max')}").text
    page = ana.fill(ana.open(f"{href}/edit"), f"{href}/edit", name="Day shift")
    assert page.one("h1").text == "Day shift"
    page = ana.fill(page, f"{href}/members/")
    assert "Nobody is in this team" in page.text
    team = UUID(href.rpartition("/")[2])
    assert logged(shop, team) == ["create", "add_member", "update", "remove_member"]


def test_the_teams_of_a_user_are_changed_from_their_page(shop: Place) -> None:
    ana, groups = shop.person("Ana"), shop.runtime.identity.groups
    shop.person("Ned", "guest")
    ned = user_of(shop, "Ned")
    one, two = (groups.create_team(shop.actor(), name) for name in ("Team one", "Team two"))
    groups.add_member(shop.actor(), one, ned)
    href = f"/admin/users/{ned}/teams"
    page = ana.fill(ana.open(href), href, teams=["", str(two)])
    teams = page.one("section", id="teams").text
    assert "Team two" in teams
    assert "Team one" not in teams


def test_units_lie_below_each_other_and_never_in_a_ring(place: Place) -> None:
    ana = place.person("Ana")
    assert "No business units yet" in ana.open("/admin/units").text
    for name in ("Head", "Arm"):
        ana.fill(ana.open("/admin/units/new"), "/admin/units/new", name=name)
    head, arm = (place.runtime.directory.unit(name) for name in ("Head", "Arm"))
    opened = ana.open(f"/admin/units/{head}")
    page = ana.fill(ana.open(f"/admin/units/{arm}"), f"/admin/units/{arm}", parent=str(head))
    assert first_cells(page) == ["Head", "Arm"]
    ring = ana.fill(opened, f"/admin/units/{head}", parent=str(arm))
    assert ring.status == 409
    assert "cannot lie below itself" in told(ring)
    page = ana.fill(ana.open(f"/admin/units/{head}"), f"/admin/units/{head}", name="Crown")
    assert first_cells(page) == ["Crown", "Arm"]
