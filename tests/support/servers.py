"""Installations whose verbs are processes, servers on loopback ports, and callers that speak HTTP to them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote, urlencode

from tests.support.project import ROOT

HOST = "127.0.0.1"
KEY = "n8Zr4mQ1wLx7Tb2Vc9Jd5Kf3Hg6Ys0Pa"
PATIENCE = 120.0
IDLE_SECONDS = 10
PAUSE = 0.02
XRM = ("-m", "xrm")
NOT_INHERITED = ("XRM_", "PYTHONDONTWRITEBYTECODE")
# Many short processes: what one has compiled, the next need not.
BYTECODE = str(Path(tempfile.gettempdir()) / "xrm-tests-bytecode")
_NEVER = Event()


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it came to hold before the deadline."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        _NEVER.wait(PAUSE)
    return True


def free_port() -> int:
    """A port on which nobody listens."""
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


# --- what is said over HTTP ---------------------------------------------------------------------------


class NoAnswer(Exception):
    """The connection ended before the answer came: whatever was asked for is done, or is not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.text)


@dataclass(slots=True)
class Caller:
    """Somebody with a token who keeps one connection open. One thread uses it at a time."""

    port: int
    token: str = ""
    wire: HTTPConnection | None = None
    asked_at: float = 0.0

    def __call__(self, method: str, path: str, body: Any = None, **params: Any) -> Answer:
        """The answer of the API; raises NoAnswer where there is none."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        asked = f"?{urlencode(params, doseq=True, quote_via=quote)}" if params else ""
        data = None if body is None else json.dumps(body).encode()
        return self.ask(method, f"/api/v1{path}{asked}", data, headers)

    def ask(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer of any address, redirects not followed; raises NoAnswer where there is none."""
        if time.monotonic() - self.asked_at > IDLE_SECONDS:
            self.hang_up()  # servers close connections on which nobody asks
        wire = self.wire = self.wire or HTTPConnection(HOST, self.port, timeout=PATIENCE)
        self.asked_at = time.monotonic()
        try:
            wire.request(method, path, data, dict(headers or {}))
            got = wire.getresponse()
            text = got.read().decode()
        except (OSError, HTTPException) as error:
            self.hang_up()
            raise NoAnswer(repr(error)) from error
        named = {name.lower(): value for name, value in got.getheaders()}
        return Answer(got.status, named, text, tuple(got.headers.get_all("Set-Cookie") or ()))

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """The connection is closed; the next call opens another."""
        if self.wire is not None:
            self.wire.close()
        self.wire = None


# --- processes ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Server:
    """`xrm serve` with its workers: a process group of its own, so that it can be killed as a whole."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def caller(self, token: str = "") -> Caller:
        """Somebody who calls this server."""
        return Caller(self.port, token)

    def is_ready(self) -> bool:
        """Whether it answers requests; fails when the process is gone."""
        assert self.process.poll() is None, f"The server has ended:\n{self.said()}"
        with suppress(NoAnswer), self.caller() as call:
            return call.ask("GET", "/health/ready").status == 200
        return False

    def said(self) -> str:
        """What it wrote on the screen."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Every process of it was killed with -9, in the middle of whatever it did."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=PATIENCE)
        assert until(lambda: not _listens(self.port)), "A worker survived kill -9."


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((HOST, port)) == 0


@dataclass(frozen=True, slots=True)
class Site:
    """An installation: a folder and a database. Every verb is a process that knows only its environment."""

    folder: Path
    database_url: str
    program: tuple[str, ...] = XRM
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def environ(self) -> dict[str, str]:
        """What the processes find in their environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": BYTECODE,
            "XRM_DATA": str(self.folder / "data"),
            "XRM_DATABASE_URL": self.database_url.replace("postgresql+psycopg://", "postgresql://", 1),
            "XRM_SECRET_KEY": KEY,
            "XRM_PASSWORD_MEMORY": "1024",
            "XRM_LIMIT_REQUESTS_PER_MINUTE": "100000000",
        }

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """The verb has ended, however it did."""
        return subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
        )

    def xrm(self, *arguments: object) -> Any:
        """What the verb answered to a program; it was done."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, f"xrm {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def token(self, email: str) -> str:
        """A new token of the user."""
        return str(self.xrm("token", "add", email, "proof")["token"])

    def start(self, port: int = 0) -> Server:
        """A server is starting, at that port or any free one; `is_ready` says when it answers."""
        chosen, number = port or free_port(), next(self.numbers)
        log = self.folder / f"server-{number}.log"
        command = self._command("serve", "--port", chosen, "--workers", 1)
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environ, stdout=out, stderr=out, start_new_session=True
            )
        return Server(chosen, process, log)

    @contextmanager
    def serving(self, number: int = 1) -> Iterator[tuple[Server, ...]]:
        """So many servers of one worker each answer inside this block, and are gone afterwards.

        Two workers behind one port would not do for work at the same time: one may get all connections.
        """
        servers = tuple(self.start() for _ in range(number))
        try:
            for server in servers:
                assert until(server.is_ready), f"The server does not answer:\n{server.said()}"
            yield servers
        finally:
            for server in servers:
                server.kill()

    def _command(self, *arguments: object) -> list[str]:
        return [sys.executable, *self.program, *map(str, arguments)]


def write_pack(pack: Mapping[str, str], folder: Path) -> Path:
    """The folder with the files of the pack."""
    for path, text in pack.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder
