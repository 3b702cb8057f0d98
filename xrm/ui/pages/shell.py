"""The shell around a page: who it is for, where they may go, and what is to be said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xrm.engine.identity.marks import Mark
from xrm.engine.runtime import Snapshot
from xrm.ui.models import Link, NavGroup, Shell
from xrm.ui.pages.keeping import Kept, kept_groups, marks_of
from xrm.ui.pages.menu import nav_groups, toggled_groups
from xrm.ui.pages.resuming import DRAFT
from xrm.ui.pages.visit import Visit

PRODUCT = "xrm"


def product_of(snapshot: Snapshot) -> str:
    """What stands at the head of every page: the organisation's name, or the program's."""
    return snapshot.organisation.name or PRODUCT


def shell_of(
    visit: Visit,
    current: str = "",
    marks: Sequence[Mark] | None = None,
    titles: Mapping[Kept, str] | None = None,
) -> Shell:
    """The shell for this person, with the sidebar's entry of `current` marked."""
    kept = kept_groups(visit, marks_of(visit) if marks is None else marks, toggled_groups(), titles)
    return Shell(
        product=product_of(visit.snapshot),
        person=visit.actor.name,
        groups=(_first(visit, current), *kept, *nav_groups(visit, current)),
        theme=visit.theme,
        letter_keys=visit.letter_keys,
        csrf_token=visit.csrf,
        mark=visit.mark,
        banner=_banner(visit),
        flash=visit.flash,
    )


def _banner(visit: Visit) -> str:
    if not visit.is_again:
        return ""
    said = (
        visit.ui.t("This is your draft. Nothing of it is saved yet: look it over and save it.")
        if DRAFT in visit.form
        else visit.ui.t(
            "You are signed in again. Nothing is saved yet: look over the form and send it once more."
        )
    )
    files = visit.ui.t("Files and passwords have to be given again.")
    return f"{said} {files}"


def _first(visit: Visit, current: str) -> NavGroup:
    return NavGroup("", (Link(visit.ui.t("Home"), "/", "house", current == "home", key="h"),))
