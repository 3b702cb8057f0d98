"""Bringing records in a file and taking them along, without scripts."""

from __future__ import annotations

import csv
import io
import json
from html import escape
from io import BytesIO

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.support.pages import Element, posted
from tests.ui.pages.conftest import Person, Place, Sheet
from xrm.engine.transfer import service

IMPORT = "/r/customer/import"


@pytest.fixture
def ana(place: Place) -> Person:
    return place.person("Ana")


def bring(person: Person, text: str, name: str = "leads.csv", entity: str = "customer") -> Sheet:
    """The page after choosing a file with this text."""
    there = f"/r/{entity}/import"
    form = person.open(there).form(there)
    return person.send(there, form, file=[(BytesIO(text.encode()), name)])


def sent(person: Person, sheet: Sheet, form: Element, **typed: str) -> TestResponse:
    """The answer to posting one form of the page, some of its inputs changed."""
    start = sheet.html.index(f'action="{escape(form["action"])}"')
    start = sheet.html.rindex("<form", 0, start)
    held = posted(sheet.html[start : sheet.html.index("</form>", start)]).pairs
    changed = {name.replace("__", "."): value for name, value in typed.items()}
    pairs = [(n, v) for n, v in held if n not in changed]
    return person.client.post(form["action"], data=MultiDict([*pairs, *changed.items()]))


def after(person: Person, answer: TestResponse) -> Sheet:
    """The page that comes after posting."""
    if answer.status_code == 303:
        return person.open(answer.headers["Location"])
    return Sheet(answer.status_code, answer.text, answer.headers, answer.request.path)


def check(person: Person, sheet: Sheet, **typed: str) -> Sheet:
    """The page of the trial of the file whose columns stand on this page."""
    return after(person, sent(person, sheet, sheet.one("form", id="form"), **typed))


def with_button(sheet: Sheet, label: str) -> Element:
    """The form whose button says so."""
    form = next(b for b in sheet.find("button") if label in b.text).within("form")
    assert form is not None
    return form


def press(person: Person, sheet: Sheet, label: str) -> Sheet:
    """The page after pressing the button that says so."""
    return after(person, sent(person, sheet, with_button(sheet, label)))


def figures(sheet: Sheet) -> dict[str, str]:
    return dict(zip((e.text for e in sheet.find("dt")), (e.text for e in sheet.find("dd")), strict=True))


def test_a_file_is_tried_out_and_then_imported_and_taken_back(place: Place, ana: Person) -> None:
    columns = bring(ana, "Name,Tier,Loud,Nonsense\nIron,gold,true,x\nZinc,what,,y\n")
    assert columns.status == 200, columns.text
    assert "leads.csv · 2 rows · UTF-8 · comma" in columns.text
    chosen = {k: v for k, v in columns.form("/r/customer/import/").pairs if k.startswith("column.")}
    assert chosen == {"column.0": "name", "column.1": "tier", "column.2": "loud", "column.3": ""}
    tried = check(ana, columns)
    assert "Nothing is written yet" in tried.text
    assert figures(tried)["To be created"] == "1"
    assert [e.text for e in tried.find("td")][:2] == ["3", "Tier"]
    assert ana.open("/r/customer").column(0) == []
    done = press(ana, tried, "Import 1 row")
    assert figures(done) == {"Created": "1", "Changed": "0", "Unchanged": "0", "Refused rows": "1"}
    assert ana.open("/r/customer").column(0) == ["Iron"]
    undone = press(ana, done, "Undo this import")
    assert figures(undone)["Moved to the trash"] == "1"
    assert figures(undone)["Changed by the import, and not taken back"] == "0"
    assert ana.open("/r/customer").column(0) == []


def test_refused_rows_are_a_file_with_their_reasons(ana: Person) -> None:
    tried = check(ana, bring(ana, "Name,Weight\nHeavy,300\nLight,3\n"))
    done = press(ana, tried, "Import 1 row")
    answer = ana.client.get(next(h for w, h in done.links().items() if "refused" in w), buffered=True)
    heading, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert (heading, row[:2]) == (["Name", "Weight", "Reason"], ["Heavy", "300"])
    assert "No customer weighs more than 100." in row[2]


def test_columns_go_where_one_says(place: Place, ana: Person) -> None:
    columns = bring(ana, "Firma;Gewicht\nIron;1.234,50\n")
    assert "semicolon" in columns.text
    tried = check(ana, columns, column__0="name", column__1="weight", decimal=",")
    assert "No customer weighs more than 100." in tried.text
    again = ana.open(tried.links()["Change the columns"])
    held = dict(again.form("/r/customer/import/").pairs)
    assert (held["column.0"], held["column.1"], held["decimal"]) == ("name", "weight", ",")
    left = check(ana, again, column__1="")
    press(ana, left, "Import 1 row")
    assert ana.open("/r/customer").column(0) == ["Iron"]


def test_numbers_are_recognised_and_refused_values_shown(place: Place, ana: Person) -> None:
    columns = bring(ana, "Name;Weight\nRecognised;1.234,50\nRefused;x12,5y9\n")
    assert columns.form("/r/customer/import/").getlist("decimal")[-1] == ","
    tried = check(ana, columns)
    assert [e.text for e in tried.find("span", class_="sample")] == ["1.234,50", "x12,5y9"]


def test_columns_that_do_not_fit_are_told_at_their_place(ana: Person) -> None:
    columns = bring(ana, "Name,Also\nIron,Zinc\n")
    refused = check(ana, columns, column__1="name")
    assert refused.status == 422
    assert "'Name' and 'Also' go to the same place." in refused.text
    assert refused.one("select", id="f-column-1")["aria-invalid"] == "true"
    none = check(ana, columns, column__0="", column__1="")
    assert none.status == 422
    assert "No column of the file was recognised." in none.text


def test_records_that_are_there_already_are_changed(place: Place, ana: Person) -> None:
    id_ = place.make("customer", name="Iron", tier="gold")
    columns = bring(ana, "Name,Tier\nIron,silver\nZinc,gold\n")
    tried = check(ana, columns, by="name")
    assert figures(tried)["To be changed"] == "1"
    press(ana, tried, "Import 2 rows")
    assert place.read("customer", id_)["tier"] == "silver"


def test_all_or_nothing_imports_nothing_while_a_row_is_refused(ana: Person) -> None:
    tried = check(ana, bring(ana, "Name,Weight\nHeavy,300\nLight,3\n"), mode="all")
    assert "Nothing will be imported while rows are refused." in tried.text
    assert not [b for b in tried.find("button") if "Import" in b.text]


@pytest.mark.parametrize(
    ("content", "said"), [("", "The file is empty"), ("Name\n", "heading"), ("\x00\x01", "")]
)
def test_a_file_that_is_no_table_is_refused_where_it_is_chosen(ana: Person, content: str, said: str) -> None:
    refused = bring(ana, content)
    if refused.status == 200:
        refused = check(ana, refused)
    assert refused.status in (200, 422)
    assert said.lower() in refused.text.lower()


def test_without_a_file_one_is_asked_for_it(ana: Person) -> None:
    refused = ana.fill(ana.open(IMPORT), IMPORT)
    assert (refused.status, "Choose a file." in refused.text) == (422, True)


def test_a_large_import_is_a_job_that_one_can_look_at_again(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ROWS_AT_ONCE", 0)
    tried = check(ana, bring(ana, "Name\nIron\n"))
    assert figures(ana.open(tried.address))["To be created"] == "1"
    part = ana.open(tried.address, HX_Request="true", HX_Target="section#job")
    assert "<html" not in part.html
    assert part.find("section", id="job")


def test_nobody_reads_the_file_or_the_job_of_another(place: Place, ana: Person) -> None:
    columns = bring(ana, "Name\nIron\n")
    job = check(ana, columns).address
    place.runtime.identity.people.create_user(
        place.runtime.installer, email="ben@example.com", name="Ben", password="seven quiet otters",
        roles=["porter"],
    )  # fmt: skip
    ben = place.person("Ben")
    assert ben.open(IMPORT).status == 200
    assert ben.open(columns.address).status == 404
    assert ben.open(job).status == 404
    assert ana.open(columns.address.replace("/customer/", "/person/")).status == 200


def test_who_may_not_import_or_export_is_offered_neither(place: Place) -> None:
    clerk = place.person("Cleo", "clerk")
    labels = " ".join(clerk.open("/r/customer").links()) + clerk.open("/r/customer").text
    assert "Import" not in labels
    assert "Export" not in labels
    assert clerk.open(IMPORT).status == 403
    form = clerk.open("/me").form("/me/theme")
    assert clerk.send("/r/customer/export", form).status == 403


def exported(person: Person, sheet: Sheet, label: str, form: str = "csv") -> list[str]:
    """The text of the file that the list's button gives, by lines."""
    answer = sent(person, sheet, with_button(sheet, label), format=form)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.data.decode("utf-8-sig").splitlines()


def test_a_list_leaves_as_a_file_with_its_own_conditions(place: Place, ana: Person) -> None:
    for n, tier in enumerate(("gold", "silver", "gold")):
        place.make("customer", name=f"Shop {n}", tier=tier, since=f"2026-01-0{n + 1}")
    rows = exported(ana, ana.open("/r/customer?f.tier=gold&fields=name,tier&sort=-name"), "CSV")
    assert rows == ["name,tier", "Shop 2,gold", "Shop 0,gold"]
    rows = exported(ana, ana.open("/r/customer?view=gold&search=shop&fields=name"), "CSV")
    assert rows == ["name", "Shop 2", "Shop 0"]
    rows = exported(
        ana,
        ana.open("/r/customer?f.since.from=2026-01-02&filter=tier == 'gold'&fields=name"),
        "JSON",
        "jsonl",
    )
    assert [json.loads(row)["name"] for row in rows] == ["Shop 2"]


def test_what_was_exported_can_be_imported_again(place: Place, ana: Person) -> None:
    id_ = place.make("customer", name="Iron", tier="gold", budget={"amount": "12.50", "currency": "EUR"})
    rows = exported(ana, ana.open("/r/customer"), "CSV")
    tried = check(ana, bring(ana, "\n".join(rows)), by="name")
    assert figures(tried)["Refused rows"] == "0", tried.text
    assert place.read("customer", id_)["budget"]["amount"] == "12.50"


def test_however_many_are_ticked_just_those_are_exported(place: Place, ana: Person) -> None:
    names = [f"Ticked {n:03}" for n in range(300)]
    ticked = [place.make("person", name=name) for name in names]
    place.make("person", name="Not ticked")
    token = dict(ana.open("/me").form("/me").pairs)["csrf_token"]
    answer = ana.client.post(
        "/r/person/export?sort=-name", data={"csrf_token": token, "format": "csv", "ids": ",".join(ticked)}
    )
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == sorted(names, reverse=True)


def test_a_large_export_comes_from_a_job(place: Place, ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from xrm.ui.pages import exporting

    place.make("customer", name="Iron")
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 0)
    monkeypatch.setattr(service, "ROWS_AT_ONCE", 0)
    done = press(ana, ana.open("/r/customer?fields=name"), "CSV")
    assert figures(done) == {"Records": "1"}
    answer = ana.client.get(done.links()["Download the file"], buffered=True)
    assert answer.data.decode("utf-8-sig").splitlines() == ["name", "Iron"]
