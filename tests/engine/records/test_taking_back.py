"""What a person did can be taken back whole, by them, for a while, as far as nobody has changed it since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.office import Office
from xrm.engine.commands import (
    Command,
    Create,
    Delete,
    Link,
    Outcome,
    Restore,
    Target,
    Transition,
    Unlink,
    Update,
)
from xrm.engine.queries.request import Trash
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, XrmError
from xrm.testing import an_actor


def done(office: Office, *commands: Command, by=None) -> str:
    """The place in the log of what these commands did."""
    return place(office, office.run(*commands, by=by))


def place(office: Office, outcome: Outcome) -> str:
    return office.runtime.current().records.place_of(outcome)


def undo(office: Office, position: str, by=None) -> Outcome:
    return office.runtime.current().records.undo(by or office.boss, position)


def refused(office: Office, position: str, by=None, error=XrmError):
    """The refusal, which left no trace in the change log."""
    before = office.log_length()
    with pytest.raises(error) as caught:
        undo(office, position, by)
    assert office.log_length() == before
    return caught.value


def is_trashed(office: Office, entity: str, record: UUID) -> bool:
    found = office.list(entity, ids=(record,), trash=Trash.BOTH)
    return bool(found[0]["deleted_at"])


def links(office: Office, deal: UUID) -> list:
    page = office.runtime.current().queries.links(office.boss, "deal", deal, "partners", limit=10)
    return [(row["title"], row["link"]["role"]) for row in page.data]


# --- each kind of change --------------------------------------------------------------------------------


def test_a_changed_record_gets_every_former_value_back(office: Office) -> None:
    town = office.make("account", name="Parent")
    record = office.make("account", name="Before", city="Faro", parent=str(town))
    change = {"name": "After", "city": None, "parent": None, "tax_number": "undo-1"}
    outcome = undo(office, done(office, Update("account", Target(record), change)))
    account = office.read("account", record)
    assert (account["name"], account["city"], account["tax_number"]) == ("Before", "Faro", None)
    assert account["parent"]["id"] == str(town)
    assert [(r.outcome, r.version) for r in outcome.results] == [("updated", 3)]


def test_every_kind_of_value_comes_back_as_it_was(office: Office) -> None:
    payer = office.make("person", name={"first": "Pia", "last": "Payer"})
    values = {
        "name": "Kinds", "amount": {"amount": "12.50", "currency": "EUR"}, "share": "12.5",
        "closes": "2026-07-01", "open_from": "2026-07-01T10:00:00Z",
        "payer": {"id": str(payer), "entity": "person"}, "about": {"id": str(payer), "entity": "person"},
        "owner": str(office.rep.id), "external_key": "kinds-1",
    }  # fmt: skip
    record = office.make("deal", **values)
    before = office.read("deal", record)
    change = dict.fromkeys(values) | {"name": "Other", "owner": str(office.boss.id)}
    undo(office, done(office, Update("deal", Target(record), change)))
    after = office.read("deal", record)
    assert {n: after[n] for n in values} == {n: before[n] for n in values}


def test_a_new_record_and_what_was_made_with_it_goes_to_the_trash(office: Office) -> None:
    values = {"name": "Made", "lines": {"create": [{"name": "One"}, {"name": "Two"}]}}
    outcome = office.run(Create("deal", values), by=office.admin)
    lines = [c.record for c in outcome.changes if c.entity == "line"]
    undo(office, place(office, outcome), by=office.admin)
    assert is_trashed(office, "deal", outcome.results[0].id)
    found = office.list("line", by=office.admin, ids=tuple(lines), trash=Trash.BOTH)
    assert [bool(line["deleted_at"]) for line in found] == [True, True]


def test_a_deleted_record_is_there_again_with_all_that_went_and_all_that_was_emptied(office: Office) -> None:
    account = office.make("account", name="Gone")
    child = office.make("account", name="Child", parent=str(account))
    person = office.make("person", name={"first": "Goes", "last": "Along"}, account=str(account))
    position = done(office, Delete("account", Target(account)))
    assert is_trashed(office, "person", person)
    assert office.read("account", child)["parent"] is None
    undo(office, position)
    assert not is_trashed(office, "account", account)
    assert office.read("person", person)["account"]["id"] == str(account)
    assert office.read("account", child)["parent"]["id"] == str(account)


def test_a_restored_record_goes_to_the_trash_again(office: Office) -> None:
    account = office.make("account", name="Back and forth")
    person = office.make("person", name={"first": "B", "last": "F"}, account=str(account))
    office.run(Delete("account", Target(account)))
    undo(office, done(office, Restore("account", Target(account))))
    assert is_trashed(office, "account", account)
    assert is_trashed(office, "person", person)


def test_a_lifecycle_step_and_the_values_it_brought_are_taken_back_out_of_a_locked_state_too(
    office: Office,
) -> None:
    mine = office.make("deal", by=office.rep, name="Step")
    lost = Transition("deal", Target(mine), "lose", {"lost_because": "price"}, reason="no")
    undo(office, done(office, lost, by=office.rep), by=office.rep)
    deal = office.read("deal", mine, by=office.rep)
    assert (deal["state"], deal["lost_because"]) == ("open", None)
    office.change("deal", mine, by=office.rep, amount={"amount": "5", "currency": "EUR"})
    again = undo(office, done(office, Transition("deal", Target(mine), "win"), by=office.rep), by=office.rep)
    assert office.read("deal", mine)["state"] == "open"
    undo(office, place(office, again), by=office.rep)
    assert office.read("deal", mine)["state"] == "won"


def test_links_that_were_made_changed_or_cut_are_as_before(office: Office) -> None:
    deal, lead = office.make("deal", name="Linked"), office.make("account", name="Lead")
    made = office.run(Link("deal", Target(deal), "partners", str(lead), {"role": "lead"}))
    link = made.results[0].link
    assert link is not None
    change = {"partners": {"update": [{"id": str(link), "role": "helper"}]}}
    undo(office, done(office, Update("deal", Target(deal), change)))
    assert links(office, deal) == [("Lead", "lead")]
    undo(office, done(office, Unlink("deal", Target(deal), "partners", link)))
    assert links(office, deal) == [("Lead", "lead")]
    position = done(office, Link("deal", Target(deal), "partners", str(office.make("account", name="2nd"))))
    undo(office, position)
    assert links(office, deal) == [("Lead", "lead")]


def test_a_whole_batch_is_one_act_whichever_of_its_changes_is_named(office: Office) -> None:
    first, second = (office.make("account", name=n, city="Faro") for n in ("A1", "A2"))
    office.run(
        Create("account", {"name": "New one"}, name="new"),
        Update("account", Target(first), {"city": "Porto", "parent": {"ref": "new"}}),
        Update("account", Target(second), {"city": "Porto"}),
        Update("account", Target(first), {"city": "Braga"}),
        Delete("account", Target(second)),
    )
    history = office.runtime.current().queries.history(office.boss, "account", second).data
    undo(office, history[0]["position"])
    assert [office.read("account", r)["city"] for r in (first, second)] == ["Faro", "Faro"]
    assert office.read("account", first)["parent"] is None
    assert office.list("account", filters=('name == "New one"',)) == []


def test_an_act_of_many_records_is_taken_back_whole(office: Office) -> None:
    records = [office.make("account", name=f"Many {i}", city="Faro") for i in range(60)]
    commands = [Update("account", Target(r), {"city": "Porto"}) for r in records]
    assert len(undo(office, done(office, *commands)).results) == 60
    assert {office.read("account", r)["city"] for r in records} == {"Faro"}


def test_taking_back_is_a_change_of_its_own_that_says_what_it_reverses_and_can_be_taken_back(
    office: Office,
) -> None:
    record = office.make("account", name="Twice", city="Faro")
    position = done(office, Update("account", Target(record), {"city": "Porto"}))
    back = undo(office, position)
    history = office.runtime.current().queries.history(office.boss, "account", record).data
    assert history[0]["undoes"] == position
    assert history[1]["undoes"] is None
    undo(office, place(office, back))
    assert office.read("account", record)["city"] == "Porto"


# --- what stands against it -----------------------------------------------------------------------------


def test_what_somebody_changed_since_is_kept_and_told(office: Office) -> None:
    record = office.make("account", name="Contested", city="Faro")
    position = done(office, Update("account", Target(record), {"city": "Porto"}))
    office.change("account", record, by=office.admin, tax_number="undo-2")
    [problem] = refused(office, position, error=Conflict).problems
    assert problem.code == "R171"
    assert "changed Tax number since: “Contested”" in problem.message
    assert problem.message.split(" ")[0] not in ("You", "Somebody")


def test_nothing_of_an_act_is_taken_back_when_one_record_of_it_was_changed(office: Office) -> None:
    first, second = (office.make("account", name=n, city="Faro") for n in ("Half", "Whole"))
    commands = [Update("account", Target(r), {"city": "Porto"}) for r in (first, second)]
    position = done(office, *commands)
    office.run(Delete("account", Target(second)))
    assert "You moved it to the trash since" in refused(office, position, error=Conflict).first.message
    assert office.read("account", first)["city"] == "Porto"


def test_an_act_is_taken_back_once(office: Office) -> None:
    record = office.make("account", name="Once", city="Faro")
    position = done(office, Update("account", Target(record), {"city": "Porto"}))
    undo(office, position)
    assert refused(office, position, error=Conflict).first.code == "R171"


def test_a_link_that_was_changed_since_is_kept(office: Office) -> None:
    deal, lead = office.make("deal", name="Link kept"), office.make("account", name="Kept")
    outcome = office.run(Link("deal", Target(deal), "partners", str(lead), {"role": "lead"}))
    change = {"partners": {"update": [{"id": str(outcome.results[0].link), "role": "helper"}]}}
    office.change("deal", deal, by=office.admin, **change)
    assert refused(office, place(office, outcome), error=Conflict).first.code == "R171"


def test_a_record_to_which_others_belong_by_now_stays(office: Office) -> None:
    outcome = office.run(Create("account", {"name": "Popular"}))
    account = outcome.results[0].id
    office.make("person", by=office.admin, name={"first": "New", "last": "Comer"}, account=str(account))
    error = refused(office, place(office, outcome), error=Conflict)
    assert error.first.code == "R171"
    assert "Comer" in error.first.message
    assert not is_trashed(office, "account", account)


def test_what_went_along_unseen_comes_back_untold(office: Office) -> None:
    remover = an_actor(office.runtime, "rem", ["remover"])
    account = office.make("account", name="With people", city="Vila")
    person = office.make("person", by=office.admin, name={"last": "Unseen"}, account=str(account))
    position = done(office, Delete("account", Target(account)), by=remover)
    assert is_trashed(office, "person", person)
    outcome = undo(office, position, by=remover)
    assert not is_trashed(office, "person", person)
    assert [result.id for result in outcome.results] == [account]


def test_a_change_of_a_record_that_left_ones_reach_is_not_told(office: Office) -> None:
    account = office.make("account", name="Leaving", city="Porto")
    caller = an_actor(office.runtime, "uma", ["usher"])
    position = done(office, Update("account", Target(account), {"city": "Faro"}), by=caller)
    office.change("account", account, name="Left")
    away = replace(caller, roles=frozenset({"rep"}))
    assert refused(office, position, by=away, error=NotFound).first.code == "R104"


def test_what_was_changed_since_is_told_as_far_as_it_may_be_known(office: Office) -> None:
    caller = an_actor(office.runtime, "uma", ["usher"])
    account = office.make("account", name="Told of", city="Porto")
    position = done(office, Update("account", Target(account), {"city": "Faro"}), by=caller)
    office.change("account", account, name="Told of more", credit=5)
    office.runtime.current().records.comment(office.boss, "account", account, "Renamed it")
    assert "changed Name since" in refused(office, position, by=caller, error=Conflict).first.message


def test_a_link_to_what_one_may_not_read_is_not_told(office: Office) -> None:
    deal = office.make("deal", by=office.rep, name="Linked since")
    hidden = office.make("account", name="Hidden partner", city="Lisboa")
    position = done(office, Update("deal", Target(deal), {"name": "Mine"}), by=office.rep)
    office.change("deal", deal, name="Theirs")
    office.run(Link("deal", Target(deal), "partners", str(hidden)))
    assert "changed Name since" in refused(office, position, by=office.rep, error=Conflict).first.message


def test_only_who_did_it_may_take_it_back_and_nobody_else_learns_of_it(office: Office) -> None:
    record = office.make("account", name="Hers", city="Faro")
    position = done(office, Update("account", Target(record), {"city": "Porto"}))
    assert refused(office, position, by=office.admin, error=NotFound).first.code == "R170"


@pytest.mark.parametrize("position", ["", "0.0", "0.999999999", "1.1", "x", "0", "-1.5", "9" * 40])
def test_what_is_no_place_of_an_act_is_not_found(office: Office, position: str) -> None:
    assert refused(office, position, error=NotFound).first.code == "R170"


def test_what_is_too_long_ago_stays(office: Office) -> None:
    record = office.make("account", name="Old", city="Faro")
    position = done(office, Update("account", Target(record), {"city": "Porto"}))
    clock = office.runtime.world.clock
    clock.advance(timedelta(minutes=61))
    try:
        assert refused(office, position, error=Conflict).first.code == "R172"
    finally:
        clock.advance(-timedelta(minutes=61))


def test_the_right_to_the_opposite_operation_is_asked_as_ever(office: Office) -> None:
    maker = an_actor(office.runtime, "mia", ["rep", "boss"])
    position = done(office, Create("account", {"name": "No way back"}), by=maker)
    narrowed = replace(maker, roles=frozenset({"rep"}))
    assert isinstance(refused(office, position, by=narrowed), Forbidden | NotFound)


def test_a_name_that_one_may_not_know_any_more_is_not_told(office: Office) -> None:
    record = office.make("account", name="Credited", city="Porto")
    position = done(office, Update("account", Target(record), {"credit": 7}), by=office.boss)
    lesser = replace(office.boss, roles=frozenset({"clerk"}))
    told = refused(office, position, by=lesser, error=Forbidden)
    assert "credit" not in str(told.problems).lower()


def test_what_a_deletion_emptied_is_filled_again_without_the_right_to_change_it(office: Office) -> None:
    remover = an_actor(office.runtime, "rem", ["remover"])
    parent = office.make("account", name="Loose parent", city="Vila")
    child = office.make("account", name="Loose child", parent=str(parent))
    position = done(office, Delete("account", Target(parent)), by=remover)
    assert office.read("account", child)["parent"] is None
    undo(office, position, by=remover)
    assert office.read("account", child)["parent"]["id"] == str(parent)


def test_keys_and_rules_are_checked_against_what_is_there_now(office: Office) -> None:
    record = office.make("account", name="Key", tax_number="undo-3")
    position = done(office, Update("account", Target(record), {"tax_number": "undo-4"}))
    office.make("account", name="Taker", tax_number="undo-3")
    assert isinstance(refused(office, position), Conflict | Invalid)
    assert office.read("account", record)["tax_number"] == "undo-4"


def test_what_history_does_not_keep_cannot_be_taken_back(office: Office) -> None:
    record = office.make("account", name="Unkept", token="first", mood="glad")
    for change in ({"token": "second"}, {"mood": "sad"}):
        position = done(office, Update("account", Target(record), change))
        assert refused(office, position, error=Conflict).first.code == "R173"


def test_records_that_are_never_deleted_are_not_unmade(office: Office) -> None:
    position = done(office, Create("entry", {"text": "Stays"}))
    assert refused(office, position, error=Conflict).first.code == "R146"
