"""The timeline of a record: one order, whole pages, no more than its reader may know, and no cost by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor, Create, Delete, Target, Update
from xrm.engine.queries.timelines import SOURCES
from xrm.engine.runtime import Runtime
from xrm.engine.storage.database import UnitOfWork
from xrm.errors import NotFound, Unreadable
from xrm.testing import a_pack, admin_actor, an_actor

ROLES = """
seller:
  grants:
    sites: {entity: site, can: [create, read, update], fields: [name, city]}
    calls: {entity: call, can: [create, read], rows: owner == me}
outsider:
  grants:
    some: {entity: site, can: [read], rows: 'city == "Porto"', fields: [name, city]}
"""
SITE = """
title: name
ownership: none
fields:
  name:   {type: text, required: true}
  city:   {type: text}
  worth:  {type: integer, sensitive: true}
  papers: {type: file, many: true}
  face:   {type: image}
"""
PACK = a_pack(
    "sites",
    {"roles.yaml": ROLES},
    site=SITE,
    call="like: activity\ntitle: subject\nownership: user_or_team",
    memo="like: activity\ntitle: subject\nownership: user_or_team",
)


class Sites:
    """An installation with sites, calls and memos, whose clock moves a minute with each act."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.boss = admin_actor(runtime)
        self.sam = an_actor(runtime, "Sam Seller", ["seller"])
        self.olga = an_actor(runtime, "Olga", ["outsider"])

    def tick(self, minutes: int = 1) -> None:
        self.runtime.world.clock.advance(timedelta(minutes=minutes))  # type: ignore[attr-defined]

    def make(self, entity: str, by: Actor | None = None, **values: Any) -> UUID:
        self.tick()
        done = self.runtime.current().records.execute(by or self.boss, [Create(entity, values)])
        return done.results[0].id

    def change(self, record: UUID, by: Actor | None = None, **values: Any) -> None:
        self.tick()
        self.runtime.current().records.execute(by or self.boss, [Update("site", Target(record), values)])

    def about(self, kind: str, record: UUID, subject: str, by: Actor | None = None) -> UUID:
        return self.make(kind, by, subject=subject, regarding={"entity": "site", "id": str(record)})

    def say(self, record: UUID, text: str, by: Actor | None = None) -> UUID:
        self.tick()
        return self.runtime.current().records.comment(by or self.boss, "site", record, text).id

    def upload(self, name: str) -> str:
        return str(self.runtime.uploads.upload(self.boss, BytesIO(b"something"), name).id)

    def told(self, record: UUID, by: Actor | None = None, **asked: Any) -> Sequence[Any]:
        return self.runtime.current().queries.timeline(by or self.boss, "site", record, **asked).data

    def pages(self, record: UUID, limit: int, by: Actor | None = None, **asked: Any) -> list[Any]:
        """Everything, page by page."""
        found: list[Any] = []
        after = ""
        while True:
            page = self.runtime.current().queries.timeline(
                by or self.boss, "site", record, limit=limit, after=after, **asked
            )
            assert len(page.data) <= limit
            found += page.data
            if page.next is None:
                return found
            after = page.next


@pytest.fixture(scope="module")
def sites(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("sites"), [PACK])
    yield Sites(runtime)
    runtime.close()


def said(items: Sequence[Any]) -> list[str]:
    """Each entry in a word or two."""
    return [
        item["comment"]["text"]
        if item["kind"] == "comment"
        else item["change"]["operation"]
        if item["kind"] == "change"
        else item["activity"]["title"]
        for item in items
    ]


def test_everything_about_a_record_stands_in_one_order_newest_first(sites: Sites) -> None:
    site = sites.make("site", name="One order")
    sites.about("call", site, "First call")
    sites.say(site, "All is well")
    sites.change(site, city="Porto")
    sites.about("memo", site, "A memo")
    assert said(sites.told(site)) == ["A memo", "update", "All is well", "First call", "create"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_hold_everything_once_whatever_their_size(sites: Sites, limit: int) -> None:
    site = sites.make("site", name="Paged")
    for number in range(5):
        sites.say(site, f"Comment {number}")
        sites.about("call", site, f"Call {number}")
        if number % 2:
            sites.about("memo", site, f"Memo {number}")
        sites.change(site, city=f"City {number}")
    assert sites.pages(site, limit) == list(sites.told(site, limit=100))
    assert len(sites.pages(site, limit)) == 5 * 3 + 2 + 1


def test_entries_of_one_instant_are_neither_lost_nor_repeated_between_pages(sites: Sites) -> None:
    site = sites.make("site", name="At once")
    records = sites.runtime.current().records
    about = {"entity": "site", "id": str(site)}
    records.execute(sites.boss, [Create("call", {"subject": f"C{n}", "regarding": about}) for n in range(6)])
    for number in range(4):
        records.comment(sites.boss, "site", site, f"T{number}")
    assert sorted(said(sites.pages(site, 2))) == sorted(said(sites.told(site)))
    assert len(said(sites.pages(site, 3))) == 11


def test_a_filter_leaves_only_what_is_asked_for(sites: Sites) -> None:
    site = sites.make("site", name="Filtered")
    sites.about("call", site, "Called")
    sites.say(site, "Said")
    assert {s: said(sites.told(site, sources=[s])) for s in SOURCES} == {
        "activities": ["Called"],
        "comments": ["Said"],
        "changes": ["create"],
        "files": [],
    }


def test_what_one_may_not_read_is_not_on_the_timeline(sites: Sites) -> None:
    site = sites.make("site", name="Masked", city="Porto", worth=5)
    sites.change(site, worth=6)
    sites.about("call", site, "Of the boss")
    sites.about("call", site, "Of Sam", sites.sam)
    sites.about("memo", site, "For nobody else")
    mine = sites.told(site, sites.sam)
    assert said(mine) == ["Of Sam", "create"]
    assert "worth" not in mine[-1]["change"]["changes"]
    assert said(sites.told(site, sites.olga)) == ["create"]


def test_pages_go_on_past_what_one_may_not_read(sites: Sites) -> None:
    site = sites.make("site", name="Hidden", city="Porto")
    sites.say(site, "Far below")
    for number in range(6):
        sites.change(site, worth=number)
    assert said(sites.pages(site, 2, sites.sam)) == ["Far below", "create"]


def test_a_change_of_files_names_them_and_says_what_is_held_still(sites: Sites) -> None:
    offer, plan = sites.upload("offer.pdf"), sites.upload("plan.txt")
    site = sites.make("site", name="Filed", city="Porto", papers=[offer, plan])
    sites.change(site, city="Braga")
    sites.change(site, papers=[plan], city="Porto")
    changes = [item["change"] for item in sites.told(site)]
    (gone,) = changes[0]["files"]
    assert gone == {
        "field": "papers", "id": offer, "name": "offer.pdf", "size": 9, "added": False, "held": False,
    }  # fmt: skip
    assert "files" not in changes[1]
    assert [(f["name"], f["added"], f["held"]) for f in changes[2]["files"]] == [
        ("offer.pdf", True, False),
        ("plan.txt", True, True),
    ]
    alone = [item["change"] for item in sites.told(site, sources=["files"])]
    assert [list(change["changes"]) for change in alone] == [["papers"], ["papers"]]
    assert sites.pages(site, 1, sources=["files"]) == list(sites.told(site, sources=["files"]))
    assert sites.told(site, sites.olga, sources=["files"]) == []
    assert all("files" not in item["change"] for item in sites.told(site, sites.olga))


def test_an_activity_in_the_trash_is_off_the_timeline(sites: Sites) -> None:
    site = sites.make("site", name="Trash")
    call = sites.about("call", site, "Gone")
    sites.runtime.current().records.execute(sites.boss, [Delete("call", Target(call))])
    assert said(sites.told(site)) == ["create"]


def test_a_hidden_record_has_no_timeline(sites: Sites) -> None:
    site = sites.make("site", name="Elsewhere", city="Lisboa")
    sites.say(site, "Not for Olga")
    with pytest.raises(NotFound):
        sites.told(site, sites.olga)


@pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "WzEsMl0", "WyJhIiwiYiIsImMiLCJkIiwiZSJd", "ÿ"])
def test_a_cursor_that_is_none_is_refused(sites: Sites, cursor: str) -> None:
    site = sites.make("site", name="Cursor")
    with pytest.raises(Unreadable):
        sites.told(site, after=cursor)


def test_a_timeline_costs_as_many_statements_for_many_entries_as_for_few(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = sites.make("site", name="Few"), sites.make("site", name="Many")
    for site, number in ((few, 1), (many, 12)):
        for n in range(number):
            sites.about("call", site, f"Call {n}")
            sites.about("memo", site, f"Memo {n}")
            sites.say(site, f"@Sam Seller {n}")
            sites.change(site, city=f"City {n}", papers=[sites.upload(f"{n}.txt")])
    ran: list[str] = []
    run = UnitOfWork.run

    def counting(unit: UnitOfWork, prepared: Any, *values: Any) -> Any:
        ran.append(prepared.sql)
        return run(unit, prepared, *values)

    monkeypatch.setattr(UnitOfWork, "run", counting)
    costs = []
    for site in (few, many):
        ran.clear()
        sites.told(site, limit=100)
        costs.append(len([sql for sql in ran if "xrm_installation" not in sql]))
    assert costs[0] == costs[1] <= 13


def test_the_history_of_a_field_holds_its_changes_alone(sites: Sites) -> None:
    site = sites.make("site", name="One field", city="Faro")
    sites.change(site, city="Porto", worth=1)
    sites.change(site, name="Renamed")
    queries = sites.runtime.current().queries
    rows = queries.history(sites.boss, "site", site, field="city").data
    assert [r["changes"] for r in rows] == [
        {"city": {"before": "Faro", "after": "Porto"}},
        {"city": {"before": None, "after": "Faro"}},
    ]
    assert len(queries.history(sites.boss, "site", site, field="name", limit=1).data) == 1
    assert queries.history(sites.boss, "site", site, field="name", limit=1).next
