"""Which records hold values that follow from what has changed, and whether a sum only moves or is asked anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.records.batch import Setting, Touch
from xrm.engine.records.holding import hold_records
from xrm.engine.storage.statements import any_of
from xrm.metadata.dependencies import Step, Trail, Watch, Way
from xrm.metadata.model import ENGINE_ENTITIES, POINTERS
from xrm.metadata.values import Ref

# By field the changes of children by which it moves; None where it is asked anew.
Reasons = dict[str, list[Touch] | None]
Waiting = dict[tuple[int, str], dict[UUID, Reasons]]


def concern(setting: Setting, waiting: Waiting, touched: Sequence[Touch]) -> None:
    """The records whose values follow from what was touched wait for their blocks."""
    for watch, touches in _watching(setting, touched).items():
        block = waiting.setdefault((watch.level, watch.entity), {})
        if _is_sum(setting, watch):
            _move(block, watch, touches)
        else:
            for record in _origins(setting, watch.trail, touches):
                block.setdefault(record, {})[watch.field] = None


def _watching(setting: Setting, touched: Sequence[Touch]) -> dict[Watch, list[Touch]]:
    """What is to be found anew, and because of which records."""
    watches = setting.writers.dependencies.watches
    found: dict[Watch, list[Touch]] = {}
    for touch in touched:
        concerned = {watch for name in touch.names for watch in watches.get((touch.entity, name), ())}
        for watch in concerned:
            if not _is_born_with(setting, watch, touch):
                found.setdefault(watch, []).append(touch)
    return found


def _is_born_with(setting: Setting, watch: Watch, touch: Touch) -> bool:
    """Whether it is a sum of a new record, which has no children that could be asked for."""
    is_born = not watch.trail and not touch.old and "id" in touch.names
    return is_born and watch.field in setting.writers[watch.entity].sums


def _is_sum(setting: Setting, watch: Watch) -> bool:
    """Whether the field is a sum over children of the record, and the way leads to those."""
    is_near = len(watch.trail) == 1 and watch.trail[0].way is Way.IN
    return is_near and watch.field in setting.writers[watch.entity].sums


def _move(block: dict[UUID, Reasons], watch: Watch, touches: Iterable[Touch]) -> None:
    for touch in touches:
        for record in {ref.id for ref in pointed(touch, watch.trail[0])}:
            moves = block.setdefault(record, {}).setdefault(watch.field, [])
            if moves is not None:
                moves.append(touch)


def pointed(touch: Touch, step: Step) -> Iterator[Ref]:
    """Where the lookup of the child led before the change, and where it leads now."""
    for values in (touch.old, touch.new):
        ref = values.get(step.relationship)
        if isinstance(ref, UUID) and POINTERS.get(step.relationship) == step.entity:
            yield Ref(step.entity, ref)
        elif isinstance(ref, Ref) and ref.entity == step.entity:
            yield ref


def _origins(setting: Setting, trail: Trail, touches: Iterable[Touch]) -> Iterable[UUID]:
    """The records that the trail comes from, where it ends at these."""
    if not trail:
        return [touch.record for touch in touches]
    last = trail[-1]
    if last.way is Way.IN:
        refs = {ref for touch in touches for ref in pointed(touch, last)}
        if last.entity in ENGINE_ENTITIES:
            # Whoever makes a record that adds up what these hold does not meet this change anywhere else.
            hold_records(setting, refs)
        ids = {ref.id for ref in refs}
    else:
        ids = _before(setting, last, {touch.record for touch in touches})
    for step in reversed(trail[:-1]):
        ids = _before(setting, step, ids)
    return sorted(ids)


def _before(setting: Setting, step: Step, ids: set[UUID]) -> set[UUID]:
    """The records from which the step leads to these."""
    if not ids:
        return set()
    writer = setting.writers[step.owner]
    statement = writer.statement(("before", step), partial(_asking_before, setting, step))
    rows = setting.unit.run(statement, {"ids": list(ids)})
    return {statement.read(row)[0] for row in rows}


def _asking_before(setting: Setting, step: Step) -> sa.Select[tuple[UUID]]:
    """The ids of the records from which the step leads to the ids that are bound."""
    stored = setting.writers[step.owner].table
    if step.way in (Way.LINKED, Way.LINKING):
        links = stored.links[step.relationship]
        ends = (links.source, links.target.columns[step.to if step.way is Way.LINKED else step.entity])
        here, there = ends if step.way is Way.LINKED else ends[::-1]
        return sa.select(here).where(any_of(there, "ids")).distinct()
    if step.relationship in POINTERS and step.relationship not in stored.lookups:
        own, pointer = stored.table.c.id, stored.table.c[step.relationship]
        here, there = (own, pointer) if step.way is Way.OUT else (pointer, own)
        return sa.select(here).where(any_of(there, "ids"), here.is_not(None)).distinct()
    lookup, target = stored.lookups[step.relationship], step.to if step.way is Way.OUT else step.entity
    column = lookup.columns.get(target, lookup.record_column)
    if column is None:
        raise AssertionError("a lookup is kept in a column for each entity, or in one for all")
    same = () if lookup.entity_column is None else (lookup.entity_column == setting.numbers[target],)
    own = stored.table.c.id
    here, there = (own, column) if step.way is Way.OUT else (column, own)
    return sa.select(here).where(any_of(there, "ids"), here.is_not(None), *same).distinct()
