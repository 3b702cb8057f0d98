"""Bringing a pack as an archive: it is at hand then, and its page shows what installing it would come to."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from xrm.engine.packs.shelf import LONGEST_NAME
from xrm.errors import MetadataInvalid, Problem
from xrm.ui.admin.planning import problems_card
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.administration import Card, CardsPage, Upload
from xrm.ui.models import Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import BRING, PACKS
from xrm.ui.pages.visit import Visit

UNPROCESSABLE = 422


class Bringing(Area):
    """`/admin/bring`."""

    href = BRING

    @shown()
    def index(self, visit: Visit) -> Response:
        """Asks for an archive."""
        return _shown(visit)

    @posted("/")
    def bring(self, visit: Visit) -> Response:
        """The pack is at hand, and its page is shown; or the archive is refused with every place, and not kept."""
        given = visit.files.get("file")
        if given is None or not given.filename:
            return _shown(visit, error=visit.ui.t("Choose a file."))
        try:
            name = visit.runtime.shelf.bring(visit.actor, given.stream, given.filename[-LONGEST_NAME:])
        except MetadataInvalid as error:
            return _shown(visit, error.problems)
        return moved(f"{PACKS}/{name}", visit.ui.t("Brought; nothing is installed yet"))


def _shown(visit: Visit, problems: Sequence[Problem] = (), error: str = "") -> Response:
    t = visit.ui.t
    if problems:
        error = t("It is not kept: what is wrong stands below.")
    note = t("An archive as xrm pack export writes it, or a folder with pack.yaml that was packed as it is.")
    asked = Upload(BRING, t("Archive of a pack"), t("Bring it"), ".zip,application/zip", note, error)
    more = t("Nothing is installed until you have seen what would happen.")
    card = Card(t("Bring a pack"), "upload", note=more, upload=asked, id="bring")
    cards = (card, problems_card(visit, problems)) if problems else (card,)
    model = CardsPage(t("Bring a pack"), (Link(t("Packs"), PACKS, "package"),), cards)
    return page(visit, "admin/cards.html", model, status=UNPROCESSABLE if error else 200, current=PACKS)
