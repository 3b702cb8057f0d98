"""Conditions of the model on a form: what is shown, needed or locked, and what new records begin with.

They are asked of what the person may read: of the record, and of those that it points at. What a condition governs
that looks at anything else is shown, and the record service has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from xrm.engine.access.row_rules import actor_context
from xrm.engine.projection.following import nodes_of, trees_for, value_of
from xrm.engine.projection.programs import Scene, is_local, names_read, program_of
from xrm.errors import NotFound
from xrm.metadata.expressions.environment import Context, Env
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import DATETIME as MOMENT
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.fieldtypes.times import parse_instant
from xrm.metadata.model import POINTERS, Entity, Field, Relationship, Shape
from xrm.metadata.typing_scope import system_types
from xrm.metadata.values import Ref, meant, worth_in
from xrm.ui.pages.visit import Visit


class Unknown(Exception):
    """Something that a condition looks at is not for this person to read, or not to be found here."""


def holds(scene: Scene, condition: Expression | None, otherwise: bool) -> bool:
    """Whether the condition holds; `otherwise` where there is none or it cannot be judged here."""
    found = None if condition is None else judged(scene, condition)
    return otherwise if found is None else found


def judged(scene: Scene, condition: Expression) -> bool | None:
    """Whether the condition holds; None where it cannot be judged here."""
    try:
        return program_of(condition)(scene) is True
    except Unknown:
        return None


GIVEN = "given"  # a value that stands in no control of the form, and that the person may read
# The controls whose value the page itself can read: what stands in them is what the server will make of it.
READ_BY_PAGES = frozenset((
    GIVEN, "line", "select", "boolean", "number", "decimal", "percent", "date", "lookup", "multi_select", "rating",
))  # fmt: skip


def is_judged_on(known: Mapping[str, str], condition: Expression) -> bool:
    """Whether a page can judge the condition that knows these names, each by the kind of its control.

    It cannot look at other records, nor into controls that only the server reads, nor at what its person may not: the
    server is asked then.
    """
    if not is_local(condition):
        return False
    return all(known.get(name) in READ_BY_PAGES for name in names_read(condition))


Far = dict[Ref, Mapping[str, Any] | None]  # the records that were looked at; None where this person may not


def scene_of(visit: Visit, entity: Entity, record: Mapping[str, Any], far: Far | None = None) -> Scene:
    """What conditions are asked of: the record in Python values, and who asks when. `far` keeps what others hold."""
    now, zone = visit.runtime.world.now(), visit.runtime.settings.zone
    today = now.astimezone(ZoneInfo(zone)).date()
    context = actor_context(visit.actor, now, today, zone, visit.model.setting_values)
    return Scene(context, _Seen(visit, entity, record, {} if far is None else far, context))


class _Seen:
    """A record as this person sees it: one that is stored has no values but those that they may read."""

    __slots__ = ("_context", "_entity", "_far", "_record", "_visit")

    def __init__(
        self,
        visit: Visit,
        entity: Entity,
        record: Mapping[str, Any],
        far: Far,
        context: Context | None = None,
    ) -> None:
        """With `context` the record is in hand: its formulas follow from the values here."""
        self._visit, self._entity, self._record, self._far = visit, entity, record, far
        self._context = context

    @property
    def entity(self) -> str:
        """The entity of the record."""
        return self._entity.name

    def value(self, path: tuple[str, ...]) -> Any:
        """The value at an attribute's path, None when empty; raises Unknown for what this person may not read."""
        name, currency = path[0], self._visit.runtime.settings.currency
        if name not in self._record and "id" in self._record:
            raise Unknown
        found = _python(self._entity, name, self._record.get(name))
        field = self._entity.fields.get(name)
        if field is not None and field.formula is not None and self._context is not None:
            found = self._followed(field, found)
        if field is not None and field.type.in_base and found is not None:
            found = field.type.in_base(found, worth_in(currency))
        return None if found in (None, (), "") else meant(found, *path[1:2])

    def _followed(self, field: Field, stored: Any) -> Any:
        """What a formula of the record comes to as the record is here; what is stored where that is not known."""
        if self._context is None or field.formula is None or not is_local(field.formula):
            return stored
        scene, currency = Scene(self._context, self), self._visit.runtime.settings.currency
        parts = (replace(field.formula, tree=node) for node in nodes_of(field))
        try:
            return value_of(field, [program_of(part)(scene) for part in parts], currency)
        except (BadValue, Unknown):
            return stored

    def follow(self, relationship: str) -> Env | None:
        """The live record that a lookup points at; raises Unknown where this person may not read it."""
        if not (_is_lookup(self._entity, relationship) or relationship in POINTERS):
            raise Unknown
        ref = self.value((relationship,))
        if not isinstance(ref, Ref):
            return None
        if ref not in self._far:
            self._far[ref] = _read(self._visit, ref)
        found = self._far[ref]
        if found is None:
            raise Unknown
        here = _Seen(self._visit, self._visit.model.entities[ref.entity], found, self._far)
        return None if found.get("deleted_at") else here

    def many(self, relationship: str) -> Iterable[Env]:
        """Nobody need be able to read all of them."""
        raise Unknown


def _read(visit: Visit, ref: Ref) -> Mapping[str, Any] | None:
    if not visit.can("read", ref.entity):
        return None
    try:
        return visit.queries.get(visit.actor, ref.entity, ref.id)
    except NotFound:
        return None


def previewed(scene: Scene, entity: Entity, name: str) -> Any:
    """What a formula of the record comes to for these values, as JSON; None where that is not known here."""
    field = entity.fields[name]
    try:
        value = scene.env.value((name,)) if field.formula is None or is_local(field.formula) else None
    except Unknown:
        return None
    return None if value is None else write_value(field.type, value, field.params)


def defaults(visit: Visit, entity: Entity) -> dict[str, Any]:
    """What a new record begins with, in JSON values: calculated defaults, and the person as its owner."""
    scene = scene_of(visit, entity, {})
    things: list[Field | Relationship] = [*entity.fields.values(), *entity.lookups]
    defaults = [(t, t.default) for t in things if t.default is not None and is_local(t.default)]
    begun = {
        thing.name: _default(scene, thing, default, visit.runtime.settings.currency)
        for thing, default in defaults
    }
    if entity.is_owned:
        begun["owner"] = {"id": str(visit.actor.id), "entity": "user", "title": visit.actor.name}
    if entity.lifecycle is not None:
        begun["state"] = entity.lifecycle.initial.name
    return {name: value for name, value in begun.items() if value is not None}


def _default(scene: Scene, thing: Field | Relationship, default: Expression, currency: str) -> Any:
    if isinstance(thing, Relationship):
        value = program_of(default)(scene)
        return {"id": str(value.id), "entity": value.entity} if isinstance(value, Ref) else None
    trees = trees_for(thing.type, default.tree)
    answers = [program_of(replace(default, tree=tree))(scene) for tree in trees]
    try:
        return write_value(thing.type, value_of(thing, answers, currency), thing.params)
    except BadValue:
        return None  # the server tells of it when the record is made


def _python(entity: Entity, name: str, value: Any) -> Any:
    """The Python value of a JSON value; None for what cannot be read."""
    try:
        if name in entity.fields:
            field = entity.fields[name]
            return read_value(field.type, value, field.params) if field.type.is_writable else value
        if name in POINTERS or _is_lookup(entity, name):
            return _reference(entity, name, value)
    except (BadValue, ValueError):
        return None
    if isinstance(value, str) and system_types(entity).get(name) == MOMENT:
        return parse_instant(value)
    return value if isinstance(value, str | int) else None


def _is_lookup(entity: Entity, name: str) -> bool:
    return name in entity.relationships and entity.relationships[name].shape is Shape.LOOKUP


def _reference(entity: Entity, name: str, value: Any) -> Ref | None:
    if isinstance(value, Mapping) and value.get("id"):
        return Ref(str(value.get("entity") or _only_target(entity, name)), UUID(str(value["id"])))
    return Ref(_only_target(entity, name), UUID(value)) if isinstance(value, str) and value else None


def _only_target(entity: Entity, name: str) -> str:
    if name in POINTERS:
        return POINTERS[name]
    return next(iter(entity.relationships[name].targets), "")
