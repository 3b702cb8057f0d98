"""The layout of a form for one person: which names stand in which section, and how each is entered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xrm.engine.projection.programs import Scene, is_local, names_read
from xrm.engine.projection.references import LOOKUP, engine_lookup, lookup_params
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.base import FieldType, Params
from xrm.metadata.fieldtypes.times import DATE
from xrm.metadata.kept_rules import kept_by
from xrm.metadata.model import HOLDERS, POINTERS, Entity, Form, Relationship, Section, Shape
from xrm.metadata.model import Field as ModelField
from xrm.ui.fields import Use, suits
from xrm.ui.fields.view import Field, Option
from xrm.ui.pages.conditions import Far, holds, scene_of
from xrm.ui.pages.controls import named, of_field, of_lookup, of_type, readable_names
from xrm.ui.pages.visit import Visit

MAIN = "main"
VALIDITY = ("valid_from", "valid_to")
TO = "to"


@dataclass(frozen=True, slots=True)
class Slot:
    """A name on a form: its control, and the type that reads what is posted.

    A grid has columns instead, and perhaps one of them for the numbers in whose order its rows stand.
    """

    field: Field
    type: FieldType | None = None
    params: Params | None = None
    relationship: Relationship | None = None
    columns: tuple[Slot, ...] = ()
    order: str = ""

    @property
    def name(self) -> str:
        """The name of the field or relationship."""
        return self.field.name

    @property
    def is_grid(self) -> bool:
        """True for children and links that are entered in rows."""
        return bool(self.columns)

    @property
    def is_open(self) -> bool:
        """True when this person enters it here."""
        return not self.field.readonly


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the layout."""

    label: str
    slots: tuple[Slot, ...]
    name: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole form, with what waits hidden on its page."""

    parts: tuple[Part, ...]

    @property
    def slots(self) -> Iterator[Slot]:
        """Everything that is shown, in its order."""
        shown = (part for part in self.parts if not part.hidden)
        return (slot for part in shown for slot in part.slots if not slot.field.hidden)

    @property
    def open(self) -> tuple[Slot, ...]:
        """What this person enters."""
        return tuple(s for s in self.slots if s.is_open)

    @property
    def has_files(self) -> bool:
        """Whether something is uploaded."""
        return any(s.field.kind in ("file", "image") for s in self.open)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a layout depends on: the record's values, what may be written, and whether it is new.

    With `everything`, conditions on what is shown are left aside: so a posted form is read. What can be judged anew
    while somebody types, `is_live`, is on the form though it is hidden now. `far` keeps what is read of other records.
    """

    entity: Entity
    values: Mapping[str, Any]
    writable: frozenset[str]
    is_new: bool
    everything: bool = False
    is_live: bool = False
    far: Far = field(default_factory=dict, compare=False)

    def follows(self, name: str) -> bool:
        """Whether the value follows from others of the record while these are typed."""
        field = self.entity.fields.get(name)
        return self.is_live and field is not None and field.formula is not None and is_local(field.formula)

    def waits(self, condition: Expression | None) -> bool:
        """Whether what this condition hides may be shown later on the same page."""
        return self.is_live and condition is not None and bool(names_read(condition))


def layout_of(visit: Visit, ask: Ask, form: str = MAIN) -> Layout:
    """The form of that name, as this person may fill it in."""
    return layout_by(visit, ask, form_of(ask.entity, form))


def layout_by(visit: Visit, ask: Ask, found: Form) -> Layout:
    """This form, as this person may fill it in."""
    scene = scene_of(visit, ask.entity, ask.values, ask.far)
    shown = ((s, ask.everything or holds(scene, s.visible_when, True)) for s in found.sections)
    parts = (
        Part(visit.text(s.label, s.name), tuple(_slots(visit, ask, scene, s.rows)), s.name, not is_shown)
        for s, is_shown in shown
        if is_shown or ask.waits(s.visible_when)
    )
    return Layout(tuple(p for p in parts if p.slots))


def form_of(entity: Entity, name: str = MAIN) -> Form:
    """The form of that name, else the main one; the engine's own entities have none and show all they have."""
    found = entity.forms.get(name) or entity.forms.get(MAIN)
    return found or next(iter(entity.forms.values()), _everything(entity))


def _everything(entity: Entity) -> Form:
    lookups = (r.name for r in entity.relationships.values() if r.shape is Shape.LOOKUP)
    rows = tuple((name,) for name in (*entity.fields, *lookups))
    return Form(MAIN, entity.name, (Section(MAIN, entity.label, rows),))


def _slots(visit: Visit, ask: Ask, scene: Scene, rows: Iterable[tuple[str, ...]]) -> Iterator[Slot]:
    for row in rows:
        for name in row:
            thing = ask.entity.fields.get(name) or ask.entity.relationships.get(name)
            slot = slot_of(visit, ask, name)
            if slot is not None:
                yield from (slot,) if thing is None else _under_conditions(visit, ask, scene, slot, thing)


def single_slot(visit: Visit, ask: Ask, name: str) -> Slot | None:
    """How this person enters the name where it stands alone, under its conditions; None where these hide it."""
    thing = ask.entity.fields.get(name) or ask.entity.relationships.get(name)
    slot = slot_of(visit, ask, name)
    if slot is None or thing is None:
        return slot
    scene = scene_of(visit, ask.entity, ask.values, ask.far)
    return next(_under_conditions(visit, ask, scene, slot, thing), None)


def _under_conditions(
    visit: Visit, ask: Ask, scene: Scene, slot: Slot, thing: ModelField | Relationship
) -> Iterator[Slot]:
    """The slot as its conditions make it; none where it is hidden and stays so."""
    is_shown = ask.everything or holds(scene, thing.visible_when, True)
    if not (is_shown or ask.waits(thing.visible_when)):
        return
    is_begun = ask.is_new and begins_elsewhere(thing)
    is_needed = (slot.field.required and not is_begun) or holds(scene, thing.required_when, False)
    field = replace(
        slot.field,
        hidden=not is_shown,
        required=is_needed and not slot.field.readonly,
        conditional=not (slot.field.required or slot.field.readonly) and ask.waits(thing.required_when),
    )
    is_locked = not ask.is_new and holds(scene, thing.readonly_when, False)
    found = replace(slot, field=field)
    if isinstance(thing, ModelField) and thing.options_when:
        found = offering(ask, scene, found, thing)
    yield _locked(visit, found, is_locked)


def begins_elsewhere(thing: ModelField | Relationship) -> bool:
    """Whether a new record begins with a value that other records tell: an empty control asks for it."""
    return thing.default is not None and not is_local(thing.default)


def offering(ask: Ask, scene: Scene, slot: Slot, field: ModelField) -> Slot:
    """The slot with the options that may be chosen now, and those that stand there or wait."""
    there = ask.values.get(slot.name)
    kept = there if isinstance(there, list | tuple) else (there,)
    options = (
        _offered(ask, scene, o, field.options_when.get(o.value), o.value in kept) for o in slot.field.options
    )
    return replace(slot, field=replace(slot.field, options=tuple(o for o in options if o is not None)))


def _offered(
    ask: Ask, scene: Scene, option: Option, condition: Expression | None, is_kept: bool
) -> Option | None:
    if is_kept or ask.everything or holds(scene, condition, True):
        return option
    return replace(option, hidden=True) if ask.waits(condition) else None


def _locked(visit: Visit, slot: Slot, is_locked: bool) -> Slot:
    field = slot.field
    if is_locked:
        field = replace(field, readonly=True, reason=visit.ui.t("A rule keeps it as it is now."))
    return replace(slot, field=field)


def slot_of(visit: Visit, ask: Ask, name: str) -> Slot | None:
    """How this person enters the name; read-only where they only see it; None where they do neither."""
    side = ask.entity.relationships.get(name)
    if side is not None and side.shape is not Shape.LOOKUP:
        return _grid(visit, ask, side)
    slot = value_slot(visit, ask.entity, name)
    if slot is None:
        return None
    if name in ask.writable and takes_input(ask.entity, name):
        return slot
    if name not in readable_names(visit, ask.entity) or (ask.is_new and not ask.follows(name)):
        return None
    reason = "" if slot.field.kind == "readonly" else _why_closed(visit, ask, name)
    return replace(slot, field=replace(slot.field, readonly=True, reason=reason))


def value_slot(visit: Visit, entity: Entity, name: str) -> Slot | None:
    """A field, lookup or pointer of the entity with the type that reads it."""
    if name in entity.fields:
        field = entity.fields[name]
        params = dict(field.params)
        if str(field.type.control) == "money":
            params.setdefault("default_currency", visit.runtime.settings.currency)
        return Slot(of_field(visit, field), field.type, params)
    if name in entity.relationships:
        side = entity.relationships[name]
        if side.shape is not Shape.LOOKUP:
            return None
        return Slot(of_lookup(visit, side), LOOKUP, lookup_params(side, visit.model), side)
    if name in POINTERS:
        found = named(visit, entity, name)
        return Slot(found, LOOKUP, engine_lookup(POINTERS[name], visit.model)) if found else None
    return None


def takes_input(entity: Entity, name: str) -> bool:
    """Whether the name of the entity is ever given a value by people."""
    if name in entity.fields:
        return entity.fields[name].is_given
    return name in entity.relationships or name in HOLDERS


def _why_closed(visit: Visit, ask: Ask, name: str) -> str:
    field = ask.entity.fields.get(name)
    if field is not None and not field.is_given:
        return visit.ui.t("It follows from other values.")
    return visit.ui.t("Your roles let you read it only.")


def _grid(visit: Visit, ask: Ask, side: Relationship) -> Slot | None:
    """Owned children, or links with their attributes, as rows."""
    is_given = side.owned or (side.shape is Shape.MANY and side.name not in kept_by(ask.entity.kept_rules))
    if side.name not in ask.writable or not is_given:
        return None
    columns = link_columns(visit, side) if side.shape is Shape.MANY else tuple(_child_columns(visit, side))
    if not columns:
        return None
    label, help_ = visit.text(side.label, side.name), visit.text(side.help)
    order = order_of(visit, side)
    shown = order if any(c.name == order for c in columns) else ""
    field = Field(side.name, label, "rows", help=help_, wide=True)
    return Slot(field, relationship=side, columns=columns, order=shown)


def order_of(visit: Visit, side: Relationship) -> str:
    """The number by which children stand in an order: one that with their owner makes a key; else nothing."""
    if side.of is None or side.shape is Shape.MANY:
        return ""
    child, lookup = visit.model.entities[side.of[0]], side.of[1]
    pairs = (set(key.fields) - {lookup} for key in child.keys.values() if lookup in key.fields)
    names = (next(iter(rest)) for rest in pairs if len(rest) == 1)
    readable = readable_names(visit, child)
    return next((n for n in names if n in readable and _is_whole_number(child, n)), "")


def _is_whole_number(entity: Entity, name: str) -> bool:
    return name in entity.fields and str(entity.fields[name].type.control) == "number"


def link_columns(visit: Visit, side: Relationship) -> tuple[Slot, ...]:
    """What a link asks for: the record that it leads to, its attributes, and from when to when."""
    far = replace(of_lookup(visit, side), name=TO, required=True)
    slots = [Slot(far, LOOKUP, lookup_params(side, visit.model), side)]
    for name, own in side.attributes.items():
        slots.append(Slot(replace(of_field(visit, own), name=name), own.type, own.params))
    if side.valid:
        for name, label in zip(VALIDITY, (visit.ui.t("From"), visit.ui.t("Until")), strict=True):
            slots.append(Slot(of_type(visit, name, label, DATE, {}), DATE, {}))
    return tuple(slots)


def _child_columns(visit: Visit, side: Relationship) -> Iterator[Slot]:
    """What a row of children asks for, in the order of the children's own form."""
    if side.of is None:
        raise AssertionError("children are the far side of a stored lookup")
    child, lookup = visit.model.entities[side.of[0]], side.of[1]
    rights = visit.rights(child.name)
    if not rights.can("read"):
        return
    writable = rights.names("create") | rights.names("update")
    for name in dict.fromkeys(n for s in form_of(child).sections for row in s.rows for n in row):
        slot = None if name == lookup or name not in writable else value_slot(visit, child, name)
        if slot is not None and suits(slot.field.kind, Use.CELL) and takes_input(child, name):
            yield replace(slot, field=replace(slot.field, help=""))
