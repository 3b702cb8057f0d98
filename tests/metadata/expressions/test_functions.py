"""The functions that people know from spreadsheets: their examples, bounds, and what is said about other names."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.support.expression_vectors import ZONE
from tests.support.expression_world import context
from tests.support.function_examples import EXAMPLES, spoken
from xrm.metadata.expressions import FILTER, Expression, RecordEnv, check, checked, compile_python
from xrm.metadata.expressions.calendars import months_between, years_between
from xrm.metadata.expressions.dump import dump_value
from xrm.metadata.expressions.exact import add_months
from xrm.metadata.expressions.functions import FUNCTION_NAMES
from xrm.metadata.expressions.habits import ABSENT, HABITS
from xrm.metadata.expressions.letters import lower, pairs, upper
from xrm.metadata.expressions.working import (
    NoCalendar,
    add_business_days,
    business_days_between,
    read_calendar,
)
from xrm.metadata.values import fold


def evaluate(text, names, **values):
    run = compile_python(checked(text, "deal", names, scope=FILTER, expect=None))
    return run(RecordEnv("deal", {"id": UUID(int=1), **values}), context(ZONE))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_function_table_gives_its_answer_in_python(example, names):
    assert spoken(evaluate(example, names)) == EXAMPLES[example]


@pytest.mark.parametrize("name", sorted(HABITS))
def test_a_name_from_elsewhere_is_answered_with_what_to_write(name, names):
    for spelling in (name.upper(), name.capitalize()):
        (problem,) = check(f"{spelling}(name)", "deal", names, expect=None)
        assert (problem.code, problem.hint) == ("M203", f"Write {HABITS[name]}.")


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_a_function_that_is_left_out_is_answered_with_the_reason(name, names):
    (problem,) = check(f"{name.upper()}(name)", "deal", names, expect=None)
    assert (problem.code, problem.hint) == ("M203", ABSENT[name])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('text(close_on, "DD.MM.")', "date_text(date, pattern)"),
        ("sum(price, quantity)", "a + b"),
        ("left(name)", "left(text, count)"),
        ("year(starts_at)", "date_of(instant)"),
        ("left(name, price)", "floor(number)"),
        ("round(name, 2)", "number(text)"),
        ("upper(stage)", "text(value)"),
        ("length(quantity)", "text(value)"),
        ("abs(active)", "abs(-3.5)"),
    ],
)
def test_a_function_that_does_more_elsewhere_says_what_does_it_here(text, hint, names):
    (problem,) = check(text, "deal", names, expect=None)
    assert hint in problem.hint


def test_no_function_is_taken_for_a_name_from_elsewhere():
    assert not (HABITS.keys() | ABSENT.keys()) & set(FUNCTION_NAMES)
    assert not HABITS.keys() & ABSENT.keys()


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("power(price, quantity)", 14, "power(1.05, 3)"),
        ("power(price, 13)", 14, "power(1.05, 3)"),
        ("fixed(price, quantity)", 14, "fixed(12.5, 2)"),
        ('date_text(close_on, "DD of MM")', 21, "DD.MM.YYYY"),
        ("date_text(close_on, name)", 21, "DD.MM.YYYY"),
        ('date_text(close_on, "...")', 21, "DD.MM.YYYY"),
        ('contains(left(name, 3), "x")', 10, "keep it in a field"),
    ],
)
def test_what_must_be_written_is_told(text, column, hint, names):
    (problem,) = check(text, "deal", names, expect=None)
    assert (problem.code, problem.where.column) == ("M202", column)
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('switch(stage, "new", 10, "won", 100)', 100),
        ('switch(stage, "new", 10, "lost", 0)', None),
        ('switch(stage, "new", 10, 50)', 50),
        ('switch(quantity, empty, "none", 1, "one", "many")', "none"),
        ('switch(stage, "won", "2026-01-31", close_on)', date(2026, 1, 31)),
    ],
)
def test_a_switch_gives_the_result_of_the_first_case_that_is_equal(text, answer, names):
    assert evaluate(text, names, stage="won", close_on=None) == answer


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('switch(stage, "new")', ["M204"]),
        ('switch(stage, "nwe", 1, "won", 2)', ["M206"]),
        ('switch(nmae, "new", 1, "won", 2)', ["M201"]),
        ('switch(stage, "new", 1, "won", "x")', ["M202"]),
        ('switch(nmae, "new", account.nmea, 2)', ["M201", "M201"]),
    ],
)
def test_a_fault_in_a_switch_is_told_once(text, codes, names):
    assert [p.code for p in check(text, "deal", names, expect=None)] == codes


def test_each_mention_in_a_switch_is_known_once_so_that_a_new_name_is_written_once(names):
    found = check('switch(stage, "new", price, "won", rate, quantity)', "deal", names, expect=None)
    assert isinstance(found, Expression)
    assert sorted(m.attribute for m in found.mentions) == ["price", "quantity", "rate", "stage"]


def test_letters_turn_one_by_one_and_back():
    for small, capital in pairs():
        assert (upper(small), lower(capital)) == (capital, small)
    assert (upper("straße ΐ ı ς"), lower("İ ẞ Σ")) == ("STRAßE ΐ ı Σ", "İ ẞ σ")
    assert upper("às ж ὀ ա Ṻ 1a") == "ÀS Ж Ὀ Ա Ṻ 1A"


def test_only_letters_that_a_later_unicode_cannot_change_are_turned():
    assert len(pairs()) > 550
    for pair in pairs():
        assert all(unicodedata.ucd_3_2_0.category(letter) != "Cn" for letter in pair)


def test_case_is_nothing_that_folding_sees_so_that_a_database_may_leave_it_out():
    for letter in {letter for pair in pairs() for letter in pair} | set("ςßıİ"):
        assert fold(upper(letter)) == fold(lower(letter)) == fold(letter)


@pytest.mark.parametrize(
    ("text", "most"), [('upper(name) == "X" or ', 190), ('repeat(name, 9) == "X" or ', 350)]
)
def test_functions_that_take_much_cost_much(text, most, names):
    assert isinstance(check(text * most + "active", "deal", names), Expression)
    assert [p.code for p in check(text * (most + 40) + "active", "deal", names)] == ["M208"]


@pytest.mark.parametrize(
    "text",
    [
        "round(price, 0)",
        "round_down(price, 1)",
        "price * 0.01",
        "price / 1000",
        "mod(price * 0, 3)",
        "price * 0",
    ],
)
def test_a_zero_that_is_shown_has_no_sign(text, names):
    expression = checked(text, "deal", names, scope=FILTER, expect=None)
    found = compile_python(expression)(RecordEnv("deal", {"price": Decimal("-0.0004")}), context(ZONE))
    assert not found
    assert not str(dump_value(found, expression.type)).startswith("-")


DAYS = [date(2023, 12, 28) + timedelta(days=n) for n in range(70)]


CALENDARS = [
    "12345",
    "12345 2024-01-01 2024-01-06 2024-01-15 2024-02-29",
    "7 2024-01-07",
    "1234567 2024-01-02",
]


@pytest.mark.parametrize("calendar", CALENDARS)
def test_business_days_are_counted_and_added_as_on_a_calendar(calendar):
    def works(day):
        return str(day.isoweekday()) in calendar[:7].split(" ")[0] and day.isoformat() not in calendar

    for a in DAYS[::3]:
        for b in DAYS:
            first, last, sign = (a, b, 1) if a <= b else (b, a, -1)
            between = [first + timedelta(days=n + 1) for n in range((last - first).days)]
            assert business_days_between(a, b, calendar) == sign * sum(map(works, between))
    for start in DAYS[:14]:
        for count in range(-12, 13):
            found, left, step = start, abs(count), timedelta(days=1 if count > 0 else -1)
            while left:
                found += step
                left -= works(found)
            assert add_business_days(start, count, calendar) == found


def test_a_calendar_is_written_as_weekdays_and_dates_and_anything_else_is_said():
    assert read_calendar(" 1-5, 2027-01-01\n2026-12-25; 2027-01-01") == "12345 2026-12-25 2027-01-01"
    many = " ".join((date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(201))
    for wrong in ("", "5-1", "8", "mon", "1-5 25.12.2026", "1-5 2026-02-30", f"1-5 {many}"):
        with pytest.raises(NoCalendar):
            read_calendar(wrong)


def test_months_between_are_the_most_that_can_be_added():
    for a in DAYS:
        for b in DAYS:
            months = months_between(a, b)
            low, high = (a, b) if a <= b else (b, a)
            assert add_months(low, abs(months)) <= high < add_months(low, abs(months) + 1)
            assert months_between(b, a) == -months
    assert years_between(date(2024, 2, 29), date(2025, 2, 28)) == 1
    assert years_between(date(2024, 3, 1), date(2023, 3, 2)) == 0
