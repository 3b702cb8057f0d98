"""The unit of work: all or nothing, isolated, in a queue where the database has one writer."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.storage.conftest import write_and_break
from tests.support import postgres
from xrm.engine.storage.database import Database
from xrm.engine.storage.dialects import Options
from xrm.engine.storage.faults import DRIVER_ERRORS
from xrm.engine.storage.types import Integer, Text
from xrm.errors import Conflict, Unavailable
from xrm.settings import SettingsInvalid

SAMPLE = sa.Table(
    "sample", sa.MetaData(), sa.Column("n", Integer(), primary_key=True), sa.Column("word", Text())
)
COUNT = sa.select(sa.func.count()).select_from(SAMPLE)


def _create(database: Database) -> None:
    with database.write() as unit:
        unit.execute(sa.schema.CreateTable(SAMPLE))


def _count(database: Database) -> int:
    with database.read() as unit:
        return int(unit.execute(COUNT).scalar_one())


def _add(database: Database, *numbers: int) -> None:
    prepared = database.prepare(sa.insert(SAMPLE), ["n"])
    with database.write() as unit:
        for number in numbers:
            unit.change(prepared, {"n": number})


def test_what_a_block_wrote_is_there_when_it_has_ended(database: Database) -> None:
    _create(database)
    _add(database, 1, 2)
    assert _count(database) == 2


def test_nothing_is_left_of_a_block_that_raised(database: Database) -> None:
    _create(database)
    insert = database.prepare(sa.insert(SAMPLE), ["n"])
    with pytest.raises(ZeroDivisionError):
        write_and_break(
            database,
            lambda unit: unit.execute(sa.insert(SAMPLE).values(n=1)),
            lambda unit: unit.change(insert, {"n": 2}),
        )
    assert _count(database) == 0
    _add(database, 1)


def test_a_table_made_in_a_block_that_raised_is_gone(database: Database) -> None:
    _create(database)
    other = sa.Table("other", sa.MetaData(), sa.Column("n", Integer()))
    with pytest.raises(ZeroDivisionError):
        write_and_break(
            database,
            lambda unit: unit.execute(sa.schema.CreateTable(other)),
            lambda unit: unit.script("ALTER TABLE sample ADD COLUMN extra text"),
        )
    with database.read() as unit:
        inspector = sa.inspect(unit.connection)
        assert inspector.get_table_names() == ["sample"]
        assert [c["name"] for c in inspector.get_columns("sample")] == ["n", "word"]


def test_a_read_sees_one_moment_while_others_write(database: Database) -> None:
    _create(database)
    _add(database, 1)
    with database.read() as unit:
        assert unit.execute(COUNT).scalar() == 1
        writer = threading.Thread(target=_add, args=(database, 2))
        writer.start()
        writer.join()
        assert unit.execute(COUNT).scalar() == 1
    assert _count(database) == 2


def test_a_reading_unit_cannot_write(database: Database) -> None:
    _create(database)
    with pytest.raises((*DRIVER_ERRORS, Unavailable)), database.read() as unit:
        unit.execute(sa.insert(SAMPLE).values(n=1))
    assert _count(database) == 0


def test_a_savepoint_gives_up_its_part_only(database: Database) -> None:
    _create(database)
    insert = database.prepare(sa.insert(SAMPLE), ["n"])
    with database.write() as unit:
        unit.change(insert, {"n": 1})
        with pytest.raises(Conflict), unit.savepoint():
            unit.insert_many(SAMPLE, ["n"], [{"n": 2}, {"n": 1}])
        with unit.savepoint():
            unit.change(insert, {"n": 3})
    with database.read() as unit:
        assert list(unit.execute(sa.select(SAMPLE.c.n).order_by(SAMPLE.c.n)).scalars()) == [1, 3]


def test_callbacks_run_after_the_commit_and_only_then(database: Database) -> None:
    _create(database)
    told: list[int] = []
    with database.write() as unit:
        unit.execute(sa.insert(SAMPLE).values(n=1))
        unit.after_commit(lambda: told.append(_count(database)))
        assert told == []
    assert told == [1]
    with pytest.raises(ZeroDivisionError):
        write_and_break(database, lambda unit: unit.after_commit(lambda: told.append(-1)))
    assert told == [1]


def test_work_that_deadlocks_is_repeated(postgres_url: str) -> None:
    database = Database(postgres_url)
    _create(database)
    _add(database, 1, 2)
    change = database.prepare(sa.update(SAMPLE).where(SAMPLE.c.n == sa.bindparam("mine")), ["word"])
    both = threading.Barrier(2)
    tries: list[str] = []

    def cross(first: int, second: int) -> None:
        met = False

        def work(unit: object) -> None:
            nonlocal met
            tries.append("try")
            unit.change(change, {"mine": first, "word": "x"})
            if not met:
                met = True
                both.wait(10)
            unit.change(change, {"mine": second, "word": "x"})

        database.transact(work)

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(cross, 1, 2), pool.submit(cross, 2, 1)]
        for future in done:
            future.result(30)
    # One of the two is ended and tries again; on a busy machine the two may cross once more.
    assert len(tries) >= 3
    database.close()


def _write_with_four_threads(url: str, first: int, count: int, failures: Any) -> None:
    """Each transaction reads, then writes: what a plain BEGIN loses to "database is locked"."""
    database = Database(url)
    insert, total = database.prepare(sa.insert(SAMPLE), ["n"]), database.prepare(COUNT)

    def write(start: int) -> None:
        for number in range(start, start + count):
            try:
                with database.write() as unit:
                    unit.one(total)
                    unit.change(insert, {"n": number})
            except Unavailable as error:
                failures.put(str(error))

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(write, (first + n) * 10_000) for n in range(4)]:
            future.result()
    database.close()


def test_eight_writers_in_two_processes_and_none_finds_the_file_locked(
    sqlite_url: str, scale: Callable[[int, int], int]
) -> None:
    database = Database(sqlite_url)
    _create(database)
    context = multiprocessing.get_context("spawn")
    failures, count = context.Queue(), scale(50, 1000)
    crowd = [
        context.Process(target=_write_with_four_threads, args=(sqlite_url, first, count, failures))
        for first in (0, 4)
    ]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join()
    assert failures.empty()
    assert _count(database) == 8 * count
    database.close()


def test_eight_threads_write_one_database_and_none_is_refused(database: Database) -> None:
    _create(database)
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(_add, database, *range(n * 100, n * 100 + 10)) for n in range(8)]:
            future.result(60)
    assert _count(database) == 80


def test_a_unit_inside_a_unit_of_the_same_thread_is_a_mistake_and_no_deadlock(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with pytest.raises(RuntimeError, match="inside another"), database.write(), database.write():
        raise AssertionError("the second block was entered")
    _create(database)
    database.close()


def test_a_busy_file_is_reported_as_unavailable(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url, Options(busy_seconds=0.05))
    _create(database)
    other = sqlite3.connect(tmp_path / "xrm.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as caught:
        _add(database, 1)
    other.execute("ROLLBACK")
    other.close()
    assert caught.value.first.code == "R163"
    assert caught.value.facts["retry"] is True
    _add(database, 1)
    database.close()


def test_a_full_disk_is_told_as_such_and_the_database_goes_on(sqlite_url: str) -> None:
    """SQLite has rolled back by itself then, and a second ROLLBACK would hide why."""
    database = Database(sqlite_url)
    _create(database)
    with database.write() as unit:
        pages = unit.execute(sa.text("PRAGMA page_count")).scalar_one()
        unit.script(f"PRAGMA max_page_count = {pages + 2}")
    large = [{"n": number, "word": "x" * 4000} for number in range(1000)]
    with pytest.raises(Unavailable) as caught, database.write() as unit:
        unit.insert_many(SAMPLE, ["n", "word"], large)
    assert caught.value.first.code == "R166"
    assert caught.value.facts["status"] == 507
    _add(database, 1)
    assert _count(database) == 1
    database.close()


@pytest.mark.parametrize("system", ["sqlite", "postgresql"])
def test_a_statement_that_takes_too_long_is_ended(system: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[system])
    database = Database(url, Options(statement_seconds=0.2))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(Unavailable) as caught, database.read() as unit:
        unit.execute(sa.text(endless))
    assert caught.value.first.code == "R165"
    with database.read() as unit:
        assert unit.execute(sa.text("SELECT 1")).scalar() == 1
    database.close()


def test_a_limit_for_the_whole_replaces_that_of_a_statement(database_url: str) -> None:
    database = Database(database_url, Options(statement_seconds=0.05))
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000)"
    slow = f"{numbers} SELECT max(i) FROM n"
    with database.read(seconds=60) as unit:
        assert unit.execute(sa.text(slow)).scalar() == 600_000
    with database.write(seconds=60) as unit:
        assert unit.execute(sa.text(slow)).scalar() == 600_000
    with pytest.raises(Unavailable), database.read() as unit:
        unit.execute(sa.text(slow))
    database.close()


def test_a_lost_server_is_unavailable_and_a_new_one_is_found() -> None:
    with postgres.cluster() as server:
        url = server.url(server.create())
        database = Database(url)
        _create(database)
        with pytest.raises(Unavailable) as caught, database.write() as unit:
            unit.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert caught.value.first.code == "R164"
        assert caught.value.facts["retry_after"]
        _add(database, 1)
        assert _count(database) == 1
        database.close()
    with pytest.raises(Unavailable) as caught:
        _count(Database(url))
    assert caught.value.first.code == "R164"


def test_what_was_read_before_the_server_went_stays_read(postgres_url: str) -> None:
    """The answer is there; that nobody can say goodbye to the server any more is no failure of the reader."""
    database, other = Database(postgres_url), Database(postgres_url)
    with database.read() as unit:
        backend = unit.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        with other.write() as hand:
            hand.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
    with database.read() as unit:
        assert unit.execute(sa.text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("kind", ["read", "write"])
def test_whoever_finds_the_server_gone_is_told_to_try_again(postgres_url: str, kind: str) -> None:
    """What the driver says when the lost connection is put away does not take the place of that."""
    database, other = Database(postgres_url), Database(postgres_url)

    def work() -> None:
        with getattr(database, kind)() as unit:
            backend = unit.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            with other.write() as hand:
                hand.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
            unit.run(database.prepare(sa.select(sa.literal(1))))

    with pytest.raises(Unavailable) as refused:
        work()
    assert [problem.code for problem in refused.value.problems] == ["R164"]
    with database.read() as unit:
        assert unit.execute(sa.text("SELECT 1")).scalar_one() == 1


def test_a_database_in_memory_is_refused_with_advice() -> None:
    with pytest.raises(SettingsInvalid, match="needs a file"):
        Database("sqlite://")


def test_sqlite_keeps_every_acknowledged_write_by_default(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.write() as unit:
        pragmas = {
            name: unit.execute(sa.text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    database.close()


AWKWARD = ("\\N", "\\.", "a\tb", "a\nb\r\nc", "\\", "\\t", "", '{"a\\": 1}', "NULL", "é\u2028\U0001f600")


@pytest.mark.parametrize("alike", [True, False], ids=["a column of texts", "a column with empty values"])
def test_many_rows_keep_every_character(database: Database, *, alike: bool) -> None:
    """PostgreSQL is sent many rows as one text, in which some characters mean something."""
    _create(database)
    words = [*AWKWARD, *(None for _ in range(0 if alike else 3)), *(f"plain {n}" for n in range(30))]
    with database.write() as unit:
        unit.insert_many(SAMPLE, ["n", "word"], [{"n": n, "word": word} for n, word in enumerate(words)])
    with database.read() as unit:
        assert list(unit.execute(sa.select(SAMPLE.c.word).order_by(SAMPLE.c.n)).scalars()) == words


def test_what_opens_a_transaction_looks_once_it_has_waited(database: Database) -> None:
    """So whoever waited for a change of the definitions does not go on with those of before."""
    _create(database)
    look, hold = "SELECT count(*) FROM sample", "SELECT pg_advisory_xact_lock(7)"
    opening = look if database.dialect.is_sqlite else f"{hold}; {look}"

    def opened() -> Any:
        with database.write(opening=opening) as unit:
            return unit.opened[opening]

    with ThreadPoolExecutor() as pool:
        with database.write() as unit:
            if not database.dialect.is_sqlite:
                unit.script(hold)
            unit.execute(sa.insert(SAMPLE).values(n=1))
            found = pool.submit(opened)
            time.sleep(0.3)
            assert not found.done()
        assert found.result(timeout=30) == (1,)
