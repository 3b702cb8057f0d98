"""How somebody says on the command line that this plan shall be carried out, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from xrm.engine.packs import Revision
    from xrm.engine.runtime import Runtime

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def confirm_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --confirm, for plans that remove something."""
    return click.option(
        "--confirm",
        "confirmed",
        default="",
        metavar="HASH",
        help="The hash of the plan that was read, where it removes something.",
    )(function)


def plan_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --plan, for a plan that was written to a file."""
    return click.option(
        "--plan",
        "file",
        type=_FILE,
        help="Carry out this plan, written by xrm plan --json, and no other; that confirms it.",
    )(function)


def confirmed_by(runtime: Runtime, revision: Revision, confirmed: str, file: Path | None) -> Revision:
    """The revision with what confirms it; raises where the plan in the file was edited, or is not that of now."""
    from xrm.engine.storage.written import Written

    if file is None:
        return replace(revision, confirmed=confirmed)
    written = Written.read(file.read_bytes())
    written.demand_same(runtime.packs.foresee(replace(revision, dev=True)).plan)
    return replace(revision, confirmed=written.hash)
