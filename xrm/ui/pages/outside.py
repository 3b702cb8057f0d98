"""Pages for whoever has no session: the organisation's name at their head, and nothing that a browser keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, render_template

from xrm.ui.models import Shell
from xrm.ui.pages.door import reader_of, theme
from xrm.ui.pages.shell import product_of

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime


def outside(runtime: Runtime, template: str, model: object, status: int = 200) -> Response:
    """The page by itself, without menu and person."""
    shell = Shell(product_of(runtime.current()), theme=theme())
    text = render_template(template, ui=reader_of(runtime), shell=shell, page=model)
    made = Response(text, status, mimetype="text/html")
    made.headers["Cache-Control"] = "no-store"
    return made
