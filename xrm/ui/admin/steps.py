"""The steps of a plan on a page: what each says, how grave it is, which rows it touches, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from xrm.engine.storage.steps import (
    AddConstraint,
    Begin,
    BringBack,
    CreateIndex,
    DropIndex,
    Effect,
    Purge,
    Remove,
    Rename,
    Step,
    TurnLinks,
    TurnValues,
)
from xrm.ui.admin.stepwords import in_words
from xrm.ui.administration import Card, Table, Told
from xrm.ui.fields.view import Option
from xrm.ui.models import Empty
from xrm.ui.pages.visit import Visit

MOST_STEPS: Final = 200
_ID: Final = re.compile(r" \([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(, in the trash)?\)")
_ICONS: Final[tuple[tuple[type[Step] | tuple[type[Step], ...], str], ...]] = (
    ((Remove, Purge), "trash-2"),
    (BringBack, "archive-restore"),
    (Rename, "pencil"),
    ((TurnValues, TurnLinks, Begin), "replace"),
    (AddConstraint, "shield-check"),
    (DropIndex, "minus"),
)


def steps_card(visit: Visit, steps: Sequence[Step], note: str = "") -> Card:
    """The steps of a plan, or that there are none.

    Indexes come with a new table: there is nothing to decide about them, and they are counted only. The columns of one
    field come by one step, as people see it.
    """
    t = visit.ui.t
    told = [step for step in steps if not _is_of_new_table(step)]
    more, indexes = len(told) - MOST_STEPS, len(steps) - len(told)
    said = (
        note,
        t("and {count} more", count=more) if more > 0 else "",
        t("New tables come with {count} indexes.", count=indexes) if indexes else "",
    )
    empty = Empty(t("No table changes"), t("Only definitions are new; they work at once."), "shapes")
    return Card(
        t("Steps"), "list-checks", note=" ".join(filter(None, said)), id="plan",
        steps=tuple(dict.fromkeys(_told(visit, step) for step in told[:MOST_STEPS])),
        table=None if told else Table(t("Steps"), (t("Step"),), (), empty),
    )  # fmt: skip


def _is_of_new_table(step: Step) -> bool:
    """Whether the step makes an index of a table that is new, too; that of another one reads its rows."""
    return isinstance(step, CreateIndex) and step.effect is Effect.INSTANT


def _told(visit: Visit, step: Step) -> Told:
    icon = next((icon for kinds, icon in _ICONS if isinstance(step, kinds)), "plus")
    text, back = in_words(visit.ui, step.sentence), in_words(visit.ui, step.inverse)
    return Told(text, icon, _effect(visit, step.effect), tuple(_notes(visit, step)), back)


def _notes(visit: Visit, step: Step) -> Iterator[str]:
    """How many rows it touches, how long writers wait, and some of what becomes of the rows."""
    t, seconds = visit.ui.t, step.lock_seconds
    if step.rows.touched:
        yield t("{count} rows", count=step.rows.touched)
    if seconds:
        yield t("Writers wait about {seconds} s", seconds=visit.ui.number(seconds))
    yield from (without_ids(sample) for sample in step.rows.samples)


def without_ids(said: str) -> str:
    """What is said of records, by their titles alone."""
    return _ID.sub("", said)


def rows_touched(steps: Sequence[Step]) -> int:
    """How many rows hold something that goes or becomes another; an index and a check only read theirs."""
    reading = (CreateIndex, DropIndex, AddConstraint)
    return sum(step.rows.touched for step in steps if not isinstance(step, reading))


def _effect(visit: Visit, effect: Effect) -> Option:
    t = visit.ui.t
    if effect is Effect.DESTRUCTIVE:
        return Option(effect, t("Removes"), "red")
    if effect is Effect.DECISION:
        return Option(effect, t("As decided"), "amber")
    if effect is Effect.REWRITE:
        return Option(effect, t("Reads every row"), "amber")
    return Option(effect, t("Instant"), "green")
