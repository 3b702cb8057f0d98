"""From sources to a model, remembered by content: the same layers are resolved once in a process."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

from xrm.metadata.cache import DocumentCache
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.loading import load_model
from xrm.metadata.model import Model
from xrm.metadata.reading import Reader, ReadPack
from xrm.metadata.sources import PackSource

REMEMBERED = 8


class Definitions:
    """Reads and resolves layers with one set of field types; safe between threads."""

    def __init__(self, types: Mapping[str, FieldType], cache: Path | None = None) -> None:
        self._reader = Reader(types, DocumentCache(cache) if cache else None)
        self._known: OrderedDict[str, Model] = OrderedDict()
        self._lock = Lock()

    def read(self, source: PackSource) -> ReadPack:
        """The documents of one source, with the problems of its files and their shape."""
        return self._reader.read(source)

    def resolve(self, sources: Sequence[PackSource]) -> Model:
        """What the layers mean together; raises MetadataInvalid with every problem of all stages."""
        return self._resolved(sources, whole=False)

    def stored(self, sources: Sequence[PackSource]) -> Model:
        """The same with what disabled packs say, for their tables stay; raises MetadataInvalid."""
        served = self.resolve(sources)
        return self._resolved(sources, whole=True) if served.disabled else served

    def _resolved(self, sources: Sequence[PackSource], *, whole: bool) -> Model:
        key = f"{whole} {_digest(sources)}"
        with self._lock:
            if key not in self._known:
                model = load_model(sources, reader=self._reader, whole=whole)
                # Once installed, the same layers come from the database, under the names of their packs.
                for known in (f"{whole} {_digest([self._as_kept(source) for source in sources])}", key):
                    self._known[known] = model
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return self._known[key]

    def _as_kept(self, source: PackSource) -> PackSource:
        return replace(source, name=self.read(source).name, folder="")


def _digest(sources: Sequence[PackSource]) -> str:
    """Equal for the same files under the same names; what could not be read is part of it."""
    digest = hashlib.sha256()
    for source in sorted(sources, key=lambda s: (s.layer, s.name)):
        digest.update(source.digest().encode())
    return digest.hexdigest()
