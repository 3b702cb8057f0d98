"""The layers of an installation as they lie in the database, where every process reads the same files.

A layer's content is kept under its hash and never changed. It holds the files as their author wrote them, so
that places, comments and exports are those of the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CONTENT, LAYER
from xrm.metadata.sources import Layer, PackSource

_OWN_FLOORS = {str(floor): floor for floor in Layer if floor is not Layer.PACK}


@dataclass(frozen=True, slots=True)
class InstalledLayer:
    """One layer of the installation: a pack in one version, or one of the floors that are no packs."""

    name: str
    version: str
    content: str
    installed_at: datetime
    installed_by: UUID | None

    @property
    def floor(self) -> Layer:
        """Where it stands; a layer that bears no other floor's name is a pack."""
        return floor_of(self.name)


def floor_of(name: str) -> Layer:
    """The floor of the layer with that name."""
    return _OWN_FLOORS.get(name, Layer.PACK)


def read_layers(unit: UnitOfWork) -> tuple[InstalledLayer, ...]:
    """The installed layers, lowest first."""
    wanted = sa.select(
        LAYER.c.name, LAYER.c.version, LAYER.c.content, LAYER.c.installed_at, LAYER.c.installed_by
    )
    rows = unit.execute(wanted.order_by(LAYER.c.ordinal)).mappings()
    return tuple(InstalledLayer(**row) for row in rows)


def read_sources(unit: UnitOfWork, layers: Iterable[InstalledLayer]) -> tuple[PackSource, ...]:
    """The files of these layers, named by the layer."""
    return sources_of(unit, [(layer.name, layer.content) for layer in layers])


def sources_of(unit: UnitOfWork, layers: Sequence[tuple[str, str]]) -> tuple[PackSource, ...]:
    """The files of layers, of each its name and the hash of its content."""
    contents = read_contents(unit, {content for _, content in layers})
    return tuple(source_of(name, contents[content]) for name, content in layers)


def read_contents(unit: UnitOfWork, hashes: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """The documents by path that are kept under each of these hashes; nothing for one that is not known."""
    wanted = sa.select(CONTENT.c.hash, CONTENT.c.documents).where(CONTENT.c.hash.in_(sorted(hashes)))
    return {row.hash: row.documents for row in unit.execute(wanted)}


def read_present(unit: UnitOfWork) -> tuple[tuple[InstalledLayer, ...], dict[str, PackSource]]:
    """The installed layers, lowest first, and the files of each by its name."""
    layers = read_layers(unit)
    return layers, dict(zip((layer.name for layer in layers), read_sources(unit, layers), strict=True))


def source_of(name: str, documents: Mapping[str, str]) -> PackSource:
    """The layer's files as the definition pipeline takes them."""
    files = {path: text.encode() for path, text in sorted(documents.items())}
    return PackSource(name, files, floor_of(name))


def keep_content(unit: UnitOfWork, content: str, source: PackSource, now: datetime) -> None:
    """The files are in the database under their hash."""
    known = unit.execute(sa.select(CONTENT.c.hash).where(CONTENT.c.hash == content)).scalar()
    if known is None:
        documents = {path: text.decode() for path, text in source.files.items()}
        unit.execute(sa.insert(CONTENT), {"hash": content, "documents": documents, "created_at": now})


def write_layer(unit: UnitOfWork, layer: InstalledLayer) -> None:
    """The installation has this layer, in place of one of the same name; `order_layers` gives its place."""
    unit.execute(sa.delete(LAYER).where(LAYER.c.name == layer.name))
    row = {
        "name": layer.name,
        "ordinal": 0,
        "version": layer.version,
        "content": layer.content,
        "installed_at": layer.installed_at,
        "installed_by": layer.installed_by,
    }
    unit.execute(sa.insert(LAYER), row)


def drop_layers(unit: UnitOfWork, names: Iterable[str]) -> None:
    """The installation no longer has these layers; their content stays known."""
    unit.execute(sa.delete(LAYER).where(LAYER.c.name.in_(sorted(names))))


def order_layers(unit: UnitOfWork, names: Iterable[str]) -> None:
    """The layers stand in this order."""
    for ordinal, name in enumerate(names):
        unit.execute(sa.update(LAYER).where(LAYER.c.name == name).values(ordinal=ordinal))
