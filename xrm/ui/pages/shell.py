"""The shell around a page: what this person may go to, grouped by pack in the order of the model."""

from __future__ import annotations

from collections.abc import Iterator

from xrm.metadata.model import Entity, Shape
from xrm.ui.models import Link, NavGroup, Shell
from xrm.ui.pages.visit import Visit

PRODUCT = "xrm"
CORE = "core"
_LINKS = 2


def shell_of(visit: Visit, current: str = "") -> Shell:
    """The shell for this person, with the sidebar's entry of `current` marked."""
    return Shell(
        product=PRODUCT,
        person=visit.actor.name,
        groups=(_first(visit, current), *_groups(visit, current)),
        theme=visit.theme,
        csrf_token=visit.csrf,
        mark=visit.mark,
        banner=_banner(visit),
        flash=visit.flash,
    )


def _banner(visit: Visit) -> str:
    if not visit.is_again:
        return ""
    said = visit.ui.t(
        "You are signed in again. Nothing is saved yet: look over the form and send it once more."
    )
    files = visit.ui.t("Files and passwords have to be given again.")
    return f"{said} {files}"


def menu_entities(visit: Visit) -> Iterator[Entity]:
    """What stands in the menu: readable entities that live by themselves, the packs' before the core's."""
    found = [e for e in visit.model.entities.values() if _has_place(visit, e)]
    yield from (e for e in found if e.pack != CORE)
    yield from (e for e in found if e.pack == CORE)


def _has_place(visit: Visit, entity: Entity) -> bool:
    if entity.is_engine or entity.parent or _is_a_link(entity):
        return False
    return visit.can("read", entity.name)


def _is_a_link(entity: Entity) -> bool:
    """Whether its records only stand between certain others: they are found on the pages of those."""
    needed = [r for r in entity.relationships.values() if r.shape is Shape.LOOKUP and r.required]
    return len(needed) >= _LINKS and not any(r.any for r in needed)


def _first(visit: Visit, current: str) -> NavGroup:
    return NavGroup("", (Link(visit.ui.t("Home"), "/", "house", current == "home"),))


def _groups(visit: Visit, current: str) -> Iterator[NavGroup]:
    by_pack: dict[str, list[Link]] = {}
    for entity in menu_entities(visit):
        link = Link(visit.plural(entity), f"/r/{entity.name}", entity.icon, entity.name == current)
        by_pack.setdefault(entity.pack, []).append(link)
    for name, links in by_pack.items():
        pack = visit.model.packs.get(name)
        yield NavGroup(visit.text(pack.label, name) if pack else name, tuple(links))
