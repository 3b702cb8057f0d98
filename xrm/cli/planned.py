"""The one way of the command line to a plan: what is said about it, and whether it is shown or carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xrm.cli.plans import show_plan
from xrm.cli.sources import NO_MORE
from xrm.errors import Place

if TYPE_CHECKING:
    from xrm.engine.packs import Installed, Revision
    from xrm.engine.runtime import Runtime

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about a plan: decisions, what confirms it, the file that holds it, and that it is only shown."""

    decide: tuple[str, ...]
    confirmed: str
    file: Path | None
    only_plan: bool = False

    def about(self, runtime: Runtime, revision: Revision) -> Revision:
        """The revision with decisions and what confirms it, both of which a plan in a file holds.

        Raises where that plan was edited, or is not that of now.
        """
        from xrm.engine.storage.written import Written

        decided = decided_by(revision, self.decide)
        if self.file is None:
            return replace(decided, confirmed=self.confirmed)
        written = Written.read(self.file.read_bytes(), Place(str(self.file)))
        if decided.decisions:
            raise click.UsageError(
                "The plan in the file holds its decisions; leave --decide out, or plan again."
            )
        same = replace(revision, decisions=written.decisions)
        written.demand_same(runtime.packs.foresee(same).plan)
        return replace(same, confirmed=written.hash)


def plan_options(show: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of every verb that carries out a plan, which come as one value `said`; --show where it has a help."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def gathered(
            *,
            decide: tuple[str, ...],
            confirmed: str,
            file: Path | None,
            only_plan: bool = False,
            **rest: Any,
        ) -> Any:
            return function(said=Said(decide, confirmed, file, only_plan), **rest)

        decorated = decide_option(confirm_option(_plan_option(gathered)))
        return show_option(show)(decorated) if show else decorated

    return decorate


def show_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --show, with which nothing is changed and nothing is written."""
    return click.option("--show", "only_plan", is_flag=True, help=text)


def confirm_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --confirm, for plans that remove something."""
    return click.option(
        "--confirm",
        "confirmed",
        default="",
        metavar="HASH",
        help="The hash of the plan that was read, where it removes something.",
    )(function)


def _plan_option(function: Callable[..., Any]) -> Callable[..., Any]:
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


def shown_or_done(
    runtime: Runtime, revision: Revision, said: Said, *, as_json: bool, more: Mapping[str, object] = NO_MORE
) -> Installed | None:
    """What it came to; None where the plan has only been shown, with `more` for a program."""
    revision = said.about(runtime, revision)
    if said.only_plan:
        show_plan(runtime, runtime.packs.foresee(revision), as_json=as_json, more=more)
        return None
    return runtime.packs.revise(revision, runtime.installer)
