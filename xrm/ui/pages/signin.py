"""Coming in and going out, and the theme that a browser remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, request

from xrm.engine.identity import SESSION_COOKIE, Session
from xrm.errors import Forbidden, NotSignedIn, TooMany, XrmError
from xrm.ui.own_pages import SignInPage
from xrm.ui.pages.addresses import is_local
from xrm.ui.pages.answers import FLASH_COOKIE, moved
from xrm.ui.pages.door import (
    FRAGMENT_HEADER,
    THEME_COOKIE,
    THEMES,
    bound_body,
    check_csrf,
    open_visit,
    reader_of,
)
from xrm.ui.pages.outside import outside
from xrm.ui.pages.resuming import NOTHING, Typed, from_card, from_request, is_of
from xrm.ui.pages.visit import Visit

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

DOOR_COOKIE = "xrm_door"
_YEAR = 365 * 24 * 3600
_HOUR = 3600


def stranger(runtime: Runtime) -> Callable[[bool], Response]:
    """What somebody without a session is answered: the way to the sign-in page, or it around their form."""

    def run(keeps: bool) -> Response:
        if request.headers.get(FRAGMENT_HEADER):
            return Response(status=401)
        typed = from_request(runtime) if keeps and request.method == "POST" else NOTHING
        if typed.action:
            return _card(runtime, "/", typed=typed)
        wanted = request.full_path.rstrip("?") if request.method == "GET" else came_from()
        tail = f"?next={quote(wanted, safe='')}" if wanted not in ("", "/") and is_local(wanted) else ""
        return moved(f"/login{tail}")

    return run


def sign_in(runtime: Runtime) -> Callable[[], Response]:
    """`GET, POST /login`: the sign-in card; then a session of one's own, and the page that was wanted."""

    def run() -> Response:
        bound_body(runtime)
        wanted = _wanted()
        if request.method != "POST" and runtime.first_run.is_open:
            return moved("/setup")
        if request.method != "POST":
            return moved(wanted) if _is_known(runtime) else _card(runtime, wanted)
        secret = request.cookies.get(DOOR_COOKIE, "")
        try:
            check_csrf(runtime, secret)
            session = runtime.identity.sign_in(
                request.form.get("email", "")[:320],
                request.form.get("password", "")[:1000],
                address=request.remote_addr or "",
                agent=request.headers.get("User-Agent", ""),
            )
        except (NotSignedIn, TooMany, Forbidden) as error:
            return _card(runtime, wanted, error, from_card(runtime))
        return opened(runtime, session, wanted, from_card(runtime))

    return run


def _wanted() -> str:
    """The page to go to, if it is one of ours."""
    given = request.form.get("next", "") or request.args.get("next", "")
    return given if is_local(given) else "/"


def _is_known(runtime: Runtime) -> bool:
    try:
        open_visit(runtime)
    except NotSignedIn:
        return False
    return True


def opened(
    runtime: Runtime, session: Session, wanted: str, typed: Typed = NOTHING, *, said: str = ""
) -> Response:
    """The way to the page that was wanted, or to the form that was typed, with the session that has begun."""
    is_theirs = typed.action and is_of(runtime, typed, session.user) and not session.must_change
    made = _resumed(runtime, typed) if is_theirs else moved("/me" if session.must_change else wanted, said)
    seconds = int((session.until - runtime.world.now()).total_seconds())
    made.set_cookie(
        SESSION_COOKIE,
        session.token,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=_is_secure(runtime),
    )
    made.delete_cookie(DOOR_COOKIE, path="/login")
    return made


def _resumed(runtime: Runtime, typed: Typed) -> Response:
    """The way back to the form; its page shows it as it was typed and saves nothing."""
    return outside(runtime, "resume.html", typed)


def _card(runtime: Runtime, wanted: str, error: XrmError | None = None, typed: Typed = NOTHING) -> Response:
    """The card; its form is bound to a cookie of its own, since there is no session yet."""
    secret = request.cookies.get(DOOR_COOKIE, "") or runtime.world.token()
    model = SignInPage(
        action="/login",
        csrf_token=runtime.identity.csrf_of(secret),
        email=request.form.get("email", "")[:320],
        next=wanted if wanted != "/" else "",
        error=_said(reader_of(runtime).t, error),
        again=typed.action,
        kept=typed.pairs,
    )
    status = (
        (401 if typed.action else 200)
        if error is None
        else {TooMany: 429, Forbidden: 403}.get(type(error), 401)
    )
    made = outside(runtime, "signin.html", model, status)
    if isinstance(error, TooMany):
        made.headers["Retry-After"] = str(error.facts.get("retry_after") or 60)
    made.set_cookie(
        DOOR_COOKIE,
        secret,
        max_age=_HOUR,
        path="/login",
        httponly=True,
        samesite="Strict",
        secure=_is_secure(runtime),
    )
    return made


def _said(t: Callable[..., str], error: XrmError | None) -> str:
    """Why it did not work, alike for every account."""
    if error is None:
        return ""
    if isinstance(error, TooMany):
        return t("Too many attempts. Wait some minutes and try again.")
    if isinstance(error, Forbidden):
        return t("The page was open for too long. Try again.")
    return t("E-mail or password is wrong, or the account is switched off.")


def sign_out(visit: Visit) -> Response:
    """`POST /logout`: the session is over in every process, and the browser forgets what it kept."""
    visit.runtime.identity.sign_out(visit.cookie)
    made = moved("/login")
    made.delete_cookie(SESSION_COOKIE, path="/")
    made.delete_cookie(FLASH_COOKIE, path="/")
    made.headers["Clear-Site-Data"] = '"cache"'
    return made


def came_from() -> str:
    """The page of ours on which a button was pressed, if the browser tells."""
    here = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
    return here if is_local(here) else ""


def set_theme(visit: Visit) -> Response:
    """`POST /me/theme`: the browser remembers light, dark or what the system has."""
    chosen = visit.form.get("theme", "")
    made = moved(came_from() or "/")
    if chosen in THEMES:
        secure = _is_secure(visit.runtime)
        made.set_cookie(
            THEME_COOKIE, chosen, max_age=_YEAR, path="/", samesite="Lax", secure=secure, httponly=True
        )
    return made


def _is_secure(runtime: Runtime) -> bool:
    return runtime.settings.base_url.startswith("https://")
