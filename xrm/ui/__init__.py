"""The pages of an installation, as one Flask blueprint, and what else a browser is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from xrm.ui.assets import Assets
from xrm.ui.pages import create_pages
from xrm.ui.pages.errors import refusal_page

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

__all__ = ["create_ui", "refusal_page"]


def create_ui(runtime: Runtime, assets: Assets) -> Blueprint:
    """Every page over `runtime`; the app's templates are prepared with the same `assets`."""
    return create_pages(runtime)
