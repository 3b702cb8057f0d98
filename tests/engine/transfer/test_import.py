"""What an import writes, refuses, tells and takes back."""

from __future__ import annotations

import csv
import io
from uuid import UUID

import pytest

from tests.engine.transfer.conftest import Shop, reasons
from xrm.engine.commands import Create, Restore, Target, Update
from xrm.engine.jobs import Context, Result, State
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.transfer import importer
from xrm.errors import Conflict, Forbidden, Invalid, NotFound
from xrm.testing import an_actor


def test_the_good_rows_are_records_and_the_others_are_told_by_row_and_column(shop: Shop) -> None:
    job = shop.load("Nome;NIF;Size;Fax\nAna;1;small;9\n;2;;\nRui;3;huge;\nEva;1;Grande;\nLia;4;Pequeno;\n")
    assert (job.state, job.done, job.total) == (State.DONE, 5, 5)
    assert shop.records("customer", "name", "size") == [
        {"name": "Ana", "size": "small"},
        {"name": "Lia", "size": "small"},
    ]
    assert {name: job.result[name] for name in ("created", "failed", "rows")} == {
        "created": 2, "failed": 3, "rows": 5,
    }  # fmt: skip
    assert reasons(job) == [(3, "Nome", "R130"), (4, "Size", "R120"), (5, "NIF", "R140")]
    assert job.result["unmapped"] == ["Fax"]


def test_values_of_every_kind_arrive(shop: Shop) -> None:
    shop.runtime.rates.put(shop.runtime.installer, [{"currency": "USD", "day": "2020-01-01", "rate": "0.9"}])
    shop.load("name,tax_number\nAna,1\n")
    shop.load(
        "name;number;amount;currency;closed;pieces;paid;tags;customer\n"
        "First;1;1.234,50;USD;31/05/2026;3;yes;b, a;Ana\nSecond;;;EUR;;;;;\n",
        "sale",
        mapping={
            "name": "name", "number": "number", "amount": "amount", "currency": "amount.currency",
            "closed": "closed_on", "pieces": "pieces", "paid": "paid", "tags": "tags", "customer": "customer",
        },
        formats={"date": "dmy", "decimal": ","},
    )  # fmt: skip
    first, second = shop.records("sale", "amount", "closed_on", "pieces", "paid", "tags", "customer")
    assert first["customer"]["title"] == "Ana"
    assert {n: v for n, v in first.items() if n != "customer"} == {
        "amount": {"amount": "1234.50", "currency": "USD"},
        "closed_on": "2026-05-31",
        "pieces": 3,
        "paid": True,
        "tags": ["a", "b"],
    }
    assert set(second.values()) == {None}


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["1.234,50", "12,5"], ["1234.50", "12.50"]),
        (["1.234", "7,25"], ["1234.00", "7.25"]),
        (["1.234.567", "8"], ["1234567.00", "8.00"]),
        (["1,234.50", "12.5"], ["1234.50", "12.50"]),
        (["1.234", "8"], ["1.23", "8.00"]),
    ],
)
def test_the_numbers_of_a_file_say_how_decimals_are_written(
    shop: Shop, cells: list[str], amounts: list[str]
) -> None:
    rows = "".join(f"{n};{cell};EUR\n" for n, cell in enumerate(cells))
    shop.load(f"name;amount;amount.currency\n{rows}", "sale")
    assert [row["amount"]["amount"] for row in shop.records("sale", "amount")] == amounts


def test_where_the_numbers_disagree_nothing_is_guessed_and_what_is_said_holds(shop: Shop) -> None:
    text = "name;amount;amount.currency\na;1.234,50;EUR\nb;12.5;EUR\n"
    job = shop.load(text, "sale")
    assert [(p["row"], p["column"], p["value"]) for p in job.result["problems"]] == [
        (2, "amount", "1.234,50")
    ]
    shop.load(text, "sale", formats={"decimal": ","})
    assert [r["amount"]["amount"] for r in shop.records("sale", "amount")] == ["1234.50", "12.50", "12.50"]


def test_a_refused_row_tells_the_value_of_its_cell_as_far_as_there_is_room(shop: Shop) -> None:
    job = shop.load(f"name,number,pieces\nA,1,many\nB,2,{'x' * 500}\nC,3,4\n,4,4\n", "sale")
    told = [(p["row"], p["value"]) for p in job.result["problems"]]
    assert told == [(2, "many"), (3, f"{'x' * 79}…"), (5, "")]


def test_what_an_import_wrote_is_found_by_its_words(shop: Shop) -> None:
    shop.load("name,tax_number\nLindgren,7\n")
    search = shop.runtime.current().queries.search
    assert [found["title"] for found in search(shop.clerk, "lindg")] == ["Lindgren"]
    shop.load("name,tax_number\nBergman,7\n", by="tax_number")
    assert [found["title"] for found in search(shop.clerk, "bergm")] == ["Bergman"]
    assert search(shop.clerk, "lindg") == []


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("customer", "{id}"),
        ("customer", "Ana"),
        ("customer", "PT1"),
        ("customer", "legacy-1"),
        ("customer.tax_number", "PT1"),
        ("customer.external_key", "legacy-1"),
        ("customer.id", "{id}"),
        ("customer.title", "Ana"),
    ],
)
def test_a_record_is_pointed_at_by_id_key_or_title(shop: Shop, column: str, cell: str) -> None:
    shop.load("name,tax_number,external_key\nAna,PT1,legacy-1\nRui,PT2,legacy-2\n")
    ana = shop.records("customer", "id")[0]["id"]
    job = shop.load(f"name,{column}\nFirst,{cell.format(id=ana)}\n", "sale")
    assert reasons(job) == []
    assert shop.records("sale", "customer")[0]["customer"]["id"] == ana


@pytest.mark.parametrize(
    ("cell", "code"),
    [("Nobody", "R133"), ("Rui", "R136"), ("0190b6a4-0000-7000-8000-000000000000", "R133")],
    ids=["nobody", "two", "unknown id"],
)
def test_a_record_that_is_not_one_is_not_guessed(shop: Shop, cell: str, code: str) -> None:
    shop.load("name\nRui\nRui\n")
    job = shop.load(f"name,pieces,customer\nFirst,many,{cell}\n", "sale")
    assert reasons(job) == [(2, "customer", code), (2, "pieces", "R116")], "all that is wrong, at once"
    assert shop.names("sale") == []


def test_rows_find_the_records_that_they_change_by_key(shop: Shop) -> None:
    shop.load("name,tax_number\nAna,1\nRui,2\n")
    job = shop.load("name,tax_number\nAnna,1\nEva,3\nEve,3\nRui,2\n,\nNo key,\n", by="tax_number")
    counts = {name: job.result[name] for name in ("created", "updated", "unchanged", "failed")}
    assert counts == {"created": 1, "updated": 2, "unchanged": 1, "failed": 1}
    assert reasons(job) == [(7, "tax_number", "R124")]
    assert shop.names() == ["Anna", "Eve", "Rui"]


def test_rows_change_records_by_their_ids(shop: Shop) -> None:
    shop.load("name\nAna\n")
    ana = shop.records("customer", "id")[0]["id"]
    job = shop.load(f"id,name\n{ana},Anna\n0190b6a4-0000-7000-8000-000000000000,Nobody\n", by="id")
    assert (job.result["updated"], reasons(job)) == (1, [(3, "id", "R104")])
    assert shop.names() == ["Anna"]


def test_a_key_without_a_column_is_refused_before_anything_is_done(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        shop.load("name\nAna\n", by="external_key")
    assert refused.value.first.code == "I110"
    assert shop.runtime.jobs.list(shop.clerk) == []


def test_all_or_nothing_imports_nothing_when_a_row_is_refused(shop: Shop) -> None:
    text = "name,tax_number\n" + "".join(f"C{i},{i}\n" for i in range(5)) + "Bad,3\n"
    job = shop.load(text, mode="all")
    assert job.state is State.FAILED
    assert [(p.code, p.where.path) for p in job.problems] == [("I112", ""), ("R140", "rows[7].tax_number")]
    assert shop.names() == []
    assert shop.changes() == []
    assert shop.load(text.replace("Bad,3\n", ""), mode="all").result["created"] == 5


def test_a_dry_run_tells_everything_and_changes_nothing(shop: Shop) -> None:
    shop.load("name,tax_number\nAna,1\n")
    before = shop.changes()
    job = shop.load("name,tax_number\nAnna,1\nRui,2\n,3\n", by="tax_number", dry_run=True)
    assert {n: job.result[n] for n in ("created", "updated", "failed")} == {
        "created": 1, "updated": 1, "failed": 1,
    }  # fmt: skip
    assert reasons(job) == [(4, "name", "R130")]
    assert (shop.names(), shop.changes()) == (["Ana"], before)


def test_a_row_with_more_cells_than_columns_is_refused(shop: Shop) -> None:
    assert reasons(shop.load("name,size\nSilva, Ana,small\nRui,large\n"))[0] == (2, "", "I105")
    assert shop.names() == ["Rui"]


def test_the_refused_rows_come_back_as_a_file_that_can_be_mended_and_imported(shop: Shop) -> None:
    job = shop.load("Nome;Size\nAna;small\n=cmd();huge\n")
    facts, source = shop.runtime.transfer.file(shop.clerk, job.id)
    with source:
        rows = list(csv.reader(io.StringIO(source.read().decode("utf-8-sig"))))
    assert facts.name == "table-refused.csv"
    assert rows[0] == ["Nome", "Size", "Reason"]
    assert rows[1][:2] == ["'=cmd()", "huge"]
    assert "small, large" in rows[1][2]
    mended = "\n".join([",".join(rows[0]), "'=cmd(),large,done"])
    assert shop.load(mended).result["created"] == 1
    assert "=cmd()" in shop.names()


# --- rights -----------------------------------------------------------------------------------------


def test_who_may_not_import_is_refused_and_who_may_not_know_gets_no_hint(shop: Shop) -> None:
    reader = an_actor(shop.runtime, "Reader", ["shop_reader"])
    nobody = an_actor(shop.runtime, "Nobody", [])
    with pytest.raises(Forbidden):
        shop.load("name\nAna\n", actor=reader)
    with pytest.raises(NotFound):
        shop.load("name\nAna\n", actor=nobody)
    assert shop.names() == []


def test_an_import_writes_the_same_change_rows_as_any_other_door(shop: Shop) -> None:
    shop.runtime.current().records.execute(shop.clerk, [Create("customer", {"name": "By hand"})])
    job = shop.load("name\nBy file\n")
    by_hand, by_file = shop.changes()
    assert by_hand.keys() == by_file.keys()
    assert (by_file["operation"], by_file["door"], by_file["actor"]) == (
        "create", "import", by_hand["actor"],
    )  # fmt: skip
    assert job.result["created"] == 1


# --- as a job ---------------------------------------------------------------------------------------


def test_a_large_import_goes_on_from_its_checkpoint(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "PORTION", 2)
    monkeypatch.setattr("xrm.engine.transfer.service.ROWS_AT_ONCE", 0)
    going_on = Context.go_on

    def die_in_the_second_portion(context: Context) -> None:
        going_on(context)
        if context.attempt == 1 and shop.names():
            raise SystemExit

    monkeypatch.setattr(Context, "go_on", die_in_the_second_portion)
    text = "name,tax_number\n" + "".join(f"C{i},{i}\n" for i in range(5)) + ",\n,bad\n"
    with pytest.raises(SystemExit):
        shop.load(text)
    assert shop.names() == ["C0", "C1"]
    jobs = shop.runtime.jobs
    jobs.take_over(jobs.take_over())
    (job,) = jobs.list(shop.clerk)
    assert (job.state, job.attempt) == (State.DONE, 2)
    assert (job.result["created"], job.result["failed"], job.done) == (5, 1, 6)
    assert shop.names() == [f"C{i}" for i in range(5)]


def test_rights_that_are_taken_away_stop_an_import(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "PORTION", 1)
    checkpoint = Context.checkpoint

    def take_rights_away(context: Context, unit: UnitOfWork, saved: Result, done: int, total: int) -> None:
        people, installer = shop.runtime.identity.people, shop.runtime.installer
        checkpoint(context, unit, saved, done, total)
        unit.after_commit(lambda: people.assign_roles(installer, shop.clerk.id, []))

    monkeypatch.setattr(Context, "checkpoint", take_rights_away)
    job = shop.load("name\nAna\nRui\n")
    assert (job.result["created"], job.result["failed"]) == (1, 1)


# --- undo -------------------------------------------------------------------------------------------


def test_an_import_is_undone_as_far_as_nobody_changed_its_records(shop: Shop) -> None:
    shop.load("name,number\nOld,0\n", "sale")
    job = shop.load("name,number\nNew,0\nA,1\nB,2\nC,3\n", "sale", by="number")
    b = next(r["id"] for r in shop.records("sale", "id", "name") if r["name"] == "B")
    records = shop.runtime.current().records
    records.execute(shop.clerk, [Update("sale", Target(UUID(b)), {"name": "Better"})])
    undone = shop.runtime.transfer.undo(shop.clerk, job.id)
    assert (undone.state, undone.result["deleted"], undone.result["changed"]) == (State.DONE, 2, 1)
    assert undone.result["kept"] == [b]
    assert undone.result["updated_kept"] == 1  # Old, which the import called New
    assert shop.names("sale") == ["Better", "New"]


def test_what_an_import_created_goes_as_one_act_and_comes_back_as_one(shop: Shop) -> None:
    job = shop.load("name\nA\nB\nC\n", "sale")
    first = shop.records("sale", "id")[0]["id"]
    shop.runtime.transfer.undo(shop.clerk, job.id)
    assert shop.names("sale") == []
    shop.runtime.current().records.execute(shop.clerk, [Restore("sale", Target(UUID(first)))])
    assert shop.names("sale") == ["A", "B", "C"]


def test_only_an_import_that_created_something_can_be_undone(shop: Shop) -> None:
    job = shop.load("name\nA\n", "sale", dry_run=True)
    with pytest.raises(Conflict) as refused:
        shop.runtime.transfer.undo(shop.clerk, job.id)
    assert refused.value.first.code == "I113"


def test_undoing_takes_the_right_to_delete(shop: Shop) -> None:
    job = shop.load("name\nA\n")
    undone = shop.runtime.transfer.undo(shop.clerk, job.id)
    assert (undone.state, undone.problems[0].code) == (State.FAILED, "A102")
    assert shop.names() == ["A"]
