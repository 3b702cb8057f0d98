"""Two servers with the same records: ours on its installation, the limit on a copy of its database."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from benchmarks import data, operations, pack
from benchmarks.load import HOST, BadAnswer, Wire
from benchmarks.operations import Ids, Operation, Request
from benchmarks.processes import cpu_seconds
from tests.support import postgres
from xrm.engine.commands import Create
from xrm.engine.runtime import Runtime, open_runtime
from xrm.settings import Settings

PATIENCE = 120.0
PAUSE = 0.005
WORKERS = 2
KEY = "8f2b6c1d0e9a7354" * 3
LIMIT_TOKEN = "limit-" + KEY
EMAIL = "seller@example.com"
PORTION = 1000
BYTECODE = str(Path(tempfile.gettempdir()) / "xrm-benchmark-bytecode")
T = TypeVar("T")


class NotUp(RuntimeError):
    """A server did not answer in time; the message holds what it wrote."""


@dataclass(frozen=True, slots=True)
class Site:
    """An installation with records, and the way in."""

    settings: Settings
    token: str
    user: str
    ids: Ids
    cluster: postgres.Cluster | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server under measurement. `helpers` are processes that work for it: the database server."""

    name: str
    port: int
    token: str
    process: subprocess.Popen[bytes]
    helpers: tuple[int, ...]
    facts: Mapping[str, Any]
    started_in: float = 0.0
    started_cpu: float = 0.0

    @property
    def roots(self) -> tuple[int, ...]:
        """The processes whose trees do the work."""
        return (self.process.pid, *self.helpers)

    def wire(self) -> Wire:
        """A connection."""
        return Wire(self.port, self.token)

    def request(self, operation: Operation, ids: Ids, number: int) -> Request:
        """The n-th request of an operation, as this server wants it."""
        return operation.make(ids, number, self.facts)


@contextmanager
def sites(database: str, folder: Path, rows: int) -> Iterator[Site]:
    """An installation with this many deals, half as many contacts and a tenth as many accounts."""
    if database == "sqlite":
        yield _filled(folder, f"sqlite:///{folder / 'ours.db'}", rows, None)
        return
    with postgres.cluster(durable=True) as cluster:
        yield _filled(folder, cluster.url(cluster.create()), rows, cluster)


def _filled(folder: Path, url: str, rows: int, cluster: postgres.Cluster | None) -> Site:
    settings = Settings(
        data=folder / "data",
        database_url=url,
        secret_key=KEY,
        base_url=f"http://{HOST}:8000",
        password_memory=1024,
    )
    runtime = open_runtime(settings)
    try:
        runtime.packs.install([pack.pack()], runtime.installer)
        runtime.jobs.runner.prepare()
        ids = _records(runtime, rows)
        token, user = _seller(runtime)
        if cluster is not None:
            settle(url)
        return Site(settings, token, user, ids, cluster)
    finally:
        runtime.close()


def settle(url: str) -> None:
    """PostgreSQL knows what its tables hold, as it does by itself within minutes."""
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _seller(runtime: Runtime) -> tuple[str, str]:
    user = runtime.identity.people.create_user(
        runtime.installer, email=EMAIL, name="Seller", roles=[pack.ROLE]
    )
    token = runtime.identity.create_token(runtime.identity.actor(user, door="api"), "benchmark")
    return token, str(user)


def _records(runtime: Runtime, rows: int) -> Ids:
    accounts = _written(runtime, "account", data.accounts(max(rows // 10, 50)))
    contacts = _written(runtime, "contact", data.contacts(max(rows // 2, 50), accounts))
    return Ids(accounts, contacts, _written(runtime, "deal", data.deals(rows, accounts, contacts)))


def _written(runtime: Runtime, entity: str, rows: Iterator[data.Row]) -> list[str]:
    """The ids of the records, which are written the way all records are."""
    made: list[str] = []
    records, installer = runtime.current().records, runtime.installer
    while portion := [Create(entity, row) for row in islice(rows, PORTION)]:
        made += [str(result.id) for result in records.execute(installer, portion).results]
    return made


# --- servers ------------------------------------------------------------------------------------------


@contextmanager
def ours(site: Site, folder: Path) -> Iterator[Server]:
    """Our server, as `xrm serve` starts it, with the background work left to another process."""
    port = _free_port()
    command = ["-m", "xrm", "serve", "--port", str(port), "--workers", str(WORKERS), "--no-work"]
    facts = {"cursor": operations.our_cursor}
    with _started("ours", port, site.token, command, our_environ(site), folder, site, facts) as server:
        yield server


@contextmanager
def limit(site: Site, folder: Path) -> Iterator[Server]:
    """The limit, on its own copy of the database."""
    port = _free_port()
    command = ["-m", "granian", "--interface", "wsgi", "--workers", str(WORKERS), "--blocking-threads", "1"]
    command += ["--host", HOST, "--port", str(port), "--no-ws", "--log-level", "warning"]
    environ = {
        **os.environ,
        "LIMIT_DATABASE": _copy(site, folder),
        "LIMIT_TOKEN": LIMIT_TOKEN,
        "LIMIT_USER": site.user,
    }
    command += ["benchmarks.limit:application"]
    facts = {"cursor": operations.limit_cursor}
    with _started("limit", port, LIMIT_TOKEN, command, environ, folder, site, facts) as server:
        yield server


@contextmanager
def both(site: Site, folder: Path) -> Iterator[tuple[Server, Server]]:
    """Our server and the limit, with the same records."""
    _compile(os.environ)
    with limit(site, folder) as theirs, ours(site, folder) as our_own:
        yield our_own, theirs


def our_environ(site: Site) -> dict[str, str]:
    """What a process of our installation finds in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XRM_")}
    return {
        **kept,
        "XRM_DATA": str(site.settings.data),
        "XRM_DATABASE_URL": site.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1),
        "XRM_SECRET_KEY": KEY,
        "XRM_LIMIT_REQUESTS_PER_MINUTE": "100000000",
    }


@contextmanager
def worker(site: Site, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process that performs background jobs."""
    with _process(["-m", "xrm", "work"], our_environ(site), folder / "worker.log") as process:
        yield process


def _copy(site: Site, folder: Path) -> str:
    """Where the limit finds its own copy of everything."""
    if site.cluster is not None:
        source = site.settings.database_url.rpartition("?")[0].rpartition("/")[2]
        name = site.cluster.create(source)
        return f"host={site.cluster.socket} user={postgres.OWNER} dbname={name}"
    original, copied = folder / "ours.db", folder / "limit.db"
    with closing(sqlite3.connect(original)) as source:
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(original, copied)
    return str(copied)


@contextmanager
def _started(
    name: str,
    port: int,
    token: str,
    command: list[str],
    environ: Mapping[str, str],
    folder: Path,
    site: Site,
    facts: Mapping[str, Any],
) -> Iterator[Server]:
    log, begun = folder / f"{name}.log", time.perf_counter()
    with _process(command, environ, log) as process:
        helpers = () if site.cluster is None else (site.cluster.process.pid,)
        server = Server(name, port, token, process, helpers, facts)
        first = Request("GET", f"{operations.RECORDS}/deal/{site.ids.deals[0]}")
        try:
            until(lambda: _asked(server, first))
        except NotUp as late:
            raise NotUp(f"{name}: {late}\n{log.read_text(errors='replace')}") from late
        taken, cpu = time.perf_counter() - begun, cpu_seconds([process.pid])
        yield replace(server, started_in=taken, started_cpu=cpu)


def _compiling(environ: Mapping[str, str]) -> dict[str, str]:
    """The same, but what one process has compiled, the next finds, as on every installation."""
    kept = {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": BYTECODE}


def _compile(environ: Mapping[str, str]) -> None:
    """Everything that a server loads is compiled, so that its start can be measured."""
    loads = "import granian.cli, xrm.app, xrm.cli.serve, xrm.engine.runtime.working"
    subprocess.run([sys.executable, "-c", loads], env=_compiling(environ), check=True)


@contextmanager
def _process(command: list[str], environ: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=_compiling(environ),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE)


def _asked(server: Server, request: Request) -> bytes:
    wire = server.wire()
    try:
        return wire.ask(request)
    finally:
        wire.close()


def until(attempt: Callable[[], T]) -> T:
    """What the attempt gave once it succeeded; raises NotUp if it does not in time."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return attempt()
        except (OSError, BadAnswer) as refused:
            if time.monotonic() > end:
                raise NotUp(str(refused)) from refused
            time.sleep(PAUSE)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
