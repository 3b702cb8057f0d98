"""Vectors at the edges of the functions that people know from spreadsheets; a part of the table of vectors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

D = Decimal
LARGEST = 10**18 - 1
HUGE = 2**63 - 1
FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)
NEW_YEAR = datetime(1, 1, 1, 0, 30, tzinfo=UTC)
WHITE = "\t a\u00a0\u2003b \n"

TEXT_EDGES: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("upper(name)", "STRAßE ÇΣ İI", {"name": "straße çς İi"}),
    ("lower(name)", "ÿñ жш σ ß", {"name": "ŸÑ ЖШ Σ ß"}),
    ("upper(name)", "日𝒳ꟁ", {"name": "日𝒳ꟁ"}),
    ("upper(name)", None, {}),
    ("trim(name)", "a b", {"name": WHITE}),
    ("trim(name)", None, {"name": " \u3000"}),
    ("left(name, 1)", "𝒳", {"name": "𝒳é"}),
    ("left(note, 2) + text(length(note))", "Lo4", {"note": "Long"}),
    ("left(name, 0)", None, {"name": "x"}),
    ("left(name, -1)", None, {"name": "x"}),
    ("left(name, quantity)", "x", {"name": "x", "quantity": HUGE}),
    ("right(name, 1)", "é", {"name": "𝒳é"}),
    ("right(name, quantity)", "x", {"name": "x", "quantity": HUGE}),
    ("right(name, quantity)", None, {"name": "x", "quantity": -HUGE}),
    ("mid(name, 2, 1)", "é", {"name": "𝒳éx"}),
    ("mid(name, 0, 2)", None, {"name": "xyz"}),
    ("mid(name, 4, 2)", None, {"name": "xyz"}),
    ("mid(name, 2, quantity)", "yz", {"name": "xyz", "quantity": HUGE}),
    ("mid(name, quantity, 2)", None, {"name": "xyz", "quantity": HUGE}),
    ('position(name, "é")', 2, {"name": "𝒳é"}),
    ('position(name, "E")', 0, {"name": "𝒳é"}),
    ("position(name, nickname)", None, {"name": "x"}),
    ('replace(name, "aa", "b")', "ba", {"name": "aaa"}),
    ('replace(name, "a", "")', None, {"name": "aaa"}),
    ("replace(name, nickname, name)", "aaa", {"name": "aaa"}),
    ('replace(repeat("a", 10000), "a", "b") == empty', False, {}),
    ('replace(repeat("a", 5001), "a", "bb")', None, {}),
    ('length(replace(repeat("a", 5000), "a", "bb"))', 10_000, {}),
    ('length(repeat("ab", 5000))', 10_000, {}),
    ('repeat("ab", 5001)', None, {}),
    ("repeat(name, quantity)", None, {"name": "x", "quantity": HUGE}),
    ("repeat(name, 0)", None, {"name": "x"}),
    ('pad_left(name, 7, "ab")', "ababaxy", {"name": "xy"}),
    ('pad_right(name, 3, "𝒳")', "xy𝒳", {"name": "xy"}),
    ("pad_left(name, 1)", "xy", {"name": "xy"}),
    ("pad_left(name, quantity)", "xy", {"name": "xy", "quantity": -HUGE}),
    ("pad_left(nickname, quantity)", None, {"quantity": -HUGE}),
    ("pad_left(name, 10001)", None, {"name": "xy"}),
    ('split_part(name, ";", -1)', "c", {"name": "a;;c"}),
    ('split_part(name, ";", 2)', None, {"name": "a;;c"}),
    ('split_part(name, ";", 0)', None, {"name": "a;;c"}),
    ('split_part(name, ";", -4)', None, {"name": "a;;c"}),
    ('split_part(name, ";", quantity)', None, {"name": "a;;c", "quantity": -HUGE}),
    ('join("", name, nickname)', "ab", {"name": "a", "nickname": "b"}),
    ('join(", ", name, nickname)', "b", {"nickname": "b"}),
    ('join(", ", name, nickname)', None, {}),
    ('join(name, "a", "b", "c")', "a, b, c", {"name": ", "}),
    ("fixed(price, 0)", "0", {"price": D("-0.40")}),
    ("fixed(price, 1)", "-0.1", {"price": D("-0.05")}),
    ("fixed(quantity, 2)", "-7.00", {"quantity": -7}),
    ("number(name)", D("-1.5"), {"name": "-1.50"}),
    ("number(name)", D("0.000001"), {"name": "0.0000005"}),
    ("number(name)", None, {"name": "1,5"}),
    ("number(name)", None, {"name": "12\n"}),
    ("number(name)", None, {"name": "٣"}),
    ("number(name)", None, {"name": "1000000000000"}),
    ("number(name)", D(999999999999), {"name": "999999999999"}),
    ('date_text(close_on, "D.M.YY")', "1.1.01", {"close_on": FIRST}),
    ('date_text(close_on, "YYYYMMDD")', "00010101", {"close_on": FIRST}),
    ('ends_with(name, "ÃO")', True, {"name": "são"}),
    ("ends_with(name, nickname)", False, {"name": "são"}),
)
NUMBER_EDGES: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("round_up(price)", 1, {"price": D("0.01")}),
    ("round_up(price)", -1, {"price": D("-0.01")}),
    ("round_up(price, 1)", D("-0.1"), {"price": D("-0.01")}),
    ("round_up(price, 6)", D("-0.01"), {"price": D("-0.01")}),
    ("round_down(price)", 0, {"price": D("-0.99")}),
    ("round_up(9999999999999999.99)", 10**16, {}),
    ("sign(price)", -1, {"price": D("-0.01")}),
    ("mod(quantity, -3)", -2, {"quantity": 7}),
    ("mod(price, 0.3)", D("0.10"), {"price": D("1.00")}),
    ("mod(price, -0.3)", D("-0.20"), {"price": D("1.00")}),
    ("mod(price, 0)", None, {"price": D("1.00")}),
    ("mod(-0.000001, quantity)", None, {"quantity": LARGEST}),
    ("power(quantity, 2)", None, {"quantity": LARGEST}),
    ("power(quantity, 12)", 531441, {"quantity": -3}),
    ("power(price, 0)", D(1), {"price": D("0.00")}),
    ("power(price, 0)", None, {}),
    ("power(price, 12)", D("0.005688"), {"price": D("0.65")}),
    ("power(price, 3)", D("-0.000001"), {"price": D("-0.01")}),
    ("sqrt(quantity)", D("999999999.999999"), {"quantity": LARGEST - 10**3}),
    ("sqrt(quantity)", D(1_000_000_000), {"quantity": LARGEST}),
    ("sqrt(price)", D("0.1"), {"price": D("0.01")}),
    ("sqrt(price)", None, {"price": D("-0.01")}),
    ("percent_of(price, quantity)", D("33.333333"), {"price": D("1.00"), "quantity": 3}),
    ("percent_of(price, quantity)", None, {"price": D("1.00"), "quantity": 0}),
    ("clamp(price, 1, 2)", None, {}),
    ("clamp(price, 1, 2)", D(2), {"price": D("2.01")}),
    ("clamp(price, quantity, 2)", D("-5"), {"price": D("-5.00")}),
    ("clamp(price, 3, 2)", D(2), {"price": D("1.00")}),
    ("in_hours(effort)", D("-0.000278"), {"effort": timedelta(seconds=-1)}),
)
DAY_EDGES: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("date(2026, 2, 29)", None, {}),
    ("date(2024, 2, 29)", date(2024, 2, 29), {}),
    ("date(9999, 12, 31)", LAST, {}),
    ("date(10000, 1, 1)", None, {}),
    ("date(2026, 13, 1)", None, {}),
    ("date(quantity, 1, 1)", None, {"quantity": HUGE}),
    ("date(2026, quantity, 1)", None, {}),
    ("date(2026, 4, 31)", None, {}),
    ("add_days(close_on, 1)", None, {"close_on": LAST}),
    ("add_days(close_on, quantity)", None, {"close_on": FIRST, "quantity": -HUGE}),
    ("add_business_days(close_on, 1)", date(2026, 2, 2), {"close_on": date(2026, 1, 31)}),
    ("add_business_days(close_on, -1)", date(2026, 1, 30), {"close_on": date(2026, 1, 31)}),
    ("add_business_days(close_on, 0)", date(2026, 1, 31), {"close_on": date(2026, 1, 31)}),
    ("add_business_days(close_on, -1)", None, {"close_on": FIRST}),
    ("add_business_days(close_on, 1)", None, {"close_on": LAST}),
    ("add_business_days(close_on, quantity)", None, {"close_on": LAST, "quantity": HUGE}),
    (
        "business_days_between(close_on, signed_on)",
        -1,
        {"close_on": date(2026, 2, 2), "signed_on": date(2026, 1, 30)},
    ),
    ("business_days_between(close_on, signed_on)", 2_608_614, {"close_on": FIRST, "signed_on": LAST}),
    (
        "months_between(close_on, signed_on)",
        1,
        {"close_on": date(2026, 1, 31), "signed_on": date(2026, 2, 28)},
    ),
    (
        "months_between(close_on, signed_on)",
        -1,
        {"close_on": date(2026, 2, 28), "signed_on": date(2026, 1, 28)},
    ),
    ("years_between(close_on, signed_on)", 9998, {"close_on": FIRST, "signed_on": LAST}),
    ("years_between(close_on, signed_on)", 0, {"close_on": date(2025, 3, 1), "signed_on": date(2024, 3, 2)}),
    ("week(close_on)", 52, {"close_on": LAST}),
    ("week(close_on)", 53, {"close_on": date(2021, 1, 3)}),
    ("quarter(close_on)", 4, {"close_on": LAST}),
    ("end_of_week(close_on)", None, {"close_on": LAST}),
    ("end_of_week(close_on)", date(2026, 3, 1), {"close_on": date(2026, 3, 1)}),
    ("end_of_quarter(close_on)", LAST, {"close_on": date(9999, 10, 1)}),
    ("end_of_year(close_on)", LAST, {"close_on": date(9999, 1, 1)}),
    ("hour(starts_at)", None, {"starts_at": NEW_YEAR}),
    ("minute(starts_at)", None, {"starts_at": NEW_YEAR}),
    ("hour(starts_at)", 0, {"starts_at": datetime(2026, 3, 1, 3, 5, 59, 999999, tzinfo=UTC)}),
    ("minute(starts_at)", 5, {"starts_at": datetime(2026, 3, 1, 3, 5, 59, 999999, tzinfo=UTC)}),
)


def edges(vector: Callable[..., Any]) -> tuple[Any, ...]:
    """All of them as vectors."""
    return tuple(vector(text, answer, **values) for text, answer, values in _ALL)


_ALL = (*TEXT_EDGES, *NUMBER_EDGES, *DAY_EDGES)
