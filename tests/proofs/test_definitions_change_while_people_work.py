"""Nine changes of a large entity while somebody writes and somebody reads, and the way back over all of them.

With 100,000 opportunities under --proofs; then the times are held to what is promised, and told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tests.proofs.conftest import Tell
from tests.support.installed import make_runtime, plan_back
from tests.support.sales import PACKS, PORTION
from tests.support.servers import until
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import Revision
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.snapshot import Snapshot
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.steps import Rows
from xrm.errors import Conflict, XrmError
from xrm.metadata.sources import PackSource
from xrm.testing import a_pack, pack_from

BLOCK, LONGEST = 2.0, {"add a field": 0.25}  # seconds that nobody waits longer for a write
EVERY, PATIENCE = 0.02, 60.0
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
    colleague = make_runtime(database_url, tmp_path, install=False)
    then, before = runtime.packs.versions()[0].number, stored(runtime)
    ids, blocks = sorted(before), dict[str, float]()
    try:
        with at_work(colleague, ids[:50]) as work:
            for change in changes(size, pack_from(packs[-1])):
                work.begin()
                tell(**{change.name: work.told(made(runtime, change))})
                blocks[change.name] = work.block
            edited = ids[-5:]
            edit(runtime, edited)
            work.begin()
            tell(**{"roll all back": work.told(gone_back(runtime, then))})
            blocks["roll all back"] = work.block
        assert (work.failed, runtime.packs.plan().is_empty) == ([], True)
        assert work.written > 0 < work.read
        after = stored(runtime)
        assert [id_ for id_ in ids if after.pop(id_) != before[id_]] == edited
        assert [values(runtime, id_) for id_ in edited] == [AFTERWARDS] * len(edited)
        assert (after, steps_written(runtime)) == ({}, dict.fromkeys(ids, "Call them") | work.last)
        assert len(listed(runtime, "visit", 200)) == size.visits
        assert not proofs or {n: s for n, s in blocks.items() if s > LONGEST.get(n, BLOCK)} == {}
    finally:
        colleague.close()
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


# --- who works meanwhile ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Work:
    """Somebody who writes a record every now and then, and somebody who reads a list, both by another process's view.

    `block` is the longest that a write took since the last change was told, `wait` the longest that a list took; both
    without `renewal`, the longest that the process took to notice and read the definitions.
    """

    runtime: Runtime
    ids: list[UUID]
    over: Event = field(default_factory=Event)
    last: dict[UUID, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    written: int = 0
    read: int = 0
    again: int = 0
    block: float = 0.0
    wait: float = 0.0
    renewal: float = 0.0

    def told(self, seconds: float) -> str:
        """The times of the change that took so many seconds, in words, once all that met it has ended."""
        written, read = self.written, self.read
        until(lambda: bool(self.failed) or (self.written > written + 1 and self.read > read + 1))
        return (
            f"{seconds:.2f} s, block {self.block:.2f} s, longest list {self.wait:.2f} s,"
            f" renewal {self.renewal:.2f} s, again {self.again}"
        )

    def begin(self) -> None:
        """The next change is measured by itself."""
        self.block = self.wait = self.renewal = self.again = 0

    def write(self) -> None:
        """A step was written into one record after another, each as soon as it could be."""
        for number, id_ in enumerate(cycle(self.ids)):
            if self.over.wait(EVERY):
                return
            update = Update("opportunity", Target(id_), {"next_step": f"Call {number}"})
            seconds = self._done(lambda now, u=update: now.records.execute(self.runtime.installer, [u]))
            self.last[id_] = f"Call {number}"
            self.written, self.block = self.written + 1, max(self.block, seconds)

    def look(self) -> None:
        """A list was read again and again."""
        query = Query("opportunity", limit=50)
        while not self.over.wait(EVERY):
            seconds = self._done(lambda now: now.queries.list(self.runtime.installer, query))
            self.read, self.wait = self.read + 1, max(self.wait, seconds)

    def _done(self, act: Callable[[Snapshot], object]) -> float:
        """How long it took until it was done; what meets a change of definitions is done again, as a page does."""
        waited, begun = 0.0, time.perf_counter()
        while True:
            now = self._current()
            asked = time.perf_counter()
            try:
                act(now)
                return waited + time.perf_counter() - asked
            except Conflict:
                waited += time.perf_counter() - asked
                self.again += 1
                if time.perf_counter() - begun > PATIENCE:
                    raise

    def _current(self) -> Snapshot:
        begun = time.perf_counter()
        now = self.runtime.current()
        self.renewal = max(self.renewal, time.perf_counter() - begun)
        return now


@contextmanager
def at_work(runtime: Runtime, ids: list[UUID]) -> Iterator[Work]:
    """Both work inside this block."""
    work = Work(runtime, ids)
    threads = [Thread(target=told_if_it_fails, args=(work, act)) for act in (work.write, work.look)]
    for thread in threads:
        thread.start()
    try:
        yield work
    finally:
        work.over.set()
        for thread in threads:
            thread.join(PATIENCE * 2)


def told_if_it_fails(work: Work, act: Callable[[], None]) -> None:
    try:
        act()
    except XrmError as error:
        work.failed.append(repr(error))
