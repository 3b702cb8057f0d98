"""Comments: written and read by who may read the record, changed by their author, and gone when removed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.office import Office
from xrm.engine.commands import Actor, Delete, Target
from xrm.engine.storage.ledger import CHANGE, COMMENT, MENTION
from xrm.errors import Forbidden, Invalid, NotFound
from xrm.testing import an_actor


def say(office: Office, account: UUID, text: str, by: Actor | None = None) -> Any:
    return office.runtime.current().records.comment(by or office.boss, "account", account, text)


def read(office: Office, account: UUID, by: Actor | None = None) -> list[Any]:
    page = office.runtime.current().queries.timeline(
        by or office.boss, "account", account, sources=("comments",)
    )
    return [item["comment"] for item in page.data]


def count(office: Office, table: sa.Table) -> int:
    with office.runtime.database.read() as unit:
        return int(unit.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_who_may_read_the_record_may_write_and_read_comments(office: Office) -> None:
    account = office.make("account", name="Spoken of", city="Porto")
    say(office, account, "First", office.rep)
    say(office, account, "Second", office.auditor)
    assert [(c["text"], c["author"]["title"]) for c in read(office, account, office.rep)] == [
        ("Second", "ada"),
        ("First", "rui"),
    ]


def test_who_may_not_read_the_record_neither_writes_nor_reads(office: Office) -> None:
    account = office.make("account", name="Hidden", city="Lisboa")
    say(office, account, "Between us")
    before = count(office, COMMENT)
    with pytest.raises(NotFound):
        say(office, account, "I should not", office.rep)
    with pytest.raises(NotFound):
        read(office, account, office.rep)
    assert count(office, COMMENT) == before


def test_a_record_that_leaves_ones_reach_takes_its_comments_along(office: Office) -> None:
    account = office.make("account", name="Moving", city="Porto")
    made = say(office, account, "Mine", office.rep)
    office.change("account", account, city="Lisboa")
    records = office.runtime.current().records
    with pytest.raises(NotFound):
        records.edit_comment(office.rep, "account", account, made.id, "Still mine?")
    with pytest.raises(NotFound):
        records.delete_comment(office.rep, "account", account, made.id)


def test_only_the_author_changes_or_removes_a_comment(office: Office) -> None:
    account = office.make("account", name="Authored", city="Porto")
    made = say(office, account, "As I said", office.rep)
    records = office.runtime.current().records
    with pytest.raises(Forbidden):
        records.edit_comment(office.boss, "account", account, made.id, "As you said")
    with pytest.raises(Forbidden):
        records.delete_comment(office.admin, "account", account, made.id)
    records.edit_comment(office.rep, "account", account, made.id, "As I say now")
    (now,) = read(office, account)
    assert (now["text"], bool(now["edited_at"])) == ("As I say now", True)
    records.delete_comment(office.rep, "account", account, made.id)
    assert read(office, account) == []


def test_a_comment_is_reached_through_its_own_record_only(office: Office) -> None:
    here, there = (office.make("account", name=n, city="Porto") for n in ("Here", "There"))
    made = say(office, here, "Here I am", office.rep)
    with pytest.raises(NotFound):
        office.runtime.current().records.edit_comment(office.rep, "account", there, made.id, "Or there")


@pytest.mark.parametrize("text", ["", "   \n ", "\u200b", "x\x00", "x" * 10_001])
def test_a_text_that_says_nothing_or_too_much_is_refused(office: Office, text: str) -> None:
    account = office.make("account", name=f"Refused {text[:9]!r}", city="Porto")
    before = count(office, COMMENT), office.log_length()
    with pytest.raises(Invalid) as refused:
        say(office, account, text)
    assert [p.where.path for p in refused.value.problems] == ["text"]
    assert (count(office, COMMENT), office.log_length()) == before


def test_a_record_in_the_trash_and_a_person_take_no_comments(office: Office) -> None:
    account = office.make("account", name="Thrown away", city="Porto")
    office.run(Delete("account", Target(account)))
    with pytest.raises(NotFound):
        say(office, account, "Too late")
    with pytest.raises(Forbidden):
        office.runtime.current().records.comment(office.boss, "user", office.rep.id, "Hello")


def test_a_mention_is_of_people_who_may_read_the_record(office: Office) -> None:
    account = office.make("account", name="Mentioned", city="Lisboa")
    made = say(office, account, "@rui and @ada, look (and @nobody): mail@rui is no mention")
    assert made.mentions == (office.auditor.id,)
    (told,) = read(office, account)
    assert [m["title"] for m in told["mentions"]] == ["ada"]


def test_the_longest_name_is_meant_and_a_name_of_two_people_is_nobodys(office: Office) -> None:
    account = office.make("account", name="Names", city="Porto")
    ana = an_actor(office.runtime, "Ana", ["auditor"])
    maria = an_actor(office.runtime, "Ana Maria", ["auditor"])
    twin = office.runtime.identity.people.create_user
    for n in (1, 2):
        twin(office.runtime.installer, email=f"twin{n}@example.com", name="Twin", roles=["auditor"])
    assert say(office, account, "@Ana Maria, please").mentions == (maria.id,)
    assert say(office, account, "@ANA!").mentions == (ana.id,)
    assert say(office, account, "@Twin?").mentions == ()
    assert len(say(office, account, "@twin2@example.com.").mentions) == 1


def test_editing_forgets_whom_the_text_does_not_name_any_more(office: Office) -> None:
    account = office.make("account", name="Forgetful", city="Porto")
    made = say(office, account, "@ada @rui")
    assert set(made.mentions) == {office.auditor.id, office.rep.id}
    edited = office.runtime.current().records.edit_comment(
        office.boss, "account", account, made.id, "@ada alone"
    )
    assert edited.mentions == (office.auditor.id,)
    before = count(office, MENTION)
    office.runtime.current().records.delete_comment(office.boss, "account", account, made.id)
    assert count(office, MENTION) == before - 1


def test_people_are_offered_for_a_mention_only_if_they_may_read_the_record(office: Office) -> None:
    account = office.make("account", name="Offers", city="Lisboa")
    offered = office.runtime.current().records.mentionable
    assert [p["title"] for p in offered(office.boss, "account", account, "ad", 8)][:1] == ["ada"]
    assert offered(office.boss, "account", account, "ru", 8) == []
    with pytest.raises(NotFound):
        offered(office.rep, "account", account, "ad", 8)


def test_the_log_says_that_there_was_a_comment_and_never_its_words(office: Office) -> None:
    account = office.make("account", name="Logged", city="Porto")
    made = say(office, account, "A word to the wise")
    office.runtime.current().records.delete_comment(office.boss, "account", account, made.id)
    with office.runtime.database.read() as unit:
        rows = unit.execute(sa.select(CHANGE).where(CHANGE.c.record == account)).mappings().all()
    assert [r["operation"] for r in rows][1:] == ["comment", "comment_delete"]
    assert "wise" not in str(rows)
