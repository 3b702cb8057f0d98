"""What is read by definitions of before is what it was, or is refused; no value is taken for what it is not."""

from uuid import UUID

import pytest

from tests.engine.packs.living import DEAL, change, filled, house, read, shop
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.engine.commands import Target, Update
from xrm.engine.identity import SESSION_COOKIE
from xrm.engine.queries import expanding
from xrm.engine.queries.counting import Far
from xrm.engine.queries.request import Aggregate, Count, Expand, Query
from xrm.errors import Conflict

__all__ = ["filled", "house", "shop"]

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
    return with_size(*shop)


def with_size(runtime, ana, deal):
    """The shop, whose account of the deal has a size in words."""
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


ALIKE = ("own", "titles")  # owners and titles are what they are whatever the model


def test_whatever_is_asked_by_definitions_of_before_is_refused_but_for_owners_and_titles(sized):
    runtime, *asked = sized
    stale = runtime.current().queries
    for ask in READS.values():
        ask(stale, *asked)
    grown(runtime)
    told = {name: outcome(ask, stale, *asked) for name, ask in READS.items()}
    assert {name for name in READS if told[name] != "P120"} == set(ALIKE)
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


def test_a_page_and_a_program_that_meet_a_change_are_answered_by_the_definitions_of_now(house, monkeypatch):
    runtime, _, _, one = with_size(*house)
    people, email, password = runtime.identity.people, "ana@example.com", "seven quiet otters"
    user = people.create_user(
        runtime.installer, email=email, name="Ana", password=password, roles=["system_admin"]
    )
    token = runtime.identity.create_token(runtime.identity.actor(user, door="cli"), "proof")
    cookie = runtime.identity.sign_in(email, password).token
    look, client, met = runtime.look, mount(runtime).test_client(use_cookies=False), []

    def late():
        found = look()
        if len(met) == 1:
            met.append("changed")
            change(runtime, account=NUMBER if now == "7.0" else ACCOUNT, deal=DEAL)
        met.append("looked")
        return found

    monkeypatch.setattr(runtime, "look", late)
    asked = {
        "7.0": (f"/api/v1/records/account/{one}", {"Authorization": f"Bearer {token}"}),
        "007": (f"/r/account/{one}", {"Cookie": f"{SESSION_COOKIE}={cookie}"}),
    }
    for now, (path, headers) in asked.items():
        met[:] = ["begun"]
        answer = client.get(path, headers=headers)
        assert (answer.status_code, now in answer.text, "changed" in met) == (200, True, True)
