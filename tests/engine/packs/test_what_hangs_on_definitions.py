"""What people keep beside the definitions follows them back and forth: saved views, options, roles, words of search."""

from datetime import timedelta

import sqlalchemy as sa

from tests.engine.packs.living import (
    ACCOUNT,
    DEAL,
    RENAMED,
    START,
    change,
    filled,
    go_back,
    house,
    read,
    sales,
    shop,
    version,
)
from tests.support.installed import make_runtime
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import Revision
from xrm.engine.queries.request import Query
from xrm.engine.storage.ledger import USER_ROLE
from xrm.engine.storage.search import SLOTS
from xrm.engine.views import ALL, Asked, Wanted
from xrm.testing import a_pack, pack_from

__all__ = ["filled", "house", "shop"]

SEARCHED = DEAL.replace("code: {type: text,", "code: {type: text, search: true,")
LATE = Asked(fields=("name", "code"), filter='code == "A-1" and name != empty', sort=("-code",))


def saved(runtime, actor, name="Late", asked=LATE, scope=ALL):
    return runtime.current().views.create(actor, "deal", Wanted(name, asked, scope)).id


def shelf(runtime, actor):
    return {view.name: view for view in runtime.current().views.shelf(actor, "deal").views}


def found(runtime, actor, text):
    return {hit["title"] for hit in runtime.current().queries.search(actor, text)}


# --- saved views --------------------------------------------------------------------------------------


def test_saved_views_that_lose_something_are_told_before_and_hold_again_after(shop):
    runtime, ana, _ = shop
    start = version(runtime)
    saved(runtime, ana)
    saved(runtime, ana, "Mine", Asked(sort=("code",)), "me")
    saved(runtime, ana, "Plain", Asked(fields=("name",)))
    without = DEAL.replace("  code: {type: text, unique: true}\n", "  note: {type: text}\n")
    sources = [pack_from(a_pack("sales", account=ACCOUNT, deal=without))]
    there = runtime.packs.foresee(Revision(tuple(sources), dev=True))
    assert [(v.name, v.entity, v.lost) for v in there.views] == [
        ("", "deal", ("deal.code",)),
        ("Late", "deal", ("deal.code",)),
    ]
    assert (
        there.views[1].sentence
        == 'The saved view "Late" of deal is shown without deal.code, until that comes back.'
    )
    change(runtime, account=ACCOUNT, deal=without)
    late = shelf(runtime, ana)["Late"]
    assert (late.asked.fields, late.asked.filter, late.asked.sort, late.left_out) == (
        ("name",),
        "name != empty",
        (),
        3,
    )
    saved(runtime, ana, "Noted", Asked(fields=("note",)))
    back = runtime.packs.foresee(Revision(version=start, dev=True))
    assert [(v.name, v.lost) for v in back.views] == [("Noted", ("deal.note",))]
    go_back(runtime, start)
    views = shelf(runtime, ana)
    assert (views["Late"].asked, views["Late"].left_out) == (LATE, 0)
    assert views["Noted"].left_out == 1


def test_a_plan_tells_what_else_speaks_of_what_it_alters(shop):
    runtime, _, _ = shop
    renamed = runtime.packs.foresee(Revision((sales(account=ACCOUNT, deal=RENAMED),), dev=True))
    told = {one.name: [(r.source, r.place.file) for r in one.references] for one in renamed.dependents}
    assert told == {"deal.client": [("key:deal.once", "sales/entities/deal.yaml")]}
    shorter = DEAL.replace("name: {type: text,", "name: {type: text, max_length: 40,")
    (one,) = runtime.packs.foresee(Revision((sales(account=ACCOUNT, deal=shorter),), dev=True)).dependents
    assert (one.name, {r.source for r in one.references}) == (
        "deal.name",
        {"entity:deal.title", "key:deal.once"},
    )
    assert one.sentence.startswith("deal.name is used by ")
    without = DEAL.replace("relationships:\n  account: {to: account}\n", "relationships:\n").replace(
        ", account]", "]"
    )
    (one,) = runtime.packs.foresee(Revision((sales(account=ACCOUNT, deal=without),), dev=True)).dependents
    assert (one.name, [r.source for r in one.references]) == ("deal.account", ["key:deal.once"])
    assert not runtime.packs.foresee(Revision(gone=frozenset({"sales"}))).dependents
    same = DEAL.replace("name: {type: text,", "name: {type: text, label: Called,")
    assert not runtime.packs.foresee(Revision((sales(account=ACCOUNT, deal=same),), dev=True)).dependents


def test_saved_views_are_told_where_their_whole_entity_goes(house):
    runtime, ana, _ = house
    saved(runtime, ana)
    saved(runtime, ana, "All", Asked())
    sources = (pack_from(a_pack("sales", account=ACCOUNT)),)
    there = runtime.packs.foresee(Revision(sources, dev=True))
    assert [(v.name, v.lost) for v in there.views] == [("All", ("deal",)), ("Late", ("deal",))]


def test_saved_views_are_told_that_ask_for_an_option_which_goes_and_not_for_one_of_another_key(house):
    runtime, ana, _ = house
    kinds = DEAL.replace(
        "  price:", "  kind: {type: choice, options: {hot: {}, cold: {}, lost: {}}}\n  price:"
    )
    change(runtime, account=ACCOUNT, deal=kinds)
    saved(runtime, ana, "Cold", Asked(filter='kind in ["cold", "lost"]'))
    fewer = kinds.replace("cold: {}, lost: {}", "cool: {renamed_from: cold}")
    there = runtime.packs.foresee(
        Revision((pack_from(a_pack("sales", account=ACCOUNT, deal=fewer)),), dev=True)
    )
    assert [(v.name, v.lost) for v in there.views] == [("Cold", ("deal.kind.lost",))]


def test_saved_views_say_the_names_of_the_version_that_is_gone_back_to(shop):
    runtime, ana, _ = shop
    start = version(runtime)
    change(runtime, account=ACCOUNT, deal=RENAMED)
    later = Asked(fields=("mark", "client.name"), filter='mark == "A-1"', sort=("-mark",))
    saved(runtime, ana, asked=later)
    assert runtime.packs.foresee(Revision(version=start, dev=True)).views == ()
    go_back(runtime, start)
    late = shelf(runtime, ana)["Late"]
    assert (late.asked.fields, late.asked.sort, late.left_out) == (("code", "account.name"), ("-code",), 0)
    assert late.asked.filter == 'code == "A-1"'
    uses = set(runtime.current().views.users("field:deal.code"))
    assert uses == {'saved view "Late": deal'}


# --- options and roles --------------------------------------------------------------------------------

TONES = DEAL.replace("fields:\n", "fields:\n  tone: {type: choice, options: {low: {}, high: {}}}\n")
SOFT = TONES.replace("low: {}", "soft: {renamed_from: low}")
SELLER = {"roles.yaml": "seller: {label: Seller, grants: {deals: {entity: deal, can: [read]}}}\n"}
VENDOR = {
    "roles.yaml": "vendor: {label: Seller, renamed_from: seller, grants: {deals: {entity: deal, can: [read]}}}\n"
}


def put(runtime, files, **entities):
    runtime.packs.install([pack_from(a_pack("sales", files, **entities))], runtime.installer, dev=True)


def test_options_and_roles_have_the_names_of_the_version_that_is_gone_back_to(shop):
    runtime, ana, deal = shop
    put(runtime, SELLER, account=ACCOUNT, deal=TONES)
    start = version(runtime)
    put(runtime, VENDOR, account=ACCOUNT, deal=SOFT)
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"tone": "soft"})])
    runtime.identity.people.assign_roles(runtime.installer, ana.id, ["system_admin", "vendor"])
    go_back(runtime, start)
    assert read(runtime, ana, "deal", deal)["tone"] == "low"
    with runtime.database.read() as unit:
        held = unit.execute(sa.select(USER_ROLE.c.role).where(USER_ROLE.c.user == ana.id)).scalars()
        assert set(held) == {"system_admin", "seller"}
    assert runtime.current().queries.list(ana, Query("deal", filters=('tone == "low"',))).data


# --- search -------------------------------------------------------------------------------------------


def test_words_of_a_removed_field_are_not_found_and_come_back_with_it_even_of_what_was_written_since(shop):
    runtime, ana, deal = shop
    change(runtime, account=ACCOUNT, deal=SEARCHED)
    start, records = version(runtime), runtime.current().records
    records.execute(ana, [Create("deal", {"name": "Quiet", "code": "Zebra"})])
    records.execute(ana, [Update("deal", Target(deal), {"code": "Yak"})])
    assert (found(runtime, ana, "yak"), found(runtime, ana, "zebra")) == ({"Ship"}, {"Quiet"})
    change(runtime, account=ACCOUNT, deal=DEAL.replace("  code: {type: text, unique: true}\n", ""))
    assert found(runtime, ana, "yak") == found(runtime, ana, "zebra") == set()
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"name": "Boat"})])
    go_back(runtime, start)
    assert (found(runtime, ana, "yak"), found(runtime, ana, "zebra")) == ({"Boat"}, {"Quiet"})
    assert found(runtime, ana, "ship") == set()


def test_a_field_is_found_by_from_when_it_is_searched_until_it_is_searched_no_longer(shop):
    runtime, ana, _ = shop
    assert found(runtime, ana, "a-1") == set()
    change(runtime, account=ACCOUNT, deal=SEARCHED)
    assert found(runtime, ana, "a-1") == {"Ship"}
    change(runtime, **START)
    assert found(runtime, ana, "a-1") == set()


def test_places_of_fields_that_are_searched_no_longer_are_taken_by_others_and_given_anew(shop):
    runtime, ana, _ = shop
    change(runtime, account=ACCOUNT, deal=SEARCHED)
    start, most = version(runtime), range(SLOTS - 2)  # the title has a place, and so has the name
    new = "".join(f"  f{n}: {{type: text, search: true}}\n" for n in most)
    without = DEAL.replace("  code: {type: text, unique: true}\n", new)
    change(runtime, account=ACCOUNT, deal=without)
    runtime.current().records.execute(
        ana, [Create("deal", {"name": "Wide", **{f"f{n}": f"word{n}" for n in most}})]
    )
    assert all(found(runtime, ana, f"word{n}") == {"Wide"} for n in most)
    assert found(runtime, ana, "a-1") == set()
    go_back(runtime, start)
    assert found(runtime, ana, "a-1") == {"Ship"}
    assert not any(found(runtime, ana, f"word{n}") for n in most)


def test_what_is_destroyed_leaves_no_words_behind(shop):
    runtime, ana, _ = shop
    change(runtime, account=ACCOUNT, deal=SEARCHED)
    runtime.current().records.execute(ana, [Create("deal", {"name": "Quiet", "code": "Zebra"})])
    change(runtime, account=ACCOUNT, deal=DEAL.replace("  code: {type: text, unique: true}\n", ""))
    assert "zebra" in words(runtime)
    purge(runtime)
    assert "zebra" not in words(runtime)
    assert {"quiet", "ship"} <= words(runtime)
    change(runtime, account=ACCOUNT)
    purge(runtime)
    assert not {"quiet", "ship"} & words(runtime)
    assert "um" in words(runtime)


def test_a_field_that_is_called_like_one_that_was_destroyed_has_none_of_its_history(house):
    runtime, ana, deal = house
    start = version(runtime)
    without = DEAL.replace("  code: {type: text, unique: true}\n", "")
    change(runtime, account=ACCOUNT, deal=without)
    purge(runtime)
    change(runtime, **START)
    assert "A-1" not in history(runtime, ana, deal)
    change(runtime, account=ACCOUNT, deal=without)
    go_back(runtime, start)
    assert "A-1" in history(runtime, ana, deal)


def test_on_the_way_back_a_field_that_was_destroyed_is_not_the_one_of_the_same_definition_that_came_after(
    house,
):
    runtime, ana, deal = house
    start = version(runtime)
    change(runtime, account=ACCOUNT, deal=DEAL.replace("  code: {type: text, unique: true}\n", ""))
    purge(runtime)
    change(runtime, **START)
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"code": "B-9"})])
    go_back(runtime, start)
    assert runtime.current().queries.get(ana, "deal", deal)["code"] is None
    assert "B-9" not in history(runtime, ana, deal)


def test_a_purge_is_noticed_by_whoever_knew_the_numbers_of_fields(shop):
    runtime, *_ = shop
    change(runtime, account=ACCOUNT, deal=DEAL.replace("  code: {type: text, unique: true}\n", ""))
    known = runtime.current()
    assert runtime.current() is known
    purge(runtime)
    assert runtime.current() is not known


def history(runtime, actor, record):
    queries = runtime.current().queries
    return repr((queries.history(actor, "deal", record).data, queries.changes(actor).data))


def test_purging_earlier_values_of_a_field_that_lives_leaves_it_searched(shop, request, tmp_path):
    runtime, ana, _ = shop
    change(runtime, account=ACCOUNT, deal=SEARCHED)
    short = SEARCHED.replace("search: true, unique", "search: true, max_length: 2, unique")
    change(runtime, {"unfit:deal.code": "z9"}, account=ACCOUNT, deal=short)
    purge(runtime)
    again = make_runtime(runtime.settings.database_url, tmp_path, settings=runtime.settings, install=False)
    request.addfinalizer(again.close)
    assert found(again, ana, "z9") == {"Ship"}
    again.current().records.execute(ana, [Create("deal", {"name": "Quiet", "code": "y8"})])
    assert found(again, ana, "y8") == {"Quiet"}


def test_a_field_that_comes_back_is_searched_though_all_records_were_read_anew_meanwhile(shop):
    runtime, ana, _ = shop
    change(runtime, account=ACCOUNT, deal=SEARCHED)
    start = version(runtime)
    runtime.world.clock.advance(timedelta(days=1))
    other = "  note: {type: text, search: true}\n"
    change(runtime, account=ACCOUNT, deal=DEAL.replace("  code: {type: text, unique: true}\n", other))
    go_back(runtime, start)
    assert found(runtime, ana, "a-1") == {"Ship"}


def purge(runtime):
    numbers = [shadow.number for shadow in runtime.packs.removed()]
    runtime.packs.purge(numbers, runtime.installer, confirmed=runtime.packs.plan_purge(numbers).hash)


def words(runtime):
    """Every word that the index knows."""
    with runtime.database.read() as unit:
        if unit.dialect.is_sqlite:
            table = "xrm_search_words"
            texts = [text for row in unit.execute(sa.text(f"SELECT * FROM {table}")) for text in row if text]
        else:
            texts = unit.execute(
                sa.text("SELECT array_to_string(tsvector_to_array(document), ' ') FROM xrm_search")
            ).scalars()
        return {word for text in texts for word in str(text).split()}
