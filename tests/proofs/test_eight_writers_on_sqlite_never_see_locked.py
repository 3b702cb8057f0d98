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

EIGHT = 8
HERE = Path(__file__).parent
Scale = Callable[[int, int], int]


@pytest.fixture
def depot(sqlite_url: str, tmp_path: Path) -> Depot:
    """A depot in a SQLite file."""
    return make_depot(sqlite_url, tmp_path)


def test_eight_writers_over_http_are_never_refused(depot: Depot, scale: Scale, tell: Tell) -> None:
    began, number = time.monotonic(), scale(120, 4000)
    verdict = written_over_http(depot, number, servers=scale(2, 4))
    tell(acknowledged=verdict.acknowledged, refused=len(verdict.refused), seconds=since(began))
    assert (verdict.refused, verdict.lost, verdict.half) == ((), (), ())
    assert verdict.acknowledged >= number


def test_eight_processes_over_their_runtimes_are_never_refused(
    depot: Depot, scale: Scale, tell: Tell
) -> None:
    began, each, hands = time.monotonic(), scale(10, 250), scale(4, EIGHT)
    made = {"code": "shared", "name": "shared", "pieces": 0, "external_key": "shared"}
    with depot.site.serving() as (server,), server.caller(depot.token) as call:
        assert call("POST", "/records/parcel", made).status == 201
    told = written_by_processes(depot, each, hands)
    done, refused = sum(t["done"] for t in told), [r for t in told for r in t["refused"]]
    tell(done=done, refused=len(refused), seconds=since(began))
    assert refused == []
    assert done == hands * each * 2
    sight = look(depot.site.database_url)
    assert list(sight.faults()) == []
    assert sight.by_code()["shared"].version == 1 + hands * each
    assert len(sight.parcels) == 1 + hands * each


@pytest.mark.proof
def test_transactions_that_begin_by_reading_are_found_out(sqlite_url: str, tmp_path: Path) -> None:
    depot = make_depot(sqlite_url, tmp_path, (str(HERE / "sabotage.py"), "begin_deferred"))
    verdict = written_over_http(depot, 400, servers=4)
    assert any("R163" in told for told in verdict.refused)


# --- the story ----------------------------------------------------------------------------------------------


def written_over_http(depot: Depot, number: int, *, servers: int) -> Verdict:
    """Eight callers of so many servers wrote until so many writes were acknowledged, or all were refused."""
    tally, writers = Tally(), [Writer(f"w{n}", Random(n)) for n in range(EIGHT)]
    with depot.site.serving(servers) as running:

        def work(writer: Writer, server: Server) -> None:
            with server.caller(depot.token) as call:
                writer.write(call, tally, lambda: tally.acknowledged >= number)

        threads = [Thread(target=work, args=pair) for pair in zip(writers, cycle(running), strict=False)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE * 10)
        return judge({}, writers, look(depot.site.database_url))


def written_by_processes(depot: Depot, each: int, hands: int) -> list[dict]:
    """What so many processes tell that began to write at the same moment."""
    with at_work(depot, each, hands) as processes:
        assert [hand.stdout.readline() for hand in processes] == ["ready\n"] * hands
        for hand in processes:
            hand.stdin.write("go\n")
            hand.stdin.flush()
        told = [hand.communicate(timeout=PATIENCE * 10) for hand in processes]
    return [json.loads(out) for out, _ in told]


@contextmanager
def at_work(depot: Depot, each: int, hands: int) -> Iterator[list[subprocess.Popen[str]]]:
    """So many processes run inside this block, and none afterwards."""
    site = depot.site
    processes = [
        subprocess.Popen(
            [sys.executable, str(HERE / "hand.py"), site.folder, site.database_url, f"h{n}", str(each)],
            cwd=site.folder, env=site.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(hands)
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
