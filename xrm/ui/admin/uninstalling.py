"""Uninstalling a pack on a page: what goes with it, its records as files, what has to be decided, and the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask import Response

from xrm.engine.packs.proposal import Proposal
from xrm.engine.packs.removal import Losses
from xrm.engine.packs.shelf import Choices
from xrm.engine.transfer import ExportRequest
from xrm.errors import Forbidden, NotFound, Problem, XrmError
from xrm.ui.admin.conflicts import choices_in, conflict_cards, values_of
from xrm.ui.admin.packs import MARK, UNINSTALL, problems_card, steps_card, views_card
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.exporting import sent
from xrm.ui.pages.menu import PACKS
from xrm.ui.pages.refusals import status_of
from xrm.ui.pages.visit import Visit

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
        return _shown(visit, pack, choices_in(visit.args), None)

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
        choices = choices_in(visit.form.to_dict(flat=False))
        try:
            visit.runtime.removals.uninstall(visit.actor, pack, choices, visit.form.get(MARK, ""))
        except (NotFound, Forbidden):
            raise
        except XrmError as error:
            return _shown(visit, pack, choices, error)
        return moved(PACKS, visit.ui.t("Uninstalled: {pack}", pack=pack))


def _shown(visit: Visit, pack: str, choices: Choices, error: XrmError | None) -> Response:
    t, told = visit.ui.t, tuple(error.problems) if error else ()
    cards: tuple[Card, ...] = ()
    try:
        losses = visit.runtime.removals.look(visit.actor, pack)
        cards = (_losses(visit, losses),)
        cards += tuple(_planned(visit, pack, visit.runtime.removals.plan(visit.actor, pack, choices)))
    except NotFound:
        raise
    except XrmError as refusal:
        told = tuple(dict.fromkeys((*told, *refusal.problems)))
    cards = (*((problems_card(visit, told),) if told else ()), *cards)
    crumbs = (Link(t("Packs"), PACKS, "package"), Link(pack, f"{PACKS}/{pack}"))
    title = t("Uninstall {pack}", pack=pack)
    status = status_of(error) if error else 200
    return page(visit, "admin/cards.html", CardsPage(title, crumbs, cards), status=status, current=PACKS)


def _losses(visit: Visit, losses: Losses) -> Card:
    t = visit.ui.t
    table = Table(
        t("What goes"),
        (t("What"), t("How much")),
        tuple(_rows(visit, losses)),
        Empty(t("Nothing that somebody entered")),
    )
    note = t(
        "Save what you want to keep as files. What goes is kept for a while; a version with the pack brings it back."
    )
    return Card(t("What goes"), "package-x", table=table, note=note, id="losses")


def _rows(visit: Visit, losses: Losses) -> Iterator[Row]:
    t, names = visit.ui.t, visit.model.entities
    offered = {entity for entity, _ in losses.exports()}
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


def _planned(visit: Visit, pack: str, proposal: Proposal) -> Iterator[Card]:
    t, steps, reconciled = visit.ui.t, proposal.plan.steps, proposal.reconciled
    yield from conflict_cards(visit, reconciled, f"{UNINSTALL}/{pack}#plan")
    if reconciled.open:
        return
    go = Action(
        t("Confirm and uninstall"), f"{UNINSTALL}/{pack}/go", "package-x", danger=True, post=True,
        values={MARK: proposal.plan.hash, **values_of(reconciled)},
    )  # fmt: skip
    yield replace(steps_card(visit, steps), label=t("Plan"), actions=(go,))
    yield from views_card(visit, proposal.views)
