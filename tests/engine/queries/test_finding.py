"""What is found by words: search, the trash apart, the feed where it stopped, and the offers of a typeahead."""

from __future__ import annotations

import pytest

from tests.support.office import Office
from xrm.engine.commands import Delete, Target, Update
from xrm.engine.queries.request import (
    Query,
    Trash,
)
from xrm.errors import Unreadable


def test_search_finds_words_by_their_beginning_without_case_and_accents(office: Office) -> None:
    office.make("account", name="Águas de São João")
    assert [r["title"] for r in office.queries.search(office.boss, "joao agu")] == ["Águas de São João"]
    assert office.queries.search(office.boss, "joao nowhere") == []
    assert office.queries.search(office.boss, '"*^:(') == []
    assert [r["name"] for r in office.list("account", search="SAO")] == ["Águas de São João"]


def test_what_was_changed_or_deleted_is_found_as_it_is_now(office: Office) -> None:
    account = office.make("account", name="Oldword")
    office.run(Update("account", Target(account), {"name": "Newword"}))
    assert office.list("account", search="oldword") == []
    assert len(office.list("account", search="newword")) == 1
    office.run(Delete("account", Target(account)))
    assert office.list("account", search="newword") == []


def test_the_trash_is_apart(office: Office) -> None:
    account = office.make("account", name="Trashed one")
    office.run(Delete("account", Target(account)))
    assert office.list("account", ids=(account,)) == []
    assert len(office.list("account", ids=(account,), trash=Trash.ONLY)) == 1
    assert office.read("account", account)["deleted_at"] is not None


def test_the_feed_goes_on_where_it_stopped(office: Office) -> None:
    start = office.queries.changes(office.boss, "", 500)
    while start.data:
        start = office.queries.changes(office.boss, start.next, 500)
    office.make("account", name="Fed")
    first = office.queries.changes(office.boss, start.next, 10)
    assert [c["title"] for c in first.data] == ["Fed"]
    assert office.queries.changes(office.boss, first.next, 10).data == []
    with pytest.raises(Unreadable):
        office.queries.changes(office.boss, "somewhere", 10)


def test_a_typeahead_offers_only_what_may_be_read(towns: Office) -> None:
    offered = towns.queries.lookup(towns.rep, "deal", "account", "town", {}, 20)
    assert len(offered) == 8
    assert all(o["entity"] == "account" for o in offered)


def offered_contacts(towns: Office, **values: object) -> list[str]:
    """The titles that the typeahead offers as a deal's contact when the form holds these values."""
    found = towns.queries.lookup(towns.boss, "deal", "contact", "P 0", values, 20)
    return [str(row["title"]) for row in found]


def account_named(towns: Office, name: str) -> str:
    found = towns.queries.list(towns.boss, Query("account", filters=(f'name == "{name}"',)))
    return str(found.data[0]["id"])


def test_a_typeahead_keeps_to_the_filter_for_the_values_that_the_form_holds(towns: Office) -> None:
    account = account_named(towns, "Town 03")
    assert offered_contacts(towns, account=account) == ["P 03a", "P 03b"]
    assert offered_contacts(towns, account={"entity": "account", "id": account}) == ["P 03a", "P 03b"]
    assert offered_contacts(towns, account=None) == []


def test_a_typeahead_offers_all_where_the_form_does_not_say_what_the_filter_asks(towns: Office) -> None:
    assert len(offered_contacts(towns)) == 20
    assert len(offered_contacts(towns, account={"text": "half a na"})) == 20


def test_a_typeahead_for_a_stored_record_takes_from_it_what_the_form_does_not_say(towns: Office) -> None:
    one, other = account_named(towns, "Town 03"), account_named(towns, "Town 05")
    deal = str(towns.make("deal", name="Stored", account=one))
    assert offered_contacts(towns, id=deal) == ["P 03a", "P 03b"]
    assert offered_contacts(towns, id=deal, account=other) == ["P 05a", "P 05b"]
