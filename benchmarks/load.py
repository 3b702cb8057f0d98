"""Load on a server: so many connections, each with one request under way, on bare sockets of this machine."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.operations import Request

HOST = "127.0.0.1"
CHUNK = 1 << 16
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class BadAnswer(RuntimeError):
    """A request was refused: what follows could not be compared."""


@dataclass(slots=True)
class Wire:
    """One open connection."""

    port: int
    token: str
    socket: socket.socket = field(init=False)
    sent_at: float = 0.0
    got: bytes = b""

    def __post_init__(self) -> None:
        self.socket = socket.create_connection((HOST, self.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: Request, media: str = "application/json") -> None:
        """The request is under way."""
        head = (
            f"{request.method} {request.path} HTTP/1.1\r\nHost: {HOST}\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: {media}\r\n"
            f"Content-Length: {len(request.body)}\r\n\r\n"
        )
        self.got, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(head.encode() + request.body)

    def receive(self) -> bytes | None:
        """The body of the answer, once all of it is there."""
        more = self.socket.recv(CHUNK)
        if not more:
            raise BadAnswer("The server hung up.")
        self.got += more
        head, found, body = self.got.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return None
        if head[9:10] != b"2":
            raise BadAnswer(f"{head.splitlines()[0].decode()}: {body[:500].decode(errors='replace')}")
        return body

    def ask(self, request: Request, media: str = "application/json") -> bytes:
        """The body of the answer."""
        self.send(request, media)
        while (body := self.receive()) is None:
            pass
        return body

    def close(self) -> None:
        """The connection is closed."""
        self.socket.close()


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: how many requests, in how many seconds, and how long each took."""

    requests: int
    seconds: float
    times: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """The time in which this share of the requests was answered, in milliseconds."""
        ordered = sorted(self.times)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def drive(wires: list[Wire], requests: Iterator[Request], seconds: float) -> Load:
    """The server has answered requests on all connections for that long; all under way are answered, too."""
    times: list[float] = []
    started = time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        for wire in wires:
            waiting.register(wire.socket, selectors.EVENT_READ, wire)
            wire.send(next(requests))
        while waiting.get_map():
            for key, _ in waiting.select():
                wire = key.data
                if wire.receive() is None:
                    continue
                now = time.perf_counter()
                times.append(now - wire.sent_at)
                if now - started < seconds:
                    wire.send(next(requests))
                else:
                    waiting.unregister(wire.socket)
    return Load(len(times), time.perf_counter() - started, tuple(times))
