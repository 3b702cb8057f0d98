"""Rows, change log and search index, in one transaction: what is stored is also recorded and found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xrm.engine.commands import Change
from xrm.engine.records.batch import Ledger, Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.permits import by_machine
from xrm.engine.storage.search import SearchEntry
from xrm.errors import Conflict, Stale

UNLOGGED = frozenset(
    {
        "id",
        "version",
        "title",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "deletion",
        "state_since",
    }
)


def persist(setting: Setting, ledger: Ledger, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts are stored with their next version; what changed nothing keeps its version."""
    stamped = [_stamped(setting, draft) for draft in drafts]
    touched = [draft for draft in stamped if draft.is_new or draft.changed]
    for _, group in by_machine(touched):
        _insert(setting, [d for d in group if d.is_new])
        _update(setting, [d for d in group if not d.is_new])
        _index(setting, group)
    changes = [_change(setting, draft) for draft in touched]
    setting.log.append(setting.unit, setting.actor, changes)
    ledger.changes.extend(changes)
    return stamped


def _stamped(setting: Setting, draft: Draft) -> Draft:
    """System columns follow from who writes and when, never from the input."""
    if draft.old is not None and not draft.changed:
        return draft
    version = 1 if draft.old is None else draft.old["version"] + 1
    marks = {"version": version, "updated_at": setting.now, "updated_by": setting.actor.id}
    if draft.old is None:
        marks |= {"id": draft.id, "created_at": setting.now, "created_by": setting.actor.id}
    return draft.with_(new={**draft.new, **marks})


def _insert(setting: Setting, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    machine = drafts[0].machine
    try:
        machine.rows.insert(setting.unit, [machine.columns(d.new) for d in drafts])
    except Conflict as refused:
        raise _placed(refused, drafts) from refused


def _update(setting: Setting, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    updates = [(d.id, (d.old or {})["version"], _changed_columns(d)) for d in drafts]
    try:
        drafts[0].machine.rows.update_many(setting.unit, updates)
    except Stale:
        raise
    except Conflict as refused:
        raise _placed(refused, drafts) from refused


def _changed_columns(draft: Draft) -> dict[str, Any]:
    changed = {name: after for name, (_, after) in draft.changed.items() if name != "version"}
    return draft.machine.columns(changed)


def _placed(refused: Conflict, drafts: Sequence[Draft]) -> Conflict:
    """The database's refusal at the place of the record that caused it, where that is certain."""
    if len(drafts) != 1:
        return refused
    fields = refused.facts.get("fields") or ()
    name = next(iter(fields), "") if isinstance(fields, tuple | list) else ""
    placed = [p.at(drafts[0].where(p.where.path or name)) for p in refused.problems]
    return type(refused)(placed, facts=refused.facts)


def _index(setting: Setting, drafts: Sequence[Draft]) -> None:
    """The search index holds the words of live records and of no others."""
    machine = drafts[0].machine
    live = [d for d in drafts if d.new.get("deleted_at") is None and _is_searched(d)]
    gone = [d.id for d in drafts if d.new.get("deleted_at") is not None]
    if gone:
        setting.index.remove(setting.unit, gone)
    if live:
        entries = [SearchEntry(machine.number, d.id, machine.words(d.new)) for d in live]
        setting.index.put(setting.unit, entries, fresh=all(d.is_new for d in live))


def _is_searched(draft: Draft) -> bool:
    changed = draft.changed
    return draft.is_new or "deleted_at" in changed or any(n in changed for n in draft.machine.searched)


def _change(setting: Setting, draft: Draft) -> Change:
    names = [n for n in draft.changed if n not in UNLOGGED and n not in draft.machine.untracked]
    old: Mapping[str, Any] = draft.old or {}
    return Change(
        entity=draft.machine.entity.name,
        record=draft.id,
        version=draft.new["version"],
        operation=draft.operation,
        before={} if draft.is_new else {n: draft.machine.json(n, old.get(n)) for n in names},
        after={n: draft.machine.json(n, draft.new.get(n)) for n in names},
        at=setting.now,
        title=draft.new["title"],
        reason=draft.reason,
    )
