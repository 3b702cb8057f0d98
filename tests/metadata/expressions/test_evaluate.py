"""What expressions give in Python: the table of vectors, related records, the record before, the person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from tests.support.expression_vectors import VECTORS, ZONE
from tests.support.expression_world import SETTINGS, context
from xrm.metadata.expressions import (
    FILTER,
    RULE,
    Expression,
    RecordEnv,
    all_of,
    any_of,
    check,
    checked,
    compile_python,
    negated,
)
from xrm.metadata.expressions.exact import arithmetic
from xrm.metadata.expressions.tree import FALSE, TRUE
from xrm.metadata.expressions.types import DECIMAL
from xrm.metadata.values import Ref

ANA, RUI = UUID(int=1), UUID(int=2)


def evaluate(text, names, values, *, old=None, record=None, scope=RULE, entity="deal", given=None):
    expression = checked(text, entity, names, scope=scope, expect=None)
    run = compile_python(expression)
    before = None if old is None else RecordEnv(entity, old)
    return run(RecordEnv(entity, values), given or context(ZONE), record, before)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.text)
def test_the_table_of_vectors_holds_in_python(vector, names):
    found = evaluate(
        vector.text, names, {"id": UUID(int=9), **vector.values}, scope=RULE.with_settings(SETTINGS)
    )
    assert found == vector.answer
    assert type(found) is type(vector.answer)


def test_the_record_before_and_what_changed_are_known_to_a_rule(names):
    old, new = {"stage": "new", "price": Decimal(1)}, {"stage": "won", "price": Decimal(1)}
    assert evaluate('old.stage == "new" and stage == "won"', names, new, old=old)
    assert evaluate("changed(stage)", names, new, old=old)
    assert not evaluate("changed(price)", names, new, old=old)


def test_a_new_record_changed_in_what_it_has_and_was_empty_before(names):
    assert evaluate("changed(stage) and old.stage == empty", names, {"stage": "won"})
    assert not evaluate("changed(price)", names, {"stage": "won"})


def test_a_lookup_filter_compares_the_target_with_the_record_in_hand(names):
    hand = RecordEnv("deal", {"account": Ref("account", UUID(int=5))})
    for account, fits in ((5, True), (6, False)):
        values = {"account": Ref("account", UUID(int=account))}
        scope = FILTER.with_record("deal")
        text = "account == record.account"
        assert evaluate(text, names, values, record=hand, scope=scope, entity="contact") is fits


def test_the_person_is_compared_by_id_and_teams_by_membership(names):
    values = {"owner": Ref("user", ANA), "team": Ref("team", UUID(int=7))}
    assert evaluate("owner == me", names, values, given=context(me=ANA))
    assert not evaluate("owner == me", names, values, given=context(me=RUI))
    assert evaluate("team in my.teams", names, values)
    assert not evaluate("team in my.teams", names, {"team": None})


def test_a_person_without_a_contact_is_not_the_contact_that_is_missing(names):
    given = replace(context(), contact=None)
    for text in ("complainant == my.contact", "my.contact == complainant", "my.contact in [complainant]"):
        assert evaluate(text, names, {"complainant": None}, given=given) is False


def test_narrowing_is_empty_for_a_record_of_another_entity(names):
    values = {"complainant": Ref("account", UUID(int=5))}
    assert evaluate("(complainant as contact) == empty", names, values)
    assert evaluate("(complainant as account) == complainant", names, values)


def test_conditions_are_put_together_as_trees(names):
    def tree(text):
        found = check(text, "deal", names)
        assert isinstance(found, Expression)
        return found.tree

    yes, no = tree("price > 1"), tree("price > 9")
    env = RecordEnv("deal", {"price": Decimal(5)})
    answers = {
        "all": compile_python(all_of([yes, no]))(env, context()),
        "any": compile_python(any_of([yes, no]))(env, context()),
        "not": compile_python(negated(no))(env, context()),
    }
    assert answers == {"all": False, "any": True, "not": True}
    assert (all_of([]), any_of([])) == (TRUE, FALSE)
    assert (all_of([yes, TRUE]), any_of([yes, FALSE])) == (yes, yes)
    assert (all_of([yes, FALSE]), any_of([yes, TRUE])) == (FALSE, TRUE)


def test_a_default_may_be_the_day_of_the_evaluation_and_nothing_else_is_asked(names):
    assert evaluate("today() + 14 days", names, {}) == date(2026, 3, 15)


def test_a_quotient_is_rounded_once_however_close_to_a_half_it_is():
    divide = arithmetic("/", DECIMAL, DECIMAL, DECIMAL)
    just_below = Decimal("0.000001499999999999")
    assert divide(just_below, Decimal(1)) == Decimal("0.000001")
    assert divide(Decimal("0.0000015"), Decimal(1)) == Decimal("0.000002")
