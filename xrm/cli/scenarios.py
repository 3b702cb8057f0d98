"""What came of scenarios, as verbs tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from xrm.cli.frame import REFUSED
from xrm.cli.output import problem_json, problem_line, say, say_json

if TYPE_CHECKING:
    from xrm.metadata.definitions import Definitions
    from xrm.metadata.sources import PackSource


def tell_played(
    definitions: Definitions, sources: Sequence[PackSource], names: Iterable[str], *, as_json: bool
) -> None:
    """The scenarios of these packs have been run and told; ends with exit code 1 if one comes out otherwise."""
    from xrm.engine.runtime import rehearsals

    played, wanted = [], frozenset(names)
    for one in rehearsals(definitions).play(sources, lambda doc: doc.pack in wanted):
        played.append(one)
        if not as_json:
            say(
                f"{'BAD' if one.problems else 'ok '}  {one.scenario.pack}/{one.scenario.name}: {one.scenario.says}"
            )
            for problem in one.problems:
                say(f"     {problem_line(problem)}")
    bad = sum(bool(one.problems) for one in played)
    if as_json:
        say_json(
            [
                {
                    "pack": one.scenario.pack,
                    "scenario": one.scenario.name,
                    "says": one.scenario.says,
                    "problems": list(map(problem_json, one.problems)),
                }
                for one in played
            ]
        )
    else:
        held = "1 scenario holds." if len(played) == 1 else f"{len(played)} scenarios hold."
        say(f"{len(played)} scenarios, {bad} of them come out otherwise." if bad else held)
    if bad:
        click.get_current_context().exit(REFUSED)
