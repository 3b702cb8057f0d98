"""Lifecycle steps: who may take which, what they need, and why a step is not open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xrm.engine.access import transition_roles_allow
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import environment
from xrm.engine.records.permits import known_names, may_be_told
from xrm.engine.records.writer import Writer
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from xrm.metadata.model import Transition, text_of
from xrm.registry import near_names


def begin(setting: Setting, drafts: Sequence[Draft], steps: Sequence[str]) -> list[Draft]:
    """Each draft with its transition, open to the actor from the state that the record is in."""
    return [_begun(setting, draft, step) for draft, step in zip(drafts, steps, strict=True)]


def _begun(setting: Setting, draft: Draft, step: str) -> Draft:
    transition = _named(draft, step)
    if not transition_roles_allow(setting.actor, transition.roles):
        wanted = ", ".join(transition.roles or ()) or "no role"
        message = f"{step} is for {wanted}."
        raise Forbidden(Problem("A103", message, "Ask someone who has that role.", draft.where("")))
    state = (draft.old or {})["state"]
    if state not in transition.sources:
        message = f"{step} does not start from {state}."
        hint = "It starts from " + ", ".join(transition.sources) + "."
        raise Conflict(Problem("R147", message, hint, draft.where("")))
    if transition.reason_required and not draft.reason.strip():
        raise Invalid(draft.problem("R148", "reason", f"{step} needs a reason.", "Say why."))
    return draft.with_(transition=transition)


def _named(draft: Draft, step: str) -> Transition:
    lifecycle = draft.writer.entity.lifecycle
    known: Mapping[str, Transition] = lifecycle.transitions if lifecycle else {}
    if step in known:
        return known[step]
    near = near_names(step, known)
    hint = f"Did you mean {near[0]}?" if near else ""
    raise NotFound(Problem("R104", f"There is no transition {step!r}.", hint, draft.where("")))


def entered(setting: Setting, draft: Draft) -> Mapping[str, Any]:
    """The state columns that the draft gets: initial for a new record, the target for a step."""
    lifecycle = draft.writer.entity.lifecycle
    if lifecycle is None:
        return {}
    if draft.is_new:
        return {"state": lifecycle.initial.name, "state_since": setting.now}
    if draft.transition is not None and draft.transition.to != (draft.old or {})["state"]:
        return {"state": draft.transition.to, "state_since": setting.now}
    return {}


def step_problems(setting: Setting, draft: Draft, *, early: bool = False) -> list[Problem]:
    """What the draft lacks for its transition: required values, and the guard.

    `early`, before it is written, leaves out a guard that looks at other records or at refused values.
    """
    step = draft.transition
    if step is None:
        return []
    reads = draft.writer.programs.guard_reads.get(step.name)
    if early and (reads is None or reads & draft.refused):
        return _lacking(setting, draft, step)
    return [*_lacking(setting, draft, step), *_guarded(setting, draft, step)]


def _lacking(setting: Setting, draft: Draft, transition: Transition) -> list[Problem]:
    known = known_names(setting, draft.writer.entity.name)
    asked = [name for name in transition.requires if name not in draft.refused]
    lacking = [name for name in asked if draft.new.get(name) is None]
    return [_needed(draft, transition, name if name in known else "") for name in lacking]


def _needed(draft: Draft, transition: Transition, name: str) -> Problem:
    """The problem of a value that a step needs; without a name where the actor may not know of it."""
    if name:
        return draft.problem("R130", name, f"{transition.name} needs this value.", "Give it with the step.")
    message = f"{transition.name} needs a value that you may not give."
    return draft.problem("R130", "", message, "Ask for the right.")


def _guarded(setting: Setting, draft: Draft, transition: Transition) -> list[Problem]:
    guard = draft.writer.programs.guards.get(transition.name)
    if guard is None or guard(environment(setting, draft)) is True:
        return []
    is_open = transition.guard is not None and may_be_told(setting, transition.guard)
    written = f"asks that {transition.guard.text}" if is_open and transition.guard else "is not open now"
    message = text_of(transition.message, setting.actor.language, f"{transition.name} {written}.")
    return [Problem("R149", message, "Change the record so that it holds.", draft.where(""))]


def open_steps(
    setting: Setting, writer: Writer, values: Mapping[str, Any], may: bool
) -> list[dict[str, Any]]:
    """Every step from the record's state: whether this actor may take it, and why not."""
    lifecycle = writer.entity.lifecycle
    if lifecycle is None:
        return []
    draft = Draft(writer, "transition", values["id"], old=values, new=values)
    language = setting.actor.language
    return [
        _described(setting, draft, step, may, language)
        for step in lifecycle.transitions.values()
        if values["state"] in step.sources
    ]


def _described(setting: Setting, draft: Draft, step: Transition, may: bool, language: str) -> dict[str, Any]:
    reason = _why_not(setting, draft, step, may)
    return {
        "name": step.name,
        "label": text_of(step.label, language, step.name),
        "to": step.to,
        "allowed": not reason,
        "reason": reason,
        "requires": [n for n in step.requires if n in known_names(setting, draft.writer.entity.name)],
        "reason_required": step.reason_required,
    }


def _why_not(setting: Setting, draft: Draft, step: Transition, may: bool) -> str:
    if not may:
        return "Your roles do not let you take steps on this record."
    if not transition_roles_allow(setting.actor, step.roles):
        return "It is for " + (", ".join(step.roles or ()) or "no role") + "."
    problems = () if _is_undecided(draft, step) else _guarded(setting, draft, step)
    return problems[0].message if problems else ""


def _is_undecided(draft: Draft, step: Transition) -> bool:
    """Whether what comes with the step decides its guard: then nobody can say yet that it does not hold."""
    return not draft.writer.programs.guard_reads.get(step.name, frozenset()).isdisjoint(step.requires)
