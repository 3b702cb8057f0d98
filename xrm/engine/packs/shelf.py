"""Packs at hand: those in the folders for packs, and archives that were brought and wait to be installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO
from uuid import uuid4

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.proposal import version_in
from xrm.engine.packs.revision import NO_ANSWERS, Answers, Revision
from xrm.engine.packs.service import PackService
from xrm.errors import MetadataInvalid, NotFound, Problem
from xrm.metadata.definitions import Definitions
from xrm.metadata.finding import pack_folders, with_requirements
from xrm.metadata.order import manifest_of
from xrm.metadata.sources import Layer, PackSource, printable, read_source_named

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class AtHand:
    """A pack at hand: its version there, what it says of itself, and what is wrong with its files.

    One that `was_brought` waits as an archive, and can be taken away again.
    """

    name: str
    version: str
    summary: Mapping[str, str]
    requires: tuple[str, ...]
    is_same: bool
    problems: tuple[Problem, ...] = ()
    was_brought: bool = False
    label: Mapping[str, str] = field(default_factory=dict)


class Shelf:
    """The packs at hand of one installation; what is brought is kept in a folder that comes before the others."""

    def __init__(
        self, packs: PackService, definitions: Definitions, folders: Sequence[Path], brought: Path
    ) -> None:
        self._packs, self._definitions, self._brought = packs, definitions, brought
        self._folders = (brought, *folders)

    def bring(self, actor: Actor, archive: IO[bytes], called: str) -> str:
        """The archive is at hand under the name of its pack, which is returned, in place of an earlier one.

        Raises Forbidden, or MetadataInvalid with every problem of its files; then nothing is kept. Places are printed
        under what the archive is `called`.
        """
        demand_administrator(actor)
        self._brought.mkdir(parents=True, exist_ok=True)
        coming = self._brought / f".{uuid4()}"
        try:
            coming.write_bytes(archive.read())
            called = printable(called)[-LONGEST_NAME:]
            pack = self._definitions.read(read_source_named(coming, called, Layer.PACK))
            if pack.problems:
                raise MetadataInvalid(pack.problems)
            coming.replace(self._brought / f"{pack.name}.zip")
        finally:
            coming.unlink(missing_ok=True)
        return pack.name

    def take_away(self, actor: Actor, name: str) -> None:
        """The archive that was brought of this pack is gone; raises Forbidden or NotFound."""
        demand_administrator(actor)
        if not self._is_brought(name):
            raise NotFound(Problem("R104", "There is no such pack at hand."))
        (self._brought / f"{name}.zip").unlink(missing_ok=True)

    def tidy(self, actor: Actor) -> None:
        """No archive that was brought waits any more whose pack is installed as it is there."""
        for found in self.at_hand(actor):
            if found.was_brought and found.is_same:
                self.take_away(actor, found.name)

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
        was_brought = path.parent == self._brought
        try:
            pack = self._definitions.read(_source(name, path))
        except MetadataInvalid as error:
            return AtHand(name, "", {}, (), False, tuple(error.problems), was_brought)
        manifest = manifest_of(pack)
        body = manifest.body if manifest else {}
        label, summary = (_texts(body.get(key)) for key in ("label", "summary"))
        is_same = installed.get(pack.name) == pack.content
        requires = tuple(body.get("requires", {}))
        return AtHand(name, version_in(pack), summary, requires, is_same, pack.problems, was_brought, label)

    def _is_brought(self, name: str) -> bool:
        return name in pack_folders((self._brought,))

    def _sources(self, name: str) -> tuple[PackSource, ...]:
        available = pack_folders(self._folders)
        if name not in available:
            raise NotFound(Problem("R104", "There is no such pack at hand."))
        present = {"core", *(layer.name for layer in self._packs.list())}
        return with_requirements([_source(name, available[name])], present, self._folders, self._definitions)


def _texts(said: object) -> Mapping[str, str]:
    """What a manifest says in one language or in several."""
    return said if isinstance(said, dict) else {"en": str(said)} if said else {}


def _source(name: str, path: Path) -> PackSource:
    """The pack of that name in this folder or archive; its places do not say where that is."""
    return replace(read_source_named(path, path.name, Layer.PACK), folder=name)
