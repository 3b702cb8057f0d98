"""What an attacker would try: the ways around the front door to write, and to learn by writing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.support.den import Den, to
from xrm.engine.commands import (
    Create,
    Delete,
    Link,
    Restore,
    Target,
    Transition,
    Unlink,
    Update,
    Upsert,
)
from xrm.engine.queries.request import Trash
from xrm.errors import Conflict, Forbidden, Invalid, NotFound


@pytest.mark.parametrize(
    ("role", "entity", "name", "inside", "outside"),
    [
        ("settler", "firm", "size", {"town": "porto"}, {"town": "lisboa"}),
        ("owner", "desk", "pay", {"city": "x"}, {"city": "y"}),
    ],
    ids=["every row may be made", "some rows may be made"],
)
def test_a_new_record_has_no_value_in_a_field_that_only_other_rows_give(
    den: Den, role: str, entity: str, name: str, inside: dict[str, str], outside: dict[str, str]
) -> None:
    """Which rows give a field is known only when the record is there, so it is asked of what was made."""
    made = den.run(role, Create(entity, {"name": "n", name: 1, **inside})).results[0]
    assert den.list(role, entity, ids=(made.id,))[0][name] == 1
    assert den.run(role, Create(entity, {"name": "n", **outside})).results[0].outcome == "created"
    with pytest.raises(Forbidden) as caught:
        den.run(role, Create(entity, {"name": "m", name: 1, **outside}))
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("R132", name)]


def test_a_key_of_hidden_values_finds_nothing(den: Den) -> None:
    den.make("worker", name="coded", age=20, code="k17")
    case = den.make("case", name="keyed")

    def by_key(code):
        return Link("case", Target(case), "jury", {"entity": "worker", "key": {"code": code}})

    assert den.refused("young+clerk", by_key("k17")) == den.refused("young+clerk", by_key("none"))
    den.run("boss", by_key("k17"))


def test_a_key_whose_values_are_hidden_on_a_row_does_not_find_that_row(den: Den) -> None:
    for town in ("porto", "faro"):
        den.make("firm", name=f"taxed {town}", town=town, tax_number=f"tax {town}")

    def point(number):
        return Create("worker", {"name": "x", "firm": {"key": {"tax_number": number}}})

    replies = {n: den.refused("maker+porto", point(n)) for n in ("tax faro", "tax nowhere")}
    assert len(set(replies.values())) == 1


@pytest.mark.parametrize(
    "key", [{"memo": "m"}, {"tax_number": "t9"}, {"size": 3}, {"nothing": 1}, {"title__key": "a"}, {}]
)
def test_a_record_is_named_only_by_keys_whose_values_may_be_read(den: Den, key: dict[str, Any]) -> None:
    told = den.refused("clerk", Update("firm", Target(key=key), {"size": 3}))
    assert "Did you mean" not in told


def test_upsert_by_a_hidden_key_is_upsert_by_no_key(den: Den) -> None:
    den.make("firm", name="upserted", tax_number="t1")
    replies = [
        den.refused("namer", Upsert("firm", "tax_number", {"name": "n", "tax_number": n}))
        for n in ("t1", "t2")
    ]
    assert replies[0] == replies[1]
    assert "tax_number" not in den.refused("namer", Upsert("firm", "nothing", {"name": "n"}))


def test_a_refused_delete_counts_only_what_may_be_read(den: Den) -> None:
    firm = den.make("firm", name="held", town="porto")
    den.make("case", name="holds", firm=to(firm))
    told = den.refused("young", Delete("firm", Target(firm)), error=Conflict)
    assert "case" not in told.lower()
    assert "1" not in told
    assert "Cases (1)" in den.refused("boss", Delete("firm", Target(firm)), error=Conflict)


def test_restore_brings_back_only_acts_that_one_could_have_done(den: Den) -> None:
    firm = den.make("firm", name="gone", town="faro")
    worker = den.make("worker", name="gone too", age=20, firm=to(firm))
    den.run("boss", Delete("firm", Target(firm)))
    den.refused("young", Restore("worker", Target(worker)), error=Forbidden)
    assert den.list("boss", "firm", ids=(firm,), trash=Trash.LIVE) == []
    den.run("boss", Restore("worker", Target(worker)))
    assert len(den.list("boss", "firm", ids=(firm,))) == 1


def test_a_link_that_is_hidden_can_not_be_taken_away(den: Den) -> None:
    elder = den.make("worker", name="elder juror", age=70)
    case = den.make("case", name="unlinked", jury={"create": [to(elder)]})
    link = den.queries.links(den.as_("boss"), "case", case, "jury").data[0]["link"]["id"]
    den.refused("clerk", Unlink("case", Target(case), "jury", UUID(link)), error=NotFound)


def test_a_broken_rule_says_nothing_of_hidden_fields(den: Den) -> None:
    told = den.refused("clerk", Create("firm", {"name": "big", "size": 500}), error=Invalid)
    assert "memo" not in told
    case = den.make("case", name="to shut")
    told = den.refused("clerk", Transition("case", Target(case), "shut"), error=Invalid)
    assert "verdict" not in told
    steps = den.runtime.current().records.open_transitions(den.as_("clerk"), "case", case)
    assert "verdict" not in str(steps)
    assert "verdict" in str(den.runtime.current().records.open_transitions(den.as_("boss"), "case", case))


def test_a_clash_says_nothing_of_hidden_fields_or_records(den: Den) -> None:
    hidden = den.make("firm", name="clash", town="t", tax_number="clash1")
    told = den.refused("namer", Create("firm", {"name": "clash", "town": "t"}), error=Conflict)
    assert str(hidden) not in told
    assert "tax" not in told


def test_a_reference_is_not_tried_out_through_another_field(den: Den) -> None:
    worker = den.make("worker", name="target", age=55)
    firm = den.make("firm", name="other", town="porto", chief=to(worker))
    patron = den.make("firm", name="hidden patron", town="faro")
    den.run("boss", Update("firm", Target(firm), {"patron": to(patron)}))
    assert den.list("young", "firm", ids=(patron,)) == []
    den.refused("young", Update("firm", Target(firm), {"chief": to(UUID(int=5))}), error=Invalid)


@pytest.mark.parametrize("operation", ["create", "read", "update", "delete"])
def test_an_empty_set_of_roles_gives_nothing(den: Den, operation: str) -> None:
    firm = den.make("firm", name=f"nobody {operation}")
    nobody = replace(den.someone, roles=frozenset())
    service = den.runtime.current()
    attempts = {
        "create": lambda: service.records.execute(nobody, [Create("firm", {"name": "x"})]),
        "read": lambda: service.queries.get(nobody, "firm", firm),
        "update": lambda: service.records.execute(nobody, [Update("firm", Target(firm), {"name": "x"})]),
        "delete": lambda: service.records.execute(nobody, [Delete("firm", Target(firm))]),
    }
    with pytest.raises(NotFound):
        attempts[operation]()


def test_a_pointer_that_one_may_write_and_not_read_is_not_guessed_by_sending_it_again(den: Den) -> None:
    hidden = den.make("worker", name="hidden chief", age=66)
    firm = den.make("firm", name="guessed", chief=to(hidden))
    told = den.refused("pointer", Update("firm", Target(firm), {"chief": to(hidden)}), error=Invalid)
    assert told == den.refused(
        "pointer", Update("firm", Target(firm), {"chief": to(UUID(int=7))}), error=Invalid
    )
    den.run("clerk+sayer", Update("firm", Target(firm), {"chief": to(hidden), "size": 4}))
