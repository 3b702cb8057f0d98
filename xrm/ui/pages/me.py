"""One's own page: name, language, zone and theme, the password, sessions, and API tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta

from flask import Response

from xrm.engine.identity import SESSION_COOKIE
from xrm.errors import Conflict, Forbidden, Invalid, Problem, XrmError
from xrm.ui.devices import device
from xrm.ui.fields.view import Field, Option
from xrm.ui.formatting import as_date, zone_of
from xrm.ui.models import Action, Section
from xrm.ui.own_pages import MeForm, MePage, SessionRow, TokenRow
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.door import KEYS_COOKIE, OFF, THEME_COOKIE, THEMES
from xrm.ui.pages.options import language_options, zone_options
from xrm.ui.pages.refusals import Said, marked, said_of, status_of, summary
from xrm.ui.pages.visit import Visit, record_id

REFUSALS = (Invalid, Conflict, Forbidden)
DOTS = "••••••••"


def show(visit: Visit) -> Response:
    """`GET /me`: everything of one's own."""
    return _page(visit)


def save_profile(visit: Visit) -> Response:
    """`POST /me`: name, language and zone are as given; the browser keeps the theme and whether letters are keys."""
    given = {name: visit.chosen(name).strip() for name in ("name", "language", "zone")}
    try:
        visit.runtime.identity.people.update_self(visit.actor, given)
    except REFUSALS as error:
        return _page(visit, "profile", error, given)
    made = moved("/me", visit.ui.t("Your settings are saved"))
    theme, letters = visit.chosen("theme"), visit.chosen("letter_keys")
    if theme in THEMES:
        _remember(visit, made, THEME_COOKIE, theme)
    if letters:
        _remember(visit, made, KEYS_COOKIE, OFF if letters == "false" else "on")
    return made


def _remember(visit: Visit, made: Response, name: str, value: str) -> None:
    secure = visit.runtime.settings.base_url.startswith("https://")
    made.set_cookie(
        name, value, max_age=365 * 24 * 3600, path="/", samesite="Lax", httponly=True, secure=secure
    )


def save_password(visit: Visit) -> Response:
    """`POST /me/password`: another password; every session is over, this one too."""
    try:
        people = visit.runtime.identity.people
        people.change_password(visit.actor, visit.form.get("old", ""), visit.form.get("new", ""))
    except REFUSALS as error:
        return _page(visit, "password", error)
    made = moved("/login")
    made.delete_cookie(SESSION_COOKIE, path="/")
    return made


def sign_out_everywhere(visit: Visit) -> Response:
    """`POST /me/sessions/end`: every session of this person is over, this one too."""
    visit.runtime.identity.sign_out_everywhere(visit.actor)
    made = moved("/login")
    made.delete_cookie(SESSION_COOKIE, path="/")
    return made


def end_session(visit: Visit, session: str) -> Response:
    """`POST /me/sessions/<id>/end`: one of this person's sessions is over."""
    visit.runtime.identity.end_session(visit.actor, session)
    return moved("/me", visit.ui.t("The session has ended"))


def create_token(visit: Visit) -> Response:
    """`POST /me/tokens`: a token, shown this once."""
    name, until = visit.form.get("token_name", ""), visit.form.get("expires", "")
    roles = [role for role in visit.form.getlist("scope") if role]
    try:
        secret = visit.runtime.identity.create_token(visit.actor, name, roles or None, _end_of(visit, until))
    except REFUSALS as error:
        return _page(visit, "token", error, {"token_name": name, "expires": until, "scope": " ".join(roles)})
    return _page(visit, token=secret)


def revoke_token(visit: Visit, token: str) -> Response:
    """`POST /me/tokens/<id>/revoke`: the token opens nothing any more."""
    visit.runtime.identity.revoke_token(visit.actor, record_id(token))
    return moved("/me", visit.ui.t("The token is revoked"))


def _end_of(visit: Visit, day: str) -> datetime | None:
    """The end of a day in this person's zone."""
    found = as_date(day)
    if found is None:
        return None
    return datetime.combine(found, time(), zone_of(visit.ui.zone)) + timedelta(days=1)


def _page(
    visit: Visit,
    about: str = "",
    error: XrmError | None = None,
    given: Mapping[str, str] | None = None,
    token: str = "",
) -> Response:
    model = MePage(
        title=visit.actor.name,
        profile=_form(visit, "profile", _profile, about, error, given),
        password=_form(visit, "password", _password, about, error, given),
        new_token=_form(visit, "token", _token, about, error, given),
        tokens=tuple(_tokens(visit)),
        token=token,
        roles=tuple(_roles(visit)),
        sessions=tuple(_sessions(visit)),
        end_sessions=Action(visit.ui.t("Sign out everywhere"), "/me/sessions/end", "log-out", post=True),
    )
    made = page(visit, "me.html", model, status=status_of(error) if error else 200)
    if token:
        made.headers["Cache-Control"] = "no-store"
    return made


Making = Callable[[Visit, Mapping[str, str]], MeForm]


def _form(
    visit: Visit, name: str, make: Making, about: str, error: XrmError | None, given: Mapping[str, str] | None
) -> MeForm:
    is_refused = error is not None and about == name
    form = make(visit, given or {} if is_refused else {})
    if error is None or not is_refused:
        return form
    renamed = {"name": "token_name", "expires_at": "expires", "roles": "scope"} if name == "token" else {}
    known = frozenset(f.name for f in form.section.fields)
    said = [Said(s.message, s.name) if s.name else s for s in said_of(_renamed(error, renamed), {}, known)]
    fields = tuple(marked(f, said) for f in form.section.fields)
    return replace(form, section=replace(form.section, fields=fields), problems=summary(said))


def _renamed(error: XrmError, names: Mapping[str, str]) -> list[Problem]:
    return [p.at(replace(p.where, path=names.get(p.where.path, p.where.path))) for p in error.problems]


def _profile(visit: Visit, given: Mapping[str, str]) -> MeForm:
    t = visit.ui.t
    themes = (Option("light", t("Light")), Option("dark", t("Dark")), Option("system", t("As the system")))
    fields = (
        Field("name", t("Name"), "line", given.get("name", visit.actor.name), required=True, autocomplete="name"),
        Field("language", t("Language"), "select", given.get("language", visit.actor.language), required=True,
              options=language_options()),
        Field("zone", t("Time zone"), "select", given.get("zone", visit.actor.zone), required=True,
              options=zone_options()),
        Field("theme", t("Theme"), "select", visit.theme, required=True, options=themes),
        Field("letter_keys", t("Keys of a single character"), "boolean", visit.letter_keys,
              help=t("Such as J, X, G and /. Keys with Ctrl, arrows and Enter always work.")),
    )  # fmt: skip
    return MeForm("/me", t("Save"), Section(t("You"), fields))


def _password(visit: Visit, given: Mapping[str, str]) -> MeForm:
    t = visit.ui.t
    fields = (
        Field(
            "old",
            t("Present password"),
            "secret",
            required=True,
            autocomplete="current-password",
            placeholder=DOTS,
        ),
        Field(
            "new",
            t("New password"),
            "secret",
            required=True,
            placeholder=DOTS,
            help=t("At least 10 characters, nothing that is easy to guess."),
        ),
    )
    return MeForm(
        "/me/password",
        t("Change the password"),
        Section(t("Password"), fields, t("You sign in again everywhere afterwards.")),
    )


def _token(visit: Visit, given: Mapping[str, str]) -> MeForm:
    t = visit.ui.t
    fields = (
        Field(
            "token_name", t("Name"), "line", given.get("token_name"), required=True, help=t("What it is for.")
        ),
        Field(
            "expires",
            t("Last day"),
            "date",
            given.get("expires"),
            help=t("Without one it holds until you revoke it."),
        ),
        Field(
            "scope",
            t("Roles"),
            "multi_select",
            tuple(given.get("scope", "").split()),
            options=tuple(Option(role, visit.role(role)) for role in sorted(visit.actor.roles)),
            help=t(
                "Only some of yours, so that it may do less. Without any it has all that you have, now and later."
            ),
            wide=True,
        ),
    )
    return MeForm("/me/tokens", t("Create the token"), Section(t("New token"), fields))


def _tokens(visit: Visit) -> list[TokenRow]:
    now = visit.runtime.world.now()
    return [
        TokenRow(
            name=token.name,
            prefix=token.prefix,
            created_at=token.created_at.isoformat(),
            roles=tuple(visit.role(role) for role in token.roles) if token.roles is not None else None,
            used_at=token.used_at.isoformat() if token.used_at else "",
            until="" if token.expires_at is None else visit.ui.datetime(token.expires_at.isoformat()),
            is_open=token.revoked_at is None and (token.expires_at is None or token.expires_at > now),
            revoke=Action(visit.ui.t("Revoke"), f"/me/tokens/{token.id}/revoke", "x", post=True, danger=True),
        )
        for token in visit.runtime.identity.list_tokens(visit.actor)
    ]


def _roles(visit: Visit) -> list[str]:
    return [visit.role(role) for role in sorted(visit.actor.roles)]


def _sessions(visit: Visit) -> list[SessionRow]:
    """One's own sessions, the newest first."""
    here = visit.runtime.identity.session_id(visit.cookie)
    return [
        SessionRow(
            device=device(visit.ui, session.agent),
            address=session.address,
            seen_at=(session.seen_at or session.created_at).isoformat(),
            is_this=session.id == here,
            end=Action(visit.ui.t("End"), f"/me/sessions/{session.id}/end", "log-out", post=True),
        )
        for session in visit.runtime.identity.keys.sessions(visit.actor, visit.actor.id).rows
    ]
