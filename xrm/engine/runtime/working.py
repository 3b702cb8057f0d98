"""A process that does background work: performs jobs and tells consumers of changes, until it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xrm.engine.jobs import Worker, start_worker
from xrm.engine.runtime.service import Runtime


@contextmanager
def working(runtime: Runtime) -> Iterator[Worker]:
    """This process performs jobs inside the block; what runs at its end goes on in another worker.

    It serves the consumers of the change log, too.
    """
    worker = start_worker(runtime.jobs)
    runtime.dispatcher.start()
    try:
        yield worker
    finally:
        runtime.dispatcher.stop()
        worker.stop()
