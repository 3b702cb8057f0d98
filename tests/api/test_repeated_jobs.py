"""A key that is sent again with work that a job does: one job, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from tests.api.library import Library
from tests.conftest import DATABASES
from tests.proofs.depot import make_depot
from tests.support.servers import XRM, Answer, Caller, NoAnswer, Site, until
from xrm.engine.storage.database import Database
from xrm.engine.storage.ledger import JOB, WORKER
from xrm.engine.transfer import service

CSV = {"Content-Type": "text/csv"}
KEYED = {"Idempotency-Key": "file-1"}
AT_ONCE = 4
SABOTAGE = str(Path(__file__).parents[1] / "proofs" / "sabotage.py")
ROWS = 900


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    return libraries(request.param)


def authors(library: Library) -> int:
    return int(library.librarian("GET", "/records/author?count=exact").json["count"])


def together(ask: Callable[[], Any]) -> list[Any]:
    """What four callers are answered who ask at the same moment."""
    gate = Barrier(AT_ONCE)

    def one(_: int) -> Any:
        gate.wait()
        return ask()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def assert_one_job(answers: list[Any]) -> str:
    assert {a.status_code for a in answers} <= {200, 202}, [a.text for a in answers]
    (job,) = {a.json["id"] for a in answers}
    assert {a.headers["Location"] for a in answers} == {f"/api/v1/jobs/{job}"}
    return str(job)


@pytest.mark.parametrize("at_once", [1000, 0], ids=["done here", "queued"])
def test_imports_sent_at_the_same_moment_with_one_key_are_one_job(library, at_once, monkeypatch):
    monkeypatch.setattr(service, "ROWS_AT_ONCE", at_once)
    ada = library.admin
    for attempt in range(3):
        table = f"name\nAna {attempt}\nRui {attempt}\n"
        headers = {**CSV, "Idempotency-Key": f"file-{attempt}"}
        assert_one_job(
            together(lambda t=table, h=headers: ada("POST", "/imports?entity=author", data=t, headers=h))
        )
        assert authors(library) == 2 * (attempt + 1)
    assert len(ada("GET", "/jobs").json["data"]) == 3


def test_exports_undos_and_cancels_sent_at_the_same_moment_with_one_key_are_one_job(library):
    ada = library.admin
    made = ada("POST", "/imports?entity=author", data="name\nAna\n", headers=CSV).json["id"]
    asked = {"json": {"entity": "author"}, "headers": {"Idempotency-Key": "out"}}
    export = assert_one_job(together(lambda: ada("POST", "/exports", **asked)))
    undo = assert_one_job(together(lambda: ada("POST", f"/jobs/{made}/undo", headers=KEYED)))
    listed = [job["id"] for job in ada("GET", "/jobs").json["data"]]
    assert listed == [undo, export, made]
    assert authors(library) == 0


def test_a_cancel_that_is_sent_again_is_answered_again(library):
    ada = library.admin
    person = library.runtime.identity.resolve_token(ada.headers["Authorization"].removeprefix("Bearer "))
    waiting = library.runtime.jobs.start("export", {}, person, after=timedelta(hours=1))
    first = ada("POST", f"/jobs/{waiting}/cancel", headers=KEYED)
    again = ada("POST", f"/jobs/{waiting}/cancel", headers=KEYED)
    assert (first.status_code, first.json["state"]) == (200, "cancelled")
    assert (again.status_code, again.data) == (200, first.data)
    assert ada("POST", f"/jobs/{waiting}/cancel", headers={"Idempotency-Key": "new"}).status_code == 409


def test_a_refused_import_leaves_its_key_free(library):
    send = library.admin
    refused = send("POST", "/imports?entity=author&mode=some", data="name\n", headers={**CSV, **KEYED})
    assert refused.status_code == 422
    made = send("POST", "/imports?entity=author", data="name\nAna\n", headers={**CSV, **KEYED})
    assert (made.status_code, made.json["result"]["created"]) == (200, 1)


def test_an_answer_that_was_lost_is_the_job_as_it_stands(library, monkeypatch):
    ada, more = library.admin, {"data": "name\nAna\n", "headers": {**CSV, **KEYED}}
    with monkeypatch.context() as broken, suppress(ZeroDivisionError):
        broken.setattr("xrm.engine.jobs.service.Jobs._do", lambda *_: 1 / 0)
        ada("POST", "/imports?entity=author", **more)
    (left,) = ada("GET", "/jobs").json["data"]
    again = ada("POST", "/imports?entity=author", **more)
    assert (again.status_code, again.json) == (202, left)
    assert again.headers["Idempotency-Replayed"] == "true"


# --- a server that is killed ------------------------------------------------------------------------------


def test_an_import_that_was_killed_is_not_begun_again_by_its_repetition(database_url: str, tmp_path: Path):
    depot = make_depot(database_url, tmp_path, (SABOTAGE, "stall_jobs"))
    table = "code,name,pieces\n" + "".join(f"C{i},Parcel {i},1\n" for i in range(ROWS))
    with depot.site.serving() as (server,), ThreadPoolExecutor(1) as pool:
        first = pool.submit(sent, server.caller(depot.token), table)
        assert until(lambda: is_running(depot.site), 60)
        server.kill()
        with pytest.raises(NoAnswer):
            first.result()
    time_passes(depot.site)
    with replace(depot.site, program=XRM).serving() as (server,), server.caller(depot.token) as call:
        (job,) = imports(call)
        again = sent(server.caller(depot.token), table)
        assert (again.status in (200, 202), again.json["id"]) == (True, job["id"]), again.text
        assert until(lambda: states(call) == ["done"]), states(call)
        assert call("GET", "/records/parcel", count="exact", limit=1).json["count"] == ROWS


def sent(call: Caller, table: str) -> Answer:
    headers = {**CSV, **KEYED, "Authorization": f"Bearer {call.token}"}
    with call:
        return call.ask("POST", "/api/v1/imports?entity=parcel", table.encode(), headers)


def states(call: Caller) -> list[str]:
    return [str(job["state"]) for job in imports(call)]


def imports(call: Caller) -> list[dict[str, Any]]:
    """The jobs that are imports; what the worker repeats by itself is listed beside them."""
    return [job for job in call("GET", "/jobs").json["data"] if job["kind"] == "import"]


def is_running(site: Site) -> bool:
    """Whether a job has begun; the server itself is busy with it."""
    database = Database(site.database_url)
    with database.read() as unit:
        found = unit.execute(sa.select(JOB.c.state).where(JOB.c.kind == "import")).scalars().all()
    database.close()
    return found == ["running"]


def time_passes(site: Site) -> None:
    """Whoever has died is taken for dead as if minutes had gone by."""
    database = Database(site.database_url)
    with database.write() as unit:
        unit.execute(sa.update(WORKER).values(beat_at=datetime.now(UTC) - timedelta(minutes=5)))
    database.close()
