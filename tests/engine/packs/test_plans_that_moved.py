"""What was kept is purged, and a plan that is stale, edited or interrupted changes nothing."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.engine.packs.living import (
    ACCOUNT,
    DEAL,
    PLAIN,
    RENAMED,
    START,
    WITHOUT_CODE,
    change,
    data,
    filled,
    go_back,
    house,
    plan,
    read,
    rows,
    shop,
    version,
)
from tests.support.installed import make_runtime, plan_back
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import DefinitionChanged
from xrm.engine.runtime.purging import PURGE
from xrm.engine.storage import apply
from xrm.engine.storage.steps import Effect
from xrm.engine.storage.written import Written, written
from xrm.errors import Conflict, PlanRefused
from xrm.settings import Limits
from xrm.testing import make_settings

__all__ = ["filled", "house", "shop"]


# --- purge --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("everything", [{"account": ACCOUNT, "deal": PLAIN}, {"other": ACCOUNT}])
def test_a_purge_destroys_what_was_removed_and_what_stays_can_be_written(shop, everything):
    runtime, ana, deal = shop
    change(runtime, **everything)
    numbers = [kept.number for kept in runtime.packs.removed()]
    with pytest.raises(PlanRefused):
        runtime.packs.purge(numbers, runtime.installer, confirmed="")
    found = runtime.packs.plan_purge(numbers)
    assert all(
        step.inverse == "There is no undo." and step.effect is Effect.DESTRUCTIVE for step in found.steps
    )
    runtime.packs.purge(numbers, runtime.installer, confirmed=found.hash)
    assert runtime.packs.removed() == ()
    assert runtime.packs.plan().is_empty
    change(runtime, **START)
    if "deal" in everything:
        after = read(runtime, ana, "deal", deal)
        assert (after["code"], after["account"], after["price"]) == (None, None, None)
    one = runtime.current().records.execute(ana, [Create("account", {"name": "Neu"})]).results[0].id
    runtime.current().records.execute(ana, [Create("deal", {"name": "New", "account": {"id": str(one)}})])


WITHOUT_POINTERS = DEAL.partition("relationships:")[0]


@pytest.mark.parametrize(
    ("entities", "left", "gone"),
    [
        ({"deal": WITHOUT_POINTERS}, [], "Add the field account to deal (sales__deal): column account;"),
        ({"other": PLAIN}, ["deal"], "Create the table of deal (sales__deal);"),
    ],
)
def test_with_an_entity_goes_what_points_at_it_and_the_way_back_says_what_does_not_come(
    shop, entities, left, gone
):
    runtime, ana, _ = shop
    start = version(runtime)
    change(runtime, **entities)
    numbers = [kept.number for kept in runtime.packs.removed() if kept.thing == "account"]
    found = runtime.packs.plan_purge(numbers)
    told = [s for s in found.sentences() if s.startswith("Empty what deal (zz2__sales__deal), which is kept")]
    assert len(told) == len(left)
    runtime.packs.purge(numbers, runtime.installer, confirmed=found.hash)
    assert [kept.thing for kept in runtime.packs.removed()] == left
    lost = [
        s
        for s in plan_back(runtime, start).sentences()
        if s.endswith("; what it held then can not come back.")
    ]
    assert gone in {s.partition(" what it held")[0] for s in lost}
    go_back(runtime, start)
    one = runtime.current().records.execute(ana, [Create("account", {"name": "Neu"})]).results[0].id
    runtime.current().records.execute(ana, [Create("deal", {"name": "New", "account": {"id": str(one)}})])


def test_what_was_kept_for_its_time_which_is_a_setting_is_destroyed_by_itself(house, tmp_path):
    settings = make_settings(
        house[0].settings.database_url, tmp_path, limits=replace(Limits(), removed_days=3)
    )
    runtime = make_runtime(settings.database_url, tmp_path, settings=settings, install=False)
    change(runtime, account=ACCOUNT, deal=WITHOUT_CODE)
    for days, left in ((2, 1), (2, 0)):
        runtime.world.clock.advance(timedelta(days=days))
        runtime.jobs.run_here(PURGE, {}, runtime.installer)
        assert len(runtime.packs.removed()) == left
    runtime.close()


# --- stale, edited, interrupted -----------------------------------------------------------------------


def test_a_plan_that_is_stale_is_refused_with_what_moved(house):
    runtime, _, _ = house
    dialect = runtime.database.engine.dialect
    told = written(plan(runtime, account=ACCOUNT, deal=WITHOUT_CODE), dialect)
    file = Written.read(json.dumps(told).encode())
    file.demand_same(plan(runtime, account=ACCOUNT, deal=WITHOUT_CODE))
    change(runtime, account=ACCOUNT, deal=DEAL.replace("fields:\n", "fields:\n  note: {type: text}\n"))
    with pytest.raises(Conflict) as refused:
        file.demand_same(plan(runtime, account=ACCOUNT, deal=WITHOUT_CODE))
    messages = [problem.message for problem in refused.value.problems]
    assert any(m.startswith("new: Remove deal.note (sales__deal)") for m in messages)


def test_a_database_that_moved_under_a_plan_is_told_by_its_tables(house):
    runtime, _, _ = house
    stale = plan(runtime, account=ACCOUNT, deal=WITHOUT_CODE)
    change(runtime, account=ACCOUNT, deal=DEAL, extra=ACCOUNT)
    with pytest.raises(Conflict) as refused:
        apply.apply_plan(runtime.database, stale, runtime.world)
    assert "sales__extra is new" in refused.value.first.message


EDITS = (
    lambda told: told["steps"].pop(),
    lambda told: told["steps"][0].update(rows=0),
    lambda told: told.update(hash="0" * 64),
    lambda told: told.pop("seal"),
    lambda told: told.clear(),
)


def test_everything_that_a_plan_says_is_in_its_json_and_an_edit_of_it_is_refused(house):
    runtime, _, _ = house
    found = plan(runtime, account=ACCOUNT, deal=WITHOUT_CODE)
    text = json.dumps(written(found, runtime.database.engine.dialect))
    first = json.loads(text)["steps"][0]
    assert (first["class"], first["rows"], first["failing"]) == ("destructive", 1, 0)
    assert first["inverse"].startswith("Define deal.code again")
    assert "RENAME COLUMN code TO zz1__code" in first["sql"]
    assert json.loads(text)["needs_confirmation"] is True
    assert replace(found, decisions={"deal.code": "clear"}).hash != found.hash
    for edit in EDITS:
        told = json.loads(text)
        edit(told)
        with pytest.raises(PlanRefused) as refused:
            Written.read(json.dumps(told).encode())
        assert refused.value.first.code == "S117"


def test_a_column_that_was_removed_is_never_written_by_a_process_with_the_old_model(shop, tmp_path):
    runtime, ana, deal = shop
    there = make_runtime(runtime.settings.database_url, tmp_path, install=False)
    stale = there.current()
    change(runtime, account=ACCOUNT, deal=WITHOUT_CODE)
    kept = rows(runtime, "sales__deal")
    for command in (
        Update("deal", Target(deal), {"code": "B-2"}),
        Create("deal", {"name": "X", "code": "C"}),
    ):
        with pytest.raises(DefinitionChanged):
            stale.records.execute(ana, [command])
    assert rows(runtime, "sales__deal") == kept
    there.close()


def test_a_request_that_reads_by_an_old_definition_is_told_to_repeat(shop):
    runtime, ana, deal = shop
    stale = runtime.current()
    change(runtime, account=ACCOUNT, deal=RENAMED)
    with pytest.raises(Conflict) as refused:
        stale.queries.get(ana, "deal", deal)
    assert refused.value.first.code == "R185"


def test_a_change_that_fails_at_its_end_has_changed_nothing(shop, look, monkeypatch):
    runtime, _, _ = shop
    before, held = look(runtime), data(runtime)

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("xrm.engine.packs.service.keep_version", fail)
    with pytest.raises(ZeroDivisionError):
        change(
            runtime,
            account=ACCOUNT,
            deal=RENAMED.replace("  value: {renamed_from: price, type: money}\n", ""),
        )
    assert (look(runtime), data(runtime)) == (before, held)
    assert runtime.packs.removed() == ()
