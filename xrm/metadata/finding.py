"""Packs by path or by name, and the packs that they require, found in the folders that hold packs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from xrm.metadata.definitions import Definitions
from xrm.metadata.order import needs
from xrm.metadata.sources import Layer, PackSource, printable, read_source_named

MANIFESTS = ("pack.yaml", "pack.json")
_ARCHIVE = re.compile(r"([a-z][a-z0-9_]*)(?:-(\d+(?:\.\d+)*))?\.zip")


def pack_folders(folders: Iterable[Path]) -> dict[str, Path]:
    """The packs that lie directly in these folders, by name of their folder or archive.

    The first of a name counts: the folder before archives, and of these the highest version.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        inside = sorted(folder.iterdir()) if folder.is_dir() else ()
        for path in inside:
            if any((path / manifest).is_file() for manifest in MANIFESTS):
                found.setdefault(path.name, path)
        for name, path in _archives(inside):
            found.setdefault(name, path)
    return found


def _archives(inside: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Those that are called like a pack, as in `yard.zip` or `yard-1.2.0.zip`, the highest version first."""
    named = [(found, path) for path in inside if (found := _ARCHIVE.fullmatch(path.name)) and path.is_file()]
    versions = {path: tuple(map(int, (found[2] or "0").split("."))) for found, path in named}
    for found, path in sorted(named, key=lambda one: versions[one[1]], reverse=True):
        yield found[1], path


def shown_path(path: Path) -> str:
    """The path as a person here would type it; what is not UTF-8 in it is a question mark."""
    return printable(str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path))


def pack_source(path: Path) -> PackSource:
    """The pack in this folder or archive, its places printed as paths from here."""
    return read_source_named(path, shown_path(path), Layer.PACK)


def with_requirements(
    sources: Sequence[PackSource], present: Iterable[str], folders: Iterable[Path], definitions: Definitions
) -> tuple[PackSource, ...]:
    """The sources and, from the folders, all packs that they require and that are not present yet."""
    available = pack_folders(folders)
    chosen = {definitions.read(source).name: source for source in sources}
    known = {*present, *chosen}
    queue = list(chosen.values())
    while queue:
        for name in needs(definitions.read(queue.pop()), "requires"):
            if name not in known and name in available:
                chosen[name] = pack_source(available[name])
                known.add(name)
                queue.append(chosen[name])
    return tuple(chosen.values())
