"""Definitions change and nothing is lost: renamed, removed, brought back, rolled back and purged, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.engine.packs.living import (
    ACCOUNT,
    DEAL,
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
    sales,
    shop,
    version,
)
from tests.support.installed import plan_back
from xrm.engine.commands import Create, Target, Update
from xrm.engine.queries.request import Query
from xrm.engine.storage.steps import BringBack, Effect, Rename
from xrm.errors import Conflict, Invalid, NotFound, PlanRefused
from xrm.testing import a_pack, pack_from

__all__ = ["filled", "house", "shop"]


# --- rename -----------------------------------------------------------------------------------------


def test_what_is_renamed_keeps_its_values_its_history_and_its_place_in_the_search(shop):
    runtime, ana, deal = shop
    before = read(runtime, ana, "deal", deal)
    change(runtime, account=ACCOUNT, deal=RENAMED)
    after = read(runtime, ana, "deal", deal)
    pairs = {"code": "mark", "price": "value", "account": "client", "payer": "pays"}
    assert {new: after[new] for new in pairs.values()} == {new: before[old] for old, new in pairs.items()}
    queries = runtime.current().queries
    created = queries.history(ana, "deal", deal).data[-1]["changes"]
    assert created["mark"]["after"] == "A-1"
    assert len(queries.links(ana, "deal", deal, "hands").data) == 1
    assert rows(runtime, "sales__deal__hands")[0]["role"] == "crew"
    assert queries.search(ana, "ship")


def test_a_rename_copies_nothing_and_the_second_plan_is_empty(shop):
    runtime, _, _ = shop
    found = plan(runtime, account=ACCOUNT, deal=RENAMED)
    assert {
        type(s) for s in found.steps if "index" not in s.sentence.lower() and "unique" not in s.sentence
    } == {Rename}
    sql = " ".join(found.sql(runtime.database.engine.dialect))
    assert not any(word in sql for word in ("UPDATE", "INSERT", "CREATE TABLE"))
    assert not found.destructive
    change(runtime, account=ACCOUNT, deal=RENAMED)
    assert runtime.packs.plan().is_empty


def test_a_renamed_key_and_reference_still_hold(shop):
    runtime, ana, _deal = shop
    change(runtime, account=ACCOUNT, deal=RENAMED)
    records = runtime.current().records
    with pytest.raises(Conflict) as refused:
        records.execute(ana, [Create("deal", {"name": "Other", "mark": "a-1"})])
    assert refused.value.facts["fields"] == ("mark",)
    both = sa.text("UPDATE sales__deal SET pays__account = id, pays__deal = id")
    with runtime.database.write() as unit, pytest.raises(Invalid):
        unit.execute(both)


def test_an_entity_is_renamed_with_its_links_and_what_points_at_it(shop):
    runtime, ana, deal = shop
    client = ACCOUNT + "renamed_from: account\n"
    offer = DEAL.replace("to: account", "to: client").replace("[account, deal]", "[client, offer]")
    change(runtime, client=client, offer=offer + "renamed_from: deal\n")
    after = read(runtime, ana, "offer", deal)
    assert (after["payer"]["entity"], after["code"]) == ("client", "A-1")
    queries = runtime.current().queries
    assert len(queries.links(ana, "offer", deal, "helpers").data) == 1
    assert queries.history(ana, "offer", deal).data
    assert {hit["entity"] for hit in queries.search(ana, "ship")} == {"offer"}
    assert runtime.packs.plan().is_empty
    runtime.current().records.execute(ana, [Create("offer", {"name": "New", "account": after["account"]})])


def test_a_name_that_was_dropped_can_be_taken_by_a_rename(shop):
    runtime, ana, deal = shop
    change(runtime, account=ACCOUNT, deal=DEAL.replace("  price: {type: money}\n", ""))
    change(
        runtime,
        account=ACCOUNT,
        deal=DEAL.replace("  price: {type: money}\n", "").replace("code: {", "price: {renamed_from: code, "),
    )
    assert read(runtime, ana, "deal", deal)["price"] == "A-1"
    created = runtime.current().queries.history(ana, "deal", deal).data[-1]["changes"]
    assert created["price"]["after"] == "A-1"


# --- remove, and bring back ---------------------------------------------------------------------------


def test_what_is_removed_needs_a_confirmation_of_this_very_plan(house, look):
    runtime, _, _ = house
    before, lost = look(runtime), plan(runtime, account=ACCOUNT, deal=WITHOUT_CODE)
    for confirmed in ("", "0" * 64):
        with pytest.raises(PlanRefused) as refused:
            runtime.packs.install(
                [sales(account=ACCOUNT, deal=WITHOUT_CODE)], runtime.installer, dev=True, confirmed=confirmed
            )
        told = refused.value.problems[-1]
        assert told.code == "S116"
        assert told.message.startswith("Remove deal.code (sales__deal); its values are kept for 90 days.")
        assert told.message.endswith("It touches 1 row.")
        assert lost.hash in told.hint
    assert look(runtime) == before


def test_a_removed_field_is_kept_and_comes_back_when_it_is_defined_again(shop):
    runtime, ana, deal = shop
    change(runtime, account=ACCOUNT, deal=WITHOUT_CODE)
    assert "code" not in read(runtime, ana, "deal", deal)
    (kept,) = runtime.packs.removed()
    assert (kept.thing, kept.definition["type"]) == ("deal.code", "text")
    assert kept.until - kept.at == timedelta(days=90)
    assert runtime.packs.plan().is_empty
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"name": "Boat"})])
    again = plan(runtime, **START)
    assert next(type(step) for step in again.steps) is BringBack
    assert not again.destructive
    change(runtime, **START)
    assert (read(runtime, ana, "deal", deal)["code"], runtime.packs.removed()) == ("A-1", ())
    with pytest.raises(Conflict):
        runtime.current().records.execute(ana, [Create("deal", {"name": "Other", "code": "a-1"})])


def test_a_field_that_comes_back_in_another_form_leaves_what_was_kept(shop):
    runtime, ana, deal = shop
    start = version(runtime)
    change(runtime, account=ACCOUNT, deal=WITHOUT_CODE)
    change(
        runtime,
        account=ACCOUNT,
        deal=DEAL.replace("code: {type: text, unique: true}", "code: {type: integer}"),
    )
    assert read(runtime, ana, "deal", deal)["code"] is None
    assert [kept.thing for kept in runtime.packs.removed()] == ["deal.code"]
    go_back(runtime, start)
    assert read(runtime, ana, "deal", deal)["code"] == "A-1"


def test_removed_relationships_come_back_with_what_they_pointed_at(shop):
    runtime, ana, _ = shop
    start, before = version(runtime), data(runtime)
    change(runtime, account=ACCOUNT, deal=DEAL[: DEAL.index("relationships:")])
    kept = {shadow.thing for shadow in runtime.packs.removed()}
    assert kept == {"deal.account", "deal.payer", "deal.helpers"}
    runtime.current().records.execute(ana, [Create("deal", {"name": "Meanwhile"})])
    go_back(runtime, start)
    after = data(runtime)
    mine = [row for row in after["sales__deal"] if row["name"] != "Meanwhile"]
    assert {**after, "sales__deal": mine} == before
    assert runtime.packs.plan().is_empty


def test_a_removed_entity_comes_back_with_its_records_and_links(shop):
    runtime, ana, deal = shop
    start, before = version(runtime), data(runtime)
    change(runtime, account=ACCOUNT)
    assert {kept.thing for kept in runtime.packs.removed()} == {"deal", "deal.helpers"}
    assert runtime.packs.plan().is_empty
    queries = runtime.current().queries
    assert queries.search(ana, "ship") == []
    queries.changes(ana)
    with pytest.raises(NotFound):
        queries.list(ana, Query("deal"))
    go_back(runtime, start)
    assert data(runtime) == before
    assert read(runtime, ana, "deal", deal)["code"] == "A-1"
    assert runtime.current().queries.search(ana, "ship")
    assert runtime.packs.plan().is_empty


def test_an_entity_of_the_same_name_can_be_made_beside_one_that_is_kept(shop):
    runtime, _ana, _deal = shop
    start, before = version(runtime), data(runtime)
    change(runtime, account=ACCOUNT)
    change(
        runtime, account=ACCOUNT, deal="title: name\nfields:\n  name: {type: text}\n  code: {type: date}\n"
    )
    assert rows(runtime, "sales__deal") == []
    go_back(runtime, start)
    assert data(runtime) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("payer: {to: [account, deal]}", "payer: {to: account}"),
        ("helpers: {to: account,", "helpers: {to: [account, deal],"),
    ],
    ids=["lookup", "links"],
)
def test_an_entity_whose_reference_leads_elsewhere_by_now_is_made_beside_the_one_that_is_kept(
    shop, before, after
):
    runtime, ana, deal = shop
    start, held = version(runtime), data(runtime)
    change(runtime, account=ACCOUNT)
    assert before in DEAL
    change(runtime, account=ACCOUNT, deal=DEAL.replace(before, after))
    assert runtime.packs.plan().is_empty
    go_back(runtime, start)
    assert data(runtime) == held
    assert read(runtime, ana, "deal", deal)["code"] == "A-1"


def test_what_points_at_records_that_are_kept_comes_back_with_those_only(shop):
    runtime, ana, deal = shop
    start, held = version(runtime), data(runtime)
    only = DEAL[: DEAL.index("relationships:")]
    change(runtime, deal=only)
    change(runtime, account=ACCOUNT.replace("text", "long_text"), deal=only)
    assert rows(runtime, "sales__account") == []
    change(runtime, account=ACCOUNT.replace("text", "long_text"), deal=DEAL)
    assert read(runtime, ana, "deal", deal)["account"] is None
    assert rows(runtime, "sales__deal__helpers") == []
    assert runtime.packs.plan().is_empty
    go_back(runtime, start)
    assert data(runtime) == held


def test_an_entity_that_comes_back_is_held_to_what_it_was_held_to(shop):
    runtime, _, _ = shop
    start = version(runtime)
    change(runtime, account=ACCOUNT)
    go_back(runtime, start)
    both = sa.text("UPDATE sales__deal SET payer__account = id, payer__deal = id")
    with runtime.database.write() as unit, pytest.raises(Invalid):
        unit.execute(both)


def test_a_key_that_is_no_longer_defined_is_told_and_confirmed(house):
    runtime, _ana, _deal = house
    found = plan(
        runtime, account=ACCOUNT, deal=DEAL.replace("keys:\n  once: {fields: [name, account]}\n", "")
    )
    assert [step.effect for step in found.steps] == [Effect.DESTRUCTIVE]
    assert "Demand no longer that deal.name, deal.account be unique" in found.steps[0].sentence
    other = plan(runtime, account=ACCOUNT, deal=DEAL.replace("[name, account]", "[name]"))
    assert not other.destructive


# --- roll back ----------------------------------------------------------------------------------------


def test_versions_say_when_who_and_what(house):
    runtime, ana, _ = house
    runtime.packs.install([sales(account=ACCOUNT, deal=DEAL + "indexes: [[price]]\n")], ana, dev=True)
    last, first, *_ = runtime.packs.versions()
    assert (last.actor, last.is_current, first.is_current) == (ana.id, True, False)
    assert last.changes[0] == "sales 1.0.0 has other content."
    assert last.changes[1].startswith("Index price of deal (sales__deal): ")
    assert "sales 1.0.0 comes in." in first.changes


def test_rolling_back_brings_back_what_was_there_and_keeps_what_was_written_since(shop):
    runtime, ana, deal = shop
    start = version(runtime)
    change(runtime, account=ACCOUNT, deal=RENAMED)
    change(
        runtime,
        account=ACCOUNT,
        deal=RENAMED.replace("  mark: {renamed_from: code, type: text, unique: true}\n", ""),
    )
    later = {"name": "Boat", "value": {"amount": "7", "currency": "EUR"}}
    runtime.current().records.execute(ana, [Update("deal", Target(deal), later)])
    found = plan_back(runtime, start)
    assert {type(s) for s in found.steps} >= {Rename, BringBack}
    go_back(runtime, start)
    after = read(runtime, ana, "deal", deal)
    assert (after["name"], after["code"], after["price"]["amount"]) == ("Boat", "A-1", "7.00")
    history = runtime.current().queries.history(ana, "deal", deal).data
    assert history[0]["changes"]["price"]["after"]["amount"] == "7.00"
    assert runtime.packs.plan().is_empty
    assert runtime.packs.versions()[0].number > start


def test_what_did_not_exist_then_is_removed_and_comes_forward_again(shop):
    runtime, ana, deal = shop
    start = version(runtime)
    change(
        runtime,
        account=ACCOUNT,
        deal=DEAL.replace("fields:\n", "fields:\n  note: {type: text}\n"),
        extra=ACCOUNT,
    )
    wide = version(runtime)
    records = runtime.current().records
    records.execute(ana, [Update("deal", Target(deal), {"note": "kept"}), Create("extra", {"name": "One"})])
    before = data(runtime)
    with pytest.raises(PlanRefused):
        runtime.packs.roll_back(start, runtime.installer)
    go_back(runtime, start)
    assert {kept.thing for kept in runtime.packs.removed()} == {"deal.note", "extra"}
    go_back(runtime, wide)
    assert data(runtime) == before
    assert runtime.packs.removed() == ()


def test_names_that_changed_places_go_back_to_whom_they_belonged(shop):
    """code becomes mark, and a new code comes: going back, each takes its values along."""
    runtime, ana, deal = shop
    start = version(runtime)
    change(runtime, account=ACCOUNT, deal=DEAL.replace("code: {", "mark: {renamed_from: code, "))
    both = DEAL.replace("code: {", "mark: {renamed_from: code, ").replace(
        "fields:\n", "fields:\n  code: {type: text, unique: true}\n"
    )
    change(runtime, account=ACCOUNT, deal=both)
    wide = version(runtime)
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"code": "new"})])
    go_back(runtime, start)
    assert read(runtime, ana, "deal", deal)["code"] == "A-1"
    with pytest.raises(Conflict):
        runtime.current().records.execute(ana, [Create("deal", {"name": "Twin", "code": "a-1"})])
    go_back(runtime, wide)
    after = read(runtime, ana, "deal", deal)
    assert (after["mark"], after["code"]) == ("A-1", "new")
    assert runtime.packs.plan().is_empty


def test_a_pack_that_came_later_goes_out_and_is_kept(house):
    runtime, ana, _ = house
    start = version(runtime)
    runtime.packs.install([pack_from(a_pack("parts", part=ACCOUNT))], runtime.installer)
    runtime.current().records.execute(ana, [Create("part", {"name": "Bolt"})])
    go_back(runtime, start)
    assert [layer.name for layer in runtime.packs.list()] == ["core", "sales"]
    assert [kept.thing for kept in runtime.packs.removed()] == ["part"]
    assert runtime.packs.versions()[0].changes[0] == "parts 1.0.0 goes out."


def test_a_version_that_is_not_there_is_refused(house, look):
    runtime, _, _ = house
    before = look(runtime)
    with pytest.raises(NotFound) as refused:
        runtime.packs.roll_back(999, runtime.installer)
    assert refused.value.first.code == "P157"
    assert look(runtime) == before
