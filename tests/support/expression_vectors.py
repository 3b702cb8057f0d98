"""The table of vectors: what an expression gives for a record, by hand; every target answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.support.function_vectors import edges
from xrm.metadata.values import Money, PersonName


@dataclass(frozen=True, slots=True)
class Vector:
    """An expression about a deal, the values that the deal has, and the answer."""

    text: str
    answer: Any
    values: dict[str, Any] = field(default_factory=dict)


def _v(text: str, answer: Any, **values: Any) -> Vector:
    return Vector(text, answer, values)


D = Decimal
HALF_PAST_TWO = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
LARGEST = 10**18 - 1

EMPTY = (
    _v("price < 5", False),
    _v("not (price < 5)", True),
    _v("not (price < 5) and not (price >= 5)", True),
    _v("price == price", True),
    _v("name == nickname", True),
    _v("name == nickname", False, name="x"),
    _v("name != nickname", True, name="x"),
    _v("price == empty", True),
    _v("price != empty", True, price=D("0.00")),
    _v('name == ""', True),
    _v("active", None),
    _v("not active", True),
    _v("active == false", False),
    _v("price + 1", None),
    _v("price / quantity", None, price=D("1.00"), quantity=0),
    _v("sum(lines, count)", 0),
    _v("count(lines)", 0),
    _v("avg(lines, count)", None),
    _v("min(lines, due)", None),
    _v("latest(lines, due)", None),
    _v("first(lines, due)", None),
    _v("list(lines, label)", None),
    _v("any(lines)", False),
    _v("all(lines, done)", True),
    _v("name in [empty]", True),
    _v('name in ["x", empty]', True),
    _v('name not in ["x"]', True),
    _v("amount == empty", False, amount=Money(D(1), "EUR", None)),
    _v("amount > 0", False, amount=Money(D(1), "EUR", None)),
    _v("complainant == my.contact", False),
    _v("complainant != my.contact", True),
    _v("account.name == empty", True),
)
NUMBERS = (
    _v("0.1 + 0.2 == 0.3", True),
    _v("price * 0.005", D("0.00005"), price=D("0.01")),
    _v("rate * 0.5", D("0.000001"), rate=D("0.00000100")),
    _v("1 / 3", D("0.333333")),
    _v("2 / 3", D("0.666667")),
    _v("-2 / 3", D("-0.666667")),
    _v("1 / 2000000", D("0.000001")),
    _v("-1 / 2000000", D("-0.000001")),
    _v("0.9999999 / 2", D("0.500000")),
    _v("round(2.5)", 3),
    _v("round(-2.5)", -3),
    _v("round(2.345, 2)", D("2.35")),
    _v("round(1.005, 2)", D("1.01")),
    _v("floor(-1.5)", -2),
    _v("ceiling(-1.5)", -1),
    _v("abs(-3)", 3),
    _v("quantity + 1", None, quantity=LARGEST),
    _v("quantity + 0", LARGEST, quantity=LARGEST),
    _v("quantity * 1", None, quantity=2**63 - 1),
    _v("abs(quantity)", None, quantity=-(2**63)),
    _v("quantity == 9223372036854775807", True, quantity=2**63 - 1),
    _v("quantity > 1.5", True, quantity=2),
    _v("quantity == 1.5", False, quantity=1),
    _v("price > 1.234", True, price=D("1.24")),
    _v("price > 1.234", False, price=D("1.23")),
    _v("price < 1.235", True, price=D("1.23")),
    _v("price == 1.230", True, price=D("1.23")),
    _v("price in [1.2345, 1.5]", True, price=D("1.50")),
    _v("quantity >= price", True, quantity=2**63 - 1, price=D("9999999999.99")),
    _v("quantity <= price", True, quantity=-(2**63), price=D("-9999999999.99")),
    _v("first_of(quantity, price)", None, quantity=LARGEST),
    _v("min(quantity, price)", D("2.50"), quantity=3, price=D("2.50")),
    _v("max(quantity, price)", D("2.50"), price=D("2.50")),
    _v("amount > 99", True, amount=Money(D(10), "BRL", D(100))),
    _v("euro > 99", False, euro=Money(D(10), "EUR", D(100))),
    _v("amount.currency", "BRL", amount=Money(D(10), "BRL", D(100))),
    _v("amount * share / 100", D("12.500000"), amount=Money(D(1), "BRL", D(100)), share=D("12.50")),
)
TEXTS = (
    _v('name == "são"', False, name="São"),
    _v('same_text(name, "SAO")', True, name="São"),
    _v('contains(name, "PAULO")', True, name="São Paulo"),
    _v('contains(name, "sao p")', True, name="São Paulo"),
    _v('contains(name, "%")', False, name="São Paulo"),
    _v('contains(name, "_")', True, name="a_b"),
    _v('starts_with(name, "strass")', True, name="straße"),
    _v('starts_with(name, "x m")', True, name="𝒳 marks"),
    _v('contains(name, "\u0301")', False, name="é"),
    _v('same_text(first_of("\u0301", name), nickname)', True, name="x"),
    _v('starts_with(name, "𝒳")', True, name="𝒳 marks"),
    _v('not contains(name, "x")', True),
    _v('name + " " + nickname', "a b", name="a", nickname="b"),
    _v("name + nickname", "a", name="a"),
    _v("name + nickname", None),
    _v('"No. " + text(quantity)', "No. 7", quantity=7),
    _v("text(price)", "2.5", price=D("2.50")),
    _v("text(price)", "-0.05", price=D("-0.05")),
    _v("text(price)", "100", price=D("100.00")),
    _v("text(rate - rate)", "0", rate=D("0.10000000")),
    _v("text(close_on)", "0001-01-01", close_on=date(1, 1, 1)),
    _v("length(name)", 2, name="𝒳é"),
    _v("length(name)", 0),
    _v("person.first", "Ana", person=PersonName(first="Ana")),
    _v('contains(person, "ana sil")', True, person=PersonName(first="Ana", last="Silva")),
    _v('"red" in tags', True, tags=("red", "blue")),
    _v('"green" not in tags', True, tags=("red", "blue")),
    _v('"red" not in tags', True),
    _v("nickname in tags", False, tags=("red",)),
)
TIMES = (
    _v("close_on + 1 day", date(2024, 2, 29), close_on=date(2024, 2, 28)),
    _v("close_on - 1 day", None, close_on=date(1, 1, 1)),
    _v("close_on + 1 day", None, close_on=date(9999, 12, 31)),
    _v("close_on + effort", date(2026, 1, 2), close_on=date(2026, 1, 1), effort=timedelta(hours=47)),
    _v("close_on - effort", date(2025, 12, 31), close_on=date(2026, 1, 1), effort=timedelta(hours=47)),
    _v("close_on - signed_on", timedelta(days=-1), close_on=date(2026, 1, 1), signed_on=date(2026, 1, 2)),
    _v("days_between(signed_on, close_on)", -1, close_on=date(2026, 1, 1), signed_on=date(2026, 1, 2)),
    _v("add_months(close_on, 1)", date(2026, 2, 28), close_on=date(2026, 1, 31)),
    _v("add_months(close_on, -1)", date(2024, 2, 29), close_on=date(2024, 3, 31)),
    _v("add_years(close_on, 1)", date(2025, 2, 28), close_on=date(2024, 2, 29)),
    _v("add_years(close_on, quantity)", None, close_on=date(2024, 2, 29), quantity=2**63 - 1),
    _v("end_of_month(close_on)", date(2024, 2, 29), close_on=date(2024, 2, 1)),
    _v("start_of_week(close_on)", date(2026, 2, 23), close_on=date(2026, 3, 1)),
    _v("start_of_week(close_on)", date(2026, 3, 2), close_on=date(2026, 3, 2)),
    _v("start_of_week(close_on)", date(1, 1, 1), close_on=date(1, 1, 3)),
    _v("start_of_quarter(close_on)", date(2026, 10, 1), close_on=date(2026, 12, 31)),
    _v("start_of_quarter(close_on)", date(2024, 1, 1), close_on=date(2024, 3, 1)),
    _v("start_of_year(close_on)", date(2024, 1, 1), close_on=date(2024, 2, 29)),
    _v("weekday(close_on)", 7, close_on=date(2026, 3, 1)),
    _v("starts_at + 4h", HALF_PAST_TWO + timedelta(hours=4), starts_at=HALF_PAST_TWO),
    _v("now() - starts_at", timedelta(seconds=15), starts_at=HALF_PAST_TWO),
    _v("starts_at - now()", timedelta(seconds=-16), starts_at=HALF_PAST_TWO),
    _v("date_of(starts_at)", date(2026, 2, 28), starts_at=HALF_PAST_TWO),
    _v("effort / 1h", D("1.500000"), effort=timedelta(minutes=90)),
    _v("effort * 0.5", timedelta(seconds=2), effort=timedelta(seconds=3)),
    _v("effort / 2", timedelta(seconds=-2), effort=timedelta(seconds=-3)),
    _v("effort / 0", None, effort=timedelta(seconds=3)),
    _v('opens < "10:30"', True, opens=time(9, 0)),
    _v('starts_at >= "2026-03-01T00:30:00-02:00"', True, starts_at=HALF_PAST_TWO),
    _v("close_on == today()", True, close_on=date(2026, 3, 1)),
)
VECTORS = (*EMPTY, *NUMBERS, *TEXTS, *TIMES, *edges(_v))
ZONE = "America/Sao_Paulo"
