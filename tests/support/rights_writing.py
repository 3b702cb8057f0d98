"""Ways to write: each gives what the reference expects and what the engine does; nothing of it stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.support.rights_ask import (
    Ask,
    Pair,
)
from tests.support.rights_reference import Person, Record
from tests.support.rights_stage import answered, pointer
from tests.support.rights_world import ME, THINGS, TRANSITIONS, identity
from xrm.engine.commands import (
    Command,
    Create,
    Delete,
    Link,
    Restore,
    Target,
    Transition,
    Unlink,
    Update,
    Upsert,
)


def done(ask: Ask, *commands: Command) -> Any:
    """`done`, or what stands against the commands; nothing of them stays."""
    found = answered(lambda: ask.stage.attempt(ask.actor, *commands))
    return "done" if isinstance(found, tuple) else found


def _new(entity: str, **values: Any) -> Record:
    thing = THINGS[entity]
    empty = {n: [] if s.many else None for n, s in thing.sides.items()}
    fixed = {"entity": entity, "id": identity(entity, 900), "trashed": False, "title": "fresh"}
    owned = {"owner": ME, "team": None, "state": "open"} if entity == "ticket" else {}
    return {**fixed, **dict.fromkeys(thing.fields), **empty, **owned, **values}


def _given(ask: Ask) -> dict[str, Any]:
    """A new value for the name of the cell: a fresh text, a value that is around, or a record."""
    if ask.name in THINGS[ask.entity].sides:
        target = ask.targets[ask.cell.pick % len(ask.targets)]
        records = ask.person.world.records[target]
        return {ask.name: records[ask.cell.pick % len(records)]}
    if ask.kind in ("text", "long_text"):
        return {ask.name: f"fresh{ask.cell.pick}"}
    return {ask.name: "fresh@example.org" if ask.kind == "email" else ask.value}


def _sent(values: Mapping[str, Any]) -> dict[str, Any]:
    return {n: pointer(v) if isinstance(v, dict) and "entity" in v else v for n, v in values.items()}


def create_with(ask: Ask) -> Pair:
    given = {THINGS[ask.entity].title: "fresh", **_given(ask)}
    if ask.entity == "step" and ask.name != "ticket":
        given["ticket"] = ask.person.world.records["ticket"][ask.cell.pick % 8]
    expected = ask.person.create(_new(ask.entity, **given), given)
    return expected, done(ask, Create(ask.entity, _sent(given)))


def update_one(ask: Ask) -> Pair:
    given = _given(ask)
    got = done(ask, Update(ask.entity, Target(UUID(ask.record["id"])), _sent(given)))
    expected = ask.person.update(ask.record, given)
    pointed = given.get(ask.name)
    if expected == "done" and isinstance(pointed, dict) and pointed is ask.record:
        return got, got  # a record below itself is another rule's business
    return expected, got


def delete_one(ask: Ask) -> Pair:
    record = ask.record
    held = any(not t["trashed"] for t in record.get("tickets", ()))
    return ask.person.delete(record, held=held), done(ask, Delete(ask.entity, Target(UUID(record["id"]))))


def restore_one(ask: Ask) -> Pair:
    trashed = [r for r in ask.person.world.records[ask.entity] if r["trashed"]]
    record = trashed[ask.cell.pick % len(trashed)]
    root = record["ticket"] if ask.entity == "step" else record
    return ask.person.restore(record, root), done(ask, Restore(ask.entity, Target(UUID(record["id"]))))


def transition_one(ask: Ask) -> Pair:
    step = TRANSITIONS[ask.name]
    return ask.person.step(ask.record, step), done(
        ask, Transition("ticket", Target(UUID(ask.record["id"])), ask.name)
    )


def link_one(ask: Ask) -> Pair:
    record = ask.person.world.records["ticket"][ask.cell.pick % 8]
    clients = ask.person.world.records["client"]
    target = next(c for c in clients[ask.cell.pick % 5 :] if c not in record["watchers"])
    got = done(ask, Link("ticket", Target(UUID(record["id"])), "watchers", pointer(target)))
    return ask.person.link(record, "watchers", target), got


def unlink_one(ask: Ask) -> Pair:
    record = ask.person.world.records["ticket"][ask.cell.pick % 8]
    target = record["watchers"][ask.cell.pick % 2]
    link = ask.stage.links[record["id"], target["id"]]
    expected = ask.person.link(record, "watchers", target)
    expected = "absent" if expected == "unfit" else expected
    return expected, done(ask, Unlink("ticket", Target(UUID(record["id"])), "watchers", link))


def upsert_one(ask: Ask) -> Pair:
    p, record = ask.person, ask.record
    given = {"name": "fresh", "code": record["code"]}
    got = done(ask, Upsert("region", "code", given))
    wrong = p.entity_wrong("region", "update")
    if wrong:
        return wrong, got
    if "code" not in p.names("region", "read"):
        return "unfit", got
    if p.sees(record) and p.value(record, "code") == record["code"]:
        return p.update(record, given), got
    expected = p.create(_new("region", **given), given)
    return ("conflict" if expected == "done" or _only_rows(p, given) else expected), got


def _only_rows(p: Person, given: Mapping[str, Any]) -> bool:
    """The unique key stands against it before the new row is looked at."""
    return p.can("region", "create") and not p.names_wrong("region", "create", given)


def batch_reference(ask: Ask) -> Pair:
    """A record made with the right to it, and one that points at it before anybody could look it up."""
    p, name = ask.person, f"fresh{ask.cell.pick}"
    region, client = {"name": "fresh", "code": name}, {"name": "fresh"}
    new = _new("region", **region)
    expected = p.create(new, region)
    if expected == "done":
        expected = p.create(_new("client", **client, region=new), {**client, "region": new}, fresh=["region"])
    commands = [Create("region", region, name="a"), Create("client", {**client, "region": {"ref": "a"}})]
    return expected, done(ask, *commands)


def nested_child(ask: Ask) -> Pair:
    record = ask.person.world.records["ticket"][ask.cell.pick % 8]
    p = ask.person
    expected = p.update(record, {"steps": record["steps"]})
    if expected == "done":
        new = _new("step", name="fresh", ticket=record)
        expected = p.names_wrong("step", "create", ["name"])
        if not expected:
            expected = "done" if p.may(new, "create") and p.gives(new, "create", "name") else "refused"
    values = {"steps": {"create": [{"name": "fresh"}]}}
    return expected, done(ask, Update("ticket", Target(UUID(record["id"])), values))
