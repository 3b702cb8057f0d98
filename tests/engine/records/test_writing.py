"""What a write does, and what it leaves behind when it is refused."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from tests.support.office import Office
from xrm.engine.commands import Create, Delete, Link, Restore, Target, Transition, Unlink, Update, Upsert
from xrm.engine.queries.request import Expand, Trash
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Stale, XrmError
from xrm.testing import a_pack, admin_actor, an_actor

NOBODY = "019ecb27-0000-7000-8000-000000000000"


def refused(office: Office, *commands, by=None, error=XrmError):
    """The refusal of the commands, which left no trace in the change log."""
    before = office.log_length()
    with pytest.raises(error) as caught:
        office.run(*commands, by=by)
    assert office.log_length() == before
    return caught.value


def test_a_new_record_has_defaults_number_state_owner_and_title(office: Office) -> None:
    deal = office.read("deal", office.make("deal", name="First"))
    assert deal["closes"] == "2026-06-15"
    assert deal["number"].startswith("D-2026-")
    assert deal["state"] == "open"
    assert deal["owner"]["title"] == "bea"
    assert deal["title"] == f"{deal['number']} First"
    assert deal["version"] == 1


def test_a_change_raises_the_version_and_keeps_what_was_not_given(office: Office) -> None:
    record = office.make("account", name="Keeps", city="Lisboa")
    result = office.change("account", record, city="Porto").results[0]
    assert (result.version, result.outcome) == (2, "updated")
    account = office.read("account", record)
    assert (account["name"], account["city"]) == ("Keeps", "Porto")


def test_a_change_that_changes_nothing_leaves_version_and_log_alone(office: Office) -> None:
    record = office.make("account", name="Same", city="Faro")
    before = office.log_length()
    result = office.change("account", record, city="Faro").results[0]
    assert (result.version, result.outcome) == (1, "unchanged")
    assert office.log_length() == before


def test_every_change_is_one_row_of_the_log_with_before_and_after(office: Office) -> None:
    record = office.make("account", name="Logged", city="Faro")
    office.change("account", record, city="Porto")
    history = office.runtime.current().queries.history(office.boss, "account", record).data
    assert [h["operation"] for h in history] == ["update", "create"]
    assert history[0]["changes"] == {"city": {"before": "Faro", "after": "Porto"}}
    assert history[0]["actor"]["title"] == "bea"


@pytest.mark.parametrize(
    ("values", "path", "code"),
    [
        ({}, "name", "R130"),
        ({"name": None}, "name", "R130"),
        ({"name": ""}, "name", "R130"),
        ({"name": "x" * 81}, "name", "R111"),
        ({"name": 5}, "name", "R110"),
        ({"name": "A", "nmae": "B"}, "nmae", "R103"),
        ({"name": "A", "id": NOBODY}, "id", "R131"),
        ({"name": "A", "created_at": "2026-01-01T00:00:00Z"}, "created_at", "R131"),
        ({"name": "A", "parent": NOBODY}, "parent", "R133"),
        ({"name": "A", "parent": {"key": {"tax_number": "nobody"}}}, "parent", "R133"),
    ],
    ids=str,
)
def test_bad_values_are_refused_with_path_and_code(office: Office, values, path, code) -> None:
    problems = refused(office, Create("account", values), error=Invalid).problems
    assert [(p.where.path, p.code) for p in problems] == [(path, code)]


def test_all_problems_of_all_records_come_at_once(office: Office) -> None:
    error = refused(
        office,
        Create("account", {"name": "Fine"}),
        Create("account", {"city": 3, "nmae": "x"}),
        Create("account", {"name": None}),
        error=Invalid,
    )
    assert sorted(p.where.path for p in error.problems) == [
        "commands[1].values.city",
        "commands[1].values.name",
        "commands[1].values.nmae",
        "commands[2].values.name",
    ]


def test_a_reference_that_stays_is_not_asked_for_because_another_record_of_the_batch_gets_one(
    office: Office,
) -> None:
    hidden = office.make("account", name="Out of sight", city="Faro")
    seen = office.make("account", name="In sight", city="Porto")
    first, second = (
        office.make("deal", name=name, account=str(hidden), owner=str(office.rep.id)) for name in ("a", "b")
    )
    outcome = office.run(
        Update("deal", Target(first), {"name": "c", "account": str(hidden)}),
        Update("deal", Target(second), {"account": str(seen)}),
        by=office.rep,
    )
    assert [result.outcome for result in outcome.results] == ["updated", "updated"]


def test_a_batch_is_all_or_nothing(office: Office) -> None:
    refused(office, Create("account", {"name": "Half"}), Create("person", {}), error=Invalid)
    assert office.list("account", filters=('name == "Half"',)) == []


def test_good_rows_keeps_the_good_and_lists_the_bad(office: Office) -> None:
    commands = [Create("account", {"name": f"Row {i}"} if i != 1 else {"name": None}) for i in range(3)]
    outcome = office.run(*commands, mode="good_rows")
    assert [r.position for r in outcome.results] == [0, 2]
    assert [p.code for p in outcome.refused[1]] == ["R130"]
    assert len(outcome.changes) == 2


def test_later_commands_may_use_records_of_earlier_ones(office: Office) -> None:
    outcome = office.run(
        Create("account", {"name": "Ref"}, name="a"),
        Create("person", {"name": {"first": "Rita", "last": "Ref"}, "account": {"ref": "a"}}),
    )
    person = office.read("person", outcome.results[1].id)
    assert person["account"]["title"] == "Ref"


def test_a_record_can_be_pointed_at_by_a_unique_field(office: Office) -> None:
    office.make("account", name="Keyed", tax_number="PT-1")
    person = office.make("person", name={"last": "K"}, account={"key": {"tax_number": "PT-1"}})
    assert office.read("person", person)["account"]["title"] == "Keyed"


def test_unique_fields_are_compared_without_case_and_accents(office: Office) -> None:
    office.make("account", name="U1", tax_number="ÁB-9")
    error = refused(office, Create("account", {"name": "U2", "tax_number": "ab-9"}), error=Conflict)
    assert error.first.code == "R140"
    assert error.first.where.path == "tax_number"


def test_a_broken_key_says_its_own_message(office: Office) -> None:
    office.make("account", name="Twice", city="Faro")
    error = refused(office, Create("account", {"name": "twice", "city": "faro"}), error=Conflict)
    assert error.first.message == "This account is there already."


def test_a_trashed_record_frees_its_unique_value_and_restore_says_who_has_it(office: Office) -> None:
    first = office.make("account", name="F1", tax_number="FREE")
    office.run(Delete("account", Target(first)))
    office.make("account", name="F2", tax_number="FREE")
    assert refused(office, Restore("account", Target(first)), error=Conflict).first.code == "R140"


def test_an_upsert_creates_once_and_updates_after(office: Office) -> None:
    made = office.run(Upsert("account", "tax_number", {"tax_number": "UP", "name": "Up"})).results[0]
    again = office.run(Upsert("account", "tax_number", {"tax_number": "UP", "name": "Upper"})).results[0]
    assert (made.outcome, again.outcome, made.id) == ("created", "updated", again.id)
    assert office.read("account", made.id)["name"] == "Upper"


def test_a_stale_version_is_refused(office: Office) -> None:
    record = office.make("account", name="Stale")
    office.change("account", record, city="A")
    refused(office, Update("account", Target(record), {"city": "B"}, version=1), error=Stale)
    refused(office, Delete("account", Target(record), version=1), error=Stale)


def test_a_rule_refuses_with_its_message_at_its_field(office: Office) -> None:
    bad = Create("deal", {"name": "Neg", "amount": {"amount": "-1", "currency": "EUR"}})
    problem = refused(office, bad, error=Invalid).first
    assert (problem.where.path, problem.message) == ("amount", "The amount must be positive.")


def test_a_rule_over_children_sees_those_written_with_the_record(office: Office) -> None:
    lines = [{"name": f"l{i}"} for i in range(4)]
    bad = Create("deal", {"name": "Long", "lines": {"create": lines}})
    assert refused(office, bad, error=Invalid).first.message == "At most three lines."
    office.run(Create("deal", {"name": "Short", "lines": {"create": lines[:3]}}))


def test_a_filtered_relationship_admits_only_what_passes(office: Office) -> None:
    one, two = office.make("account", name="One"), office.make("account", name="Two")
    person = office.make("person", name={"last": "Of Two"}, account=str(two))
    bad = Create("deal", {"name": "Wrong", "account": str(one), "contact": str(person)})
    assert refused(office, bad, error=Invalid).first.where.path == "contact"
    office.run(Create("deal", {"name": "Right", "account": str(two), "contact": str(person)}))


def test_a_hierarchy_stays_a_tree(office: Office) -> None:
    top = office.make("account", name="Top")
    below = office.make("account", name="Below", parent=str(top))
    refused(office, Update("account", Target(top), {"parent": str(below)}), error=Invalid)
    refused(office, Update("account", Target(top), {"parent": str(top)}), error=Invalid)


def test_a_polymorphic_lookup_holds_one_of_its_targets_and_says_which(office: Office) -> None:
    account = office.make("account", name="Payer")
    person = office.make("person", name={"last": "Payer"})
    deal = office.make("deal", name="P", payer={"entity": "account", "id": str(account)})
    assert office.read("deal", deal)["payer"]["entity"] == "account"
    office.change("deal", deal, payer={"entity": "person", "id": str(person)})
    assert office.read("deal", deal)["payer"] == {"id": str(person), "entity": "person", "title": "Payer"}
    wrong = Update("deal", Target(deal), {"payer": {"entity": "booking", "id": str(person)}})
    refused(office, wrong, error=Invalid)


def test_a_lookup_to_any_entity_is_read_back_with_its_title(office: Office) -> None:
    person = office.make("person", name={"first": "Ana", "last": "Any"})
    deal = office.make("deal", name="A", about={"entity": "person", "id": str(person)})
    assert office.read("deal", deal)["about"] == {"id": str(person), "entity": "person", "title": "Ana Any"}


def test_owned_children_are_made_changed_and_removed_with_their_parent(office: Office) -> None:
    deal = office.make("deal", name="Parent", lines={"create": [{"name": "a"}, {"name": "b"}]})
    first, second = office.list("line", filters=(f'deal == "{deal}"',), fields=(("name",), ("quantity",)))
    assert [first["name"], second["name"], first["quantity"]] == ["a", "b", "1.00"]
    office.change(
        "deal",
        deal,
        lines={"update": [{"id": first["id"], "quantity": "2"}], "delete": [second["id"]]},
    )
    left = office.list("line", filters=(f'deal == "{deal}"',), fields=(("quantity",),))
    assert [line["quantity"] for line in left] == ["2.00"]


def test_a_child_of_another_parent_is_not_touched(office: Office) -> None:
    office.make("deal", name="P1", lines={"create": [{"name": "mine"}]})
    mine = office.list("line", filters=('name == "mine"',))[0]["id"]
    other = office.make("deal", name="P2")
    refused(office, Update("deal", Target(other), {"lines": {"delete": [mine]}}), error=Invalid)
    refused(
        office,
        Update("deal", Target(other), {"lines": {"update": [{"id": mine, "name": "x"}]}}),
        error=Invalid,
    )


def test_delete_takes_children_along_clears_links_and_is_held_by_restrict(office: Office) -> None:
    account = office.make("account", name="Root")
    child = office.make("account", name="Sub", parent=str(account))
    person = office.make("person", name={"last": "Goes"}, account=str(account))
    deal = office.make("deal", name="Holds", account=str(account))
    held = refused(office, Delete("account", Target(account)), error=Conflict).first
    assert (held.code, held.message) == ("R141", "Other records still belong to it: Deals (1).")
    office.run(Delete("deal", Target(deal)))
    office.run(Delete("account", Target(account)))
    assert office.read("account", child)["parent"] is None
    assert office.list("person", ids=(person,)) == []
    assert len(office.list("person", ids=(person,), trash=Trash.ONLY)) == 1


def test_restore_brings_the_whole_act_back(office: Office) -> None:
    account = office.make("account", name="Back")
    person = office.make("person", name={"last": "Back"}, account=str(account))
    earlier = office.make("person", name={"last": "Earlier"}, account=str(account))
    office.run(Delete("person", Target(earlier)))
    office.run(Delete("account", Target(account)))
    office.run(Restore("account", Target(account)))
    assert len(office.list("person", ids=(person, earlier))) == 1
    assert office.read("person", person)["deleted_at"] is None


def test_a_child_is_not_restored_without_its_parent(office: Office) -> None:
    deal = office.make("deal", name="Gone", lines={"create": [{"name": "line of gone"}]})
    line = office.list("line", filters=('name == "line of gone"',))[0]["id"]
    office.change("deal", deal, lines={"delete": [line]})
    office.run(Delete("deal", Target(deal)))
    refused(office, Restore("line", Target(UUID(line))), error=Conflict)


def test_links_carry_attributes_and_do_not_overlap(office: Office) -> None:
    deal, partner = office.make("deal", name="Linked"), office.make("account", name="Partner")
    values = {"role": "lead", "valid_from": "2026-01-01", "valid_to": "2026-06-30"}
    link = office.run(Link("deal", Target(deal), "partners", str(partner), values)).results[0].link
    again = Link("deal", Target(deal), "partners", str(partner), {"valid_from": "2026-06-30"})
    refused(office, again, error=Conflict)
    office.run(Link("deal", Target(deal), "partners", str(partner), {"valid_from": "2026-07-01"}))
    near = office.list("deal", ids=(deal,), expand=(Expand("partners"),))[0]["partners"]["data"]
    assert [(x["title"], x["link"]["role"], x["link"]["valid_to"]) for x in near] == [
        ("Partner", "lead", "2026-06-30"),
        ("Partner", None, None),
    ]
    far = office.list("account", ids=(partner,), expand=(Expand("partner_in"),))[0]["partner_in"]["data"]
    assert [x["id"] for x in far] == [str(deal), str(deal)]
    office.run(Unlink("deal", Target(deal), "partners", link))
    history = office.runtime.current().queries.history(office.boss, "deal", deal).data
    assert [h["operation"] for h in history] == ["unlink", "link", "link", "create"]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"role": "boss"}, Invalid),
        ({"rank": 1}, Invalid),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, Invalid),
        ({"valid_from": "soon"}, Invalid),
    ],
    ids=str,
)
def test_a_link_with_bad_attributes_is_refused(office: Office, values, error) -> None:
    deal, partner = office.make("deal", name="Bad link"), office.make("account", name="Partner 2")
    refused(office, Link("deal", Target(deal), "partners", str(partner), values), error=error)


def test_records_of_a_key_do_not_overlap_in_time_where_its_condition_holds(office: Office) -> None:
    def book(start: str, end: str | None, **more):
        return Create("booking", {"room": "A1", "starts": start, "ends": end, **more})

    office.run(book("2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z"))
    refused(office, book("2026-01-01T11:00:00Z", "2026-01-01T13:00:00Z"), error=Invalid)
    office.run(book("2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"))
    office.run(book("2026-01-01T11:00:00Z", "2026-01-01T13:00:00Z", kept=False))
    office.run(book("2026-02-01T00:00:00Z", None))
    refused(office, book("2030-01-01T11:00:00Z", "2030-01-01T13:00:00Z"), error=Invalid)


def test_append_only_records_are_never_changed_or_deleted(office: Office) -> None:
    entry = office.make("entry", text="once")
    refused(office, Update("entry", Target(entry), {"text": "twice"}), error=Conflict)
    refused(office, Delete("entry", Target(entry)), error=Conflict)


def test_state_changes_only_by_a_transition(office: Office) -> None:
    deal = office.make("deal", name="Stateful")
    refused(office, Update("deal", Target(deal), {"state": "won"}), error=Invalid)
    refused(office, Create("deal", {"name": "x", "state": "won"}), error=Invalid)
    refused(office, Transition("deal", Target(deal), "win"), error=Invalid)
    result = office.run(
        Transition("deal", Target(deal), "win", {"amount": {"amount": "5", "currency": "EUR"}})
    ).results[0]
    assert result.version == 2
    assert office.read("deal", deal)["state"] == "won"


def test_a_transition_asks_for_required_values_and_a_reason(office: Office) -> None:
    deal = office.make("deal", name="To lose")
    lose = Transition("deal", Target(deal), "lose", {"lost_because": "price"})
    assert refused(office, lose, error=Invalid).first.code == "R148"
    bare = Transition("deal", Target(deal), "lose", reason="They left.")
    assert refused(office, bare, error=Invalid).first.where.path == "lost_because"
    office.run(Transition("deal", Target(deal), "lose", {"lost_because": "price"}, reason="They left."))
    history = office.runtime.current().queries.history(office.boss, "deal", deal).data
    assert history[0]["reason"] == "They left."


def test_a_locked_state_admits_nothing_but_a_transition(office: Office) -> None:
    deal = office.make("deal", name="Locked", amount={"amount": "5", "currency": "EUR"})
    office.run(Transition("deal", Target(deal), "win"))
    refused(office, Update("deal", Target(deal), {"name": "x"}), error=Conflict)
    refused(office, Transition("deal", Target(deal), "win"), error=Conflict)
    office.run(Transition("deal", Target(deal), "reopen"))
    office.change("deal", deal, name="Unlocked")


def test_open_transitions_say_why_others_are_not(office: Office) -> None:
    deal = office.make("deal", by=office.rep, name="Why")
    steps = office.runtime.current().records.open_transitions(office.rep, "deal", deal)
    assert [(s["name"], s["allowed"]) for s in steps] == [("win", False), ("lose", True)]
    assert "amount" in steps[0]["reason"]


OFFER = """
title: name
fields: {name: {type: text}, valid_until: {type: date}, accepted_on: {type: date}}
"""
OFFER_STEPS = """
states: {sent: {initial: true, locked: true}, accepted: {final: true}}
transitions:
  accept: {from: sent, to: accepted, requires: [accepted_on], guard: accepted_on <= valid_until, message: Too late.}
"""


def test_a_step_is_offered_while_what_it_asks_for_decides(database_url: str, tmp_path: Path) -> None:
    """The record is locked, so the value that its guard looks at can only come with the step."""
    runtime = make_runtime(
        database_url, tmp_path, [a_pack("bids", {"lifecycles/offer.yaml": OFFER_STEPS}, offer=OFFER)]
    )
    records, admin = runtime.current().records, admin_actor(runtime)
    made = Create("offer", {"name": "O-1", "valid_until": "2026-06-30"})
    offer = records.execute(admin, [made]).results[0].id
    (step,) = records.open_transitions(admin, "offer", offer)
    assert (step["allowed"], step["reason"]) == (True, "")
    late, in_time = ({"accepted_on": day} for day in ("2026-07-01", "2026-06-30"))
    with pytest.raises(Invalid) as told:
        records.execute(admin, [Transition("offer", Target(offer), "accept", late)])
    assert told.value.first.message == "Too late."
    records.execute(admin, [Transition("offer", Target(offer), "accept", in_time)])
    runtime.close()


def test_autonumbers_rise_without_gap_through_refusals(office: Office) -> None:
    first = office.read("deal", office.make("deal", name="N1"))["number"]
    refused(office, Create("deal", {"name": "N2", "amount": {"amount": "-1", "currency": "EUR"}}))
    second = office.read("deal", office.make("deal", name="N3"))["number"]
    assert int(second[-4:]) == int(first[-4:]) + 1


def test_a_secret_is_sealed_at_rest_and_never_shown(office: Office) -> None:
    account = office.make("account", name="Vault", token="open sesame")
    assert office.read("account", account)["token"] == {"set": True}
    history = office.runtime.current().queries.history(office.boss, "account", account).data
    assert "open sesame" not in str(history)
    table = office.runtime.current().schema["account"].table
    with office.runtime.database.read() as unit:
        kept = unit.execute(table.select().where(table.c.id == account)).one()
    assert "open sesame" not in str(kept)


def test_history_does_not_keep_values_of_an_untracked_field(office: Office) -> None:
    account = office.make("account", name="Untracked", mood="calm")
    office.change("account", account, mood="angry")
    assert office.read("account", account)["mood"] == "angry"
    history = office.runtime.current().queries.history(office.boss, "account", account).data
    assert [(h["operation"], h["version"]) for h in history] == [("update", 2), ("create", 1)]
    assert "calm" not in str(history)
    assert "angry" not in str(history)


# --- rights ---------------------------------------------------------------------------------------------


def test_without_a_grant_an_entity_does_not_exist(office: Office) -> None:
    refused(office, Create("booking", {"room": "x"}), by=office.rep, error=NotFound)


def test_an_operation_without_grant_on_a_readable_record_is_forbidden(office: Office) -> None:
    account = office.make("account", name="Seen", city="Porto")
    refused(office, Update("account", Target(account), {"name": "x"}), by=office.rep, error=Forbidden)


def test_a_record_outside_the_rows_does_not_exist(office: Office) -> None:
    deal = office.make("deal", name="Of the boss")
    refused(office, Update("deal", Target(deal), {"name": "x"}), by=office.rep, error=NotFound)
    refused(office, Delete("deal", Target(deal)), by=office.rep, error=NotFound)
    hidden = office.make("account", name="Hidden", city="Lisboa")
    bad = Create("deal", {"name": "x", "account": str(hidden)})
    refused(office, bad, by=office.rep, error=Invalid)


def test_a_change_may_not_move_a_record_out_of_the_writers_reach(office: Office) -> None:
    deal = office.make("deal", by=office.rep, name="Mine")
    boss = {"id": str(office.boss.id)}
    refused(office, Update("deal", Target(deal), {"owner": boss}), by=office.rep, error=Forbidden)
    refused(office, Create("deal", {"name": "x", "owner": boss}), by=office.rep, error=Forbidden)
    office.change("deal", deal, by=office.boss, owner=boss)


def test_a_field_that_no_grant_gives_is_answered_as_unknown(office: Office) -> None:
    person = office.make("person", name={"last": "Private"}, email="p@example.com")
    shown = office.read("person", person, by=office.rep)
    assert "email" not in shown


def test_rights_of_owned_children_follow_the_parent(office: Office) -> None:
    mine = office.make("deal", by=office.rep, name="Rep deal", lines={"create": [{"name": "rep line"}]})
    office.make("deal", name="Boss deal", lines={"create": [{"name": "boss line"}]})
    names = {line["name"] for line in office.list("line", by=office.rep)}
    assert "rep line" in names
    assert "boss line" not in names
    office.change("deal", mine, by=office.rep, lines={"create": [{"name": "more"}]})


def test_a_list_of_fields_gives_these_and_no_others(office: Office) -> None:
    idle = an_actor(office.runtime, "ida", ["idle"])
    account = office.make("account", name="Bare", city="Porto")
    shown = office.read("account", account, by=idle)
    assert shown["name"] == "Bare"
    assert not {"city", "credit", "parent", "people", "deals"} & shown.keys()
