"""What every template may call: addresses of assets and icons, and the faces of controls."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from jinja2 import Environment, StrictUndefined

from xrm.ui.assets import Assets
from xrm.ui.fields import FACES, control, is_compound
from xrm.ui.fields.view import EMPTY, Field
from xrm.ui.formatting import Reader, initials, safe_href
from xrm.ui.rich import markdown_html, rich_html


def prepare(environment: Environment, assets: Assets) -> None:
    """The templates of this package can be rendered by `environment`; a misspelt name in one is an error."""
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(
        asset=assets.url,
        icon_href=assets.icon,
        kernel=assets.scripts,
        control=control,
        is_compound=is_compound,
        face=_faces(environment),
        initials=initials,
        json_text=json_text,
        safe_href=safe_href,
        rich_html=rich_html,
        markdown_html=markdown_html,
    )


def json_text(value: object, short: bool = False) -> str:
    """JSON as people read it, indented unless `short`; a text is what somebody typed, and stays so."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=0 if short else orjson.OPT_INDENT_2).decode()


def _faces(environment: Environment) -> Any:
    """A function for templates: `face("cell", field, value, ui)` is that face of the field's control.

    A template module is made once, which is what makes a list of four hundred cells cheap. Empty values
    look alike in every kind.
    """

    @cache
    def macros(template: str) -> Any:
        return environment.get_template(template).module

    def face(name: str, field: Field, value: object, ui: Reader) -> Any:
        if name not in FACES:
            raise KeyError(name)
        if name in ("read", "cell") and value in EMPTY:
            return macros("fields/_common.html").nothing(ui) if name == "read" else ""
        return getattr(macros(control(field.kind).template), name)(field, value, ui)

    return face
