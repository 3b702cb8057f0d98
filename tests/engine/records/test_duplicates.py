"""Records that are the same thing twice are found as their entity says, and told to whoever would write one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installed import make_runtime
from tests.support.office import Office
from xrm.engine.commands import Create, Delete, Target, Update, Upsert
from xrm.errors import Conflict, XrmError
from xrm.testing import a_pack, admin_actor, an_actor

PERSON = """
title: name
ownership: user_or_team
fields:
  name:   {type: person_name, required: true, search: true}
  email:  {type: email}
  mobile: {type: phone}
  born:   {type: date, sensitive: true}
  code:   {type: text}
  place:  {type: address}
relationships:
  firm: {to: firm, inverse: people, on_delete: clear}
duplicates:
  by_email: {match: [email], message: Somebody has this address}
  by_phone: {match: [{field: mobile, by: phone}]}
  by_birth: {match: [name, born]}
  by_code:  {match: [{field: code, by: exact}], then: refuse, when: born == empty}
"""
FIRM = """
title: name
fields:
  name: {type: text, required: true, search: true}
  place: {type: address}
relationships:
  branches: {from: branch, owned: true}
duplicates:
  by_name:  {match: [{field: name, by: fuzzy, at_least: 80}], when: place == empty}
  by_place: {match: [{field: name, by: fuzzy}, place.postal_code]}
"""
BRANCH = """
title: street
fields: {street: {type: text, required: true}}
relationships: {firm: {to: firm, required: true, inverse: branches, on_delete: cascade}}
duplicates: {same: {match: [firm, street], then: refuse}}
"""
ROLES = """
rep:
  grants:
    own: {entity: person, can: [create, read, update], rows: own}
"""
PACK = a_pack("twins", {"roles.yaml": ROLES}, person=PERSON, firm=FIRM, branch=BRANCH)
ANA = {"first": "Ana", "last": "Silva"}


@pytest.fixture(scope="module")
def town(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """People and firms that are not to be there twice."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("twins"), [PACK])
    admin = admin_actor(runtime)
    rep = an_actor(runtime, "rui", ["rep"])
    yield Office(runtime, admin, rep, admin, admin)
    runtime.close()


def told(town: Office, *commands: object, by=None) -> list[tuple[str, str, list[str]]]:
    """Code, place and the titles of what stands in the way; nothing is written."""
    before = town.log_length()
    with pytest.raises(XrmError) as caught:
        town.run(*commands, by=by)
    assert town.log_length() == before
    return [(p.code, p.where.path, [r.title for r in p.records]) for p in caught.value.problems]


def test_an_address_is_the_same_in_whatever_case_it_is_written(town: Office) -> None:
    town.make("person", name=ANA, email="ana@iron.example")
    again = Create("person", {"name": {"last": "Other"}, "email": "Ana@IRON.example"})
    assert told(town, again) == [("R191", "email", ["Ana Silva"])]


def test_a_warning_is_given_once_and_passed_by_whoever_has_seen_it(town: Office) -> None:
    values = {"name": {"last": "Seen"}, "email": "seen@iron.example"}
    town.make("person", **values)
    assert told(town, Create("person", values))[0][0] == "R191"
    made = town.run(Create("person", values, accept_duplicates=True)).results[0]
    assert made.outcome == "created"
    town.run(Update("person", Target(made.id), {"code": "of nothing that is compared"}))
    town.run(Update("person", Target(made.id), {"email": "seen@iron.example"}))
    town.run(Update("person", Target(made.id), {"email": "away@iron.example"}))
    back = Update("person", Target(made.id), {"email": "seen@iron.example"})
    assert told(town, back)[0][0] == "R191"


def test_numbers_of_telephones_are_compared_as_they_are_dialled(town: Office) -> None:
    town.make("person", name={"last": "Phoned"}, mobile="+351 911 222 333")
    again = Create("person", {"name": {"last": "Other"}, "mobile": "+351911222333"})
    assert told(town, again) == [("R191", "mobile", ["Phoned"])]


def test_all_that_is_named_has_to_be_alike_and_nothing_is_like_what_is_empty(town: Office) -> None:
    name = {"first": "João", "last": "Born"}
    town.make("person", name=name, born="1980-01-01")
    town.make("person", name=name)
    town.make("person", name=name, born="1980-01-02")
    again = Create("person", {"name": {"first": "JOAO", "last": "born"}, "born": "1980-01-01"})
    assert told(town, again) == [("R191", "name", ["João Born"])]


def test_a_refusal_is_not_passed_and_holds_where_its_condition_does_for_both(town: Office) -> None:
    town.make("person", name={"last": "Coded"}, code="Abc")
    again = {"name": {"last": "Again"}, "code": "Abc"}
    assert told(town, Create("person", again, accept_duplicates=True))[0][0] == "R190"
    town.make("person", **{**again, "code": "ABC"})
    town.make("person", **again, born="1990-01-01")


def test_texts_that_are_nearly_the_same_are_found_by_their_beginning_and_by_their_words(town: Office) -> None:
    town.make("firm", name="Ironworks of Porto Limited")
    for name in ("Ironworks of Prto Limited", "Limited Ironworks of Porto", "Ironwork of Porto, Limited"):
        assert told(town, Create("firm", {"name": name}))[0][2] == ["Ironworks of Porto Limited"], name
    town.make("firm", name="Ironing at Home")
    town.make("firm", name="Porto Wine Shippers")


def test_a_nearly_equal_text_and_an_equal_place_go_together(town: Office) -> None:
    place = {"street": "Rua 1", "postal_code": "4000-100"}
    town.make("firm", name="Casa da Musica", place=place)
    assert told(town, Create("firm", {"name": "Caza da Música", "place": place}))[0][:2] == ("R191", "name")
    town.make("firm", name="Caza da Música", place={**place, "postal_code": "4000-200"})


def test_rows_of_one_record_are_compared_with_each_other(town: Office) -> None:
    rows = [{"street": "One"}, {"street": "one"}]
    found = told(town, Create("firm", {"name": "With branches", "branches": {"create": rows}}))
    assert {(code, place) for code, place, _ in found} == {("R190", "branches.create[1].firm")}


def test_records_of_one_batch_are_compared_with_each_other(town: Office) -> None:
    both = [Create("person", {"name": {"last": n}, "email": "batch@iron.example"}) for n in ("One", "Two")]
    assert [place for _, place, _ in told(town, *both)] == ["commands[1].values.email"]
    kept = Upsert("person", "external_key", {**both[0].values, "external_key": "batch"}, "", True)
    assert town.run(kept).results[0].outcome == "created"


def test_what_a_writer_may_not_read_warns_them_of_nothing_and_refuses_without_a_word_of_it(
    town: Office,
) -> None:
    hidden = town.make("person", name={"last": "Hidden"}, email="hidden@iron.example", code="hidden")
    town.run(Create("person", {"name": {"last": "Free"}, "email": "hidden@iron.example"}), by=town.rep)
    with pytest.raises(Conflict) as caught:
        town.run(Create("person", {"name": {"last": "Held"}, "code": "hidden"}), by=town.rep)
    [problem] = caught.value.problems
    assert problem.code == "R190"
    assert problem.records == ()
    assert "Hidden" not in str(problem)
    assert str(hidden) not in str(problem)


def test_what_was_compared_has_to_be_readable_too(town: Office) -> None:
    mine = town.run(Create("person", {"name": {"last": "Mine"}}), by=town.rep).results[0].id
    town.run(Update("person", Target(mine), {"born": "1971-05-05"}))
    town.make("person", name={"last": "Guess"}, owner=str(town.rep.id), born="1971-05-05")
    # Whoever does not read days of birth learns none by trying names.
    change = Update("person", Target(mine), {"name": {"last": "Guess"}})
    assert told(town, change)[0][2] == ["Guess"]
    town.run(change, by=town.rep)


def test_a_record_in_the_trash_stands_in_nobodys_way(town: Office) -> None:
    gone = town.make("person", name={"last": "Gone"}, email="gone@iron.example")
    town.run(Delete("person", Target(gone)))
    town.make("person", name={"last": "Here"}, email="gone@iron.example")


def test_taking_a_change_back_asks_nobody_again(town: Office) -> None:
    records = town.runtime.current().records
    first = town.make("person", name={"last": "Moves"}, email="moves@iron.example")
    outcome = town.run(Update("person", Target(first), {"email": "moved@iron.example"}))
    town.make("person", name={"last": "Takes"}, email="moves@iron.example")
    records.undo(town.boss, records.place_of(outcome))
    assert town.read("person", first)["email"] == "moves@iron.example"
