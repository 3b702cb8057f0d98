"""Owned children and links that are written inside a record: commands of their own, in the same act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xrm.engine.commands import Link, Target, Unlink
from xrm.engine.records import linking, permits, removal
from xrm.engine.records.batch import Setting, Tally, apart
from xrm.engine.records.checking import alone_problems
from xrm.engine.records.computing import compute
from xrm.engine.records.draft import Draft
from xrm.engine.records.inputs import read_inputs
from xrm.engine.records.writer import Writer
from xrm.errors import Invalid, Problem
from xrm.metadata.model import Relationship, Shape
from xrm.metadata.values import Ref

Write = Callable[[Setting, Tally, Sequence[Draft], str], list[Draft]]


def write_nested(setting: Setting, tally: Tally, drafts: Sequence[Draft], write: Write) -> None:
    """Everything that the drafts carry for their children and links is written."""
    for draft in drafts:
        if draft.link is not None:
            _link(setting, tally, draft, draft.link, draft.link.relationship)
        for name, parts in draft.nested.items():
            if parts is None:
                continue
            relationship = draft.writer.entity.relationships[name]
            if relationship.shape is Shape.MANY:
                _links(setting, tally, draft, name, parts)
            else:
                _children(setting, tally, draft, relationship, parts, write)


def nested_problems(setting: Setting, tally: Tally, drafts: Sequence[Draft]) -> list[Problem]:
    """What is wrong with the children of drafts that are refused, as far as they can be judged without these."""
    problems: list[Problem] = []
    for draft in drafts:
        for name, parts in draft.nested.items():
            relationship = draft.writer.entity.relationships[name]
            if parts is not None and relationship.shape is not Shape.MANY:
                problems += _problems_of_new(setting, tally, draft, relationship, parts["create"])
                problems += _problems_of_changed(setting, tally, draft, relationship, parts["update"])
    return problems


def _problems_of_new(
    setting: Setting,
    tally: Tally,
    parent: Draft,
    relationship: Relationship,
    items: Sequence[Mapping[str, Any]],
) -> list[Problem]:
    _, lookup = _stored_side(relationship)
    unborn = [draft.without({lookup}) for draft in _new(setting, parent, relationship, items)]
    read, problems = read_inputs(setting, tally, unborn)
    made = compute(setting, read)
    return [*problems, *alone_problems(setting, made), *nested_problems(setting, tally, made)]


def _problems_of_changed(
    setting: Setting,
    tally: Tally,
    parent: Draft,
    relationship: Relationship,
    items: Sequence[Mapping[str, Any]],
) -> list[Problem]:
    """Their values only: whether the actor may change them is asked later, and rules read what is stored."""
    child, lookup = _stored_side(relationship)
    writer, problems = setting.writers[child], list[Problem]()
    for part in apart(enumerate(items), lambda pair: pair[1]["id"]):
        try:
            changed = _stored(setting, parent, relationship.name, writer, lookup, part)
        except Invalid as refused:
            return [*problems, *refused.problems]
        read, found = read_inputs(setting, tally, changed)
        problems += [*found, *nested_problems(setting, tally, read)]
    return problems


def _links(setting: Setting, tally: Tally, draft: Draft, name: str, parts: Mapping[str, Any]) -> None:
    entity, target = draft.writer.entity.name, Target(draft.id)
    for index, item in enumerate(parts["create"]):
        given = dict(item)
        to = given.pop("to", None) or {k: given.pop(k) for k in ("id", "entity", "key", "ref") if k in given}
        _link(setting, tally, draft, Link(entity, target, name, to, given), f"{name}.create[{index}]")
    for index, item in enumerate(parts["update"]):
        linking.change(setting, tally, draft, name, item, f"{name}.update[{index}]")
    for index, link in enumerate(parts["delete"]):
        _link(setting, tally, draft, Unlink(entity, target, name, link), f"{name}.delete[{index}]")


def _link(setting: Setting, tally: Tally, draft: Draft, command: Link | Unlink, at: str) -> None:
    if isinstance(command, Link):
        linking.link(setting, tally, draft, command, at)
    else:
        linking.unlink(setting, tally, draft, command, at)


def _children(
    setting: Setting,
    tally: Tally,
    parent: Draft,
    relationship: Relationship,
    parts: Mapping[str, Any],
    write: Write,
) -> None:
    child, lookup = _stored_side(relationship)
    writer = setting.writers[child]
    _delete(setting, tally, parent, relationship.name, writer, lookup, parts["delete"])
    for items in apart(enumerate(parts["update"]), lambda pair: pair[1]["id"]):
        changed = _stored(setting, parent, relationship.name, writer, lookup, items)
        permits.require_rows(setting, changed, "update")
        write(setting, tally, changed, "update")
    if parts["create"]:
        write(setting, tally, _new(setting, parent, relationship, parts["create"]), "create")


def _new(
    setting: Setting, parent: Draft, relationship: Relationship, items: Sequence[Mapping[str, Any]]
) -> list[Draft]:
    """A draft per child to create."""
    child, lookup = _stored_side(relationship)
    writer, here = setting.writers[child], Ref(parent.writer.entity.name, parent.id)
    paths = (_path(parent, relationship.name, "create", index) for index in range(len(items)))
    return [
        Draft(
            writer,
            "create",
            setting.world.new_id(),
            path,
            given=item,
            preset={lookup: here},
            accepted=parent.accepted,
        )
        for path, item in zip(paths, items, strict=True)
    ]


def _stored_side(relationship: Relationship) -> tuple[str, str]:
    if relationship.of is None:
        raise AssertionError("an inverse side always names the stored one")
    return relationship.of


def _path(parent: Draft, name: str, verb: str, index: int) -> str:
    tail = f"{name}.{verb}[{index}]"
    return f"{parent.path}.{tail}" if parent.path else tail


def _stored(
    setting: Setting,
    parent: Draft,
    name: str,
    writer: Writer,
    lookup: str,
    items: Sequence[tuple[int, Mapping[str, Any]]],
) -> list[Draft]:
    """A draft per child to update, each at its index; a child of another record is refused."""
    ids = [item["id"] for _, item in items]
    stored = writer.load(setting.unit, ids, lock=True)
    drafts = []
    for index, item in items:
        path = _path(parent, name, "update", index)
        values = {k: v for k, v in item.items() if k != "id"}
        here = {lookup: Ref(parent.writer.entity.name, parent.id)}
        draft = Draft(
            writer, "update", item["id"], path, given=values, preset=here, old=stored.get(item["id"])
        ).with_(accepted=parent.accepted)
        _require_child(draft, parent, lookup)
        drafts.append(draft)
    return drafts


def _require_child(draft: Draft, parent: Draft, lookup: str) -> None:
    here = Ref(parent.writer.entity.name, parent.id)
    if draft.old is None or draft.old.get(lookup) != here or draft.old["deleted_at"] is not None:
        raise Invalid(draft.problem("R133", "id", "This record does not belong here.", "Reload the form."))


def _delete(
    setting: Setting,
    tally: Tally,
    parent: Draft,
    name: str,
    writer: Writer,
    lookup: str,
    ids: Sequence[Any],
) -> None:
    if not ids:
        return
    stored = writer.load(setting.unit, list(ids), lock=True)
    drafts = [
        Draft(writer, "delete", record, _path(parent, name, "delete", index), old=stored.get(record))
        for index, record in enumerate(ids)
    ]
    for draft in drafts:
        _require_child(draft, parent, lookup)
    permits.require_rows(setting, drafts, "delete")
    removal.remove(setting, tally, drafts, {parent.id})
