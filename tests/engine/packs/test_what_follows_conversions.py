"""Titles and the search follow values that become others, in the change that turns them."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.engine.packs.living import (
    ACCOUNT,
    DEAL,
    change,
    filled,
    go_back,
    house,
    read,
    rows,
    shop,
    version,
)
from xrm.engine.commands import Create, Delete, Target, Update
from xrm.engine.packs import calling, reindexing, service
from xrm.engine.storage import ahead
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.relinkrows import Place
from xrm.errors import PlanRefused, Problem

__all__ = ["filled", "house", "shop"]

BOAT = """
title: name + " " + text(size)
fields:
  name: {type: text, required: true}
  size: {type: text, search: true}
  kind: {type: choice, options: [hot, lost]}
"""
NUMBER = BOAT.replace("size: {type: text, search: true}", "size: {type: decimal, scale: 1}")
KIND = BOAT.replace('" " + text(size)', '"/" + text(kind)')


def found(runtime, actor, text):
    return {hit["title"] for hit in runtime.current().queries.search(actor, text)}


def fleet(shop, boat=BOAT):
    runtime, ana, _ = shop
    change(runtime, account=ACCOUNT, boat=boat)
    values = [{"name": "Ship", "size": "007"}, {"name": "Raft", "size": "many", "kind": "lost"}]
    records = runtime.current().records
    made = [m.id for m in records.execute(ana, [Create("boat", v) for v in values]).results]
    return runtime, ana, made


def put(runtime, boat, decisions=None):
    change(runtime, decisions or {}, account=ACCOUNT, boat=boat)


def titles(runtime):
    return {row["title"] for row in rows(runtime, "sales__boat")}


def test_a_title_tells_what_a_value_became_in_the_trash_too_and_on_the_way_back_what_it_was(shop):
    runtime, ana, boats = fleet(shop)
    (plank,) = (
        runtime.current().records.execute(ana, [Create("boat", {"name": "Plank", "size": "09"})]).results
    )
    runtime.current().records.execute(ana, [Delete("boat", Target(plank.id))])
    start = version(runtime)
    put(runtime, NUMBER, {"unfit:boat.size": "3.5"})
    assert titles(runtime) == {"Ship 7", "Raft 3.5", "Plank 9"}
    assert {row["title__key"] for row in rows(runtime, "sales__boat")} == {"ship 7", "raft 3.5", "plank 9"}
    assert (found(runtime, ana, "raft 3"), found(runtime, ana, "many")) == ({"Raft 3.5"}, set())
    assert found(runtime, ana, "plank") == set()
    go_back(runtime, start)
    assert titles(runtime) == {"Ship 007", "Raft many", "Plank 09"}
    assert found(runtime, ana, "many") == {"Raft many"}
    assert found(runtime, ana, "3.5") == set()
    assert {read(runtime, ana, "boat", boat)["version"] for boat in boats} == {1}


def test_titles_and_words_are_of_what_records_hold_whenever_that_was_written(shop, monkeypatch):
    """Before the lock, when they were made once; and between that and the lock."""
    runtime, ana, (ship, raft) = fleet(shop)
    start, do, catch_up = version(runtime), ahead.do, calling.Called.catch_up

    def write(*commands):
        runtime.current().records.execute(ana, commands)

    def caught_up(self, database):
        write(Update("boat", Target(ship), {"name": "Sloop"}))
        catch_up(self, database)

    def done(database, session, work, grounds):
        do(database, session, work, grounds)
        (called,) = [each for each in work if isinstance(each, calling.Called)]
        with database.read() as unit:
            assert Place("sales__boat").written_since(unit, called.versions) == []
        assert copies(runtime) == {"zz0__size", "zz0__title", "zz0__title__key"}
        late = Update("boat", Target(raft), {"size": "8"}), Create("boat", {"name": "Skiff", "size": "04"})
        write(*late, Create("boat", {"name": "Plank"}))

    with monkeypatch.context() as patch:
        patch.setattr(calling, "PORTION", 1)
        patch.setattr(calling, "FEW", 0)
        patch.setattr(calling.Called, "catch_up", caught_up)
        patch.setattr(ahead, "do", done)
        put(runtime, NUMBER, {"unfit:boat.size": "3.5"})
    assert titles(runtime) == {"Sloop 7", "Raft 8", "Skiff 4", "Plank "}
    words = {word: found(runtime, ana, word) for word in ("ship", "007", "sloop 7", "raft", "skiff 4")}
    assert words == {
        "ship": set(), "007": set(), "sloop 7": {"Sloop 7"}, "raft": {"Raft 8"}, "skiff 4": {"Skiff 4"},
    }  # fmt: skip
    assert (copies(runtime), runtime.packs.plan().is_empty) == (set(), True)
    write(Update("boat", Target(ship), {"size": "6.5"}))
    assert found(runtime, ana, "sloop 6") == {"Sloop 6.5"}
    go_back(runtime, start)
    assert titles(runtime) == {"Sloop 6.5", "Raft 8", "Skiff 04", "Plank "}
    assert (found(runtime, ana, "skiff 04"), found(runtime, ana, "skiff 4")) == ({"Skiff 04"}, set())


def test_under_the_lock_nobody_is_called_anew_whose_title_was_made_ahead(house, monkeypatch):
    """Also on the way back, and where other values of the records turn with the same change."""
    runtime, _, _ = fleet(house)
    start, anew, call = version(runtime), [], reindexing.retitled
    monkeypatch.setattr(calling, "FEW", 0)
    monkeypatch.setattr(reindexing, "retitled", lambda *given: anew.append(given) or call(*given))
    put(runtime, NUMBER, {"unfit:boat.size": "3.5"})
    assert titles(runtime) == {"Ship 7", "Raft 3.5"}
    go_back(runtime, start)
    assert titles(runtime) == {"Ship 007", "Raft many"}
    assert anew == []


def test_what_is_made_ahead_of_a_title_that_is_refused_is_found_by_nobody(house, monkeypatch):
    runtime, ana, _ = fleet(house)

    def refuse(*_):
        raise PlanRefused(Problem("S199", "Not now."))

    with monkeypatch.context() as patch:
        patch.setattr(service, "keep_version", refuse)
        with pytest.raises(PlanRefused):
            put(runtime, KIND)
    assert titles(runtime) == {"Ship 007", "Raft many"}
    assert (found(runtime, ana, "lost"), found(runtime, ana, "raft many")) == (set(), {"Raft many"})
    assert (copies(runtime), runtime.packs.plan().is_empty) == (set(), True)


def copies(runtime):
    """What was made ahead of a plan, and nothing has taken."""
    with runtime.database.read() as unit:
        return {column for table in inspect(unit).tables.values() for column in table.copies}


def test_a_searched_field_is_found_by_what_its_values_became(shop):
    plain = BOAT.replace('title: name + " " + text(size)', "title: name")
    runtime, ana, _ = fleet(shop, plain)
    start = version(runtime)
    assert found(runtime, ana, "many") == {"Raft"}
    shorter = plain.replace("{type: text, search", "{type: text, max_length: 3, search")
    put(runtime, shorter, {"unfit:boat.size": "zz"})
    assert (found(runtime, ana, "zz"), found(runtime, ana, "many")) == ({"Raft"}, set())
    put(runtime, shorter.replace("  kind:", "  note: {type: text, search: true}\n  kind:"))
    assert (found(runtime, ana, "zz"), found(runtime, ana, "many")) == ({"Raft"}, set())
    go_back(runtime, start)
    assert (found(runtime, ana, "zz"), found(runtime, ana, "many")) == (set(), {"Raft"})


def test_titles_are_made_anew_for_other_formulas_and_option_keys_and_not_for_other_names(shop):
    runtime, ana, _ = fleet(shop)
    put(runtime, KIND)
    start = version(runtime)
    assert titles(runtime) == {"Ship/", "Raft/lost"}
    assert found(runtime, ana, "raft lost") == {"Raft/lost"}
    put(runtime, KIND.replace("[hot, lost]", "{hot: {}, cold: {renamed_from: lost}}"))
    assert titles(runtime) == {"Ship/", "Raft/cold"}
    go_back(runtime, start)
    assert titles(runtime) == {"Ship/", "Raft/lost"}
    fewer = KIND.replace("[hot, lost]", "[hot]")
    put(runtime, fewer, {"option:boat.kind.lost": "hot"})
    assert titles(runtime) == {"Ship/", "Raft/hot"}
    with runtime.database.write() as unit:
        unit.execute(sa.text("UPDATE sales__boat SET title = 'seen'"))
    put(
        runtime,
        fewer.replace("name: {", "label: {renamed_from: name, ").replace("title: name", "title: label"),
    )
    assert titles(runtime) == {"seen"}


def test_what_comes_back_to_the_search_leaves_other_gone_fields_the_words_that_they_had(shop):
    runtime, ana, deal = shop
    both = DEAL.replace(
        "code: {type: text,", "note: {type: text, search: true}\n  code: {type: text, search: true,"
    )
    without_code = both.replace("  code: {type: text, search: true, unique: true}\n", "")
    change(runtime, account=ACCOUNT, deal=both)
    start, records = version(runtime), runtime.current().records
    records.execute(ana, [Update("deal", Target(deal), {"note": "yellow"})])
    tick(runtime)
    change(runtime, account=ACCOUNT, deal=without_code)
    tick(runtime)
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"name": "Boat"})])
    tick(runtime)
    change(runtime, account=ACCOUNT, deal=without_code.replace("  note: {type: text, search: true}\n", ""))
    with_code = both.replace("  note: {type: text, search: true}\n", "")
    change(runtime, account=ACCOUNT, deal=with_code)
    assert found(runtime, ana, "a-1") == {"Boat"}
    go_back(runtime, start)
    assert found(runtime, ana, "yellow") == {"Boat"}


def test_an_entity_that_comes_back_is_called_and_found_by_what_it_says_now(shop):
    runtime, ana, _ = fleet(shop)
    change(runtime, account=ACCOUNT)
    put(runtime, KIND.replace("{type: text, required", "{type: text, search: true, required"))
    assert titles(runtime) == {"Ship/", "Raft/lost"}
    assert (found(runtime, ana, "raft lost"), found(runtime, ana, "007")) == ({"Raft/lost"}, {"Ship/"})


def tick(runtime):
    runtime.world.clock.advance(timedelta(days=1))
