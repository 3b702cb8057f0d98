"""A plan as it is told: steps to the tables, what the customisation says other than before, and conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from xrm.cli.output import say, say_json
from xrm.cli.sources import NO_MORE

if TYPE_CHECKING:
    from xrm.engine.packs.proposal import Proposal
    from xrm.engine.packs.reconciliation import Answer
    from xrm.engine.runtime import Runtime
    from xrm.engine.storage.plan import SchemaPlan
    from xrm.engine.storage.steps import Step

_CHOSEN = {"keep": "Your value stays", "take": "The pack's value comes"}


def show_plan(
    runtime: Runtime, proposal: Proposal, *, as_json: bool, more: Mapping[str, object] = NO_MORE
) -> None:
    """The plan has been told; `more` goes with it to a program."""
    from xrm.engine.packs.telling import plan_json

    if as_json:
        say_json(plan_json(proposal, runtime.database.engine.dialect, more))
        return
    for line in plan_lines(proposal, None):
        say(line)


def plan_lines(proposal: Proposal, statements: Sequence[str] | None) -> Iterator[str]:
    """The plan for a person; with `statements` what each step says to the database."""
    from xrm.engine.packs.telling import layer_changes

    if proposal.is_empty and not proposal.reconciled.answers:
        yield "Nothing to do: the database is as the definitions want it."
        return
    yield from step_lines(proposal.plan, statements)
    for name, old, new in layer_changes(proposal):
        yield _layer_line(name, old, new)
    yield from (f"    {one.sentence}" for one in proposal.differences)
    yield from (f"    {edit}" for edit in proposal.reconciled.edits)
    yield from (line for answer in proposal.reconciled.answers for line in _answer_lines(answer))
    yield from (view.sentence for view in proposal.views)
    yield from (one.sentence for one in proposal.dependents)
    if proposal.plan.is_empty:
        yield "No table changes."
    yield from confirmation_lines(proposal.plan)


def step_lines(plan: SchemaPlan, statements: Sequence[str] | None) -> Iterator[str]:
    """What each step says, what it does to what is stored, and with `statements` what it says to the database."""
    for number, step in enumerate(plan.steps):
        yield f"{step.sentence}{_aside(step)}"
        yield from (f"    {sample}" for sample in step.rows.samples)
        if statements is not None:
            yield f"    {statements[number]}"


def _aside(step: Step) -> str:
    """What is worth knowing besides, of any step but one that is done at once and touches nothing."""
    rows = f"{step.rows.touched:,} rows" if step.rows.touched else ""
    failing = f"{step.rows.failing:,} of them do not fit" if step.rows.failing else ""
    waits = f"writers wait about {step.lock_seconds} s" if step.lock_seconds else ""
    effect = str(step.effect) if step.effect != "instant" else ""
    told = [each for each in (effect, rows, failing, waits) if each]
    return f" [{', '.join(told)}]" if told else ""


def confirmation_lines(plan: SchemaPlan) -> Iterator[str]:
    """How a plan that removes something is confirmed."""
    if plan.destructive:
        yield f"It removes something. To have it so, read all of it, and add --confirm {plan.hash}"


def _layer_line(name: str, old: str, new: str) -> str:
    if not old and not new:
        return f"The {name} changes:"
    if not new:
        return f"Uninstall {name} {old}."
    return f"Install {name} {new}." if not old else f"Install {name} {new} over {old}."


def _answer_lines(answer: Answer) -> Iterator[str]:
    conflict = answer.conflict
    yield f"CONFLICT {conflict.sentence}"
    yield f"    yours: {conflict.where}, theirs: {conflict.there}"
    if answer.choice is None:
        yield f'    Answer: --keep "{conflict.key}" or --take "{conflict.key}".'
    else:
        yield f"    {_CHOSEN[answer.choice]}{', as you answered before' if answer.is_remembered else ''}."
