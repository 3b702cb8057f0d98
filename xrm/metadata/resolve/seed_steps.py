"""The steps that a seeded record takes: each starts in the state to which the one before leads."""

from __future__ import annotations

from typing import Any

from xrm.errors import Place
from xrm.metadata.model import Entity, Lifecycle
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Doc
from xrm.metadata.resolve.context import Context


def check_steps(context: Context, entity: Entity, doc: Doc, index: int, record: dict[str, Any]) -> None:
    """The record can take its steps one after the other, as far as their states and reasons go."""
    if not record.get("steps") or context.forgives(entity.name, "state"):
        return
    if entity.lifecycle is None:
        message = f"Records of {entity.name} have no lifecycle, so they take no steps."
        context.add("M227", message, "Take the steps out.", doc.source.key_at(("records", index, "steps")))
        return
    state = _beginning(entity.lifecycle)
    for position, name in enumerate(record["steps"]):
        where = doc.source.at(("records", index, "steps", position))
        after = _after(context, entity, name, state, "reason" in record, where)
        if after is None:
            return
        state = after


def _is_unsure(context: Context, entity: Entity, step: str) -> bool:
    """True where the step may have been meant by something that has a problem of its own, which is told."""
    merged = context.layers.lifecycles.get(entity.name)
    if merged is None:
        return False
    is_empty = () in merged.broken or not merged.body.get("states")
    return is_empty or context.is_broken(merged, "transitions", step)


def _beginning(lifecycle: Lifecycle) -> str:
    """The state of a new record; empty where the lifecycle does not say it once."""
    initial = [state.name for state in lifecycle.states.values() if state.initial]
    return initial[0] if len(initial) == 1 else ""


def _after(
    context: Context, entity: Entity, name: str, state: str, has_reason: bool, where: Place
) -> str | None:
    """The state after the step; None when there is no such step from this state, if it is known, which is told."""
    steps = entity.lifecycle.transitions if entity.lifecycle else {}
    step = steps.get(name)
    if step is None and _is_unsure(context, entity, name):
        return None
    if step is None:
        context.add("M227", f'{entity.name} has no step "{name}".', near_hint(name, steps), where)
        return None
    if state and state not in step.sources:
        message = f'The record is then in the state {state}, from which "{name}" does not start.'
        context.add("M227", message, f"It starts from {', '.join(step.sources)}.", where)
        return None
    if step.reason_required and not has_reason:
        context.add("M227", f'"{name}" needs a reason.', "Give the record a reason beside its steps.", where)
    return step.to
