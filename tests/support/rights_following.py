"""Ways to follow a relationship: each gives what the reference expects and what the engine answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from tests.support.rights_ask import (
    MANY_ROWS,
    Ask,
    Pair,
    amount_of,
    filtered,
    literal,
)
from tests.support.rights_reference import Person, Record
from tests.support.rights_stage import answered
from tests.support.rights_world import THINGS
from xrm.engine.queries.request import Expand


def expand(ask: Ask) -> Pair:
    def got() -> Any:
        page = ask.query(fields=(("id",),), expand=(Expand(ask.name),))
        return {r["id"]: _expanded(ask, r[ask.name]) for r in page.data}

    p = ask.person
    side = THINGS[ask.entity].sides[ask.name]

    def shown(record: Record) -> Any:
        if side.many:
            return sorted(
                (
                    _whole(p, r, full=ask.name not in ("watchers", "watching"))
                    for r in p.far(record, ask.name)
                ),
                key=repr,
            )
        there = p.shown(record, ask.name)
        if there is None or there["title"] is None:
            return there
        return _whole(p, p.value(record, ask.name), full=True)

    return ask.expected(lambda: {r["id"]: shown(r) for r in p.rows(ask.entity)}), answered(got)


def _expanded(ask: Ask, value: Any) -> Any:

    def own(r):
        return {n: v for n, v in r.items() if n in ("id", "title", "entity") or _is_own(ask.targets, n)}

    def bare(r):
        return {n: v for n, v in own(r).items() if n != "entity"}

    if value is None or "data" not in value:
        return value if value is None or value["title"] is None else bare(value)
    return sorted((bare(r) for r in value["data"]), key=repr)


def _is_own(entities: Iterable[str], name: str) -> bool:
    return any(name in THINGS[e].fields for e in entities)


def _whole(p: Person, record: Record, *, full: bool) -> dict[str, Any]:
    names = THINGS[record["entity"]].fields if full else ()
    values = {n: p.value(record, n) for n in names if p.knows(record["entity"], n)}
    return {"id": record["id"], "title": record["title"], **values}


def links(ask: Ask) -> Pair:
    p, record = ask.person, ask.record
    got = answered(
        lambda: sorted(
            r["id"] for r in ask.stage.queries.links(ask.actor, ask.entity, UUID(record["id"]), ask.name).data
        )
    )
    if not p.sees(record):
        return "absent", got
    side = THINGS[ask.entity].sides[ask.name]
    if side.many:
        return (("ok", sorted(r["id"] for r in p.far(record, ask.name))) if ask.knows else "unknown"), got
    there = p.follow(record, ask.name)
    if ask.knows and not any(p.can(t, "read") for t in side.targets):
        return "absent", got
    return (("ok", [there["id"]] if there else []) if ask.knows else "unknown"), got


def filter_pointer(ask: Ask) -> Pair:
    target = ask.person.world.records[ask.targets[0]][ask.cell.pick % 3]

    def pointed(r):
        return (ask.person.value(r, ask.name) or {}).get("id") == target["id"]

    return filtered(ask, f'{ask.name} == "{target["id"]}"', pointed)


def filter_pointer_ne(ask: Ask) -> Pair:
    target = ask.person.world.records[ask.targets[0]][ask.cell.pick % 3]

    def pointed(r):
        return (ask.person.value(r, ask.name) or {}).get("id") == target["id"]

    return filtered(ask, f'{ask.name} != "{target["id"]}"', lambda r: not pointed(r))


def count_many(ask: Ask) -> Pair:
    size = ask.cell.pick % 3
    return filtered(ask, f"count({ask.name}) > {size}", lambda r: len(ask.person.far(r, ask.name)) > size)


def any_many(ask: Ask) -> Pair:
    text = f"any({ask.name}, {ask.path[1]} == {literal(ask.value)})"
    return filtered(ask, text, lambda r: any(v == ask.value for v in _far_values(ask, r)))


def all_many(ask: Ask) -> Pair:
    text = f"all({ask.name}, {ask.path[1]} != {literal(ask.value)})"
    return filtered(ask, text, lambda r: all(v != ask.value for v in _far_values(ask, r)))


def sum_many(ask: Ask) -> Pair:
    text = f"sum({ask.name}, {ask.path[1]}) > 3"

    def amount(r):
        return sum(amount_of(v) for v in _far_values(ask, r) if v is not None)

    return filtered(ask, text, lambda r: amount(r) > 3)


def max_many(ask: Ask) -> Pair:
    text = f"max({ask.name}, {ask.path[1]}) == {literal(ask.value)}"

    def holds(record: Record) -> bool:
        values = [amount_of(v) for v in _far_values(ask, record) if v is not None]
        return bool(values) and max(values) == amount_of(ask.value)

    return filtered(ask, text, holds)


def _far_values(ask: Ask, record: Record) -> list[Any]:
    return [ask.person.value(r, ask.path[1]) for r in ask.person.far(record, ask.name)]


def typeahead(ask: Ask) -> Pair:
    p = ask.person
    got = answered(
        lambda: sorted(
            r["id"] for r in ask.stage.queries.lookup(ask.actor, ask.entity, ask.name, "", {}, MANY_ROWS)
        )
    )
    operations = ("read", "create", "update", "delete", "transition", "assign")
    if not any(p.can(ask.entity, o) for o in operations):
        return "absent", got
    if not any(ask.name in p.names(ask.entity, o) for o in ("read", "create", "update", "transition")):
        return "unknown", got
    return ("ok", sorted(r["id"] for t in ask.targets for r in p.rows(t))), got
