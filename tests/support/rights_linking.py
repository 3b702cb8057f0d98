"""Ways to read and write what stands on a link: whoever is told of a link is told its attributes, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from tests.support.rights_ask import Ask, Pair
from tests.support.rights_reference import Record
from tests.support.rights_stage import answered, pointer
from tests.support.rights_world import level
from tests.support.rights_writing import done
from xrm.engine.commands import Link, Target, Update
from xrm.engine.queries.request import Expand, Sort


def link_values(ask: Ask) -> Pair:
    """The links of one record."""
    p, record = ask.person, ask.record
    got = answered(
        lambda: _levels(ask.stage.queries.links(ask.actor, ask.entity, UUID(record["id"]), ask.name).data)
    )
    if not p.sees(record):
        return "absent", got
    return ("ok", _expected(ask, record)) if ask.knows else "unknown", got


def link_expanded(ask: Ask) -> Pair:
    """The links of every record of a list."""
    p = ask.person

    def got() -> Any:
        page = ask.query(fields=(("id",),), expand=(Expand(ask.name),))
        return {r["id"]: _levels(r[ask.name]["data"]) for r in page.data}

    return ask.expected(lambda: {r["id"]: _expected(ask, r) for r in p.rows(ask.entity)}), answered(got)


def link_told(ask: Ask) -> Pair:
    """What the history of the record that has the links tells of them."""
    p, record = ask.person, ask.record

    def got() -> list[tuple[str, Any]]:
        page = ask.stage.queries.history(ask.actor, ask.entity, UUID(record["id"]))
        told = [e["changes"][ask.name]["after"] for e in page.data if e["operation"] == "link"]
        return sorted((t["to"]["id"], t.get("level")) for t in told)

    def expected() -> list[tuple[str, Any]]:
        # Where a record went that was linked, its link is still told of.
        told = p.gives(record, "read", ask.name)
        return sorted((w["id"], level(record, w)) for w in record[ask.name] if told and p.sees(w))

    return ("ok", expected()) if p.sees(record) else "absent", answered(got)


def link_filter(ask: Ask) -> Pair:
    """A condition on an attribute of the link: expressions lead to the far record, where no such name is."""
    far = f"any({ask.name}, level > 1)"
    return ask.expected(lambda: None, knows=False), answered(lambda: ask.ids(filters=(far,)))


def link_sort(ask: Ask) -> Pair:
    """An order by an attribute of the link, of which there are many."""
    sort = (Sort((ask.name, "level")),)
    return ask.expected(lambda: None, knows=False), answered(lambda: ask.query(sort=sort).data)


def link_with(ask: Ask) -> Pair:
    """A new link that has a value, from each of the records in turn."""

    def one(record: Record) -> Pair:
        clients = ask.person.world.records["client"]
        target = next(c for c in clients[ask.cell.pick % 5 :] if c not in record["watchers"])
        link = Link("ticket", Target(UUID(record["id"])), "watchers", pointer(target), {"level": 3})
        return ask.person.link(record, "watchers", target), done(ask, link)

    return _each(ask, one)


def link_change(ask: Ask) -> Pair:
    """Another value on a link that is there, of each of the records in turn."""

    def one(record: Record) -> Pair:
        target = record["watchers"][ask.cell.pick % 2]
        item = {"id": str(ask.stage.links[record["id"], target["id"]]), "level": 9}
        expected = ask.person.update(record, {"watchers": record["watchers"]})
        if expected == "done":
            expected = ask.person.link(record, "watchers", target)
        update = Update("ticket", Target(UUID(record["id"])), {"watchers": {"update": [item]}})
        return "absent" if expected == "unfit" else expected, done(ask, update)

    return _each(ask, one)


def _each(ask: Ask, one: Callable[[Record], Pair]) -> Pair:
    """What is expected and what comes of it for each live record that has links."""
    pairs = {r["id"]: one(r) for r in ask.person.world.records["ticket"] if not r["trashed"]}
    return {i: pair[0] for i, pair in pairs.items()}, {i: pair[1] for i, pair in pairs.items()}


def _expected(ask: Ask, record: Record) -> list[tuple[str, Any]]:
    def of(far: Record) -> int | None:
        return level(record, far) if ask.entity == "ticket" else level(far, record)

    return sorted((far["id"], of(far)) for far in ask.person.far(record, ask.name))


def _levels(rows: list[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    return sorted((row["id"], row["link"]["level"]) for row in rows)
