"""The database's own backup, beside the files: fast, and for databases of the same kind only."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
from psycopg.conninfo import conninfo_to_dict

from xrm.engine.backup.archive import PARTIAL, demand_free, unwritable
from xrm.engine.backup.taking import Ground, contents_of
from xrm.engine.storage.database import Database
from xrm.engine.storage.files import FileStore
from xrm.engine.storage.folders import sync
from xrm.engine.storage.types import instant_text
from xrm.errors import NotFound, Problem, Unavailable

SQLITE_FILE, DUMP, ABOUT = "xrm.db", "xrm.dump", "backup.json"
PG_DUMP = "pg_dump"
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def write_native(ground: Ground, path: Path) -> Path:
    """The folder `path` holds a copy of the database and of the files; gives the copy of the database.

    Raises Conflict where something is there already, and Unavailable where it cannot be made; then nothing is there.
    """
    with _new_folder(path) as draft:
        if ground.database.dialect.is_sqlite:
            copy = _copy_sqlite(ground.database, draft / SQLITE_FILE)
        else:
            copy = _dump_postgresql(ground.database, draft / DUMP)
        with ground.database.read() as unit:
            contents = contents_of(unit)
        for digest in contents:
            _copy_content(ground.files, digest, draft / "files")
        about = {"program": ground.program, "database": ground.database.dialect.name}
        (draft / ABOUT).write_bytes(orjson.dumps({**about, "made_at": instant_text(ground.world.now())}))
    return path / copy.name


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    demand_free(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        draft.mkdir(mode=0o700)
        yield draft
        demand_free(path)
        draft.rename(path)
        sync(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_sqlite(database: Database, target: Path) -> Path:
    """The file as it was at one moment, by the way that SQLite has for this."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    source = database.engine.url.database or ""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
    return target


def _dump_postgresql(database: Database, target: Path) -> Path:
    program = shutil.which(PG_DUMP)
    if program is None:
        hint = "Install the client programs of PostgreSQL (Debian: apt-get install postgresql-client)."
        raise Unavailable(Problem("B110", "pg_dump is not installed here.", hint))
    asked = [program, "--format=custom", "--no-owner", f"--file={target}"]
    done = subprocess.run(asked, env=_environment(database), capture_output=True, text=True)
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        hint = "Use the pg_dump of the server's version or a later one, and see that it may read everything."
        raise Unavailable(Problem("B110", f"pg_dump failed: {told}", hint))
    target.chmod(0o600)
    return target


def _environment(database: Database) -> Mapping[str, str]:
    """Where the database is, in the words of its own programs; a password is not for the list of processes."""
    address = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    facts = conninfo_to_dict(address)
    given = {variable: str(facts[name]) for name, variable in _VARIABLES.items() if facts.get(name)}
    return {**os.environ, **given}


def _copy_content(files: FileStore, digest: str, folder: Path) -> None:
    """The content lies as in the file store; one that is lost is left out."""
    target = folder / digest[:2] / digest[2:4] / digest
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        source = files.open(digest)
    except NotFound:
        return
    with source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)
