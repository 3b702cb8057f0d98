"""What shall be other than it is, as one value: packs that come or go, and what the organisation changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from xrm.errors import NotFound, Place, Problem, Problems
from xrm.metadata.customising import CUSTOMISATION, as_customisation, laid_over
from xrm.metadata.definitions import Definitions
from xrm.metadata.order import ordered_packs
from xrm.metadata.provenance import reset
from xrm.metadata.reading import ReadPack
from xrm.metadata.reconciling import Choice
from xrm.metadata.sources import PackSource

Sources = Mapping[str, PackSource]
# The customisation as it shall be, worked out from all layers as they are at that moment.
Edit = Callable[[Definitions, Sources], PackSource]
Answers = Mapping[str, Choice]
NO_ANSWERS: Final[Answers] = MappingProxyType({})
EVERY_KEY = "all"  # the choice for all conflicts that no other choice names


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of the layers that is planned, shown and carried out whole.

    With `version` the layers are those of that version; only `confirmed` and `decisions` are said besides. Where the
    plan removes something, `confirmed` has to be the mark of the proposal; any other is refused.

    `answers` are to the conflicts of an upgrade by their keys, and `decisions` say by place what becomes of values that
    do not fit (`unfit:deal.code`, `empty:deal.code`, `option:deal.kind.lost`). `dev` allows other content under a
    version that is installed.
    """

    sources: tuple[PackSource, ...] = ()
    gone: frozenset[str] = frozenset()
    edit: Edit | None = None
    answers: Answers = field(default_factory=dict)
    dev: bool = False
    version: int | None = None
    confirmed: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)


def laying(given: PackSource, *, mirror: bool) -> Edit:
    """The edit that lays these documents over the customisation, or with `mirror` makes it equal to them."""
    ours = as_customisation(given)
    return lambda _definitions, present: laid_over(present.get(CUSTOMISATION), ours, mirror=mirror)


def resetting(name: str) -> Edit:
    """The edit that takes what the customisation says of `name` back; raises NotFound if it says nothing."""

    def edit(definitions: Definitions, present: Sources) -> PackSource:
        ours = present.get(CUSTOMISATION)
        below = [definitions.read(source) for key, source in present.items() if key != CUSTOMISATION]
        left, taken = reset(ours, definitions.read(ours), in_layers(below), name) if ours else (None, ())
        if left is None or not taken:
            hint = "xrm explain says which layer a key comes from."
            message = f"The customisation says nothing of {name}."
            raise NotFound(Problem("P154", message, hint, Place(path=name)))
        return left

    return edit


def in_layers(packs: list[ReadPack]) -> list[ReadPack]:
    """The packs, lowest first."""
    return ordered_packs(packs, Problems())
