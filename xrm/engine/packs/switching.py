"""Packs that are not used for now: switched off and on again by a change of the customisation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.revision import Edit, Revision, Sources
from xrm.engine.packs.service import PackService
from xrm.errors import Conflict, NotFound, Place, Problem
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.metadata.defining import documents_of
from xrm.metadata.definitions import Definitions
from xrm.metadata.disabling import KIND, disabled_by
from xrm.metadata.documents import locate
from xrm.metadata.editing import depth_of, with_key, without_key
from xrm.metadata.order import needs
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import Layer, PackSource

_FILE: Final = "packs.yaml"


class Switches:
    """Disables and enables packs of one installation. What they store stays where it is."""

    def __init__(self, packs: PackService, definitions: Definitions) -> None:
        self._packs, self._definitions = packs, definitions

    def disabled(self) -> frozenset[str]:
        """The packs that are not in use."""
        return disabled_by(self._packs.read())

    def revision(self, actor: Actor, name: str, *, on: bool) -> Revision:
        """The installation with the pack in use, or without; to be planned and carried out.

        Raises Conflict while a pack that is in use requires it, or for what is no pack; NotFound if it is not there.
        """
        demand_administrator(actor)
        layers = {pack.name: pack for pack in self._packs.read()}
        _demand_pack(layers.get(name), name)
        if (name not in disabled_by(layers.values())) is on:
            said = "in use" if on else "disabled"
            raise Conflict(Problem("P158", f"{name} is {said} already.", "Leave it.", Place(path=name)))
        if not on:
            _demand_unneeded(layers.values(), name)
        return Revision(edit=switching(name, on=on))


def switching(name: str, *, on: bool) -> Edit:
    """The edit by which the customisation says that the pack is in use, or that it is not."""

    def edit(_definitions: Definitions, present: Sources) -> PackSource:
        live = present.get(CUSTOMISATION)
        documents = dict(documents_of(live))
        file = next((one.path for one in locate(live)[0] if one.kind == KIND), _FILE) if live else _FILE
        text = documents.pop(file, "")
        if on:
            text = without_key(text, (name,)) if depth_of(text, (name,)) else text
        else:
            text = with_key(text, (name,), {"disabled": True})
        return from_documents({**documents, **({file: text} if text else {})})

    return edit


def _demand_pack(pack: ReadPack | None, name: str) -> None:
    if pack is None:
        hint = "xrm pack list names those that are."
        raise NotFound(Problem("R104", f"No pack {name} is installed.", hint, Place(path=name)))
    if pack.layer is not Layer.PACK:
        hint = "xrm model reset takes single changes back." if name == CUSTOMISATION else "Leave it."
        raise Conflict(
            Problem("P153", f"{name} is no pack, so it cannot be switched off.", hint, Place(path=name))
        )


def _demand_unneeded(layers: Iterable[ReadPack], name: str) -> None:
    found = tuple(layers)
    off = disabled_by(found)
    asking = sorted(p.name for p in found if name in needs(p, "requires") and p.name not in off)
    if asking:
        message = f"{name} is required by {', '.join(asking)}."
        hint = f"Disable {'that' if len(asking) == 1 else 'those'} first."
        raise Conflict(Problem("P152", message, hint, Place(path=name)))
