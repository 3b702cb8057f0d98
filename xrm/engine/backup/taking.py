"""Taking a backup: everything of one moment, line by line, while others go on writing."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.backup.archive import CHUNK, file_entry, new_archive
from xrm.engine.backup.kept import KeptTable, kept_tables, lines_of, sequences_of
from xrm.engine.backup.manifest import MANIFEST, FilesFacts, Manifest, TableFacts
from xrm.engine.packs.layers import read_layers, read_sources
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.files import FileStore
from xrm.engine.storage.ledger import FILE, INSTALLATION, JOB
from xrm.engine.storage.types import instant_text
from xrm.engine.world import World
from xrm.errors import NotFound, Problem
from xrm.metadata.definitions import Definitions
from xrm.metadata.model import Model

SECONDS = 24 * 3600.0
Advance = Callable[[int, int], None]


def unseen(_done: int, _total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a backup is taken of, or restored into."""

    database: Database
    files: FileStore
    definitions: Definitions
    world: World
    secret_key: str

    @property
    def program(self) -> str:
        """The version of this program."""
        return version("xrm")


class Sink(Protocol):
    """Where the entries of a backup go."""

    def entry(self, name: str, *, is_packed: bool = True) -> Any:
        """A block in which what is written is the entry of that name."""
        ...


class Nowhere:
    """A sink for those who want the digest only."""

    @contextmanager
    def entry(self, name: str, *, is_packed: bool = True) -> Iterator[IO[bytes] | Nowhere]:
        """Nothing is kept of what is written in the block."""
        yield self

    def write(self, data: bytes) -> int:
        """It is gone."""
        return len(data)


def write_backup(ground: Ground, path: Path, advance: Advance = unseen) -> Manifest:
    """The archive of everything is at `path`; raises Conflict or Unavailable, and leaves nothing, if it cannot be."""
    with new_archive(path) as archive:
        manifest = take(ground, archive, advance)
        with archive.entry(MANIFEST) as target:
            target.write(manifest.to_bytes())
    return manifest


def digest_of(ground: Ground, advance: Advance = unseen) -> Manifest:
    """What an archive taken now would say of its content; nothing is written."""
    return take(ground, Nowhere(), advance)


def take(ground: Ground, sink: Sink, advance: Advance) -> Manifest:
    """Everything has gone to the sink but the manifest, which this gives."""
    with ground.database.read(seconds=SECONDS) as unit:
        model = _model(unit, ground.definitions)
        kept = kept_tables(unit, [sql_schema(model).metadata])
        tables = tuple(_take_tables(unit, kept, sink, advance))
        sequences, contents = sequences_of(unit), contents_of(unit)
        installation: UUID = unit.execute(sa.select(INSTALLATION.c.uuid)).scalar_one()
    files, lost = _take_files(ground.files, contents, sink)
    return Manifest(
        program=ground.program,
        installation=str(installation),
        fingerprint=model.fingerprint,
        made_at=instant_text(ground.world.now()),
        database=ground.database.dialect.name,
        key_check=key_check(ground.secret_key, installation),
        tables=tables,
        sequences=sequences,
        files=files,
        lost=lost,
    )


def key_check(secret_key: str, installation: UUID) -> str:
    """What tells whether two secret keys are the same, and nothing about them."""
    return hmac.new(secret_key.encode(), b"backup:" + installation.bytes, sha256).hexdigest()[:32]


def _model(unit: UnitOfWork, definitions: Definitions) -> Model:
    return definitions.stored(read_sources(unit, read_layers(unit)))


def _take_tables(
    unit: UnitOfWork, kept: Iterable[KeptTable], sink: Sink, advance: Advance
) -> Iterator[TableFacts]:
    tables = tuple(kept)
    for number, table in enumerate(tables):
        advance(number, len(tables))
        yield take_table(unit, table, sink)
    advance(len(tables), len(tables))


def take_table(unit: UnitOfWork, kept: KeptTable, sink: Sink) -> TableFacts:
    """The rows of the table have gone to the sink; gives what the manifest says of them."""
    digest, rows, size = sha256(), 0, 0
    with sink.entry(f"tables/{kept.name}.jsonl") as target:
        for lines in lines_of(unit, kept):
            portion = b"".join(lines)
            digest.update(portion)
            target.write(portion)
            rows, size = rows + len(lines), size + len(portion)
    return TableFacts(kept.name, kept.columns, kept.key, rows, size, digest.hexdigest())


def contents_of(unit: UnitOfWork) -> list[str]:
    """The hashes of the contents that files are made of, or that jobs read."""
    found = {str(h) for h in unit.execute(sa.select(FILE.c.sha256).distinct()).scalars()}
    for row in unit.execute(sa.select(JOB.c.params, JOB.c.result)):
        found.update(filter(None, (row.params.get("content"), *(row.result or {}).get("parts", ()))))
    return sorted(found)


def _take_files(files: FileStore, contents: Iterable[str], sink: Sink) -> tuple[FilesFacts, tuple[str, ...]]:
    """The contents have gone to the sink; gives what they are together, and which were not there."""
    hashes, count, size, lost = sha256(), 0, 0, []
    for digest in contents:
        taken = _take_file(files, digest, sink)
        if taken is None:
            lost.append(digest)
            continue
        hashes.update(digest.encode())
        count, size = count + 1, size + taken
    return FilesFacts(count, size, hashes.hexdigest()), tuple(lost)


def _take_file(files: FileStore, digest: str, sink: Sink) -> int | None:
    """How many bytes the content had; None if it is not there, or is damaged."""
    try:
        source = files.open(digest)
    except NotFound:
        return None
    with source:
        if _hash(source) != digest:
            return None
        source.seek(0)
        return _copy(source, sink, digest)


def _hash(source: BinaryIO) -> str:
    digest = sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _copy(source: BinaryIO, sink: Sink, digest: str) -> int:
    size = 0
    with sink.entry(file_entry(digest), is_packed=False) as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            size += len(chunk)
    return size


def warnings_of(manifest: Manifest) -> tuple[Problem, ...]:
    """What whoever took the backup should know."""
    if not manifest.lost:
        return ()
    message = f"{len(manifest.lost)} contents of files are missing or damaged, first: {manifest.lost[0]}."
    return (Problem("B103", message, "Restore the folder files from an earlier backup."),)
