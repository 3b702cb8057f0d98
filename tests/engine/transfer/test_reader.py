"""Files as programs write them are read; what is no table is refused."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrm.engine.transfer.formulas import harmless, original
from xrm.engine.transfer.reader import Table, open_table
from xrm.errors import TooLarge, Unreadable
from xrm.settings import Limits

LIMITS = Limits()
TEXT = "Nome;Cidade\r\nJosé;Évora\r\n"


def opened(content: bytes, **given: str) -> Table:
    return open_table(io.BytesIO(content), LIMITS, **given)


def cells(table: Table) -> list[list[str]]:
    return [list(row.cells) for row in table.rows()]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_encoding_is_found(content: bytes, encoding: str) -> None:
    table = opened(content)
    assert (table.encoding, table.delimiter, table.columns) == (encoding, ";", ("Nome", "Cidade"))
    assert cells(table) == [["José", "Évora"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_the_delimiter_is_the_one_that_cuts_evenly(delimiter: str) -> None:
    rows = [["name", "note"], ["Ana", 'a, b; c| d "x"'], ["Rui", "two\nlines"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    table = opened(text.getvalue().encode())
    assert table.delimiter == delimiter
    assert cells(table) == rows[1:]


def test_a_file_may_state_its_delimiter_as_spreadsheets_do() -> None:
    table = opened(b"sep=;\r\na,b;c\r\n1;2\r\n")
    assert (table.columns, cells(table)) == (("a,b", "c"), [["1", "2"]])


def test_what_was_said_wins_over_what_is_guessed() -> None:
    table = opened("a;b\né;2\n".encode("cp1252"), delimiter=",", encoding="cp1252")
    assert table.columns == ("a;b",)


def test_columns_without_a_name_of_their_own_get_one() -> None:
    assert opened(b"a,,a,a\n1,2,3,4\n").columns == ("a", "Column 2", "a (2)", "a (3)")


def test_rows_have_the_numbers_of_a_spreadsheet_and_empty_ones_are_passed_over() -> None:
    table = opened(b"a,b\n1,2\n,\n\n3,4\n")
    assert [(row.number, list(row.cells)) for row in table.rows()] == [(2, ["1", "2"]), (5, ["3", "4"])]
    assert table.count() == 2
    assert [row.number for row in table.rows(skip=1)] == [5]


@pytest.mark.parametrize(
    ("content", "given", "code"),
    [
        (b"", {}, "I101"),
        (b"\n\n", {}, "I101"),
        (b"a\n", {"encoding": "klingon"}, "I102"),
        (b"a,b\n\xff,1\n", {"encoding": "utf-8"}, "I102"),
        (b'a,b\n"1,2\n', {}, "I103"),
        (b"PK\x03\x04\x14\x00 a workbook of today", {}, "I103"),
        (b"PK\x03\x04,b\n1,2\n", {"encoding": "utf-8"}, "I103"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a workbook of old", {}, "I103"),
        (b"%PDF-1.7\n", {}, "I103"),
    ],
    ids=[
        "empty",
        "blank",
        "unknown encoding",
        "wrong encoding",
        "open quote",
        "workbook",
        "zip",
        "old",
        "page",
    ],
)
def test_what_is_no_table_is_refused(content: bytes, given: dict[str, str], code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        cells(opened(content, **given))
    assert refused.value.first.code == code
    assert refused.value.first.hint


def test_a_workbook_is_called_one_and_the_way_out_is_named() -> None:
    with pytest.raises(Unreadable) as refused:
        opened(b"PK\x03\x04\x14\x00")
    assert "workbook" in refused.value.first.message
    assert "CSV" in refused.value.first.hint


def test_more_rows_than_an_import_may_have_are_refused() -> None:
    table = open_table(io.BytesIO(b"a\n1\n2\n3\n"), replace(LIMITS, import_rows=2))
    with pytest.raises(TooLarge) as refused:
        list(table.rows())
    assert refused.value.first.code == "L116"


def test_more_columns_than_a_table_may_have_are_refused() -> None:
    with pytest.raises(TooLarge):
        open_table(io.BytesIO(b"a,b,c\n"), replace(LIMITS, import_columns=2))


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8).map(str.strip)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3).filter(any), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_was_written_as_a_table_is_read_as_it_was(
    rows: list[list[str]], delimiter: str, encoding: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    table = opened(text.getvalue().encode(encoding))
    assert (table.columns, cells(table)) == (("a", "b", "c"), rows)


@given(st.text())
def test_a_cell_that_was_made_harmless_is_taken_back_as_it_was(text: str) -> None:
    assert original(harmless(text)) == text or text.startswith("'")
    assert not harmless(text).startswith(("=", "@", "\t", "\r"))


@pytest.mark.parametrize("number", ["-1", "+1", "-1,5", "-1.234,50", "+3%"])
def test_numbers_are_no_formulas(number: str) -> None:
    assert harmless(number) == number
