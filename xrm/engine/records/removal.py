"""Delete and restore: one act takes a record and what belongs to it to the trash, and brings it all back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.draft import Draft
from xrm.engine.records.incoming import Incoming, incoming, live_children
from xrm.engine.records.locked import refuse_taken
from xrm.engine.records.permits import passing
from xrm.engine.records.persisting import persist
from xrm.engine.records.targets import live_of
from xrm.engine.records.writer import Writer
from xrm.engine.storage.entity_tables import StoredLookup
from xrm.engine.storage.ledger import DELETED, DELETION
from xrm.engine.storage.merges import answering
from xrm.errors import Conflict, Place, Problem, TooLarge
from xrm.metadata.model import text_of
from xrm.metadata.values import Ref

Found = dict[str, dict[UUID, None]]


@dataclass(slots=True)
class Removal:
    """What one act removes, and which lookups it empties, found level by level."""

    records: Found = field(default_factory=dict)
    cleared: list[tuple[Writer, StoredLookup, UUID]] = field(default_factory=list)
    held: list[tuple[str, UUID]] = field(default_factory=list)

    def add(self, entity: str, ids: Iterable[UUID]) -> list[UUID]:
        """The ids that were not known to go yet; now they are."""
        known = self.records.setdefault(entity, {})
        fresh = [i for i in ids if i not in known]
        known.update(dict.fromkeys(fresh))
        return fresh

    @property
    def size(self) -> int:
        """How many records go."""
        return sum(len(ids) for ids in self.records.values())


def plan_removal(setting: Setting, drafts: Sequence[Draft]) -> Removal:
    """All that goes when these records go; raises Conflict naming every record that still needs them."""
    removal = Removal()
    frontier: dict[str, list[UUID]] = {}
    for draft in drafts:
        entity = draft.writer.entity.name
        frontier.setdefault(entity, []).extend(removal.add(entity, [draft.id]))
    while frontier:
        frontier = _next_level(setting, removal, frontier)
        if removal.size > setting.limits.cascade_records:
            raise too_many(setting)
    _refuse_held(setting, removal, drafts)
    return removal


def too_many(setting: Setting) -> TooLarge:
    """The refusal of an act on more records than the limit."""
    most = setting.limits.cascade_records
    problem = Problem(
        "L131", f"This act would move more than {most} records.", "Delete the related records first."
    )
    return TooLarge(problem, facts={"limit": "cascade_records"})


def _next_level(setting: Setting, removal: Removal, frontier: dict[str, list[UUID]]) -> dict[str, list[UUID]]:
    following: dict[str, list[UUID]] = {}
    for entity, ids in frontier.items():
        for source in incoming(setting, entity):
            children = live_children(setting, source, entity, ids)
            _sort_out(removal, following, source, children)
    return following


def _sort_out(
    removal: Removal, following: dict[str, list[UUID]], source: Incoming, children: list[UUID]
) -> None:
    """Children go too, lose their link, or hold the parent, as the relationship says."""
    relationship = source.lookup.relationship
    name = source.writer.entity.name
    if not children:
        return
    if relationship.is_parent or relationship.on_delete == "cascade":
        following.setdefault(name, []).extend(removal.add(name, children))
    elif relationship.on_delete == "clear":
        removal.cleared.extend((source.writer, source.lookup, child) for child in children)
    else:
        removal.held.extend((name, child) for child in children)


def _refuse_held(setting: Setting, removal: Removal, drafts: Sequence[Draft]) -> None:
    """A record that still has children outside the act stays; children that go with it do not count.

    The refusal tells of those that the actor may read.
    """
    holding: dict[str, list[UUID]] = {}
    for name, child in dict.fromkeys(removal.held):
        if child not in removal.records.get(name, {}):
            holding.setdefault(name, []).append(child)
    if not holding:
        return
    seen = {name: passing(setting, setting.writers[name], "read", ids) for name, ids in holding.items()}
    listed = ", ".join(f"{_called(setting, name)} ({len(ids)})" for name, ids in seen.items() if ids)
    message = "Other records still belong to it" + (f": {listed}." if listed else ".")
    raise Conflict(Problem("R141", message, "Move or delete them first.", Place(path=drafts[0].path)))


def _called(setting: Setting, name: str) -> str:
    return text_of(setting.writers[name].entity.plural, setting.actor.language, name)


def remove(
    setting: Setting,
    tally: Tally,
    drafts: Sequence[Draft],
    within: Collection[UUID] = frozenset(),
    reason: str = "",
) -> list[Draft]:
    """These records are in the trash, and what goes with them: one act, to be undone as one.

    `within` are records that are being written around this act; the log keeps its `reason`.
    """
    removal = plan_removal(setting, drafts)
    act = setting.world.new_id()
    cleared, removed = cleared_drafts(setting, removal), removed_drafts(setting, removal, act, reason)
    refuse_taken(setting, [*cleared, *removed], drafts, {*within, *(draft.id for draft in removed)})
    persist(setting, tally, cleared)
    gone = {draft.id: draft for draft in persist(setting, tally, removed)}
    record_act(setting, act, drafts[0], removal)
    return [gone[draft.id] for draft in drafts]


# --- the act ----------------------------------------------------------------------------------------


def removed_drafts(setting: Setting, removal: Removal, act: UUID, reason: str = "") -> list[Draft]:
    """A draft for every record that goes, with the marks of the act."""
    drafts = []
    for entity, ids in removal.records.items():
        writer = setting.writers[entity]
        for record_id, values in writer.load(setting.unit, list(ids), lock=True).items():
            new = {**values, "deleted_at": setting.now, "deletion": act}
            drafts.append(
                Draft(writer, "delete", record_id, old=values, new=new, deletion=act, reason=reason)
            )
    return drafts


def cleared_drafts(setting: Setting, removal: Removal) -> list[Draft]:
    """A draft for every record that stays and loses a link to one that goes."""
    losing: dict[tuple[str, UUID], list[str]] = {}
    for writer, lookup, child in removal.cleared:
        if child not in removal.records.get(writer.entity.name, {}):
            losing.setdefault((writer.entity.name, child), []).append(lookup.name)
    drafts = []
    for (entity, child), names in losing.items():
        writer = setting.writers[entity]
        values = writer.load(setting.unit, [child], lock=True)[child]
        drafts.append(Draft(writer, "update", child, old=values, new={**values, **dict.fromkeys(names)}))
    return drafts


def record_act(setting: Setting, act: UUID, first: Draft, removal: Removal) -> None:
    """The act and all that it took are written down, so that it can be undone as one."""
    setting.unit.execute(
        sa.insert(DELETION),
        {
            "id": act,
            "at": setting.now,
            "actor": setting.actor.id,
            "entity": first.writer.number,
            "record": first.id,
        },
    )
    rows: list[dict[str, Any]] = [
        {"deletion": act, "entity": setting.writers[entity].number, "record": record}
        for entity, ids in removal.records.items()
        for record in ids
    ]
    setting.unit.execute(sa.insert(DELETED), rows)


# --- restore ----------------------------------------------------------------------------------------


def restored_drafts(setting: Setting, draft: Draft) -> list[Draft]:
    """A draft for every record of the act that removed this one; raises Conflict for a trashed parent."""
    act = (draft.old or {})["deletion"]
    chosen = sa.select(DELETED.c.entity, DELETED.c.record).where(DELETED.c.deletion == act)
    by_number: dict[int, list[UUID]] = {}
    for row in setting.unit.execute(chosen).all():
        by_number.setdefault(row.entity, []).append(row.record)
    drafts = [
        Draft(
            writer,
            "restore",
            record,
            draft.path,
            old=values,
            new={**values, "deleted_at": None, "deletion": None},
        )
        for writer in setting.writers
        for record, values in writer.load(setting.unit, by_number.get(writer.number, []), lock=True).items()
        if values["deletion"] == act
    ]
    return _with_live_targets(setting, drafts, draft)


def _with_live_targets(setting: Setting, drafts: Sequence[Draft], first: Draft) -> list[Draft]:
    """What comes back points at live records only.

    A lookup that a deletion clears is cleared, as it would have been had the record been there; any other
    one is refused.
    """
    coming = {draft.id for draft in drafts}
    drafts = _by_those_that_answer(setting, drafts, coming)
    wanted: dict[str, set[UUID]] = {}
    for draft in drafts:
        for ref in _pointed(draft):
            if ref.id not in coming:
                wanted.setdefault(ref.entity, set()).add(ref.id)
    live = coming.union(*_live(setting, wanted))
    return [_without_lost(draft, live, first) for draft in drafts]


def _by_those_that_answer(setting: Setting, drafts: Sequence[Draft], coming: Collection[UUID]) -> list[Draft]:
    """What points at a record that was merged since points at the one that answers for it."""
    pointed = {ref.id for draft in drafts for ref in _pointed(draft)} - {*coming}
    kept = answering(setting.unit, pointed)
    if not kept:
        return list(drafts)
    return [
        draft.with_(
            new={
                name: Ref(value.entity, kept[value.id]) if _is_among(value, kept) else value
                for name, value in draft.new.items()
            }
        )
        for draft in drafts
    ]


def _is_among(value: Any, kept: Mapping[UUID, UUID]) -> bool:
    return isinstance(value, Ref) and value.id in kept


def _live(setting: Setting, wanted: Mapping[str, Iterable[UUID]]) -> Iterable[Iterable[UUID]]:
    known = {setting.writers[e]: list(ids) for e, ids in sorted(wanted.items()) if e in setting.writers}
    return live_of(setting, known).values()


def _pointed(draft: Draft) -> Iterable[Ref]:
    found = (draft.new.get(relationship.name) for relationship in draft.writer.lookups)
    return (ref for ref in found if isinstance(ref, Ref))


def _without_lost(draft: Draft, live: Collection[UUID], first: Draft) -> Draft:
    cleared: dict[str, None] = {}
    for relationship in draft.writer.lookups:
        ref = draft.new.get(relationship.name)
        if not isinstance(ref, Ref) or ref.id in live:
            continue
        if relationship.on_delete != "clear" or relationship.is_parent or relationship.required:
            message = f"Its {relationship.name.replace('_', ' ')} is in the trash too."
            raise Conflict(Problem("R143", message, "Restore that record first.", Place(path=first.path)))
        cleared[relationship.name] = None
    return draft.with_(new={**draft.new, **cleared})


def roots(drafts: Sequence[Draft]) -> list[Draft]:
    """Those of an act's records that did not go because another one of it went."""
    going = {draft.id for draft in drafts}
    return [draft for draft in drafts if not any(ref.id in going for ref in _followed(draft))]


def _followed(draft: Draft) -> Iterable[Ref]:
    """The records with which this one goes when they are deleted."""
    for relationship in draft.writer.entity.lookups:
        ref = draft.new.get(relationship.name)
        if isinstance(ref, Ref) and (relationship.is_parent or relationship.on_delete == "cascade"):
            yield ref


def forget_act(setting: Setting, act: UUID) -> None:
    """The act is undone and no longer listed."""
    setting.unit.execute(sa.delete(DELETED).where(DELETED.c.deletion == act))
    setting.unit.execute(sa.delete(DELETION).where(DELETION.c.id == act))
