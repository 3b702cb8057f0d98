"""Passwords: what may be one, and how it is kept (argon2id) and checked in the same time for everybody."""

from __future__ import annotations

from base64 import b64encode

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from xrm.errors import Invalid, Place, Problem
from xrm.metadata.values import fold

LEAST_LENGTH, MOST_LENGTH = 10, 200
FEWEST_CHARACTERS = 5
PASSES = 3


class Passwords:
    """Hashes and checks passwords at one cost; `memory` is in KiB."""

    def __init__(self, memory: int) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=memory, parallelism=1)
        # Checking against it costs as much as against any other, and making it costs nothing.
        salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
        self._nobody = f"$argon2id$v=19$m={memory},t={PASSES},p=1${salt}${digest}"

    def hash(self, password: str) -> str:
        """The text to keep."""
        return self._hasher.hash(_bytes(password))

    def is_right(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one kept; takes as long when there is none."""
        try:
            return self._hasher.verify(kept or self._nobody, _bytes(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed at another cost than today's."""
        return self._hasher.check_needs_rehash(kept)


def _bytes(password: str) -> bytes:
    return password[: 10 * MOST_LENGTH].encode("utf-8", "surrogatepass")


def check_password(password: str, *near: str) -> None:
    """The password may be one; raises Invalid when it is too short, too plain, or one of `near`."""
    problem = _fault(password, [fold(text) for text in near if text])
    if problem:
        message, hint = problem
        raise Invalid(Problem("A133", message, hint, Place(path="password")))


def _fault(password: str, near: list[str]) -> tuple[str, str] | None:
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        message = f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters."
        return message, "Choose several words."
    if len(set(password)) < FEWEST_CHARACTERS or fold(password) in near:
        return "This password is too easy to guess.", "Choose several words that only you would put together."
    return None
