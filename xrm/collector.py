"""The collector of cyclic garbage, kept quiet where many values are made at once and all of them are needed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Of the objects that a start makes, nearly all stay: at Python's 700 a fifth of each start goes into looking at them.
_SELDOM = (50_000, 20, 20)
_quiet = threading.Lock()


def collect_seldom() -> None:
    """From now on this process looks for cycles once it holds some ten megabytes more objects, and not at each step."""
    gc.set_threshold(*_SELDOM)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Inside the block no cycles are looked for; reference counts free what nobody holds, as ever.

    For work whose size has a limit. Blocks may lie in each other and run in several threads: the first one
    pauses the collector and turns it on again, so that threads that take turns do not keep it off for ever.
    """
    if not _quiet.acquire(blocking=False):
        yield
        return
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
        _quiet.release()
