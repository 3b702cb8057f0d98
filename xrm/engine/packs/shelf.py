"""Packs at hand: those in the folders for packs, which may be installed or brought up to date by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.lost_views import LostView
from xrm.engine.packs.proposal import Proposal, version_in
from xrm.engine.packs.reconciliation import Reconciled
from xrm.engine.packs.revision import Revision
from xrm.engine.packs.service import Installed, PackService
from xrm.engine.storage.steps import Effect, Step
from xrm.errors import Conflict, MetadataInvalid, NotFound, Problem
from xrm.metadata.definitions import Definitions
from xrm.metadata.finding import pack_folders, with_requirements
from xrm.metadata.order import manifest_of
from xrm.metadata.reconciling import Choice
from xrm.metadata.sources import Layer, PackSource, read_source_named

Choices = Mapping[str, Choice]
NO_CHOICES: Final[Choices] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AtHand:
    """A pack in a folder for packs: its version there, what it says of itself, and what is wrong with its files."""

    name: str
    version: str
    summary: Mapping[str, str]
    requires: tuple[str, ...]
    is_same: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What installing a pack would come to; `mark` is equal for the same steps to the same layers.

    `reconciled` are the conflicts with what the organisation changed, and how each would be decided.
    """

    layers: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    mark: str
    reconciled: Reconciled = field(default_factory=Reconciled)
    views: tuple[LostView, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a conflict with what the organisation changed waits for a decision."""
        return bool(self.reconciled.open)

    @property
    def removes(self) -> bool:
        """Whether something goes, so that the mark is its confirmation."""
        return any(step.effect is Effect.DESTRUCTIVE for step in self.steps)


class Shelf:
    """The packs at hand of one installation."""

    def __init__(self, packs: PackService, definitions: Definitions, folders: Sequence[Path]) -> None:
        self._packs, self._definitions, self._folders = packs, definitions, tuple(folders)

    def at_hand(self, actor: Actor) -> tuple[AtHand, ...]:
        """Every pack at hand, by name; one whose files are wrong says so."""
        demand_administrator(actor)
        installed = {layer.name: layer.content for layer in self._packs.list()}
        return tuple(
            self._look(name, path, installed) for name, path in sorted(pack_folders(self._folders).items())
        )

    def plan(self, actor: Actor, name: str, choices: Choices = NO_CHOICES) -> Planned:
        """What installing the pack, with those that it requires, would come to; raises what stands against it.

        `choices` answer the conflicts that it would meet, by their keys.
        """
        demand_administrator(actor)
        return _planned(self._packs.foresee(Revision(self._sources(name), choices=choices)))

    def install(self, actor: Actor, name: str, mark: str, choices: Choices = NO_CHOICES) -> Installed:
        """The pack is installed as it was planned; raises Conflict if that would come to something else now."""
        demand_administrator(actor)
        revision = Revision(self._sources(name), choices=choices)
        proposal = self._packs.foresee(revision)
        if _planned(proposal).mark != mark:
            hint = "Look at the plan as it is now, then install."
            raise Conflict(Problem("P113", "What the installation comes to has changed since.", hint))
        return self._packs.revise(replace(revision, confirmed=proposal.plan.hash), actor)

    def _look(self, name: str, path: Path, installed: Mapping[str, str]) -> AtHand:
        try:
            pack = self._definitions.read(_source(path))
        except MetadataInvalid as error:
            return AtHand(name, "", {}, (), False, tuple(error.problems))
        manifest = manifest_of(pack)
        body = manifest.body if manifest else {}
        said = body.get("summary") or {}
        summary = said if isinstance(said, dict) else {"en": str(said)}
        is_same = installed.get(pack.name) == pack.content
        return AtHand(
            name, version_in(pack), summary, tuple(body.get("requires", {})), is_same, pack.problems
        )

    def _sources(self, name: str) -> tuple[PackSource, ...]:
        available = pack_folders(self._folders)
        if name not in available:
            raise NotFound(Problem("R104", "There is no such pack at hand."))
        present = {"core", *(layer.name for layer in self._packs.list())}
        return with_requirements([_source(available[name])], present, self._folders, self._definitions)


def _source(path: Path) -> PackSource:
    """The pack in this folder; its places do not say where the folder is."""
    return read_source_named(path, path.name, Layer.PACK)


def _planned(proposal: Proposal) -> Planned:
    layers = tuple((change.pack.name, version_in(change.pack)) for change in proposal.changes)
    reconciled = proposal.reconciled
    contents = (
        proposal.plan.hash,
        reconciled.hash,
        *(f"{c.pack.name}={c.pack.content}" for c in proposal.changes),
    )
    mark = hashlib.sha256("\n".join(contents).encode()).hexdigest()
    return Planned(layers, proposal.plan.steps, mark, reconciled, proposal.views)
