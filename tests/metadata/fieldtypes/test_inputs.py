"""What single field types take, what they make of it, and how they refuse the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.inputs import OPTIONS, TYPES
from xrm.metadata.expressions.types import Kind
from xrm.metadata.fieldtypes.autonumber import format_number, number_scope, pattern_faults
from xrm.metadata.fieldtypes.base import BadValue, Storage
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.fieldtypes.iso import countries, currency_decimals
from xrm.metadata.fieldtypes.problems import VALUE_CODES
from xrm.metadata.values import Geo, Money, PersonName

EMPTY: Mapping[str, Any] = {}
CHOICE = {"options": OPTIONS}
ID = "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"


def shown(name: str, raw: Any, params: Mapping[str, Any] = EMPTY) -> Any:
    """The JSON form that comes back for this input."""
    value = read_value(TYPES[name], raw, params)
    return write_value(TYPES[name], value, params)


def refusal(name: str, raw: Any, params: Mapping[str, Any] = EMPTY) -> BadValue:
    with pytest.raises(BadValue) as caught:
        read_value(TYPES[name], raw, params)
    return caught.value


TAKEN = [
    ("text", {}, "  Iron\tFoods".replace("\t", " ") + " ", "Iron Foods"),
    ("text", {}, "e\u0301", "é"),
    ("long_text", {}, "one\r\ntwo\rthree\n\n", "one\ntwo\nthree"),
    ("long_text", {}, "  indented\tcell", "  indented\tcell"),
    ("rich_text", {}, "<p onclick='x()'>a<script>y</script></p>", "<p>a</p>"),
    ("rich_text", {}, "<a href='javascript:x()'>a</a>", '<a rel="noopener noreferrer">a</a>'),
    ("rich_text", {}, "<p> <br></p>", None),
    ("url", {}, "HTTPS://Iron.Example/A?b=C", "https://iron.example/A?b=C"),
    ("integer", {}, "0012", 12),
    ("integer", {}, Decimal("3.0"), 3),
    ("integer", {}, 2**63 - 1, 2**63 - 1),
    ("decimal", {}, "12.345", "12.35"),
    ("decimal", {}, "-12.345", "-12.35"),
    ("decimal", {}, 0.1, "0.10"),
    ("decimal", {}, "-0.001", "0.00"),
    ("decimal", {"scale": 0}, ".5", "1"),
    ("decimal", {"precision": 18, "scale": 12}, "0.000000000001", "0.000000000001"),
    ("decimal", {}, "9999999999999999.99", "9999999999999999.99"),
    ("percent", {}, "10 %", "10.00"),
    ("money", {"currency": "EUR"}, "12.5", {"amount": "12.50", "currency": "EUR"}),
    ("money", {"default_currency": "USD"}, 3, {"amount": "3.00", "currency": "USD"}),
    ("money", {}, "12.5 jpy", {"amount": "13", "currency": "JPY"}),
    ("money", {}, {"amount": "1.23456", "currency": "CLF"}, {"amount": "1.2346", "currency": "CLF"}),
    ("money", {}, {"amount": None, "currency": ""}, None),
    ("boolean", {}, "Yes", True),
    ("boolean", {}, False, False),
    ("date", {}, "2024-02-29", "2024-02-29"),
    ("datetime", {}, "2026-05-31T16:30:00.5+02:00", "2026-05-31T14:30:00.500000Z"),
    ("datetime", {}, "2026-05-31 14:30z", "2026-05-31T14:30:00Z"),
    ("time", {}, "9:30".zfill(5), "09:30:00"),
    ("duration", {}, "4h", "PT4H"),
    ("duration", {}, "1h 30m", "PT1H30M"),
    ("duration", {}, "14 days", "P14D"),
    ("duration", {}, "P2W", "P14D"),
    ("duration", {}, "pt36h", "P1DT12H"),
    ("duration", {}, "0 s", "PT0S"),
    ("duration", {}, "-90 minutes", "-PT1H30M"),
    ("choice", CHOICE, " red ", "red"),
    ("multi_choice", CHOICE, ["blue", "red", "blue"], ["red", "blue"]),
    ("multi_choice", CHOICE, "blue; red", ["red", "blue"]),
    ("tags", {}, ["VIP", "vip", "Évora", " "], ["Évora", "VIP"]),
    ("tags", {}, "b,a", ["a", "b"]),
    ("email", {}, " Ana@IRON.example ", "Ana@iron.example"),
    ("phone", {"region": "PT"}, "211 234 567", "+351211234567"),
    ("phone", {}, "+1 (202) 555-0123", "+12025550123"),
    ("geo", {}, "38.7222524, -9.1393366", {"lat": "38.722252", "lon": "-9.139337"}),
    ("file", {}, {"id": ID.upper()}, ID),
    ("file", {"many": True}, ID, [ID]),
    ("image", {"many": True}, [ID, None, ID], [ID]),
    ("json", {}, '{"b": 1.0, "a": [1e2, 0.5]}', {"a": [100, 0.5], "b": 1}),
    ("json", {}, {"bb": 1, "c": 2}, {"c": 2, "bb": 1}),
    ("json", {}, {}, {}),
    ("color", {}, "#1D5FB8", "#1d5fb8"),
    ("color", {}, "Teal", "teal"),
    ("secret", {}, " s ", {"set": True}),
]


@pytest.mark.parametrize(("name", "params", "raw", "written"), TAKEN)
def test_an_input_comes_back_in_its_one_written_form(
    name: str, params: Mapping[str, Any], raw: Any, written: Any
) -> None:
    came = shown(name, raw, params)
    assert came == written
    assert not isinstance(came, dict) or list(came) == list(written)


REFUSED = [
    ("text", {}, 5, "R110"),
    ("text", {}, True, "R110"),
    ("text", {}, "a\x00b", "R114"),
    ("text", {}, "a\ud800b", "R114"),
    ("text", {}, "a\nb", "R114"),
    ("text", {}, "a\u2028b", "R114"),
    ("text", {"max_length": 3}, "four", "R111"),
    ("text", {"max_length": 1000}, "\ufdfa" * 100, "R111"),
    ("long_text", {}, "a\x07b", "R114"),
    ("long_text", {"max_length": 3}, "four", "R111"),
    ("rich_text", {"max_length": 10}, "<p>1234567890</p>", "R111"),
    ("url", {}, "iron.example", "R124"),
    ("url", {}, "javascript:alert(1)", "R124"),
    ("url", {}, "ftp://iron.example", "R124"),
    ("url", {}, "https://", "R124"),
    ("url", {}, "https://a b.example", "R124"),
    ("url", {}, "https://ana:pw@iron.example", "R124"),
    ("url", {}, "https://iron.example:port", "R124"),
    ("url", {}, "https://[::1", "R124"),
    ("integer", {}, True, "R110"),
    ("integer", {}, 2**63, "R117"),
    ("integer", {}, -(2**63) - 1, "R117"),
    ("integer", {}, "9" * 50, "R117"),
    ("integer", {}, "9" * 5000, "R116"),
    ("integer", {}, Decimal("1e999999"), "R117"),
    ("integer", {}, 1.5, "R116"),
    ("integer", {}, float("inf"), "R116"),
    ("integer", {"min": 1, "max": 5}, 6, "R117"),
    ("decimal", {}, "NaN", "R116"),
    ("decimal", {}, float("nan"), "R116"),
    ("decimal", {}, Decimal("sNaN"), "R116"),
    ("decimal", {}, Decimal("Infinity"), "R116"),
    ("decimal", {}, "12,50", "R116"),
    ("decimal", {}, "1e5", "R116"),
    ("decimal", {}, "٣", "R116"),
    ("decimal", {}, Decimal("1e16"), "R117"),
    ("decimal", {}, 10**400, "R117"),
    ("decimal", {"precision": 4, "scale": 2}, "99.995", "R117"),
    ("decimal", {"min": "0.5"}, "0.49", "R117"),
    ("percent", {"max": 100}, "101 %", "R117"),
    ("rating", {}, 0, "R117"),
    ("rating", {}, 6, "R117"),
    ("money", {}, "12.50", "R125"),
    ("money", {}, "12.50 QQQ", "R125"),
    ("money", {}, {"amount": "1", "currency": "XXX"}, "R125"),
    ("money", {"currency": "EUR"}, {"amount": "1", "currency": "USD"}, "R125"),
    ("money", {}, {"currency": "EUR"}, "R126"),
    ("money", {}, {"amount": "1", "currency": "EUR", "base": "1"}, "R126"),
    ("money", {}, {"amount": "1" * 15, "currency": "EUR"}, "R117"),
    ("money", {}, True, "R110"),
    ("boolean", {}, 1, "R110"),
    ("boolean", {}, "maybe", "R110"),
    ("date", {}, "2026-02-29", "R118"),
    ("date", {}, "20260501", "R118"),
    ("date", {}, "2026-W01-1", "R118"),
    ("date", {}, 20260501, "R110"),
    ("datetime", {}, "2026-05-31T14:30:00", "R119"),
    ("datetime", {}, "2026-05-31", "R118"),
    ("datetime", {}, "2026-05-31T14:30:60Z", "R118"),
    ("datetime", {}, "2026-05-31T14:30:00+25:00", "R118"),
    ("datetime", {}, "0001-01-01T00:00:00+14:00", "R118"),
    ("datetime", {}, "9999-12-31T23:59:59Z", "R118"),
    ("time", {}, "24:00", "R118"),
    ("time", {}, "14:30Z", "R118"),
    ("duration", {}, "14", "R118"),
    ("duration", {}, "P1M", "R118"),
    ("duration", {}, "PT", "R118"),
    ("duration", {}, "2 months", "R118"),
    ("duration", {}, "1.5h", "R118"),
    ("duration", {}, "999999999 weeks", "R117"),
    ("choice", CHOICE, "purple", "R120"),
    ("choice", CHOICE, 1, "R110"),
    ("choice", CHOICE, ["red"], "R110"),
    ("multi_choice", CHOICE, {"red": True}, "R110"),
    ("multi_choice", CHOICE, ["red"] * 1000, "R121"),
    ("tags", {"max_tags": 2}, ["a", "b", "c"], "R121"),
    ("tags", {}, ["a,b"], "R114"),
    ("tags", {}, ["x" * 51], "R111"),
    ("email", {}, "ana", "R122"),
    ("email", {}, "ana@localhost", "R122"),
    ("email", {}, "ana@" + "x" * 300 + ".example", "R122"),
    ("phone", {}, "211 234 567", "R123"),
    ("phone", {}, "+351 1", "R123"),
    ("phone", {}, "+351 211 234 567 ext. 5", "R123"),
    ("person_name", {}, "Ana Silva", "R110"),
    ("person_name", {}, {"salutation": "Dr."}, "R126"),
    ("person_name", {}, {"fist": "Ana"}, "R126"),
    ("address", {}, {"country": "Portugal"}, "R125"),
    ("geo", {}, {"lat": "1"}, "R126"),
    ("geo", {}, {"lat": "90.000001", "lon": "0"}, "R117"),
    ("geo", {}, "north", "R110"),
    ("file", {}, ID.replace("-", ""), "R127"),
    ("file", {}, [ID], "R110"),
    ("image", {"many": True, "max_files": 1}, [ID, ID], "R121"),
    ("json", {}, "7", "R110"),
    ("json", {}, '{"a": 1, "a": 2}', "R129"),
    ("json", {}, '{"a": NaN}', "R116"),
    ("json", {}, "[" * 200_000, "R129"),
    ("json", {}, "[" * 1000, "R129"),
    ("json", {}, {"a": 2**63}, "R116"),
    ("json", {}, {"a": 1e300}, "R116"),
    ("json", {}, {"a": Decimal("0.1234567890123456789")}, "R116"),
    ("json", {}, {"a": "\x00"}, "R114"),
    ("json", {}, {"\ud800": 1}, "R114"),
    ("json", {"max_bytes": 10}, {"a": "long enough"}, "R129"),
    ("color", {}, "#12345", "R127"),
    ("color", {}, "url(x)", "R127"),
    ("secret", {}, {"set": True}, "R110"),
    ("secret", {}, "x" * 4001, "R111"),
    ("expression", {"entity": "account"}, "amount >", "R128"),
]


@pytest.mark.parametrize(("name", "params", "raw", "code"), REFUSED)
def test_an_input_that_means_nothing_here_is_refused_with_its_code(
    name: str, params: Mapping[str, Any], raw: Any, code: str
) -> None:
    assert refusal(name, raw, params).problem.code == code


def test_every_code_of_a_bad_value_is_met_in_these_tests() -> None:
    assert {code for *_, code in REFUSED} == set(VALUE_CODES)


@pytest.mark.parametrize(
    ("name", "params", "raw", "hint"),
    [
        ("choice", CHOICE, "Vermelho", "Did you mean red?"),
        ("choice", CHOICE, "gren", "Did you mean green?"),
        ("color", {}, "tael", "Did you mean teal?"),
        ("person_name", {}, {"fist": "Ana"}, "Did you mean first?"),
        ("address", {}, {"country": "portugal"}, "For portugal write PT."),
        ("url", {}, "iron.example", "Start it with https:// ."),
        ("phone", {}, "211 234 567", "Start it with + and the country."),
        ("decimal", {}, "1.234,50", "Use a point before the decimals and nothing between thousands."),
    ],
)
def test_a_hint_names_what_was_probably_meant(
    name: str, params: Mapping[str, Any], raw: Any, hint: str
) -> None:
    assert refusal(name, raw, params).problem.hint == hint


@pytest.mark.parametrize(
    ("name", "params", "raw", "path"),
    [
        ("money", {}, {"amount": "x", "currency": "EUR"}, "amount"),
        ("money", {}, {"amount": "1", "currency": "QQQ"}, "currency"),
        ("address", {}, {"city": 7}, "city"),
        ("geo", {}, {"lat": "1", "lon": "east"}, "lon"),
        ("multi_choice", CHOICE, ["red", "pink"], "[1]"),
        ("image", {"many": True}, [ID, "x"], "[1]"),
    ],
)
def test_a_refusal_inside_a_value_says_where(
    name: str, params: Mapping[str, Any], raw: Any, path: str
) -> None:
    assert refusal(name, raw, params).problem.where.path == path


def test_money_keeps_its_base_value_in_storage_and_not_in_json() -> None:
    paid = Money(Decimal("12.50"), "EUR", Decimal("13.7513"))
    assert TYPES["money"].split(paid, {}) == (Decimal("12.50"), "EUR", Decimal("13.7513"))
    assert TYPES["money"].join((Decimal("12.5000"), "EUR", Decimal("13.7513")), {}) == paid
    assert TYPES["money"].dump(paid, {}) == {"amount": "12.50", "currency": "EUR"}


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("ALL", 2)]
)
def test_each_currency_has_the_decimals_of_iso_4217(currency: str, decimals: int) -> None:
    assert currency_decimals(currency) == decimals


def test_a_field_with_one_currency_says_so_in_expressions() -> None:
    fixed, free = (TYPES["money"].expression(params) for params in ({"currency": "EUR"}, {}))
    assert (fixed.kind, fixed.options, free.options) == (Kind.MONEY, ("EUR",), ())


def test_the_countries_are_those_of_today() -> None:
    assert len(countries()) == 250  # ISO 3166-1 and Kosovo
    assert not countries() & {"SU", "YU", "ZZ", "EU", "UK"}


def test_a_name_is_sorted_by_the_way_it_is_said() -> None:
    name = PersonName("Ana", "Maria", "Silva", "Dr.", "Jr.")
    assert TYPES["person_name"].split(name, {})[0] == "Ana Maria Silva Jr."
    assert TYPES["person_name"].parts({})[0].storage is Storage.TEXT


def test_a_point_is_kept_to_six_decimals() -> None:
    assert read_value(TYPES["geo"], {"lat": 1, "lon": "2.0000005"}, {}) == Geo(
        Decimal(1), Decimal("2.000001")
    )


def test_a_file_field_holds_one_column_whether_one_or_many() -> None:
    storages = [TYPES["file"].parts(params)[0].storage for params in ({}, {"many": True})]
    assert storages == [Storage.UUID, Storage.JSON]


@given(st.text(max_size=60), st.text(max_size=5))
def test_cleaned_html_holds_no_script_and_is_not_cleaned_twice(text: str, inner: str) -> None:
    raw = f"<p>{text}<img src=x onerror={inner}><svg/onload={inner}><style>{text}</style>x</p>"
    try:
        cleaned = read_value(TYPES["rich_text"], raw, {})
    except BadValue:
        return
    assert not any(tag in cleaned for tag in ("<img", "<svg", "<style", "<script"))
    assert read_value(TYPES["rich_text"], cleaned, {}) == cleaned


WORDS = [
    ("rich_text", "<p>Called</p><p>twice &amp; again</p>", "Called twice & again"),
    ("person_name", {"first": "Ana", "last": "Silva", "salutation": "Dr."}, "Ana Silva"),
    ("address", {"street": "Rua do Carmo", "city": "Lisboa", "country": "PT"}, "Rua do Carmo Lisboa PT"),
    ("tags", ["vip", "new"], "new vip"),
]


@pytest.mark.parametrize(("name", "raw", "words"), WORDS)
def test_search_reads_words_and_no_markup(name: str, raw: Any, words: str) -> None:
    assert TYPES[name].words(read_value(TYPES[name], raw, {}), {}) == words


@pytest.mark.parametrize(
    ("pattern", "n", "number"),
    [
        ("CMP-{yyyy}-{0000}", 7, "CMP-2026-0007"),
        ("{yy}{mm}{dd}/{00}", 123, "260531/123"),
        ("{0}", 1, "1"),
    ],
)
def test_a_number_is_made_from_pattern_counter_and_day(pattern: str, n: int, number: str) -> None:
    assert pattern_faults(pattern) == ()
    assert format_number(pattern, n, date(2026, 5, 31)) == number


@pytest.mark.parametrize(
    ("pattern", "scope", "fault"),
    [
        ("CMP", "none", "The pattern needs the counter once, as {0000}."),
        ("{00}{00}", "none", "The pattern needs the counter once, as {0000}."),
        (
            "{year}-{00}",
            "none",
            "The pattern does not know {year}; it knows {yyyy}, {yy}, {mm}, {dd} and {0000}.",
        ),
        ("{00}}", "none", "The pattern has a brace without its partner."),
        ("{0000}", "year", "The counter starts again each year, so the pattern needs {yyyy}."),
        ("{yy}-{0000}", "month", "The counter starts again each month, so the pattern needs {mm}."),
    ],
)
def test_a_pattern_that_would_not_number_is_refused_in_words(pattern: str, scope: str, fault: str) -> None:
    assert pattern_faults(pattern, scope) == (fault,)


@given(
    n=st.integers(1, 10**9), on=st.dates(), other=st.dates(), scope=st.sampled_from(["none", "year", "month"])
)
def test_numbers_differ_unless_counter_and_span_are_the_same(
    n: int, on: date, other: date, scope: str
) -> None:
    pattern = {"none": "{000}", "year": "{yyyy}-{000}", "month": "{yyyy}{mm}-{000}"}[scope]
    params = {"scope": scope}
    is_same = number_scope(params, on) == number_scope(params, other)
    assert (format_number(pattern, n, on) == format_number(pattern, n, other)) == is_same
    assert format_number(pattern, n, on) != format_number(pattern, n + 1, on)


@pytest.mark.parametrize(
    ("name", "params", "fault"),
    [
        ("decimal", {"precision": 4, "scale": 5}, "scale 5 is above precision 4."),
        ("integer", {"min": 5, "max": 1}, "min 5 is above max 1."),
        ("decimal", {"min": "abc", "max": 2}, "min 'abc' is no number."),
        ("percent", {"max": "NaN"}, "max 'NaN' is no number."),
        ("money", {"min": "1_000"}, "min '1_000' is no number."),
        ("money", {"min": 0, "max": "1e99999"}, "max '1e99999' is no number."),
        ("money", {"currency": "QQQ"}, "There is no currency QQQ."),
        ("phone", {"region": "XX"}, "There is no phone region XX."),
        ("choice", {"options": ()}, "A choice needs at least one option."),
        ("choice", {"options": OPTIONS + OPTIONS[:1]}, "The option red stands twice."),
        ("autonumber", {"pattern": "CMP"}, "The pattern needs the counter once, as {0000}."),
    ],
)
def test_parameters_that_contradict_each_other_are_said_in_sentences(
    name: str, params: Mapping[str, Any], fault: str
) -> None:
    assert TYPES[name].faults(params) == (fault,)


@given(st.timedeltas(timedelta(days=-3_000_000), timedelta(days=3_000_000)))
def test_every_span_of_whole_seconds_can_be_written_and_read(span: timedelta) -> None:
    whole = timedelta(seconds=span // timedelta(seconds=1))
    written = write_value(TYPES["duration"], whole, {})
    assert read_value(TYPES["duration"], written, {}) == whole


@pytest.mark.parametrize("raw", [1001, 2**64, "99999999999999999999", Decimal("1e30")])
def test_a_number_out_of_bounds_is_told_the_bounds_of_its_field(raw: object) -> None:
    with pytest.raises(BadValue, match="between 0 and 1000"):
        read_value(TYPES["integer"], raw, {"min": 0, "max": 1000})
