"""What is read by definitions of before is what it was, or is refused; no value is taken for what it is not."""

from uuid import UUID

import pytest

from tests.engine.packs.living import DEAL, change, filled, read, shop
from tests.support.installed import make_runtime
from xrm.engine.commands import Target, Update
from xrm.engine.queries import expanding
from xrm.engine.queries.counting import Far
from xrm.engine.queries.request import Aggregate, Count, Expand, Query
from xrm.errors import Conflict

__all__ = ["filled", "shop"]

ACCOUNT = """
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true, search: true}
  size: {type: text}
"""
NUMBER = ACCOUNT.replace("size: {type: text}", "size: {type: decimal, scale: 1}")
NAME = (("id",),)
READS = {
    "list": lambda q, ana, deal, one: q.list(ana, Query("account")).data,
    "none": lambda q, ana, deal, one: q.list(ana, Query("account", filters=('size == "9"',))).data,
    "count": lambda q, ana, deal, one: q.list(ana, Query("account", fields=NAME, count=Count.EXACT)).count,
    "record": lambda q, ana, deal, one: q.get(ana, "account", one),
    "expand": lambda q, ana, deal, one: q.get(ana, "deal", deal, fields=NAME, expand=(Expand("account"),)),
    "groups": lambda q, ana, deal, one: q.aggregate(ana, Aggregate("account", ("size",), ("count()",))),
    "links": lambda q, ana, deal, one: q.links(ana, "deal", deal, "helpers").data,
    "choices": lambda q, ana, deal, one: q.lookup(ana, "deal", "account", "um"),
    "counts": lambda q, ana, deal, one: q.counts(ana, ["account"]),
    "far": lambda q, ana, deal, one: q.far_counts(ana, "deal", deal, [Far("account", "helpers")]),
    "own": lambda q, ana, deal, one: q.owned(ana, ["account"]),
    "titles": lambda q, ana, deal, one: q.titles(ana, [("account", one)]),
    "recent": lambda q, ana, deal, one: q.recent(ana, ["account"], 5),
    "agenda": lambda q, ana, deal, one: q.agenda(ana, 5),
    "followed": lambda q, ana, deal, one: q.followed(ana, 5),
    "mentions": lambda q, ana, deal, one: q.mentions(ana, 5),
    "search": lambda q, ana, deal, one: q.search(ana, "um"),
    "history": lambda q, ana, deal, one: q.history(ana, "account", one).data,
    "timeline": lambda q, ana, deal, one: q.timeline(ana, "account", one).data,
    "changes": lambda q, ana, deal, one: q.changes(ana).data,
}


@pytest.fixture
def sized(shop):
    """The shop, whose account of the deal has a size in words."""
    runtime, ana, deal = shop
    change(runtime, account=ACCOUNT, deal=DEAL)
    one = UUID(read(runtime, ana, "deal", deal)["account"]["id"])
    runtime.current().records.execute(ana, [Update("account", Target(one), {"size": "007"})])
    return runtime, ana, deal, one


def grown(runtime):
    """Sizes are numbers from now on."""
    change(runtime, account=NUMBER, deal=DEAL)


def outcome(ask, *given):
    """What was answered, or the code of the refusal."""
    try:
        return ask(*given)
    except Conflict as refusal:
        return refusal.first.code


def test_whatever_is_asked_by_definitions_of_before_is_refused(sized):
    runtime, *asked = sized
    stale = runtime.current().queries
    for ask in READS.values():
        ask(stale, *asked)
    grown(runtime)
    assert {name: outcome(ask, stale, *asked) for name, ask in READS.items()} == dict.fromkeys(READS, "P120")
    assert READS["record"](runtime.current().queries, *asked)["size"] == "7.0"


def test_a_read_in_parts_that_meets_a_change_is_of_one_moment_or_refused(sized, tmp_path, monkeypatch):
    runtime, *asked = sized
    there = make_runtime(runtime.settings.database_url, tmp_path, install=False)
    before = READS["expand"](runtime.current().queries, *asked)
    expand, met = expanding.expand, []

    def late(*given):
        if not met:
            met.append(True)
            grown(there)
        return expand(*given)

    monkeypatch.setattr(expanding, "expand", late)
    is_sqlite = runtime.database.dialect.is_sqlite
    assert outcome(READS["expand"], runtime.current().queries, *asked) == (before if is_sqlite else "P120")
    assert READS["expand"](runtime.current().queries, *asked)["account"]["size"] == "7.0"
    there.close()
