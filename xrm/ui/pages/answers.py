"""What handlers answer: a page, a part of one, or the way to another."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

from flask import Response, render_template, request

from xrm.engine.identity.marks import Mark
from xrm.ui.models import NO_FLASH, Flash, Shell
from xrm.ui.pages.keeping import Kept
from xrm.ui.pages.shell import shell_of
from xrm.ui.pages.visit import Visit

FLASH_COOKIE = "xrm_said"
_LONGEST_FLASH = 300
_LONGEST_ADDRESS = 1000
_FLASH_SECONDS = 60


def page(
    visit: Visit,
    template: str,
    model: object,
    *,
    status: int = 200,
    current: str = "",
    marks: Sequence[Mark] | None = None,
    titles: Mapping[Kept, str] | None = None,
    density: str = "",
) -> Response:
    """The whole page; `current` is the entity that the sidebar marks.

    `marks` is what the person keeps, and `titles` the titles of that, if they are known. `density` is how dense
    the person wants its lists.
    """
    shell = shell_of(visit, current, marks, titles)
    shell = replace(shell, density=density or shell.density)
    text = render_template(template, ui=visit.ui, shell=shell, page=model)
    return Response(text, status, mimetype="text/html")


def part(visit: Visit, template: str, status: int = 200, **context: object) -> Response:
    """A part of a page, for a request that replaces only that."""
    bare = Shell(csrf_token=visit.csrf)
    return Response(
        render_template(template, ui=visit.ui, shell=bare, **context), status, mimetype="text/html"
    )


def moved(address: str, said: str = "", *, undo: str = "", back: str = "", saved: str = "") -> Response:
    """The way to another page, which says once what has happened and may offer to take it back."""
    return moved_with(address, Flash(said[:_LONGEST_FLASH], undo, back[:_LONGEST_ADDRESS], saved))


def moved_with(address: str, flash: Flash) -> Response:
    """The way to another page with all that it says once."""
    made = Response(status=303, headers={"Location": address})
    if flash.said:
        kept = base64.urlsafe_b64encode(json.dumps(astuple(flash)).encode()).decode()
        made.set_cookie(
            FLASH_COOKIE,
            kept,
            max_age=_FLASH_SECONDS,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return made


def read_flash() -> Flash:
    """What the page before this one left to be said; of a cookie that is not ours nothing."""
    try:
        kept = json.loads(base64.urlsafe_b64decode(request.cookies.get(FLASH_COOKIE, "")))
        *texts, is_redo = kept
        said, undo, back, saved = (str(text)[:_LONGEST_ADDRESS] for text in texts)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return NO_FLASH
    return Flash(said, undo, back, saved, is_redo is True)
