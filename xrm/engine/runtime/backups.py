"""What backups are taken of and restored into: an open installation, or a place where there is none yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xrm.engine.backup import Ground
from xrm.engine.extensions import load_extensions
from xrm.engine.runtime.service import DOCUMENTS, FILES, Runtime
from xrm.engine.storage.database import Database
from xrm.engine.storage.dialects import Options
from xrm.engine.storage.files import FileStore
from xrm.engine.world import World, real_world
from xrm.metadata.definitions import Definitions
from xrm.settings import Settings


def ground_of(runtime: Runtime) -> Ground:
    """The installation that is open."""
    return Ground(
        runtime.database, runtime.files, runtime.definitions, runtime.world, runtime.settings.secret_key
    )


@contextmanager
def empty_ground(settings: Settings, world: World | None = None) -> Iterator[Ground]:
    """Where these settings lead, opened for a restore and for nothing else; closed afterwards."""
    chosen = world or real_world()
    database = Database(settings.database_url, Options(references=False))
    try:
        files = FileStore(settings.data / FILES, chosen.clock)
        definitions = Definitions(load_extensions().types, settings.data / DOCUMENTS)
        yield Ground(database, files, definitions, chosen, settings.secret_key)
    finally:
        database.close()
