"""The grants of export and import hold row by row and field by field, as those of reading and writing do."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.transfer.conftest import Shop
from tests.support.installed import make_runtime
from xrm.engine.commands import Actor, Create
from xrm.errors import Forbidden, Invalid, NotFound
from xrm.testing import a_pack, admin_actor, an_actor

DESK = a_pack(
    "desk",
    customer="""
title: name
fields:
  name: {type: text, required: true}
  city: {type: text}
  size: {type: integer}
""",
    sale="""
title: name
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  margin: {type: integer}
  number: {type: text, unique: true}
  customer_city: {from: customer.city}
relationships:
  customer: {to: customer, inverse: sales, on_delete: clear}
  lines: {from: line, owned: true}
""",
    line="title: name\nfields:\n  name: {type: text, required: true}\n  price: {type: integer}\n",
    files={
        "roles.yaml": """
carrier:
  grants:
    sales: {entity: sale, can: [create, read, update]}
    customers: {entity: customer, can: [create, read, update]}
    out: {entity: sale, can: [export], rows: amount > 10, fields: [name, number, customer, lines, customer_city]}
    amounts: {entity: sale, can: [export], rows: amount > 100, fields: [amount]}
    near: {entity: customer, can: [export], rows: size > 1, fields: [name]}
    into: {entity: sale, can: [import], rows: amount > 10, fields: [name, number, amount]}
    margins: {entity: sale, can: [import], rows: amount > 100, fields: [margin]}
"""
    },
)
CUSTOMERS = "name,city,size\nAna,Faro,1\nRui,Porto,2\n"
SALES = "name,amount,margin,number,customer\na,5,1,n1,Ana\nb,50,2,n2,Ana\nc,500,3,n3,Rui\n"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """Three sales of two customers, and somebody who may carry some of it."""
    runtime = make_runtime(database_url, tmp_path, [DESK])
    shop, admin = Shop(runtime, an_actor(runtime, "Carrier", ["carrier"])), admin_actor(runtime)
    shop.load(CUSTOMERS, actor=admin)
    shop.load(SALES, "sale", actor=admin)
    sales = shop.export("sale", actor=admin, params={"fields": ["id,name"]})
    ids = {row["name"]: row["id"] for row in csv.DictReader(io.StringIO(sales))}
    lines = "".join(f"{name}1,{ids[name]}\n" for name in "abc")
    shop.load(f"name,sale.id\n{lines}", "line", actor=admin)
    yield shop
    runtime.close()


def exported(desk: Shop, actor: Actor | None = None, entity: str = "sale", **params: str) -> list[dict]:
    text = desk.export(
        entity, actor, params={n: [v] for n, v in {"sort": "name", **params}.items()}, format="jsonl"
    )
    return [json.loads(line) for line in text.splitlines()]


def test_only_the_rows_and_fields_of_the_export_grants_leave(desk: Shop) -> None:
    found = exported(desk)
    assert [(r["name"], r["amount"]) for r in found] == [("b", None), ("c", 500)]
    assert not any("margin" in r for r in found)
    heading = desk.export("sale").splitlines()[0].split(",")
    assert {"amount", "margin"} & set(heading) == {"amount"}


def test_an_export_tells_nothing_by_its_filter_or_its_order(desk: Shop) -> None:
    assert [r["name"] for r in exported(desk, filter="amount == 50")] == []
    assert [r["name"] for r in exported(desk, filter="amount == 500")] == ["c"]
    assert [r["name"] for r in exported(desk, sort="amount")] == ["b", "c"]
    for params in ({"filter": "margin > 0"}, {"sort": "margin"}, {"fields": "name,margin"}):
        with pytest.raises((Invalid, NotFound)):
            exported(desk, **params)


def test_steps_to_other_records_need_an_export_grant_there(desk: Shop) -> None:
    found = exported(desk, fields="name,customer,customer.name")
    assert [r["customer"]["title"] for r in found] == [None, "Rui"]
    assert [r["customer"].get("name") for r in found] == [None, "Rui"]
    with pytest.raises((Invalid, NotFound)):
        exported(desk, fields="name,customer.city")
    with pytest.raises((Invalid, NotFound)):
        exported(desk, filter='customer.city == "Faro"')
    with pytest.raises((Invalid, NotFound)):
        exported(desk, fields="name,customer_city")


def test_owned_rows_leave_with_what_they_belong_to(desk: Shop) -> None:
    assert [r["name"] for r in exported(desk, entity="line")] == ["b1", "c1"]


def test_people_are_named_in_an_export_but_not_exported_themselves(desk: Shop) -> None:
    assert {r["created_by"]["title"] for r in exported(desk, fields="name,created_by")} != {None}
    with pytest.raises(Forbidden):
        exported(desk, entity="user")


def test_an_import_writes_only_rows_and_fields_of_the_import_grants(desk: Shop) -> None:
    job = desk.load("name,amount,number\nlow,5,x1\nhigh,50,x2\n", "sale")
    assert (job.result["created"], job.result["failed"]) == (1, 1)
    job = desk.load("name,amount,margin\nsome,50,7\nmuch,500,7\n", "sale")
    assert (job.result["created"], job.result["failed"]) == (1, 1)
    with pytest.raises(Invalid):
        desk.load(
            "name,amount,customer\nd,50,Ana\n", "sale", mapping={"name": "name", "customer": "customer"}
        )


def test_an_import_changes_only_what_its_grants_reach_before_and_after(desk: Shop) -> None:
    job = desk.load("number,name\nn1,new a\nn2,new b\n", "sale", by="number")
    assert (job.result["updated"], job.result["failed"]) == (1, 1)
    job = desk.load("number,amount\nn2,3\nn3,300\n", "sale", by="number")
    assert (job.result["updated"], job.result["failed"]) == (1, 1)
    job = desk.load("number,margin\nn2,8\nn3,9\n", "sale", by="number")
    assert (job.result["updated"], job.result["failed"]) == (1, 1)


def test_the_same_records_are_written_by_hand_as_before(desk: Shop) -> None:
    desk.runtime.current().records.execute(desk.clerk, [Create("sale", {"name": "by hand", "amount": 1})])
    assert "by hand" in desk.names("sale")


def test_a_grant_without_fields_lets_nothing_in_or_out(desk: Shop) -> None:
    with pytest.raises(Forbidden):
        desk.load("name\nx\n", "customer")
