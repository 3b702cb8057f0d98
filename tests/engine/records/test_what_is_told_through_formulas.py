"""Whoever may read only some of the records that a formula or a kept rule looks at learns nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor, Create
from xrm.engine.queries.reasons import reason_of
from xrm.engine.runtime import Runtime
from xrm.engine.storage.database import UnitOfWork
from xrm.errors import Invalid
from xrm.testing import a_pack, an_actor

ROLES = """
some_parts:
  grants:
    orders: {entity: order, can: [read], fields: [name, state, total, deepest, shown]}
    parts:  {entity: order, can: [read], rows: 'state == "open"', fields: [lines]}
some_lines:
  grants:
    orders: {entity: order, can: [read], fields: [name, total, deepest, shown]}
    lines:  {entity: line, can: [read], rows: 'what == "public"'}
guarded:
  grants:
    orders: {entity: order, can: [read], fields: [name, total, costs, margins, lines]}
    costs:  {entity: line, can: [read], rows: 'what == "public"', fields: [what, cost]}
keeper:
  grants:
    rules:     {entity: rule, can: [create, read]}
    machines:  {entity: machine, can: [create, read]}
    customers: {entity: customer, can: [read]}
    orders:    {entity: order, can: [read], rows: 'state == "open"'}
"""
SHOP = a_pack(
    "shop",
    {"roles.yaml": ROLES},
    customer="title: name\nfields:\n  name: {type: text, required: true}\n",
    order="""
title: name
fields:
  name: {type: text, required: true}
  state: {type: choice, options: [open, paid], default: open}
  total: {type: rollup, over: lines, value: sum(amount)}
  deepest: {type: formula, formula: 'sum(lines, sum(pieces, weight))'}
  costs: {type: rollup, over: lines, value: sum(cost)}
  margins: {type: rollup, over: lines, value: sum(margin)}
  shown: {type: rollup, over: lines, value: sum(amount), reveal: true}
relationships:
  customer: {to: customer, inverse: orders}
  lines: {from: line, owned: true}
""",
    line="""
title: what
fields:
  what: {type: text}
  amount: {type: integer}
  cost: {type: integer, sensitive: true}
  margin: {type: formula, formula: amount - cost}
relationships:
  order: {to: order}
  pieces: {from: piece, owned: true}
""",
    piece="title: name\nfields:\n  name: {type: text}\n  weight: {type: integer}\nrelationships:\n  line: {to: line}\n",
    rule="""
title: name
fields:
  name: {type: text, required: true}
  applies: {type: expression, entity: machine, required: true}
relationships:
  customer: {to: customer, inverse: rules}
""",
    machine="""
title: name
fields:
  name: {type: text, required: true}
relationships:
  customer: {to: customer}
rules:
  barred: {each: customer.rules, holds: applies, must: "false", message: No.}
""",
)  # fmt: skip


def make(runtime: Runtime, actor: Actor, entity: str, **values: object) -> UUID:
    return runtime.current().records.execute(actor, [Create(entity, values)]).results[0].id


@pytest.fixture(scope="module")
def runtime(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("told"), [SHOP])
    yield runtime
    runtime.close()


def test_what_is_told_of_records_is_told_of_readable_ones_alone(runtime: Runtime) -> None:
    everybody, queries = runtime.installer, runtime.current().queries
    customer = make(runtime, everybody, "customer", name="Ana")
    paid, open_ = (
        make(runtime, everybody, "order", name=state, state=state, customer=str(customer))
        for state in ("paid", "open")
    )
    for order in (paid, open_):
        for what, amount in (("secret", 41), ("public", 1)):
            line = make(runtime, everybody, "line", what=what, amount=amount, cost=3, order=str(order))
            make(runtime, everybody, "piece", weight=amount, line=str(line))
    names = ("total", "deepest", "costs", "margins", "shown")

    def told(role: str, order: UUID) -> dict[str, object]:
        row = queries.get(an_actor(runtime, role, [role]), "order", order)
        return {name: row[name] for name in names if row.get(name) is not None}

    assert told("some_parts", open_) == {"total": 42, "deepest": 42, "shown": 42}
    assert told("some_parts", paid) == {"shown": 42}
    assert told("some_lines", open_) == {"shown": 42}
    assert told("guarded", open_) == {"total": 42}
    orders, reader = runtime.current().model.entities["order"], an_actor(runtime, "some_lines")
    reason = reason_of(queries, reader, orders, open_, orders.fields["shown"])
    assert (reason.value, reason.many) == (42, ())
    keeper = an_actor(runtime, "Kim", ["keeper"])
    _no_rule_asks_for_what_its_writer_may_not_read(runtime, keeper, str(customer))


def _no_rule_asks_for_what_its_writer_may_not_read(runtime: Runtime, keeper: Actor, customer: str) -> None:
    """The orders that are paid are not Kim's to read: whether a machine may be made would tell of them."""
    facts = {"name": "R", "customer": customer}
    for asks in ("count(customer.orders) > 1", 'any(customer.orders, name == "paid")'):
        with pytest.raises(Invalid) as refused:
            make(runtime, keeper, "rule", applies=asks, **facts)
        problem = refused.value.first
        assert (problem.code, problem.where.path) == ("R176", "commands[0].values.applies")
    make(runtime, keeper, "machine", name="M", customer=customer)
    make(runtime, keeper, "rule", applies='customer.name == "Ana"', **facts)
    with pytest.raises(Invalid, match="No"):
        make(runtime, keeper, "machine", name="M", customer=customer)


def test_rules_read_what_they_ask_for_once(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody, said, counts = runtime.installer, list[object](), list[int]()
    bob, run = str(make(runtime, everybody, "customer", name="Bob")), UnitOfWork.run
    monkeypatch.setattr(UnitOfWork, "run", lambda unit, *asked: said.append(asked) or run(unit, *asked))
    for more in (1, 9):
        for number in range(more):
            asks = f"count(customer.orders) > {100 * more + number}"
            make(runtime, everybody, "rule", name="R", customer=bob, applies=asks)
        said.clear()
        make(runtime, everybody, "machine", name="M", customer=bob)
        counts.append(len(said))
    assert counts[0] == counts[1] > 0
