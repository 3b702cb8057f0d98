"""Lifecycle steps: the open ones as buttons, the others with the reason, and a small form for what a step asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response

from xrm.engine.commands import Target, Transition
from xrm.engine.projection.programs import Scene
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Stale, XrmError
from xrm.metadata.model import STATE, Entity
from xrm.ui.fields.view import Field
from xrm.ui.models import Action, FormPage, Section
from xrm.ui.pages.addresses import is_local
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.conditions import scene_of
from xrm.ui.pages.crumbs import to_record
from xrm.ui.pages.layout import Ask, Layout, Part, Slot, offering, slot_of
from xrm.ui.pages.live import live_layout
from xrm.ui.pages.posting import Post, read_post, sent_values
from xrm.ui.pages.refusals import Said, marked, said_of, status_of, summary, with_untitled
from xrm.ui.pages.resuming import draft_in
from xrm.ui.pages.visit import Visit, record_id, version_in

REASON = "reason"
BACK = "back"


def steps_of(visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any]) -> tuple[Action, ...]:
    """A button for each step from the present state; one that is not open says why."""
    if entity.lifecycle is None:
        return ()
    steps = visit.records.open_transitions(visit.actor, entity.name, id_)
    return tuple(_button(entity, id_, record, step) for step in steps)


def _button(entity: Entity, id_: UUID, record: Mapping[str, Any], step: Mapping[str, Any]) -> Action:
    href = f"/r/{entity.name}/{id_}/steps/{step['name']}"
    if not step["allowed"]:
        return Action(step["label"], href, "lock", disabled=True, reason=step["reason"])
    if asks(record, step):
        return Action(step["label"] + "…", href, "arrow-right")
    return Action(step["label"], href, "arrow-right", post=True, values={"version": str(record["version"])})


def asks(record: Mapping[str, Any], step: Mapping[str, Any]) -> bool:
    """Whether the step needs a reason, or a value that the record does not have."""
    return step["reason_required"] or any(record.get(name) in (None, "", []) for name in step["requires"])


def take(visit: Visit, entity: str, record: str, step: str) -> Response:
    """`GET, POST /r/<entity>/<id>/steps/<step>`: what the step asks for; then the step is taken."""
    found = visit.entity(entity)
    id_ = record_id(record)
    shown = visit.queries.get(visit.actor, entity, id_)
    known = {s["name"]: s for s in visit.records.open_transitions(visit.actor, entity, id_)}
    if step not in known:
        raise _not_from_here(visit, found, step)
    layout = _layout(visit, found, id_, shown, known[step])
    if not visit.is_post:
        return _asked(visit, found, shown, known[step], layout)
    post = read_post(visit, layout, entity)
    if visit.is_again:
        return _asked(visit, found, shown, known[step], layout, post)
    try:
        outcome = visit.records.do(visit.actor, _command(visit, found, shown, step, post))
    except (Invalid, Forbidden, Conflict) as error:
        now = visit.queries.get(visit.actor, entity, id_) if isinstance(error, Stale) else shown
        said = _all_said(error, post, layout)
        return _asked(visit, found, now, known[step], layout, post, said, status_of(error))
    state = found.lifecycle.states[known[step]["to"]] if found.lifecycle else None
    label = visit.text(state.label, state.name) if state else ""
    told, back = visit.ui.t("Now {state}", state=label), _back(visit, f"/r/{entity}/{id_}")
    undo = visit.records.place_of(outcome)
    return moved(back, told, undo=undo, back=back, saved=f"/r/{entity}/{id_}/steps/{step}")


def _command(visit: Visit, entity: Entity, shown: Mapping[str, Any], step: str, post: Post) -> Transition:
    """The step with what was typed for it; what is empty and was so is not written."""
    empty = (None, "")
    names = [n for n in post.values if post.values[n] not in empty or shown.get(n) not in empty]
    version, reason = version_in(visit.form.get("version", "")), visit.form.get(REASON, "").strip()
    return Transition(
        entity.name, Target(record_id(shown["id"])), step, sent_values(post, names), version, reason
    )


def _all_said(error: XrmError, post: Post, layout: Layout) -> list[Said]:
    """Every problem at once: of the step, and of texts that named no record."""
    names = frozenset((REASON, *(s.name for s in layout.slots)))
    untitled = [Said(text, name) for name, text in post.unknown.items()]
    return list(with_untitled(untitled, said_of(error.problems, {}, names)))


def _back(visit: Visit, otherwise: str) -> str:
    """The page from which the step was asked for."""
    given = visit.arg(BACK)
    return given if is_local(given) else otherwise


def _not_from_here(visit: Visit, entity: Entity, step: str) -> Conflict | NotFound:
    if entity.lifecycle is None or step not in entity.lifecycle.transitions:
        return NotFound(Problem("R104", "There is no such step."))
    message = visit.ui.t("This step does not start from the state that the record is in now.")
    return Conflict(Problem("R147", message, visit.ui.t("Look at the record again.")))


def _layout(
    visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any], step: Mapping[str, Any]
) -> Layout:
    """What the step requires, as far as this person may write it."""
    allowed = visit.records.permitted(visit.actor, entity.name, id_)
    names = visit.rights(entity.name).names("transition") | allowed.writable
    ask = _as_then(entity, record, step, names)
    scene = scene_of(visit, entity, ask.values, ask.far)
    slots = [slot for name in step["requires"] if (slot := slot_of(visit, ask, name)) is not None]
    return Layout((Part("", tuple(_needed(ask, scene, s) for s in slots)),))


def _as_then(
    entity: Entity, record: Mapping[str, Any], step: Mapping[str, Any], names: frozenset[str] = frozenset()
) -> Ask:
    """The record in the state to which the step leads: what may be chosen is judged there."""
    return Ask(entity, {**record, STATE: step["to"]}, names, is_new=False, is_live=True)


def _needed(ask: Ask, scene: Scene, slot: Slot) -> Slot:
    field = ask.entity.fields.get(slot.name)
    offered = offering(ask, scene, slot, field) if field is not None and field.options_when else slot
    return replace(offered, field=replace(offered.field, required=not slot.field.readonly))


def _asked(
    visit: Visit,
    entity: Entity,
    record: Mapping[str, Any],
    step: Mapping[str, Any],
    layout: Layout,
    post: Post | None = None,
    said: list[Said] | None = None,
    status: int = 422,
) -> Response:
    href = f"/r/{entity.name}/{record['id']}"
    here, back = f"{href}/steps/{step['name']}", _back(visit, href)
    found = said or []
    values = post.values if post else {}
    then = _as_then(entity, {**record, **values}, step)
    fields = [
        marked(replace(s.field, value=values.get(s.name, record.get(s.name))), found) for s in layout.slots
    ]
    if step["reason_required"]:
        reason = Field(
            REASON, visit.ui.t("Reason"), "area", visit.form.get(REASON, ""), required=True, wide=True
        )
        fields.append(marked(reason, found))
    model = FormPage(
        title=step["label"],
        action=here + (f"?{urlencode({BACK: back})}" if back != href else ""),
        submit=step["label"],
        cancel_href=back,
        sections=(Section("", tuple(fields), "" if step["allowed"] else step["reason"]),),
        crumbs=to_record(visit, entity, record["id"], record),
        problems=summary(found),
        hidden=(("version", str(record["version"])),),
        has_files=layout.has_files,
        draft=here,
        typed=draft_in(visit.form),
        conditions=live_layout(visit, then, layout, {}, {"id": str(record["id"]), STATE: step["to"]}),
    )
    return page(visit, "form.html", model, status=status if said else 200, current=entity.name)
