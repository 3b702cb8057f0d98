"""serve: real processes over a real port, on both databases."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.cli.conftest import DEAL, SECRET
from tests.support.project import ROOT
from xrm.testing import a_pack, admin_actor, make_runtime, pack_from

PATIENCE = 60.0
PROMISED = 2.0
PARTS = a_pack("parts", part=DEAL)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str, token: str = "") -> tuple[int, dict]:
    """Status and JSON of the answer; 0 while nobody listens."""
    request = Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refusal:
        return refusal.code, json.load(refusal)
    except (URLError, ConnectionError):
        return 0, {}


def until(holds, seconds: float) -> bool:
    """Whether it came to hold in time."""
    end, pause = time.monotonic() + seconds, Event()
    while time.monotonic() < end:
        if holds():
            return True
        pause.wait(0.05)
    return False


def command_for(port: int) -> list[str]:
    return [sys.executable, "-m", "xrm", "serve", "--port", str(port)]


def environment_for(url: str, data: Path) -> dict[str, str]:
    address = url.replace("postgresql+psycopg://", "postgresql://")
    return {**os.environ, "XRM_DATABASE_URL": address, "XRM_SECRET_KEY": SECRET, "XRM_DATA": str(data)}


@contextmanager
def serving(url: str, data: Path) -> Iterator[int]:
    port = free_port()
    command, environ = [*command_for(port), "--workers", "1"], environment_for(url, data)
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert until(lambda: ask(port, "/health/ready")[0] == 200, PATIENCE), "nobody listens"
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        said, _ = server.communicate(timeout=PATIENCE)
    assert f"http://127.0.0.1:{port}" in said
    assert server.returncode == 0


@pytest.fixture
def installation(database_url, tmp_path):
    runtime = make_runtime(database_url, tmp_path, [a_pack("sales", deal=DEAL)])
    yield runtime
    runtime.close()


def test_a_pack_installed_while_two_processes_serve_is_there_in_both(installation, database_url, tmp_path):
    token = installation.identity.create_token(admin_actor(installation), "test")
    data = tmp_path / "data"
    with serving(database_url, data) as one, serving(database_url, data) as other:
        ports = (one, other)
        assert [ask(port, "/api/v1/records/deal", token)[0] for port in ports] == [200, 200]
        assert [ask(port, "/api/v1/records/part", token)[0] for port in ports] == [404, 404]
        installation.packs.install([pack_from(PARTS)], installation.installer)
        began = time.monotonic()
        answers = [ask(port, "/api/v1/records/part", token) for port in ports]
        assert time.monotonic() - began < PROMISED
        assert answers == [(200, {"data": [], "next": None})] * 2


def test_a_port_that_is_taken_is_a_refusal(installation, tmp_path, database_url):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environ = {
            **os.environ,
            "XRM_DATABASE_URL": database_url.replace("postgresql+psycopg://", "postgresql://"),
            "XRM_SECRET_KEY": SECRET,
            "XRM_DATA": str(tmp_path / "data"),
        }
        command = [sys.executable, "-m", "xrm", "serve", "--port", str(other.getsockname()[1])]
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--port" in done.stderr


def test_a_worker_works_until_it_is_told_to_stop(installation, tmp_path, database_url):
    command = [sys.executable, "-m", "xrm", "work"]
    environ = environment_for(database_url, tmp_path / "data")
    worker = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline().startswith("xrm works.")
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0
