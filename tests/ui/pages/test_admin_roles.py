"""Roles side by side, one by one, and what they come to for one user."""

from __future__ import annotations

from tests.support.pages import Element
from tests.ui.pages.conftest import Place, Sheet


def said(element: Element) -> str:
    return " ".join(element.text.split())


def lines(sheet: Sheet) -> list[tuple[str, ...]]:
    """The rows of a table of rights, cell by cell."""
    rows = [e for e in sheet.find("tr") if e.within("tbody")]
    return [
        tuple(said(e) for e in sheet.elements if e.tag in ("th", "td") and e.within("tr") is row)
        for row in rows
    ]


def told(sheet: Sheet, about: str) -> list[tuple[str, ...]]:
    """What is said of one entity or role, without where it is written."""
    return [line[1:4] for line in lines(sheet) if line[0] == about]


def matrix(sheet: Sheet) -> dict[str, dict[str, str]]:
    """What the matrix says in words, by entity and role."""
    table = sheet.one("table", class_="table plain matrix")
    inside = [e for e in sheet.elements if any(a is table for a in e.around)]
    roles = [said(e) for e in inside if e.tag == "th" and e.within("thead")][1:]
    found = {}
    for row in (e for e in inside if e.tag == "tr" and e.within("tbody")):
        mine = [e for e in inside if e.within("tr") is row]
        (entity,) = [said(e) for e in mine if e.tag == "th"]
        found[entity] = dict(zip(roles, (said(e) for e in mine if e.tag == "td"), strict=True))
    return found


def test_the_matrix_says_for_each_role_and_entity_on_which_records(shop: Place) -> None:
    ana = shop.person("Ana")
    read = matrix(ana.open("/admin/roles"))
    said = {role: read["Customers"][role] for role in ("Administrator", "Clerk", "Guest", "Porter")}
    every = "all records"
    assert said == {"Administrator": every, "Clerk": every, "Guest": "no", "Porter": every}
    changed = matrix(ana.open("/admin/roles?f.can=update"))
    assert changed["Customers"]["Clerk"] == "their own"
    assert changed["Orders"]["Clerk"] == "what belongs to a record of Customer, there: their own"
    assert "Users" not in matrix(ana.open("/admin/roles?f.pack=shop"))
    assert matrix(ana.open("/admin/roles?f.can=nonsense")) == read


def test_a_role_tells_operations_records_fields_and_where_that_is_written(shop: Place) -> None:
    sheet = shop.person("Ana").open("/admin/roles/clerk")
    assert told(sheet, "Customers") == [
        ("create, change", "their own", "all but Score"),
        ("read", "all records", "all but Score"),
        ("delete", "their own", ""),
    ]
    places = [line[4] for line in lines(sheet) if line[0] == "Customers"]
    assert places[0].startswith("mine (shop/roles.yaml:")
    assert "it belongs to Customer" in [line[4] for line in lines(sheet) if line[0] == "Orders"]
    assert "Comes with Shop" in sheet.text
    everything = shop.person("Ana").open("/admin/roles/system_admin")
    assert "Everything, on every record and field." in everything.text
    assert shop.person("Ana").open("/admin/roles/no_such_role").status == 404


def test_an_entity_tells_what_every_role_may_do_with_it(shop: Place) -> None:
    sheet = shop.person("Ana").open("/admin/roles/on/customer")
    assert told(sheet, "Boss")[0] == ("create, read, change", "all records", "all fields")
    assert told(sheet, "Guest") == []
    assert shop.person("Ana").open("/admin/roles/on/nothing").status == 404


def test_fields_that_only_some_records_give_are_named(shop: Place) -> None:
    people = shop.runtime.identity.people
    shop.person("Eli", "clerk", "guest")
    eli = shop.runtime.directory.demand_user("eli@example.com")
    sheet = shop.person("Ana").open(f"/admin/users/{eli}/rights")
    assert ("create, change", "their own", "all but Score") in told(sheet, "Customers")
    assert [line[4] for line in lines(sheet) if line[:2] == ("People", "read")] == ["Clerk, Guest"]
    people.change_roles(shop.actor(), eli, [], ["clerk", "guest"])
    assert "Nothing is open to them" in shop.person("Ana").open(f"/admin/users/{eli}/rights").text


def test_a_team_gives_its_members_roles_that_work_at_once_and_end_with_it(place: Place) -> None:
    ana, guest = place.person("Ana"), place.person("Gil", "guest")
    gil, groups = place.runtime.directory.demand_user("gil@example.com"), place.runtime.identity.groups
    team = groups.create_team(place.actor(), "Counter")
    groups.add_member(place.actor(), team, gil)
    assert guest.open("/r/ticket").status == 404
    href = f"/admin/teams/{team}/roles"
    page = ana.fill(ana.open(href), href, roles=["", "clerk"])
    assert "Clerk" in page.one("section", id="roles").text
    assert guest.open("/r/ticket").status == 200
    assert place.runtime.identity.people.roles_of(gil) == {"guest"}
    shown = ana.open(f"/admin/users/{gil}/rights")
    assert next(line[4] for line in lines(shown) if line[0] == "Tickets") == "Clerk through Counter"
    assert "Clerk through Counter" in ana.open("/admin/users").text
    assert "Gil" in ana.open("/admin/users?f.role=clerk").text
    assert ("Clerk clerk", "Shop", "1 user") in lines(ana.open("/admin/roles"))
    groups.remove_member(place.actor(), team, gil)
    assert guest.open("/r/ticket").status == 404


def test_a_team_never_holds_the_role_of_administrators(shop: Place) -> None:
    ana = shop.person("Ana")
    team = shop.runtime.identity.groups.create_team(shop.actor(), "Too many")
    href = f"/admin/teams/{team}/roles"
    opened = ana.open(href)
    assert "Administrator" not in opened.one("fieldset", id="g-roles").text
    assert ana.fill(opened, href, roles=["", "system_admin"]).status == 409
    assert shop.runtime.overview.team(shop.actor(), team).roles == ()


def test_a_token_follows_the_roles_of_a_team_and_a_narrowed_one_does_not(place: Place) -> None:
    place.person("Tia", "guest")
    identity, team = place.runtime.identity, place.runtime.identity.groups.create_team
    tia = place.runtime.directory.demand_user("tia@example.com")
    whole = identity.create_token(place.actor("Tia"), "whole")
    narrow = identity.create_token(place.actor("Tia"), "narrow", ["guest"])
    place.person("Ana")
    counter = team(place.actor(), "Counter")
    identity.groups.add_member(place.actor(), counter, tia)
    identity.groups.change_roles(place.actor(), counter, ["clerk"], [])
    assert identity.resolve_token(whole).roles == {"guest", "clerk"}
    assert identity.resolve_token(narrow).roles == {"guest"}


def test_one_record_is_asked_for_and_each_answer_says_why_not(shop: Place) -> None:
    ana, clerk = shop.person("Ana"), shop.person("Cleo", "clerk")
    assert clerk.open("/").status == 200
    user = shop.runtime.directory.demand_user("cleo@example.com")
    theirs = shop.make("customer", name="Of Cleo", by=shop.actor("Cleo"))
    others = shop.make("customer", name="Of Ana", by=shop.actor("Ana"))
    href = f"/admin/users/{user}/rights?record=http://localhost/r/customer/"
    facts = {}
    for name, record in (("own", theirs), ("other", others)):
        sheet = ana.open(f"{href}{record}")
        terms = [e.text.strip() for e in sheet.find("dt")]
        facts[name] = dict(zip(terms, (e.text.strip() for e in sheet.find("dd")), strict=True))
    assert (facts["own"]["read"], facts["own"]["change"]) == ("yes", "yes")
    assert facts["own"]["share"] == "no: no role of theirs grants it"
    assert (facts["other"]["read"], facts["other"]["change"]) == (
        "yes", "no: their roles grant it on other records only",
    )  # fmt: skip
    assert "No record is at this address." in ana.open(f"{href}nonsense").text
