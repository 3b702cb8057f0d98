"""Archives on disk: written beside their name and moved there when whole, read entry by entry and never unpacked."""

from __future__ import annotations

import io
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO

import orjson

from xrm.engine.backup.codes import ArchiveRefused, changed, damaged, no_line
from xrm.engine.backup.manifest import MANIFEST, MANIFEST_BYTES, Manifest, TableFacts, read_manifest
from xrm.engine.storage.folders import sync
from xrm.errors import Conflict, Place, Problem, Unavailable

CHUNK = 1 << 20
LINE_BYTES = 256 << 20
LINES_AT_ONCE = 500
BYTES_AT_ONCE = 8 << 20
PARTIAL = ".partial"
_ENTRY = re.compile(r"tables/[a-z][a-z0-9_]{0,62}\.jsonl|files/[0-9a-f]{64}|manifest\.json")
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
_MADE = (1980, 1, 1, 0, 0, 0)  # equal data gives equal archives


def file_entry(digest: str) -> str:
    """Where a content lies."""
    return f"files/{digest}"


# --- writing ------------------------------------------------------------------------------------------


class ArchiveWriter:
    """Adds entries to an archive that is not there yet."""

    def __init__(self, target: zipfile.ZipFile) -> None:
        self._zip = target

    @contextmanager
    def entry(self, name: str, *, is_packed: bool = True) -> Iterator[IO[bytes]]:
        """What is written in the block is the entry of that name."""
        info = zipfile.ZipInfo(name, _MADE)
        info.compress_type = zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as target:
            yield target


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """The archive is at `path`, whole and for its owner only, when the block has ended; else nothing is there.

    Raises Conflict where something is there already, and Unavailable where it cannot be written.
    """
    with _new_file(path) as file, zipfile.ZipFile(file, "w", allowZip64=True) as target:
        yield ArchiveWriter(target)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    demand_free(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(draft, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _name(draft: Path, path: Path) -> None:
    """The file has its name, which nobody has taken meanwhile."""
    try:
        os.link(draft, path)
    except FileExistsError:
        demand_free(path)
    except OSError:  # a file system without links
        demand_free(path)
        draft.rename(path)
    sync(path.parent)


def demand_free(path: Path) -> None:
    """Nothing is there yet; raises Conflict."""
    if path.exists():
        raise Conflict(
            Problem("B108", f"{path} is there already.", "Choose another name.", Place(file=str(path)))
        )


def unwritable(path: Path, error: OSError) -> Unavailable:
    """The refusal of a place that the system does not let us write to."""
    message = f"{path} cannot be written: {error.strerror or error}."
    hint = "Make room, or choose a folder that can be written."
    return Unavailable(Problem("B108", message, hint, Place(file=str(path))))


# --- reading ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Archive:
    """An open archive whose entries are those that its manifest names."""

    path: Path
    manifest: Manifest
    zip: zipfile.ZipFile

    def place(self, entry: str) -> str:
        """How a problem names the entry."""
        return f"{self.path.name}/{entry}"

    @contextmanager
    def open(self, entry: str) -> Iterator[IO[bytes]]:
        """The entry, to be read; raises ArchiveRefused when it is damaged."""
        try:
            with self.zip.open(entry) as source:
                yield source
        except _DAMAGE as error:
            raise damaged(self.place(entry), f"The entry cannot be read: {error}.") from error

    def portions(self, table: TableFacts) -> Iterator[tuple[int, list[bytes]]]:
        """The lines of the table, some at a time, each portion with the number of its first line."""
        place = self.place(table.entry)
        with self.open(table.entry) as source, io.BufferedReader(source, CHUNK) as lines:  # type: ignore[type-var]
            first, number, size, portion = 1, 0, 0, []
            while line := lines.readline(LINE_BYTES + 1):
                number += 1
                if len(line) > LINE_BYTES or not line.endswith(b"\n"):
                    raise no_line(place, number, "The line is too long, or has no end.")
                portion.append(line)
                size += len(line)
                if len(portion) >= LINES_AT_ONCE or size >= BYTES_AT_ONCE:
                    yield first, portion
                    first, size, portion = number + 1, 0, []
            if portion:
                yield first, portion

    def values(self, table: TableFacts, number: int, line: bytes) -> dict[str, object]:
        """The canonical values of one line; raises ArchiveRefused for what is none."""
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise no_line(self.place(table.entry), number, f"The line is no JSON: {error.msg}.") from None
        if not isinstance(found, dict):
            raise no_line(self.place(table.entry), number, "The line is no object.")
        if unknown := found.keys() - table.columns.keys():
            message = f"The table has no column {sorted(unknown)[0][:60]!r}."
            raise no_line(self.place(table.entry), number, message)
        return found


@contextmanager
def open_archive(path: Path, program: str) -> Iterator[Archive]:
    """The archive is open, and holds what its manifest names and nothing else; raises ArchiveRefused."""
    try:
        source = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise damaged(str(path), "There is no such file.") from None
    except _DAMAGE as error:
        raise damaged(str(path)) from error
    with source:
        infos = _entries(path, source)
        manifest = read_manifest(_manifest_bytes(path, source, infos), f"{path.name}/{MANIFEST}", program)
        _demand_named(path, manifest, infos)
        yield Archive(path, manifest, source)


def _entries(path: Path, source: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries by name: plain ones, each once, none outside of its folder, none lying inside another."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in source.infolist():
        shown = info.filename[:120]
        if not _ENTRY.fullmatch(info.filename):
            raise _stranger(path, f"{shown!r} is no name of an entry of ours.")
        if info.filename in found:
            raise _stranger(path, f"{shown} is there twice.")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _stranger(path, f"{shown} is packed in a way that xrm does not use.")
        found[info.filename] = info
    if sum(info.compress_size for info in found.values()) > path.stat().st_size:
        raise _stranger(path, "Its entries lie inside each other.")
    return found


def _manifest_bytes(path: Path, source: zipfile.ZipFile, infos: dict[str, zipfile.ZipInfo]) -> bytes:
    if MANIFEST not in infos:
        raise damaged(str(path), "The file is no archive of xrm: it has no manifest.")
    if infos[MANIFEST].file_size > MANIFEST_BYTES:
        raise _stranger(path, f"Its manifest is larger than {MANIFEST_BYTES} bytes.")
    try:
        return source.read(MANIFEST)
    except _DAMAGE as error:
        raise damaged(f"{path.name}/{MANIFEST}", f"The manifest cannot be read: {error}.") from error


def _demand_named(path: Path, manifest: Manifest, infos: dict[str, zipfile.ZipInfo]) -> None:
    sizes = {table.entry: table.bytes for table in manifest.tables}
    for name, size in sizes.items():
        if name not in infos:
            raise _stranger(path, f"{name} is missing.")
        if infos[name].file_size != size:
            raise changed(f"{path.name}/{name}", f"It holds {infos[name].file_size} bytes instead of {size}.")
    files = {name: info.file_size for name, info in infos.items() if name.startswith("files/")}
    if surplus := infos.keys() - sizes.keys() - files.keys() - {MANIFEST}:
        raise _stranger(path, f"{min(surplus)} is not in the manifest.")
    if (len(files), sum(files.values())) != (manifest.files.count, manifest.files.bytes):
        raise changed(f"{path.name}/files", "They are not as many, or not as large, as the manifest says.")


def _stranger(path: Path, message: str) -> ArchiveRefused:
    hint = "Restore what xrm backup has written, as it was written."
    return ArchiveRefused(Problem("B102", message, hint, Place(file=str(path))))


def verify(archive: Archive) -> Iterator[int]:
    """Everything in the archive is as its manifest says; gives the bytes of each part. Raises ArchiveRefused."""
    for table in archive.manifest.tables:
        yield from _verify_table(archive, table)
    hashes = sha256()
    for name in sorted(n for n in archive.zip.namelist() if n.startswith("files/")):
        yield from _verify_file(archive, name)
        hashes.update(name.removeprefix("files/").encode())
    if hashes.hexdigest() != archive.manifest.files.sha256:
        raise changed(archive.place("files"), "They are not those that the manifest names.")


def _verify_table(archive: Archive, table: TableFacts) -> Iterator[int]:
    digest, rows = sha256(), 0
    for first, lines in archive.portions(table):
        for number, line in enumerate(lines, first):
            archive.values(table, number, line)
            digest.update(line)
        rows += len(lines)
        yield sum(map(len, lines))
    if rows != table.rows:
        raise changed(archive.place(table.entry), f"It holds {rows} rows instead of {table.rows}.")
    if digest.hexdigest() != table.sha256:
        raise changed(archive.place(table.entry), "Its digest is another one than the manifest says.")


def _verify_file(archive: Archive, name: str) -> Iterator[int]:
    digest = sha256()
    with archive.open(name) as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            yield len(chunk)
    if file_entry(digest.hexdigest()) != name:
        raise changed(archive.place(name), "Its content is another one than its name says.")
