"""A form whose page judges its conditions by itself while somebody types: what is shown, and what is needed.

The page gets the trees that the server has checked and the values that it cannot find in its own controls. Its answers
are the server's (decision 0082), which judges again when the form is posted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from xrm.engine.projection.programs import Scene
from xrm.metadata.expressions.dump import dump_tree, dump_value
from xrm.metadata.expressions.tree import Access, Expression, Parameter, walk
from xrm.metadata.model import Field, Relationship
from xrm.metadata.values import Ref
from xrm.ui.formatting import decimal_mark
from xrm.ui.pages.conditions import GIVEN, scene_of
from xrm.ui.pages.controls import readable_names
from xrm.ui.pages.layout import MAIN, Ask, Layout, Slot, form_of, layout_of
from xrm.ui.pages.visit import Visit

Trees = list[dict[str, Any]]


def live_form(visit: Visit, ask: Ask, whole: Layout, form: str = MAIN) -> tuple[Layout, str]:
    """The form of that name with what waits hidden on it, and what its page judges, as JSON; empty without any.

    `whole` is the form with everything that other values could show.
    """
    entered = {slot.name: slot.field.kind for slot in whole.open}
    given = dict.fromkeys(readable_names(visit, ask.entity), GIVEN)
    asked = replace(ask, judged_on={**given, **entered})
    layout = layout_of(visit, asked, form)
    shown, needed = list(_shown(asked, layout, form)), list(_needed(asked, layout))
    if not (shown or needed):
        return layout, ""
    conditions = [condition for _, condition in (*shown, *needed)]
    read = {node.path[0] for condition in conditions for node in _accesses(condition)}
    told = {
        "shown": _trees(shown),
        "needed": _trees(needed),
        "kinds": {name: kind for name, kind in entered.items() if name in read},
        "mark": decimal_mark(visit.ui.locale),
        **_given(visit, ask, entered, conditions),
    }
    return layout, json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _shown(ask: Ask, layout: Layout, form: str) -> Iterator[tuple[str, Expression]]:
    """The conditions of sections and of what stands in them, by the id of the element that they show."""
    of_sections = {s.name: s.visible_when for s in form_of(ask.entity, form).sections}
    for part in layout.parts:
        condition = of_sections.get(part.name)
        if condition is not None and ask.waits(condition):
            yield f"s-{part.name}", condition
        for slot, thing in _things(ask, part.slots):
            if thing.visible_when is not None and ask.waits(thing.visible_when):
                yield f"g-{slot.field.slug}", thing.visible_when


def _needed(ask: Ask, layout: Layout) -> Iterator[tuple[str, Expression]]:
    for part in layout.parts:
        for slot, thing in _things(ask, part.slots):
            if slot.field.conditional and thing.required_when is not None:
                yield f"g-{slot.field.slug}", thing.required_when


def _things(ask: Ask, slots: Iterable[Slot]) -> Iterator[tuple[Slot, Field | Relationship]]:
    """The slots of fields and relationships, with what the model says of them."""
    for slot in slots:
        thing = ask.entity.fields.get(slot.name) or ask.entity.relationships.get(slot.name)
        if thing is not None:
            yield slot, thing


def _trees(conditions: Iterable[tuple[str, Expression]]) -> Trees:
    return [{"of": id_, "tree": dump_tree(condition.tree)} for id_, condition in conditions]


def _accesses(condition: Expression) -> Iterator[Access]:
    return (node for node in walk(condition.tree) if isinstance(node, Access))


def _given(
    visit: Visit, ask: Ask, entered: Mapping[str, str], conditions: Iterable[Expression]
) -> dict[str, Any]:
    """The values that no control of the form holds, and what is known of the day and the person."""
    scene = scene_of(visit, ask.entity, ask.values)
    values: dict[str, Any] = {}
    context: dict[str, Any] = {"zone": scene.context.zone}
    for condition in conditions:
        for node in walk(condition.tree):
            if isinstance(node, Access) and node.path[0] not in entered:
                values[".".join(node.path)] = _value(scene, node)
            if isinstance(node, Parameter):
                context[node.name] = dump_value(scene.context.parameter(node.name), node.type)
    return {"values": values, "context": context}


def _value(scene: Scene, node: Access) -> Any:
    found = scene.env.value(node.path)
    if isinstance(found, Ref):
        return {"entity": found.entity, "id": str(found.id)}
    return dump_value(found, node.type)
