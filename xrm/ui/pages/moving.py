"""Moving a card: the lanes that are open to this person, and the step or the change that a move means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response

from xrm.engine.commands import Target, Transition, Update
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Problem, XrmError
from xrm.metadata.model import BOARD
from xrm.ui.fields.view import Option
from xrm.ui.models import Link
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.boards import STATE, lane_options
from xrm.ui.pages.cells import is_kept
from xrm.ui.pages.listing import Look, look_at
from xrm.ui.pages.refusals import status_of, whole_text
from xrm.ui.pages.steps import BACK, asks
from xrm.ui.pages.visit import Visit, record_id, version_in
from xrm.ui.views import Move, MovePage


def move(visit: Visit, entity: str, record: str) -> Response:
    """`GET, POST /r/<entity>/<id>/move?<state of the board>`: where the card may go; then it is there."""
    look = look_at(visit, visit.entity(entity))
    if look.view is None or look.type != BOARD:
        raise NotFound(Problem("R104", "There is no such board for you."))
    id_, group = record_id(record), str(look.view.params["group_by"])
    shown = visit.queries.get(visit.actor, entity, id_)
    options = {o.value: o for o in lane_options(visit, look.entity, group)}
    lane = options.get(visit.form.get("lane", ""))
    if not visit.is_post:
        return _menu(visit, look, shown, _open(visit, look, id_, shown, group, options))
    if lane is None:
        return _refused(visit, look, shown, visit.ui.t("There is no such lane."), 422)
    if group == STATE:
        return _step(visit, look, id_, shown, lane)
    value = lane.value or None
    command = Update(entity, Target(id_), {group: value}, version_in(visit.form.get("version", "")))
    return _done(visit, look, shown, command, lane)


def _step(visit: Visit, look: Look, id_: UUID, shown: Mapping[str, Any], lane: Option) -> Response:
    """The first open step that leads there is taken; one that asks for something leads to its form."""
    entity = look.entity.name
    there = [s for s in visit.records.open_transitions(visit.actor, entity, id_) if s["to"] == lane.value]
    if not there:
        said = visit.ui.t("No step leads from where it is now to {lane}.", lane=lane.label)
        return _refused(visit, look, shown, said, 422)
    step = next((s for s in there if s["allowed"]), there[0])
    if step["allowed"] and asks(shown, step):
        return moved(_form_of(look, id_, step))
    version = version_in(visit.form.get("version", ""))
    command = Transition(entity, Target(id_), step["name"], {}, version)
    return _done(visit, look, shown, command, lane)


def _done(
    visit: Visit, look: Look, shown: Mapping[str, Any], command: Transition | Update, lane: Option
) -> Response:
    try:
        outcome = visit.records.do(visit.actor, command)
    except (Invalid, Forbidden, Conflict) as error:
        return _refused(visit, look, shown, _sentence(error), status_of(error))
    board, is_step = look.state.address(), isinstance(command, Transition)
    can_undo = is_step or all(is_kept(look.entity, name) for name in command.values)
    undo = visit.records.place_of(outcome) if can_undo else ""
    return moved(board, visit.ui.t("Now {state}", state=lane.label), undo=undo, back=board)


def _form_of(look: Look, id_: object, step: Mapping[str, Any]) -> str:
    """The form of a step, which leads back to the board."""
    back = quote(look.state.address(), safe="")
    return f"/r/{look.entity.name}/{id_}/steps/{step['name']}?{BACK}={back}"


def _sentence(error: XrmError) -> str:
    return " ".join(whole_text(p) for p in error.problems[:3])


def _open(
    visit: Visit,
    look: Look,
    id_: UUID,
    shown: Mapping[str, Any],
    group: str,
    options: Mapping[str, Option],
) -> tuple[Move, ...]:
    """The lanes that are open: by an allowed step for a state, every other option for a choice that one may write."""
    entity = look.entity
    if group == STATE:
        steps = visit.records.open_transitions(visit.actor, entity.name, id_)
        return _by_steps(look, id_, shown, steps, options)
    if group not in visit.records.permitted(visit.actor, entity.name, id_).writable:
        return ()
    return tuple(Move(o) for o in options.values() if o.value != (shown.get(group) or ""))


def _by_steps(
    look: Look,
    id_: UUID,
    shown: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    options: Mapping[str, Option],
) -> tuple[Move, ...]:
    """A move for each lane to which a step is open; of several steps the first."""
    first: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        if step["allowed"]:
            first.setdefault(step["to"], step)
    return tuple(
        Move(option, _form_of(look, id_, first[lane]) if asks(shown, first[lane]) else "")
        for lane, option in options.items()
        if lane in first
    )


def _menu(
    visit: Visit,
    look: Look,
    shown: Mapping[str, Any],
    moves: tuple[Move, ...],
    refusal: str = "",
    status: int = 200,
) -> Response:
    entity, title = look.entity, str(shown.get("title") or visit.label(look.entity))
    href = f"/r/{entity.name}/{shown['id']}"
    back = look.state.address()
    model = MovePage(
        title=visit.ui.t("Move {record}", record=title),
        action=look.state.address(below=f"/{shown['id']}/move"),
        version=str(shown["version"]),
        moves=moves,
        back_href=back,
        refusal=refusal,
        crumbs=(Link(visit.plural(entity), back, entity.icon), Link(title, href)),
    )
    if visit.fragment:
        return part(visit, "_moves.html", status, page=model)
    return page(visit, "move.html", model, status=status, current=entity.name)


def _refused(visit: Visit, look: Look, shown: Mapping[str, Any], said: str, status: int) -> Response:
    """The sentence of the rule, with the lanes that are open; the card stays where it is."""
    group = str(look.view.params["group_by"]) if look.view else STATE
    id_ = record_id(str(shown["id"]))
    options = {o.value: o for o in lane_options(visit, look.entity, group)}
    return _menu(visit, look, shown, _open(visit, look, id_, shown, group, options), said, status)
