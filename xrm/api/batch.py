"""`POST /batch`: several commands in one transaction, later ones naming records of earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from xrm.api.answers import Answer, answer
from xrm.api.call import ACCEPT, Call
from xrm.api.codes import over, unreadable
from xrm.api.duplicates import MERGE_KEYS, read_merge
from xrm.api.named import Written
from xrm.api.records import told
from xrm.api.shapes import as_object, known_keys, object_at, text, uuid
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

Item = dict[str, Any]
TARGET = ("id", "ref", "key")
DUPLICATES = "duplicates"


def batch(call: Call) -> Answer:
    """All commands are done, or none."""
    call.allow_only()
    body = known_keys(call.object(), "commands")
    items = body.get("commands")
    if not isinstance(items, list) or not items:
        raise unreadable("H105", "commands must be a list with at least one command.", "", "commands")
    if len(items) > call.limits.batch_commands:
        raise over(call.limits, "batch_commands")
    read = (read_command(item, f"commands[{i}]") for i, item in enumerate(items))
    commands = [present_command(call, command) for command in read]
    call.writes(*map(_written, commands))
    return answer({"data": [told(r) for r in call.execute(commands).results]})


def read_command(raw: Any, path: str) -> Command:
    """The command that one item of a batch says; its verb is the key that holds the entity's name."""
    item = as_object(raw, path)
    verbs = [key for key in item if key in VERBS]
    if len(verbs) != 1:
        hint = f"Give one of {', '.join(VERBS)}, with the name of an entity."
        raise unreadable("H105", "The command does not say what to do.", hint, path)
    keys, read = VERBS[verbs[0]]
    known_keys(item, verbs[0], *keys, path=path)
    return read(text(item, verbs[0], path), item, path)


def present_command(call: Call, command: Command) -> Command:
    """The command by present names."""
    said: Any = command
    entity = call.former.entity(said.entity)
    values = getattr(said, "values", {})
    call.former.values(entity, values)
    changed = {}
    if isinstance(said, Upsert):
        changed["by"] = call.former.key(entity, said.by)
    if isinstance(said, Link | Unlink):
        changed["relationship"] = call.former.member(entity, said.relationship)
    made: Command = replace(said, entity=entity, **changed)
    return made


def _written(command: Command) -> Written:
    """What the command says of its entity; the values of a link are none of that."""
    said: Any = command
    if isinstance(said, Link | Unlink):
        return said.entity, {said.relationship: None}
    return said.entity, getattr(said, "values", {})


def _target(item: Item, path: str) -> Target:
    given = [name for name in TARGET if item.get(name) is not None]
    if len(given) != 1:
        raise unreadable("H105", "The command must name one record.", "Give id, ref or key.", path)
    key = as_object(item["key"], f"{path}.key") if "key" in given else None
    return Target(uuid(item, "id", path), text(item, "ref", path), key)


def _version(item: Item, path: str) -> int | None:
    version = item.get("version")
    if version is None or (isinstance(version, int) and not isinstance(version, bool)):
        return version
    raise unreadable("H105", "version must be a whole number.", "", f"{path}.version")


def _accepts(item: Item, path: str) -> bool:
    said = text(item, DUPLICATES, path)
    if said not in ("", ACCEPT):
        raise unreadable("H105", f"{DUPLICATES} is {said!r}.", f"Say {ACCEPT}.", f"{path}.{DUPLICATES}")
    return said == ACCEPT


def _create(entity: str, item: Item, path: str) -> Command:
    values, name = object_at(item, "values", path), text(item, "name", path)
    return Create(entity, values, name, accept_duplicates=_accepts(item, path))


def _update(entity: str, item: Item, path: str) -> Command:
    target, version = _target(item, path), _version(item, path)
    return Update(entity, target, object_at(item, "values", path), version, _accepts(item, path))


def _upsert(entity: str, item: Item, path: str) -> Command:
    by, name = text(item, "by", path), text(item, "name", path)
    return Upsert(entity, by, object_at(item, "values", path), name, _accepts(item, path))


def _delete(entity: str, item: Item, path: str) -> Command:
    return Delete(entity, _target(item, path), _version(item, path))


def _restore(entity: str, item: Item, path: str) -> Command:
    return Restore(entity, _target(item, path))


def _transition(entity: str, item: Item, path: str) -> Command:
    target, version = _target(item, path), _version(item, path)
    step, reason = text(item, "take", path), text(item, "reason", path)
    values, accepted = object_at(item, "values", path), _accepts(item, path)
    return Transition(entity, target, step, values, version, reason, accepted)


def _link(entity: str, item: Item, path: str) -> Command:
    relationship = text(item, "relationship", path)
    return Link(entity, _target(item, path), relationship, item.get("to"), object_at(item, "values", path))


def _merge(entity: str, item: Item, path: str) -> Command:
    return read_merge(entity, _target(item, path), item, path, _version(item, path))


def _unlink(entity: str, item: Item, path: str) -> Command:
    link = uuid(item, "link_id", path)
    if link is None:
        raise unreadable("H105", "link_id is missing.", "Give the id of the link.", path)
    return Unlink(entity, _target(item, path), text(item, "relationship", path), link)


VERBS: Mapping[str, tuple[tuple[str, ...], Callable[[str, Item, str], Command]]] = MappingProxyType(
    {
        "create": (("name", "values", DUPLICATES), _create),
        "update": ((*TARGET, "values", "version", DUPLICATES), _update),
        "upsert": (("by", "name", "values", DUPLICATES), _upsert),
        "delete": ((*TARGET, "version"), _delete),
        "restore": (TARGET, _restore),
        "transition": ((*TARGET, "take", "values", "reason", "version", DUPLICATES), _transition),
        "link": ((*TARGET, "relationship", "to", "values"), _link),
        "merge": ((*TARGET, *MERGE_KEYS, "version"), _merge),
        "unlink": ((*TARGET, "relationship", "link_id"), _unlink),
    }
)
