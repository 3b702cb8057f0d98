"""What the checker accepts, what type comes out, and what it says, where, about everything else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from xrm.errors import Invalid, Place
from xrm.metadata.expressions import (
    FILTER,
    FORMULA,
    KEY,
    RULE,
    TITLE,
    Expression,
    check,
    check_rows,
    checked,
    uses,
)
from xrm.metadata.expressions.problems import MAX_HOPS
from xrm.metadata.expressions.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    DURATION,
    INTEGER,
    TEXT,
    Kind,
    Type,
)


def problems(text, names, entity="deal", **more):
    found = check(text, entity, names, **{"expect": None, **more})
    assert not isinstance(found, Expression), "accepted"
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quantity + visits", INTEGER),
        ("quantity / visits", DECIMAL),
        ("price + quantity", Type(Kind.DECIMAL, scale=2)),
        ("price * price", Type(Kind.DECIMAL, scale=4)),
        ("rate * price", DECIMAL),
        ("rate + price", Type(Kind.DECIMAL, scale=8)),
        ("amount * 2", Type(Kind.DECIMAL, scale=4)),
        ("close_on + 14 days", DATE),
        ("14 days + close_on", DATE),
        ("close_on - signed_on", DURATION),
        ("starts_at - 4h", DATETIME),
        ("effort / 1h", DECIMAL),
        ("2 * effort", DURATION),
        ("name + stage + note", TEXT),
        ("price if active else quantity", Type(Kind.DECIMAL, scale=2)),
        ("first_of(quantity, 0.5)", Type(Kind.DECIMAL, scale=1)),
        ("round(price)", INTEGER),
        ("round(rate, 3)", Type(Kind.DECIMAL, scale=3)),
        ("round(price, 6)", Type(Kind.DECIMAL, scale=2)),
        ("count(lines)", INTEGER),
        ("sum(lines, price)", Type(Kind.DECIMAL, scale=3)),
        ("avg(lines, count)", DECIMAL),
        ("avg(lines, spent)", DURATION),
        ("min(lines, due)", DATE),
        ("min(price, 3)", Type(Kind.DECIMAL, scale=2)),
        ("latest(lines, due)", Type(Kind.REFERENCE, ("line",))),
        ("latest(lines, due, label)", TEXT),
        ("first(lines, due, label)", TEXT),
        ("list(lines, label)", TEXT),
        ("complainant", Type(Kind.REFERENCE, ("account", "contact"))),
        ("complainant as contact", Type(Kind.REFERENCE, ("contact",))),
        ("(complainant as contact).account.name", TEXT),
        ("complainant.name", TEXT),
        ("amount.currency", Type(Kind.CHOICE)),
        ("person.first", TEXT),
        ("record", Type(Kind.REFERENCE, ("deal",))),
        ("today()", DATE),
        ("now() + 4h", DATETIME),
        ('"x" in tags', BOOLEAN) if False else ('"red" in tags', BOOLEAN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_type_of_an_expression_is_known(text, expected, names):
    found = check(text, "deal", names, expect=None)
    assert isinstance(found, Expression), found
    assert found.type == expected


@pytest.mark.parametrize(
    ("text", "code", "column", "hint"),
    [
        ("nmae == 1", "M201", 1, "Did you mean name"),
        ("account.nmae == 1", "M201", 9, "Did you mean name"),
        ("stage == won", "M201", 10, '"won"'),
        ("stage == null", "M201", 10, "empty"),
        ("active == True", "M201", 11, "true"),
        ("close_on < today", "M201", 12, "today()"),
        ("my.team == team", "M201", 4, "Did you mean teams"),
        ("me.name == name", "M201", 4, "my.teams"),
        ("amount.curency == name", "M201", 8, "parts"),
        ('stage == "one"', "M206", 10, "new, won, lost"),
        ('stage in ["won", "one"]', "M206", 10, "new, won, lost"),
        ('"pink" in tags', "M206", 1, "red, green, blue"),
        ('close_on == "31.1.2026"', "M206", 13, "2026-01-31"),
        ('starts_at > "2026-01-31T10:00"', "M206", 13, "Z"),
        ('account == "Oliveira"', "M206", 12, "account.name"),
        ("close_on == starts_at", "M202", 10, "date_of"),
        ("close_on < starts_at", "M202", 10, "date_of"),
        ('name < "M"', "M202", 6, "have an order"),
        ('stage > "new"', "M202", 7, "have an order"),
        ("tags == stage", "M202", 6, 'Write "x" in field'),
        ('note == "x"', "M202", 6, "compared with empty"),
        ("account == parent", "M202", 9, ""),
        ("quantity + name", "M202", 10, "text(value)"),
        ("close_on + 3", "M202", 10, "14 days"),
        ("close_on + 4h", "M202", 12, "whole days"),
        ("quantity + empty", "M202", 10, "== empty"),
        ("quantity and active", "M202", 1, "Compare it"),
        ("lines and active", "M202", 1, "any("),
        ("lines == empty", "M202", 7, "count("),
        ("lines.price > 3", "M202", 7, "any(lines"),
        ('name in "abc"', "M202", 9, "contains"),
        ("name in [1, 2]", "M202", 9, ""),
        ('[1, "a"] == 2', "M202", 5, ""),
        ("contains(stage, name)", "M202", 10, ""),
        ("contains(name + stage, name)", "M202", 10, "compare choices"),
        ("sum(lines, label)", "M202", 12, "sum(lines"),
        ("sum(price, quantity)", "M202", 5, "sum(many"),
        ("round(price, quantity)", "M202", 14, "round("),
        ("round(price, 7)", "M202", 14, "round("),
        ("min(name, price)", "M202", 5, "min("),
        ("-name == 3", "M202", 1, ""),
        ("price if active else name", "M202", 22, "one type"),
        ("proper(name)", "M203", 1, "upper(left(text, 1))"),
        ("coalesce(name)", "M203", 1, "first_of"),
        ("contans(name, name)", "M203", 1, "Did you mean contains"),
        ("contains(name)", "M204", 1, "contains(text, part)"),
        ("today(1) == close_on", "M204", 7, ""),
        ("all(lines)", "M204", 1, "all(many, condition)"),
        ("count() > 1", "M204", 1, "count(many"),
        ("old.stage == stage", "M207", 1, "rules, guards"),
        ("changed(stage)", "M207", 1, "rules, guards"),
        ("settings.limits == 3", "M201", 10, ""),
        ("complainant.country == 3", "M209", 13, "as account"),
        ("complainant.deals == 3", "M209", 13, "as account"),
        ("about.name == name", "M209", 7, "Narrow it first"),
        ("(complainant as deal).name == name", "M209", 17, "account or contact"),
        ("name as contact", "M202", 1, "complainant as contact"),
        ("any(complainant.complaints)", "M209", 5, "Narrow it first"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else None,
)  # fmt: skip
def test_a_fault_is_told_with_its_column_and_what_to_write(text, code, column, hint, names):
    (problem,) = problems(text, names, place=Place("deal.yaml", 3, 1))
    assert (problem.code, problem.where.line, problem.where.column) == (code, 3, column), problem
    assert hint in problem.hint


def test_all_faults_of_an_expression_are_told_at_once_and_none_follows_from_another(names):
    text = 'nmae == "x" and account.nmea > 3 or stage == "one" or proper(name) == name'
    found = problems(text, names)
    assert [p.code for p in found] == ["M201", "M201", "M206", "M203"]


def test_a_condition_is_expected_unless_another_type_is_said(names):
    assert [p.code for p in problems("quantity + 1", names, expect=BOOLEAN)] == ["M205"]
    assert isinstance(check("quantity + 1", "deal", names, expect=DECIMAL), Expression)
    with pytest.raises(Invalid):
        checked("quantity + 1", "deal", names)


@pytest.mark.parametrize(
    ("text", "expect", "value"),
    [
        pytest.param("p3", Type(Kind.CHOICE, options=("p1", "p3")), "p3", id="an option without quotes"),
        pytest.param('"p3"', Type(Kind.CHOICE, options=("p1", "p3")), "p3", id="an option in quotes"),
        pytest.param('"2026-01-31"', DATE, date(2026, 1, 31), id="a date"),
        pytest.param("5", DECIMAL, Decimal(5), id="a whole number for a decimal"),
    ],
)
def test_a_default_is_read_as_its_field_needs_it(text, expect, value, names):
    found = check(text, "deal", names, expect=expect)
    assert isinstance(found, Expression), found
    assert found.tree.value == value


def test_a_lookup_filter_speaks_of_the_target_and_of_the_record_in_hand(names):
    scope = FILTER.with_record("deal")
    found = check("account == record.account and since < record.close_on", "contact", names, scope=scope)
    assert isinstance(found, Expression), found
    assert uses(found.tree) == {
        ("contact", "account"),
        ("deal", "account"),
        ("contact", "since"),
        ("deal", "close_on"),
    }
    (problem,) = problems("record.country == name", names, "contact", scope=scope)
    assert problem.message == "deal has no country."


def test_inside_an_aggregate_bare_names_are_of_the_many_and_record_is_the_one_in_hand(names):
    found = check(
        "any(account.deals, price > record.price and any(lines, price > record.price))", "deal", names
    )
    assert isinstance(found, Expression), found
    assert uses(found.tree) == {
        ("deal", "account"), ("account", "deals"), ("deal", "price"), ("deal", "lines"), ("line", "price"),
    }  # fmt: skip


def test_every_mention_is_known_with_its_place_in_the_text(names):
    text = "account.name == name and any(lines, price > 1)"
    found = check(text, "deal", names)
    assert isinstance(found, Expression)
    told = {(m.entity, m.attribute, text[m.offset : m.offset + m.length]) for m in found.mentions}
    assert told == {
        ("deal", "account", "account"),
        ("account", "name", "name"),
        ("deal", "name", "name"),
        ("deal", "lines", "lines"),
        ("line", "price", "price"),
    }


@pytest.mark.parametrize(
    ("scope", "text", "code"),
    [
        pytest.param(TITLE, "account.name", "M207", id="a title over a relationship"),
        pytest.param(TITLE, "count(lines)", "M207", id="a title over many"),
        pytest.param(TITLE, "text(today())", "M207", id="a title with the day"),
        pytest.param(TITLE, "date_of(starts_at)", "M207", id="a title with a time zone"),
        pytest.param(TITLE, "owner == me", "M207", id="a title with the person"),
        pytest.param(KEY, "quantity + 1 > 3", "M207", id="a key that calculates"),
        pytest.param(KEY, 'contains(name, "x")', "M207", id="a key with a function"),
        pytest.param(KEY, '"red" in tags', "M207", id="a key with a set"),
        pytest.param(FORMULA, "owner == me", "M207", id="a formula with the person"),
        pytest.param(RULE, "count(old.lines) > 1", "M207", id="earlier related records"),
        pytest.param(RULE, "changed(account.name)", "M202", id="a change elsewhere"),
        pytest.param(RULE, "any(lines, changed(price))", "M202", id="a change of another record"),
    ],
)
def test_a_scope_admits_only_what_its_place_can_know(scope, text, code, names):
    assert [p.code for p in problems(text, names, scope=scope)] == [code]


def test_settings_have_the_types_that_the_pack_gives_them(names):
    scope = FILTER.with_settings({"inactive_days": INTEGER})
    assert isinstance(check("quantity > settings.inactive_days", "deal", names, scope=scope), Expression)
    (problem,) = problems("quantity > settings.inactive_day", names, scope=scope)
    assert "inactive_days" in problem.hint


@pytest.mark.parametrize("level", ["own", "team", "unit", "unit_and_below", "all"])
def test_named_levels_are_row_rules_of_records_with_an_owner(level, names):
    assert isinstance(check_rows(level, "deal", names), Expression)


def test_a_level_needs_an_owner(names):
    (problem,) = check_rows("team", "line", names)
    assert problem.code == "M207"
    assert "user_or_team" in problem.hint
    assert isinstance(check_rows("all", "line", names), Expression)
    assert isinstance(check_rows("done", "line", names), Expression)


def test_a_path_has_a_longest_length(names):
    longest = ".".join(["parent"] * MAX_HOPS)
    assert isinstance(check(f"{longest}.name == name", "deal", names), Expression)
    assert [p.code for p in problems(f"{longest}.parent.name == name", names)] == ["M208"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("any(lines, any(deal.lines, any(deal.lines, any(deal.lines, done))))", id="nested many"),
        pytest.param(f"quantity in [{', '.join('1' for _ in range(2100))}]", id="a list of thousands"),
    ],
)
def test_cost_has_a_limit(text, names):
    assert [p.code for p in problems(text, names)] == ["M208"]


def test_equal_texts_give_equal_trees(names):
    one, two = (check('stage in ["won"] and price > 1', "deal", names) for _ in range(2))
    assert one == two
