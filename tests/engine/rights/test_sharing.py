"""Records shared one by one: what a share gives, who may give it, and that it holds everywhere at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor, Command, Create, Delete, Restore, Target, Update
from xrm.engine.identity.resolve import actor_of
from xrm.engine.queries.request import Query, Trash
from xrm.engine.runtime import Runtime
from xrm.errors import Conflict, Forbidden, Invalid, NotFound
from xrm.metadata.values import Ref
from xrm.testing import a_pack, admin_actor, an_actor

PACK = a_pack(
    "deals",
    deal="""
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  margin: {type: integer, sensitive: true}
relationships:
  lines: {from: line, owned: true}
""",
    line="title: name\nfields:\n  name: {type: text, required: true}\n",
    files={
        "roles.yaml": """
seller:
  grants:
    own: {entity: deal, can: [create, read, update, delete, share], rows: own}
    all: {entity: deal, can: [read], rows: amount > 1000, fields: [name]}
watcher:
  grants:
    own: {entity: deal, can: [read], rows: own, fields: [name]}
starter:
  grants:
    own: {entity: deal, can: [create, read, share], rows: own}
    small: {entity: deal, can: [update], rows: owner == me and amount < 1000}
manager:
  grants:
    own: {entity: deal, can: [read, update], rows: own, fields: [name, amount, margin]}
    all: {entity: deal, can: [share]}
"""
    },
)


@dataclass
class Office:
    """An installation with deals of Ana, and others who may be given some."""

    runtime: Runtime
    ana: Actor

    def now(self, actor: Actor) -> Actor:
        """The person as their next request finds them."""
        with self.runtime.database.read() as unit:
            found = actor_of(unit, actor.id, "api")
        assert found is not None
        return found

    def person(self, name: str, *roles: str, teams: tuple[str, ...] = ()) -> Actor:
        return an_actor(self.runtime, name, roles, teams=teams)

    def do(self, actor: Actor, *commands: Command) -> UUID:
        return self.runtime.current().records.execute(self.now(actor), list(commands)).results[0].id

    def deal(self, actor: Actor, **values: object) -> UUID:
        return self.do(actor, Create("deal", values))

    def share(self, by: Actor, deal: UUID, to: Actor | Ref, *operations: str) -> UUID:
        receiver = to if isinstance(to, Ref) else Ref("user", to.id)
        records = self.runtime.current().records
        return records.share(self.now(by), "deal", deal, receiver, operations or ("read",)).id

    def end(self, by: Actor, deal: UUID, share: UUID) -> None:
        self.runtime.current().records.end_share(self.now(by), "deal", deal, share)

    def seen(self, actor: Actor, entity: str = "deal", **asked: object) -> list[dict[str, object]]:
        return [
            dict(r) for r in self.runtime.current().queries.list(self.now(actor), Query(entity, **asked)).data
        ]

    def names(self, actor: Actor, entity: str = "deal") -> list[object]:
        return sorted(str(r["name"]) for r in self.seen(actor, entity))


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    runtime = make_runtime(database_url, tmp_path, [PACK])
    yield Office(runtime, an_actor(runtime, "Ana", ["seller"]))
    runtime.close()


def test_a_share_opens_one_record_with_the_fields_of_the_receivers_own_grant(office: Office) -> None:
    deal, _ = office.deal(office.ana, name="A", amount=5), office.deal(office.ana, name="B", amount=6)
    watcher = office.person("Wim", "watcher")
    assert office.seen(watcher) == []
    office.share(office.ana, deal, watcher)
    found = office.seen(watcher)
    assert [r["name"] for r in found] == ["A"]
    assert "amount" not in found[0]
    with pytest.raises(Forbidden):
        office.do(watcher, Update("deal", Target(deal), {"name": "mine"}))


def test_a_share_gives_nothing_to_whom_no_role_gives_the_operation(office: Office) -> None:
    deal, watcher = office.deal(office.ana, name="A"), office.person("Wim", "watcher")
    nobody = office.person("Nil")
    office.share(office.ana, deal, watcher, "read", "update")
    office.share(office.ana, deal, nobody, "read")
    with pytest.raises(Forbidden):
        office.do(watcher, Update("deal", Target(deal), {"name": "mine"}))
    with pytest.raises(NotFound):
        office.seen(nobody)


def test_a_share_to_change_is_a_share_to_change_that_record_alone(office: Office) -> None:
    deal, other = office.deal(office.ana, name="A"), office.deal(office.ana, name="B")
    rui = office.person("Rui", "seller")
    office.share(office.ana, deal, rui, "read", "update")
    office.do(rui, Update("deal", Target(deal), {"name": "A2"}))
    with pytest.raises(NotFound):
        office.do(rui, Update("deal", Target(other), {"name": "B2"}))
    with pytest.raises(Forbidden):
        office.do(rui, Delete("deal", Target(deal)))
    assert office.names(office.ana) == ["A2", "B"]


def test_lines_follow_the_deal_that_is_shared(office: Office) -> None:
    deal = office.deal(office.ana, name="A", lines={"create": [{"name": "one"}]})
    office.deal(office.ana, name="B", lines={"create": [{"name": "two"}]})
    rui = office.person("Rui", "seller")
    assert office.names(rui, "line") == []
    office.share(office.ana, deal, rui, "read", "update")
    assert office.names(rui, "line") == ["one"]
    office.do(rui, Update("deal", Target(deal), {"lines": {"create": [{"name": "three"}]}}))
    assert office.names(office.ana, "line") == ["one", "three", "two"]


def test_a_share_with_a_team_reaches_its_members_and_ends_for_those_who_leave(office: Office) -> None:
    deal = office.deal(office.ana, name="A")
    rui = office.person("Rui", "seller", teams=("red",))
    team = office.runtime.directory.team("red")
    assert team is not None
    office.share(office.ana, deal, Ref("team", team))
    assert office.names(rui) == ["A"]
    office.runtime.identity.groups.remove_member(admin_actor(office.runtime), team, rui.id)
    assert office.names(rui) == []


def test_ending_a_share_ends_it(office: Office) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    share = office.share(office.ana, deal, rui)
    assert office.names(rui) == ["A"]
    office.end(office.ana, deal, share)
    assert office.names(rui) == []
    with pytest.raises(NotFound):
        office.end(office.ana, deal, share)


def test_sharing_again_says_what_holds_from_now_on(office: Office) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    first = office.share(office.ana, deal, rui, "read", "update")
    assert office.share(office.ana, deal, rui, "read") == first
    with pytest.raises(Forbidden):
        office.do(rui, Update("deal", Target(deal), {"name": "A2"}))
    [kept] = office.runtime.current().records.shares(office.now(office.ana), "deal", deal)
    assert (kept.title, kept.operations, kept.by_title) == ("Rui", ("read",), "Ana")


def test_only_who_may_share_the_record_shares_it_or_ends_it(office: Office) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    eva = office.person("Eva", "seller")
    share = office.share(office.ana, deal, rui)
    with pytest.raises(Forbidden):
        office.share(rui, deal, eva)
    with pytest.raises(Forbidden):
        office.end(rui, deal, share)
    with pytest.raises(NotFound):
        office.share(eva, deal, eva)
    office.share(office.ana, deal, rui, "read", "share")
    office.share(rui, deal, eva)
    assert office.names(eva) == ["A"]


def test_nobody_gives_what_they_do_not_hold(office: Office) -> None:
    deal, boss = office.deal(office.ana, name="A", amount=5000), office.person("Bo", "manager", "seller")
    eva = office.person("Eva", "seller")
    with pytest.raises(Forbidden):
        office.share(boss, deal, eva, "update")
    with pytest.raises(Forbidden):
        office.share(office.ana, deal, eva, "assign")


def test_nobody_sees_more_of_a_record_by_sharing_it_with_themselves(office: Office) -> None:
    deal, boss = office.deal(office.ana, name="A", amount=5000), office.person("Bo", "manager", "seller")
    assert [r.get("amount") for r in office.seen(boss)] == [None]
    with pytest.raises(Forbidden):
        office.share(boss, deal, boss)


def test_shares_of_one_record_are_not_seen_or_ended_by_way_of_another(office: Office) -> None:
    bo, rui = office.person("Bo", "seller"), office.person("Rui", "seller")
    mine, other = office.deal(office.ana, name="A"), office.deal(bo, name="B")
    share = office.share(bo, other, rui)
    assert office.runtime.current().records.shares(office.now(office.ana), "deal", mine) == ()
    with pytest.raises(NotFound):
        office.end(office.ana, mine, share)
    assert office.names(rui) == ["B"]


def test_nobody_shares_with_themselves(office: Office) -> None:
    deal = office.deal(office.ana, name="A")
    with pytest.raises(Invalid):
        office.share(office.ana, deal, office.ana)


def test_a_share_with_ones_own_team_keeps_nothing_for_whoever_gave_it(office: Office) -> None:
    sam, rui = office.person("Sam", "starter", teams=("North",)), office.person("Rui", "starter")
    north = office.runtime.directory.team("North")
    office.runtime.identity.groups.add_member(office.runtime.installer, north, rui.id)
    deal = office.deal(sam, name="A", amount=500)
    office.share(sam, deal, Ref("team", north), "read", "update")
    with pytest.raises(Forbidden):  # it would leave what the grants let them write
        office.do(sam, Update("deal", Target(deal), {"amount": 5000}))
    office.do(rui, Update("deal", Target(deal), {"amount": 5000}))
    office.do(admin_actor(office.runtime), Update("deal", Target(deal), {"owner": str(office.ana.id)}))
    assert (office.names(rui), office.names(sam)) == (["A"], [])


def test_a_share_in_the_trash_sleeps_with_its_record(office: Office) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    office.share(office.ana, deal, rui)
    office.do(office.ana, Delete("deal", Target(deal)))
    assert office.names(rui) == []
    with pytest.raises(Conflict):
        office.share(office.ana, deal, office.person("Eva", "seller"))
    office.do(office.ana, Restore("deal", Target(deal)))
    assert office.names(rui) == ["A"]


def test_a_share_is_seen_and_ended_in_the_trash_too_where_its_receiver_reads_the_record(
    office: Office,
) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    share = office.share(office.ana, deal, rui)
    office.do(office.ana, Delete("deal", Target(deal)))
    records = office.runtime.current().records
    assert [s.id for s in records.shares(office.now(office.ana), "deal", deal)] == [share]
    assert [r["name"] for r in office.seen(rui, trash=Trash.ONLY)] == ["A"]
    with pytest.raises(Forbidden):
        office.end(rui, deal, share)
    office.end(office.ana, deal, share)
    assert office.seen(rui, trash=Trash.ONLY) == []
    office.do(office.ana, Restore("deal", Target(deal)))
    assert office.names(rui) == []


@pytest.mark.parametrize("operations", [[], ["create"], ["read", "fly"]])
def test_what_cannot_be_shared_is_refused(office: Office, operations: list[str]) -> None:
    deal = office.deal(office.ana, name="A")
    records = office.runtime.current().records
    with pytest.raises(Invalid):
        records.share(office.now(office.ana), "deal", deal, Ref("user", office.ana.id), operations)
    for to in (Ref("user", deal), Ref("team", office.ana.id), Ref("deal", deal)):
        with pytest.raises(Invalid):
            records.share(office.now(office.ana), "deal", deal, to, ["read"])


def test_history_says_that_a_record_was_shared(office: Office) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    office.end(office.ana, deal, office.share(office.ana, deal, rui))
    told = office.runtime.current().queries.history(office.now(office.ana), "deal", deal).data
    assert [(e["operation"], e["actor"]["title"]) for e in told] == [
        ("unshare", "Ana"),
        ("share", "Ana"),
        ("create", "Ana"),
    ]


def test_another_process_knows_of_a_share_with_its_next_request(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    token = office.runtime.identity.create_token(rui, "key")
    with closing(make_runtime(database_url, tmp_path, install=False)) as other:

        def names() -> list[str]:
            reader = other.identity.resolve_token(token)
            return [r["name"] for r in other.current().queries.list(reader, Query("deal")).data]

        assert names() == []
        share = office.share(office.ana, deal, rui)
        assert names() == ["A"]
        office.end(office.ana, deal, share)
        assert names() == []


def test_whoever_has_no_share_is_asked_with_the_same_statements_as_before(office: Office) -> None:
    deal, rui = office.deal(office.ana, name="A"), office.person("Rui", "seller")
    eva = office.person("Eva", "seller")
    policy = office.runtime.current().policy
    before = policy.rights(office.now(eva), "deal")
    office.share(office.ana, deal, rui)
    assert policy.rights(office.now(eva), "deal") == before
    assert office.now(eva).signature == replace(eva, shared=frozenset()).signature
    assert policy.rights(office.now(rui), "line") != policy.rights(office.now(eva), "line")
    assert "by a share" in policy.decide(office.now(rui), "read", "deal").reason
