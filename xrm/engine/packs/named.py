"""A pack that somebody names: it is there, it is a pack and no other layer, and nothing that stays requires it."""

from __future__ import annotations

from collections.abc import Iterable

from xrm.errors import Conflict, NotFound, Place, Problem
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.order import needs
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import Layer

_LISTED = "xrm pack list names those that are."


def absent(name: str, hint: str = _LISTED, word: str = "") -> NotFound:
    """The refusal of a pack that is not installed; `word` is how it was named, where that is not by its name."""
    return NotFound(Problem("R104", f"No pack {name} is installed.", hint, Place(path=word or name)))


def layer_named(layers: Iterable[ReadPack], name: str) -> ReadPack:
    """The installed layer of that name; raises NotFound."""
    found = next((layer for layer in layers if layer.name == name), None)
    if found is None:
        raise absent(name)
    return found


def demand_pack(layer: ReadPack, what: str) -> None:
    """The layer is a pack; raises Conflict with `what` no other layer does."""
    if layer.layer is not Layer.PACK:
        is_ours = layer.name == CUSTOMISATION
        hint = "xrm model reset takes single changes back." if is_ours else "Leave it."
        message = f"{layer.name} is no pack, so it {what}."
        raise Conflict(Problem("P153", message, hint, Place(path=layer.name)))


def demand_unneeded(staying: Iterable[ReadPack], name: str, remedy: str) -> None:
    """None of the layers that stay requires the pack; raises Conflict with those that do, for which the remedy is."""
    asking = sorted(layer.name for layer in staying if name in needs(layer, "requires"))
    if asking:
        message = f"{name} is required by {', '.join(asking)}."
        hint = f"{remedy} {'that' if len(asking) == 1 else 'those'} first."
        raise Conflict(Problem("P152", message, hint, Place(path=name)))
