"""xrm serve: pages and API for people and programs, until it is stopped."""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from contextlib import ExitStack, closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from xrm.cli.frame import data_option, opened, settings_for, verb
from xrm.cli.output import say
from xrm.errors import Conflict, Problem

if TYPE_CHECKING:
    from flask import Flask

    from xrm.settings import Settings

ANNOUNCE_SECONDS, ANNOUNCE_ATTEMPTS = 0.2, 3_000


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
    from xrm.engine.runtime.working import working

    # The processes that serve read their settings anew, so what was said here is said to them this way.
    given = {"XRM_DATA": data and data.resolve(), "XRM_HOST": host, "XRM_PORT": port, "XRM_WORKERS": workers}
    os.environ.update({name: str(value) for name, value in given.items() if value})
    # Threads and connections of this process must not be carried into the processes that serve.
    multiprocessing.set_start_method("spawn", force=True)
    with opened(None) as runtime, ExitStack() as stack:
        runtime.current()
        settings = runtime.settings
        _demand_free(settings.host, settings.port)
        if with_work:
            stack.enter_context(working(runtime))
        Thread(target=_announce, args=(settings,), daemon=True).start()
        _server(settings).serve()


def _announce(settings: Settings) -> None:
    """Once a first request is answered, whoever started the server is told where it listens."""
    host = _own_address(settings.host)
    for _ in range(ANNOUNCE_ATTEMPTS):
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection(host, settings.port, timeout=5)) as door,
        ):
            door.request("GET", "/health/live")
            if door.getresponse().status == HTTPStatus.OK:
                say(f"xrm listens on {settings.base_url}   Stop it with Ctrl-C.")
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
        "xrm.cli.serve:application",
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
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Cannot listen on {host} port {port}: {error.strerror}."
            raise Conflict(Problem("P130", message, "Choose another with --host and --port.")) from None


def application() -> Flask:
    """What one process serves."""
    from xrm.app import create_app
    from xrm.settings import with_secret_key

    return create_app(with_secret_key(settings_for(None)))
