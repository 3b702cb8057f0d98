"""Locked states: such a record, its parts and its links change by a transition and in no other way.

One thing more is possible: what planted a record may take it away. A sample invoice that is paid is no fact of
anybody's books, and it goes with the rest of the sample data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.holding import hold_records
from xrm.engine.records.permits import by_writer
from xrm.engine.records.writer import Writer
from xrm.errors import Conflict, Problem
from xrm.metadata.model import STATE, State, text_of
from xrm.metadata.values import Ref

_HINT = "Take a transition out of it."
_NOBODY: frozenset[UUID] = frozenset()


def refuse_locked(setting: Setting, drafts: Sequence[Draft], within: Collection[UUID] = _NOBODY) -> None:
    """No draft changes a locked record or a part of one; raises Conflict.

    The records of `within` are of the same act and answer for themselves.
    """
    for draft in drafts:
        state = _locking(draft.writer, draft.old)
        if _is_taken_back(setting, draft, draft.old or {}):
            continue
        if state is not None and draft.operation not in ("transition", "restore") and _changes(draft):
            raise Conflict(_problem(draft, state))
    _refuse_parts(setting, drafts, within)


def refuse_taken(
    setting: Setting, drafts: Sequence[Draft], asked: Sequence[Draft], within: Collection[UUID]
) -> None:
    """Deleting what is asked takes or empties no locked record; of others than those asked nothing is told."""
    named = {draft.id for draft in asked}
    refuse_locked(setting, [draft for draft in drafts if draft.id in named], within)
    try:
        refuse_locked(setting, [draft for draft in drafts if draft.id not in named], within)
    except Conflict as refused:
        message = "A record in a locked state would change with it."
        raise Conflict(Problem("R150", message, "Unlock that record first.", asked[0].where(""))) from refused


def _is_taken_back(setting: Setting, draft: Draft, locked: Mapping[str, Any]) -> bool:
    """Whether the system actor that made the locked record is deleting."""
    actor = setting.actor
    return actor.is_system and draft.operation == "delete" and locked.get("created_by") == actor.id


def _changes(draft: Draft) -> bool:
    return draft.is_new or bool(draft.nested or draft.link or draft.changed)


def _locking(writer: Writer, values: Mapping[str, Any] | None) -> State | None:
    """The state of a stored record if it is a locked one."""
    lifecycle = writer.entity.lifecycle
    return lifecycle.lock(values[STATE]) if lifecycle and values else None


def _problem(draft: Draft, state: State) -> Problem:
    label = text_of(state.label, "en", state.name)
    return Problem("R150", f"The record is {label} and locked.", _HINT, draft.where(""))


# --- parts ------------------------------------------------------------------------------------------


def _refuse_parts(setting: Setting, drafts: Sequence[Draft], within: Collection[UUID]) -> None:
    """Level by level upwards: what a draft is part of, or becomes part of, is not locked."""
    above: dict[Ref, Draft] = {}
    for writer, group in by_writer(drafts):
        if _is_part(setting, writer):
            for draft in filter(_changes, group):
                above.update(dict.fromkeys(_wholes(draft), draft))
    seen: set[Ref] = set()
    while above := {ref: d for ref, d in above.items() if ref.id not in within and ref not in seen}:
        seen.update(above)
        above = _next_level(setting, above)


def _next_level(setting: Setting, above: Mapping[Ref, Draft]) -> dict[Ref, Draft]:
    hold_records(setting, above)
    following: dict[Ref, Draft] = {}
    for entity in sorted({ref.entity for ref in above}):
        writer = setting.writers[entity]
        ids = [ref.id for ref in above if ref.entity == entity]
        for record, values in writer.load(setting.unit, ids).items():
            draft = above[Ref(entity, record)]
            if _locking(writer, values) is not None and not _is_taken_back(setting, draft, values):
                raise Conflict(Problem("R150", "It is part of a locked record.", _HINT, draft.where("")))
            following.update(dict.fromkeys(_parents(writer, values), draft))
    return following


def _wholes(draft: Draft) -> Iterable[Ref]:
    """Those that a draft leaves and those that it enters; what it is written inside of is known."""
    for values in (draft.old or {}, draft.new):
        yield from (ref for ref in _parents(draft.writer, values) if ref not in draft.preset.values())


def _parents(writer: Writer, values: Mapping[str, Any]) -> Iterable[Ref]:
    for relationship in writer.lookups:
        ref = values.get(relationship.name)
        if relationship.is_parent and isinstance(ref, Ref):
            yield ref


def _is_part(setting: Setting, writer: Writer, seen: frozenset[str] = frozenset()) -> bool:
    """True when what records of the entity are part of can be locked."""
    return any(
        _can_lock(above) or _is_part(setting, above, seen | {writer.name})
        for relationship in writer.lookups
        if relationship.is_parent
        for above in (setting.writers[t] for t in relationship.targets if t not in seen)
    )


def _can_lock(writer: Writer) -> bool:
    lifecycle = writer.entity.lifecycle
    return lifecycle is not None and any(state.locked for state in lifecycle.states.values())
