"""Packs that are not used for now: switched off and on again by a change of the customisation."""

from __future__ import annotations

from typing import Final

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.named import demand_pack, demand_unneeded, layer_named
from xrm.engine.packs.revision import Edit, Revision, Sources
from xrm.engine.packs.service import PackService
from xrm.errors import Conflict, Place, Problem
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.metadata.defining import documents_of, with_text
from xrm.metadata.definitions import Definitions
from xrm.metadata.disabling import KIND, disabled_by
from xrm.metadata.documents import locate
from xrm.metadata.editing import depth_of, with_key, without_key
from xrm.metadata.sources import PackSource

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
        layers = self._packs.read()
        demand_pack(layer_named(layers, name), "cannot be switched on or off")
        disabled = disabled_by(layers)
        if (name not in disabled) is on:
            said = "in use" if on else "disabled"
            raise Conflict(Problem("P158", f"{name} is {said} already.", "Leave it.", Place(path=name)))
        if not on:
            in_use = (layer for layer in layers if layer.name not in disabled)
            demand_unneeded(in_use, name, "Disable")
        return Revision(edit=switching(name, on=on))


def switching(name: str, *, on: bool) -> Edit:
    """The edit by which the customisation says that the pack is in use, or that it is not."""

    def edit(_definitions: Definitions, present: Sources) -> PackSource:
        live = present.get(CUSTOMISATION)
        documents = documents_of(live)
        file = next((one.path for one in locate(live)[0] if one.kind == KIND), _FILE) if live else _FILE
        text = documents.get(file, "")
        if on:
            text = without_key(text, (name,)) if depth_of(text, (name,)) else text
        else:
            text = with_key(text, (name,), {"disabled": True})
        return from_documents(with_text(documents, file, text))

    return edit
