"""The injected world: clock, ids and randomness. Nothing else in the engine reaches for them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import shake_256
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...


class Random(Protocol):
    """Gives bytes that nobody can foretell, or, in a test, that everybody can."""

    def bytes(self, count: int) -> bytes:
        """That many bytes."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant at which the clock was set."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """The clock shows a later instant."""
        self._at += by


class SystemRandom:
    """Randomness of the operating system."""

    def bytes(self, count: int) -> bytes:
        """That many bytes, fit for secrets."""
        return secrets.token_bytes(count)


class SeededRandom:
    """The same bytes for the same seed, in every run."""

    def __init__(self, seed: int) -> None:
        self._seed, self._calls = seed, 0

    def bytes(self, count: int) -> bytes:
        """That many bytes of the repeatable sequence."""
        self._calls += 1
        return shake_256(f"{self._seed}:{self._calls}".encode()).digest(count)


class Ids:
    """Makes ids of version 7: time first, so that they are born in order; strictly rising per process.

    The 12 bits after the millisecond count within it, from a random start; a millisecond that runs out of
    numbers borrows from the next.
    """

    def __init__(self, milliseconds: Callable[[], int], random_bytes: Callable[[int], bytes]) -> None:
        self._milliseconds, self._random_bytes = milliseconds, random_bytes
        self._lock = threading.Lock()
        self._last = 0

    def new(self) -> UUID:
        """An id above every one that this process has made."""
        tail = int.from_bytes(self._random_bytes(9), "big")
        with self._lock:
            self._last = max(self._last + 1, self._milliseconds() << 12 | (tail >> 64 & 0x7F) << 4)
            moment, count = self._last >> 12, self._last & 0xFFF
        return UUID(int=moment << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | tail & (1 << 62) - 1)


@dataclass(frozen=True, slots=True)
class World:
    """Where time, ids and randomness come from."""

    clock: Clock
    ids: Ids
    random: Random

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return self.clock.now()

    def new_id(self) -> UUID:
        """A new record id."""
        return self.ids.new()

    def token(self, count: int = 32) -> str:
        """A secret of that many random bytes, in hexadecimal."""
        return self.random.bytes(count).hex()


def real_world() -> World:
    """The world as it is."""
    source = SystemRandom()
    return World(SystemClock(), Ids(lambda: time.time_ns() // 1_000_000, source.bytes), source)


def fixed_world(at: datetime, seed: int = 0) -> World:
    """A world that stands still at `at` and repeats its ids and secrets for the same seed."""
    clock, source = FixedClock(at), SeededRandom(seed)
    return World(clock, Ids(lambda: int(clock.now().timestamp() * 1000), source.bytes), source)
