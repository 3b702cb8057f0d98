"""Teams with their members, and business units as a tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flask import Response

from xrm.engine.access import ADMINISTRATOR, checked_roles
from xrm.engine.identity.overview import Account, Team, Unit
from xrm.errors import NotFound, Problem
from xrm.ui.admin.forms import VERSION, WAS, Values, answered, difference, id_in, many, user_field
from xrm.ui.admin.skin import Area, asked, posted, shown
from xrm.ui.admin.words import (
    active_tag,
    address,
    after_in,
    held_tags,
    role_options,
    role_tags,
    unit_options,
    user_cell,
)
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table, TablePage
from xrm.ui.fields.view import Field
from xrm.ui.models import Action, Empty, FormPage, Link, Section
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import TEAMS, UNITS, admin_tabs
from xrm.ui.pages.visit import Visit, record_id, version_in


class Teams(Area):
    """`/admin/teams`."""

    href = TEAMS

    @shown()
    def index(self, visit: Visit) -> Response:
        """Teams by name, a page at a time."""
        t = visit.ui.t
        found = visit.runtime.overview.teams(visit.actor, after_in(visit))
        add = Action(t("Add team"), f"{TEAMS}/new", "plus", primary=True)
        columns = (t("Team"), t("Business unit"), t("Roles"), t("Members"))
        empty = Empty(t("No teams yet"), t("A team holds records together and shares what is shared with it."),
                      "users", add)  # fmt: skip
        rows = tuple(_team_row(visit, team) for team in found.rows)
        next_href = address(TEAMS, after=found.next) if found.next else ""
        table = Table(t("Teams"), columns, rows, empty, next_href)
        model = TablePage(t("Teams"), "users", admin_tabs(visit, TEAMS), table, actions=(add,))
        return page(visit, "admin/table.html", model, current=TEAMS)

    @asked("/new")
    def new(self, visit: Visit) -> Response:
        """A team is added; its members come next."""

        def do(values: Values) -> Response:
            name, unit = str(values["name"]), id_in(values["unit"])
            made = visit.runtime.identity.groups.create_team(visit.actor, name, unit)
            return moved(f"{TEAMS}/{made}", visit.ui.t("Team added"))

        return answered(visit, _team_form(visit, None), TEAMS, do)

    @shown("/<team>")
    def one(self, visit: Visit, team: str) -> Response:
        """The team with its members, a page at a time."""
        found = _team(visit, team)
        model = CardsPage(
            title=found.name,
            crumbs=(Link(visit.ui.t("Teams"), TEAMS, "users"),),
            cards=(_held(visit, found), _members(visit, found)),
            facts=(found.unit.name,) if found.unit else (),
            actions=(Action(visit.ui.t("Edit"), f"{TEAMS}/{found.id}/edit", "pencil", primary=True),),
        )
        return page(visit, "admin/cards.html", model, current=TEAMS)

    @asked("/<team>/edit")
    def edit(self, visit: Visit, team: str) -> Response:
        """Name and business unit of the team."""
        found = _team(visit, team)

        def do(values: Values) -> Response:
            name, unit = str(values["name"]), id_in(values["unit"])
            given = version_in(visit.form.get(VERSION, ""))
            visit.runtime.identity.groups.update_team(visit.actor, found.id, name, unit, given)
            return moved(f"{TEAMS}/{found.id}", visit.ui.t("Saved"))

        return answered(visit, _team_form(visit, found), TEAMS, do)

    @asked("/<team>/roles")
    def roles(self, visit: Visit, team: str) -> Response:
        """The roles that everybody in the team holds; what others give or take meanwhile stays."""
        found = _team(visit, team)

        def do(values: Values) -> Response:
            chosen = checked_roles(values["roles"] or (), visit.snapshot.policy.roles, "roles")
            give, take = difference(visit.form.get(WAS, "").split(), chosen)
            visit.runtime.identity.groups.change_roles(visit.actor, found.id, give, take)
            return moved(f"{TEAMS}/{found.id}", visit.ui.t("Saved"))

        return answered(visit, _roles_form(visit, found), TEAMS, do)

    @asked("/<team>/members/new")
    def add(self, visit: Visit, team: str) -> Response:
        """One more member."""
        found = _team(visit, team)

        def do(values: Values) -> Response:
            user = id_in(values["member"])
            if user is not None:
                visit.runtime.identity.groups.add_member(visit.actor, found.id, user)
            return moved(f"{TEAMS}/{found.id}", visit.ui.t("Member added"))

        return answered(visit, _member_form(visit, found), TEAMS, do)

    @posted("/<team>/members/<user>/remove")
    def remove(self, visit: Visit, team: str, user: str) -> Response:
        """The user is not in the team any more."""
        found = _team(visit, team)
        visit.runtime.identity.groups.remove_member(visit.actor, found.id, record_id(user))
        return moved(f"{TEAMS}/{found.id}", visit.ui.t("Member removed"))


def _team(visit: Visit, team: str) -> Team:
    return visit.runtime.overview.team(visit.actor, record_id(team))


def _team_row(visit: Visit, team: Team) -> Row:
    unit = Cell(team.unit.name, f"{UNITS}/{team.unit.id}") if team.unit else Cell()
    roles, members = Cell(tags=role_tags(visit, team.roles)), Cell(visit.ui.number(team.members))
    return Row((Cell(team.name, f"{TEAMS}/{team.id}"), unit, roles, members))


def _members(visit: Visit, team: Team) -> Card:
    t, href = visit.ui.t, f"{TEAMS}/{team.id}"
    found = visit.runtime.overview.members(visit.actor, team.id, after_in(visit))
    add = Action(t("Add member"), f"{href}/members/new", "plus")
    columns = (t("User"), t("Roles"), t("State"))
    rows = tuple(_member_row(visit, href, user) for user in found.rows)
    empty = Empty(t("Nobody is in this team"), "", "users", add)
    next_href = address(href, after=found.next) if found.next else ""
    table = Table(t("Members"), columns, rows, empty, next_href)
    return Card(t("Members"), "users", table=table, actions=(add,) if rows else (), id="members")


def _held(visit: Visit, team: Team) -> Card:
    t = visit.ui.t
    change = Action(t("Change"), f"{TEAMS}/{team.id}/roles", "pencil")
    note = t("Everybody in the team holds them.") if team.roles else t("The team gives its members no role.")
    return Card(
        t("Roles"),
        "shield-check",
        tags=role_tags(visit, team.roles),
        note=note,
        actions=(change,),
        id="roles",
    )


def _member_row(visit: Visit, href: str, user: Account) -> Row:
    remove = Action(visit.ui.t("Remove"), f"{href}/members/{user.id}/remove", "x", post=True)
    roles, state = Cell(tags=held_tags(visit, user)), Cell(tags=(active_tag(visit, user.active),))
    return Row((user_cell(user), roles, state), (remove,), is_quiet=not user.active)


def _team_form(visit: Visit, team: Team | None) -> FormPage:
    t = visit.ui.t
    name = Field("name", t("Name"), "line", team.name if team else None, required=True)
    place = str(team.unit.id) if team and team.unit else ""
    unit = _unit_field(visit, "unit", t("Business unit"), place, visit.runtime.overview.units(visit.actor))
    crumbs = (Link(t("Teams"), TEAMS, "users"),)
    if team is None:
        return _form(t("Add team"), TEAMS, t("Add team"), (name, unit), crumbs, "new")
    return _edited(visit, TEAMS, team, (name, unit), crumbs)


def _roles_form(visit: Visit, team: Team) -> FormPage:
    t, href = visit.ui.t, f"{TEAMS}/{team.id}"
    options = (option for option in role_options(visit) if option.value != ADMINISTRATOR)
    field = many("roles", t("Roles"), options, team.roles, text=t("Everybody in the team holds them."))
    crumbs = (Link(t("Teams"), TEAMS, "users"), Link(team.name, href))
    form = _form(t("Roles"), href, t("Save"), (field,), crumbs, "roles")
    return replace(form, hidden=((WAS, " ".join(team.roles)),))


def _member_form(visit: Visit, team: Team) -> FormPage:
    t, href = visit.ui.t, f"{TEAMS}/{team.id}"
    crumbs = (Link(t("Teams"), TEAMS, "users"), Link(team.name, href))
    field = user_field("member", t("User"), required=True)
    return _form(t("Add member"), href, t("Add member"), (field,), crumbs, "members/new")


class Units(Area):
    """`/admin/units`."""

    href = UNITS

    @shown()
    def index(self, visit: Visit) -> Response:
        """All business units, each below the one that it belongs to."""
        t = visit.ui.t
        add = Action(t("Add business unit"), f"{UNITS}/new", "plus", primary=True)
        columns = (t("Business unit"), t("Users"), t("Teams"))
        about = t("Units lie below each other as the organisation does; rights can follow them.")
        empty = Empty(t("No business units yet"), about, "network", add)
        rows = tuple(_unit_row(visit, unit) for unit in visit.runtime.overview.units(visit.actor))
        table = Table(t("Business units"), columns, rows, empty)
        model = TablePage(t("Business units"), "network", admin_tabs(visit, UNITS), table, actions=(add,))
        return page(visit, "admin/table.html", model, current=UNITS)

    @asked("/new")
    def new(self, visit: Visit) -> Response:
        """A business unit is added, at the top or below another."""

        def do(values: Values) -> Response:
            name, parent = str(values["name"]), id_in(values["parent"])
            visit.runtime.identity.groups.create_unit(visit.actor, name, parent)
            return moved(UNITS, visit.ui.t("Business unit added"))

        return answered(visit, _unit_form(visit, None), UNITS, do)

    @asked("/<unit>")
    def one(self, visit: Visit, unit: str) -> Response:
        """Name and place of the business unit."""
        id_ = record_id(unit)
        found = next((u for u in visit.runtime.overview.units(visit.actor) if u.id == id_), None)
        if found is None:
            raise NotFound(Problem("R104", "There is no such unit."))

        def do(values: Values) -> Response:
            name, parent = str(values["name"]), id_in(values["parent"])
            given = version_in(visit.form.get(VERSION, ""))
            visit.runtime.identity.groups.update_unit(visit.actor, found.id, name, parent, given)
            return moved(UNITS, visit.ui.t("Saved"))

        return answered(visit, _unit_form(visit, found), UNITS, do)


def _unit_row(visit: Visit, unit: Unit) -> Row:
    name = Cell(unit.name, f"{UNITS}/{unit.id}", depth=unit.depth)
    return Row((name, Cell(visit.ui.number(unit.users)), Cell(visit.ui.number(unit.teams))))


def _unit_form(visit: Visit, unit: Unit | None) -> FormPage:
    t, known = visit.ui.t, visit.runtime.overview.units(visit.actor)
    name = Field("name", t("Name"), "line", unit.name if unit else None, required=True)
    others = known if unit is None else _outside(known, unit)
    place = str(unit.parent) if unit and unit.parent else visit.arg("below")
    parent = _unit_field(visit, "parent", t("Lies below"), place, others)
    crumbs = (Link(t("Business units"), UNITS, "network"),)
    if unit is None:
        return _form(t("Add business unit"), UNITS, t("Add business unit"), (name, parent), crumbs, "new")
    return _edited(visit, UNITS, unit, (name, parent), crumbs)


def _outside(units: Iterable[Unit], top: Unit) -> tuple[Unit, ...]:
    """The units that lie neither below that one nor are it."""
    found, inside = [], False
    for unit in units:
        inside = unit.id == top.id or (inside and unit.depth > top.depth)
        if not inside:
            found.append(unit)
    return tuple(found)


def _unit_field(visit: Visit, name: str, label: str, value: str, units: Iterable[Unit]) -> Field:
    return Field(name, label, "select", value, options=unit_options(units))


def _edited(
    visit: Visit, area: str, thing: Team | Unit, fields: tuple[Field, ...], crumbs: tuple[Link, ...]
) -> FormPage:
    """The form of a team or unit as it is now."""
    href = f"{area}/{thing.id}"
    below, back = ("edit", href) if isinstance(thing, Team) else ("", area)
    return FormPage(
        title=thing.name,
        action=f"{href}/{below}".rstrip("/"),
        submit=visit.ui.t("Save"),
        cancel_href=back,
        sections=(Section("", fields),),
        crumbs=crumbs,
        hidden=((VERSION, str(thing.version)),),
    )


def _form(
    title: str, back: str, submit: str, fields: tuple[Field, ...], crumbs: tuple[Link, ...], below: str
) -> FormPage:
    return FormPage(title, f"{back}/{below}", submit, back, (Section("", fields),), crumbs)
