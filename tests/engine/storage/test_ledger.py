"""The ledger: numbers that stay, a stamp that tells, a feed that skips nothing; and the world."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.storage.builders import a_field, a_lookup, a_model, an_entity
from tests.engine.storage.conftest import NOON, write_and_break
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.feed import FeedPosition, after, in_order, settled
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.storage.numbers import assign_numbers, read_numbers
from xrm.engine.storage.stamp import Stamp, StampReader, bump, stamp_column
from xrm.engine.storage.types import Text
from xrm.engine.world import FixedClock, World, fixed_world, real_world
from xrm.errors import MetadataInvalid

DEAL = an_entity("deal", a_field("name", "text", search=True), a_lookup("other", "deal"))


def _assign(database: Database, *entities: object) -> None:
    with database.write() as unit:
        assign_numbers(unit, a_model(*entities))


def test_numbers_are_given_once_and_stay(installed: Database) -> None:
    _assign(installed, DEAL)
    with installed.read() as unit:
        before = read_numbers(unit)
    _assign(installed, DEAL, an_entity("extra", a_field("name", "text")))
    with installed.read() as unit:
        later = read_numbers(unit)
    assert later.entities.items() > before.entities.items()
    assert later.fields.items() > before.fields.items()
    assert len(set(later.fields.values())) == len(later.fields)
    assert later.names[later.entities["deal"]] == "deal"
    assert later.field_names[later.fields["deal", "name"]] == ("deal", "name")


def test_a_renamed_thing_keeps_its_number(installed: Database) -> None:
    _assign(installed, DEAL)
    with installed.read() as unit:
        before = read_numbers(unit)
    name = replace(DEAL.fields["name"], name="subject", renamed_from=("title_text", "name"))
    _assign(installed, replace(DEAL, name="opportunity", fields={"subject": name}, renamed_from=("deal",)))
    with installed.read() as unit:
        later = read_numbers(unit)
    assert later.entities["opportunity"] == before.entities["deal"]
    assert later.fields["opportunity", "subject"] == before.fields["deal", "name"]
    assert later.slots["opportunity", "subject"] == before.slots["deal", "name"]
    assert "deal" not in later.entities


def test_what_is_gone_keeps_its_number_for_its_history(installed: Database) -> None:
    _assign(installed, DEAL)
    with installed.read() as unit:
        before = read_numbers(unit)
    _assign(installed)
    _assign(installed, an_entity("deal", a_field("other_name", "text")))
    with installed.read() as unit:
        later = read_numbers(unit)
    assert later.entities["deal"] == before.entities["deal"]
    assert later.fields["deal", "other_name"] not in before.field_names


def test_searched_fields_have_slots_of_their_own_up_to_a_limit(installed: Database) -> None:
    fields = [a_field(f"f{n}", "text", search=True) for n in range(23)]
    _assign(installed, an_entity("wide", *fields))
    with installed.read() as unit:
        slots = read_numbers(unit).slots
    assert sorted(slots.values()) == list(range(1, 24))
    with pytest.raises(MetadataInvalid) as caught:
        _assign(installed, an_entity("wide", *fields, a_field("one_more", "text", search=True)))
    assert "one_more" in caught.value.first.hint


def test_the_stamp_rises_for_what_has_changed(installed: Database) -> None:
    before = StampReader(installed).read()
    with installed.write() as unit:
        bump(unit, rights=True)
        bump(unit, model=True, sessions=True)
    expected = Stamp(before.model + 1, before.rights + 1, before.sessions + 1)
    assert StampReader(installed).read() == expected


def test_the_stamp_comes_along_with_any_statement(installed: Database) -> None:
    with installed.write() as unit:
        bump(unit, model=True)
    prepared = installed.prepare(sa.select(sa.literal("x", Text()), stamp_column()))
    with installed.read(snapshot=False) as unit:
        word, stamp = unit.run(prepared)[0]
    assert (word, Stamp.parse(stamp)) == ("x", Stamp(1, 0, 0))


def test_a_stamp_that_was_rolled_back_tells_nothing(installed: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_break(installed, lambda unit: bump(unit, model=True))
    assert StampReader(installed).read() == Stamp(0, 0, 0)


# --- the change feed --------------------------------------------------------------------------------

COLUMNS = ("at", "door", "entity", "record", "version", "operation", "before", "after")


def _log(unit: UnitOfWork, name: str) -> None:
    row = {"at": NOON, "door": name, "entity": 1, "record": UUID(int=1), "version": 1}
    unit.insert_many(CHANGE, COLUMNS, [{**row, "operation": "create", "before": {}, "after": {"1": name}}])


def _read(database: Database, position: FeedPosition) -> list[tuple[FeedPosition, str]]:
    chosen = sa.select(CHANGE.c.transaction, CHANGE.c.position, CHANGE.c.door)
    prepared = database.prepare(chosen.where(settled(), after()).order_by(*in_order()))
    values = {"transaction": position.transaction, "position": position.position}
    with database.read() as unit:
        return [(FeedPosition(t, p), name) for t, p, name in unit.run(prepared, values)]


def test_the_feed_goes_on_where_a_reader_stopped(installed: Database) -> None:
    for name in "abc":
        with installed.write() as unit:
            _log(unit, name)
    whole = _read(installed, FeedPosition())
    assert [name for _, name in whole] == ["a", "b", "c"]
    assert [name for _, name in _read(installed, whole[0][0])] == ["b", "c"]
    assert _read(installed, whole[-1][0]) == []


def test_a_change_that_commits_late_is_not_skipped(installed: Database) -> None:
    """Positions are given before commits: a late one would stand before what a reader has seen."""
    if installed.dialect.is_sqlite:
        with installed.write() as unit:
            _log(unit, "early")
            assert _read(installed, FeedPosition()) == []
        assert [name for _, name in _read(installed, FeedPosition())] == ["early"]
        return
    began, go_on = threading.Event(), threading.Event()

    def late() -> None:
        with installed.write() as unit:
            _log(unit, "late")
            began.set()
            go_on.wait(10)
            _log(unit, "late again")

    thread = threading.Thread(target=late)
    thread.start()
    began.wait(10)
    with installed.write() as unit:
        _log(unit, "early")
    seen = _read(installed, FeedPosition())
    assert seen == []
    go_on.set()
    thread.join()
    assert [name for _, name in _read(installed, FeedPosition())] == ["late", "late again", "early"]


def test_a_reader_in_the_middle_of_interleaved_transactions_gets_each_change_once(postgres_url: str) -> None:
    """The younger transaction has the lower position here: position alone would lose it."""
    database = Database(postgres_url)
    with database.write() as unit:
        unit.execute(sa.schema.CreateTable(CHANGE))
    steps = {name: threading.Event() for name in ("old began", "young logged", "old done", "young may end")}

    def old() -> None:
        with database.write() as unit:
            unit.execute(sa.text("SELECT pg_current_xact_id()"))
            steps["old began"].set()
            steps["young logged"].wait(10)
            _log(unit, "old")
        steps["old done"].set()

    def young() -> None:
        steps["old began"].wait(10)
        with database.write() as unit:
            _log(unit, "young")
            steps["young logged"].set()
            steps["young may end"].wait(10)

    threads = [threading.Thread(target=work) for work in (old, young)]
    for thread in threads:
        thread.start()
    steps["old done"].wait(10)
    first = _read(database, FeedPosition())
    steps["young may end"].set()
    for thread in threads:
        thread.join()
    second = _read(database, first[-1][0])
    assert [name for _, name in first + second] == ["old", "young"]
    assert second[0][0].position < first[0][0].position
    database.close()


@given(transaction=st.integers(0, 2**63 - 1), position=st.integers(0, 2**63 - 1))
def test_a_feed_position_is_read_as_it_is_written(transaction: int, position: int) -> None:
    here = FeedPosition(transaction, position)
    assert FeedPosition.parse(str(here)) == here


@pytest.mark.parametrize("text", ["", "5", "5.", ".5", "a.b", "-1.2", "1.2.3", "9" * 50 + ".1", "1.²"])
def test_other_texts_are_no_feed_position(text: str) -> None:
    with pytest.raises(ValueError):
        FeedPosition.parse(text)


# --- the world --------------------------------------------------------------------------------------


def test_ids_rise_in_the_order_in_which_they_are_made_also_among_threads() -> None:
    world = real_world()
    made: list[list[UUID]] = [[] for _ in range(4)]

    def make(mine: list[UUID]) -> None:
        mine.extend(world.new_id() for _ in range(3000))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    everything = [id_ for mine in made for id_ in mine]
    assert len(set(everything)) == len(everything)
    assert {(id_.version, id_.variant) for id_ in everything} == {(7, "specified in RFC 4122")}


def test_an_id_tells_when_it_was_made(world: World) -> None:
    assert world.new_id().int >> 80 == int(NOON.timestamp() * 1000)


def test_a_fixed_world_repeats_itself_and_differs_by_seed() -> None:
    def story(world: World) -> tuple[object, ...]:
        return world.now(), world.new_id(), world.new_id(), world.token()

    assert story(fixed_world(NOON)) == story(fixed_world(NOON))
    assert story(fixed_world(NOON, seed=1))[1:] != story(fixed_world(NOON, seed=2))[1:]


def test_a_fixed_clock_moves_only_when_told(world: World) -> None:
    assert world.now() == world.now() == NOON
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(days=3))
    assert world.now() == NOON + timedelta(days=3)


def test_ids_rise_even_when_the_clock_stands_still_or_goes_back(world: World) -> None:
    ids = [world.new_id() for _ in range(5000)]
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(days=-1))
    ids += [world.new_id() for _ in range(10)]
    assert ids == sorted(set(ids))
