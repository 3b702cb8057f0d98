"""Choosing a password by a link that an administrator gave: without a session, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Response, request

from xrm.errors import Invalid, NotFound, Problem
from xrm.ui.own_pages import WelcomePage
from xrm.ui.pages.answers import moved
from xrm.ui.pages.door import bound_body, reader_of
from xrm.ui.pages.outside import outside
from xrm.ui.pages.refusals import whole_text

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

WELCOME = "/welcome"
LONGEST = 1000


def choose(runtime: Runtime) -> Callable[[str], Response]:
    """`GET, POST /welcome/<secret>`: the password is chosen, and the sign-in page comes next.

    Whoever has the link needs no word against forged forms: a page elsewhere cannot know the address.
    """

    def run(secret: str) -> Response:
        bound_body(runtime)
        try:
            if request.method != "POST":
                return _card(runtime, secret)
            given, again = (request.form.get(name, "")[:LONGEST] for name in ("password", "again"))
            if given != again:
                said = reader_of(runtime).t("The two are not the same. Type the password again.")
                raise Invalid(Problem("A133", said))
            runtime.identity.password_links.use(secret, given)
        except Invalid as error:
            return _card(runtime, secret, whole_text(error.first))
        except NotFound:
            return _ended(runtime)
        return moved("/login", reader_of(runtime).t("Your password is set"))

    return run


def _card(runtime: Runtime, secret: str, error: str = "") -> Response:
    who = runtime.identity.password_links.whose(secret)
    model = WelcomePage(f"{WELCOME}/{secret}", who.name, who.email, error)
    return _page(runtime, model, 422 if error else 200)


def _ended(runtime: Runtime) -> Response:
    return _page(runtime, WelcomePage(), 404)


def _page(runtime: Runtime, model: WelcomePage, status: int) -> Response:
    made = outside(runtime, "welcome.html", model, status)
    made.headers["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return made
