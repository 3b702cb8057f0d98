"""Installations of the same packs are made once in a run of tests and then copied: most tests begin with one of a few.

What is copied is the database as an installation left it, with its files, so a test finds what it would have
installed itself. Tests of installing itself take `xrm.testing.make_runtime`.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.support import postgres
from xrm import testing
from xrm.engine.packs import Revision
from xrm.engine.projection import tables
from xrm.engine.runtime import Runtime, service
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.world import World, fixed_world
from xrm.metadata import definitions, reading
from xrm.settings import Settings
from xrm.testing import NOON, GivenPack, make_settings, pack_from

ORIGINALS = "TESTS_ORIGINALS"
HELD_BYTES, MODELS = 2 * 2**20, 12
_asked: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class _Original:
    """An installation that no test touches."""

    url: str
    folder: Path


_originals: dict[str, _Original] = {}


def read_once() -> None:
    """From now on all installations of this process know what one of them has read.

    More is remembered than a server would: tests come back to the shipped packs and to models of the test before.
    """
    service.Definitions = lambda _types, _folder: testing._definitions()
    reading._HELD_BYTES = HELD_BYTES
    definitions.REMEMBERED = MODELS
    tables._recent = deque(maxlen=MODELS)


def make_runtime(
    database_url: str,
    folder: Path,
    packs: Iterable[GivenPack] = (),
    *,
    demo: bool = False,
    world: World | None = None,
    settings: Settings | None = None,
    install: bool = True,
) -> Runtime:
    """The same as `xrm.testing.make_runtime`: from the second time on that this process asks for it, by a copy.

    The first time only the ledger is copied, in which nothing is installed.
    """
    given = list(packs)
    chosen = settings or make_settings(database_url, folder)
    key = _key(given, chosen, world, demo=demo, server=_server(database_url))
    if install and _is_empty(database_url):
        if _is_asked_again(key) or demo:
            _copy(_original(key, given, chosen, world, demo=demo), database_url, chosen.data)
            install = False
        else:
            bare = hashlib.sha256(f"ledger {_server(database_url)}".encode()).hexdigest()
            _copy(_original(bare, None, chosen, None), database_url, chosen.data)
    demo = demo and install
    return testing.make_runtime(
        database_url, folder, given, demo=demo, world=world, settings=chosen, install=install
    )


def _is_asked_again(key: str) -> bool:
    _asked[key] += 1
    return _asked[key] > 1


def _key(packs: list[GivenPack], settings: Settings, world: World | None, *, demo: bool, server: str) -> str:
    """Equal where the databases would be: seeds look at the day, the zone and the currency."""
    day = world.now().date() if world else None
    digest = hashlib.sha256(f"{server} {demo} {day} {settings.zone} {settings.currency}".encode())
    for pack in map(pack_from, packs):
        for path, content in sorted(pack.files.items()):
            digest.update(f"{pack.name}\0{path}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _original(
    key: str, packs: list[GivenPack] | None, settings: Settings, world: World | None, *, demo: bool = False
) -> _Original:
    if key not in _originals:
        _originals[key] = _made(key, packs, settings, world, demo=demo)
    return _originals[key]


def _made(
    key: str, packs: list[GivenPack] | None, settings: Settings, world: World | None, *, demo: bool
) -> _Original:
    if not _server(settings.database_url):
        return _made_for_all(key, packs, settings, world, demo=demo)
    cluster = postgres.running(_server(settings.database_url))
    url = cluster.url(cluster.create())
    folder = _folder() / f"{key}-on-postgresql-{os.getpid()}"
    _install(url, folder, packs, settings, world, demo=demo)
    return _Original(url, folder)


def _made_for_all(
    key: str, packs: list[GivenPack] | None, settings: Settings, world: World | None, *, demo: bool
) -> _Original:
    """A file serves all processes of a run: whoever is first makes it, the others wait for it."""
    place = _folder() / key
    with (_folder() / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            making = _folder() / f"{key}.{os.getpid()}"
            _install(f"sqlite:///{making / 'xrm.db'}", making, packs, settings, world, demo=demo)
            making.rename(place)
    return _Original(f"sqlite:///{place / 'xrm.db'}", place)


def _install(
    url: str,
    folder: Path,
    packs: list[GivenPack] | None,
    settings: Settings,
    world: World | None,
    *,
    demo: bool,
) -> None:
    """The database is there with these packs; with None it has a ledger, which is empty."""
    shutil.rmtree(folder, ignore_errors=True)  # what an attempt that failed has left
    folder.mkdir()
    own = replace(settings, data=folder / "data", database_url=url)
    # Ids of its own: worlds of other processes count from one, too.
    chosen = world or fixed_world(NOON, seed=int(folder.name[:12], 16))
    is_bare = packs is None
    testing.make_runtime(
        url, folder, packs or (), demo=demo, world=chosen, settings=own, install=not is_bare
    ).close()


@cache
def _folder() -> Path:
    """Where the originals of this run lie, which the process that hands out the tests sweeps away."""
    if given := os.environ.get(ORIGINALS):
        return Path(given)
    folder = Path(tempfile.mkdtemp(prefix="xrm-installed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _server(url: str) -> str:
    """The PostgreSQL server of the address; empty for SQLite."""
    return str(make_url(url).query.get("host", "")) if url.startswith("postgresql") else ""


def _is_empty(url: str) -> bool:
    if not _server(url):
        return not Path(_database(url)).exists()
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as session:
        found = session.execute("SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 1")
        return found.fetchone() is None


def _copy(original: _Original, url: str, data: Path) -> None:
    if server := _server(url):
        postgres.running(server).fill(_database(url), _database(original.url))
    else:
        _copy_file(Path(_database(original.url)), Path(_database(url)))
    if (files := original.folder / "data" / "files").exists():
        shutil.copytree(files, data / "files", dirs_exist_ok=True)


def _copy_file(original: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(original)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)


def _database(url: str) -> str:
    return str(make_url(url).database)


def plan_back(runtime: Runtime, number: int) -> SchemaPlan:
    """The steps that would bring back the version of that number."""
    return runtime.packs.foresee(Revision(version=number)).plan
