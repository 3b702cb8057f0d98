"""The shipped packs with very many opportunities, written the way all records are, and a manager who may see a part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

from tests.support.project import ROOT
from xrm.engine.commands import Create
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime

PACKS = tuple(ROOT / "entity_packs" / name for name in ("crm_core", "crm_sales"))
MANAGER, PASSWORD = "helena.duarte@example.com", "seven quiet otters"
SELLERS = ("rui.sequeira@example.com", MANAGER, "javier.roldan@example.com", "owen.barrett@example.com")
PORTION = 1000
WORDS = ("Boilers", "Heat pumps", "Monitoring", "Solar roof", "Maintenance", "Storage", "Ventilation")
PLACES = ("the hall", "the offices", "the workshop", "all sites", "the new house", "the school", "the depot")


def fill(runtime: Runtime, count: int) -> None:
    """So many more opportunities are there, and the manager can sign in."""
    people, installer = runtime.identity.people, runtime.installer
    people.set_password(installer, runtime.directory.demand_user(MANAGER), PASSWORD)
    rows = _opportunities(runtime, count)
    records = runtime.current().records
    while portion := [Create("opportunity", row) for row in islice(rows, PORTION)]:
        records.execute(installer, portion)


def _opportunities(runtime: Runtime, count: int) -> Iterator[dict[str, Any]]:
    dice, today = Random(17), runtime.world.now().date()
    accounts, pipelines = _ids(runtime, "account"), _ids(runtime, "pipeline")
    owners = [str(runtime.directory.demand_user(email)) for email in SELLERS]
    for number in range(count):
        yield {
            "name": f"{dice.choice(WORDS)} for {dice.choice(PLACES)} {number}",
            "account": dice.choice(accounts),
            "pipeline": dice.choice(pipelines),
            "owner": {"entity": "user", "id": dice.choice(owners)},
            "amount": {
                "amount": f"{dice.randrange(100, 90_000)}.{dice.randrange(100):02}",
                "currency": "EUR",
            },
            "close_on": (today + timedelta(days=dice.randrange(-60, 400))).isoformat(),
            "next_step": "Call them",
        }


def _ids(runtime: Runtime, entity: str) -> list[str]:
    query = Query(entity, fields=(("id",),), limit=200)
    return [str(row["id"]) for row in runtime.current().queries.list(runtime.installer, query).data]


def pages(opportunity: str) -> dict[str, str]:
    """What people open all day, by name; the address of each."""
    one = f"/r/opportunity/{opportunity}"
    return {
        "home": "/",
        "list": "/r/opportunity?view=open",
        "list, filtered and sorted": "/r/opportunity?view=open&f.state=proposal&sort=-amount",
        "list, searched": "/r/opportunity?search=ventilation+depot",
        "board": "/r/opportunity?view=board",
        "record": one,
        "form": f"{one}/edit",
        "new": "/r/opportunity/new",
        "history": f"{one}/history",
        "search": "/search?q=oliveira",
    }


def parts(opportunity: str) -> dict[str, str]:
    """What a page asks for while somebody works on it."""
    one = f"/r/opportunity/{opportunity}"
    return {
        "peek": f"{one}/peek",
        "lookup": "/r/opportunity/lookup/account?q=oli",
        "palette": "/palette?q=oliveira",
        "control of a value": f"{one}/field/next_step",
    }
