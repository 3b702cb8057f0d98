"""API tokens and sessions: whose they are, what they may, when they were used last, and their end."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from xrm.engine.identity.keys import HeldToken, OpenSession
from xrm.engine.identity.overview import Page
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.words import AFTER, address, after_in, at, role_tags
from xrm.ui.administration import Cell, Row, Search, Table, TablePage
from xrm.ui.devices import device
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, Empty
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import SESSIONS, TOKENS, USERS, admin_tabs
from xrm.ui.pages.visit import Visit, record_id

OPEN = "open"
STATES = {OPEN: True, "ended": False}
BACK = "back"


class Tokens(Area):
    """`/admin/tokens`."""

    href = TOKENS

    @shown()
    def index(self, visit: Visit) -> Response:
        """API tokens of everybody, newest first: those that open something, or others too."""
        t = visit.ui.t
        given = visit.arg("f.state") if "f.state" in visit.args else OPEN
        state = given if given in STATES else ""
        is_open = STATES.get(state)
        found = visit.runtime.identity.keys.tokens(visit.actor, None, is_open, after_in(visit))
        next_href = f"{TOKENS}?f.state={state}&{AFTER}={found.next}" if found.next else ""
        states = (Option(OPEN, t("Open")), Option("ended", t("Ended")))
        filters = (Field("state", t("State"), "select", state, options=states),)
        note = t("A token acts in the name of its owner. Each makes their own, under their settings.")
        model = TablePage(
            t("API tokens"), "key-round", admin_tabs(visit, TOKENS), tokens_table(visit, found, next_href),
            Search(TOKENS, filters=filters, reset_href="" if state == OPEN else TOKENS), note,
        )  # fmt: skip
        return page(visit, "admin/table.html", model, current=TOKENS)

    @posted("/<token>/revoke")
    def revoke(self, visit: Visit, token: str) -> Response:
        """The token opens nothing any more."""
        visit.runtime.identity.revoke_token(visit.actor, record_id(token))
        return moved(_back(visit, TOKENS), visit.ui.t("The token is revoked"))


class Sessions(Area):
    """`/admin/sessions`."""

    href = SESSIONS

    @shown()
    def index(self, visit: Visit) -> Response:
        """Sessions of everybody that have not ended, newest first."""
        t, after = visit.ui.t, visit.arg(AFTER)
        found = visit.runtime.identity.keys.sessions(visit.actor, None, after)
        next_href = address(SESSIONS, after=found.next) if found.next else ""
        table = sessions_table(visit, found, next_href)
        note = t("When a session was seen last is five minutes exact.")
        model = TablePage(t("Sessions"), "monitor-smartphone", admin_tabs(visit, SESSIONS), table, note=note)
        return page(visit, "admin/table.html", model, current=SESSIONS)

    @posted("/<session>/end")
    def end(self, visit: Visit, session: str) -> Response:
        """The session is over."""
        visit.runtime.identity.end_session(visit.actor, session)
        return moved(_back(visit, SESSIONS), visit.ui.t("The session has ended"))


def _back(visit: Visit, area: str) -> str:
    """The page on which the button was pressed: the area, or a user's."""
    given = visit.form.get(BACK, "")
    return f"{USERS}/{record_id(given)}" if given else area


# --- tables, also of one user -----------------------------------------------------------------------


def tokens_table(visit: Visit, found: Page[HeldToken], next_href: str, user: UUID | None = None) -> Table:
    """Tokens as a table; of one user without their name."""
    t = visit.ui.t
    owner = () if user else (t("Owner"),)
    columns = (t("Token"), *owner, t("Roles"), t("Last used"), t("Created"), t("Holds until"))
    rows = tuple(_token_row(visit, token, user) for token in found.rows)
    empty = Empty(t("No tokens"), t("Nobody holds an API token now.") if user is None else "", "key-round")
    return Table(t("API tokens"), columns, rows, empty, next_href)


def _token_row(visit: Visit, token: HeldToken, user: UUID | None) -> Row:
    t = visit.ui.t
    owner = () if user else (_owner(token),)
    until = token.revoked_at or token.expires_at
    narrowed = token.roles is not None
    cells = (
        Cell(token.name, note=f"{token.prefix}…"),
        *owner,
        Cell(tags=role_tags(visit, token.roles or ())) if narrowed else Cell(t("as its owner")),
        at(token.used_at, t("never")),
        at(token.created_at),
        Cell(visit.ui.datetime(until.isoformat())) if until else Cell(t("Until it is revoked")),
    )
    values = {BACK: str(user)} if user else {}
    href = f"{TOKENS}/{token.id}/revoke"
    revoke = Action(t("Revoke"), href, "x", post=True, danger=True, values=values)
    return Row(cells, (revoke,) if token.is_open else (), is_quiet=not token.is_open)


def sessions_table(visit: Visit, found: Page[OpenSession], next_href: str, user: UUID | None = None) -> Table:
    """Sessions as a table; of one user without their name."""
    t = visit.ui.t
    owner = () if user else (t("User"),)
    columns = (t("Device"), *owner, t("Address"), t("Last seen"), t("Signed in"), t("Holds until"))
    here = visit.runtime.identity.session_id(visit.cookie)
    rows = tuple(_session_row(visit, session, here, user) for session in found.rows)
    empty = Empty(
        t("No sessions"), t("Nobody is signed in with this account.") if user else "", "monitor-smartphone"
    )
    return Table(t("Sessions"), columns, rows, empty, next_href)


def _session_row(visit: Visit, session: OpenSession, here: str, user: UUID | None) -> Row:
    t = visit.ui.t
    owner = () if user else (_owner(session),)
    note = t("this one") if session.id == here else ""
    cells = (
        Cell(device(visit.ui, session.agent), note=note),
        *owner,
        Cell(session.address),
        at(session.seen_at or session.created_at),
        at(session.created_at),
        Cell(visit.ui.datetime(session.expires_at.isoformat())),
    )
    values = {BACK: str(user)} if user else {}
    end = Action(t("End"), f"{SESSIONS}/{session.id}/end", "log-out", post=True, values=values)
    return Row(cells, (end,))


def _owner(thing: HeldToken | OpenSession) -> Cell:
    return Cell(thing.owner, f"{USERS}/{thing.user}", note=thing.email)
