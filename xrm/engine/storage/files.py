"""Files by content: one root, names made from the hash of what is inside, written whole or not at all.

A person's file name is a label in the ledger and never part of a path. Who may open a file is decided by
whoever asks; here lies only what is safe to answer with.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO
from urllib.parse import quote
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.folders import alone_in, sync
from xrm.engine.storage.ledger import FILE
from xrm.engine.world import Clock
from xrm.errors import NotFound, Problem, TooLarge, Unavailable

CHUNK = 1 << 16
SHOWN_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "application/pdf", "text/plain"}
)
ANY_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Content:
    """What was stored: the hash that names it, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as the ledger knows it: content, label, and the field of the record that holds it."""

    id: UUID
    sha256: str
    size: int
    media_type: str
    name: str
    entity: int | None = None
    record: UUID | None = None
    field: int | None = None
    created_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The headers that a file is safe with."""

    headers: Mapping[str, str] = field(default_factory=dict)


class FileStore:
    """Contents below one folder. Equal contents are kept once; each knows when it was brought last.

    What brings or removes a content is alone in the folder: what comes again is not taken away as old.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._drafts = root / "drafts"
        self._drafts.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, source: IO[bytes], limit: int) -> Content:
        """The content is on the disk for good; raises TooLarge, and keeps nothing, past `limit` bytes."""
        handle, draft = tempfile.mkstemp(dir=self._drafts)
        try:
            with os.fdopen(handle, "wb") as target:
                content = _copy(source, target, limit)
            self._keep(Path(draft), content)
        except OSError as error:
            raise _no_room() from error
        finally:
            Path(draft).unlink(missing_ok=True)
        return content

    def open(self, digest: str) -> BinaryIO:
        """The content, to be read and closed; raises NotFound when there is none."""
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound(Problem("R104", "This file is not here.", "Upload it again.")) from error

    def renew(self, digest: str) -> None:
        """The content counts as brought now; raises NotFound when there is none."""
        with alone_in(self._root):
            self.open(digest).close()
            self._date(self._path(digest))

    def brought_before(self, instant: datetime) -> Iterator[Content]:
        """The contents that nobody has brought since then."""
        for path in self._root.glob("??/??/*"):
            with suppress(FileNotFoundError):
                facts = path.stat()
                if facts.st_mtime < instant.timestamp():
                    yield Content(path.name, facts.st_size)

    def remove(self, digest: str, brought_before: datetime) -> bool:
        """The content, which nothing uses, is gone; False if somebody has brought it again meanwhile."""
        path = self._path(digest)
        with alone_in(self._root), suppress(FileNotFoundError):
            if path.stat().st_mtime < brought_before.timestamp():
                path.unlink()
                return True
        return False

    def remove_drafts(self, before: datetime) -> None:
        """What was not written to its end is gone, where it was begun before then."""
        for draft in self._drafts.iterdir():
            with suppress(FileNotFoundError):
                if draft.stat().st_mtime < before.timestamp():
                    draft.unlink()

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("not the hash of a content")
        return self._root / digest[:2] / digest[2:4] / digest

    def _keep(self, draft: Path, content: Content) -> None:
        path = self._path(content.sha256)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._date(draft)
        with alone_in(self._root):
            draft.replace(path)
        for folder in (path.parent, path.parent.parent, self._root):
            sync(folder)

    def _date(self, path: Path) -> None:
        now = self._clock.now().timestamp()
        os.utime(path, (now, now))


def _copy(source: IO[bytes], target: IO[bytes], limit: int) -> Content:
    digest, size = sha256(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limit:
            message = f"The file is larger than {limit} bytes."
            raise TooLarge(Problem("R113", message, "Make it smaller."), facts={"limit": "file_bytes"})
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    os.fsync(target.fileno())
    return Content(digest.hexdigest(), size)


def _no_room() -> Unavailable:
    message = "The file could not be stored; nothing was kept."
    return Unavailable(Problem("R166", message, "Make room on the disk."), facts={"status": 507})


# --- the ledger's side ------------------------------------------------------------------------------


def add_file(unit: UnitOfWork, facts: FileFacts, at: datetime, by: UUID | None) -> None:
    """The ledger knows the file."""
    values = {name: getattr(facts, name) for name in FileFacts.__slots__}
    unit.execute(sa.insert(FILE).values({**values, "created_at": at, "created_by": by}))


def attach_file(unit: UnitOfWork, id_: UUID, entity: int, record: UUID, field_: int) -> bool:
    """The file belongs to the record's field; False when it belongs to another already or is unknown."""
    free = sa.or_(FILE.c.record.is_(None), FILE.c.record == record)
    change = sa.update(FILE).where(FILE.c.id == id_, free).values(entity=entity, record=record, field=field_)
    return unit.execute(change).rowcount == 1


def file_facts(unit: UnitOfWork, ids: list[UUID]) -> dict[UUID, FileFacts]:
    """What the ledger knows of these files."""
    columns = [FILE.c[name] for name in FileFacts.__slots__]
    rows = unit.execute(sa.select(*columns).where(FILE.c.id.in_(ids)))
    return {row.id: FileFacts(**row._asdict()) for row in rows}


def delivery(name: str, media_type: str, *, inline: bool = False) -> Delivery:
    """The headers to send a stored file with: shown only if its type cannot run anything, else downloaded."""
    shown = inline and media_type in SHOWN_TYPES
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in name) or "file"
    label = f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Delivery(
        {
            "Content-Type": media_type if shown else ANY_TYPE,
            "Content-Disposition": f"{'inline' if shown else 'attachment'}; {label}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
    )
