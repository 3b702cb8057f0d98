"""The menu: what this person may read, in the groups that packs name, and what stands in none under More."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask import request

from xrm.engine.commands import ADMINISTRATOR
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.model import Entity, Label, MenuGroup, Pack, Shape
from xrm.ui.models import Link, NavGroup
from xrm.ui.pages.visit import Visit

CORE, MORE, OWN = "core", "more", "pack-customisation"
COOKIE = "xrm_menu"
ADMINISTRATION = "administration"
USERS, TEAMS, UNITS = "/admin/users", "/admin/teams", "/admin/units"
CHANGES, JOBS = "/admin/changes", "/admin/jobs"
PACKS, BRING, HEALTH, USES = "/admin/packs", "/admin/bring", "/admin/health", "/admin/uses"
ROLES, TOKENS, SESSIONS = "/admin/roles", "/admin/tokens", "/admin/sessions"
ORGANISATION, RATES = "/admin/organisation", "/admin/rates"
DEFINITIONS, ICONS = "/admin/definitions", "/admin/icons"
VERSIONS, REMOVED = "/admin/versions", "/admin/versions/removed"
SETTINGS = "/admin/settings"
OWN_LETTERS = "hig"  # home, the inbox, and the letter itself
_LINKS = 2
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Group:
    """Entities under one heading; a folded one is closed until somebody opens it."""

    name: str
    label: Label
    entities: tuple[Entity, ...]
    folded: bool = False


def menu_groups(visit: Visit) -> tuple[Group, ...]:
    """The groups of this person's menu: by pack, the core's last, what was made here, then More and folded ones."""
    places = _places(visit)
    found: dict[str, list[Entity]] = {}
    for entity in _shown(visit):
        found.setdefault(places.get(entity.name, _home(visit, entity)), []).append(entity)
    groups = [
        Group(name, label, _sorted(visit, name, found[name]), folded)
        for name, label, folded in _headings(visit)
        if name in found
    ]
    return tuple(sorted(groups, key=lambda g: (g.folded, g.folded and g.name != MORE)))


def menu_entities(visit: Visit) -> Iterator[Entity]:
    """What stands open in the menu, in its order; all of it where every group is folded."""
    groups = menu_groups(visit)
    shown = [group for group in groups if not group.folded] or groups
    return (entity for group in shown for entity in group.entities)


def nav_groups(visit: Visit, current: str) -> Iterator[NavGroup]:
    """The groups as the sidebar shows them: as the browser remembers them, the one of `current` open."""
    toggled, groups = toggled_groups(), menu_groups(visit)
    known = letters(e for group in groups for e in group.entities)
    for group in groups:
        label = _label(visit, group)
        links = tuple(
            Link(visit.plural(e), f"/r/{e.name}", e.icon, e.name == current, key=known.get(e.name, ""))
            for e in group.entities
        )
        is_open = group.folded is (group.name in toggled) or any(link.current for link in links)
        yield NavGroup(label, links, group.name, is_open, group.folded)
    if ADMINISTRATOR in visit.actor.roles:
        is_open = ADMINISTRATION not in toggled
        yield NavGroup(
            visit.ui.t("Administration"), tuple(admin_links(visit, current)), ADMINISTRATION, is_open
        )


def _label(visit: Visit, group: Group) -> str:
    named = {MORE: visit.ui.t("More"), OWN: visit.ui.t("Made here")}
    return named.get(group.name) or visit.text(group.label, group.name)


def letters(entities: Iterable[Entity]) -> dict[str, str]:
    """The letter of each entity that is left for it: its first where none before it has that, else one that is free.

    Only when every entity has had the chance of its own first letter do the others take what is left.
    """
    named = [entity.name for entity in entities]
    taken: dict[str, str] = dict.fromkeys(OWN_LETTERS, "")
    for name in named:
        taken.setdefault(name[:1], name)
    for name in (name for name in named if taken[name[:1]] != name):
        letter = next((c for c in name if c.isalpha() and c not in taken), "")
        if letter:
            taken[letter] = name
    return {name: letter for letter, name in taken.items() if name}


def toggled_groups() -> list[str]:
    """The names of the groups that the browser remembers as folded or open other than they come."""
    return request.cookies.get(COOKIE, "")[:_LONGEST].split(".")


def admin_links(visit: Visit, current: str) -> Iterator[Link]:
    """The areas of the administration."""
    return (link for group in _admin_groups(visit, current) for link in group)


def admin_tabs(visit: Visit, current: str) -> tuple[Link, ...]:
    """The areas that stand beside the current one."""
    groups = _admin_groups(visit, current)
    return next((group for group in groups if any(link.current for link in group)), ())


def _admin_groups(visit: Visit, current: str) -> Iterator[tuple[Link, ...]]:
    t = visit.ui.t
    people = (
        (USERS, t("Users"), "user"),
        (TEAMS, t("Teams"), "users"),
        (UNITS, t("Business units"), "network"),
    )
    access = (
        (ROLES, t("Roles"), "shield-check"),
        (TOKENS, t("API tokens"), "key-round"),
        (SESSIONS, t("Sessions"), "monitor-smartphone"),
    )
    happened = ((CHANGES, t("Change log"), "scroll-text"), (JOBS, t("Jobs"), "list-todo"))
    whole = (
        (ORGANISATION, t("Organisation"), "building-2"),
        (RATES, t("Exchange rates"), "coins"),
        (SETTINGS, t("Settings"), "sliders-horizontal"),
        (DEFINITIONS, t("Definitions"), "shapes"),
        (VERSIONS, t("Versions"), "history"),
        (PACKS, t("Packs"), "package"),
        (USES, t("Where used"), "waypoints"),
        (HEALTH, t("Health"), "heart-pulse"),
    )
    for group in (people, access, happened, whole):
        yield tuple(Link(label, href, icon, href == current) for href, label, icon in group)


def _packs(visit: Visit) -> list[Pack]:
    return sorted(visit.model.packs.values(), key=lambda pack: pack.name == CORE)


def _named(visit: Visit) -> Iterator[tuple[Pack, MenuGroup]]:
    return ((pack, group) for pack in _packs(visit) for group in pack.menu)


def _places(visit: Visit) -> Mapping[str, str]:
    """The group of each entity that some pack names; what the first pack says counts."""
    found: dict[str, str] = {}
    for _, group in _named(visit):
        for name in group.entities:
            found.setdefault(name, group.name)
    return found


def _home(visit: Visit, entity: Entity) -> str:
    """Where an entity stands that no group names: under its pack, or under More if that has groups.

    What the organisation made itself stands open: whoever makes an entity looks for it.
    """
    if entity.pack == CUSTOMISATION:
        return OWN
    pack = visit.model.packs.get(entity.pack)
    return MORE if pack is None or pack.menu else _own(entity.pack)


def _own(pack: str) -> str:
    return f"pack-{pack}"


def _headings(visit: Visit) -> Iterator[tuple[str, Label, bool]]:
    """Every group once: those that packs name, those of packs without a menu, and More."""
    seen: set[str] = set()
    for pack in _packs(visit):
        for name, label, folded in _of_pack(pack):
            if name not in seen:
                seen.add(name)
                yield name, label, folded
    yield OWN, {}, False
    yield MORE, {}, True


def _of_pack(pack: Pack) -> Iterator[tuple[str, Label, bool]]:
    if not pack.menu:
        yield _own(pack.name), pack.label, False
    for group in pack.menu:
        yield group.name, group.label, group.folded


def _sorted(visit: Visit, name: str, entities: list[Entity]) -> tuple[Entity, ...]:
    """In the order of the group; without one by what people read."""
    order = [e for _, group in _named(visit) if group.name == name for e in group.entities]
    if not order:
        return tuple(sorted(entities, key=lambda e: visit.plural(e).casefold()))
    return tuple(sorted(entities, key=lambda e: order.index(e.name)))


def _shown(visit: Visit) -> Iterator[Entity]:
    places = _places(visit)
    return (e for e in visit.model.entities.values() if _has_place(visit, e, e.name in places))


def _has_place(visit: Visit, entity: Entity, is_named: bool) -> bool:
    if entity.is_engine or entity.parent or (_is_a_link(entity) and not is_named):
        return False
    return visit.can("read", entity.name)


def _is_a_link(entity: Entity) -> bool:
    """Whether its records seem only to stand between certain others, on whose pages they are found."""
    needed = [r for r in entity.relationships.values() if r.shape is Shape.LOOKUP and r.required]
    return len(needed) >= _LINKS and not any(r.any for r in needed)
