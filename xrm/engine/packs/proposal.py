"""What an installation would be, worked out before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from xrm.engine.packs.dependents import Dependents
from xrm.engine.packs.layers import InstalledLayer
from xrm.engine.packs.lost_views import LostView
from xrm.engine.packs.reconciliation import Reconciled, demand_answers
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.numbers import NO_NAMES, Names
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.stamp import Stamp
from xrm.errors import MetadataInvalid, Problem, Problems
from xrm.metadata.differences import Difference, differences
from xrm.metadata.model import Model
from xrm.metadata.order import manifest_of, ordered_packs
from xrm.metadata.parse import Doc
from xrm.metadata.reading import ReadPack
from xrm.metadata.reconciling import digest
from xrm.metadata.renewal import renewed
from xrm.metadata.sources import Layer, PackSource
from xrm.metadata.versions import version_of


@dataclass(frozen=True, slots=True)
class Change:
    """A layer that would be new, or would have other content."""

    pack: ReadPack
    source: PackSource


@dataclass(frozen=True, slots=True)
class Proposal:
    """The layers as they would be, the tables that follow, and the steps to them.

    `before` are the layers as they are, and `gone` the names of those that would go. `reconciled` is what the
    changes of packs mean for the customisation. On the way back to a version, `then` says what its names stood for;
    otherwise `sources` are the files of the layers as they would be. `served` are the tables without those of disabled
    packs, where there are any. `views` and `dependents` are what else is concerned.

    `stamp` is the model that it was worked out from; it holds only as long as that is the one in force.
    """

    stamp: Stamp
    schema: Schema
    plan: SchemaPlan
    changes: tuple[Change, ...]
    layers: tuple[ReadPack, ...]
    before: tuple[ReadPack, ...] = ()
    gone: frozenset[str] = frozenset()
    reconciled: Reconciled = field(default_factory=Reconciled)
    then: Names = NO_NAMES
    views: tuple[LostView, ...] = ()
    dependents: tuple[Dependents, ...] = ()
    sources: tuple[PackSource, ...] = ()
    served: Schema | None = None

    @property
    def model(self) -> Model:
        """What the layers mean together."""
        return self.schema.model

    @property
    def is_way_back(self) -> bool:
        """Whether it is the layers of an earlier version."""
        return bool(self.then.entities)

    @property
    def packs(self) -> tuple[Change, ...]:
        """The changes that are not of the core, in the order of their layers."""
        order = [layer.name for layer in self.layers]
        chosen = [change for change in self.changes if change.pack.layer is not Layer.CORE]
        return tuple(sorted(chosen, key=lambda change: order.index(change.pack.name)))

    @property
    def in_use(self) -> Schema:
        """The tables that are served."""
        return self.served or self.schema

    @property
    def seeds(self) -> tuple[Doc, ...]:
        """The seed documents of all layers that are in use."""
        disabled = self.in_use.model.disabled
        return seeds_of(layer for layer in self.layers if layer.name not in disabled)

    @property
    def is_empty(self) -> bool:
        """Whether everything is so already."""
        return not self.changes and not self.gone and self.plan.is_empty

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the customisation would say other than it says."""
        return differences(_customisation(self.before), _customisation(self.layers))

    @property
    def mark(self) -> str:
        """Equal where the same would happen: to tables, to every file of a layer, and by the same answers.

        Whoever confirms the proposal says it, at every door.
        """
        return self.plan.hash

    def sealed(self) -> Proposal:
        """The same, whose plan knows what goes with it besides its steps."""
        return replace(self, plan=replace(self.plan, besides=digest(sorted(self._besides()))))

    def _besides(self) -> Iterator[str]:
        before = {pack.name: pack.content for pack in self.before}
        yield from (f"{c.pack.name}: {before.get(c.pack.name)} > {c.pack.content}" for c in self.changes)
        yield from (f"{name}: {before.get(name)} > None" for name in self.gone)
        yield f"answers: {self.reconciled.hash}"

    @property
    def removes(self) -> bool:
        """Whether something stored goes, so that it has to be confirmed."""
        return bool(self.plan.destructive)

    @property
    def is_open(self) -> bool:
        """Whether a conflict waits for an answer."""
        return bool(self.reconciled.open)

    def demand_ready(self, confirmed: str) -> None:
        """Every conflict has an answer, and what goes is confirmed; raises Conflict or PlanRefused."""
        demand_answers(self.reconciled)
        self.plan.demand_confirmation(confirmed)


def _customisation(layers: Iterable[ReadPack]) -> ReadPack | None:
    return next((layer for layer in layers if layer.layer is Layer.CUSTOMISATION), None)


def in_order(layers: Iterable[ReadPack]) -> tuple[ReadPack, ...]:
    """The layers, lowest first, by present names."""
    return renewed(ordered_packs(tuple(layers), Problems())).packs


def seeds_of(layers: Iterable[ReadPack]) -> tuple[Doc, ...]:
    """The seed documents of these layers, each layer's by name."""
    return tuple(
        doc for layer in layers for doc in sorted(layer.docs, key=lambda d: d.name) if doc.kind == "seed"
    )


def changed_layers(
    given: Sequence[tuple[ReadPack, PackSource]], installed: Iterable[InstalledLayer], *, dev: bool
) -> tuple[Change, ...]:
    """What of the given layers differs from what is installed; raises MetadataInvalid if it may not."""
    there = {layer.name: layer for layer in installed}
    problems = Problems()
    changes = [
        Change(pack, source)
        for pack, source in given
        if pack.name not in there or there[pack.name].content != pack.content
    ]
    for pack in (change.pack for change in changes if change.pack.name in there):
        before = there[pack.name]
        is_core = pack.layer is Layer.CORE
        problems.extend(_core_problems(pack, before) if is_core else _pack_problems(pack, before, dev=dev))
    if problems:
        raise MetadataInvalid(problems.found)
    return tuple(changes)


def version_in(pack: ReadPack) -> str:
    """The version that the pack's manifest states; empty for a layer without one."""
    manifest = manifest_of(pack)
    return str(manifest.body.get("version", "")) if manifest else ""


def _core_problems(pack: ReadPack, before: InstalledLayer) -> Iterable[Problem]:
    """The core comes with the program, and a program serves no installation of a later one."""
    if version_of(version_in(pack)) < version_of(before.version):
        message = f"The installation was made by a later xrm, with core {before.version}."
        yield Problem("P112", message, "Run that version of xrm or a later one.")


def _pack_problems(pack: ReadPack, before: InstalledLayer, *, dev: bool) -> Iterable[Problem]:
    """A version is what it was when it was installed, and none comes after a later one."""
    manifest, version = manifest_of(pack), version_in(pack)
    if manifest is None or dev:
        return
    where = manifest.source.at(("version",))
    if before.version == version:
        message = f"{pack.name} {version} is installed with other content."
        yield Problem("P110", message, "Give it a new version, or use --dev while you write it.", where)
    elif version_of(version) < version_of(before.version):
        message = f"{pack.name} {before.version} is installed, which is newer than {version}."
        yield Problem("P111", message, "Install that version or a later one.", where)
