"""Numbers that the engine gives: without gap where one waits for another, and without waiting where gaps may be."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from tests.support.servers import until
from xrm.engine.commands import Actor, Create, Outcome
from xrm.engine.packs import Revision, laying
from xrm.engine.queries.request import Query, Sort
from xrm.engine.runtime import Runtime
from xrm.engine.storage.database import UnitOfWork
from xrm.errors import Invalid
from xrm.metadata.customising import from_documents
from xrm.testing import a_pack, admin_actor

WRITERS = 8
WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
FIELDS = 'title: number\nfields:\n  number: {{type: autonumber, pattern: "{}-{{000}}"{}}}\n  word: {{type: text}}\n'
RULES = 'rules: {told: {must: word != "bad"}}\n'
PACK = a_pack(
    "shop",
    bill=FIELDS.format("B", "") + RULES,
    slip=FIELDS.format("S", ", gaps: allowed") + RULES,
    ticket=FIELDS.format("T", ""),
)
Around = Callable[[UnitOfWork, Callable[[], Outcome]], Outcome]


class GoneError(Exception):
    """What goes wrong after a record was made."""


@pytest.fixture(scope="module")
def shop(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("shop"), [PACK])
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def ana(shop: Runtime) -> Actor:
    return admin_actor(shop)


def make(runtime: Runtime, actor: Actor, entity: str, word: str = "", around: Around | None = None) -> str:
    """The number of a record that was made."""
    records = runtime.current().records
    made = records.execute(actor, [Create(entity, {"word": word})], around=around).results[0]
    return str(runtime.current().queries.get(actor, entity, made.id)["number"])


def numbers(runtime: Runtime, actor: Actor, entity: str) -> list[str]:
    asked = Query(entity, fields=(("number",),), sort=(Sort(("number",)),))
    return [row["number"] for row in runtime.current().queries.list(actor, asked).data]


def waiting(runtime: Runtime) -> int:
    with runtime.database.read(snapshot=False) as unit:
        return int(unit.execute(WAITING).scalar_one())


def fails(_unit: UnitOfWork, run: Callable[[], Outcome]) -> Outcome:
    run()
    raise GoneError


def dies(_unit: UnitOfWork, run: Callable[[], Outcome]) -> Outcome:
    run()
    os.kill(os.getpid(), signal.SIGKILL)
    return run()


def killed(runtime: Runtime, actor: Actor, entity: str, folder: Path) -> None:
    """A process of its own has made a record and was killed before it could keep it."""
    pid = os.fork()
    if not pid:
        try:
            again = make_runtime(runtime.settings.database_url, folder, install=False)
            make(again, actor, entity, around=dies)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL


def work(runtime: Runtime, actor: Actor, entity: str) -> list[str]:
    """What one writer makes; every other time something goes wrong."""
    made = []
    for _ in range(2):
        made.append(make(runtime, actor, entity))
        with suppress(Invalid):
            make(runtime, actor, entity, "bad")
        with suppress(GoneError):
            make(runtime, actor, entity, around=fails)
    return made


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("entity", ["bill", "slip"])
def test_eight_writers_give_no_number_twice_whatever_is_refused_rolled_back_or_killed(
    shop, ana, entity, tmp_path
):
    make(shop, ana, entity)
    killed(shop, ana, entity, tmp_path)
    with ThreadPoolExecutor(WRITERS) as pool:
        given = [n for made in pool.map(lambda _: work(shop, ana, entity), range(WRITERS)) for n in made]
    kept = numbers(shop, ana, entity)
    assert len(set(given)) == len(given)
    assert sorted(given) == kept[1:]
    if entity == "bill":
        assert kept == [f"B-{count:03}" for count in range(1, 18)]


def test_where_gaps_are_allowed_nobody_waits_for_anybody(shop, ana):
    """Every writer has its number before the first of them ends: none could, where one waited for another."""
    make(shop, ana, "slip")
    if shop.database.dialect.is_sqlite:  # it has one writer, whatever they write
        return
    together, seen = threading.Barrier(WRITERS), []

    def around(_unit: UnitOfWork, run: Callable[[], Outcome]) -> Outcome:
        outcome = run()
        together.wait(30)
        seen.append(waiting(shop))
        together.wait(30)
        return outcome

    with ThreadPoolExecutor(WRITERS) as pool:
        given = set(pool.map(lambda _: make(shop, ana, "slip", around=around), range(WRITERS)))
    assert (len(given), seen) == (WRITERS, [0] * WRITERS)


def test_without_gaps_the_next_waits_until_the_one_before_is_kept(shop, ana):
    make(shop, ana, "bill")
    if shop.database.dialect.is_sqlite:
        return
    most: list[int] = []

    def around(_unit: UnitOfWork, run: Callable[[], Outcome]) -> Outcome:
        outcome = run()
        if not most:
            assert until(lambda: waiting(shop) == WRITERS - 1)
            most.append(waiting(shop))
        return outcome

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda _: make(shop, ana, "bill", around=around), range(WRITERS)))
    assert most == [WRITERS - 1]


def test_that_gaps_may_be_is_said_at_once_and_the_counter_goes_on(shop, ana):
    assert make(shop, ana, "ticket") == "T-001"
    documents = {"entities/ticket.yaml": "entity: ticket\nfields: {number: {gaps: allowed}}\n"}
    revision = Revision(edit=laying(from_documents(documents), mirror=False))
    proposal = shop.packs.foresee(revision)
    assert (proposal.is_empty, proposal.removes, proposal.plan.steps) == (False, False, ())
    shop.packs.revise(revision, shop.installer)
    field = shop.current().model.entities["ticket"].fields["number"]
    assert (field.params["gaps"], make(shop, ana, "ticket")) == ("allowed", "T-002")
