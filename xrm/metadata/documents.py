"""Files to documents: what kind each file is, what it is called, and its raw content with positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from xrm.errors import Place, Problem
from xrm.metadata.names import near_hint
from xrm.metadata.positions import Path, Positions
from xrm.metadata.sources import Layer, PackSource

FOLDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "entities": "entity",
        "extend": "extend",
        "forms": "form",
        "views": "view",
        "lifecycles": "lifecycle",
        "options": "options",
        "i18n": "i18n",
        "seed": "seed",
        "scenarios": "scenario",
    }
)
FILES: Final[Mapping[str, str]] = MappingProxyType(
    {"pack": "pack", "packs": "packs", "settings": "settings", "roles": "role"}
)
KINDS: Final = (*FILES.values(), *FOLDERS.values())
# Folders of the language whose content this version does not run, so a pack that counts on it is refused.
LATER: Final = ("automations", "clocks", "dashboards", "reports", "templates", "workflows")


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One file as its author wrote it.

    `broken` holds the paths that were taken out of `raw` as their shape is wrong: what stands there has a
    name and no meaning, so later stages neither use it nor complain about its absence. A document whose `raw`
    is None could not be read at all.
    """

    kind: str
    name: str
    pack: str
    file: str
    raw: Any
    positions: Positions
    layer: Layer = Layer.PACK
    broken: frozenset[Path] = field(default_factory=frozenset)

    def at(self, path: Path) -> Place:
        """The place of the value at `path`."""
        return Place(self.file, *self.positions.value(path, self.raw))

    def key_at(self, path: Path) -> Place:
        """The place of the key that leads to `path`."""
        return Place(self.file, *self.positions.key(path, self.raw))


@dataclass(frozen=True, slots=True)
class Located:
    """A file that is a document: its kind, its name, and its path in the pack."""

    kind: str
    name: str
    path: str


def locate(source: PackSource) -> tuple[tuple[Located, ...], tuple[Problem, ...]]:
    """Every document of the pack is known by kind and name; each file that is none is a problem."""
    located: list[Located] = []
    problems: list[Problem] = []
    for path in sorted(source.files):
        kind, name = _kind_and_name(path)
        if kind:
            located.append(Located(kind, name, path))
    problems.extend(_strays(source, {x.path for x in located}))
    problems.extend(_twins(source, located))
    return tuple(located), tuple(problems)


def _kind_and_name(path: str) -> tuple[str, str]:
    """The kind and the name of a file, or two empty texts for one that is no document."""
    pure = PurePosixPath(path)
    if len(pure.parts) < 2:  # of no file, as in ".", there is none
        return FILES.get(pure.stem, ""), pure.stem
    kind = FOLDERS.get(pure.parts[0], "")
    if kind == "seed":
        return kind, "/".join((*pure.parts[1:-1], pure.stem))
    return (kind, pure.stem) if len(pure.parts) == 2 else ("", "")


def _strays(source: PackSource, known: set[str]) -> Iterable[Problem]:
    """One problem for each folder or top-level file that the language does not have."""
    seen: set[str] = set()
    for path in sorted(set(source.files) - known):
        top = path.split("/", 1)[0]
        if top in FOLDERS:
            yield Problem(
                "M107",
                "A document lies directly in its folder.",
                f"Move it up into {top}/.",
                _file(source, path),
            )
        elif top not in seen:
            seen.add(top)
            yield _stray(source, path, top)


def _stray(source: PackSource, path: str, top: str) -> Problem:
    place = _file(source, path)
    if top in LATER:
        return Problem(
            "M108",
            f"This version of xrm does not run what is in {top}/.",
            "Take the folder out of the pack.",
            place,
        )
    if "/" in path:
        folders = [f"{f}/" for f in FOLDERS]
        return Problem("M107", f'The language has no folder "{top}/".', near_hint(f"{top}/", folders), place)
    files = [f"{f}.yaml" for f in FILES]
    hint = near_hint(
        top, files, "Documents lie in folders by kind; other files end in something else than .yaml."
    )
    return Problem("M107", f'The language has no file "{top}".', hint, place)


def _twins(source: PackSource, located: list[Located]) -> Iterable[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for one in located:
        first = seen.setdefault((one.kind, one.name), one.path)
        if first != one.path:
            yield Problem(
                "M107",
                f"{first} and {one.path} say the same thing twice.",
                "Keep one of them.",
                _file(source, one.path),
            )


def _file(source: PackSource, path: str) -> Place:
    return Place(file=f"{source.name}/{path}")


def pack_name_of(source: PackSource) -> str:
    """The name of the folder or archive, for a pack whose manifest cannot say its own."""
    if source.layer is not Layer.PACK:
        return str(source.layer)
    if source.folder:
        return source.folder
    stem = PurePosixPath(source.name.replace("\\", "/")).name
    return stem.removesuffix(".zip")
