"""Versions: what was in force when and who changed what; and the way back to one of them, through its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from flask import Response

from xrm.engine.packs import Installed, Revision, Version
from xrm.engine.packs.proposal import Proposal
from xrm.engine.packs.versions import MOST, layer_sentences
from xrm.errors import NotFound, Problem, XrmError
from xrm.ui.admin.planning import (
    Door,
    Foreseen,
    Settled,
    carried_out,
    first_cards,
    foreseen,
    plan_cards,
    plan_page,
    settled_in_address,
)
from xrm.ui.admin.shifts import shifts_of
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.stepwords import in_words, is_of_indexes
from xrm.ui.admin.words import AFTER, address, at
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table, TablePage
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import REMOVED, USERS, VERSIONS, admin_tabs
from xrm.ui.pages.visit import Visit, version_in

MOST_SAID = 200
TOLD = 2  # sentences of one version in the list


class Versions(Area):
    """`/admin/versions`."""

    href = VERSIONS

    @shown()
    def index(self, visit: Visit) -> Response:
        """The versions, the newest first."""
        return page(visit, "admin/table.html", _listed(visit), current=VERSIONS)

    @shown("/<number>")
    def one(self, visit: Visit, number: str) -> Response:
        """What changed with the version, and the way to its plan."""
        found = _version(visit, number)
        return page(visit, "admin/cards.html", _told(visit, found), current=VERSIONS)

    @shown("/<number>/back")
    def plan(self, visit: Visit, number: str) -> Response:
        """What going back to the version would come to."""
        return _planned(visit, _version(visit, number), settled_in_address(visit), None)

    @posted("/<number>/back")
    def roll_back(self, visit: Visit, number: str) -> Response:
        """The version is in force again, as its plan was shown; or the plan is shown with what stands against it."""
        version = _version(visit, number)
        planned, done = partial(_planned, visit, version), partial(_done, visit, version)
        return carried_out(visit, _revise(version), planned, done)


def _done(visit: Visit, version: Version, _installed: Installed) -> Response:
    said = visit.ui.t("Back at version {number}: everybody works with it now", number=version.number)
    return moved(VERSIONS, said)


def _version(visit: Visit, given: str) -> Version:
    number = version_in(given)
    if number is None:
        raise NotFound(Problem("R104", "There is no such version."))
    return visit.runtime.packs.version(number)


# --- all of them ------------------------------------------------------------------------------------


def _listed(visit: Visit) -> TablePage:
    t, known = visit.ui.t, visit.runtime.packs.versions(version_in(visit.arg(AFTER)))
    who = visit.runtime.overview.names(visit.actor, {v.actor for v in known if v.actor})
    rows = tuple(_row(visit, version, who.get(str(version.actor), "")) for version in known)
    columns = (t("Version"), t("When"), t("Who"), t("What changed"))
    further = address(VERSIONS, after=str(known[-1].number)) if len(known) == MOST else ""
    empty = Empty(t("There are no earlier versions"), "", "history")
    table = Table(t("Versions"), columns, rows, empty, further)
    kept = len(visit.runtime.packs.removed())
    removed = Action(t("What was removed ({count})", count=kept), REMOVED, "archive")
    return TablePage(t("Versions"), "history", admin_tabs(visit, VERSIONS), table, actions=(removed,))


def _row(visit: Visit, version: Version, who: str) -> Row:
    t, changes = visit.ui.t, _said(visit, version.changes)
    said, more = changes[:TOLD], len(changes) - TOLD
    rest = [*said[1:], *([t("and {count} more", count=more)] if more > 0 else [])]
    cells = (
        Cell(
            t("Version {number}", number=version.number),
            f"{VERSIONS}/{version.number}",
            note=t("In force") if version.is_current else "",
        ),
        at(version.at),
        Cell(who or t("The system"), f"{USERS}/{version.actor}" if who else "", note=door_word(visit, version.door)),
        Cell(said[0] if said else "", note=" · ".join(rest), is_plain=True),
    )  # fmt: skip
    return Row(cells, is_quiet=not version.can_return)


def _said(visit: Visit, sentences: Sequence[str]) -> tuple[str, ...]:
    """What changed, for this person: columns of one field are told once, and indexes not at all."""
    told = (in_words(visit.ui, sentence) for sentence in sentences if not is_of_indexes(sentence))
    return tuple(dict.fromkeys(told))


def door_word(visit: Visit, door: str) -> str:
    """Through which door somebody came, in words."""
    t = visit.ui.t
    words = {
        "page": t("on a page"), "api": t("by the API"), "cli": t("on the command line"),
        "install": t("by the installer"), "job": t("by a job"),
    }  # fmt: skip
    return words.get(door, door)


# --- one of them ------------------------------------------------------------------------------------


def _told(visit: Visit, version: Version) -> CardsPage:
    t = visit.ui.t
    way = Action(t("Roll back to this"), f"{VERSIONS}/{version.number}/back", "undo-2", primary=True)
    may = version.can_return and not version.is_current
    return CardsPage(
        title=t("Version {number}", number=version.number),
        crumbs=_crumbs(visit),
        cards=(_about(visit, version), _changes(visit, _said(visit, version.changes), t("What changed"))),
        tags=(Option("current", t("In force"), "green"),) if version.is_current else (),
        facts=() if version.can_return else (t("It cannot be gone back to: its files were not kept."),),
        actions=(way,) if may else (),
    )


def _crumbs(visit: Visit, *more: Link) -> tuple[Link, ...]:
    return (Link(visit.ui.t("Versions"), VERSIONS, "history"), *more)


def _about(visit: Visit, version: Version) -> Card:
    t, actor = visit.ui.t, version.actor
    who = visit.runtime.overview.names(visit.actor, [actor] if actor else []).get(str(actor), "")
    facts = (
        (t("When"), at(version.at)),
        (t("Who"), Cell(who, f"{USERS}/{actor}") if who else Cell(t("The system"))),
        (t("Door"), Cell(door_word(visit, version.door))),
        (t("Fingerprint"), Cell(version.fingerprint, code=True)),
    )
    return Card(t("About"), "file-clock", facts, id="about")


def _changes(visit: Visit, sentences: Sequence[str], label: str) -> Card:
    t, more = visit.ui.t, len(sentences) - MOST_SAID
    rows = tuple(Row((Cell(said),)) for said in sentences[:MOST_SAID])
    table = Table(label, (label,), rows, Empty(t("Nothing"), "", "history"))
    return Card(
        label, "pencil", table=table, note=t("and {count} more", count=more) if more > 0 else "", id="changes"
    )


# --- the way back -----------------------------------------------------------------------------------


def _revise(version: Version) -> Callable[[], Revision]:
    return partial(Revision, version=version.number)


def _planned(visit: Visit, version: Version, settled: Settled, error: XrmError | None) -> Response:
    t, found = visit.ui.t, foreseen(visit, _revise(version), settled, error)
    here = Link(t("Version {number}", number=version.number), f"{VERSIONS}/{version.number}")
    model = CardsPage(
        title=t("Back to version {number}", number=version.number),
        crumbs=_crumbs(visit, here),
        cards=tuple(_cards(visit, version, found)),
        facts=(t("What people wrote since stays. The way back is a new version, so one can go forward again."),),
    )  # fmt: skip
    return plan_page(visit, model, error, VERSIONS)


def _cards(visit: Visit, version: Version, found: Foreseen) -> Iterator[Card]:
    door = _door(visit, version, found.proposal)
    yield from first_cards(visit, found, door)
    if found.proposal is not None and found.revision is not None:
        model = visit.runtime.packs.intended(found.revision)
        shifts = tuple(shifts_of(visit, model, found.proposal.differences))
        said = _said(visit, tuple(layer_sentences(found.proposal)))
        yield replace(_changes(visit, said, visit.ui.t("What changes")), shifts=shifts[:MOST_SAID])
    yield from plan_cards(visit, found)


def _door(visit: Visit, version: Version, proposal: Proposal | None) -> Door:
    t, here = visit.ui.t, f"{VERSIONS}/{version.number}/back"
    removes = t("Something is removed. Rolling back confirms that; what is removed is kept for a while.")
    note = removes if proposal is not None and proposal.removes else ""
    return Door(here, here, t("Roll back"), t("Confirm and roll back"), "undo-2", note)
