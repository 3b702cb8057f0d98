"""What a folder needs of the system besides its files: to be changed by one at a time, and to be on the disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import errno
    import msvcrt

    def _wait_for(handle: int) -> None:
        while True:
            try:
                return msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
            except OSError as error:  # it waits for ten seconds only
                if error.errno != errno.EDEADLK:
                    raise

    def _got(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def sync(folder: Path) -> None:
        """The system writes the names of a folder by itself, and opens none."""

else:
    import fcntl

    def _wait_for(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _got(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def sync(folder: Path) -> None:
        """The names in the folder are on the disk."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def alone_if_free(folder: Path, name: str) -> Iterator[bool]:
    """The same as `alone_in`, or false where somebody is there already; nobody waits."""
    handle = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _got(handle)
    finally:
        os.close(handle)


@contextmanager
def alone_in(folder: Path, name: str = "lock") -> Iterator[None]:
    """No other process or thread that asks for the same, by this name, is in the folder meanwhile."""
    handle = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(handle)
        yield
    finally:
        os.close(handle)
