"""Where HTTP ends for pages: who asks, is the form ours, and the headers that every page leaves with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import MultiDict

from xrm.correlation import request_id
from xrm.engine.identity import SESSION_COOKIE
from xrm.engine.packs import done_again
from xrm.errors import Forbidden, NotSignedIn, Problem, TooLarge
from xrm.ui.formatting import Reader
from xrm.ui.i18n import best_language
from xrm.ui.pages.answers import FLASH_COOKIE, read_flash
from xrm.ui.pages.renamed import moved_on, present_names
from xrm.ui.pages.resuming import DRAFT, MARK
from xrm.ui.pages.visit import Visit, locale_of

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

THEME_COOKIE = "xrm_theme"
KEYS_COOKIE, OFF = "xrm_keys", "off"
THEMES = ("light", "dark", "system")
FRAGMENT_HEADER, TARGET_HEADER = "HX-Request", "HX-Target"
MOST_PARTS = 20_000
CONTENT_RULES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_RULES,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-cache",
}


Handler = Callable[..., Response]
Stranger = Callable[[bool], Response]


def guarded(
    runtime: Runtime, handler: Handler, to_sign_in: Stranger, *, shows_again: bool = False
) -> Callable[..., Response]:
    """The view of a handler for people who are signed in; others are led to the sign-in page.

    A form that a person filled in before their session ended, or that their browser kept as a draft, is shown to them
    again, if the handler can.
    """

    def run(**names: str) -> Response:
        bound_body(runtime)
        work = partial(answered, names)
        return work() if request.method == "POST" else done_again(work)

    def answered(names: Mapping[str, str]) -> Response:
        try:
            visit = open_visit(runtime)
        except NotSignedIn:
            return to_sign_in(shows_again)
        runtime.identity.begin_request(visit.actor)
        if visit.is_post and shows_again and _is_of_before(runtime, visit):
            visit = replace(visit, is_again=True)
        elif visit.is_post:
            check_csrf(runtime, visit.cookie)
            visit = replace(visit, is_again=shows_again and DRAFT in visit.form)
        present = present_names(visit, names)
        return moved_on(visit, names, present) or _once(visit, handler(visit, **present))

    return run


def _is_of_before(runtime: Runtime, visit: Visit) -> bool:
    """Whether the form is this person's own, of a session that they had before this one."""
    if runtime.identity.is_csrf(visit.cookie, visit.form.get("csrf_token", "")):
        return False
    return runtime.identity.person_marked(visit.form.get(MARK, "")) == visit.actor.id


def open_visit(runtime: Runtime, *, with_body: bool = True) -> Visit:
    """The request as its handler sees it; raises NotSignedIn. Without body nothing that was posted is read."""
    snapshot, stamp = runtime.look()
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if not cookie:
        raise NotSignedIn(Problem("A101", "You are not signed in.", "Sign in first."))
    actor = runtime.identity.resolve_session(cookie, stamp=stamp)
    return Visit(
        runtime=runtime,
        snapshot=snapshot,
        actor=actor,
        ui=reader_of(runtime, actor.language, actor.zone),
        cookie=cookie,
        csrf=runtime.identity.csrf_of(cookie),
        mark=runtime.identity.mark_of(actor.id),
        theme=theme(),
        letter_keys=request.cookies.get(KEYS_COOKIE) != OFF,
        flash=read_flash(),
        path=request.full_path.rstrip("?"),
        args=request.args.to_dict(flat=False),
        form=request.form if with_body else MultiDict(),
        files=request.files if with_body else MultiDict(),
        fragment=_fragment(),
        is_post=request.method == "POST",
    )


def reader_of(runtime: Runtime, language: str = "", zone: str = "") -> Reader:
    """The reader of this request; without a person the browser's language and the installation's zone."""
    accepted = request.headers.get("Accept-Language", "")[:500]
    chosen = best_language(language, accepted)
    return Reader(
        chosen,
        locale_of(chosen, accepted),
        zone or runtime.settings.zone,
        runtime.world.now(),
        runtime.settings.currency,
    )


def theme() -> str:
    """The theme that the browser remembers."""
    wanted = request.cookies.get(THEME_COOKIE, "")
    return wanted if wanted in THEMES else "system"


def check_csrf(runtime: Runtime, secret: str) -> None:
    """The form came from a page of ours; raises Forbidden."""
    given = request.form.get("csrf_token", "") or request.headers.get("X-CSRF-Token", "")
    if not secret or not runtime.identity.is_csrf(secret, given):
        hint = "Go back, load the page again, and send it once more."
        raise Forbidden(Problem("A131", "This form does not belong to your session.", hint))


def bound_body(runtime: Runtime) -> None:
    """The request may be as large as the published limits say, and no larger."""
    limits = runtime.settings.limits
    is_multipart = (request.content_type or "").startswith("multipart/form-data")
    request.max_content_length = limits.body_bytes + (limits.file_bytes if is_multipart else 0)
    request.max_form_memory_size = limits.body_bytes
    request.max_form_parts = MOST_PARTS
    if (request.content_length or 0) > request.max_content_length:
        problem = Problem("L101", "The form is too large.", "Send less at a time.")
        raise TooLarge(problem, facts={"limit": "body_bytes"})


def harden(runtime: Runtime, made: Response) -> Response:
    """The response with its request id, and closed to everything that a page does not need."""
    made.headers["X-Request-Id"] = request_id(request.environ, runtime.world.new_id)
    for name, value in HEADERS.items():
        made.headers.setdefault(name, value)
    made.vary.update(("Cookie", FRAGMENT_HEADER, TARGET_HEADER))
    if request.headers.get(FRAGMENT_HEADER) or made.status_code >= 400:
        made.headers["Cache-Control"] = "no-store"
    return made


def _fragment() -> str:
    """The id of the element that asked, as in `table#list`; nothing for a whole page."""
    if not request.headers.get(FRAGMENT_HEADER):
        return ""
    return request.headers.get(TARGET_HEADER, "").rpartition("#")[2][:40]


def _once(visit: Visit, made: Response) -> Response:
    """A message is said once, by a page or, in its headers, by a part of one."""
    if visit.flash.said and made.mimetype == "text/html" and made.status_code == 200:
        made.delete_cookie(FLASH_COOKIE, path="/")
        if visit.fragment:
            made.headers["X-Said"] = quote(visit.flash.said)
            made.headers["X-Undo"] = quote(visit.flash.undo)
    return made
