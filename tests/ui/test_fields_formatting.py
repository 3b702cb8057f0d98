"""Values are written the way the reader's locale and zone have them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from xrm.ui.fields.view import Column, Field, on_a_phone
from xrm.ui.formatting import Reader, initials, safe_href
from xrm.ui.i18n import best_language

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EN, PT, BR, ES, RU = (
    Reader("en", "en_GB", "Europe/London", NOW),
    Reader("pt", "pt_PT", "Europe/Lisbon", NOW),
    Reader("pt", "pt_BR", "America/Sao_Paulo", NOW),
    Reader("es", "es_ES", "Europe/Madrid", NOW),
    Reader("ru", "ru", "Europe/Moscow", NOW),
)


def spaced(text: str) -> str:
    """The text with every kind of space made plain."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("reader", "how", "value", "text"),
    [
        (EN, "number", "1234567.50", "1,234,567.5"),
        (PT, "number", "1234567.50", "1 234 567,5"),
        (BR, "number", 1234567, "1.234.567"),
        (EN, "number", "12k", "12k"),
        (EN, "number", "1e999999999", "1e999999999"),
        (EN, "plain", "9" * 50, "9" * 50),
        (PT, "plain", "1234567.50", "1234567,50"),
        (EN, "plain", None, ""),
        (ES, "percent", "12.5", "12,5 %"),
        (EN, "money", {"amount": "12345", "currency": "EUR"}, "€12,345"),
        (EN, "money", {"amount": "12345.5", "currency": "EUR"}, "€12,345.50"),
        (EN, "money", {"amount": "-0.0125", "currency": "GBP"}, "-£0.0125"),
        (PT, "money", {"amount": "12345.50", "currency": "EUR"}, "12 345,50 €"),
        (BR, "money", {"amount": "9", "currency": "BRL"}, "R$ 9"),
        (EN, "money", {"amount": "x", "currency": "EUR"}, "x EUR"),
        (EN, "date", "2026-05-01", "1 May 2026"),
        (RU, "date", "2026-05-01", "1 мая 2026 г."),
        (EN, "date", "soon", "soon"),
        (EN, "datetime", "2026-07-01T10:00:00Z", "1 Jul 2026, 11:00"),
        (RU, "datetime", "2026-07-01T23:30:00Z", "2 июл. 2026 г., 02:30"),
        (EN, "moment", "2026-11-21T09:00:00Z", "3 hours ago"),
        (EN, "moment", "2026-11-21T12:00:00Z", "just now"),
        (PT, "moment", "2026-11-21T11:59:59.800Z", "agora mesmo"),
        (PT, "moment", "2026-11-20T09:00:00Z", "há 1 dia"),
        (EN, "moment", "2026-11-23T12:00:00Z", "in 2 days"),
        (EN, "moment", "2026-11-14T12:00:00Z", "14 Nov 2026"),
        (EN, "time", "09:30:00", "09:30"),
        (EN, "time", "09:30:05", "09:30:05"),
        (EN, "duration", "PT1H30M", "1 h 30 min"),
        (RU, "duration", "P2DT3H", "2 дн 3 ч"),
        (EN, "duration", "P1W", "7 d"),
        (EN, "duration", "-PT5M", "−5 min"),
        (EN, "duration", "PT0S", "0 min"),
        (EN, "duration", "P", "P"),
        (PT, "local", "2026-07-01T09:00:00Z", "2026-07-01T10:00"),
        (PT, "local", "2026-07-01T09:00:00.5Z", "2026-07-01T10:00:00.500"),
        (EN, "size", 123456, "123 kB"),
        (EN, "phone", "+351912345678", "+351 912 345 678"),
        (RU, "phone", "+442071234567", "+44 20 7123 4567"),
        (EN, "phone", "call me", "call me"),
        (EN, "phone", None, "None"),
        (EN, "size", None, ""),
        (ES, "country", "DE", "Alemania"),
        (EN, "country", "??", "??"),
    ],
)
def test_a_value_is_written_for_its_reader(reader: Reader, how: str, value: object, text: str) -> None:
    assert spaced(getattr(reader, how)(value)) == text


def test_a_period_says_its_day_once() -> None:
    told = spaced(EN.period("2026-05-31T10:00:00Z", "2026-05-31T11:30:00Z"))
    assert told == "31 May 2026, 11:00 – 12:30"
    over_night = spaced(EN.period("2026-05-31T21:00:00Z", "2026-06-01T02:00:00Z"))
    assert over_night == "31 May 2026, 22:00 – 1 Jun 2026, 03:00"
    assert spaced(EN.period("2026-05-31T10:00:00Z", None)) == "31 May 2026, 11:00"


def test_countries_stand_in_the_order_of_their_names_in_the_readers_language() -> None:
    names = [name for _, name in ES.countries()]
    assert (
        names.index("Alemania")
        < names.index("Ángola" if "Ángola" in names else "Angola")
        < names.index("España")
    )
    assert dict(EN.countries())["PT"] == "Portugal"


@pytest.mark.parametrize(
    ("reader", "count", "text"),
    [
        (EN, 1, "1 file"),
        (EN, 1200, "1,200 files"),
        (PT, 1, "1 ficheiro"),
        (RU, 1, "1 файл"),
        (RU, 3, "3 файла"),
        (RU, 11, "11 файлов"),
    ],
)
def test_a_sentence_that_counts_takes_the_form_of_its_number(reader: Reader, count: int, text: str) -> None:
    assert spaced(reader.t("{count} files", count=count)) == text


def test_a_missing_word_never_breaks_a_sentence() -> None:
    assert EN.t("Search in {list}") == "Search in {list}"
    assert EN.t("Search in {list}", list="{evil} {0}") == "Search in {evil} {0}"


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        ("pt-BR", "ru", "pt"),
        ("", "de-DE,de;q=0.9,es;q=0.8,en;q=0.7", "es"),
        ("xx", "", "en"),
    ],
)
def test_the_language_is_the_first_one_wanted_that_there_is(
    wanted: str, accepted: str, language: str
) -> None:
    assert best_language(wanted, accepted) == language


def test_initials_and_addresses() -> None:
    assert [initials(name) for name in ("Ana Ruiz", "Ana María de Ruiz", "ana", "", None)] == [
        "AR",
        "AR",
        "A",
        "",
        "",
    ]
    assert safe_href(" https://iron.example ") == "https://iron.example"
    assert safe_href("javascript:alert(1)") == safe_href(None) == ""


def test_a_phone_shows_title_fact_tag_and_figure() -> None:
    kinds = ("line", "date", "lookup", "select", "money", "select")
    columns = on_a_phone(Column(Field(kind, kind, kind)) for kind in kinds)
    assert [c.slot for c in columns] == ["title", "figure", "fact", "tag", "", ""]
