"""Where packs come from: a folder, an archive, or files in hand. Bounded; nothing is unpacked to disk."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from xrm.errors import Place, Problem, Problems
from xrm.metadata.limits import DOCUMENT_BYTES, PACK_BYTES, PACK_FILES

DOCUMENT_SUFFIXES = (".yaml", ".json")
_ENCRYPTED = 0x1
# What every program packs with; others are rare, fail in ways of their own, and take the memory that they ask for.
_METHODS = (ZIP_STORED, ZIP_DEFLATED)
# What the library raises for archives that are damaged, cut off, or packed in a way it does not know.
_BROKEN = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class Layer(StrEnum):
    """The floors of an installation, lowest first; each adds to or overrides what is below."""

    CORE = "core"
    PACK = "pack"
    WORKFLOWS = "workflows"
    CUSTOMISATION = "customisation"


@dataclass(frozen=True, slots=True)
class PackSource:
    """The files of one pack or layer, by path inside it, and what was wrong with reaching them.

    `name` stands before each path when a place is printed. Only documents are kept; other files count
    towards the limits and are left alone. `folder` is the name of the folder, of a pack that lies in one.
    """

    name: str
    files: Mapping[str, bytes]
    layer: Layer = Layer.PACK
    problems: tuple[Problem, ...] = ()
    folder: str = ""

    def digest(self) -> str:
        """Equal for the same files under the same names; what could not be read is part of it."""
        digest = hashlib.sha256(f"{self.layer}\0{self.name}\0{self.folder}\0{self.problems!r}\0".encode())
        for path, content in sorted(self.files.items()):
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()


def read_source(path: str | Path, layer: Layer = Layer.PACK) -> PackSource:
    """The documents below a folder or in a zip archive are in memory; what was not taken is a problem."""
    return read_source_named(Path(path), printable(str(path)), layer)


def read_source_named(where: Path, name: str, layer: Layer) -> PackSource:
    """Like `read_source`, with places printed under `name`."""
    reader = _Reader(name)
    try:
        if where.is_dir():
            reader.folder(where)
        elif where.is_file():
            reader.archive(where)
        else:
            reader.refuse("M106", "There is no folder or archive here.", "Check the path.", "")
    except _BROKEN:
        reader.refuse(
            "M106",
            "This is neither a folder nor a whole zip archive.",
            "Give a pack's folder or its .zip file.",
            "",
        )
    except OSError as error:
        reader.refuse(
            "M106",
            f"This cannot be read: {error.strerror or 'unknown reason'}.",
            "Check the path and its rights.",
            "",
        )
    folder = where.resolve().name if os.path.isdir(where) else ""
    return PackSource(name, reader.files, layer, tuple(reader.problems.found), folder)


def core_source() -> PackSource:
    """The built-in layer that lies beside this module."""
    return read_source_named(Path(__file__).parent / "core", "core", Layer.CORE)


class _Reader:
    """Takes files until a limit of the pack is passed; after that it has said so once and takes no more."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, bytes] = {}
        self.problems = Problems()
        self.count = self.total = 0
        self.is_full = False

    def refuse(self, code: str, message: str, hint: str, path: str) -> None:
        """One more problem is known, about the file at `path` or about the whole source."""
        self.problems.add(code, message, hint, Place(file=f"{self.name}/{path}" if path else self.name))

    def folder(self, root: Path) -> None:
        """The documents of a folder are taken; links are refused, hidden files passed over."""
        for path, file in _walk(root):
            if self.is_full:
                return
            if not _is_text(path):
                self.refuse("M106", "The name of this file is not UTF-8.", "Rename it.", printable(path))
            elif file.is_symlink():
                self.refuse("M106", "Links are not followed.", "Put the file itself into the pack.", path)
            elif self.admits(path, file.stat().st_size) and path.endswith(DOCUMENT_SUFFIXES):
                with file.open("rb") as stream:
                    self.keep(path, stream)

    def archive(self, file: Path) -> None:
        """The documents of a zip archive are taken by name; one bad entry refuses the archive whole."""
        with ZipFile(file) as archive:
            entries = [i for i in archive.infolist() if not i.filename.endswith("/")]
            if len(entries) > PACK_FILES:
                self.admits_no_more(f"The archive holds more than {PACK_FILES:,} files.")
                return
            if not self.are_safe(entries):
                return
            prefix = _common_folder(entries)
            for entry in entries:
                self.entry(archive, entry, entry.filename.removeprefix(prefix))

    def entry(self, archive: ZipFile, entry: ZipInfo, path: str) -> None:
        """One entry of an archive is taken, if there is room."""
        if self.is_full or _is_hidden(path):
            return
        if self.admits(path, entry.file_size) and path.endswith(DOCUMENT_SUFFIXES):
            with archive.open(entry) as stream:
                self.keep(path, stream)

    def are_safe(self, entries: list[ZipInfo]) -> bool:
        """True when no entry climbs, links, hides behind a password or stands twice; else each is named."""
        seen: set[str] = set()
        for entry in entries:
            fault = _entry_fault(entry, seen)
            if fault:
                self.refuse(
                    "M106",
                    f"The archive's entry {entry.filename!r} {fault}.",
                    "Pack the folder again with plain files only.",
                    "",
                )
            seen.add(entry.filename)
        return not self.problems

    def admits(self, path: str, size: int) -> bool:
        """True when a file of this size is still within the limits; else the reason is known."""
        self.count += 1
        self.total += size
        if self.count > PACK_FILES:
            self.admits_no_more(f"The pack holds more than {PACK_FILES:,} files.")
        elif path.endswith(DOCUMENT_SUFFIXES) and size > DOCUMENT_BYTES:
            self.total -= size
            self.refuse_size(path)
            return False
        elif self.total > PACK_BYTES:
            self.admits_no_more(f"The pack holds more than {PACK_BYTES // 1024**2} MiB.")
        return not self.is_full

    def admits_no_more(self, message: str) -> None:
        """The limit is said once, and nothing more is taken."""
        self.is_full = True
        self.refuse("M104", message, "Split the pack, or take out what is no definition.", "")

    def refuse_size(self, path: str) -> None:
        """The document is too large, and its author knows how large it may be."""
        self.refuse(
            "M104",
            f"A document may have {DOCUMENT_BYTES // 1024**2} MiB; this one has more.",
            "Split it into several files.",
            path,
        )

    def keep(self, path: str, stream: IO[bytes]) -> None:
        """The file's bytes are kept, unless there are more of them than were announced."""
        content = stream.read(DOCUMENT_BYTES + 1)
        if len(content) > DOCUMENT_BYTES:
            self.refuse_size(path)
        else:
            self.files[path] = content


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(f for f in folders if not _is_hidden(f))
        links = [f for f in folders if Path(folder, f).is_symlink()]
        for name in sorted([*files, *links]):
            if not _is_hidden(name):
                file = Path(folder, name)
                yield file.relative_to(root).as_posix(), file


def printable(path: str) -> str:
    """The path as it can be written anywhere: what is not UTF-8 in it is a question mark."""
    return path.encode("utf-8", "replace").decode()


def _is_text(path: str) -> bool:
    return printable(path) == path


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))


def _common_folder(entries: list[ZipInfo]) -> str:
    """The one folder that holds everything, with its slash, if the archive was made of a folder."""
    names = [e.filename for e in entries if not _is_hidden(e.filename)]
    tops = {n.split("/", 1)[0] for n in names}
    is_wrapped = len(tops) == 1 and all("/" in n for n in names)
    return f"{tops.pop()}/" if is_wrapped else ""


def _entry_fault(entry: ZipInfo, seen: set[str]) -> str:
    path = PurePosixPath(entry.filename)
    if not entry.filename:
        return "has no name"
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
        return "leads out of the pack"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if entry.compress_type not in _METHODS:
        return "is packed in a way that is not read here"
    if entry.filename in seen:
        return "stands in it twice"
    return ""
