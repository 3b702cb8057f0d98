"""Workers of other processes, on DBOS: what is enqueued is done once, even if a worker is killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.engine.jobs.errand import CLERK, EFFECT, PORTIONS, errand_jobs
from xrm.engine.jobs import DbosRunner, Jobs, RunState, State
from xrm.engine.jobs.port import Run
from xrm.engine.storage.apply import prepare_installation
from xrm.engine.storage.database import Database
from xrm.engine.world import real_world


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    prepare_installation(made, real_world())
    with made.write() as unit:
        EFFECT.create(unit.connection)
    yield made
    made.close()


@pytest.fixture
def jobs(database: Database) -> Iterator[Jobs]:
    made = errand_jobs(database)
    runner = _runner(made)
    runner.prepare()
    yield made
    runner.close()


def _runner(jobs: Jobs) -> DbosRunner:
    assert isinstance(jobs.runner, DbosRunner)
    return jobs.runner


@contextmanager
def _worker(database: Database, hang_at: int = 0, ticks: str = "") -> Iterator[subprocess.Popen[str]]:
    address = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.engine.jobs.errand", address, str(hang_at), ticks]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def _effects(database: Database) -> list[int]:
    with database.read() as unit:
        return list(unit.execute(sa.select(EFFECT.c.portion).order_by(EFFECT.c.portion)).scalars())


def test_a_job_of_a_killed_worker_is_finished_by_another_and_nothing_is_done_twice(
    database: Database, jobs: Jobs
) -> None:
    job = jobs.start("errand", {}, CLERK)
    with _worker(database, hang_at=6) as first:
        assert [_line(first), _line(first)] == ["works", "hangs in 6"]
        first.kill()
        first.wait()
    assert _effects(database) == [1, 2, 3, 4, 5], "the portion on its way came to nothing"
    with _worker(database) as second:
        assert [_line(second), _line(second)] == ["works", "done"]
        second.communicate(timeout=30)
    seen = jobs.status(CLERK, job)
    assert (seen.state, seen.done, seen.attempt) == (State.DONE, PORTIONS, 2)
    assert _effects(database) == list(range(1, PORTIONS + 1))
    assert jobs.runner.status(Run(job, 1)) is RunState.OVER


def test_what_repeats_is_started_by_a_worker_without_being_asked_for(database: Database, jobs: Jobs) -> None:
    with _worker(database, ticks="ticks") as worker:
        assert [_line(worker), _line(worker)] == ["works", "ticks"]
        worker.communicate(timeout=30)
    assert [job.label for job in jobs.list(CLERK)] == ["Tick"]


def test_the_run_is_asked_for_in_the_transaction_of_its_cause(database: Database, jobs: Jobs) -> None:
    lost: list[UUID] = []

    def start_and_fail() -> None:
        with database.write() as unit:
            lost.append(jobs.start("errand", {}, CLERK, unit=unit))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start_and_fail()
    kept = jobs.start("errand", {}, CLERK)
    assert jobs.runner.status(Run(lost[0], 1)) is RunState.UNKNOWN
    assert jobs.runner.status(Run(kept, 1)) is RunState.WAITING


def test_a_delayed_run_waits_and_can_be_cancelled(jobs: Jobs) -> None:
    job = jobs.start("errand", {}, CLERK, after=timedelta(days=200))
    assert jobs.runner.status(Run(job, 1)) is RunState.WAITING
    assert jobs.cancel(CLERK, job).state is State.CANCELLED
    assert jobs.runner.status(Run(job, 1)) is RunState.OVER


def test_runs_that_are_long_over_are_forgotten(jobs: Jobs) -> None:
    job = jobs.start("errand", {}, CLERK, after=timedelta(days=1))
    jobs.cancel(CLERK, job)
    _runner(jobs).sweep(jobs.world.now() + timedelta(minutes=1))
    assert jobs.runner.status(Run(job, 1)) is RunState.UNKNOWN
    assert jobs.status(CLERK, job).state is State.CANCELLED
