"""Moving a card: the lanes that are open to this person, and the step or the change that a move means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response

from xrm.engine.commands import Target, Transition, Update
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Problem, XrmError
from xrm.metadata.model import BOARD, STATE, Entity
from xrm.ui.fields.view import Option
from xrm.ui.models import Link
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.boards import lane_options
from xrm.ui.pages.cells import is_kept
from xrm.ui.pages.conditions import holds, scene_of
from xrm.ui.pages.crumbs import called
from xrm.ui.pages.listing import Look, look_at
from xrm.ui.pages.refusals import status_of, whole_text
from xrm.ui.pages.steps import BACK, asks
from xrm.ui.pages.visit import Visit, record_id, version_in
from xrm.ui.views import Move, MovePage


@dataclass(frozen=True, slots=True)
class _Standing:
    """A card on its board: the record as it is shown, what the lanes tell apart, and the lanes by their value."""

    look: Look
    id: UUID
    shown: Mapping[str, Any]
    group: str
    lanes: Mapping[str, Option]

    @property
    def entity(self) -> Entity:
        """What the card is a record of."""
        return self.look.entity

    @property
    def href(self) -> str:
        """Where the record is."""
        return f"/r/{self.entity.name}/{self.id}"

    def form_of(self, step: Mapping[str, Any]) -> str:
        """The form of a step, which leads back to the board."""
        back = quote(self.look.state.address(), safe="")
        return f"{self.href}/steps/{step['name']}?{BACK}={back}"


def move(visit: Visit, entity: str, record: str) -> Response:
    """`GET, POST /r/<entity>/<id>/move?<state of the board>`: where the card may go; then it is there."""
    card = _standing(visit, entity, record)
    if not visit.is_post:
        return _menu(visit, card)
    lane = card.lanes.get(visit.form.get("lane", ""))
    if lane is None:
        return _menu(visit, card, visit.ui.t("There is no such lane."), 422)
    if card.group == STATE:
        return _step(visit, card, lane)
    command = Update(entity, Target(card.id), {card.group: lane.value or None}, _version(visit))
    return _done(visit, card, command, lane)


def _standing(visit: Visit, entity: str, record: str) -> _Standing:
    look = look_at(visit, visit.entity(entity))
    if look.view is None or look.type != BOARD:
        raise NotFound(Problem("R104", "There is no such board for you."))
    id_, group = record_id(record), str(look.view.params["group_by"])
    shown = visit.queries.get(visit.actor, entity, id_)
    lanes = {option.value: option for option in lane_options(visit, look.entity, group)}
    return _Standing(look, id_, shown, group, lanes)


def _version(visit: Visit) -> int | None:
    return version_in(visit.form.get("version", ""))


def _step(visit: Visit, card: _Standing, lane: Option) -> Response:
    """The first open step that leads there is taken; one that asks for something leads to its form."""
    steps = visit.records.open_transitions(visit.actor, card.entity.name, card.id)
    there = [step for step in steps if step["to"] == lane.value]
    if not there:
        said = visit.ui.t("No step leads from where it is now to {lane}.", lane=lane.label)
        return _menu(visit, card, said, 422)
    step = next((s for s in there if s["allowed"]), there[0])
    if step["allowed"] and asks(card.shown, step):
        return moved(card.form_of(step))
    command = Transition(card.entity.name, Target(card.id), step["name"], {}, _version(visit))
    return _done(visit, card, command, lane)


def _done(visit: Visit, card: _Standing, command: Transition | Update, lane: Option) -> Response:
    try:
        outcome = visit.records.do(visit.actor, command)
    except (Invalid, Forbidden, Conflict) as error:
        return _menu(visit, card, _sentence(error), status_of(error))
    board, is_step = card.look.state.address(), isinstance(command, Transition)
    can_undo = is_step or all(is_kept(card.entity, name) for name in command.values)
    undo = visit.records.place_of(outcome) if can_undo else ""
    return moved(board, visit.ui.t("Now {state}", state=lane.label), undo=undo, back=board)


def _sentence(error: XrmError) -> str:
    return " ".join(whole_text(p) for p in error.problems[:3])


def _open(visit: Visit, card: _Standing) -> tuple[Move, ...]:
    """The lanes that are open: by an allowed step for a state, every other option for a choice that one may write."""
    if card.group == STATE:
        return _by_steps(card, visit.records.open_transitions(visit.actor, card.entity.name, card.id))
    if card.group not in visit.records.permitted(visit.actor, card.entity.name, card.id).writable:
        return ()
    there = card.shown.get(card.group) or ""
    offered = _offered(visit, card)
    return tuple(
        Move(o) for o in card.lanes.values() if o.value != there and (not o.value or o.value in offered)
    )


def _offered(visit: Visit, card: _Standing) -> frozenset[str]:
    """The options that may be chosen as the other values of the card are."""
    field = card.entity.fields[card.group]
    scene = scene_of(visit, card.entity, card.shown)
    return frozenset(o.key for o in field.options if holds(scene, field.options_when.get(o.key), True))


def _by_steps(card: _Standing, steps: Sequence[Mapping[str, Any]]) -> tuple[Move, ...]:
    """A move for each lane to which a step is open; of several steps the first."""
    first: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        if step["allowed"]:
            first.setdefault(step["to"], step)
    return tuple(
        Move(option, card.form_of(first[lane]) if asks(card.shown, first[lane]) else "")
        for lane, option in card.lanes.items()
        if lane in first
    )


def _menu(visit: Visit, card: _Standing, refusal: str = "", status: int = 200) -> Response:
    """The lanes that are open, behind the sentence of whatever refused a move; the card stays where it is."""
    entity, address = card.entity, card.look.state.address
    title = called(visit, entity, card.shown)
    model = MovePage(
        title=visit.ui.t("Move {record}", record=title),
        action=address(below=f"/{card.id}/move"),
        version=str(card.shown["version"]),
        moves=_open(visit, card),
        back_href=address(),
        refusal=refusal,
        crumbs=(Link(visit.plural(entity), address(), entity.icon), Link(title, card.href)),
    )
    if visit.fragment:
        return part(visit, "_moves.html", status, page=model)
    return page(visit, "move.html", model, status=status, current=entity.name)
