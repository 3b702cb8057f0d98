"""A process, or a thread of the one-command server, that performs jobs until it is stopped."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from datetime import timedelta

from xrm.engine.jobs.dbos_runner import DbosRunner
from xrm.engine.jobs.port import DEFAULT_QUEUE
from xrm.engine.jobs.service import Jobs
from xrm.errors import Unavailable

JOBS_AT_ONCE = 2
SWEEP_EVERY = timedelta(hours=1)
KEPT_RUNS = timedelta(days=1)
log = logging.getLogger(__name__)


class Worker:
    """Performs the jobs of its queues and looks after those whose worker has died. One per process."""

    def __init__(self, jobs: Jobs, runner: DbosRunner, queues: tuple[str, ...], at_once: int) -> None:
        self._jobs, self._runner, self._queues, self._at_once = jobs, runner, queues, at_once
        self._over = threading.Event()
        self._stack = ExitStack()
        self._suspects: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._watch, name="xrm-worker", daemon=True)

    def start(self) -> None:
        """Jobs are performed from now on."""
        self._runner.prepare()
        name = self._stack.enter_context(self._jobs.present())
        self._stack.callback(self._runner.launch(name, self._queues, self._at_once))
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Nothing more is performed here; what ran has ended at a checkpoint, for another worker to go on."""
        self._over.set()
        self._thread.join()
        self._jobs.stop(seconds)
        self._stack.close()

    def wait(self) -> None:
        """Somebody has called `stop`."""
        self._over.wait()

    def _watch(self) -> None:
        swept = self._jobs.world.now() - SWEEP_EVERY
        while not self._over.wait(self._jobs.lease.beat.total_seconds()):
            try:
                # Twice in a row: the first silence may only mean that the database let nobody write.
                self._suspects = self._jobs.take_over(self._suspects)
                if self._jobs.world.now() - swept >= SWEEP_EVERY:
                    swept = self._jobs.world.now()
                    self._runner.sweep(swept - KEPT_RUNS)
                    self._jobs.start_due()
            except Unavailable as error:
                log.warning("the watch over other workers waits: %s", error)


def start_worker(
    jobs: Jobs, queues: tuple[str, ...] = (DEFAULT_QUEUE,), at_once: int = JOBS_AT_ONCE
) -> Worker:
    """A worker runs in this process; stop it before the process ends, or another one will have to notice."""
    runner = jobs.runner
    if not isinstance(runner, DbosRunner):
        raise TypeError("A worker needs the durable runner.")
    worker = Worker(jobs, runner, queues, at_once)
    worker.start()
    return worker
