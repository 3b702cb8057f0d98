"""Files that nothing uses: uploads that no record took in, and contents that neither a file nor a job knows.

A file that a record has ever held stays, for history may bring it back. See decision 0048.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.jobs import Context
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.files import Content, FileStore
from xrm.engine.storage.ledger import FILE, JOB
from xrm.engine.world import World
from xrm.settings import Limits

SWEEP, LABEL = "sweep_files", "Remove files that nothing uses"
EVERY = timedelta(days=1)
PORTION = 500
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """What jobs hold: the files that they made, and the contents that they read or go on with."""

    files: frozenset[UUID]
    contents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unused:
    """Contents that nothing uses: how many, their bytes, and how many have been so for longer than is allowed."""

    contents: int = 0
    bytes: int = 0
    overdue: int = 0


class Sweep:
    """Finds and removes what nothing uses; the handler of the jobs of kind `sweep_files`."""

    def __init__(self, database: Database, files: FileStore, world: World, limits: Limits) -> None:
        self._database, self._files, self._world = database, files, world
        self._grace = timedelta(days=limits.unused_file_days)

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """Whatever nothing has used since the grace began is gone; gives how much that was."""
        before = self._world.now() - self._grace
        files = self._forget(context, before)
        gone = self._remove(context, before)
        self._files.remove_drafts(before)
        size = sum(content.size for content in gone)
        if files or gone:
            log.info("removed %d unused files and %d contents of %d bytes", files, len(gone), size)
        return {"files": files, "contents": len(gone), "bytes": size}

    def look(self) -> Unused:
        """What nothing uses now; nothing is changed."""
        now = self._world.now()
        late = {c.sha256 for c in self._files.brought_before(now - self._grace - 2 * EVERY)}
        with self._database.read() as unit:
            held = _held(unit, now - self._grace)
            every = _portions(self._files.brought_before(now + EVERY))
            found = [content for part in every for content in _unused(unit, part, held)]
        overdue = sum(content.sha256 in late for content in found)
        return Unused(len(found), sum(content.size for content in found), overdue)

    def _forget(self, context: Context, before: datetime) -> int:
        """Uploads of that age that no record and no job holds are not known any more; gives how many they were."""
        with self._database.read() as unit:
            held = _held(unit, before)
            old = unit.execute(sa.select(FILE.c.id).where(*_untaken(before))).scalars().all()
        count = 0
        for part in _portions(i for i in old if i not in held.files):
            context.go_on()
            with self._database.write() as unit:
                # Asked again: a record may have taken one in since.
                gone = sa.delete(FILE).where(FILE.c.id.in_(part), *_untaken(before))
                count += unit.execute(gone).rowcount
        return count

    def _remove(self, context: Context, before: datetime) -> list[Content]:
        """Contents of that age that nothing knows are gone; gives which they were."""
        found = []
        for part in _portions(self._files.brought_before(before)):
            context.go_on()
            with self._database.read() as unit:
                held = _held(unit, before)
                free = [content for content in part if content.sha256 not in held.contents]
                known = _known(unit, free)
            found += [c for c in free if c.sha256 not in known and self._files.remove(c.sha256, before)]
        return found


def _portions(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    going = iter(items)
    while part := tuple(islice(going, PORTION)):
        yield part


def _untaken(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return FILE.c.record.is_(None), FILE.c.created_at < before


def _known(unit: UnitOfWork, contents: Iterable[Content]) -> frozenset[str]:
    """The hashes among these that some file is made of."""
    asked = [content.sha256 for content in contents]
    return frozenset(unit.execute(sa.select(FILE.c.sha256).where(FILE.c.sha256.in_(asked))).scalars())


def _unused(unit: UnitOfWork, contents: Sequence[Content], held: Held) -> Iterator[Content]:
    """Those of the contents that no record and no job uses."""
    chosen = sa.select(FILE.c.sha256, FILE.c.id, FILE.c.record)
    rows = unit.execute(chosen.where(FILE.c.sha256.in_([c.sha256 for c in contents])))
    used = {row.sha256 for row in rows if row.record is not None or row.id in held.files} | held.contents
    return (content for content in contents if content.sha256 not in used)


def _held(unit: UnitOfWork, before: datetime) -> Held:
    """What jobs made stays with them; what an import reads stays until it has been over for as long as the grace."""
    files: set[UUID] = set()
    contents: set[str] = set()
    for row in unit.execute(sa.select(JOB.c.params, JOB.c.result, JOB.c.finished_at)):
        result = row.result or {}
        if made := result.get("file"):
            files.add(UUID(made))
        if row.finished_at is None or row.finished_at >= before:
            contents.update(filter(None, (row.params.get("content"), *result.get("parts", ()))))
    return Held(frozenset(files), frozenset(contents))
