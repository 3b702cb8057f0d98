"""A lookup becomes many-to-many, many-to-many a lookup, and back: nothing is lost, and what was changed since stays."""

import pytest

from tests.engine.packs.living import (
    ACCOUNT,
    DEAL,
    as_id,
    change,
    data,
    filled,
    go_back,
    house,
    plan,
    shop,
    version,
)
from xrm.engine.commands import Create, Delete, Link, Target, Unlink, Update
from xrm.engine.storage import ahead, relinkahead, relinking, relinkrows, relinksteps
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.relinking import before
from xrm.engine.storage.steps import Effect, TurnLinks
from xrm.errors import PlanRefused

__all__ = ["filled", "house", "shop"]

PLAIN = """
title: name
fields:
  name: {type: text, required: true}
relationships:
"""
ONE = f"{PLAIN}  payer: {{to: account}}\n"
MANY = f"{PLAIN}  payer: {{to: account, many: true, attributes: {{role: {{type: text}}}}}}\n"


def put(runtime, bill, decisions=None):
    return change(runtime, decisions or {}, account=ACCOUNT, deal=DEAL, bill=bill)


def look(runtime, bill, decisions=None):
    return plan(runtime, decisions or {}, account=ACCOUNT, deal=DEAL, bill=bill)


def refused(runtime, bill, decisions=None):
    with pytest.raises(PlanRefused) as caught:
        look(runtime, bill, decisions)
    return [(problem.code, problem.where.path, problem.message) for problem in caught.value.problems]


def made(runtime, ana, entity, *names):
    commands = [Create(entity, {"name": name}) for name in names]
    return dict(
        zip(names, (r.id for r in runtime.current().records.execute(ana, commands).results), strict=True)
    )


def payers(runtime):
    """Who pays each bill, by name, whichever way it is stored; and the role in which."""
    tables = data(runtime)
    names = {row["id"]: row["name"] for row in (*tables["sales__account"], *tables["sales__bill"])}
    rows = [(row["id"], row["payer"], None) for row in tables["sales__bill"] if row.get("payer")]
    rows += [(row["source"], row["target"], row["role"]) for row in tables.get("sales__bill__payer", ())]
    found = {names[row["id"]]: [] for row in tables["sales__bill"]}
    for bill, account, role in rows:
        found[names[bill]].append((names[account], role) if role else names[account])
    return {bill: sorted(each, key=str) for bill, each in found.items()}


def with_values(shop):
    """Three bills of a lookup, one of them in the trash and one without a payer."""
    runtime, ana, _ = shop
    put(runtime, ONE)
    accounts, bills = (
        made(runtime, ana, "account", "Ana", "Bob", "Eva"),
        made(runtime, ana, "bill", "one", "two", "old"),
    )
    for bill, account in (("one", "Ana"), ("old", "Bob")):
        pay(runtime, ana, bills[bill], accounts[account])
    runtime.current().records.execute(ana, [Delete("bill", Target(bills["old"]))])
    return runtime, ana, accounts, bills


def with_links(shop):
    """The same bills where payers were links from the beginning; of two pay Eva, as an aunt, and Bob."""
    runtime, ana, _ = shop
    put(runtime, MANY)
    accounts, bills = (
        made(runtime, ana, "account", "Ana", "Bob", "Eva"),
        made(runtime, ana, "bill", "one", "two", "old"),
    )
    link(runtime, ana, bills["two"], accounts["Eva"], role="aunt")
    for bill, account in (("one", "Ana"), ("two", "Bob"), ("old", "Bob")):
        link(runtime, ana, bills[bill], accounts[account])
    runtime.current().records.execute(ana, [Delete("bill", Target(bills["old"]))])
    return runtime, ana, accounts, bills


def pay(runtime, ana, bill, account):
    value = {"id": str(account)} if account else None
    runtime.current().records.execute(ana, [Update("bill", Target(bill), {"payer": value})])


def link(runtime, ana, bill, account, **role):
    command = Link("bill", Target(bill), "payer", {"id": str(account)}, role)
    runtime.current().records.execute(ana, [command])


def unlink(runtime, ana, bill, account):
    (there,) = (
        row["id"]
        for row in data(runtime)["sales__bill__payer"]
        if (as_id(row["source"]), as_id(row["target"])) == (bill, account)
    )
    runtime.current().records.execute(ana, [Unlink("bill", Target(bill), "payer", as_id(there))])


def test_each_value_becomes_a_link_and_on_the_way_back_edits_in_between_are_kept(house):
    runtime, ana, accounts, bills = with_values(house)
    then, before = version(runtime), payers(runtime)
    found = look(runtime, MANY)
    (turn,) = [step for step in found.steps if isinstance(step, TurnLinks)]
    assert turn.sentence == (
        "Turn bill.payer (sales__bill) from a lookup into many-to-many, each value into a link;"
        " the values of now are kept for 90 days."
    )
    assert (turn.effect, turn.rows.touched, turn.rows.failing) == (Effect.REWRITE, 2, 0)
    assert not found.destructive
    put(runtime, MANY)
    assert payers(runtime) == before == {"one": ["Ana"], "two": [], "old": ["Bob"]}
    assert look(runtime, MANY).is_empty
    go_back(runtime, then)
    assert payers(runtime) == before
    put(runtime, MANY)
    link(runtime, ana, bills["two"], accounts["Eva"], role="aunt")
    unlink(runtime, ana, bills["one"], accounts["Ana"])
    link(runtime, ana, bills["one"], accounts["Bob"])
    go_back(runtime, then)
    assert payers(runtime) == {"one": ["Bob"], "two": ["Eva"], "old": ["Bob"]}
    put(runtime, MANY)
    assert payers(runtime) == {"one": ["Bob"], "two": [("Eva", "aunt")], "old": ["Bob"]}


def test_the_one_link_of_each_record_becomes_its_value_and_of_several_the_one_that_was_decided(house):
    runtime, ana, accounts, bills = with_links(house)
    then, before = version(runtime), payers(runtime)
    ((code, path, message),) = refused(runtime, ONE)
    assert (code, path) == ("S123", "unfit:bill.payer")
    assert message == (
        f"1 record has more links of bill.payer than the one that it can keep: two ({bills['two']}): 2 links."
    )
    assert refused(runtime, ONE, {"unfit:bill.payer": "best"})[0][:2] == ("S125", "unfit:bill.payer")
    decided = {"unfit:bill.payer": "first"}
    (turn,) = [step for step in look(runtime, ONE, decided).steps if isinstance(step, TurnLinks)]
    assert turn.sentence == (
        "Turn bill.payer (sales__bill) from many-to-many into a lookup, the link of a record into its value;"
        " the links of now are kept for 90 days. Of several links the first one stays."
    )
    assert (turn.effect, turn.rows.failing, turn.rows.samples) == (
        Effect.DECISION, 1, (f"two ({bills['two']}): 2 links",)
    )  # fmt: skip
    put(runtime, ONE, decided)
    assert payers(runtime) == {"one": ["Ana"], "two": ["Eva"], "old": ["Bob"]}
    pay(runtime, ana, bills["one"], accounts["Eva"])
    go_back(runtime, then)
    assert payers(runtime) == {**before, "one": ["Eva"]}
    put(runtime, ONE)  # as it was decided before
    assert payers(runtime) == {"one": ["Eva"], "two": ["Eva"], "old": ["Bob"]}


def test_the_last_link_stays_or_none(house):
    runtime, _, _, _ = with_links(house)
    then = version(runtime)
    put(runtime, ONE, {"unfit:bill.payer": "last"})
    assert payers(runtime)["two"] == ["Bob"]
    go_back(runtime, then)
    put(runtime, ONE, {"unfit:bill.payer": ""})
    assert payers(runtime)["two"] == []


def test_a_link_that_has_to_have_an_attribute_is_refused_where_it_would_be_new(house):
    runtime, _, _, bills = with_values(house)
    demanding = MANY.replace("{type: text}}}", "{type: text, required: true}}}")
    (problem,) = refused(runtime, demanding)
    assert problem[0] == "S115"
    assert problem[2].startswith(
        "bill.payer.role is required of a link, and those of 2 records would have none:"
    )
    assert str(bills["one"]) in problem[2]


def test_a_link_that_comes_while_a_plan_is_carried_out_takes_it_back(shop, monkeypatch):
    runtime, ana, accounts, bills = with_links(shop)
    unlink(runtime, ana, bills["two"], accounts["Bob"])
    shown, looks = relinking.look, []

    def looked(*given):
        looks.append(shown(*given))
        if len(looks) == 2:  # the plan that is carried out is made
            link(runtime, ana, bills["two"], accounts["Ana"])
        return looks[-1]

    monkeypatch.setattr(relinksteps, "look", looked)
    before = payers(runtime)
    with pytest.raises(PlanRefused) as caught:
        put(runtime, ONE)
    assert [problem.code for problem in caught.value.problems] == ["S123"]
    assert payers(runtime) == {**before, "two": [("Eva", "aunt"), "Ana"]}


def copies(runtime):
    """What was made ahead of a plan, and nothing has taken."""
    with runtime.database.read() as unit:
        live = inspect(unit)
    return [*live.copies, *(column for table in live.tables.values() for column in table.copies)]


def while_it_is_done_ahead(monkeypatch, edit, then):
    """One edit when references were written ahead once, another when all is done but what holds the lock."""
    do, catch_up = ahead.do, relinkahead.Relinked.catch_up

    edits = iter([edit])  # PostgreSQL catches up a second time, when indexes are built

    def caught_up(self, database):
        next(edits, lambda: None)()
        catch_up(self, database)

    def done(database, session, work, grounds):
        do(database, session, work, grounds)
        (relinked,) = [each for each in work if isinstance(each, relinkahead.Relinked)]
        with database.read() as unit:
            left = before(relinked.relink).written_since(unit, relinked.known.marks)
        assert left == [] or not relinked.known.is_made
        then()

    monkeypatch.setattr(relinkahead.Relinked, "catch_up", caught_up)
    monkeypatch.setattr(ahead, "do", done)
    monkeypatch.setattr(relinkahead, "FEW", 0)


def test_values_are_the_same_links_in_however_many_portions_and_whenever_they_were_written(shop, monkeypatch):
    runtime, ana, accounts, bills = with_values(shop)
    then = version(runtime)
    monkeypatch.setattr(relinkrows, "PORTION", 1)

    def edit():
        pay(runtime, ana, bills["one"], accounts["Eva"])
        pay(runtime, ana, bills["two"], accounts["Ana"])

    def late():
        assert len(copies(runtime)) == 1
        pay(runtime, ana, bills["one"], accounts["Bob"])
        pay(runtime, ana, made(runtime, ana, "bill", "new")["new"], accounts["Ana"])

    with monkeypatch.context() as patch:
        while_it_is_done_ahead(patch, edit, late)
        put(runtime, MANY)
    assert payers(runtime) == {"one": ["Bob"], "two": ["Ana"], "old": ["Bob"], "new": ["Ana"]}
    assert (copies(runtime), runtime.packs.plan().is_empty) == ([], True)
    with monkeypatch.context() as patch:
        while_it_is_done_ahead(
            patch,
            lambda: unlink(runtime, ana, bills["two"], accounts["Ana"]),
            lambda: link(runtime, ana, bills["two"], accounts["Eva"]),
        )
        go_back(runtime, then)
    assert payers(runtime) == {"one": ["Bob"], "two": ["Eva"], "old": ["Bob"], "new": ["Ana"]}
    assert (copies(runtime), runtime.packs.plan().is_empty) == ([], True)


def test_links_are_the_same_values_in_however_many_portions_and_whenever_they_were_written(
    house, monkeypatch
):
    runtime, ana, accounts, bills = with_links(house)
    monkeypatch.setattr(relinkrows, "PORTION", 1)

    def late():
        assert copies(runtime) == ["zz0__payer"]
        unlink(runtime, ana, bills["two"], accounts["Eva"])

    while_it_is_done_ahead(monkeypatch, lambda: unlink(runtime, ana, bills["one"], accounts["Ana"]), late)
    put(runtime, ONE, {"unfit:bill.payer": "first"})
    assert payers(runtime) == {"one": [], "two": ["Bob"], "old": ["Bob"]}
    assert (copies(runtime), runtime.packs.plan().is_empty) == ([], True)


WIDE = f"{PLAIN}  payer: {{to: [account, bill]}}\n  about: {{to: any}}\n"
WIDER = WIDE.replace("]}", "], many: true}").replace("any}", "any, many: true}")


def test_what_leads_to_several_entities_or_to_any_becomes_links_and_what_fits_no_more_is_decided(shop):
    runtime, ana, _ = shop
    put(runtime, WIDE)
    accounts, bills = made(runtime, ana, "account", "Ana"), made(runtime, ana, "bill", "one", "two")
    there = [("account", accounts["Ana"]), ("bill", bills["one"])]
    for bill, (entity, record) in zip(bills.values(), there, strict=True):
        to = {"entity": entity, "id": str(record)}
        runtime.current().records.execute(ana, [Update("bill", Target(bill), {"payer": to, "about": to})])
    then, before = version(runtime), data(runtime)
    put(runtime, WIDER)
    assert sorted(len(data(runtime)[f"sales__bill__{name}"]) for name in ("payer", "about")) == [2, 2]
    go_back(runtime, then)
    assert data(runtime) == before
    narrow = WIDER.replace("[account, bill]", "account")
    ((code, path, message),) = refused(runtime, narrow)
    assert (code, path) == ("S123", "unfit:bill.payer")
    assert message == f"1 record has in bill.payer what its links cannot lead to: two ({bills['two']})."
    put(runtime, narrow, {"unfit:bill.payer": ""})
    assert len(data(runtime)["sales__bill__payer"]) == 1
    go_back(runtime, then)
    assert data(runtime) == before


NEEDED = ONE.replace("account}", "account, required: true}")


def test_a_lookup_that_is_newly_required_is_filled_in_as_it_was_decided(shop):
    runtime = with_values(shop)[0]
    ((code, path, message),) = refused(runtime, NEEDED)
    assert (code, path) == ("S115", "empty:bill.payer")
    assert message == "bill.payer would be required, and 1 record has no value."
    for said, why in (("Nobody", "'Nobody' names no record that"), ("", "A value is required.")):
        ((code, path, message),) = refused(runtime, NEEDED, {"empty:bill.payer": said})
        assert (code, path) == ("S125", "empty:bill.payer")
        assert why in message
    decided = {"empty:bill.payer": "Eva"}
    step = look(runtime, NEEDED, decided).steps[-1]
    assert step.sentence == (
        "Fill in bill.payer (sales__bill) where a record has none. A record that has none gets Eva."
    )
    assert (step.effect, step.rows.failing) == (Effect.DECISION, 1)
    put(runtime, NEEDED, decided)
    assert payers(runtime) == {"one": ["Ana"], "two": ["Eva"], "old": ["Bob"]}


def test_links_become_a_required_lookup_and_whoever_has_none_gets_what_was_decided(house):
    runtime, ana, accounts, bills = with_links(house)
    unlink(runtime, ana, bills["one"], accounts["Ana"])
    assert [problem[1] for problem in refused(runtime, NEEDED)] == ["empty:bill.payer", "unfit:bill.payer"]
    then, before = version(runtime), payers(runtime)
    for said in ("Eva", "account:Eva", str(accounts["Eva"])):
        decided = {"unfit:bill.payer": "last", "empty:bill.payer": said}
        assert look(runtime, NEEDED, decided).steps[-1].rows.failing == 2
    put(runtime, NEEDED, decided)
    assert payers(runtime) == {"one": ["Eva"], "two": ["Bob"], "old": ["Bob"]}
    go_back(runtime, then)
    assert payers(runtime) == before


def test_a_new_lookup_that_is_required_comes_with_what_was_decided(house):
    runtime, ana, _ = house
    put(runtime, PLAIN.replace("relationships:\n", ""))
    made(runtime, ana, "bill", "one", "two")
    made(runtime, ana, "account", "Eva")
    put(runtime, NEEDED, {"empty:bill.payer": "Eva"})
    assert payers(runtime) == {"one": ["Eva"], "two": ["Eva"]}


def test_what_becomes_one_to_one_is_looked_at_before(house):
    runtime, ana, accounts, bills = with_links(house)
    alone = ONE.replace("account}", "account, unique: true}")
    link(runtime, ana, bills["one"], accounts["Bob"])
    (problem,) = refused(runtime, alone, {"unfit:bill.payer": "last"})
    assert problem[0] == "S121"
    assert problem[2].startswith("bill.payer is unique, and records would hold the same value: one (")


def test_it_is_called_otherwise_at_once(house):
    runtime = with_values(house)[0]
    then, before = version(runtime), payers(runtime)
    put(runtime, MANY.replace("payer: {", "payers: {renamed_from: payer, "))
    assert len(data(runtime)["sales__bill__payers"]) == 2
    go_back(runtime, then)
    assert payers(runtime) == before
