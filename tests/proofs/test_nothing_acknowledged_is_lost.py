"""Kill -9 under concurrent writes: what was acknowledged stands, what was not stands wholly or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import pytest

from tests.proofs.conftest import Tell
from tests.proofs.depot import Depot, make_depot
from tests.proofs.sight import Parcel, Sight, look
from tests.proofs.writers import Tally, Verdict, Writer, judge
from tests.support.postgres import Cluster, cluster
from tests.support.servers import PATIENCE, Caller, Server, until

WRITERS = 6
SERVERS = 2
SABOTAGE = str(Path(__file__).with_name("sabotage.py"))


@pytest.fixture
def depot(database_url: str, tmp_path: Path) -> Depot:
    """A depot on each database."""
    return make_depot(database_url, tmp_path)


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    depot: Depot, scale: Callable[[int, int], int], tell: Tell
) -> None:
    began = time.monotonic()
    verdicts = list(killed_again_and_again(depot, kills=scale(1, 40), writes=scale(40, 50)))
    tell(**figures(verdicts, began))
    assert_all_stands(verdicts)
    assert sum(v.acknowledged for v in verdicts) >= scale(40, 2000)
    assert sum(v.unanswered for v in verdicts) > 0, "Nobody was writing when it struck."


@pytest.mark.proof
def test_nothing_acknowledged_is_lost_when_the_database_is_killed(tmp_path: Path, tell: Tell) -> None:
    began = time.monotonic()
    with cluster(durable=True) as running:
        verdicts = list(database_killed_again_and_again(running, tmp_path, kills=20, writes=50))
    tell(**figures(verdicts, began))
    assert_all_stands(verdicts)
    assert sum(v.acknowledged for v in verdicts) >= 1000
    assert sum(v.unanswered for v in verdicts) > 0, "Nobody was writing when it struck."


# --- that the proof sees what it looks for ------------------------------------------------------------------


@pytest.mark.proof
def test_a_server_that_answers_before_it_commits_is_found_out(sqlite_url: str, tmp_path: Path) -> None:
    depot = make_depot(sqlite_url, tmp_path, (SABOTAGE, "commit_seldom"))
    verdicts = list(killed_again_and_again(depot, kills=2, writes=25, number=1))
    assert any(v.lost for v in verdicts)


@pytest.mark.proof
def test_a_server_that_logs_in_another_transaction_is_found_out(database_url: str, tmp_path: Path) -> None:
    depot = make_depot(database_url, tmp_path, (SABOTAGE, "log_later"))
    verdicts = list(killed_again_and_again(depot, kills=2, writes=25))
    assert [v.lost for v in verdicts] == [(), ()]
    assert any("log rows" in told for v in verdicts for told in v.half)


@pytest.mark.proof
def test_a_database_that_answers_before_it_has_written_is_found_out(tmp_path: Path) -> None:
    with cluster(durable=False) as running:
        verdicts = list(database_killed_again_and_again(running, tmp_path, kills=2, writes=25))
    assert any(v.lost for v in verdicts)


# --- the story ----------------------------------------------------------------------------------------------


def killed_again_and_again(depot: Depot, kills: int, writes: int, number: int = SERVERS) -> Iterator[Verdict]:
    """What became of the writes to each server that was killed, as the next one finds them."""
    chance, writers = Random(7), the_writers()
    before: Mapping[str, Parcel] = {}
    for life in range(kills + 1):
        with depot.site.serving(number) as servers:
            sight = look(depot.site.database_url)
            if life:
                yield verdict_of(depot, servers, writers, before, sight)
            before = sight.by_code()
            for writer in writers:
                writer.resume(sight)
            if life < kills:
                enough = writes + chance.randrange(writes)
                write_until_it_strikes(servers, depot, writers, enough, lambda: kill(servers))


def database_killed_again_and_again(
    running: Cluster, folder: Path, kills: int, writes: int
) -> Iterator[Verdict]:
    """What became of the writes each time that PostgreSQL was killed; the servers of xrm live on."""
    depot = make_depot(running.url(running.create()), folder)
    chance, writers = Random(8), the_writers(breaks=(503,))
    with depot.site.serving(SERVERS) as servers:
        for _ in range(kills):
            sight = look(depot.site.database_url)
            for writer in writers:
                writer.resume(sight)
            write_until_it_strikes(servers, depot, writers, writes + chance.randrange(writes), running.crash)
            assert until(lambda: all(answers_again(server, depot) for server in servers))
            yield verdict_of(depot, servers, writers, sight.by_code(), look(depot.site.database_url))


def kill(servers: Sequence[Server]) -> None:
    """All of them are gone."""
    for server in servers:
        server.kill()


def answers_again(server: Server, depot: Depot) -> bool:
    """Whether the server reads again; until then it says that it cannot."""
    with server.caller(depot.token) as call:
        status = call("GET", "/records/parcel", limit=1).status
    assert status in (200, 503)
    return status == 200


def the_writers(breaks: tuple[int, ...] = ()) -> list[Writer]:
    """Each with a chance of their own that is the same in every run."""
    return [Writer(f"w{n}", Random(n), breaks) for n in range(WRITERS)]


def write_until_it_strikes(
    servers: Sequence[Server],
    depot: Depot,
    writers: Sequence[Writer],
    enough: int,
    strike: Callable[[], None],
) -> None:
    """All writers wrote at once; after enough acknowledgements it struck, and all of them noticed."""
    tally, struck = Tally(), Event()

    def work(writer: Writer, server: Server) -> None:
        with server.caller(depot.token) as call:
            writer.write(call, tally, struck.is_set)

    threads = [Thread(target=work, args=pair) for pair in zip(writers, cycle(servers), strict=False)]
    for thread in threads:
        thread.start()
    was_enough = tally.reaches(enough, PATIENCE)
    strike()
    struck.set()
    for thread in threads:
        thread.join(PATIENCE)
    refused = [told for writer in writers for told in writer.refused]
    assert was_enough, f"Only {tally.acknowledged} writes were acknowledged. {refused}"
    assert not any(thread.is_alive() for thread in threads)


def verdict_of(
    depot: Depot,
    servers: Sequence[Server],
    writers: Sequence[Writer],
    before: Mapping[str, Parcel],
    sight: Sight,
) -> Verdict:
    """What the tables, the API and the doctor say about the writes."""
    verdict = judge(before, writers, sight)
    unseen: list[str] = []
    for server in servers:
        with server.caller(depot.token) as call:
            unseen += seen_otherwise(call, sight, writers)
    findings = depot.site.xrm("doctor")
    ill = [f"{one['name']}: {one['says']}" for one in findings if not one["well"]]
    return verdict.with_faults([*unseen, *ill])


def seen_otherwise(call: Caller, sight: Sight, writers: Sequence[Writer]) -> list[str]:
    """Where the API tells something else than the tables: in the list, the history or the search."""
    live = [row for row in sight.parcels.values() if row["deleted_at"] is None]
    kept = {(row["code"], row["name"], row["version"]) for row in live}
    told = {(row["code"], row["name"], row["version"]) for row in every_parcel(call)}
    faults = [f"the list is wrong about {one}" for one in kept ^ told]
    for writer in writers:
        touched = dict.fromkeys(code for act in writer.journal for code in act.effect)
        for code in list(touched)[-3:]:
            faults += told_otherwise(call, sight, code)
    return faults


def every_parcel(call: Caller) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = call("GET", "/records/parcel", fields="code,name,version", limit=500, **cursor).json
        yield from page["data"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def told_otherwise(call: Caller, sight: Sight, code: str) -> Iterator[str]:
    if code not in sight.by_code():
        return  # lost, as the judge says
    parcel, id_ = sight.by_code()[code], str(sight.ids()[code])
    history = call("GET", f"/records/parcel/{id_}/history", limit=500).json["data"]
    if [row["version"] for row in history] != list(range(parcel.version, 0, -1)):
        yield f"the history of {code} tells of {[row['version'] for row in history]}"
    found = call("GET", "/search", q=parcel.name, entity="parcel", limit=100).json["data"]
    if (id_ in [hit["id"] for hit in found]) is not parcel.is_live:
        yield f"the search for {parcel.name} finds {found}"


# --- what is said about it ----------------------------------------------------------------------------------


def assert_all_stands(verdicts: Sequence[Verdict]) -> None:
    """Nothing was lost, nothing is half done, nothing was refused; what is not so is listed."""
    assert [told for verdict in verdicts for told in verdict.lost] == []
    assert [told for verdict in verdicts for told in verdict.half] == []
    assert [told for verdict in verdicts for told in verdict.refused] == []


def figures(verdicts: Sequence[Verdict], began: float) -> dict[str, object]:
    """What is told about the kills since `began`."""
    return {
        "kills": len(verdicts),
        "acknowledged": sum(v.acknowledged for v in verdicts),
        "lost": sum(len(v.lost) for v in verdicts),
        "half": sum(len(v.half) for v in verdicts),
        "unanswered": sum(v.unanswered for v in verdicts),
        "done_all_the_same": sum(v.settled for v in verdicts),
        "seconds": round(time.monotonic() - began, 1),
    }
