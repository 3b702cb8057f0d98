"""What is put together is written in the expression language, and read as the same again."""

from __future__ import annotations

import pytest

from xrm.metadata.expressions.types import Kind
from xrm.metadata.expressions.writing import conjunction, conjuncts
from xrm.ui.criteria import (
    BARE,
    OPERATORS,
    PERIOD,
    PERIODS,
    AnyOf,
    Criterion,
    Raw,
    alternatives,
    conditions_of,
    part_of,
    text_of,
)

VALUES = {
    Kind.TEXT: 'a "quoted" one',
    Kind.BOOLEAN: "true",
    Kind.DATE: "2026-02-01",
    Kind.DATETIME: "2026-02-01",
    Kind.TIME: "10:30",
    Kind.CHOICE: "gold",
    Kind.OPTIONS: "early",
    Kind.REFERENCE: "me",
    Kind.MONEY: "-12.50",
}
EVERY = [(kind, operator) for kind, operators in OPERATORS.items() for operator in operators]


def values_for(kind: Kind, operator: str) -> tuple[str, ...]:
    if operator in BARE:
        return ()
    if operator == PERIOD:
        return ("last_quarter",)
    return ("7",) if operator in ("last", "next") or kind in (Kind.INTEGER, Kind.DECIMAL) else (VALUES[kind],)


@pytest.mark.parametrize(("kind", "operator"), EVERY)
def test_every_operator_of_every_kind_is_read_as_it_was_written(kind: Kind, operator: str) -> None:
    made = Criterion("parent.since", operator, values_for(kind, operator))
    text = text_of(made, kind)
    assert part_of(text) == made, text
    assert [part_of(t) for t in conjuncts(conjunction([text, "a == 1"]))][:1] == [made]


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("kind", [Kind.DATE, Kind.DATETIME])
def test_every_period_is_read_as_it_was_written(kind: Kind, period: str) -> None:
    made = Criterion("since", PERIOD, (period,))
    assert part_of(text_of(made, kind)) == made


@pytest.mark.parametrize("kind", [Kind.CHOICE, Kind.OPTIONS, Kind.REFERENCE])
@pytest.mark.parametrize("operator", ["eq", "ne"])
def test_several_values_stand_together(kind: Kind, operator: str) -> None:
    made = Criterion("marks", operator, ("a", "b", "c"))
    assert part_of(text_of(made, kind)) == made


def test_the_texts_are_those_of_the_language() -> None:
    told = {
        text_of(Criterion("since", PERIOD, ("this_week",)), Kind.DATE):
            "since >= start_of_week(today()) and since < start_of_week(today() + 7 days)",
        text_of(Criterion("made", PERIOD, ("last_quarter",)), Kind.DATETIME):
            "date_of(made) >= start_of_quarter(add_months(today(), -3)) and date_of(made) < start_of_quarter(today())",
        text_of(Criterion("made", "last", ("30",)), Kind.DATE): "made >= today() - 30 days and made <= today()",
        text_of(Criterion("marks", "eq", ("a", "b")), Kind.OPTIONS): '"a" in marks or "b" in marks',
        text_of(Criterion("owner", "eq", ("me", "x")), Kind.REFERENCE): 'owner in [me, "x"]',
        text_of(Criterion("name", "lacks", ("x",)), Kind.TEXT): 'not contains(name, "x")',
    }  # fmt: skip
    for made, wanted in told.items():
        assert made == wanted


def test_two_conditions_that_make_a_period_are_one() -> None:
    month = text_of(Criterion("since", PERIOD, ("this_month",)), Kind.DATE)
    text = f'tier == "gold" and {month} and budget > 3'
    assert conditions_of(text) == ('tier == "gold"', month, "budget > 3")
    assert conditions_of(conjunction(conditions_of(text))) == conditions_of(text)
    assert conditions_of("a >= 1 and a < 2") == ("a >= 1", "a < 2")


def test_alternatives_are_read_one_by_one_and_what_is_not_put_together_stays_text() -> None:
    text = alternatives(['tier == "gold"', "budget > 3 * weight", '"a" in marks or "b" in marks'])
    assert part_of(text) == AnyOf(
        (Criterion("tier", "eq", ("gold",)), Raw("budget > 3 * weight"), Criterion("marks", "eq", ("a", "b")))
    )
    assert part_of("count(orders) > 3") == Raw("count(orders) > 3")
    assert part_of("a == b") == Raw("a == b")
    assert part_of("not (a == 1)") == Raw("not a == 1")
