"""Several commands on one record in one batch: each works on what the earlier ones left."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.support.office import Office
from xrm.engine.commands import Delete, Restore, Target, Transition, Update, Upsert
from xrm.errors import Conflict, Invalid, Stale


def test_two_records_of_one_deletion_are_restored_in_one_batch(office: Office) -> None:
    deal = office.make("deal", name="Whole", lines={"create": [{"name": "a"}, {"name": "b"}]})
    lines = [UUID(line["id"]) for line in office.list("line", filters=(f'deal == "{deal}"',))]
    office.change("deal", deal, lines={"delete": [str(line) for line in lines]})
    results = office.run(*(Restore("line", Target(line)) for line in lines)).results
    assert [(r.id, r.version, r.outcome) for r in results] == [
        (lines[0], 3, "restored"),
        (lines[1], 3, "unchanged"),
    ]
    assert len(office.list("line", filters=(f'deal == "{deal}"',))) == len(lines)


def test_a_record_is_restored_once_however_often_it_is_asked_for(office: Office) -> None:
    record = office.make("account", name="Gone")
    office.run(Delete("account", Target(record)))
    results = office.run(*[Restore("account", Target(record))] * 2).results
    assert [(r.version, r.outcome) for r in results] == [(3, "restored"), (3, "unchanged")]


def test_adjacent_changes_of_one_record_are_done_in_order(office: Office) -> None:
    record, other = office.make("account", name="One", city="Faro"), office.make("account", name="Other")
    results = office.run(
        Update("account", Target(record), {"city": "Porto", "mood": "good"}),
        Update("account", Target(other), {"city": "Braga"}),
        Update("account", Target(record), {"city": "Lisboa"}, version=2),
    ).results
    assert [(r.id, r.version, r.position) for r in results] == [(record, 2, 0), (other, 2, 1), (record, 3, 2)]
    account = office.read("account", record)
    assert (account["city"], account["mood"]) == ("Lisboa", "good")
    history = office.runtime.current().queries.history(office.boss, "account", record).data
    assert history[0]["changes"]["city"] == {"before": "Porto", "after": "Lisboa"}


@pytest.mark.parametrize(
    "second",
    [
        Target(key={"tax_number": "twice-1"}),
        Target(key={"tax_number": "TWICE-1"}),
        Target(key={"external_key": "t1"}),
        Target(ref="it"),
    ],
    ids=["the same key", "the same key in capitals", "another key", "a name"],
)
def test_adjacent_changes_are_done_in_order_however_the_record_is_named(
    office: Office, second: Target
) -> None:
    keys = {"tax_number": "twice-1", "external_key": "t1"}
    upsert = Upsert("account", "external_key", {**keys, "name": "Named"}, name="it")
    record = office.run(upsert).results[0].id
    for first in (Target(record), Target(key={"tax_number": "twice-1"}), Target(ref="it")):
        office.run(
            upsert,
            Update("account", first, {"city": "Porto"}),
            Update("account", second, {"city": "Lisboa"}),
        )
        assert office.read("account", record)["city"] == "Lisboa"


def test_a_later_change_of_one_record_is_refused_for_the_version_that_the_earlier_one_left(
    office: Office,
) -> None:
    record = office.make("account", name="Old")
    change = Update("account", Target(record), {"city": "Porto"}, version=1)
    with pytest.raises(Stale) as caught:
        office.run(change, change)
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("R112", "commands[1].values")]
    assert office.read("account", record)["version"] == 1


def test_adjacent_transitions_of_one_record_are_taken_in_order(office: Office) -> None:
    deal = office.make("deal", name="To and fro", amount={"amount": "5.00", "currency": "EUR"})
    there = [Transition("deal", Target(deal), step) for step in ("win", "reopen", "win")]
    assert office.run(*there).results[-1].version == 1 + len(there)
    assert office.read("deal", deal)["state"] == "won"


def test_a_record_that_an_earlier_command_deleted_is_in_the_trash_for_the_next(office: Office) -> None:
    record = office.make("account", name="Twice")
    with pytest.raises(Conflict) as caught:
        office.run(*[Delete("account", Target(record))] * 2)
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("R144", "commands[1]")]
    assert office.read("account", record)["version"] == 1


def test_good_rows_does_adjacent_changes_of_one_record_in_order(office: Office) -> None:
    record = office.make("account", name="Rows")
    changes = [Update("account", Target(record), {"city": city}) for city in ("Porto", 5, "Faro")]
    outcome = office.run(*changes, mode="good_rows")
    assert list(outcome.refused) == [1]
    assert office.read("account", record)["city"] == "Faro"


def test_a_child_that_is_named_twice_is_changed_in_order(office: Office) -> None:
    deal = office.make("deal", name="Parent", lines={"create": [{"name": "a"}, {"name": "b"}]})
    first, second = (line["id"] for line in office.list("line", filters=(f'deal == "{deal}"',)))
    items = [
        {"id": first, "name": "c", "quantity": "2"},
        {"id": second, "name": "d"},
        {"id": first, "name": "e"},
    ]
    office.change("deal", deal, lines={"update": items})
    line = office.read("line", UUID(first), by=office.admin)
    assert (line["name"], line["quantity"], line["version"]) == ("e", "2.00", 3)
    assert office.read("line", UUID(second), by=office.admin)["name"] == "d"


def test_what_is_wrong_with_a_child_that_is_named_twice_stands_at_its_place(office: Office) -> None:
    deal = office.make("deal", name="Parent", lines={"create": [{"name": "a"}]})
    line = office.list("line", filters=(f'deal == "{deal}"',))[0]["id"]
    items = [{"id": line, "name": "b"}, {"id": line, "nmae": "c"}]
    with pytest.raises(Invalid) as caught:
        office.run(Update("deal", Target(deal), {"lines": {"update": items}}))
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("R103", "lines.update[1].nmae")]
