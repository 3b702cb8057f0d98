"""serve: real processes over a real port, on both databases."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.cli.conftest import DEAL, SECRET
from tests.support.project import ROOT
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, admin_actor, make_runtime

PATIENCE = 60.0


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


def children(parent: int) -> set[int]:
    """The processes that this one has started and that still live."""
    return {process for process, above in living().items() if above == parent}


def living() -> dict[int, int]:
    """Which process has started each that lives."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, above = stat.read_text().rpartition(")")[2].split()[:2]
            found[int(stat.parent.name)] = 0 if state == "Z" else int(above)
    return {process: above for process, above in found.items() if above}


def command_for(port: int) -> list[str]:
    return [sys.executable, "-m", "xrm", "serve", "--port", str(port)]


def environment_for(url: str, data: Path) -> dict[str, str]:
    address = url.replace("postgresql+psycopg://", "postgresql://")
    return {**os.environ, "XRM_DATABASE_URL": address, "XRM_SECRET_KEY": SECRET, "XRM_DATA": str(data)}


@contextmanager
def started(url: str, data: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    command, environ = [*command_for(port), "--workers", "1"], environment_for(url, data)
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert f"http://127.0.0.1:{port}" in server.stdout.readline()
        assert ask(port, "/health/ready")[0] == 200
        yield server, port
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=PATIENCE)


@contextmanager
def serving(url: str, data: Path) -> Iterator[int]:
    with started(url, data) as (server, port):
        yield port
    assert server.returncode == 0


@dataclass(frozen=True)
class House:
    """An installation for all servers of this file."""

    runtime: Runtime
    url: str
    data: Path

    @cached_property
    def token(self) -> str:
        return self.runtime.identity.create_token(admin_actor(self.runtime), "test")


@pytest.fixture(scope="module")
def house(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    runtime = make_runtime(shared_url, folder, [a_pack("sales", deal=DEAL)])
    yield House(runtime, shared_url, folder / "data")
    runtime.close()


@pytest.fixture(scope="module")
def port(house: House) -> Iterator[int]:
    """Where a server is that several tests ask."""
    with serving(house.url, house.data) as found:
        yield found


def test_a_file_that_breaks_off_on_its_way_is_not_imported(house, port):
    token = house.token
    head = f"POST /api/v1/imports?entity=deal HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n"
    said = (
        f"{head}Content-Type: text/csv\r\nContent-Length: 100\r\nConnection: close\r\n\r\nname\nBridge\nTun"
    )
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) as door:
        door.sendall(said.encode())
        door.shutdown(socket.SHUT_WR)
        assert door.makefile("rb").readline().split()[1] == b"400"
    assert ask(port, "/api/v1/records/deal", token) == (200, {"data": [], "next": None})
    assert ask(port, "/api/v1/jobs", token)[1]["data"] == []


def test_an_empty_data_folder_is_set_up_in_a_browser(tmp_path):
    """Whoever starts the server gets the address with the key; nobody else has it."""
    data, port = tmp_path / "data", free_port()
    environ = {**os.environ, "XRM_DATA": str(data)}
    command = [*command_for(port), "--workers", "1"]
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert f"http://127.0.0.1:{port}" in server.stdout.readline()
        address = server.stdout.readline().removeprefix("Set it up at ").strip()
        assert address.startswith(f"http://127.0.0.1:{port}/setup?key=")
        with urlopen(address, timeout=PATIENCE) as form:
            assert "Set up xrm" in form.read().decode()
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=PATIENCE)
    assert server.returncode == 0


def test_a_port_that_is_taken_is_a_refusal(house):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environ = environment_for(house.url, house.data)
        command = [sys.executable, "-m", "xrm", "serve", "--port", str(other.getsockname()[1])]
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--port" in done.stderr


def test_a_worker_works_until_it_is_told_to_stop(house):
    command = [sys.executable, "-m", "xrm", "work"]
    environ = environment_for(house.url, house.data)
    worker = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline().startswith("xrm works.")
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0


def imported(port: int, token: str) -> str:
    """How a small import has ended, or that it has not yet."""
    address = f"http://127.0.0.1:{port}/api/v1/imports?entity=deal&mode=good_rows&name=deals.csv"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    with urlopen(Request(address, b"name\nBridge\n", headers, method="POST"), timeout=10) as answer:
        job = json.load(answer)["id"]
    until(lambda: ask(port, f"/api/v1/jobs/{job}", token)[1]["state"] not in ("queued", "running"), PATIENCE)
    return ask(port, f"/api/v1/jobs/{job}", token)[1]["state"]


def test_killed_processes_of_a_server_are_replaced_and_none_outlives_it(house):
    token = house.token
    with started(house.url, house.data) as (server, port):
        assert imported(port, token) == "done"
        killed = children(server.pid)
        assert len(killed) == 2, "one serves, and one performs jobs"
        for process in killed:
            os.kill(process, signal.SIGKILL)
        assert until(lambda: len(children(server.pid) - killed) == 2, PATIENCE)
        assert until(lambda: ask(port, "/health/ready")[0] == 200, PATIENCE)
        assert imported(port, token) == "done"
        last = children(server.pid)
    assert server.returncode == 0
    assert not last & living().keys()


def test_every_process_of_a_server_ends_when_its_first_one_was_killed(house):
    with started(house.url, house.data) as (server, _):
        last = children(server.pid)
        server.kill()
        gone = until(lambda: not last & living().keys(), PATIENCE)
        for process in last & living().keys():
            os.kill(process, signal.SIGTERM)
        assert gone, "one of them would keep the port, and perform no jobs"
