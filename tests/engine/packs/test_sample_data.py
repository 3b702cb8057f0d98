"""Sample data: added by one act, taken away by another, and nothing of one's own goes with it."""

from uuid import UUID

import pytest

from xrm.engine.commands import Create, Delete, Target, Update
from xrm.engine.jobs import State
from xrm.engine.queries.request import Query, Trash
from xrm.errors import Conflict, Forbidden, XrmError
from xrm.testing import a_pack, admin_actor, an_actor

FIRM = """
title: name
fields: {name: {type: text, required: true}}
relationships:
  heir: {to: firm, inverse: elders, on_delete: restrict}
"""
BILL = """
title: name
fields: {name: {type: text, required: true}}
relationships:
  firm: {to: firm, required: true, inverse: bills, on_delete: restrict}
"""
STATES = """
states: {open: {initial: true}, paid: {final: true, locked: true}}
transitions: {pay: {from: [open], to: paid}}
"""
DEMO = """
people:
  users: [{name: Zoe Lark, email: zoe@lark.example, roles: [seller]}]
records:
- {ref: a, entity: firm, values: {name: Alder, heir: {ref: b}}}
- {ref: b, entity: firm, values: {name: Birch}}
- {ref: b1, entity: bill, values: {name: B-1, firm: {ref: a}}, steps: [pay]}
"""
ROLES = "seller:\n  label: Seller\n  grants:\n    all: {entity: firm, can: [read]}\n"
FILES = {"lifecycles/bill.yaml": STATES, "seed/demo.yaml": DEMO, "roles.yaml": ROLES}


@pytest.fixture
def runtime(make):
    return make([a_pack("sales", FILES, firm=FIRM, bill=BILL)])


def names(runtime, entity, trash=Trash.LIVE):
    query = Query(entity, fields=(("name",),), limit=50, trash=trash)
    return sorted(row["name"] for row in runtime.current().queries.list(runtime.installer, query).data)


def counts(runtime):
    presence = runtime.sample.presence()
    return presence.brought, presence.there, presence.changed


def test_all_of_it_comes_and_all_of_it_goes_locked_records_too(runtime):
    admin = admin_actor(runtime)
    assert counts(runtime) == (3, 0, 0)
    added = runtime.sample.add(admin)
    assert (added.state, added.result["created"]) == (State.DONE, 3)
    assert counts(runtime) == (3, 3, 0)
    removed = runtime.sample.remove(admin)
    assert removed.state is State.DONE
    assert {k: removed.result[k] for k in ("deleted", "failed", "changed")} == {
        "deleted": 3, "failed": 0, "changed": 0,
    }  # fmt: skip
    assert names(runtime, "firm") == names(runtime, "bill") == []
    assert names(runtime, "firm", Trash.ONLY) == ["Alder", "Birch"]


def test_what_went_comes_back_when_it_is_added_again(runtime):
    admin = admin_actor(runtime)
    runtime.sample.add(admin)
    runtime.sample.remove(admin)
    again = runtime.sample.add(admin)
    assert {k: again.result[k] for k in ("created", "restored")} == {"created": 0, "restored": 3}
    assert (names(runtime, "firm"), names(runtime, "bill")) == (["Alder", "Birch"], ["B-1"])


def test_its_people_can_act_only_while_it_is_there(runtime):
    admin = admin_actor(runtime)
    runtime.sample.add(admin)
    active = {p.email: p.active for p in runtime.directory.people()}
    assert active["zoe@lark.example"]
    assert runtime.sample.remove(admin).result["people"] == 1
    active = {p.email: p.active for p in runtime.directory.people()}
    assert not active["zoe@lark.example"]
    assert active[admin_email(runtime)]
    runtime.sample.add(admin)
    assert {p.email: p.active for p in runtime.directory.people()}["zoe@lark.example"]


def admin_email(runtime):
    return next(p.email for p in runtime.directory.people() if p.name == "Administrator")


def test_what_somebody_changed_stays_unless_it_is_meant(runtime):
    admin = admin_actor(runtime)
    runtime.sample.add(admin)
    birch = find(runtime, "Birch")
    runtime.current().records.execute(admin, [Update("firm", Target(birch), {"name": "Birch & Daughters"})])
    assert counts(runtime) == (3, 3, 1)
    removed = runtime.sample.remove(admin)
    assert {k: removed.result[k] for k in ("deleted", "changed")} == {"deleted": 2, "changed": 1}
    assert names(runtime, "firm") == ["Birch & Daughters"]
    assert runtime.sample.remove(admin, with_changed=True).result["deleted"] == 1
    assert names(runtime, "firm") == []


def test_what_a_record_of_ones_own_needs_stays_and_is_told(runtime):
    admin = admin_actor(runtime)
    runtime.sample.add(admin)
    own = Create("bill", {"name": "Ours", "firm": {"entity": "firm", "id": str(find(runtime, "Birch"))}})
    runtime.current().records.execute(admin, [own])
    removed = runtime.sample.remove(admin)
    assert (removed.result["deleted"], removed.result["failed"]) == (2, 1)
    (told,) = removed.result["problems"]
    assert told["column"] == "firm"
    assert "Other records still belong to it" in told["message"]
    assert (names(runtime, "firm"), names(runtime, "bill")) == (["Birch"], ["Ours"])


def find(runtime, name):
    query = Query("firm", fields=(("name",),), limit=50)
    rows = runtime.current().queries.list(runtime.installer, query).data
    return next(UUID(row["id"]) for row in rows if row["name"] == name)


def test_a_person_still_cannot_delete_a_locked_sample_record(runtime):
    admin = admin_actor(runtime)
    runtime.sample.add(admin)
    query = Query("bill", fields=(("name",),), limit=1)
    (bill,) = runtime.current().queries.list(admin, query).data
    with pytest.raises(XrmError) as refused:
        runtime.current().records.execute(admin, [Delete("bill", Target(UUID(bill["id"])))])
    assert refused.value.first.code == "R150"


def test_only_administrators_add_or_remove_it(runtime):
    seller = an_actor(runtime, "Sal", ["seller"])
    for act in (runtime.sample.add, runtime.sample.remove):
        with pytest.raises(Forbidden):
            act(seller)
    assert counts(runtime) == (3, 0, 0)


def test_it_is_not_added_and_removed_at_once(runtime, monkeypatch):
    admin = admin_actor(runtime)
    # A job that was started and whose worker has not come yet.
    monkeypatch.setattr(runtime.jobs.runner, "enqueue", lambda unit, run: None)
    runtime.sample.add(admin)
    with pytest.raises(Conflict) as refused:
        runtime.sample.remove(admin)
    assert refused.value.first.code == "P140"
