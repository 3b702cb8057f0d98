"""From what a caller sent to Python values: names, types, references. All problems of all drafts at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from xrm.engine.access import always_readable
from xrm.engine.access.names import ReaderNames
from xrm.engine.projection.contracts import ByKey, ByName
from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.draft import Draft
from xrm.engine.records.permits import passing_rule, readable, rights, writable
from xrm.engine.records.targets import find_by_key, readable_of
from xrm.engine.records.writer import Writer
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.model import Relationship
from xrm.metadata.values import Ref

Pointer = tuple[int, Relationship, Any]


Found = list[tuple[int, str, Problem]]


def read_inputs(setting: Setting, tally: Tally, drafts: Sequence[Draft]) -> tuple[list[Draft], list[Problem]]:
    """The drafts with `parsed` and `nested` filled, and every problem of every draft.

    All drafts are of one entity and one operation. A value with a problem is not among those of its draft.
    """
    if not drafts:
        return [], []
    values, problems = _read(setting, drafts)
    pointers = _pointers(drafts[0].writer, values)
    pointers = [
        pointer if isinstance(pointer[2], Ref) else _named(setting, tally, drafts, values, pointer, problems)
        for pointer in pointers
    ]
    problems += _missing_targets(setting, tally, drafts, pointers)
    problems += _unread(setting, drafts, values)
    filled = [_filled(draft, parsed) for draft, parsed in zip(drafts, values, strict=True)]
    return _refused(filled, problems), [problem for _, _, problem in problems]


def _refused(drafts: list[Draft], problems: Found) -> list[Draft]:
    """The drafts without the values that have problems."""
    names: dict[int, set[str]] = {}
    for place, name, _ in problems:
        names.setdefault(place, set()).add(name)
    for place, refused in names.items():
        draft = drafts[place]
        kept = {n: value for n, value in draft.parsed.items() if n not in refused}
        drafts[place] = draft.with_(parsed=kept).without(refused)
    return drafts


def _read(setting: Setting, drafts: Sequence[Draft]) -> tuple[list[dict[str, Any]], Found]:
    """What was given as Python values, draft by draft, and what is wrong with it."""
    writer, operation = drafts[0].writer, drafts[0].operation
    may_set, may_know = writable(setting, writer, operation), readable(setting, writer)
    values, found = writer.contract.load_many(
        [draft.given for draft in drafts],
        partial=not drafts[0].is_new,
        writable=may_set.difference(*{frozenset(draft.preset) for draft in drafts if draft.preset}),
        readable=may_know,
    )
    problems = [
        (place, _name_in(p), p.under(drafts[place].path) if drafts[place].path else p)
        for place in sorted(found)
        for p in found[place]
    ]
    return values, problems


def _name_in(problem: Problem) -> str:
    """The field or relationship at whose value the problem is."""
    return re.split(r"[.\[]", problem.where.path, maxsplit=1)[0]


def _filled(draft: Draft, values: dict[str, Any]) -> Draft:
    nested = {n: values.pop(n) for n in draft.writer.nested_names & values.keys()}
    return draft.with_(parsed=values, nested=nested)


def _pointers(writer: Writer, values: Sequence[Mapping[str, Any]]) -> list[Pointer]:
    """Everything that points at a record: whose it is, by which relationship, and where it points."""
    return [
        (place, relationship, value)
        for relationship in writer.pointers
        for place, parsed in enumerate(values)
        if (value := parsed.get(relationship.name)) is not None
    ]


def _named(
    setting: Setting,
    tally: Tally,
    drafts: Sequence[Draft],
    values: Sequence[dict[str, Any]],
    pointer: Pointer,
    problems: Found,
) -> Pointer:
    """A pointer by name or by alternate key leads to the record itself from here on."""
    place, relationship, value = pointer
    try:
        found = _found(setting, tally, drafts[place], relationship, value)
    except Invalid as refused:
        problems.extend((place, relationship.name, problem) for problem in refused.problems)
        return pointer
    values[place][relationship.name] = found
    return place, relationship, found


def _found(
    setting: Setting, tally: Tally, draft: Draft, relationship: Relationship, value: ByName | ByKey
) -> Ref:
    where = draft.where(relationship.name)
    if isinstance(value, ByKey):
        return find_by_key(setting, relationship, value, where)
    found = tally.named(value.name, where)
    if not relationship.any and found.entity not in relationship.targets:
        raise Invalid(wrong_target(draft, relationship, found.entity))
    return found


def wrong_target(draft: Draft, relationship: Relationship, entity: str) -> Problem:
    """The refusal of a record of an entity that the relationship does not lead to."""
    allowed = " or ".join(relationship.targets)
    message = f"A record of {entity} does not fit here."
    return draft.problem("R134", relationship.name, message, f"Give one of {allowed}.")


def _missing_targets(
    setting: Setting, tally: Tally, drafts: Sequence[Draft], pointers: Sequence[Pointer]
) -> Found:
    """Every reference leads to a live record that this actor may read; else it does not exist for them.

    Records of the same batch are taken as they are: they may be written only after this one.
    """
    here, kept = frozenset(tally.names.values()), _kept(setting, drafts, pointers)
    wanted: dict[str, set[UUID]] = {}
    for place, relationship, value in pointers:
        if not isinstance(value, Ref) or (here and value in here) or (place, relationship.name) in kept:
            continue
        wanted.setdefault(value.entity, set()).add(value.id)
    seen = readable_of(setting, {entity: list(ids) for entity, ids in wanted.items()})
    missing = {entity: ids - seen[entity] for entity, ids in wanted.items()}
    if not any(missing.values()):
        return []
    return [
        (place, relationship.name, _absent(drafts[place], relationship))
        for place, relationship, value in pointers
        if isinstance(value, Ref)
        and value.id in missing.get(value.entity, ())
        and (place, relationship.name) not in kept
    ]


def _unread(setting: Setting, drafts: Sequence[Draft], values: Sequence[Mapping[str, Any]]) -> Found:
    """What is wrong with expressions that are given, over what this actor may read."""
    found: Found = []
    for name, entity in drafts[0].writer.programs.expressions.items():
        names = ReaderNames(setting.writers.names, setting.policy, setting.actor)
        for place, parsed in enumerate(values):
            old = drafts[place].old or {}
            if parsed.get(name) and parsed[name] != old.get(name):
                problems = _unreadable(setting, entity, names, parsed[name], drafts[place].where(name))
                found += [(place, name, problem) for problem in problems]
    return found


def _unreadable(
    setting: Setting, entity: str, names: ReaderNames, text: str, where: Place
) -> Sequence[Problem]:
    """What the actor may not ask: an expression that is kept is judged with nobody's eyes, over every record."""
    read = check(text, entity, names, place=where)
    if not isinstance(read, Expression):
        return [replace(p, message=f"At character {p.where.column}: {p.message}") for p in read]
    if setting.policy.gives_all(setting.actor, entity, read.tree):
        return []
    message = "It asks for values of which you may read only some, and its answer would tell the others."
    return [Problem("R176", message, "Ask only for what you may read of every record.", where)]


def _kept(
    setting: Setting, drafts: Sequence[Draft], pointers: Sequence[Pointer]
) -> frozenset[tuple[int, str]]:
    """References that the actor can read in the stored records are not looked at again."""
    same: dict[str, list[int]] = {}
    for place, relationship, value in pointers:
        old = drafts[place].old
        if old is not None and old.get(relationship.name) in (value, getattr(value, "id", value)):
            same.setdefault(relationship.name, []).append(place)
    found: set[tuple[int, str]] = set()
    for name, places in same.items():
        writer = drafts[0].writer
        known = rights(setting, writer)
        is_system = name in always_readable(writer.entity)
        rule = known.rows_for("read") if is_system else known.cell("read", name)
        seen = passing_rule(setting, writer, rule, [drafts[place].id for place in places])
        found.update((place, name) for place in places if drafts[place].id in seen)
    return frozenset(found)


def _absent(draft: Draft, relationship: Relationship) -> Problem:
    kind = "record" if relationship.any else " or ".join(relationship.targets)
    message = f"There is no such {kind} for you."
    return draft.problem("R133", relationship.name, message, "Choose another record.")
