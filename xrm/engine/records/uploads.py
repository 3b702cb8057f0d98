"""Files that people bring: content in the store, facts in the tally, found again by id.

Whoever asks has found the id in a record that they may read; nothing here is told to anybody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.records.media_types import HEAD, media_type_of
from xrm.engine.storage.database import Around, Database, UnitOfWork
from xrm.engine.storage.files import FileFacts, FileStore, add_file, file_facts
from xrm.engine.world import World
from xrm.settings import Limits

NAME_LENGTH = 200


class Uploads:
    """Files of one installation, before and after a record holds them."""

    def __init__(self, database: Database, store: FileStore, world: World, limits: Limits) -> None:
        self._database, self._store, self._world, self._limits = database, store, world, limits

    def upload(
        self, actor: Actor, source: BinaryIO, name: str, *, around: Around[FileFacts] | None = None
    ) -> FileFacts:
        """The content is kept under a new id, which a field can hold; raises TooLarge past the limit.

        The type is what content and name say, never what the sender claims. `around` may write beside in the
        same transaction.
        """
        content = self._store.put(source, self._limits.file_bytes)
        label = label_of(name)
        with self._store.open(content.sha256) as kept:
            media_type = media_type_of(label, kept.read(HEAD))
        facts = FileFacts(self._world.new_id(), content.sha256, content.size, media_type, label)

        def work(unit: UnitOfWork) -> FileFacts:
            add_file(unit, facts, self._world.now(), actor.id)
            return facts

        return self._database.transact(work, around=around)

    def facts(self, ids: Iterable[UUID]) -> Mapping[UUID, FileFacts]:
        """What is known of these files; those that are not known are left out."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        with self._database.read() as unit:
            return file_facts(unit, wanted)

    def open(self, facts: FileFacts) -> BinaryIO:
        """The content, to be read and closed."""
        return self._store.open(facts.sha256)


def label_of(name: str) -> str:
    """The last part of a name without what cannot be printed; a name without any is `file`."""
    last = name.replace("\\", "/").rpartition("/")[2]
    bare = "".join(c for c in last if c.isprintable()).strip()
    return bare[-NAME_LENGTH:] or "file"
