"""Which records hold values that follow from what has changed, and whether a sum only moves or is asked anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from xrm.engine.records.batch import Setting, Tally, Touch
from xrm.engine.records.holding import hold_records
from xrm.engine.records.postponing import postpone, within_bound
from xrm.metadata.dependencies import Step, Trail, Watch, Way
from xrm.metadata.model import ENGINE_ENTITIES, POINTERS
from xrm.metadata.values import Ref

# By field the changes of children by which it moves; None where it is asked anew.
Reasons = dict[str, list[Touch] | None]
Waiting = dict[tuple[int, str], dict[UUID, Reasons]]


def concern(setting: Setting, tally: Tally, waiting: Waiting, touched: Sequence[Touch]) -> None:
    """The records whose values follow from what was touched wait for their blocks, or for a job where they are many."""
    for watch, touches in _watching(setting, touched).items():
        block = waiting.setdefault((watch.level, watch.entity), {})
        if _is_sum(setting, watch):
            _move(block, watch, touches)
        else:
            trail, ends = _ends(setting, watch.trail, touches)
            records = within_bound(setting, trail, ends)
            if records is None:
                postpone(setting, tally, watch, trail, ends)
            for record in sorted(records or ()):
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


def _ends(setting: Setting, trail: Trail, touches: Iterable[Touch]) -> tuple[Trail, set[UUID]]:
    """Where the trail ends that comes from the records that are concerned, as far as it has to be asked for."""
    if not trail or trail[-1].way is not Way.IN:
        return trail, {touch.record for touch in touches}
    refs = {ref for touch in touches for ref in pointed(touch, trail[-1])}
    if trail[-1].entity in ENGINE_ENTITIES:
        # Whoever makes a record that adds up what these hold does not meet this change anywhere else.
        hold_records(setting, refs)
    return trail[:-1], {ref.id for ref in refs}
