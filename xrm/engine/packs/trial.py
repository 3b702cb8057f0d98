"""Scenarios before a change: what comes in is tried on an empty copy, and what does not hold there stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from xrm.engine.packs.proposal import Proposal
from xrm.errors import MetadataInvalid, Problem, XrmError
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.disabling import disabled_by
from xrm.metadata.order import needs
from xrm.metadata.parse import Doc
from xrm.metadata.reading import ReadPack
from xrm.metadata.scenarios import Scenario
from xrm.metadata.sources import Layer, PackSource


class Played(Protocol):
    """A scenario that was run."""

    @property
    def scenario(self) -> Scenario:
        """What it says."""
        ...

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What came out otherwise."""
        ...


Which = Callable[[Doc], bool]
# Runs those scenarios of the layers on an installation of them that holds nothing else.
Play = Callable[[Sequence[PackSource], Which], Iterable[Played]]


def demand_scenarios(play: Play, proposal: Proposal, present: Callable[[], Sequence[PackSource]]) -> None:
    """Every scenario of what comes or changes, and of what stands on that, holds; raises MetadataInvalid.

    What came out otherwise before, in the same way, is not the doing of this change. Nothing is tried where no
    pack was before: there is nobody's schema yet that could meet the packs with something they do not know.
    """
    names = concerned(proposal)
    if not any(doc.kind == "scenario" for pack in proposal.layers if pack.name in names for doc in pack.docs):
        return
    bad = [one for one in play(proposal.sources, lambda doc: doc.pack in names) if one.problems]
    known = _known(play, present(), bad) if bad else frozenset()
    found = [problem for one in bad if _told(one) - known for problem in _problems(one)]
    if found:
        raise MetadataInvalid(found)


def concerned(proposal: Proposal) -> frozenset[str]:
    """The layers that come or change or are switched, and those that stand on a layer that does so or goes."""
    if all(pack.layer is Layer.CORE for pack in proposal.before):
        return frozenset()
    switched = disabled_by(proposal.before) ^ disabled_by(proposal.layers)
    reached = {change.pack.name for change in proposal.packs} | proposal.gone | switched
    for pack in proposal.layers:
        if _stands_on(pack, reached):
            reached.add(pack.name)
    return frozenset(reached)


def _stands_on(pack: ReadPack, names: set[str]) -> bool:
    if pack.layer in (Layer.CORE, Layer.PACK):
        return not names.isdisjoint((*needs(pack, "requires"), *needs(pack, "optional")))
    return bool(names)


def _known(play: Play, present: Sequence[PackSource], bad: Iterable[Played]) -> frozenset[tuple[str, ...]]:
    """What these scenarios came to where everything is as it is."""
    names = {(one.scenario.pack, one.scenario.name) for one in bad}
    before: list[Played] = []
    with suppress(XrmError):  # what this program cannot read says nothing of before
        before.extend(play(present, lambda doc: (doc.pack, doc.name) in names))
    return frozenset(said for one in before for said in _told(one))


def _told(one: Played) -> frozenset[tuple[str, ...]]:
    scenario = one.scenario
    return frozenset((scenario.pack, scenario.name, p.code, p.message) for p in one.problems)


def _problems(one: Played) -> Iterator[Problem]:
    """What came out otherwise, with the name of the scenario and what can be done."""
    scenario = one.scenario
    hint = f"Nothing has changed. Mend {'it' if scenario.pack == CUSTOMISATION else scenario.pack}"
    if scenario.pack != CUSTOMISATION:
        hint += (
            f"; or, if you mean it otherwise, say so in scenarios/{scenario.name}.yaml of the customisation"
        )
    for problem in one.problems:
        message = f'The scenario {scenario.pack}/{scenario.name} ("{scenario.says}") does not hold: '
        yield replace(problem, message=f"{message}{problem.message}", hint=f"{hint}.")
