"""What came of scenarios, as verbs tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from xrm.cli.frame import REFUSED
from xrm.cli.output import problem_json, problem_line, say, say_json

if TYPE_CHECKING:
    from xrm.engine.packs.trial import Played
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
        if not as_json:  # each when it is over, for there may be many
            _say_played(one)
    bad = sum(bool(one.problems) for one in played)
    if as_json:
        say_json(list(map(_played_json, played)))
    else:
        otherwise = f"{len(played)} scenarios, {bad} of them come out otherwise."
        held = "1 scenario holds." if len(played) == 1 else f"{len(played)} scenarios hold."
        say(otherwise if bad else held)
    if bad:
        click.get_current_context().exit(REFUSED)


def _say_played(one: Played) -> None:
    scenario = one.scenario
    say(f"{'BAD' if one.problems else 'ok '}  {scenario.pack}/{scenario.name}: {scenario.says}")
    for problem in one.problems:
        say(f"     {problem_line(problem)}")


def _played_json(one: Played) -> dict[str, object]:
    scenario, problems = one.scenario, list(map(problem_json, one.problems))
    return {"pack": scenario.pack, "scenario": scenario.name, "says": scenario.says, "problems": problems}
