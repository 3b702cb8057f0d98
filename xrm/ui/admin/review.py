"""The draft before it is applied: what it changes, the steps that follow, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from flask import Response

from xrm.engine.packs.drafts import Draft
from xrm.errors import XrmError
from xrm.ui.admin.bench import REVIEW, Bench, bench_of
from xrm.ui.admin.planning import (
    Door,
    Foreseen,
    Settled,
    concerned_cards,
    first_cards,
    foreseen,
    plan_page,
    seen_mark,
    settled_by_button,
    settled_in_address,
)
from xrm.ui.admin.shifts import shifts_of
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.steps import steps_card
from xrm.ui.admin.words import at, user_named
from xrm.ui.administration import Card, CardsPage, Cell
from xrm.ui.models import Action, Link
from xrm.ui.pages.answers import moved
from xrm.ui.pages.menu import DEFINITIONS
from xrm.ui.pages.visit import Visit

MOST_CHANGES = 200


class Review(Area):
    """`/admin/definitions/review`."""

    href = REVIEW

    @shown()
    def index(self, visit: Visit) -> Response:
        """What applying the draft comes to."""
        return _shown(bench_of(visit), None, settled_in_address(visit))

    @posted("/apply")
    def apply(self, visit: Visit) -> Response:
        """The draft holds for everybody, as its plan was shown; or it is shown again with what stands against it."""
        settled, made = settled_by_button(visit), _made(bench_of(visit))
        try:
            visit.runtime.drafts.apply(visit.actor, seen_mark(visit), settled.decisions, settled.answers)
        except XrmError as error:
            return _shown(bench_of(visit), error, settled)
        return moved(f"/r/{made}" if made else DEFINITIONS, visit.ui.t("Applied: it is in force now"))

    @posted("/discard")
    def discard(self, visit: Visit) -> Response:
        """There is no draft."""
        visit.runtime.drafts.discard(visit.actor)
        return moved(DEFINITIONS, visit.ui.t("Draft discarded"))

    @posted("/renew")
    def renew(self, visit: Visit) -> Response:
        """The draft begins from what holds now, with its own changes."""
        visit.runtime.drafts.renew(visit.actor)
        return moved(REVIEW, visit.ui.t("The draft is up to date"))


def _made(bench: Bench) -> str:
    """The one entity that the draft adds, which one wants to see then; empty for none or several."""
    made = [name for name in bench.model.entities if name not in bench.visit.model.entities]
    return made[0] if len(made) == 1 else ""


def _shown(bench: Bench, error: XrmError | None, settled: Settled) -> Response:
    return plan_page(bench.visit, _page(bench, error, settled), error, DEFINITIONS)


def _page(bench: Bench, error: XrmError | None, settled: Settled) -> CardsPage:
    t, draft = bench.visit.ui.t, bench.look.draft
    crumbs = (Link(t("Definitions"), DEFINITIONS, "shapes"),)
    if draft is None:
        note = t("Change a definition, and its plan is shown here.")
        return CardsPage(
            t("Review the draft"), crumbs, (Card(t("There is no draft"), "list-checks", note=note),)
        )
    found, door = _planned(bench, error, settled), _door(bench)
    discard = Action(t("Discard the draft"), f"{REVIEW}/discard", "trash-2", post=True)
    cards = tuple(_cards(bench, draft, found, door))
    return CardsPage(t("Review the draft"), crumbs, cards, _facts(bench, draft), actions=(discard,))


def _planned(bench: Bench, error: XrmError | None, settled: Settled) -> Foreseen:
    if bench.look.moved:
        return Foreseen(None, None, tuple(error.problems) if error else (), settled)
    return foreseen(
        bench.visit, partial(bench.visit.runtime.drafts.revision, bench.visit.actor), settled, error
    )


def _facts(bench: Bench, draft: Draft) -> tuple[str, ...]:
    who = user_named(bench.visit, draft.begun_by)
    return (bench.visit.ui.t("A draft by {who} waits to be applied.", who=who),)


def _door(bench: Bench) -> Door:
    t, count = bench.visit.ui.t, bench.count
    confirm = t("Confirm and apply {count} changes", count=count)
    return Door(REVIEW, f"{REVIEW}/apply", t("Apply {count} changes", count=count), confirm, "check")


def _cards(bench: Bench, draft: Draft, found: Foreseen, door: Door) -> Iterator[Card]:
    yield from first_cards(bench.visit, found, door)
    if bench.look.moved:
        yield _moved(bench)
    if found.proposal is not None:
        yield steps_card(bench.visit, found.proposal.plan.steps)
    yield _changes(bench)
    if found.proposal is not None:
        yield from (replace(card, aside=True) for card in concerned_cards(bench.visit, found.proposal))
    yield _about(bench, draft)


def _moved(bench: Bench) -> Card:
    t = bench.visit.ui.t
    renew = Action(t("Bring the draft up to date"), f"{REVIEW}/renew", "refresh-cw", primary=True, post=True)
    note = t(
        "Others have changed this since the draft was begun. Up to date, the draft makes its own changes to that."
    )
    shifts = tuple(shifts_of(bench.visit, bench.model, bench.look.moved))
    return Card(t("Changed meanwhile"), "git-merge", shifts=shifts, note=note, actions=(renew,), id="moved")


def _changes(bench: Bench) -> Card:
    t = bench.visit.ui.t
    shifts = tuple(shifts_of(bench.visit, bench.model, bench.look.changes))
    more = len(shifts) - MOST_CHANGES
    note = t("and {count} more", count=more) if more > 0 else ""
    return Card(
        t("What changes"), "pencil", note=note, shifts=shifts[:MOST_CHANGES], id="changes", aside=True
    )


def _about(bench: Bench, draft: Draft) -> Card:
    t = bench.visit.ui.t
    facts = (
        (t("Begun by"), Cell(user_named(bench.visit, draft.begun_by))),
        (t("Begun"), at(draft.begun_at)),
        (t("Changed by"), Cell(user_named(bench.visit, draft.changed_by))),
        (t("Changed"), at(draft.changed_at)),
    )
    return Card(t("Draft"), "file-clock", facts, id="draft", aside=True)
