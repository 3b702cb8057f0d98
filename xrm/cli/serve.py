"""xrm serve: pages and API for people and programs, until it is stopped."""

from __future__ import annotations

import gc
import multiprocessing
import os
import socket
import sys
import time
from contextlib import ExitStack, closing, suppress
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import click

from xrm.cli.beside import beside, end_with_starter
from xrm.cli.frame import data_option, settings_for, verb
from xrm.cli.init import kept_way
from xrm.cli.output import say
from xrm.errors import Conflict, Problem
from xrm.settings import with_secret_key

if TYPE_CHECKING:
    from flask import Flask

    from xrm.engine.runtime import Runtime
    from xrm.settings import Settings

ANNOUNCE_SECONDS, ANNOUNCE_ATTEMPTS = 0.2, 3_000
# A forked process shares what the first one has loaded. Elsewhere system libraries do not bear a fork.
START_METHOD = "fork" if sys.platform == "linux" else "spawn"


@verb("serve", help="Serve pages and API until stopped.")
@click.option("--host", help="The address to listen on, instead of the one in the settings.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes serve.")
@click.option("--work/--no-work", "with_work", default=True, help="Perform background jobs, too.")
@data_option
def command(
    host: str | None, port: int | None, workers: int | None, with_work: bool, data: Path | None
) -> None:
    """Requests are served until the process is told to stop."""
    # Other processes may read their settings anew, so what was said here is said to them this way.
    given = {"XRM_DATA": data and data.resolve(), "XRM_HOST": host, "XRM_PORT": port, "XRM_WORKERS": workers}
    os.environ.update({name: str(value) for name, value in given.items() if value})
    multiprocessing.set_start_method(START_METHOD, force=True)
    settings = installation().settings
    _demand_free(settings.host, settings.port)
    way = _way_in(installation())
    _make_ready()
    with ExitStack() as stack:
        if with_work:
            stack.enter_context(beside("background jobs", perform_jobs))
        Thread(target=_announce, args=(settings, way), daemon=True).start()
        _server(settings).serve()


# --- what the processes share -------------------------------------------------------------------------


@cache
def installation() -> Runtime:
    """The open installation. A forked process finds the one of the process it was forked from."""
    from xrm.engine.runtime import open_runtime

    return open_runtime(with_secret_key(settings_for(None)))


@cache
def application() -> Flask:
    """What one process serves. A forked process finds it made."""
    from xrm.app import mount

    return mount(installation())


def served() -> Flask:
    """The same for a process that serves, which ends with the one that started it."""
    end_with_starter()
    made = application()
    installation().identity.sightings.keep_writing()
    installation().usage.keep_writing()
    return made


def perform_jobs(over: Event) -> None:
    """Background jobs were performed until it was over."""
    from xrm.engine.runtime.working import working

    with working(installation()):
        over.wait()


def _make_ready() -> None:
    """Whatever every process needs is made, and nothing is open that must not be carried into a fork."""
    application()
    installation().database.close()
    # The collector would write to every object, and the processes could not go on sharing their memory.
    gc.collect()
    gc.freeze()


def _way_in(runtime: Runtime) -> tuple[str, ...]:
    """How somebody gets in: the address of the first run, or the sign-in of a demo. The core is installed."""
    runtime.first_run.prepare()
    way = kept_way(runtime.settings.data)
    if way.email or not runtime.first_run.is_open:
        return tuple(way.lines()) if way.email else ()
    return (f"Set it up at {runtime.settings.base_url}/setup?key={runtime.first_run.key}",)


def _announce(settings: Settings, way: tuple[str, ...]) -> None:
    """Once a first request is answered, whoever started the server is told where it listens, and the way in."""
    host = _own_address(settings.host)
    for _ in range(ANNOUNCE_ATTEMPTS):
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection(host, settings.port, timeout=5)) as door,
        ):
            door.request("GET", "/health/live")
            if door.getresponse().status == HTTPStatus.OK:
                say("\n".join([f"xrm listens on {settings.base_url}   Stop it with Ctrl-C.", *way]))
                return
        time.sleep(ANNOUNCE_SECONDS)


def _own_address(host: str) -> str:
    """Where this machine reaches a server that listens on `host`, which may stand for every address."""
    with suppress(ValueError):
        if ip_address(host).is_unspecified:
            return "::1" if ":" in host else "127.0.0.1"
    return host


def _server(settings: Settings) -> Any:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    return Granian(
        "xrm.cli.serve:served",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=1,
        factory=True,
        websockets=False,
        log_level=LogLevels.info if settings.log_level == "debug" else LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )


def _demand_free(host: str, port: int) -> None:
    """Nobody else listens there; raises Conflict."""
    try:
        # Looked up here, what that loads is there before processes are forked; a thread must not load it then.
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        message = f"Cannot listen on {host} port {port}: {error.strerror}."
        raise Conflict(Problem("P130", message, "Choose another with --host and --port.")) from None
