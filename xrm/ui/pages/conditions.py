"""Conditions of the model on a form: what is shown, needed or locked, and what new records begin with.

Only conditions that speak of the record alone are asked here. The others need the database: what they govern
is shown, and the record service has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from xrm.engine.access.row_rules import actor_context
from xrm.engine.projection.programs import Scene, is_local, names_read, program_of
from xrm.metadata.expressions.environment import RecordEnv
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.model import POINTERS, Entity, Field, Relationship, Shape
from xrm.metadata.values import Ref
from xrm.ui.pages.visit import Visit


def holds(scene: Scene, condition: Expression | None, otherwise: bool) -> bool:
    """Whether the condition holds; `otherwise` where there is none or it cannot be judged here."""
    if condition is None or not is_local(condition):
        return otherwise
    return program_of(condition)(scene) is True


GIVEN = "given"  # a value that stands in no control of the form, and that the person may read
# The controls whose value the page itself can read: what stands in them is what the server will make of it.
READ_BY_PAGES = frozenset((
    GIVEN, "line", "select", "boolean", "number", "decimal", "percent", "date", "lookup", "multi_select", "rating",
))  # fmt: skip


def is_judged_on(known: Mapping[str, str], condition: Expression | None) -> bool:
    """Whether a page can judge the condition that knows these names, each by the kind of its control.

    It cannot look at other records, nor into controls that only the server reads, nor at what its person may not.
    """
    if condition is None or not is_local(condition):
        return False
    names = names_read(condition)
    return bool(names) and all(known.get(name) in READ_BY_PAGES for name in names)


def scene_of(visit: Visit, entity: Entity, record: Mapping[str, Any]) -> Scene:
    """What conditions are asked of: the record in Python values, and who asks when."""
    now, zone = visit.runtime.world.now(), visit.runtime.settings.zone
    today = now.astimezone(ZoneInfo(zone)).date()
    context = actor_context(visit.actor, now, today, zone, visit.model.setting_values)
    values = {name: _python(entity, name, value) for name, value in record.items()}
    return Scene(context, RecordEnv(entity.name, values))


def defaults(visit: Visit, entity: Entity) -> dict[str, Any]:
    """What a new record begins with, in JSON values: calculated defaults, and the person as its owner."""
    scene = scene_of(visit, entity, {})
    things: list[Field | Relationship] = [*entity.fields.values(), *entity.lookups]
    defaults = [(t, t.default) for t in things if t.default is not None and is_local(t.default)]
    begun = {thing.name: _default(scene, thing, default) for thing, default in defaults}
    if entity.is_owned:
        begun["owner"] = {"id": str(visit.actor.id), "entity": "user", "title": visit.actor.name}
    if entity.lifecycle is not None:
        begun["state"] = entity.lifecycle.initial.name
    return {name: value for name, value in begun.items() if value is not None}


def _default(scene: Scene, thing: Field | Relationship, default: Expression) -> Any:
    value = program_of(default)(scene)
    if isinstance(value, Ref):
        return {"id": str(value.id), "entity": value.entity}
    if isinstance(thing, Relationship) or value is None:
        return None
    return write_value(thing.type, value, thing.params)


def _python(entity: Entity, name: str, value: Any) -> Any:
    """The Python value of a JSON value; None for what cannot be read."""
    try:
        if name in entity.fields:
            field = entity.fields[name]
            return read_value(field.type, value, field.params) if field.is_given else value
        if name in POINTERS or _is_lookup(entity, name):
            return _reference(entity, name, value)
    except (BadValue, ValueError):
        return None
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
