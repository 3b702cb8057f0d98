"""Rows of children that stand in an order: a number that with their owner makes a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Place, Sheet, a_place
from xrm.testing import a_pack

QUOTE = """
title: name
ownership: none
fields: {name: {type: text, required: true}}
relationships: {lines: {from: line, owned: true}, notes: {from: note, owned: true}}
"""
LINE = """
title: text
ownership: none
fields: {text: {type: text, required: true}, line_no: {label: Line, type: integer, min: 1}}
relationships: {quote: {to: quote, required: true, inverse: lines, on_delete: cascade}}
keys: {once: {fields: [quote, line_no]}}
"""
NOTE = """
title: text
ownership: none
fields: {text: {type: text, required: true}, size: {type: integer}}
relationships: {quote: {to: quote, required: true, inverse: notes, on_delete: cascade}}
"""
FORMS = {"forms/quote.yaml": "main: {sections: {all: {rows: [[name], [lines], [notes]]}}}\n"}


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """Quotes with lines that are numbered and notes that are not."""
    runtime = make_runtime(database_url, tmp_path, [a_pack("desk", FORMS, quote=QUOTE, line=LINE, note=NOTE)])
    yield a_place(runtime)
    runtime.close()


def lines(sheet: Sheet) -> list[str]:
    """The texts of the lines in the order of the form."""
    found = [e for e in sheet.find("input") if e["id"].startswith("f-lines-") and e["id"].endswith("-text")]
    return [e["value"] for e in found if e["value"]]


def test_rows_stand_in_the_order_of_their_numbers(desk: Place) -> None:
    made = [{"text": t, "line_no": n} for t, n in (("third", 3), ("first", 1), ("second", 2))]
    id_ = desk.make("quote", name="Ordered", lines={"create": made})
    ana = desk.person("Ana")
    assert lines(ana.open(f"/r/quote/{id_}/edit")) == ["first", "second", "third"]
    told = ana.open(f"/r/quote/{id_}").text
    assert told.index("first") < told.index("second") < told.index("third")


def test_a_grid_says_which_column_numbers_its_rows(desk: Place) -> None:
    sheet = desk.person("Ana").open("/r/quote/new")
    assert [e["data-order"] for e in sheet.find("x-rows")] == ["line_no", ""]


def test_rows_change_places_by_their_numbers(desk: Place) -> None:
    made = [{"text": t, "line_no": n} for t, n in (("first", 1), ("second", 2), ("third", 3))]
    id_ = desk.make("quote", name="Ordered", lines={"create": made})
    ana, address = desk.person("Ana"), f"/r/quote/{id_}/edit"
    assert ana.fill(ana.open(address), address, lines__0__line_no="2", lines__1__line_no="1").status == 200
    assert lines(ana.open(address)) == ["second", "first", "third"]
    amid = {
        "lines__1__line_no": "3",
        "lines__2__line_no": "4",
        "lines__3__line_no": "2",
        "lines__3__text": "new",
    }
    assert ana.fill(ana.open(address), address, **amid).status == 200
    assert lines(ana.open(address)) == ["second", "new", "first", "third"]


def test_a_number_that_is_taken_is_told_in_its_row(desk: Place) -> None:
    made = [{"text": t, "line_no": n} for t, n in (("first", 1), ("second", 2))]
    id_ = desk.make("quote", name="Twice", lines={"create": made})
    ana, address = desk.person("Ana"), f"/r/quote/{id_}/edit"
    refused = ana.fill(ana.open(address), address, lines__1__line_no="1", lines__1__text="other")
    assert refused.status == 409
    assert "Another record has the same" in refused.one("p", id_="e-lines-1-line_no").text
