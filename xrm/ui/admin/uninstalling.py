"""Uninstalling a pack on a page: what goes with it, its records as files, what has to be said first, and the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flask import Response

from xrm.engine.packs import Installed, Revision
from xrm.engine.packs.removal import Losses
from xrm.engine.transfer import ExportRequest
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
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.words import pack_label
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved
from xrm.ui.pages.exporting import sent
from xrm.ui.pages.menu import PACKS
from xrm.ui.pages.visit import Visit

UNINSTALL = "/admin/uninstall"
ENTITY = "entity"


class Uninstalling(Area):
    """`/admin/uninstall`."""

    href = UNINSTALL

    @shown()
    def index(self, visit: Visit) -> Response:
        """The way to the packs."""
        return moved(PACKS)

    @shown("/<pack>")
    def look(self, visit: Visit, pack: str) -> Response:
        """What would go with the pack."""
        return _shown(visit, pack, settled_in_address(visit), None)

    @posted("/<pack>/file")
    def file(self, visit: Visit, pack: str) -> Response:
        """The records of an entity that would go, or the values of fields that would, as a file."""
        losses = visit.runtime.removals.look(visit.actor, pack)
        asked = visit.form.get(ENTITY, "")
        found = next((fields for entity, fields in losses.exports() if entity == asked), None)
        if found is None:
            raise NotFound(Problem("R104", "Nothing of this would go."))
        return sent(visit, ExportRequest(asked, {"fields": (",".join(found),)} if found else {}, "jsonl"))

    @posted("/<pack>/go")
    def go(self, visit: Visit, pack: str) -> Response:
        """The pack is out, as its plan was shown; or what stands against it is shown."""
        return carried_out(
            visit, _revise(visit, pack), partial(_shown, visit, pack), partial(_done, visit, pack)
        )


def _done(visit: Visit, pack: str, _installed: Installed) -> Response:
    return moved(PACKS, visit.ui.t("Uninstalled: {pack}", pack=pack))


def _revise(visit: Visit, pack: str) -> Callable[[], Revision]:
    return partial(visit.runtime.removals.revision, visit.actor, pack)


def _shown(visit: Visit, pack: str, settled: Settled, error: XrmError | None) -> Response:
    t, found = visit.ui.t, foreseen(visit, _revise(visit, pack), settled, error)
    cards = tuple(_cards(visit, pack, found))
    label = pack_label(visit, pack)
    crumbs = (Link(t("Packs"), PACKS, "package"), Link(label, f"{PACKS}/{pack}"))
    title = t("Uninstall {pack}", pack=label)
    return plan_page(visit, CardsPage(title, crumbs, cards, (pack,)), error, PACKS)


def _cards(visit: Visit, pack: str, found: Foreseen) -> Iterator[Card]:
    door = _door(visit, pack)
    yield from first_cards(visit, found, door)
    if found.revision is not None:
        yield _losses(visit, visit.runtime.removals.look(visit.actor, pack))
    yield from plan_cards(visit, found)


def _door(visit: Visit, pack: str) -> Door:
    t, here = visit.ui.t, f"{UNINSTALL}/{pack}"
    says = t("Confirm and uninstall")
    return Door(here, f"{here}/go", says, says, "package-x")


def _losses(visit: Visit, losses: Losses) -> Card:
    t = visit.ui.t
    table = losses_table(visit, losses, t("What goes"), {entity for entity, _ in losses.exports()})
    note = t(
        "Save what you want to keep as files. What goes is kept for a while; a version with the pack brings it back."
    )
    return Card(t("What goes"), "package-x", table=table, note=note, id="losses")


def losses_table(visit: Visit, losses: Losses, label: str, offered: set[str]) -> Table:
    """What goes, or is away; with buttons for files of the records of the entities that are `offered`."""
    t = visit.ui.t
    rows = tuple(_rows(visit, losses, offered))
    return Table(label, (t("What"), t("How much")), rows, Empty(t("Nothing that somebody entered")))


def _rows(visit: Visit, losses: Losses, offered: set[str]) -> Iterator[Row]:
    t, names = visit.ui.t, visit.model.entities
    for entity in sorted(losses.entities, key=lambda one: -one.records):
        known = names[entity.name]
        much = Cell(t("{count} records", count=entity.records))
        yield Row(
            (Cell(visit.plural(known), note=entity.name), much), _file(visit, losses, entity.name, offered)
        )
    for member in losses.members:
        what = Cell(f"{visit.label(names[member.entity])} › {_member(visit, member.entity, member.name)}")
        actions = _file(visit, losses, member.entity, offered)
        yield Row((what, Cell(t("{count} records", count=member.values))), actions)
    for role in losses.roles:
        yield Row(
            (Cell(visit.role(role.name), note=role.name), Cell(t("Held by {count}", count=role.holders)))
        )


def _member(visit: Visit, entity: str, name: str) -> str:
    known = visit.model.entities[entity]
    found = known.fields.get(name) or known.relationships.get(name)
    return visit.text(found.label, name) if found else name


def _file(visit: Visit, losses: Losses, entity: str, offered: set[str]) -> tuple[Action, ...]:
    """The button for the file, once for each entity."""
    if entity not in offered:
        return ()
    offered.discard(entity)
    href = f"{UNINSTALL}/{losses.pack}/file"
    return (Action(visit.ui.t("Save as a file"), href, "download", post=True, values={ENTITY: entity}),)
