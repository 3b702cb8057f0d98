"""From what a caller sent to Python values: names, types, references. All problems of all drafts at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from xrm.engine.access import always_readable
from xrm.engine.projection.contracts import ByKey, ByName
from xrm.engine.records.batch import Ledger, Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.permits import passing_rule, readable, rights, writable
from xrm.engine.records.targets import find_by_key, readable_ids
from xrm.errors import Invalid, Problem
from xrm.metadata.model import Relationship
from xrm.metadata.values import Ref


def read_inputs(setting: Setting, ledger: Ledger, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts with `parsed` and `nested` filled; raises Invalid with every problem of every draft.

    All drafts are of one entity and one operation.
    """
    if not drafts:
        return []
    machine, operation = drafts[0].machine, drafts[0].operation
    may_set, may_know = writable(setting, machine, operation), readable(setting, machine)
    read = [_read_one(draft, may_set, may_know) for draft in drafts]
    problems = [p for _, found in read for p in found]
    parsed = [draft for draft, _ in read]
    named = [_with_names(ledger, draft, problems) for draft in parsed]
    resolved = _with_keys(setting, named, problems)
    problems += _missing_targets(setting, ledger, resolved)
    if problems:
        raise Invalid(problems)
    return resolved


def _read_one(draft: Draft, may_set: frozenset[str], may_know: frozenset[str]) -> tuple[Draft, list[Problem]]:
    machine = draft.machine
    values, problems = machine.contract.load(
        draft.given,
        partial=not draft.is_new,
        writable=may_set - draft.preset.keys(),
        readable=may_know,
    )
    nested = {n: values.pop(n) for n in machine.nested_names & values.keys()}
    found = [p.under(draft.path) if draft.path else p for p in problems.found]
    return draft.with_(parsed=values, nested=nested), found


def _references(draft: Draft) -> Iterable[tuple[Relationship, Any]]:
    for relationship in draft.machine.pointers:
        value = draft.parsed.get(relationship.name)
        if value is not None:
            yield relationship, value


def _with_names(ledger: Ledger, draft: Draft, problems: list[Problem]) -> Draft:
    """References to earlier commands of the batch become references to their records."""
    found: dict[str, Ref] = {}
    for relationship, value in _references(draft):
        if not isinstance(value, ByName):
            continue
        try:
            ref = ledger.named(value.name, draft.where(relationship.name))
        except Invalid as refused:
            problems.extend(refused.problems)
            continue
        if not relationship.any and ref.entity not in relationship.targets:
            problems.append(wrong_target(draft, relationship, ref.entity))
        found[relationship.name] = ref
    return draft.with_(parsed={**draft.parsed, **found}) if found else draft


def wrong_target(draft: Draft, relationship: Relationship, entity: str) -> Problem:
    """The refusal of a record of an entity that the relationship does not lead to."""
    allowed = " or ".join(relationship.targets)
    message = f"A record of {entity} does not fit here."
    return draft.problem("R134", relationship.name, message, f"Give one of {allowed}.")


def _with_keys(setting: Setting, drafts: Sequence[Draft], problems: list[Problem]) -> list[Draft]:
    """References by alternate key become references to the records that have it."""
    return [_keys_of_one(setting, draft, problems) for draft in drafts]


def _keys_of_one(setting: Setting, draft: Draft, problems: list[Problem]) -> Draft:
    found: dict[str, Ref] = {}
    for relationship, value in _references(draft):
        if not isinstance(value, ByKey):
            continue
        try:
            found[relationship.name] = find_by_key(
                setting, relationship, value, draft.where(relationship.name)
            )
        except Invalid as refused:
            problems.extend(refused.problems)
    return draft.with_(parsed={**draft.parsed, **found}) if found else draft


def _missing_targets(setting: Setting, ledger: Ledger, drafts: Sequence[Draft]) -> list[Problem]:
    """Every reference leads to a live record that this actor may read; else it does not exist for them.

    Records of the same batch are taken as they are: they may be written only after this one.
    """
    here = frozenset(ledger.names.values())
    wanted: dict[str, dict[UUID, None]] = {}
    for draft in drafts:
        for relationship, value in _references(draft):
            name = relationship.name
            if isinstance(value, Ref) and value not in here and not _kept(setting, draft, name, value):
                wanted.setdefault(value.entity, {})[value.id] = None
    seen = {entity: readable_ids(setting, entity, list(ids)) for entity, ids in wanted.items()}
    return [
        draft.problem("R133", relationship.name, _absent(relationship), "Choose another record.")
        for draft in drafts
        for relationship, value in _references(draft)
        if isinstance(value, Ref) and value.id not in seen.get(value.entity, {value.id})
    ]


def _kept(setting: Setting, draft: Draft, name: str, value: Ref) -> bool:
    """A reference that the actor can read in the stored record is not looked at again."""
    if draft.old is None or draft.old.get(name) not in (value, value.id):
        return False
    known = rights(setting, draft.machine)
    is_system = name in always_readable(draft.machine.entity)
    rule = known.rows_for("read") if is_system else known.cell("read", name)
    return draft.id in passing_rule(setting, draft.machine, rule, [draft.id])


def _absent(relationship: Relationship) -> str:
    kind = "record" if relationship.any else " or ".join(relationship.targets)
    return f"There is no such {kind} for you."
