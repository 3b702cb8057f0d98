"""Disabling and enabling a pack on a page: what is away meanwhile, whose views lose something, and the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flask import Response

from xrm.engine.packs import Installed, Revision
from xrm.errors import XrmError
from xrm.ui.admin.planning import (
    Door,
    Foreseen,
    Settled,
    carried_out,
    first_cards,
    foreseen,
    plan_cards,
    plan_page,
)
from xrm.ui.admin.uninstalling import losses_table
from xrm.ui.admin.words import pack_label
from xrm.ui.administration import Card, CardsPage
from xrm.ui.models import Link
from xrm.ui.pages.answers import moved
from xrm.ui.pages.menu import PACKS
from xrm.ui.pages.visit import Visit


def switched(visit: Visit, pack: str, *, on: bool) -> Response:
    """The pack is in use, or is not, as its plan was shown; or what stands against it is shown."""
    planned, done = partial(switch_shown, visit, pack, on=on), partial(_done, visit, pack, on=on)
    return carried_out(visit, _revise(visit, pack, on=on), planned, done)


def _done(visit: Visit, pack: str, _installed: Installed, *, on: bool) -> Response:
    t, label = visit.ui.t, pack_label(visit, pack)
    said = t("Enabled: {pack}", pack=label) if on else t("Disabled: {pack}", pack=label)
    return moved(f"{PACKS}/{pack}", said)


def switch_shown(visit: Visit, pack: str, settled: Settled, error: XrmError | None, *, on: bool) -> Response:
    """What it comes to, with its button; or what stands against it."""
    t, found = visit.ui.t, foreseen(visit, _revise(visit, pack, on=on), settled, error)
    label = pack_label(visit, pack)
    model = CardsPage(
        title=t("Enable {pack}", pack=label) if on else t("Disable {pack}", pack=label),
        crumbs=(Link(t("Packs"), PACKS, "package"), Link(label, f"{PACKS}/{pack}")),
        cards=tuple(_cards(visit, pack, found, on=on)),
        facts=(pack,),
    )
    return plan_page(visit, model, error, PACKS)


def _revise(visit: Visit, pack: str, *, on: bool) -> Callable[[], Revision]:
    return partial(visit.runtime.switches.revision, visit.actor, pack, on=on)


def _cards(visit: Visit, pack: str, found: Foreseen, *, on: bool) -> Iterator[Card]:
    door = _door(visit, pack, on=on)
    yield from first_cards(visit, found, door)
    if found.proposal is not None and not on:
        yield _away(visit, pack)
    yield from plan_cards(visit, found)


def _door(visit: Visit, pack: str, *, on: bool) -> Door:
    t, here = visit.ui.t, f"{PACKS}/{pack}/{'enable' if on else 'disable'}"
    if on:
        note = t("Its scenarios are run first, on an empty copy; one that does not hold stops it.")
        return Door(here, here, t("Enable"), t("Enable"), "power", note)
    return Door(here, here, t("Disable"), t("Disable"), "power-off")


def _away(visit: Visit, pack: str) -> Card:
    """What people do not see meanwhile."""
    t = visit.ui.t
    table = losses_table(visit, visit.runtime.removals.contents(visit.actor, pack), t("What is away"), set())
    note = t("Nothing of it is removed: enabled again, the pack brings everything back.")
    return Card(t("What is away"), "package", table=table, note=note, id="away")
