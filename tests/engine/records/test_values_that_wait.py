"""What follows in more records than the limit allows is left to a job, which the change has begun."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Create, Link, Target, Update
from xrm.engine.jobs import Run, State
from xrm.engine.queries.request import Query
from xrm.engine.records import catching_up, recomputing, refilling
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.following_up import FollowUp
from xrm.errors import Invalid
from xrm.settings import Limits
from xrm.testing import a_pack, make_settings, pack_from

LINES, MOST = 50, 20
PACK = a_pack(
    "stall",
    product="""
title: name
fields:
  name: {type: text, max_length: 1000}
  price: {type: integer}
  lines_sold: {type: rollup, over: lines, value: count()}
  kinds: {type: rollup, over: tags, value: list_all(name), where: name != "hidden"}
  said: {type: rollup, over: notes, value: list(text)}
relationships:
  tags: {to: mark, many: true, inverse: products}
""",
    mark="title: name\nfields:\n  name: {type: text}\n",
    note="""
title: text
fields:
  text: {type: text}
  at: {type: integer}
relationships:
  about: {to: [order, product], inverse: notes}
""",
    order="""
title: name
fields:
  name: {type: text}
  total: {type: rollup, over: lines, value: sum(amount)}
  dearest: {type: rollup, over: lines, value: max(amount)}
  doubled: {type: formula, formula: total * 2}
  what: {type: rollup, over: lines, value: list(what)}
  begun_with: {type: rollup, over: notes, value: 'first(at, text)'}
rules:
  affordable: {must: total == empty or total <= 1000000, message: That is too much.}
""",
    line="""
title: what
fields:
  what: {type: text, default: '"line"'}
  quantity: {type: integer, default: 1}
  price: {type: formula, formula: product.price}
  amount: {type: formula, formula: quantity * price}
  called: {type: formula, formula: 'product.name + what'}
relationships:
  order: {to: order, inverse: lines}
  product: {to: product, inverse: lines}
""",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Runtime, str, Path]]:
    folder = tmp_path_factory.mktemp("stall")
    made = stall(module_url, folder)
    yield made, module_url, folder
    made.close()


@pytest.fixture
def runtime(place: tuple[Runtime, str, Path]) -> Runtime:
    return place[0]


def stall(url: str, folder: Path, *, install: bool = True) -> Runtime:
    settings = replace(make_settings(url, folder), limits=Limits(fan_out=MOST))
    return make_runtime(url, folder, [PACK], settings=settings, install=install)


def run(runtime: Runtime, *commands: Any) -> list[UUID]:
    return [r.id for r in runtime.current().records.execute(runtime.installer, commands).results]


def sold(runtime: Runtime, orders: int = 5, lines: int = LINES) -> tuple[UUID, UUID, list[UUID], list[UUID]]:
    """Two products, orders, and lines of the first product spread over the orders."""
    first, second = run(runtime, Create("product", {"price": 2}), Create("product", {"price": 3}))
    made = run(runtime, *(Create("order", {"name": str(n)}) for n in range(orders)))
    given = ({"order": str(made[n % orders]), "product": str(first)} for n in range(lines))
    return first, second, made, run(runtime, *(Create("line", values) for values in given))


def values(runtime: Runtime, entity: str, name: str, ids: list[UUID]) -> list[Any]:
    query = Query(entity, ids=tuple(ids), limit=500)
    return [row[name] for row in runtime.current().queries.list(runtime.installer, query).data]


def differing(runtime: Runtime) -> int:
    return sum(runtime.current().records.refill_needed(runtime.installer).values())


def held_back(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that are asked for from now on; nobody performs them."""
    waiting: list[Run] = []
    runner = runtime.jobs.runner
    monkeypatch.setattr(runner, "enqueue", lambda unit, run: unit.after_commit(lambda: waiting.append(run)))
    return waiting


def test_a_change_that_few_follow_is_carried_through_before_it_is_saved(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, _, _, _ = sold(runtime, lines=MOST)
    waiting = held_back(runtime, monkeypatch)
    run(runtime, Update("product", Target(product), {"price": 5}))
    assert (waiting, differing(runtime)) == ([], 0)


def test_a_change_that_many_follow_is_saved_at_once_and_a_job_finds_what_follows(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, _, orders, lines = sold(runtime)
    waiting = held_back(runtime, monkeypatch)
    run(runtime, Update("product", Target(product), {"price": 5}))
    records, installer = runtime.current().records, runtime.installer
    assert (len(waiting), set(values(runtime, "line", "price", lines))) == (1, {2})
    assert records.waiting(installer) == {("line", "price"): LINES}
    assert records.pending(installer, "line", lines[:2]) == dict.fromkeys(lines[:2], ("price", "amount"))
    told = {name for names in records.pending(installer, "order", orders).values() for name in names}
    assert told == {"total", "dearest", "doubled"}
    assert records.pending(installer, "product", [product]) == {}
    runtime.jobs.perform(waiting[0].job, 1)
    job = runtime.jobs.status(installer, waiting[0].job)
    assert (job.state, job.done, job.total) == (State.DONE, LINES, LINES)
    assert (differing(runtime), values(runtime, "order", "total", orders)) == (0, [50] * 5)
    assert (records.waiting(installer), records.pending(installer, "order", orders)) == ({}, {})


def test_a_job_that_is_killed_is_gone_on_with_where_it_was(
    place: tuple[Runtime, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, url, folder = place
    product, second, _, lines = sold(runtime)
    waiting = held_back(runtime, monkeypatch)
    monkeypatch.setattr(catching_up, "PORTION", 15)
    run(runtime, Update("product", Target(product), {"price": 7}))
    killed_in_a_portion(url, folder, waiting[0].job)
    records, installer = runtime.current().records, runtime.installer
    assert records.waiting(installer) == {
        ("line", "price"): LINES - 30
    }  # two portions stay, the third is lost
    assert values(runtime, "line", "price", lines).count(7) == 30
    run(runtime, Update("line", Target(max(lines)), {"product": str(second), "quantity": 4}))
    runtime.world.clock.advance(2 * runtime.jobs.lease.silence)
    runtime.jobs.take_over(runtime.jobs.take_over())
    assert [(again.job, again.attempt) for again in waiting[1:]] == [(waiting[0].job, 2)]
    runtime.jobs.perform(waiting[0].job, 2)
    job = runtime.jobs.status(installer, waiting[0].job)
    assert (job.state, job.done, job.total) == (State.DONE, LINES - 1, LINES)
    assert (differing(runtime), set(values(runtime, "line", "price", lines))) == (0, {3, 7})


def killed_in_a_portion(url: str, folder: Path, job: UUID) -> None:
    """Another process has begun the job, and was killed when it had stored the third portion and not committed it."""
    if child := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return
    try:
        portions, add = count(1), FollowUp._note

        def note(*given: Any) -> None:
            add(*given)
            if next(portions) == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        FollowUp._note = staticmethod(note)
        stall(url, folder, install=False).jobs.perform(job, 1)
    finally:
        os._exit(1)


def test_changes_of_the_same_wait_once(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    product, _, _, _ = sold(runtime)
    waiting = held_back(runtime, monkeypatch)
    for price in (5, 6, 7):
        run(runtime, Update("product", Target(product), {"price": price}))
    for each in waiting:
        runtime.jobs.perform(each.job, 1)
    done = [runtime.jobs.status(runtime.installer, each.job).done for each in waiting]
    assert (done, differing(runtime)) == ([LINES, 0, 0], 0)


def test_what_was_left_to_a_job_that_is_cancelled_is_found_by_the_next(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, second, _, _ = sold(runtime)
    waiting = held_back(runtime, monkeypatch)
    run(runtime, Update("product", Target(product), {"price": 5}))
    runtime.jobs.cancel(runtime.installer, waiting[0].job)
    assert differing(runtime) > 0
    run(
        runtime,
        Update("product", Target(product), {"name": "another"}),
        Update("product", Target(second), {}),
    )
    runtime.jobs.perform(waiting[1].job, 1)
    assert (differing(runtime), runtime.current().records.waiting(runtime.installer)) == (0, {})


def test_writers_beside_the_job_lose_nothing(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    product, second, orders, lines = sold(runtime)
    waiting = held_back(runtime, monkeypatch)
    monkeypatch.setattr(catching_up, "PORTION", 7)
    run(runtime, Update("product", Target(product), {"price": 5}))

    def write(seed: int) -> None:
        dice = Random(seed)
        for _ in range(6):
            run(runtime, something(dice, lines, orders, [product, second]))

    def job() -> None:
        runtime.jobs.perform(waiting[0].job, 1)

    with ThreadPoolExecutor(5) as pool:
        for done in [pool.submit(job), *(pool.submit(write, seed) for seed in range(4))]:
            done.result()
    for each in waiting[1:]:
        runtime.jobs.perform(each.job, 1)
    assert differing(runtime) == 0


def something(dice: Random, lines: list[UUID], orders: list[UUID], products: list[UUID]) -> Any:
    kind = dice.randrange(4)
    if kind == 0:
        return Update("product", Target(products[0]), {"price": dice.randint(1, 9)})
    if kind == 1:
        return Update("line", Target(dice.choice(lines)), {"product": str(dice.choice(products))})
    if kind == 2:
        return Create("line", {"order": str(dice.choice(orders)), "product": str(products[0])})
    given = {"quantity": dice.randint(1, 9), "order": str(dice.choice(orders))}
    return Update("line", Target(dice.choice(lines)), given)


def test_a_rule_keeps_no_value_from_following_later_and_is_told_of(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, _, orders, lines = sold(runtime)
    waiting = held_back(runtime, monkeypatch)
    with pytest.raises(Invalid, match="too much"):
        run(runtime, Update("line", Target(lines[0]), {"quantity": 1_000_000}))
    run(runtime, Update("product", Target(product), {"price": 200_000}))
    runtime.jobs.perform(waiting[0].job, 1)
    job = runtime.jobs.status(runtime.installer, waiting[0].job)
    assert (job.state, job.result["rules_broken"], differing(runtime)) == (State.DONE, 5, 0)
    assert f"order {orders[0]}: That is too much." in job.result["told"]


def test_a_value_that_cannot_be_kept_stays_and_waits_until_the_job_is_tried_again(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, _, _, lines = sold(runtime, lines=LINES)
    run(runtime, Update("line", Target(lines[3]), {"what": "more than fits"}))
    waiting = held_back(runtime, monkeypatch)
    run(runtime, Update("product", Target(product), {"name": "n" * 990}))
    runtime.jobs.perform(waiting[0].job, 1)
    records, installer = runtime.current().records, runtime.installer
    job = runtime.jobs.status(installer, waiting[0].job)
    assert (job.state, [str(lines[3]) in problem.message for problem in job.problems]) == (
        State.FAILED,
        [True],
    )
    assert records.pending(installer, "line", lines) == {lines[3]: ("called",)}
    run(runtime, Update("line", Target(lines[3]), {"what": "fits"}))
    runtime.jobs.retry(installer, waiting[0].job)
    runtime.jobs.perform(waiting[0].job, 2)
    assert (differing(runtime), records.waiting(installer)) == (0, {})


def test_lists_and_the_first_of_many_follow_over_every_kind_of_relationship(runtime: Runtime) -> None:
    product, _, orders, lines = sold(runtime, orders=1, lines=3)
    tags = run(runtime, *(Create("mark", {"name": name}) for name in ("b", "a", "a", "hidden")))
    notes = [
        Create("note", {"text": text, "at": at, "about": {"entity": entity, "id": str(record)}})
        for entity, record in (("order", orders[0]), ("product", product))
        for text, at in (("late", 9), ("early", 1), ("early", 2))
    ]
    made = run(runtime, *notes, *(Link("product", Target(product), "tags", {"id": str(tag)}) for tag in tags))
    run(runtime, Update("line", Target(lines[0]), {"what": "bolt"}))

    def told() -> list[Any]:
        read = [("order", "what", orders[0]), ("order", "begun_with", orders[0])]
        read += [("product", "kinds", product), ("product", "said", product)]
        return [values(runtime, entity, name, [record])[0] for entity, name, record in read]

    assert told() == ["bolt, line", "early", "a, a, b", "early, late"]
    run(runtime, Update("note", Target(made[1]), {"at": 20}), Update("mark", Target(tags[0]), {"name": "A"}))
    run(runtime, *(Create("line", {"order": str(orders[0]), "what": f"{n:02}"}) for n in range(20)))
    told_now = [", ".join(f"{n:02}" for n in range(20)) + ", …", "early", "A, a, a", "early, late"]
    assert (told(), differing(runtime)) == (told_now, 0)


def test_a_new_field_of_many_records_comes_into_force_at_once_and_a_job_fills_it(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, second, orders, lines = sold(runtime)
    waiting, looked = held_back(runtime, monkeypatch), list[int]()
    found_anew = recomputing.found_anew

    def counted(setting: Any, block: Any, concerned: Any, **more: Any) -> Any:
        looked.append(len(concerned))
        return found_anew(setting, block, concerned, **more)

    for module in (recomputing, refilling):
        monkeypatch.setattr(module, "found_anew", counted)
    fields = "  thrice: {type: formula, formula: quantity * 3}\n  dearer: {type: formula, formula: product.price + 1}\n"
    sums = "  all_dearer: {type: rollup, over: lines, value: sum(dearer)}\n"
    source = dict(PACK)
    source["entities/line.yaml"] = PACK["entities/line.yaml"].replace(
        "relationships:", fields + "relationships:"
    )
    source["entities/order.yaml"] = PACK["entities/order.yaml"].replace("rules:", sums + "rules:")
    runtime.packs.install([pack_from(source)], runtime.installer, dev=True)
    records, installer = runtime.current().records, runtime.installer
    assert (sum(n for n in looked if n >= LINES), {run.job for run in waiting}) == (0, {waiting[0].job})
    assert {("line", "thrice"), ("line", "dearer")} <= records.waiting(installer).keys()
    assert set(values(runtime, "line", "thrice", lines)) == {None}
    assert set(records.pending(installer, "line", lines)[lines[0]]) == {"thrice", "dearer"}
    assert "all_dearer" in records.pending(installer, "order", orders)[orders[0]]
    run(
        runtime,
        Update("product", Target(second), {"price": 8}),
        Update("line", Target(lines[0]), {"quantity": 5}),
    )
    run(runtime, Update("line", Target(lines[1]), {"product": str(second), "order": str(orders[3])}))
    run(runtime, Create("line", {"order": str(orders[0]), "product": str(product)}))
    runtime.jobs.perform(waiting[0].job, 1)
    assert (differing(runtime), records.waiting(installer)) == (0, {})
    assert values(runtime, "line", "thrice", lines[:2]) == [15, 3]
    assert values(runtime, "line", "dearer", lines[:2]) == [3, 9]
