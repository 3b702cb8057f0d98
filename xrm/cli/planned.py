"""How somebody says on the command line that this plan shall be carried out, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def decide_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --decide, once for each decision about values."""
    return click.option(
        "--decide",
        "decide",
        multiple=True,
        metavar="PLACE=VALUE",
        help="What becomes of values that do not fit, at a place that the plan names; without VALUE, empty.",
    )(function)


def decided_by(revision: Revision, decide: Iterable[str]) -> Revision:
    """The revision with these decisions; raises UsageError for what names no place, or one twice."""
    found: dict[str, str] = {}
    for each in decide:
        place, equals, value = each.partition("=")
        if not (equals and place):
            raise click.UsageError(f"--decide takes PLACE=VALUE, as in unfit:deal.code=0, and not {each}.")
        if found.setdefault(place, value) != value:
            raise click.UsageError(f"{place} is decided twice.")
    return replace(revision, decisions=found)


def confirmed_by(
    runtime: Runtime, revision: Revision, decide: Iterable[str], confirmed: str, file: Path | None
) -> Revision:
    """The revision with decisions and what confirms it, both of which a plan in a file holds.

    Raises where that plan was edited, or is not that of now.
    """
    from xrm.engine.storage.written import Written

    decided = decided_by(revision, decide)
    if file is None:
        return replace(decided, confirmed=confirmed)
    written = Written.read(file.read_bytes())
    if decided.decisions:
        raise click.UsageError("The plan in the file holds its decisions; leave --decide out, or plan again.")
    same = replace(revision, decisions=written.decisions)
    written.demand_same(runtime.packs.foresee(replace(same, dev=True)).plan)
    return replace(same, confirmed=written.hash)
