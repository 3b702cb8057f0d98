"""Nine changes of a large entity while another process writes and reads, and the way back over all of them.

With 100,000 opportunities under --proofs; then the times are held to what is promised, and told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tests.proofs.colleague import END, colleague_at_work
from tests.proofs.conftest import Tell
from tests.support.installed import make_runtime, plan_back
from tests.support.sales import PACKS, PORTION
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import Revision
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.steps import Rows
from xrm.metadata.sources import PackSource
from xrm.testing import a_pack, pack_from

BLOCK, LONGEST = 2.0, {"add a field": 0.25}  # seconds that nobody waits longer for a write
WRITTEN_BY_OTHERS = {"next_step", "next_step__key", "version", "updated_at", "updated_by"}
PACK = "pack: house\nlabel: House\nversion: 1.0.0\nrequires: {crm_sales: '>=1.0'}\n"
SHORT = {  # of the shipped packs what the proof needs, for the small size
    "account": "title: name\nfields: {name: {type: text, required: true}}\n",
    "pipeline": "title: name\nfields: {name: {type: text}, kind: {type: choice, options: [new_business]}}\n",
    "opportunity": """
title: name
fields:
  name: {type: text, required: true, search: true}
  amount: {type: money}
  close_on: {type: date, index: true}
  next_step: {type: text}
relationships:
  account: {to: account, required: true}
  pipeline: {to: pipeline}
""",
}
VISIT = "title: name\nfields:\n  name: {type: text, required: true}\n"
FIELDS = {
    "code": "{type: text}",
    "nick": "{type: text}",
    "guess": "{type: text}",
    "seats": "{type: integer}",
    "remark": "{type: text}",
    "grade": "{type: choice, options: [high, low, none_yet]}",
}
MEANWHILE = {
    "label": "by hand", "guess": "7.25", "seats": {"amount": "9", "currency": "EUR"}, "remark": "seen", "grade": "high",
}  # fmt: skip
AFTERWARDS = {"nick": "by hand", "guess": "7.25", "seats": 9, "remark": "seen", "grade": "high"}


@dataclass(frozen=True, slots=True)
class Size:
    """How many opportunities there are, and how many of them do not fit what comes."""

    rows: int
    bad: int
    empty: int
    lost: int
    visits: int

    def values(self, number: int) -> dict[str, Any]:
        """What the house knows of an opportunity."""
        return {
            "code": f"code {number}",
            "nick": f"nick {number}",
            "guess": f"about {number}" if number < self.bad else f"{number}.{number % 100:02}",
            "seats": number,
            "remark": None if number < self.empty else f"remark {number}",
            "grade": "none_yet" if number < self.lost else ("high", "low")[number % 2],
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the fields, what is decided for it, and what its plan shall count of the rows."""

    name: str
    fields: Mapping[str, str]
    rows: Rows
    decisions: Mapping[str, str] = field(default_factory=dict)
    has_visits: bool = True
    helpers: str = "{to: account}"
    besides: tuple[PackSource, ...] = ()

    @property
    def sources(self) -> tuple[PackSource, ...]:
        """The packs that come."""
        return (pack(self.fields, has_visits=self.has_visits, helpers=self.helpers), *self.besides)


def changes(size: Size, sales: PackSource) -> Iterator[Change]:
    """The nine, each on top of those before."""
    now = {**FIELDS, "score": "{type: integer}"}
    yield Change("add a field", now, Rows())
    now = {("label" if n == "nick" else n): v for n, v in now.items()}
    now["label"] = "{type: text, renamed_from: nick}"
    yield Change("rename", now, Rows())
    now = {**now, "guess": "{type: decimal, scale: 2}"}
    yield Change("text to decimal", now, Rows(size.rows, size.bad), {"unfit:opportunity.guess": "0"})
    now = {**now, "seats": "{type: money, currency: EUR}"}
    yield Change("number to money", now, Rows(size.rows))
    now = {**now, "remark": "{type: text, required: true}"}
    yield Change("require", now, Rows(size.rows, size.empty), {"empty:opportunity.remark": "none"})
    now = {**now, "grade": "{type: choice, options: [high, low]}"}
    decided = {"option:opportunity.grade.none_yet": "low"}
    yield Change("remove an option", now, Rows(size.rows, size.lost), decided)
    now = {name: said for name, said in now.items() if name != "code"}
    yield Change("drop a field", now, Rows(size.rows))
    yield Change("drop an entity", now, Rows(size.visits), has_visits=False)
    many = "{to: account, many: true}"
    yield Change("lookup to many-to-many", now, Rows(size.rows), has_visits=False, helpers=many)
    yield Change("other titles", now, Rows(), has_visits=False, helpers=many, besides=(titled(sales),))


def titled(sales: PackSource) -> PackSource:
    """The pack, whose opportunities are called by their next step, too."""
    path = "entities/opportunity.yaml"
    text = sales.files[path].replace(b"title: name\n", b'title: name + " " + next_step\n')
    return replace(sales, files={**sales.files, path: text})


def pack(fields: Mapping[str, str], *, has_visits: bool = True, helpers: str = "{to: account}") -> PackSource:
    said = "".join(f"  {name}: {definition}\n" for name, definition in fields.items())
    said += f"relationships:\n  helper: {helpers}\n"
    files = {"pack.yaml": PACK, "extend/opportunity.yaml": f"extend: opportunity\nfields:\n{said}"}
    return pack_from(files | ({"entities/visit.yaml": VISIT} if has_visits else {}))


# --- the proof ----------------------------------------------------------------------------------------------


def test_nine_changes_block_nobody_for_long_and_all_come_back(
    database_url: str, tmp_path: Path, scale: Callable[[int, int], int], proofs: bool, tell: Tell
) -> None:
    size = Size(*(scale(*pair) for pair in ((60, 100_000), (3, 37), (5, 1_000), (7, 1_402), (4, 100))))
    packs = PACKS if proofs else [a_pack("crm_sales", **SHORT)]
    runtime = a_house(database_url, tmp_path, packs, size)
    then, before = runtime.packs.versions()[0].number, stored(runtime)
    ids, blocks = sorted(before), dict[str, float]()

    def measured(name: str, seconds: float) -> None:
        report = colleague.report()
        blocks[name] = report.block
        tell(**{name: f"{seconds:.2f} s, {report}"})

    try:
        with colleague_at_work(database_url, tmp_path, ids[:50]) as colleague:
            for change in changes(size, pack_from(packs[-1])):
                measured(change.name, made(runtime, change))
            edited = ids[-5:]
            edit(runtime, edited)
            colleague.report()
            measured("roll all back", gone_back(runtime, then))
            work = colleague.report(END)
        assert (work.failed, runtime.packs.plan().is_empty) == ((), True)
        assert work.written > 0 < work.read
        after = stored(runtime)
        assert [id_ for id_ in ids if after.pop(id_) != before[id_]] == edited
        assert [values(runtime, id_) for id_ in edited] == [AFTERWARDS] * len(edited)
        assert (after, steps_written(runtime)) == ({}, dict.fromkeys(ids, "Call them") | dict(work.last))
        assert len(listed(runtime, "visit", 200)) == size.visits
        assert not proofs or {n: s for n, s in blocks.items() if s > LONGEST.get(n, BLOCK)} == {}
    finally:
        runtime.close()


def a_house(url: str, folder: Path, packs: Sequence[Any], size: Size) -> Runtime:
    """These packs and the house, with so many records."""
    runtime = make_runtime(url, folder, packs)
    runtime.packs.install([pack(FIELDS)], runtime.installer)
    records, installer = runtime.current().records, runtime.installer
    accounts = records.execute(installer, [Create("account", {"name": f"Account {n}"}) for n in range(20)])
    pipeline = str(
        records.execute(installer, [Create("pipeline", {"name": "New", "kind": "new_business"})])
        .results[0]
        .id
    )
    for first in range(0, size.rows, PORTION):
        portion = range(first, min(first + PORTION, size.rows))
        chosen = [str(accounts.results[number % 20].id) for number in portion]
        rows = (
            {
                **opportunity(number),
                **size.values(number),
                "account": account,
                "helper": account,
                "pipeline": pipeline,
            }
            for number, account in zip(portion, chosen, strict=True)
        )
        records.execute(installer, [Create("opportunity", row) for row in rows])
    records.execute(installer, [Create("visit", {"name": f"Visit {n}"}) for n in range(size.visits)])
    return runtime


def opportunity(number: int) -> dict[str, Any]:
    return {
        "name": f"Deal {number}",
        "amount": {"amount": f"{number}.50", "currency": "EUR"},
        "close_on": f"2026-{1 + number % 12:02}-{1 + number % 28:02}",
        "next_step": "Call them",
    }


def listed(runtime: Runtime, entity: str, limit: int) -> list[str]:
    """The ids of some records, as a page asks for them."""
    query = Query(entity, fields=(("id",),), limit=limit)
    return [str(row["id"]) for row in runtime.current().queries.list(runtime.installer, query).data]


def made(runtime: Runtime, change: Change) -> float:
    """How long it took to carry the change out, whose plan counted right."""
    revision = Revision(change.sources, dev=True, decisions=change.decisions)
    plan = runtime.packs.foresee(revision).plan
    assert counted(plan) == (change.rows.touched, change.rows.failing), change.name
    begun = time.perf_counter()
    runtime.packs.revise(replace(revision, confirmed=plan.hash), runtime.installer)
    return time.perf_counter() - begun


def counted(plan: SchemaPlan) -> tuple[int, int]:
    """The most that a step of the plan touches, and fails for."""
    rows = [step.rows for step in plan.steps] or [Rows()]
    return max(each.touched for each in rows), max(each.failing for each in rows)


def edit(runtime: Runtime, ids: list[UUID]) -> None:
    """These records have other values in every field that was changed."""
    updates = [Update("opportunity", Target(id_), MEANWHILE) for id_ in ids]
    runtime.current().records.execute(runtime.installer, updates)


def gone_back(runtime: Runtime, version: int) -> float:
    confirmed = plan_back(runtime, version).hash
    begun = time.perf_counter()
    runtime.packs.roll_back(version, runtime.installer, confirmed=confirmed)
    return time.perf_counter() - begun


# --- what is stored -----------------------------------------------------------------------------------------


def stored(runtime: Runtime) -> dict[UUID, bytes]:
    """A hash of all that an opportunity holds, apart from what the colleague writes."""
    table = runtime.current().schema["opportunity"].table
    columns = [column for column in table.columns if column.name not in WRITTEN_BY_OTHERS]
    with runtime.database.read() as unit:
        rows = unit.execute(sa.select(table.c.id, *columns))
        return {row[0]: sha256(repr(row[1:]).encode()).digest() for row in rows}


def values(runtime: Runtime, id_: UUID) -> dict[str, Any]:
    """What the record holds in the fields that were changed."""
    row = runtime.current().queries.get(runtime.installer, "opportunity", id_)
    return {name: row[name] for name in AFTERWARDS}


def steps_written(runtime: Runtime) -> dict[UUID, str]:
    """What the colleague writes, as it is stored."""
    table = runtime.current().schema["opportunity"].table
    with runtime.database.read() as unit:
        return {row.id: row.next_step for row in unit.execute(sa.select(table.c.id, table.c.next_step))}
