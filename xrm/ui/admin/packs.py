"""Packs: what is installed, what each brings, what is at hand, and its installation after a look at the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flask import Response

from xrm.engine.packs import Installed, Revision
from xrm.engine.packs.layers import InstalledLayer
from xrm.engine.packs.proposal import Proposal, version_in
from xrm.engine.packs.shelf import AtHand
from xrm.errors import NotFound, Problem, XrmError
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.model import text_of
from xrm.metadata.sources import Layer
from xrm.ui.admin.planning import (
    Door,
    Settled,
    carried_out,
    first_cards,
    foreseen,
    plan_cards,
    plan_page,
    problems_card,
    settled_in_address,
)
from xrm.ui.admin.roles import entities_shown
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.switching import switch_shown, switched
from xrm.ui.admin.uninstalling import UNINSTALL
from xrm.ui.admin.uses import uses_address
from xrm.ui.admin.words import at, pack_label
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table, TablePage
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import BRING, PACKS, ROLES, USERS, admin_tabs
from xrm.ui.pages.visit import Visit


class Packs(Area):
    """`/admin/packs`."""

    href = PACKS

    @shown()
    def index(self, visit: Visit) -> Response:
        """The installed layers, lowest first, then what else is at hand."""
        t = visit.ui.t
        columns = (t("Pack"), t("State"), t("Version"), t("At hand"), t("Installed"), t("What it is"))
        rows = tuple(_rows(visit))
        table = Table(t("Packs"), columns, rows, Empty(t("Nothing is installed"), "", "package"))
        bring = Action(t("Bring a pack"), BRING, "upload")
        model = TablePage(t("Packs"), "package", admin_tabs(visit, PACKS), table, actions=(bring,))
        return page(visit, "admin/table.html", model, current=PACKS)

    @shown("/<pack>")
    def one(self, visit: Visit, pack: str) -> Response:
        """What the pack brings; and where its files are at hand, what installing them would come to."""
        return _shown(visit, pack, settled_in_address(visit), None)

    @posted("/<pack>/install")
    def install(self, visit: Visit, pack: str) -> Response:
        """The pack is installed as its plan was shown, and served by every process; or what stands against it."""
        return carried_out(
            visit, _revise(visit, pack), partial(_shown, visit, pack), partial(_done, visit, pack)
        )

    @posted("/<pack>/away")
    def take_away(self, visit: Visit, pack: str) -> Response:
        """The archive that was brought is not kept any more."""
        visit.runtime.shelf.take_away(visit.actor, pack)
        return moved(PACKS, visit.ui.t("Taken away"))

    @shown("/<pack>/disable")
    def disabling(self, visit: Visit, pack: str) -> Response:
        """What would be away with the pack."""
        return switch_shown(visit, pack, settled_in_address(visit), None, on=False)

    @posted("/<pack>/disable")
    def disable(self, visit: Visit, pack: str) -> Response:
        """Nothing of the pack is served any more, as its plan was shown; or what stands against it is shown."""
        return switched(visit, pack, on=False)

    @shown("/<pack>/enable")
    def enabling(self, visit: Visit, pack: str) -> Response:
        """What taking the pack into use again would come to."""
        return switch_shown(visit, pack, settled_in_address(visit), None, on=True)

    @posted("/<pack>/enable")
    def enable(self, visit: Visit, pack: str) -> Response:
        """All of the pack is served as it was; or what stands against it is shown."""
        return switched(visit, pack, on=True)


def _done(visit: Visit, pack: str, installed: Installed) -> Response:
    visit.runtime.shelf.tidy(visit.actor)
    named = ", ".join(f"{layer.name} {layer.version}".strip() for layer in installed.layers)
    return moved(f"{PACKS}/{pack}", visit.ui.t("Installed: {packs}", packs=named or pack))


def _shown(visit: Visit, pack: str, settled: Settled, error: XrmError | None) -> Response:
    layer, found = _layer(visit, pack), _at_hand(visit, pack)
    if layer is None and found is None:
        raise NotFound(Problem("R104", "There is no such pack."))
    model = _cards(visit, pack, layer, found, _planned(visit, pack, found, settled, error))
    return plan_page(visit, model, error, PACKS)


def _layer(visit: Visit, pack: str) -> InstalledLayer | None:
    return next((layer for layer in visit.runtime.packs.list() if layer.name == pack), None)


def _at_hand(visit: Visit, pack: str) -> AtHand | None:
    return next((found for found in visit.runtime.shelf.at_hand(visit.actor) if found.name == pack), None)


# --- all of them ------------------------------------------------------------------------------------


def _rows(visit: Visit) -> Iterator[Row]:
    at_hand = {found.name: found for found in visit.runtime.shelf.at_hand(visit.actor)}
    for layer in visit.runtime.packs.list():
        found = at_hand.pop(layer.name, None)
        version = found.version if found and not found.is_same else ""
        yield _row(
            visit, layer.name, _state(visit, layer, found), layer.version, version, at(layer.installed_at)
        )
    for found in at_hand.values():
        yield _row(
            visit, found.name, _state(visit, None, found), "", found.version, Cell(is_plain=True), found
        )


def _row(
    visit: Visit,
    name: str,
    state: Option,
    version: str,
    other: str,
    installed: Cell,
    found: AtHand | None = None,
) -> Row:
    about = visit.ui.t("{count} problems", count=len(found.problems)) if found and found.problems else ""
    cells = (
        Cell(_called(visit, name, found), f"{PACKS}/{name}", note=name),
        Cell(tags=(state,)),
        Cell(version, is_plain=True),
        Cell(other, is_plain=True),
        installed,
        Cell(about or _summary(visit, name, found), is_plain=True),
    )
    return Row(cells, is_quiet=found is not None)


def _called(visit: Visit, name: str, found: AtHand | None) -> str:
    """What the pack is called; one that is only at hand, by its own files."""
    known = pack_label(visit, name)
    return text_of(found.label, visit.ui.language, name) if found and found.label and known == name else known


def _summary(visit: Visit, name: str, found: AtHand | None) -> str:
    known = visit.model.packs.get(name)
    said = known.summary if known else found.summary if found else {}
    return text_of(said, visit.ui.language, "")


def _state(visit: Visit, layer: InstalledLayer | None, found: AtHand | None) -> Option:
    t = visit.ui.t
    if found is not None and found.problems:
        return Option("wrong", t("Wrong"), "red")
    if layer is not None and layer.name in visit.model.disabled:
        return Option("off", t("Disabled"), "amber")
    if layer is None:
        return Option("new", t("At hand"), "slate")
    if found is not None and not found.is_same:
        return Option("other", t("Other files at hand"), "amber")
    return Option("same", t("Installed"), "green")


# --- one of them ------------------------------------------------------------------------------------


def _cards(
    visit: Visit, pack: str, layer: InstalledLayer | None, found: AtHand | None, planned: tuple[Card, ...]
) -> CardsPage:
    summary, t = _summary(visit, pack, found), visit.ui.t
    away = Action(t("Take the archive away"), f"{PACKS}/{pack}/away", "trash-2", post=True)
    return CardsPage(
        title=_called(visit, pack, found),
        crumbs=(Link(t("Packs"), PACKS, "package"),),
        cards=(*planned, *_about(visit, pack, layer, found)),
        facts=(pack, summary) if summary else (pack,),
        tags=(_state(visit, layer, found),),
        actions=(away,) if found is not None and found.was_brought else (),
    )


def _about(visit: Visit, pack: str, layer: InstalledLayer | None, found: AtHand | None) -> Iterator[Card]:
    yield Card(visit.ui.t("Version"), "package", tuple(_facts(visit, layer, found)))
    if layer is not None and layer.floor is Layer.PACK:
        yield _use(visit, pack)
    if layer is not None and pack not in visit.model.disabled:
        yield from _brings(visit, pack)


def _use(visit: Visit, pack: str) -> Card:
    """Whether the pack is in use, with the button that changes it."""
    t = visit.ui.t
    more: tuple[Action, ...] = ()
    if pack in visit.model.disabled:
        note = t(
            "It is not in use: its tables and records are as they were, and come back with all that shows them."
        )
        action = Action(t("Enable"), f"{PACKS}/{pack}/enable", "power", primary=True)
    else:
        note = t(
            "Disabled, its pages, menu, forms, rules and roles are away; tables and records stay as they are."
        )
        action = Action(t("Disable"), f"{PACKS}/{pack}/disable", "power-off")
        more = (Action(t("Uninstall"), f"{UNINSTALL}/{pack}", "package-x"),)
    return Card(t("Use"), "power", note=note, actions=(action, *more), id="use")


def _facts(visit: Visit, layer: InstalledLayer | None, found: AtHand | None) -> Iterator[tuple[str, Cell]]:
    t = visit.ui.t
    if layer is not None:
        yield t("Installed"), Cell(layer.version or t("without a version"))
        yield t("When"), at(layer.installed_at)
        names = visit.runtime.overview.names(visit.actor, [layer.installed_by] if layer.installed_by else [])
        who = names.get(str(layer.installed_by), "")
        yield t("Who"), Cell(who, f"{USERS}/{layer.installed_by}") if who else Cell(t("The system"))
        yield t("Layer"), Cell(str(layer.floor))
    if found is not None:
        yield t("At hand"), Cell(found.version)
        yield t("Needs"), Cell(", ".join(found.requires))


def _brings(visit: Visit, pack: str) -> Iterator[Card]:
    """The entities and roles that stand in the model because of the pack."""
    t = visit.ui.t
    entities = tuple(
        Row((Cell(visit.plural(e), f"/r/{e.name}", note=e.name), Cell(visit.ui.number(len(e.fields))),
             Cell(visit.ui.number(len(e.views))), Cell(t("Who may what"), f"{ROLES}/on/{e.name}"),
             Cell(t("Where used"), uses_address(e.name))))
        for e in entities_shown(visit, pack)
    )  # fmt: skip
    columns = (t("Entity"), t("Fields"), t("Views"), t("Rights"), t("Uses"))
    brought = Table(t("Entities"), columns, entities, Empty(t("It brings no entities"), "", "package"))
    yield Card(t("Entities"), "box", table=brought, id="entities")
    roles = tuple(
        Option(role.name, visit.text(role.label, role.name))
        for role in visit.snapshot.policy.roles.values()
        if role.pack == pack
    )
    yield Card(t("Roles"), "shield-check", tags=roles, note="" if roles else t("It brings no roles."))


def _planned(
    visit: Visit, pack: str, found: AtHand | None, settled: Settled, error: XrmError | None
) -> tuple[Card, ...]:
    """What an installation would come to, with what has to be said first; or what stands against it."""
    told = (*(error.problems if error else ()), *(found.problems if found else ()))
    if found is None or found.is_same or found.problems:
        return (problems_card(visit, told),) if told else ()
    foreseen_ = foreseen(visit, _revise(visit, pack), settled, error)
    door = _door(visit, pack, foreseen_.proposal)
    return (*first_cards(visit, foreseen_, door), *plan_cards(visit, foreseen_))


def _revise(visit: Visit, pack: str) -> Callable[[], Revision]:
    return partial(visit.runtime.shelf.revision, visit.actor, pack)


def _door(visit: Visit, pack: str, proposal: Proposal | None) -> Door:
    t = visit.ui.t
    changes = proposal.packs if proposal else ()
    packs = (change.pack for change in changes if change.pack.name != CUSTOMISATION)
    named = ", ".join(f"{one.name} {version_in(one)}".strip() for one in packs)
    return Door(
        page=f"{PACKS}/{pack}",
        action=f"{PACKS}/{pack}/install",
        label=t("Install"),
        confirm=t("Confirm and install"),
        icon="package",
        note=t("Comes in: {packs}.", packs=named),
    )
