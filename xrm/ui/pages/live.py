"""A form whose conditions are judged while somebody types: what is shown, what is needed, and which options there are.

The page gets the trees that the server has checked and the values that it cannot find in its own controls. Its answers
are the server's (decision 0082), which judges again when the form is posted. What a page cannot judge it asks the
server, with the values of the form: conditions on other records, and on controls that only the server reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Response

from xrm.engine.projection.programs import Scene, is_local, names_read
from xrm.metadata.expressions.dump import dump_tree, dump_value
from xrm.metadata.expressions.tree import Access, Expression, Parameter, walk
from xrm.metadata.model import STATE, Entity, Field, Relationship
from xrm.metadata.values import Ref
from xrm.ui.fields.parsing import ABSENT, parse_form
from xrm.ui.fields.view import Field as Control
from xrm.ui.formatting import decimal_mark
from xrm.ui.pages.answers import part
from xrm.ui.pages.conditions import GIVEN, defaults, is_judged_on, judged, previewed, scene_of
from xrm.ui.pages.controls import named, readable_names
from xrm.ui.pages.layout import MAIN, Ask, Layout, Slot, form_of, layout_of
from xrm.ui.pages.visit import Visit, record_id

SHOWN, NEEDED, OFFERED, VALUE, SAID = "shown", "needed", "offered", "values", "said"


@dataclass(frozen=True, slots=True)
class Live:
    """A condition of a form: what it decides, of which element or field, and of which of its options."""

    decides: str
    of: str
    condition: Expression
    option: str = ""

    @property
    def told(self) -> dict[str, str]:
        """Of what it decides, as the page calls it."""
        return {"of": self.of, "option": self.option} if self.option else {"of": self.of}


def live_form(visit: Visit, ask: Ask, form: str = MAIN) -> tuple[Layout, str]:
    """The form of that name with what waits hidden on it, and what its page judges, as JSON; empty without any."""
    layout = layout_of(visit, replace(ask, is_live=True), form)
    sections = {s.name: s.visible_when for s in form_of(ask.entity, form).sections}
    own = (("form", form), ("id", ask.values.get("id")))
    return layout, live_layout(visit, ask, layout, sections, {n: str(v) for n, v in own if v})


def live_layout(
    visit: Visit,
    ask: Ask,
    layout: Layout,
    sections: Mapping[str, Expression | None],
    address: Mapping[str, str],
    prefix: str = "",
) -> str:
    """What the page of a layout judges, as JSON; `address` says at which form it asks for what it cannot judge.

    `prefix` stands before the names of its controls, where another form of the page has controls of the same names.
    """
    found = list(_conditions(ask.entity, layout, sections))
    entered = {slot.name: slot.field.kind for each in layout.parts for slot in each.slots if slot.is_open}
    if not found and not _leading(ask.entity) & entered.keys():
        return ""
    known = {**dict.fromkeys(_given_names(visit, ask), GIVEN), **entered}
    here = [live for live in found if live.decides != VALUE and is_judged_on(known, live.condition)]
    there = [live for live in found if live not in here]
    read = {name for live in here for name in names_read(live.condition)}
    told = {
        **{what: list(_trees(here, what)) for what in (SHOWN, NEEDED, OFFERED)},
        "kinds": {name: kind for name, kind in entered.items() if name in read},
        "mark": decimal_mark(visit.ui.locale),
        "prefix": prefix,
        "kept": [list(pair) for pair in _kept(visit, ask, found)],
        "ask": _asked(ask.entity, there, entered, address),
        **_given(visit, ask, entered, [live.condition for live in here]),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _conditions(entity: Entity, layout: Layout, sections: Mapping[str, Expression | None]) -> Iterator[Live]:
    """The conditions of sections and of what stands in them that something on the page may decide anew."""
    for section in layout.parts:
        if (condition := sections.get(section.name)) is not None:
            yield Live(SHOWN, f"s-{section.name}", condition)
        for slot, thing in _things(entity, section.slots):
            if isinstance(thing, Field) and thing.formula is not None and is_local(thing.formula):
                yield Live(VALUE, f"g-{slot.field.slug}", thing.formula)
            if thing.visible_when is not None:
                yield Live(SHOWN, f"g-{slot.field.slug}", thing.visible_when)
            if thing.required_when is not None and slot.field.conditional:
                yield Live(NEEDED, f"g-{slot.field.slug}", thing.required_when)
            if isinstance(thing, Field) and slot.is_open:
                for key, condition in thing.options_when.items():
                    yield Live(OFFERED, slot.field.name, condition, key)


def _things(entity: Entity, slots: Iterable[Slot]) -> Iterator[tuple[Slot, Field | Relationship]]:
    """The slots of fields and relationships, with what the model says of them."""
    for slot in slots:
        thing = entity.fields.get(slot.name) or entity.relationships.get(slot.name)
        if thing is not None:
            yield slot, thing


def _given_names(visit: Visit, ask: Ask) -> Iterable[str]:
    """The names whose values this person may read: on this record, if it is stored."""
    followed = (name for name, field in ask.entity.fields.items() if field.formula is not None)
    readable = readable_names(visit, ask.entity).difference(followed)
    return readable if ask.is_new else readable & ask.values.keys()


def reads(entity: Entity, condition: Expression) -> frozenset[str]:
    """The names that a condition reads, and those from which values follow that it reads."""
    found, waiting = set[str](), list(names_read(condition))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            field = entity.fields.get(name)
            waiting += names_read(field.formula) if field is not None and field.formula is not None else ()
    return frozenset(found)


def _trees(conditions: Iterable[Live], decides: str) -> Iterator[dict[str, Any]]:
    found = (live for live in conditions if live.decides == decides)
    return ({**live.told, "tree": dump_tree(live.condition.tree)} for live in found)


def _given(
    visit: Visit, ask: Ask, entered: Mapping[str, str], conditions: Iterable[Expression]
) -> dict[str, Any]:
    """The values that no control of the form holds, and what is known of the day and the person."""
    scene = scene_of(visit, ask.entity, ask.values, ask.far)
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


def _kept(visit: Visit, ask: Ask, conditions: Iterable[Live]) -> Iterator[tuple[str, str]]:
    """The options that stand there and could not be chosen now; they stay as long as nothing decides anew."""
    scene = scene_of(visit, ask.entity, ask.values, ask.far)
    for live in conditions:
        there = ask.values.get(live.of) if live.option and not ask.is_new else None
        stands = live.option in (there if isinstance(there, list | tuple) else (there,))
        if stands and judged(scene, live.condition) is False:
            yield live.of, live.option


def previews(visit: Visit, entity: Entity, layout: Layout, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the formulas on the form come to for these values."""
    scene = scene_of(visit, entity, values)
    closed = [slot.name for each in layout.parts for slot in each.slots if not slot.is_open]
    fields = (entity.fields.get(name) for name in closed)
    followed = [f.name for f in fields if f is not None and f.formula is not None and is_local(f.formula)]
    return {name: previewed(scene, entity, name) for name in followed}


# --- what a page asks the server ------------------------------------------------------------------------


def _asked(
    entity: Entity, conditions: Iterable[Live], entered: Mapping[str, str], address: Mapping[str, str]
) -> dict[str, Any] | None:
    """Where the page asks, what for, and the names whose values it sends; nothing where none of those can change."""
    asked = [live for live in conditions if reads(entity, live.condition) & entered.keys()]
    leading = _leading(entity) & entered.keys()
    if not asked and not leading:
        return None
    read = {n for live in asked for n in reads(entity, live.condition) if n in entered}
    names = sorted(read | leading)
    return {
        SAID: bool(leading),
        "href": f"/r/{entity.name}/conditions?{urlencode(address)}",
        "names": names,
        **{
            what: [live.told for live in asked if live.decides == what]
            for what in (SHOWN, NEEDED, OFFERED, VALUE)
        },
    }


def _leading(entity: Entity) -> frozenset[str]:
    """The lookups that decide which rules that are kept in records speak of what the form leads to."""
    rules = (rule for rule in entity.kept_rules.values() if rule.on)
    return frozenset(name for rule in rules for name in (rule.on, rule.path[0]))


def _said(visit: Visit, entity: Entity, scene: Scene) -> dict[str, list[str]]:
    """What rules that are kept in records say, by the element of the form at which they say it."""
    found: dict[str, list[str]] = {}
    refs = {name: ref for name in _leading(entity) if isinstance(ref := scene.env.value((name,)), Ref)}
    for said in visit.records.said_ahead(visit.actor, entity.name, refs) if refs else ():
        control = named(visit, entity, said.name) if said.name else None
        if control is not None:
            found.setdefault(f"g-{control.slug}", []).append(said.text)
    return found


def judge(visit: Visit, entity: str) -> Response:
    """`POST /r/<entity>/conditions?form=&id=&state=`: how the conditions of a form stand for the values that it holds.

    What cannot be judged for this person is left out. Nothing is written, and no record is looked at that they may not
    read.
    """
    found = visit.entity(entity) if visit.arg("id") else visit.entity_to("create", entity)
    values = _values(visit, found)
    scene = scene_of(visit, found, values)
    sections = form_of(found, visit.arg("form") or MAIN).sections
    answer: dict[str, Any] = {SHOWN: {}, NEEDED: {}, OFFERED: {}}
    for live in _all_conditions(visit, found, {s.name: s.visible_when for s in sections}):
        verdict = judged(scene, live.condition)
        if verdict is not None:
            kept = answer[live.decides].setdefault(live.of, {}) if live.option else answer[live.decides]
            kept[live.option or live.of] = verdict
    answer[VALUE] = dict(_previews(visit, found, scene))
    answer[SAID] = _said(visit, found, scene)
    return Response(json.dumps(answer), mimetype="application/json", headers={"Cache-Control": "no-store"})


def _previews(visit: Visit, entity: Entity, scene: Scene) -> Iterator[tuple[str, str]]:
    """What formulas of the record come to, as it is read on pages; only those that this person may read."""
    for name in sorted(readable_names(visit, entity) & entity.fields.keys()):
        formula, control = entity.fields[name].formula, named(visit, entity, name)
        if formula is not None and is_local(formula) and control is not None:
            value = previewed(scene, entity, name)
            html = part(visit, "_value.html", face_name="read", field=control, value=value)
            yield f"g-{control.slug}", html.get_data(as_text=True).strip()


def _values(visit: Visit, entity: Entity) -> dict[str, Any]:
    """What the record is as this person may read it, or what a new one begins with, under what the form holds."""
    if visit.arg("id"):
        begun = visit.queries.get(visit.actor, entity.name, record_id(visit.arg("id")))
    else:
        begun = defaults(visit, entity)
    names = (*entity.fields, *(r.name for r in entity.lookups), "owner", "team")
    controls = {n: c for n in names if (c := named(visit, entity, n)) is not None}
    read = {n: _entered(visit, control) for n, control in controls.items()}
    state = {STATE: visit.arg(STATE)} if visit.arg(STATE) else {}
    return {**begun, **state, **{n: value for n, value in read.items() if value is not ABSENT}}


def _entered(visit: Visit, control: Control) -> Any:
    """What the form holds; a text that names no record yet is none."""
    value = parse_form(control.kind, control.name, visit.form, visit.ui)
    return None if isinstance(value, Mapping) and "text" in value and control.kind == "lookup" else value


def _all_conditions(
    visit: Visit, entity: Entity, sections: Mapping[str, Expression | None]
) -> Iterator[Live]:
    """Every condition of what this person may know of."""
    rights = visit.rights(entity.name)
    known = rights.names("read") | rights.names("create") | rights.names("update")
    for name, condition in sections.items():
        if condition is not None:
            yield Live(SHOWN, f"s-{name}", condition)
    things: list[Field | Relationship] = [*entity.fields.values(), *entity.relationships.values()]
    for thing in things:
        if thing.name not in known:
            continue
        if thing.visible_when is not None:
            yield Live(SHOWN, f"g-{thing.name}", thing.visible_when)
        if thing.required_when is not None:
            yield Live(NEEDED, f"g-{thing.name}", thing.required_when)
        if isinstance(thing, Field):
            yield from (Live(OFFERED, thing.name, c, key) for key, c in thing.options_when.items())
