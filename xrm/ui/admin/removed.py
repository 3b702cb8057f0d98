"""What was removed and is still kept: until when, and how it goes for good before that, through a plan of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask import Response

from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.shadows import Shadow
from xrm.errors import NotFound, Problem, XrmError
from xrm.ui.admin.planning import MARK, problems_card, seen_mark
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.steps import steps_card
from xrm.ui.admin.words import at, thing_called
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table, TablePage
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import REMOVED, VERSIONS, admin_tabs
from xrm.ui.pages.refusals import status_of
from xrm.ui.pages.visit import Visit, version_in

ALL = "all"


class Removed(Area):
    """`/admin/versions/removed`."""

    href = REMOVED

    @shown()
    def index(self, visit: Visit) -> Response:
        """What is kept, the newest first."""
        return page(visit, "admin/table.html", _listed(visit), current=VERSIONS)

    @shown("/<which>")
    def plan(self, visit: Visit, which: str) -> Response:
        """What destroying it would come to."""
        return _planned(visit, which, _numbers(visit, which), None)

    @posted("/<which>")
    def purge(self, visit: Visit, which: str) -> Response:
        """It is gone for good, as its plan was shown; or the plan is shown with what stands against it."""
        numbers = _numbers(visit, which)
        try:
            visit.runtime.packs.purge(numbers, visit.actor, confirmed=seen_mark(visit))
        except XrmError as error:
            return _planned(visit, which, numbers, error)
        return moved(REMOVED, visit.ui.t("Destroyed for good"))


def _numbers(visit: Visit, which: str) -> tuple[int, ...]:
    """The numbers of what is meant; raises NotFound where nothing is kept under one."""
    kept = tuple(shadow.number for shadow in visit.runtime.packs.removed())
    found = kept if which == ALL else tuple(n for n in kept if n == version_in(which))
    if not found:
        raise NotFound(Problem("R104", "Nothing is kept there."))
    return found


def _listed(visit: Visit) -> TablePage:
    t, kept = visit.ui.t, visit.runtime.packs.removed()
    who = visit.runtime.overview.names(visit.actor, {s.actor for s in kept if s.actor})
    rows = tuple(_row(visit, shadow, who.get(str(shadow.actor), "")) for shadow in reversed(kept))
    columns = (t("What"), t("Removed"), t("Who"), t("Kept until"))
    empty = Empty(
        t("Nothing is kept"), t("What a change of definitions removes stays here for a while."), "archive"
    )
    note = t("It comes back when it is defined again as it was, or with a version that had it.")
    every = Action(t("Destroy all of it"), f"{REMOVED}/{ALL}", "trash-2", danger=True)
    table = Table(t("What was removed"), columns, rows, empty)
    actions = (every,) if len(kept) > 1 else ()
    tabs = admin_tabs(visit, VERSIONS)
    return TablePage(table.label, "archive", tabs, table, note=note if kept else "", actions=actions)


def _row(visit: Visit, shadow: Shadow, who: str) -> Row:
    t = visit.ui.t
    destroy = Action(t("Destroy"), f"{REMOVED}/{shadow.number}", "trash-2")
    cells = (
        Cell(thing_called(visit, shadow.thing), note=f"{shadow.thing}, {_with_what(visit, shadow)}"),
        at(shadow.at),
        Cell(who or t("The system")),
        at(shadow.until),
    )
    return Row(cells, (destroy,))


def _with_what(visit: Visit, shadow: Shadow) -> str:
    """What is kept of it: of a field that is still there, the values as they were before it became another."""
    t, (name, _, member) = visit.ui.t, shadow.thing.partition(".")
    entity = visit.model.entities.get(name)
    if shadow.is_link:
        return t("with its links")
    if shadow.is_table:
        return t("with all its records")
    is_there = entity is not None and (member in entity.fields or member in entity.relationships)
    return t("the values of before a change") if is_there else t("with its values")


# --- destroying it ----------------------------------------------------------------------------------


def _planned(visit: Visit, which: str, numbers: Sequence[int], error: XrmError | None) -> Response:
    t, plan = visit.ui.t, visit.runtime.packs.plan_purge(numbers)
    crumbs = (Link(t("Versions"), VERSIONS, "history"), Link(t("What was removed"), REMOVED, "archive"))
    destroy = Action(
        t("Destroy for good"), f"{REMOVED}/{which}", "trash-2", danger=True, post=True, values={MARK: plan.hash}
    )  # fmt: skip
    model = CardsPage(
        title=t("Destroy what was removed"),
        crumbs=crumbs,
        cards=tuple(_cards(visit, plan, destroy, error)),
        facts=(t("There is no undo."),),
    )
    return page(visit, "admin/cards.html", model, status=status_of(error) if error else 200, current=VERSIONS)


def _cards(visit: Visit, plan: SchemaPlan, destroy: Action, error: XrmError | None) -> Iterator[Card]:
    if error is not None:
        yield problems_card(visit, error.problems)
    note = visit.ui.t("With a table goes what was removed from it before, and what points at it.")
    yield replace(steps_card(visit, plan.steps, note), actions=(destroy,))
