"""What can be read, and what is said where it cannot."""

from __future__ import annotations

from contextlib import suppress

import pytest

from xrm.errors import Place
from xrm.metadata.expressions import Unparsable, parse_expression
from xrm.metadata.expressions.problems import MAX_CHARACTERS, MAX_DEPTH, place_of


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        pytest.param("a = 3", 2, "==", id="single equals"),
        pytest.param("a <> 3", 2, "!=", id="angle brackets"),
        pytest.param("a === 3", 4, "==", id="triple equals"),
        pytest.param("a && b", 2, "`and`", id="ampersands"),
        pytest.param("a || b", 2, "`or`", id="bars"),
        pytest.param("!a", 0, "`not`", id="exclamation mark"),
        pytest.param("a AND b", 2, "small letters", id="capital and"),
        pytest.param("a is not null", 2, "!= empty", id="is not null"),
        pytest.param("a is null", 2, "== empty", id="is null"),
        pytest.param('a like "x"', 2, "contains(", id="like"),
        pytest.param("a between 1", 2, ">= low", id="between"),
        pytest.param("1 < x < 5", 6, "two at a time", id="chained comparison"),
        pytest.param("3 months", 2, "add_months", id="months"),
        pytest.param("1.5h", 3, "whole number", id="half an hour"),
        pytest.param("1e5", 1, "exponent", id="exponent"),
        pytest.param("a ^ 2", 2, "power(number, exponent)", id="power"),
        pytest.param("a % 2", 2, "Percent", id="percent"),
        pytest.param("a ? b", 2, "if condition", id="question mark"),
        pytest.param("{{ a }}", 0, "braces", id="braces"),
        pytest.param("a == “x”", 5, "straight quotes", id="typographic quotes"),
        pytest.param('a == "x', 5, "not closed", id="open quote"),
        pytest.param("lines[0]", 5, "position", id="index"),
        pytest.param("c as contact.email", 12, "parentheses", id="narrowing without parentheses"),
        pytest.param("a b", 2, "operator is missing", id="two names"),
        pytest.param("(a", 2, "parenthesis", id="open parenthesis"),
        pytest.param("[a", 2, "bracket", id="open bracket"),
        pytest.param("a and", 5, "missing at the end", id="nothing after and"),
        pytest.param("  ", 0, "Write a condition", id="nothing"),
        pytest.param("a)", 1, "nothing was opened", id="closing too much"),
    ],
)
def test_a_habit_of_another_language_is_answered_with_the_place_and_the_word_for_it(text, at, hint):
    with pytest.raises(Unparsable) as stop:
        parse_expression(text)
    assert (stop.value.code, stop.value.at) == ("M200", at)
    assert hint in stop.value.hint


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 4000 + "a" + ")" * 4000, id="parentheses"),
        pytest.param("not " * 2400 + "a", id="not"),
        pytest.param("[" * 4000 + "]" * 4000, id="brackets"),
        pytest.param("-" * 9000 + "1", id="minus"),
        pytest.param("f(" * 3000 + "1" + ")" * 3000, id="calls"),
        pytest.param("a" + ".b" * 4000, id="members"),
        pytest.param("a" + "+a" * 4000, id="sums"),
        pytest.param("a if a else " * 800 + "a", id="choices"),
        pytest.param("(" * 9999, id="never closed"),
    ],
)
def test_no_nesting_however_deep_exhausts_the_stack(text):
    with suppress(Unparsable):
        parse_expression(text)


def test_the_depth_limit_is_reached_and_not_passed_by_a_usable_expression():
    parse_expression("not " * (MAX_DEPTH - 1) + "a")
    with pytest.raises(Unparsable) as stop:
        parse_expression("not " * MAX_DEPTH + "a")
    assert stop.value.code == "M208"


def test_a_text_that_is_too_long_is_not_even_looked_at():
    with pytest.raises(Unparsable) as stop:
        parse_expression("a" * (MAX_CHARACTERS + 1))
    assert stop.value.code == "M208"


@pytest.mark.parametrize("character", ["\0", "\ud800"], ids=["nul", "half of a surrogate pair"])
def test_characters_that_no_database_keeps_are_refused_where_they_stand(character):
    with pytest.raises(Unparsable) as stop:
        parse_expression(f'name == "a{character}"')
    assert stop.value.at == 10


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("9223372036854775808", "too large", id="beyond 64 bits"),
        pytest.param("1.1234567890123456789", "too many digits", id="too many decimals"),
        pytest.param("9999999999999999999 days", "too long", id="endless duration"),
        pytest.param(r'"\q"', "no escape", id="unknown escape"),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused_as_written(text, says):
    with pytest.raises(Unparsable) as stop:
        parse_expression(text)
    assert says in stop.value.message


def test_a_problem_in_a_later_line_is_placed_in_that_line():
    text = "a and\n  b = 3"
    with pytest.raises(Unparsable) as stop:
        parse_expression(text)
    where = place_of(Place("deal.yaml", 7, 20), text, stop.value.at)
    assert (where.line, where.column) == (8, 5)


def test_words_that_begin_like_keywords_are_names():
    for name in ("inside", "android", "orders", "nothing", "iffy", "asset", "emptyish", "trueness", "h4"):
        parse_expression(f"{name} == 1")
