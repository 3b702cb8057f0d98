"""The example of the page about rights is what happens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from tests.support.project import ROOT
from xrm.engine.commands import Actor, Create, Update
from xrm.engine.commands import Target as To
from xrm.engine.queries.request import Aggregate, Query, Sort
from xrm.errors import Forbidden, XrmError
from xrm.testing import a_pack, admin_actor, an_actor

PAGE = (ROOT / "docs/explanation/rights.md").read_text(encoding="utf-8")
ROLES = re.search(r"```yaml\n# roles.yaml\n(.*?)```", PAGE, re.DOTALL)[1]
DEAL = """
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  margin: {type: integer, sensitive: true}
relationships:
  customer: {to: customer, inverse: deals}
"""
CUSTOMER = "title: name\nfields: {name: {type: text, required: true}, country: {type: text}}"


@dataclass(frozen=True, repr=False)
class Example:
    """Ana, the deals by name, and the service that reads."""

    runtime: Any
    ana: Actor
    deals: dict[str, UUID]

    def list(self, **asked: Any) -> list[Any]:
        """What Ana gets of deals."""
        return self.runtime.current().queries.list(self.ana, Query("deal", **asked)).data


@pytest.fixture(scope="module")
def example(module_url, tmp_path_factory):
    """The example of the page, installed."""
    pack = a_pack("example", {"roles.yaml": ROLES}, deal=DEAL, customer=CUSTOMER)
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("example"), [pack])
    ana, ben = an_actor(runtime, "ana", ["seller", "controller"]), an_actor(runtime, "ben")
    customers = {"PT": {"name": "Oliveira", "country": "PT"}, "BR": {"name": "Souza", "country": "BR"}}
    commands = [Create("customer", values, name=country) for country, values in customers.items()]
    for name, owner, amount, margin, country in table("deal | owner | amount"):
        person = ana if owner == "Ana" else ben
        values = {"name": name, "amount": int(amount), "margin": int(margin), "customer": {"ref": country}}
        commands.append(Create("deal", {**values, "owner": {"id": str(person.id)}}))
    results = runtime.current().records.execute(admin_actor(runtime), commands).results
    yield Example(runtime, ana, dict(zip("ABC", (r.id for r in results[2:]), strict=True)))
    runtime.close()


def table(head: str) -> list[list[str]]:
    """The rows of the table of the page that begins like this."""
    body = PAGE.split(f"| {head}", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in body]


def test_each_cell_is_as_the_page_says(example: Example) -> None:
    shown = []
    for deal in example.list(sort=(Sort(("name",)),)):
        title = deal["customer"]["title"] or "(a record without title)"
        values = [deal["name"], deal["amount"], deal["margin"], title]
        shown.append([deal["name"], *("" if v is None else str(v) for v in values)])
    assert shown == table("deal | name | amount")


def test_what_is_empty_is_empty_everywhere(example: Example) -> None:
    names = [d["name"] for d in example.list(filters=("amount < 1000",))]
    assert names == ["A"]
    assert [d["name"] for d in example.list(sort=(Sort(("amount",)),))] == ["C", "A", "B"]
    queries = example.runtime.current().queries
    total = queries.aggregate(example.ana, Aggregate("deal", (), ("sum(amount)",)))
    assert total == [{"sum(amount)": 5500}]
    groups = queries.aggregate(example.ana, Aggregate("deal", ("amount",), ("count()",)))
    assert {"amount": None, "count()": 1} in groups


def test_she_changes_what_is_hers_and_nothing_else(example: Example) -> None:
    records = example.runtime.current().records
    for name in "BC":
        with pytest.raises(Forbidden):
            records.execute(example.ana, [Update("deal", To(example.deals[name]), {"name": name})])
    with pytest.raises(XrmError, match="not yours to change"):
        records.execute(example.ana, [Update("deal", To(example.deals["A"]), {"margin": 1})])
    records.execute(example.ana, [Update("deal", To(example.deals["A"]), {"amount": 500})])
