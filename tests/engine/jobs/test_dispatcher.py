"""Consumers of the change log are told everything, in order, whatever commits when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from uuid import UUID

import pytest

from tests.engine.jobs.conftest import NOON, Office
from xrm.engine.jobs.dispatcher import AT_ONCE, Dispatcher, Logged
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.world import real_world


@dataclass
class Listener:
    """Writes down what it is told; may fail first."""

    name: str = "listener"
    told: list[int] = field(default_factory=list)
    failures: int = 0

    def handle(self, unit: UnitOfWork, changes: Sequence[Logged]) -> None:
        """The versions of the changes are remembered."""
        if self.failures:
            self.failures -= 1
            raise ZeroDivisionError
        self.told += [change.version for change in changes]


def _log(unit: UnitOfWork, *versions: int) -> None:
    rows = [
        {
            "at": NOON, "actor": None, "door": "api", "cause": None, "reason": None, "entity": 1,
            "record": UUID(int=1), "version": version,
            "operation": "update", "title": "", "before": {}, "after": {"1": version},
        }
        for version in versions
    ]  # fmt: skip
    unit.insert_many(CHANGE, list(rows[0]), rows)


@pytest.fixture
def dispatcher(office: Office) -> Dispatcher:
    return Dispatcher(office.database, office.world)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    made = Database(postgres_url)
    with made.write() as unit:
        CHANGE.metadata.create_all(unit.connection)
    yield made
    made.close()


def test_each_consumer_is_told_each_change_in_order_from_the_first(
    office: Office, dispatcher: Dispatcher
) -> None:
    with office.database.write() as unit:
        _log(unit, 1, 2)
    early, late = Listener("early"), Listener("late")
    dispatcher.register(early)
    assert dispatcher.serve_all() == 2
    with office.database.write() as unit:
        _log(unit, 3)
    dispatcher.register(late)
    assert dispatcher.serve_all() == 4
    assert dispatcher.serve_all() == 0
    assert early.told == late.told == [1, 2, 3]


def test_a_long_log_is_told_in_portions(office: Office, dispatcher: Dispatcher) -> None:
    listener = Listener()
    dispatcher.register(listener)
    with office.database.write() as unit:
        _log(unit, *range(AT_ONCE + 1))
    assert [dispatcher.serve_all() for _ in range(3)] == [AT_ONCE, 1, 0]
    assert listener.told == list(range(AT_ONCE + 1))


def test_a_consumer_that_fails_is_told_again_and_holds_up_no_other(
    office: Office, dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    failing, other = Listener("failing", failures=1), Listener("other")
    dispatcher.register(failing)
    dispatcher.register(other)
    with office.database.write() as unit:
        _log(unit, 1, 2)
    dispatcher.serve_all()
    assert (failing.told, other.told) == ([], [1, 2])
    assert "failing" in caplog.text
    dispatcher.serve_all()
    assert (failing.told, other.told) == ([1, 2], [1, 2])


def test_the_position_outlives_the_process(office: Office, dispatcher: Dispatcher) -> None:
    dispatcher.register(Listener())
    with office.database.write() as unit:
        _log(unit, 1)
    dispatcher.serve_all()
    listener, again = Listener(), Dispatcher(office.database, office.world)
    again.register(listener)
    with office.database.write() as unit:
        _log(unit, 2)
    again.serve_all()
    assert listener.told == [2]


def test_a_change_that_commits_late_is_not_missed(postgres: Database) -> None:
    listener, dispatcher = Listener(), Dispatcher(postgres, real_world())
    dispatcher.register(listener)
    with postgres.write() as slow:
        _log(slow, 1)
        with postgres.write() as quick:
            _log(quick, 2)
        dispatcher.serve_all()
        assert listener.told == [], "what is older than a running transaction only"
    dispatcher.serve_all()
    assert listener.told == [1, 2]


def test_a_running_dispatcher_serves_and_can_be_stopped(office: Office) -> None:
    heard = Event()

    class Ear(Listener):
        def handle(self, unit: UnitOfWork, changes: Sequence[Logged]) -> None:
            heard.set()

    dispatcher = Dispatcher(office.database, office.world)
    dispatcher.register(Ear())
    with office.database.write() as unit:
        _log(unit, 1)
    dispatcher.start()
    assert heard.wait(20)
    dispatcher.stop()
