"""Users: who is there, what they hold, how they get in, and that they get in no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from flask import Response

from xrm.engine.access import checked_roles
from xrm.engine.identity.overview import Account, Asked
from xrm.ui.admin.forms import VERSION, WAS, Values, answered, difference, id_in, ids_in, many, user_field
from xrm.ui.admin.keys import sessions_table, tokens_table
from xrm.ui.admin.rights import rights_of
from xrm.ui.admin.skin import Area, asked, posted, shown
from xrm.ui.admin.words import (
    active_tag,
    address,
    after_in,
    at,
    held_tags,
    role_options,
    team_tags,
    unit_options,
    user_cell,
)
from xrm.ui.administration import Card, CardsPage, Cell, Row, Search, Secret, Table, TablePage
from xrm.ui.fields.view import Field, Option
from xrm.ui.i18n import LANGUAGES
from xrm.ui.models import Action, Empty, FormPage, Link, Section
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import UNITS, USERS, admin_tabs
from xrm.ui.pages.options import language_options, zone_options
from xrm.ui.pages.visit import Visit, record_id, version_in
from xrm.ui.pages.welcome import WELCOME

MOST_TEAMS = 500
LONGEST_SEARCH = 200
STATES = {"on": True, "off": False}


class Users(Area):
    """`/admin/users`."""

    href = USERS

    @shown()
    def index(self, visit: Visit) -> Response:
        """Users by name, narrowed by a text, by whether they may sign in, and by a role."""
        return page(visit, "admin/table.html", _listed(visit), current=USERS)

    @asked("/new")
    def new(self, visit: Visit) -> Response:
        """A user is added; what comes next is a link by which they choose their password."""
        return answered(visit, _new_form(visit), USERS, lambda values: _created(visit, values))

    @shown("/<user>")
    def one(self, visit: Visit, user: str) -> Response:
        """The user, with everything that can be done about them."""
        return _shown(visit, _account(visit, user))

    @asked("/<user>/edit")
    def edit(self, visit: Visit, user: str) -> Response:
        """Name, address, place and language of the user."""
        found = _account(visit, user)

        def do(values: Values) -> Response:
            given = version_in(visit.form.get(VERSION, ""))
            visit.runtime.identity.people.update_user(visit.actor, found.id, _changes(values), given)
            return moved(_href(found), visit.ui.t("Saved"))

        return answered(visit, _edit_form(visit, found), USERS, do)

    @asked("/<user>/roles")
    def roles(self, visit: Visit, user: str) -> Response:
        """The roles that the user holds; what others give or take meanwhile stays."""
        found = _account(visit, user)

        def do(values: Values) -> Response:
            chosen = checked_roles(values["roles"] or (), visit.snapshot.policy.roles, "roles")
            give, take = difference(visit.form.get(WAS, "").split(), chosen)
            visit.runtime.identity.people.change_roles(visit.actor, found.id, give, take)
            return moved(_href(found), visit.ui.t("Saved"))

        return answered(visit, _roles_form(visit, found), USERS, do)

    @asked("/<user>/teams")
    def teams(self, visit: Visit, user: str) -> Response:
        """The teams that the user is in; what others change meanwhile stays."""
        found = _account(visit, user)

        def do(values: Values) -> Response:
            into, out_of = difference(visit.form.get(WAS, "").split(), values["teams"] or ())
            visit.runtime.identity.groups.change_teams(visit.actor, found.id, ids_in(into), ids_in(out_of))
            return moved(_href(found), visit.ui.t("Saved"))

        return answered(visit, _teams_form(visit, found), USERS, do)

    @shown("/<user>/rights")
    def rights(self, visit: Visit, user: str) -> Response:
        """What the user may do, and because of what."""
        found = _account(visit, user)
        return page(visit, "admin/cards.html", rights_of(visit, found), current=USERS)

    @posted("/<user>/link")
    def link(self, visit: Visit, user: str) -> Response:
        """A link by which the user chooses a password, shown this once."""
        found = _account(visit, user)
        secret, until = visit.runtime.identity.password_links.create(visit.actor, found.id)
        says = visit.ui.t(
            "Give this link to {name}. It opens once, until {until}, and is not shown again.",
            name=found.name, until=visit.ui.datetime(until.isoformat()),
        )  # fmt: skip
        text = f"{visit.runtime.settings.base_url.rstrip('/')}{WELCOME}/{secret}"
        made = _shown(visit, _account(visit, user), Secret(says, text))
        made.headers["Cache-Control"] = "no-store"
        return made

    @posted("/<user>/sessions/end")
    def end_sessions(self, visit: Visit, user: str) -> Response:
        """Every session of the user is over."""
        found = _account(visit, user)
        visit.runtime.identity.end_sessions_of(visit.actor, found.id)
        return moved(_href(found), visit.ui.t("Their sessions have ended"))

    @posted("/<user>/active")
    def active(self, visit: Visit, user: str) -> Response:
        """The user may sign in, or may not any more."""
        found, wanted = _account(visit, user), visit.form.get("active") == "1"
        visit.runtime.identity.people.set_active(visit.actor, found.id, wanted)
        t = visit.ui.t
        return moved(
            _href(found), t("They may sign in again") if wanted else t("They cannot sign in any more")
        )


def _account(visit: Visit, user: str) -> Account:
    return visit.runtime.overview.user(visit.actor, record_id(user))


def _href(user: Account) -> str:
    return f"{USERS}/{user.id}"


# --- the list ---------------------------------------------------------------------------------------


def _listed(visit: Visit) -> TablePage:
    t, overview = visit.ui.t, visit.runtime.overview
    text, state, role = (
        visit.arg("search").strip()[:LONGEST_SEARCH],
        visit.arg("f.state"),
        visit.arg("f.role"),
    )
    wanted = Asked(text, STATES.get(state), role)
    found = overview.users(visit.actor, wanted, after_in(visit))
    said = {"search": text, "f.state": state, "f.role": role}
    narrowed = bool(text or state or role)
    count = "" if visit.arg("after") else t("{count} users", count=overview.count_users(visit.actor, wanted))
    add = Action(t("Add user"), f"{USERS}/new", "plus", primary=True)
    columns = (t("User"), t("Roles"), t("Teams"), t("Business unit"), t("Last sign-in"), t("State"))
    empty = Empty(t("No user is like that"), t("Ask for less, or for all."), "search") if narrowed else Empty(
        t("No users yet"), t("Whom you add here can sign in."), "user", add)  # fmt: skip
    rows = tuple(_row(visit, user) for user in found.rows)
    next_href = address(USERS, after=found.next, **said) if found.next else ""
    return TablePage(
        t("Users"), "user", admin_tabs(visit, USERS), Table(t("Users"), columns, rows, empty, next_href),
        _search(visit, said, narrowed), count=count, actions=(add,),
    )  # fmt: skip


def _search(visit: Visit, said: dict[str, str], narrowed: bool) -> Search:
    t = visit.ui.t
    states = (Option("on", t("Active")), Option("off", t("Switched off")))
    filters = (
        Field("state", t("State"), "select", said["f.state"], options=states),
        Field("role", t("Role"), "select", said["f.role"], options=role_options(visit)),
    )
    return Search(USERS, said["search"], t("Name or e-mail"), filters, USERS if narrowed else "")


def _row(visit: Visit, user: Account) -> Row:
    cells = (
        user_cell(user),
        Cell(tags=held_tags(visit, user)),
        Cell(tags=team_tags(user.teams)),
        Cell(user.unit.name if user.unit else ""),
        at(user.signed_in_at, visit.ui.t("never")),
        Cell(tags=(active_tag(visit, user.active),)),
    )
    return Row(cells, is_quiet=not user.active)


# --- one user ---------------------------------------------------------------------------------------


def _shown(visit: Visit, user: Account, secret: Secret | None = None) -> Response:
    t = visit.ui.t
    history = Action(t("History"), f"/r/user/{user.id}/history", "history")
    model = CardsPage(
        title=user.name,
        crumbs=(Link(t("Users"), USERS, "user"),),
        cards=tuple(_cards(visit, user)),
        facts=(user.email,),
        tags=(active_tag(visit, user.active),),
        actions=(Action(t("Edit"), f"{_href(user)}/edit", "pencil", primary=True),),
        more=(history,),
        secret=secret,
        face=True,
    )
    return page(visit, "admin/cards.html", model, current=USERS)


def _cards(visit: Visit, user: Account) -> Iterator[Card]:
    t, href = visit.ui.t, _href(user)
    yield Card(t("Place"), "network", tuple(_place(visit, user)))
    yield Card(
        t("Sign-in"), "log-in", tuple(_sign_in(visit, user)), actions=tuple(_ways(visit, user)), id="sign-in"
    )
    rights = Action(t("What they may do"), f"{href}/rights", "shield-check")
    yield Card(
        t("Roles"), "shield-check", tags=held_tags(visit, user), id="roles",
        note="" if user.all_roles else t("Without a role nothing is open to them."),
        actions=(rights, Action(t("Change"), f"{href}/roles", "pencil")),
    )  # fmt: skip
    yield Card(
        t("Teams"), "users", tags=team_tags(user.teams), id="teams",
        note="" if user.teams else t("They are in no team."),
        actions=(Action(t("Change"), f"{href}/teams", "pencil"),),
    )  # fmt: skip
    yield from _keys(visit, user)


def _keys(visit: Visit, user: Account) -> Iterator[Card]:
    """How the user comes in now: the newest sessions and the tokens that open something."""
    t, keys = visit.ui.t, visit.runtime.identity.keys
    sessions = sessions_table(visit, keys.sessions(visit.actor, user.id), "", user.id)
    end = Action(t("End all"), f"{_href(user)}/sessions/end", "log-out", post=True)
    actions = (end,) if sessions.rows else ()
    yield Card(t("Sessions"), "monitor-smartphone", table=sessions, actions=actions, id="sessions")
    tokens = tokens_table(visit, keys.tokens(visit.actor, user.id, True), "", user.id)
    yield Card(t("API tokens"), "key-round", table=tokens, id="tokens")


def _place(visit: Visit, user: Account) -> Iterator[tuple[str, Cell]]:
    t = visit.ui.t
    yield t("Business unit"), Cell(user.unit.name, f"{UNITS}/{user.unit.id}") if user.unit else Cell()
    boss = user.manager
    yield t("Manager"), Cell(boss.name, f"{USERS}/{boss.id}") if boss else Cell()
    yield t("Language"), Cell(LANGUAGES.get(user.language, user.language))
    yield t("Time zone"), Cell(user.zone.replace("_", " "))


def _sign_in(visit: Visit, user: Account) -> Iterator[tuple[str, Cell]]:
    t = visit.ui.t
    yield t("Added"), at(user.created_at)
    yield t("Last sign-in"), at(user.signed_in_at, t("never"))
    if user.link_until:
        yield t("Open link until"), Cell(visit.ui.datetime(user.link_until.isoformat()))


def _ways(visit: Visit, user: Account) -> Iterator[Action]:
    t, href = visit.ui.t, f"{_href(user)}"
    if not user.active:
        yield Action(t("Let them sign in"), f"{href}/active", "log-in", post=True, values={"active": "1"})
        return
    yield Action(t("Make a password link"), f"{href}/link", "key-round", post=True)
    if user.id != visit.actor.id:
        yield Action(t("Switch off"), f"{href}/active", "x", post=True, danger=True, values={"active": "0"})


# --- forms ------------------------------------------------------------------------------------------


def _new_form(visit: Visit) -> FormPage:
    t = visit.ui.t
    held = Section(t("What they may do"), (_roles_field(visit, ()), _teams_field(visit, ())))
    return FormPage(
        title=t("Add user"),
        action=f"{USERS}/new",
        submit=t("Add user"),
        cancel_href=USERS,
        sections=(Section(t("Who"), _particulars(visit, None)), held),
        crumbs=(Link(t("Users"), USERS, "user"),),
    )


def _created(visit: Visit, values: Values) -> Response:
    chosen = checked_roles(values["roles"] or (), visit.snapshot.policy.roles, "roles")
    given = {name: value for name, value in _changes(values).items() if value is not None}
    teams = ids_in(values["teams"])
    made = visit.runtime.identity.people.create_user(visit.actor, **given, roles=chosen, teams=teams)
    said = visit.ui.t("Added. Make a password link so that they can sign in.")
    return moved(f"{USERS}/{made}#sign-in", said)


def _edit_form(visit: Visit, user: Account) -> FormPage:
    return _form(
        visit, user, visit.ui.t("Edit"), "edit", _particulars(visit, user), (VERSION, str(user.version))
    )


def _roles_form(visit: Visit, user: Account) -> FormPage:
    return _form(
        visit,
        user,
        visit.ui.t("Roles"),
        "roles",
        (_roles_field(visit, user.roles),),
        (WAS, " ".join(user.roles)),
    )


def _teams_form(visit: Visit, user: Account) -> FormPage:
    field = _teams_field(visit, [str(team.id) for team in user.teams])
    held = {str(team.id) for team in user.teams}
    shown = [option.value for option in field.options if option.value in held]
    return _form(visit, user, visit.ui.t("Teams"), "teams", (field,), (WAS, " ".join(shown)))


def _form(
    visit: Visit, user: Account, title: str, below: str, fields: tuple[Field, ...], hidden: tuple[str, str]
) -> FormPage:
    return FormPage(
        title=title,
        action=f"{_href(user)}/{below}",
        submit=visit.ui.t("Save"),
        cancel_href=_href(user),
        sections=(Section("", fields),),
        crumbs=(Link(visit.ui.t("Users"), USERS, "user"), Link(user.name, _href(user))),
        hidden=(hidden,),
    )


def _particulars(visit: Visit, user: Account | None) -> tuple[Field, ...]:
    t = visit.ui.t
    units = unit_options(visit.runtime.overview.units(visit.actor))
    place = user.unit.id if user and user.unit else ""
    zone = user.zone if user else visit.runtime.settings.zone
    return (
        Field("name", t("Name"), "line", user.name if user else None, required=True),
        Field("email", t("E-mail"), "email", user.email if user else None, required=True),
        Field("unit", t("Business unit"), "select", str(place), options=units),
        _manager(visit, user),
        Field("language", t("Language"), "select", user.language if user else visit.ui.language, required=True,
              options=language_options()),
        Field("zone", t("Time zone"), "select", zone, required=True, options=zone_options()),
    )  # fmt: skip


def _manager(visit: Visit, user: Account | None) -> Field:
    boss = user.manager if user else None
    value = {"id": str(boss.id), "entity": "user", "title": boss.name} if boss else None
    return user_field("manager", visit.ui.t("Manager"), value)


def _roles_field(visit: Visit, held: tuple[str, ...]) -> Field:
    t = visit.ui.t
    return many("roles", t("Roles"), role_options(visit), held, text=t("Several roles add up."))


def _teams_field(visit: Visit, held: Iterable[str]) -> Field:
    known = visit.runtime.overview.teams(visit.actor, limit=MOST_TEAMS).rows
    return many("teams", visit.ui.t("Teams"), (Option(str(team.id), team.name) for team in known), held)


def _changes(values: Values) -> dict[str, Any]:
    """The particulars as the service takes them."""
    texts = {name: (values[name] or "") for name in ("name", "email", "language", "zone")}
    places: dict[str, UUID | None] = {name: id_in(values[name]) for name in ("unit", "manager")}
    return {**texts, **places}
