"""What an installation would be, worked out before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xrm.engine.packs.layers import InstalledLayer
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.stamp import Stamp
from xrm.errors import MetadataInvalid, Problem, Problems
from xrm.metadata.model import Model
from xrm.metadata.order import manifest_of, ordered_packs
from xrm.metadata.parse import Doc
from xrm.metadata.reading import ReadPack
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

    `stamp` is the model that it was worked out from; it holds only as long as that is the one in force.
    """

    stamp: Stamp
    schema: Schema
    plan: SchemaPlan
    changes: tuple[Change, ...]
    layers: tuple[ReadPack, ...]

    @property
    def model(self) -> Model:
        """What the layers mean together."""
        return self.schema.model

    @property
    def seeds(self) -> tuple[Doc, ...]:
        """The seed documents of all layers."""
        return seeds_of(self.layers)

    @property
    def is_empty(self) -> bool:
        """Whether everything is so already."""
        return not self.changes and self.plan.is_empty


def in_order(layers: Iterable[ReadPack]) -> tuple[ReadPack, ...]:
    """The layers, lowest first."""
    return tuple(ordered_packs(tuple(layers), Problems()))


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
    if not dev:
        for change in changes:
            problems.extend(_version_problems(change.pack, there))
    if problems:
        raise MetadataInvalid(problems.found)
    return tuple(changes)


def version_in(pack: ReadPack) -> str:
    """The version that the pack's manifest states; empty for a layer without one."""
    manifest = manifest_of(pack)
    return str(manifest.body.get("version", "")) if manifest else ""


def _version_problems(pack: ReadPack, there: Mapping[str, InstalledLayer]) -> Iterable[Problem]:
    """A version is what it was when it was installed, and none comes after a later one."""
    before, version = there.get(pack.name), version_in(pack)
    manifest = manifest_of(pack)
    # The core comes with the program and follows it; layers without a manifest have no version.
    if before is None or manifest is None or pack.layer is not Layer.PACK:
        return
    where = manifest.source.at(("version",))
    if before.version == version:
        message = f"{pack.name} {version} is installed with other content."
        yield Problem("M340", message, "Give it a new version, or use --dev while you write it.", where)
    elif version_of(version) < version_of(before.version):
        message = f"{pack.name} {before.version} is installed, which is newer than {version}."
        yield Problem("M341", message, "Install that version or a later one.", where)
