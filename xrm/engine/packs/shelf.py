"""Packs at hand: those in the folders for packs, which may be installed or brought up to date by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.proposal import version_in
from xrm.engine.packs.revision import NO_ANSWERS, Answers, Revision
from xrm.engine.packs.service import PackService
from xrm.errors import MetadataInvalid, NotFound, Problem
from xrm.metadata.definitions import Definitions
from xrm.metadata.finding import pack_folders, with_requirements
from xrm.metadata.order import manifest_of
from xrm.metadata.sources import Layer, PackSource, read_source_named


@dataclass(frozen=True, slots=True)
class AtHand:
    """A pack in a folder for packs: its version there, what it says of itself, and what is wrong with its files."""

    name: str
    version: str
    summary: Mapping[str, str]
    requires: tuple[str, ...]
    is_same: bool
    problems: tuple[Problem, ...] = ()


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

    def revision(self, actor: Actor, name: str, answers: Answers = NO_ANSWERS) -> Revision:
        """The installation with the pack at hand and those that it requires, to be planned and carried out.

        `answers` are to the conflicts that this meets, by their keys.
        """
        demand_administrator(actor)
        return Revision(self._sources(name), answers=answers)

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
