"""What follows from one value that is edited where it is read, before it is saved.

It is asked of the same conditions as a whole form (decision 0094): what is needed then has its control beside the
value, what can not stay as it is and what is calculated anew is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xrm.engine.projection.programs import Scene, is_local
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.model import Entity, Field, Relationship
from xrm.ui.editing import CellAhead
from xrm.ui.pages.conditions import holds, judged, previewed, scene_of
from xrm.ui.pages.controls import named, readable_names
from xrm.ui.pages.layout import Ask, Slot, slot_of
from xrm.ui.pages.live import reads
from xrm.ui.pages.visit import Visit

EMPTY: tuple[Any, ...] = (None, "", [], ())


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a stored record as it would be: the record as its reader sees it, and the names they may write."""

    entity: Entity
    record: Mapping[str, Any]
    writable: frozenset[str]
    name: str
    value: Any

    @property
    def after(self) -> dict[str, Any]:
        """The record with the value."""
        return {**self.record, self.name: self.value}


def decides(visit: Visit, entity: Entity, name: str) -> bool:
    """Whether anything that this person may know of follows from the value."""
    things = _known(visit, entity)
    return any(name in reads(entity, c) for thing in things for c in _conditions(thing))


def _known(visit: Visit, entity: Entity) -> Iterator[Field | Relationship]:
    rights = visit.rights(entity.name)
    known = rights.names("read") | rights.names("update")
    things: list[Field | Relationship] = [*entity.fields.values(), *entity.lookups]
    return (thing for thing in things if thing.name in known)


def _conditions(thing: Field | Relationship) -> Iterator[Expression]:
    own = (thing.visible_when, thing.required_when)
    yield from (condition for condition in own if condition is not None)
    if isinstance(thing, Field):
        yield from thing.options_when.values()
        if thing.formula is not None and is_local(thing.formula):
            yield thing.formula


def ahead_of(visit: Visit, change: Change) -> CellAhead:
    """What follows from the change, as far as this person may read the record."""
    before, after = (scene_of(visit, change.entity, r) for r in (change.record, change.after))
    others = [t for t in _others(visit, change) if t.name in change.record]
    said = [line for thing in others for line in _said(visit, change, thing, before, after)]
    needs = [slot for thing in others if (slot := _needed(visit, change, thing, after)) is not None]
    open_, closed = [s for s in needs if s.is_open], [s for s in needs if not s.is_open]
    t = visit.ui.t
    return CellAhead(
        fields=tuple(replace(s.field, help="", required=True, wide=True) for s in open_),
        wrong=(*(t("{field} is needed then.", field=s.field.label) for s in closed), *said),
        values=tuple(_followed(visit, change, before, after)),
    )


def needed_then(visit: Visit, change: Change) -> list[Slot]:
    """What is empty, needed as the record is then, and open to this person."""
    after = scene_of(visit, change.entity, change.after)
    others = (t for t in _others(visit, change) if t.name in change.record)
    found = (_needed(visit, change, thing, after) for thing in others)
    return [slot for slot in found if slot is not None and slot.is_open]


def _others(visit: Visit, change: Change) -> Iterator[Field | Relationship]:
    """What hangs on the value."""
    for thing in _known(visit, change.entity):
        conditions = list(_conditions(thing))
        if thing.name != change.name and any(change.name in reads(change.entity, c) for c in conditions):
            yield thing


def _needed(visit: Visit, change: Change, thing: Field | Relationship, after: Scene) -> Slot | None:
    """The control of what is empty and needed then."""
    is_needed = thing.required or holds(after, thing.required_when, False)
    if not is_needed or change.record[thing.name] not in EMPTY or not holds(after, thing.visible_when, True):
        return None
    return slot_of(visit, Ask(change.entity, change.after, change.writable, is_new=False), thing.name)


def _said(
    visit: Visit, change: Change, thing: Field | Relationship, before: Scene, after: Scene
) -> Iterator[str]:
    """What the value does to another that is there."""
    control, value = named(visit, change.entity, thing.name), change.record[thing.name]
    if control is None or value in EMPTY:
        return
    if holds(before, thing.visible_when, True) and not holds(after, thing.visible_when, True):
        yield visit.ui.t("{field} is not shown then and stays as it is.", field=control.label)
        return
    chosen = value if isinstance(value, list) else [value]
    for option in control.options:
        when = thing.options_when.get(option.value) if isinstance(thing, Field) else None
        if option.value in chosen and when is not None and judged(after, when) is False:
            yield visit.ui.t("{field} can not be {option} then.", field=control.label, option=option.label)


def _followed(visit: Visit, change: Change, before: Scene, after: Scene) -> Iterator[Any]:
    """The formulas that come to something else, with what they come to."""
    for name in sorted(readable_names(visit, change.entity) & change.record.keys()):
        field = change.entity.fields.get(name)
        if field is None or field.formula is None or not is_local(field.formula):
            continue
        found, control = previewed(after, change.entity, name), named(visit, change.entity, name)
        if control is not None and found != previewed(before, change.entity, name):
            yield replace(control, value=found)
