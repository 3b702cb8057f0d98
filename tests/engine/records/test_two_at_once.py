"""Two writers at once come to what one after the other comes to: rules, guards, trees, locks and restore."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from tests.support.office import Office
from tests.support.servers import until
from tests.support.ward import PACK
from xrm.engine.commands import Command, Create, Delete, Outcome, Restore, Target, Transition, Update
from xrm.engine.storage.database import UnitOfWork
from xrm.errors import XrmError
from xrm.testing import admin_actor

WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture(scope="module")
def ward(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The ward, installed; the administrator does everything."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("ward"), [PACK])
    admin = admin_actor(runtime)
    yield Office(runtime, admin, admin, admin, admin)
    runtime.close()


def made(ward: Office, entity: str, **values) -> UUID:
    """The id of a new record; other records are given by their ids."""
    plain = {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}
    return ward.make(entity, **plain)


def at_once(ward: Office, first: Sequence[Command], second: Sequence[Command]) -> list[str]:
    """What each comes to, "" or a code: the first commits only when the second is done or waits for it."""
    written, done = threading.Event(), threading.Event()

    def is_waiting() -> bool:
        with ward.runtime.database.read(snapshot=False) as unit:
            return bool(unit.execute(WAITING).scalar_one())

    def around(unit: UnitOfWork, run: Callable[[], Outcome]) -> Outcome:
        outcome = run()
        written.set()
        if not unit.dialect.is_sqlite:  # there the second waits for its turn before it reads anything
            assert until(lambda: done.is_set() or is_waiting())
        return outcome

    def begin() -> None:
        try:
            ward.run(*first, around=around)
        finally:
            written.set()

    def follow() -> None:
        written.wait()
        try:
            ward.run(*second)
        finally:
            done.set()

    with ThreadPoolExecutor(2) as pool:
        return [_code(future.exception()) for future in (pool.submit(begin), pool.submit(follow))]


def _code(error: BaseException | None) -> str:
    if error is not None and not isinstance(error, XrmError):
        raise error
    return error.first.code if error else ""


def guest(room: UUID, **values) -> Create:
    """A new guest of a room."""
    return Create("guest", {"name": "G", "room": str(room), **values})


def test_two_guests_do_not_both_get_the_last_bed(ward: Office) -> None:
    room = made(ward, "room", name="R", beds=1)
    assert at_once(ward, [guest(room)], [guest(room)]) == ["", "R151"]


def test_a_guard_over_other_records_lets_one_of_two_pass(ward: Office) -> None:
    room = made(ward, "room", name="R")
    hours = [(f"2026-06-01T{h}:00:00Z", f"2026-06-01T{h}:30:00Z") for h in (10, 11)]
    asked = [made(ward, "booking", name="B", room=room, starts=start, ends=end) for start, end in hours]
    one, two = ([Transition("booking", Target(booking), "give")] for booking in asked)
    assert at_once(ward, one, two) == ["", "R149"]


def test_a_rule_that_no_record_stands_for_is_judged_by_one_writer_at_a_time(ward: Office) -> None:
    a, b = made(ward, "room", name="A"), made(ward, "room", name="B")
    assert at_once(ward, [guest(a, spare=str(b))], [guest(b, spare=str(a))]) == ["", "R151"]


def test_two_moves_in_a_tree_do_not_make_a_ring(ward: Office) -> None:
    a, b = made(ward, "node", name="A"), made(ward, "node", name="B")
    x, y = made(ward, "node", name="X", parent=b), made(ward, "node", name="Y", parent=a)
    moves = [[Update("node", Target(n), {"parent": str(under)})] for n, under in ((a, x), (b, y))]
    assert at_once(ward, *moves) == ["", "R155"]


@pytest.mark.parametrize("kind", ["new", "changed", "deleted"])
def test_no_part_changes_beside_its_record_being_locked(ward: Office, kind: str) -> None:
    doc = made(ward, "doc", name="D")
    line = Target(made(ward, "line", name="L", doc=doc))
    part: dict[str, Command] = {
        "new": Create("line", {"name": "N", "doc": str(doc)}),
        "changed": Update("line", line, {"number": 1}),
        "deleted": Delete("line", line),
    }
    assert at_once(ward, [Transition("doc", Target(doc), "close")], [part[kind]]) == ["", "R150"]


def test_what_comes_back_keeps_hold_of_what_it_points_at(ward: Office) -> None:
    doctor = made(ward, "guest", name="Doctor")
    booking = made(ward, "booking", name="B", doctor=doctor)
    ward.run(Delete("booking", Target(booking)))
    restore, delete = Restore("booking", Target(booking)), Delete("guest", Target(doctor))
    assert at_once(ward, [restore], [delete]) == ["", "R141"]


def test_writers_that_wait_for_one_another_in_a_ring_both_come_through(ward: Office) -> None:
    rooms = [made(ward, "room", name=name, beds=2) for name in "AB"]
    service, met = ward.runtime.current().records, threading.Barrier(2)
    runs: list[int] = []

    def cross(order: Sequence[UUID]) -> None:
        tries = iter(range(9))

        def work(unit: UnitOfWork) -> None:
            runs.append(1)
            service.execute_in(unit, ward.admin, [guest(order[0])])
            if next(tries) == 0 and not unit.dialect.is_sqlite:
                met.wait(60)
            service.execute_in(unit, ward.admin, [guest(order[1])])

        ward.runtime.database.transact(work)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(cross, order) for order in (rooms, rooms[::-1])]:
            future.result()
    for room in rooms:
        assert len([g for g in ward.list("guest") if (g["room"] or {}).get("id") == str(room)]) == 2
    # The one that gave way begins again, and may meet the other once more before that is done.
    assert len(runs) == 2 if ward.runtime.database.dialect.is_sqlite else 3 <= len(runs) <= 5


def test_many_writers_fill_rooms_to_the_last_bed_and_no_further(
    ward: Office, scale: Callable[[int, int], int]
) -> None:
    rooms = [made(ward, "room", name="many", beds=3) for _ in range(2)]

    def write(number: int) -> str:
        try:
            ward.run(*(guest(room) for room in (rooms if number % 2 else rooms[::-1])))
        except XrmError as refused:
            return refused.first.code
        return ""

    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(write, range(scale(24, 400))))
    assert came.count("") == 3
    assert set(came) == {"", "R151"}
