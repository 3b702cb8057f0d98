"""Eight at once write to one SQLite file, and nobody ever finds it locked."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from tests.proofs.conftest import Tell
from tests.proofs.depot import Depot, make_depot
from tests.proofs.sight import look
from tests.proofs.writers import Tally, Verdict, Writer, judge
from tests.support.servers import PATIENCE, Server

EIGHT, SERVERS = 8, 4
HERE = Path(__file__).parent
Scale = Callable[[int, int], int]


@pytest.fixture
def depot(sqlite_url: str, tmp_path: Path) -> Depot:
    """A depot in a SQLite file."""
    return make_depot(sqlite_url, tmp_path)


def test_eight_writers_over_http_are_never_refused(depot: Depot, scale: Scale, tell: Tell) -> None:
    began, number = time.monotonic(), scale(160, 4000)
    verdict = written_over_http(depot, number)
    tell(acknowledged=verdict.acknowledged, refused=len(verdict.refused), seconds=since(began))
    assert (verdict.refused, verdict.lost, verdict.half) == ((), (), ())
    assert verdict.acknowledged >= number


def test_eight_processes_over_their_runtimes_are_never_refused(
    depot: Depot, scale: Scale, tell: Tell
) -> None:
    began, each = time.monotonic(), scale(10, 250)
    made = {"code": "shared", "name": "shared", "pieces": 0, "external_key": "shared"}
    with depot.site.serving() as (server,), server.caller(depot.token) as call:
        assert call("POST", "/records/parcel", made).status == 201
    told = written_by_processes(depot, each)
    done, refused = sum(t["done"] for t in told), [r for t in told for r in t["refused"]]
    tell(done=done, refused=len(refused), seconds=since(began))
    assert refused == []
    assert done == EIGHT * each * 2
    sight = look(depot.site.database_url)
    assert list(sight.faults()) == []
    assert sight.by_code()["shared"].version == 1 + EIGHT * each
    assert len(sight.parcels) == 1 + EIGHT * each


@pytest.mark.proof
def test_transactions_that_begin_by_reading_are_found_out(sqlite_url: str, tmp_path: Path) -> None:
    depot = make_depot(sqlite_url, tmp_path, (str(HERE / "sabotage.py"), "begin_deferred"))
    verdict = written_over_http(depot, 400)
    assert any("R163" in told for told in verdict.refused)


# --- the story ----------------------------------------------------------------------------------------------


def written_over_http(depot: Depot, number: int) -> Verdict:
    """Eight callers of four servers wrote until so many writes were acknowledged, or all were refused."""
    tally, writers = Tally(), [Writer(f"w{n}", Random(n)) for n in range(EIGHT)]
    with depot.site.serving(SERVERS) as servers:

        def work(writer: Writer, server: Server) -> None:
            with server.caller(depot.token) as call:
                writer.write(call, tally, lambda: tally.acknowledged >= number)

        threads = [Thread(target=work, args=pair) for pair in zip(writers, cycle(servers), strict=False)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE * 10)
        return judge({}, writers, look(depot.site.database_url))


def written_by_processes(depot: Depot, each: int) -> list[dict]:
    """What eight processes tell that began to write at the same moment."""
    with hands(depot, each) as processes:
        assert [hand.stdout.readline() for hand in processes] == ["ready\n"] * EIGHT
        for hand in processes:
            hand.stdin.write("go\n")
            hand.stdin.flush()
        told = [hand.communicate(timeout=PATIENCE * 10) for hand in processes]
    return [json.loads(out) for out, _ in told]


@contextmanager
def hands(depot: Depot, each: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Eight processes run inside this block, and none afterwards."""
    site = depot.site
    processes = [
        subprocess.Popen(
            [sys.executable, str(HERE / "hand.py"), site.folder, site.database_url, f"h{n}", str(each)],
            cwd=site.folder, env=site.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(EIGHT)
    ]  # fmt: skip
    try:
        yield processes
    finally:
        for hand in processes:
            hand.kill()
            hand.communicate()


def since(began: float) -> float:
    """Seconds, rounded for the report."""
    return round(time.monotonic() - began, 1)
