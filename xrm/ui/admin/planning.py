"""A plan on a page, whatever asks for it: what stands against it, what is to be said first, its steps, its button."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from flask import Response

from xrm.engine.packs import Installed, Revision
from xrm.engine.packs.dependents import Dependents
from xrm.engine.packs.lost_views import LostView
from xrm.engine.packs.proposal import Proposal
from xrm.engine.packs.revision import Answers
from xrm.engine.storage.forms import Decisions
from xrm.errors import Forbidden, NotFound, Problem, XrmError
from xrm.ui.admin.conflicts import answers_in, conflict_cards, values_of
from xrm.ui.admin.deciding import CLEAR, asked, deciding_card, is_open, sent
from xrm.ui.admin.steps import rows_touched, steps_card
from xrm.ui.admin.uses import said_place, uses_address
from xrm.ui.admin.words import thing_called
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table
from xrm.ui.models import Action, Empty
from xrm.ui.pages.answers import page
from xrm.ui.pages.refusals import status_of
from xrm.ui.pages.visit import Visit

MARK = "mark"
MOST_PROBLEMS = 100
MOST_TOLD = 20  # references to one thing
_UNSEEN = "unseen"  # the mark of no plan: a form without one has shown none


@dataclass(frozen=True, slots=True)
class Settled:
    """What somebody has said of a plan on its page: answers to its conflicts, and decisions about values."""

    answers: Answers = field(default_factory=dict)
    decisions: Decisions = field(default_factory=dict)

    def of(self, revision: Revision) -> Revision:
        """The revision by these."""
        return replace(revision, answers=self.answers, decisions=self.decisions)

    @property
    def posted(self) -> dict[str, str]:
        """The same, as the button carries it."""
        return {**values_of(self.answers), **self.decisions}

    @property
    def in_address(self) -> tuple[tuple[str, str], ...]:
        """The same, as the address of the page says it."""
        decided = (((place, text) if text else (CLEAR, place)) for place, text in self.decisions.items())
        return (*values_of(self.answers).items(), *decided)


def settled_in_address(visit: Visit) -> Settled:
    """What the address of the page says."""
    return Settled(answers_in(visit.args), asked(visit))


def settled_by_button(visit: Visit) -> Settled:
    """What came with the button."""
    return Settled(answers_in(visit.form.to_dict(flat=False)), sent(visit))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a revision comes to, or what stands against it; by what was `settled`."""

    revision: Revision | None
    proposal: Proposal | None
    problems: tuple[Problem, ...]
    settled: Settled

    @property
    def is_ready(self) -> bool:
        """Whether there are steps to be read, and nothing is to be answered first."""
        return self.proposal is not None and not self.proposal.is_open


@dataclass(frozen=True, slots=True)
class Door:
    """Where a plan is shown, where its button goes, and what that says; `confirm` where something is removed.

    `follows` tells what is found anew in records without a step of its own.
    """

    page: str
    action: str
    label: str
    confirm: str
    icon: str
    note: str = ""
    follows: str = ""


def foreseen(
    visit: Visit, revise: Callable[[], Revision], settled: Settled, error: XrmError | None = None
) -> Foreseen:
    """The plan, with what was refused before, if anything; raises NotFound where the revision is about nothing."""
    told, revision = tuple(error.problems) if error else (), None
    try:
        revision = settled.of(revise())
        return Foreseen(revision, visit.runtime.packs.foresee(revision), told, settled)
    except (NotFound, Forbidden):
        raise
    except XrmError as refusal:
        return Foreseen(revision, None, tuple(dict.fromkeys((*told, *refusal.problems))), settled)


def carried_out(
    visit: Visit,
    revise: Callable[[], Revision],
    planned: Callable[[Settled, XrmError | None], Response],
    done: Callable[[Installed], Response],
) -> Response:
    """The plan is carried out as its page has shown it, and `done` answers; or it is `planned` with what stands against
    it, as where it is another one by now. Raises NotFound and Forbidden.
    """
    settled = settled_by_button(visit)
    try:
        revision = replace(settled.of(revise()), confirmed=seen_mark(visit))
        installed = visit.runtime.packs.revise(revision, visit.actor)
    except (NotFound, Forbidden):
        raise
    except XrmError as error:
        return planned(settled, error)
    return done(installed)


def plan_page(visit: Visit, model: CardsPage, error: XrmError | None, current: str) -> Response:
    """The page of a plan; with the status of what was refused, if anything was."""
    return page(visit, "admin/cards.html", model, status=status_of(error) if error else 200, current=current)


def seen_mark(visit: Visit) -> str:
    """The mark of the plan that was shown with the button."""
    return visit.form.get(MARK, "") or _UNSEEN


# --- cards --------------------------------------------------------------------------------------------


def first_cards(visit: Visit, found: Foreseen, door: Door) -> Iterator[Card]:
    """How the plan stands, what stands against it, what has to be decided, and the conflicts to be answered."""
    yield from state_card(visit, found, door)
    wrong = [problem for problem in found.problems if not is_open(problem)]
    if wrong:
        yield problems_card(visit, wrong)
    if found.settled.decisions or len(wrong) < len(found.problems):
        model = visit.runtime.packs.intended(found.revision) if found.revision else visit.model
        carried = Settled(found.settled.answers).in_address
        yield from deciding_card(visit, model, door.page, found.settled.decisions, found.problems, carried)
    if found.proposal is not None:
        carried = Settled(decisions=found.settled.decisions).in_address
        yield from conflict_cards(visit, found.proposal.reconciled, door.page, carried)


def state_card(visit: Visit, found: Foreseen, door: Door) -> Iterator[Card]:
    """In one sentence whether the plan can be carried out, and what it waits for if not."""
    t, wrong = visit.ui.t, any(not is_open(problem) for problem in found.problems)
    if wrong:
        note = t("Nothing has changed. Mend what stands below, then look again.")
        label = t("It was not carried out") if found.is_ready else t("It cannot be carried out")
        yield Card(label, "circle-alert", note=note, tone="danger", id="state")
    elif found.problems:
        note = t(
            "Nothing has changed. Say what becomes of values that will not fit any more, or correct them."
        )
        label = t("{count} decisions are needed first", count=len(found.problems))
        yield Card(label, "split", note=note, tone="warning", id="state")
    elif found.proposal is not None and found.proposal.is_open:
        note = t("Nothing has changed. Say below what shall hold.")
        yield Card(t("Answers are needed first"), "split", note=note, tone="warning", id="state")
    if found.proposal is not None and found.is_ready:
        yield _ready(visit, found.proposal, found.settled, door)


def _ready(visit: Visit, proposal: Proposal, settled: Settled, door: Door) -> Card:
    """That it can be carried out, with the button that does it: here it says what it does on a phone, too."""
    t, touched = visit.ui.t, rows_touched(proposal.plan.steps)
    label = (
        t("There is nothing to do")
        if proposal.is_empty
        else t("Ready, checked with the records as they are now")
    )
    said = (
        door.follows
        or (t("{count} rows are touched.", count=touched) if touched else t("No row is touched.")),
        t("What is removed is kept for {count} days.", count=visit.runtime.settings.limits.removed_days)
        if proposal.removes
        else "",
        t("Each version can be gone back to."),
        door.note,
    )
    actions = () if proposal.is_empty else (button(proposal, settled, door),)
    return Card(
        label, "circle-check", note=" ".join(filter(None, said)), tone="success", id="ready", actions=actions
    )


def plan_cards(visit: Visit, found: Foreseen) -> Iterator[Card]:
    """The steps, and the saved views that lose something by them."""
    if found.proposal is None or not found.is_ready:
        return
    yield replace(steps_card(visit, found.proposal.plan.steps), label=visit.ui.t("Plan"))
    yield from concerned_cards(visit, found.proposal)


def button(proposal: Proposal, settled: Settled, door: Door) -> Action:
    """The button that carries out this proposal and no other."""
    label = door.confirm if proposal.removes else door.label
    values = {**settled.posted, MARK: proposal.mark}
    is_dangerous = proposal.removes
    return Action(
        label, door.action, door.icon, primary=not is_dangerous, danger=is_dangerous, post=True, values=values
    )


def concerned_cards(visit: Visit, proposal: Proposal) -> Iterator[Card]:
    """The saved views that lose something, and what else speaks of what is altered, where there are any."""
    yield from views_card(visit, proposal.views)
    yield from dependents_card(visit, proposal.dependents)


def views_card(visit: Visit, views: Sequence[LostView]) -> Iterator[Card]:
    """The saved views that ask for something which goes, if there are any."""
    t = visit.ui.t
    rows = tuple(
        Row(
            (
                Cell(v.name or t("A private view")),
                Cell(_entity_called(visit, v.entity)),
                Cell(", ".join(v.lost)),
            )
        )
        for v in views
    )
    if rows:
        table = Table(t("Saved views"), (t("View"), t("Entity"), t("What goes")), rows, Empty(t("Nothing")))
        note = t("They are shown without what goes, until that comes back.")
        yield Card(t("Saved views"), "bookmark", table=table, note=note, id="views")


def dependents_card(visit: Visit, found: Sequence[Dependents]) -> Iterator[Card]:
    """What else speaks of the fields and relationships that are altered, if anything does."""
    t = visit.ui.t
    told = [
        (one.name, dict.fromkeys((r.source, said_place(r.place)) for r in one.references)) for one in found
    ]
    more = sum(max(0, len(references) - MOST_TOLD) for _, references in told)
    rows = tuple(
        Row((
            Cell(thing_called(visit, name), uses_address(name), note=name), Cell(source), Cell(place, code=True),
        ))
        for name, references in told
        for source, place in list(references)[:MOST_TOLD]
    )  # fmt: skip
    if rows:
        columns = (t("What is altered"), t("Used by"), t("Place"))
        table = Table(t("What else is concerned"), columns, rows, Empty(t("Nothing")))
        note = t("These speak of what is altered; names in them follow by themselves.")
        note += f" {t('and {count} more', count=more)}" if more else ""
        yield Card(t("What else is concerned"), "waypoints", table=table, note=note, id="dependents")


def _entity_called(visit: Visit, name: str) -> str:
    found = visit.model.entities.get(name)
    return visit.plural(found) if found else name


def problems_card(visit: Visit, problems: Sequence[Problem]) -> Card:
    """What stands against something, each with its place."""
    t = visit.ui.t
    rows = tuple(
        Row((Cell(p.code, code=True), Cell(p.message, note=p.hint), Cell(str(p.where), is_plain=True)))
        for p in problems[:MOST_PROBLEMS]
    )
    table = Table(
        t("What is wrong"), (t("Code"), t("Problem"), t("Place")), rows, Empty(t("Nothing is wrong"))
    )
    note = t("{count} problems", count=len(problems))
    return Card(t("What is wrong"), "circle-alert", table=table, note=note, id="problems")
