"""Checked documents kept between starts, as plain JSON: an unchanged file is not read or checked again."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Final

import orjson

from xrm.metadata.positions import Path, Positions

_FORMAT: Final = "1"


@dataclass(frozen=True, slots=True)
class DocumentCache:
    """A folder with one entry for each file, which the file's next content replaces.

    An entry counts only when its digest is that of the content and of the schemas it was checked by; one that
    cannot be read is as good as none. Nothing but documents without any problem is kept.
    """

    folder: FilePath

    def get(self, file: str, digest: str) -> tuple[Any, Positions] | None:
        """What the file says, if this content was checked before."""
        try:
            entry = orjson.loads(self._path(file).read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None
        if not isinstance(entry, dict) or entry.get("digest") != digest:
            return None
        raw = entry["raw"]
        for path in entry["decimals"]:
            _revive(raw, path)
        return raw, Positions(entry["positions"])

    def put(self, file: str, digest: str, raw: Any, positions: Positions) -> None:
        """The document is kept, if the folder can be written."""
        entry = {
            "digest": digest,
            "decimals": list(_decimals(raw, ())),
            "raw": raw,
            "positions": positions.tree,
        }
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(self._path(file), orjson.dumps(entry, default=str))

    def _path(self, file: str) -> FilePath:
        return self.folder / f"{hashlib.sha256(file.encode()).hexdigest()[:40]}.json"


def digest_of(content: bytes, kind: str, schemas: str) -> str:
    """The name of a checked content: equal only for equal bytes, kind and schemas."""
    digest = hashlib.sha256(f"{_FORMAT}\0{kind}\0{schemas}\0".encode())
    digest.update(content)
    return digest.hexdigest()


def _replace(path: FilePath, content: bytes) -> None:
    """The file has this content, or the one it had; never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        FilePath(name).replace(path)
    except OSError:
        FilePath(name).unlink(missing_ok=True)
        raise


def _decimals(raw: Any, path: Path) -> Iterator[Path]:
    """Where decimal numbers stand, which JSON would make inexact."""
    if isinstance(raw, Decimal):
        yield path
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from _decimals(value, (*path, key))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _decimals(value, (*path, index))


def _revive(raw: Any, path: list[str | int]) -> None:
    for step in path[:-1]:
        raw = raw[step]
    raw[path[-1]] = Decimal(raw[path[-1]])
