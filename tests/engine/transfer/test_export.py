"""What an export gives out: what its reader may see, in a form that can be imported again."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.engine.transfer.conftest import Shop
from xrm.engine.commands import Create
from xrm.engine.jobs import State
from xrm.engine.transfer import ExportRequest
from xrm.errors import Forbidden, Invalid
from xrm.testing import admin_actor, an_actor


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_what_was_exported_can_be_imported_again(shop: Shop) -> None:
    shop.runtime.rates.put(shop.runtime.installer, [{"currency": "USD", "day": "2020-01-01", "rate": "0.9"}])
    shop.load("name,tax_number,size\nAna,1,small\n'=2+2,2,large\n")
    shop.load(
        "name,amount,amount.currency,closed_on,paid,tags,customer\nS,12.50,USD,2026-05-01,no,a;b,Ana\n",
        "sale",
    )
    before = shop.records("sale", "name", "amount", "closed_on", "paid", "tags", "customer")
    text = shop.export("sale")
    sale = shop.load(text.replace(",S,", ",S again,"), "sale", by="id")
    assert (sale.result["updated"], sale.result["failed"]) == (1, 0)
    assert shop.records("sale", *before[0]) == [{**before[0], "name": "S again"}]
    again = shop.load(shop.export(), by="tax_number")
    assert (again.result["unchanged"], again.result["failed"]) == (2, 0)


def test_cells_that_a_spreadsheet_would_run_are_made_harmless(shop: Shop) -> None:
    records = shop.runtime.current().records
    for name in ("=1+1", "+cmd", "-cmd", "@sum", "-12.5", "plain"):
        records.execute(shop.clerk, [Create("customer", {"name": name})])
    names = {row["name"] for row in rows(shop.export())}
    assert names == {"'=1+1", "'+cmd", "'-cmd", "'@sum", "-12.5", "plain"}


def test_fields_that_the_reader_may_not_see_are_not_there(shop: Shop) -> None:
    admin = admin_actor(shop.runtime)
    shop.runtime.current().records.execute(
        admin, [Create("customer", {"name": "Ana", "secret_note": "psst"})]
    )
    assert "psst" in shop.export(actor=admin)
    assert "secret_note" not in shop.export()
    assert "psst" not in shop.export(format="jsonl")


def test_only_those_who_may_export_can(shop: Shop) -> None:
    with pytest.raises(Forbidden):
        shop.export(actor=an_actor(shop.runtime, "Reader", ["shop_reader"]))


def test_an_export_follows_the_parameters_of_a_list(shop: Shop) -> None:
    shop.load("name,size\nAna,small\nRui,large\nEva,small\n")
    params = {"filter": ["size == 'small'"], "sort": ["-name"], "fields": ["name"]}
    assert shop.export(params=params).splitlines() == ["name", "Eva", "Ana"]
    lines = shop.export(params=params, format="jsonl").splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["Eva", "Ana"]


def test_a_long_export_has_every_record_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xrm.engine.transfer.exporter.PAGE", 3)
    shop.load("name\n" + "".join(f"C{i:02}\n" for i in range(10)))
    assert [row["name"] for row in rows(shop.export(params={"sort": ["name"]}))] == [
        f"C{i:02}" for i in range(10)
    ]


@pytest.mark.parametrize("given", [{"format": "xml"}, {"params": {"limit": ["5"]}}], ids=["format", "limit"])
def test_what_an_export_does_not_take_is_refused(shop: Shop, given: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        shop.export(**given)
    assert refused.value.first.code == "I114"


def test_an_export_as_a_job_is_a_file_of_the_job(shop: Shop) -> None:
    shop.load("name\nAna\n")
    job = shop.runtime.transfer.start_export(shop.clerk, ExportRequest("customer", {"fields": ["name"]}))
    assert (job.state, job.result["rows"], job.done) == (State.DONE, 1, 1)
    facts, source = shop.runtime.transfer.file(shop.clerk, job.id)
    with source:
        assert source.read().decode("utf-8-sig").splitlines() == ["name", "Ana"]
    assert (facts.name, facts.media_type) == ("customer.csv", "text/csv")
