"""Icons to choose from, by a part of their names: the offers of the form of an entity."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response

from xrm.metadata.icons import icon_names
from xrm.ui.admin.skin import Area, shown
from xrm.ui.models import Offer
from xrm.ui.pages.answers import part
from xrm.ui.pages.menu import ICONS
from xrm.ui.pages.visit import Visit

MOST, LONGEST = 24, 60


class Icons(Area):
    """`/admin/icons`."""

    href = ICONS

    @shown()
    def index(self, visit: Visit) -> Response:
        """Icons in whose names every word that is typed begins a part; before anything is, those of entities."""
        words = visit.arg("q")[:LONGEST].lower().replace("-", " ").split()
        found = _called(words) if words else sorted({e.icon for e in visit.model.entities.values() if e.icon})
        offers = [Offer(name, name, icon=name) for name in found[:MOST]]
        return part(visit, "_options.html", offers=offers, nothing=visit.ui.t("No picture is called so."))


def _called(words: Iterable[str]) -> list[str]:
    """Those in whose names a part begins like each word, the shortest first: it is what the word alone means."""
    found = (name for name in icon_names() if all(f"-{word}" in f"-{name}" for word in words))
    return sorted(found, key=lambda name: (len(name), name))
