"""What is typed into forms becomes the JSON of the API; what cannot be read goes on as it was typed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pages import Posted
from xrm.metadata.fieldtypes.base import Control
from xrm.ui.fields.parsing import ABSENT, RowInput, nested, parse_form, parse_rows, plain_number, seconds_of
from xrm.ui.formatting import Reader

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EN = Reader("en", "en_GB", "UTC", NOW)
PT = Reader("pt", "pt_PT", "Europe/Lisbon", NOW)
RU = Reader("ru", "ru", "Europe/Moscow", NOW)
EUROS = {"amount": "1250.5", "currency": "EUR"}
EXACT = "2026-07-01T09:00:00.000123Z"
ID = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"


def post(**values: str | list[str]) -> Posted:
    """A posted form; `__` in a keyword stands for the dot in a name."""
    pairs = [(name.replace("__", "."), v) for name, v in values.items()]
    return Posted([(name, one) for name, v in pairs for one in (v if isinstance(v, list) else [v])])


@pytest.mark.parametrize("kind", [str(kind) for kind in Control if kind != Control.ROWS])
def test_a_field_that_the_form_did_not_carry_is_absent(kind: str) -> None:
    assert parse_form(kind, "it", post(other="x"), EN) is ABSENT


@pytest.mark.parametrize(
    ("kind", "reader", "form", "value"),
    [
        ("line", EN, post(it="Iron Foods"), "Iron Foods"),
        ("line", EN, post(it="  "), None),
        ("area", EN, post(it="Two\r\nlines\r\n"), "Two\nlines\n"),
        ("number", EN, post(it=" 12,500 "), 12500),
        ("number", PT, post(it="12.500"), 12500),
        ("number", RU, post(it="12\u00a0500"), 12500),
        ("number", EN, post(it="12.5"), "12.5"),
        ("number", EN, post(it="a dozen"), "a dozen"),
        ("decimal", EN, post(it="1,234.50"), "1234.50"),
        ("decimal", PT, post(it="1.234,50"), "1234.50"),
        ("decimal", PT, post(it="-0,5"), "-0.5"),
        ("decimal", PT, post(it="12.5"), "12.5"),
        ("decimal", EN, post(it="12k"), "12k"),
        ("decimal", EN, post(it="NaN"), "NaN"),
        ("percent", PT, post(it="12,5 %"), "12.5"),
        ("money", PT, post(it__amount="1 250,5", it__currency="EUR"), EUROS),
        ("money", EN, post(it__amount="5"), {"amount": "5"}),
        ("money", EN, post(it__amount="", it__currency="EUR"), None),
        ("boolean", EN, post(it=["false", "true"]), True),
        ("boolean", EN, post(it="false"), False),
        ("boolean", EN, post(it=""), None),
        ("date", EN, post(it="2026-05-31"), "2026-05-31"),
        ("datetime", PT, post(it="2026-07-01T10:00"), "2026-07-01T09:00:00Z"),
        ("datetime", RU, post(it="2026-07-01T10:00:05"), "2026-07-01T07:00:05Z"),
        ("datetime", EN, post(it="soon"), "soon"),
        ("datetime", PT, post(it="2026-07-01T10:00", it__exact=EXACT), EXACT),
        ("datetime", PT, post(it="2026-07-01T11:00", it__exact=EXACT), "2026-07-01T10:00:00Z"),
        ("duration", EN, post(it="1 h 30 min"), "PT1H30M"),
        ("duration", EN, post(it="for ever"), "for ever"),
        ("select", EN, post(it=["", "won"]), "won"),
        ("select", EN, post(it=""), None),
        ("multi_select", EN, post(it=["", "a", "b"]), ["a", "b"]),
        ("multi_select", EN, post(it=""), None),
        ("tags", EN, post(it="fair, cold ,fair;"), ["fair", "cold"]),
        ("rating", EN, post(it="4"), 4),
        ("person_name", EN, post(it__first="Ana", it__last=""), {"first": "Ana", "last": None}),
        ("person_name", EN, post(it__first="", it__last=""), None),
        ("geo", PT, post(it__lat="38,72", it__lon="-9,13"), {"lat": "38.72", "lon": "-9.13"}),
        ("file", EN, post(it=["", ID]), [ID]),
        ("secret", EN, post(it=""), ABSENT),
        ("secret", EN, post(it=" kept as typed "), " kept as typed "),
        ("secret", EN, post(it="", it__clear="true"), None),
        ("json", EN, post(it='{"a": 1}'), '{"a": 1}'),
        ("lookup", EN, post(it=ID, it__text="Iron Foods", it__shown="Iron Foods"), ID),
        ("lookup", EN, post(it=f"user/{ID}", it__text="I", it__shown="I"), {"entity": "user", "id": ID}),
        ("lookup", EN, post(it=ID, it__text="", it__shown="Iron Foods"), None),
        ("lookup", EN, post(it=ID, it__text="Steel", it__shown="Iron Foods"), {"text": "Steel"}),
        ("lookup", EN, post(it="", it__text=ID, it__shown=""), ID),
    ],
)  # fmt: skip
def test_a_posted_value_becomes_json(kind: str, reader: Reader, form: Posted, value: object) -> None:
    assert parse_form(kind, "it", form, reader) == value


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("0,125", ".", "0.125"),
        ("12,34", ".", "12.34"),
        ("1,234,567.8", ".", "1234567.8"),
        ("1.234.567", ",", "1234567"),
        ("−5", ".", "-5"),
        ("1'000.5", ".", "1000.5"),
        ("1,2,3", ".", "1,2,3"),
        ("1.234,567", ".", "1.234,567"),
        ("1,23.5", ".", "1,23.5"),
        ("12,34.567", ".", "12,34.567"),
        ("1,234.567", ",", "1,234.567"),
        ("1.234,5", ",", "1234.5"),
        ("", ".", ""),
        ("5 apples", ".", "5 apples"),
    ],
)
def test_a_number_is_read_by_the_marks_of_its_locale(text: str, mark: str, number: str) -> None:
    assert plain_number(text, mark) == number


@given(st.decimals(-(10**18), 10**18, places=3), st.sampled_from([EN, PT, RU]))
def test_a_number_written_for_an_input_or_for_reading_is_read_back(value: Decimal, reader: Reader) -> None:
    plain = format(value, "f")
    for shown in (reader.plain(plain), reader.number(plain)):
        raw = parse_form("decimal", "it", post(it=shown), reader)
        assert isinstance(raw, str)
        assert Decimal(raw) == value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("1:30", 5400),
        ("1:30:05", 5405),
        ("1,5 h", 5400),
        ("2d 3h", 183_600),
        ("-15m", -900),
        ("1 ч 30 мин", 5400),
        ("2 dias", 172_800),
        ("", None),
        ("h", None),
        ("5 parsecs", None),
        ("1:75", None),
    ],
)
def test_a_length_of_time_is_read_in_words_and_as_a_clock(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


def test_rows_of_a_grid_come_in_the_order_of_the_form_without_blank_ones() -> None:
    form = Posted(
        [
            ("lines.0.product", "Sensor"), ("lines.0.quantity", "3"), ("lines.0.id", ID),
            ("lines.1.product", ""), ("lines.1.quantity", ""), ("lines.1.active", "false"),
            ("lines.2.product", "Gone"), ("lines.2.id", "0198"), ("lines.2.delete", "true"),
            ("lines.10.product", "Kit"), ("lines.10.quantity", "x"),
            ("lines.3.product", "Never saved"), ("lines.3.delete", "true"),
            ("lines.-1.product", "pattern"), ("liness.0.product", "other"),
        ]
    )  # fmt: skip
    rows = parse_rows("lines", {"product": "line", "quantity": "number", "active": "boolean"}, form, EN)
    assert rows == (
        RowInput(0, {"product": "Sensor", "quantity": 3}, ID),
        RowInput(2, {"product": "Gone"}, "0198", removed=True),
        RowInput(10, {"product": "Kit", "quantity": "x"}),
    )
    assert nested(rows) == {
        "create": [{"product": "Kit", "quantity": "x"}],
        "update": [{"id": ID, "product": "Sensor", "quantity": 3}],
        "delete": ["0198"],
    }
