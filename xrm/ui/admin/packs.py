"""Packs: what is installed, what each brings, what is at hand, and its installation after a look at the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask import Response

from xrm.engine.packs.layers import InstalledLayer
from xrm.engine.packs.shelf import AtHand
from xrm.engine.storage.steps import Effect, Step
from xrm.errors import NotFound, Problem, XrmError
from xrm.metadata.model import text_of
from xrm.ui.admin.roles import entities_shown
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.uses import uses_address
from xrm.ui.admin.words import at
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table, TablePage
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import PACKS, ROLES, USERS, admin_tabs
from xrm.ui.pages.visit import Visit

MARK = "mark"
MOST_STEPS, MOST_PROBLEMS = 200, 100


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
        model = TablePage(t("Packs"), "package", admin_tabs(visit, PACKS), table)
        return page(visit, "admin/table.html", model, current=PACKS)

    @shown("/<pack>")
    def one(self, visit: Visit, pack: str) -> Response:
        """What the pack brings; and where its files are at hand, what installing them would come to."""
        layer, found = _layer(visit, pack), _at_hand(visit, pack)
        if layer is None and found is None:
            raise NotFound(Problem("R104", "There is no such pack."))
        return page(visit, "admin/cards.html", _cards(visit, pack, layer, found), current=PACKS)

    @posted("/<pack>/install")
    def install(self, visit: Visit, pack: str) -> Response:
        """The pack is installed as its plan was shown, and served by every process."""
        done = visit.runtime.shelf.install(visit.actor, pack, visit.form.get(MARK, ""))
        named = ", ".join(f"{layer.name} {layer.version}".strip() for layer in done.layers)
        return moved(f"{PACKS}/{pack}", visit.ui.t("Installed: {packs}", packs=named or pack))


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
        Cell(_label(visit, name), f"{PACKS}/{name}", note=name),
        Cell(tags=(state,)),
        Cell(version, is_plain=True),
        Cell(other, is_plain=True),
        installed,
        Cell(about or _summary(visit, name, found), is_plain=True),
    )
    return Row(cells, is_quiet=found is not None)


def _label(visit: Visit, name: str) -> str:
    known = visit.model.packs.get(name)
    return visit.text(known.label, name) if known else name


def _summary(visit: Visit, name: str, found: AtHand | None) -> str:
    known = visit.model.packs.get(name)
    said = known.summary if known else found.summary if found else {}
    return text_of(said, visit.ui.language, "")


def _state(visit: Visit, layer: InstalledLayer | None, found: AtHand | None) -> Option:
    t = visit.ui.t
    if found is not None and found.problems:
        return Option("wrong", t("Wrong"), "red")
    if layer is None:
        return Option("new", t("At hand"), "slate")
    if found is not None and not found.is_same:
        return Option("other", t("Other files at hand"), "amber")
    return Option("same", t("Installed"), "green")


# --- one of them ------------------------------------------------------------------------------------


def _cards(visit: Visit, pack: str, layer: InstalledLayer | None, found: AtHand | None) -> CardsPage:
    summary = _summary(visit, pack, found)
    return CardsPage(
        title=_label(visit, pack),
        crumbs=(Link(visit.ui.t("Packs"), PACKS, "package"),),
        cards=tuple(_all_cards(visit, pack, layer, found)),
        facts=(pack, summary) if summary else (pack,),
        tags=(_state(visit, layer, found),),
    )


def _all_cards(visit: Visit, pack: str, layer: InstalledLayer | None, found: AtHand | None) -> Iterator[Card]:
    t = visit.ui.t
    if found is not None and found.problems:
        yield problems_card(visit, found.problems)
    elif found is not None and not found.is_same:
        yield _plan(visit, pack)
    yield Card(t("Version"), "package", tuple(_facts(visit, layer, found)))
    if layer is not None:
        yield from _brings(visit, pack)


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


def _plan(visit: Visit, pack: str) -> Card:
    """What an installation would come to, with the button that does it; or what stands against it."""
    t = visit.ui.t
    try:
        planned = visit.runtime.shelf.plan(visit.actor, pack)
    except XrmError as error:
        return problems_card(visit, error.problems)
    install = Action(
        t("Confirm and install") if planned.removes else t("Install"),
        f"{PACKS}/{pack}/install",
        "package",
        primary=True,
        post=True,
        values={MARK: planned.mark},
    )
    rows = tuple(step_row(visit, step) for step in planned.steps[:MOST_STEPS])
    more = len(planned.steps) - MOST_STEPS
    named = ", ".join(f"{name} {version}".strip() for name, version in planned.layers)
    said = [t("Comes in: {packs}.", packs=named)]
    said += [t("and {count} more", count=more)] if more > 0 else []
    empty = Empty(t("No table changes"), t("Only definitions are new; they work at once."), "package")
    table = Table(t("Steps"), step_columns(visit), rows, empty)
    return Card(t("Plan"), "list-checks", table=table, note=" ".join(said), actions=(install,), id="plan")


def step_columns(visit: Visit) -> tuple[str, ...]:
    """What is told of each step of a plan."""
    t = visit.ui.t
    return t("Step"), t("Kind"), t("Rows"), t("Way back")


def step_row(visit: Visit, step: Step) -> Row:
    """What the step says, what it does to what is stored, how many rows it touches, and what takes it back."""
    cells = (
        Cell(step.sentence),
        Cell(tags=(_effect(visit, step.effect),)),
        Cell(visit.ui.number(step.rows.touched) if step.rows.touched else "", is_plain=True),
        Cell(step.inverse, is_plain=True),
    )
    return Row(cells)


def _effect(visit: Visit, effect: Effect) -> Option:
    t = visit.ui.t
    if effect is Effect.DESTRUCTIVE:
        return Option(effect, t("Removes"), "red")
    if effect is Effect.DECISION:
        return Option(effect, t("Needs a decision"), "amber")
    if effect is Effect.REWRITE:
        return Option(effect, t("Reads every row"), "amber")
    return Option(effect, t("Instant"), "green")


def problems_card(visit: Visit, problems: Sequence[Problem]) -> Card:
    """What stands against something, each with its place."""
    t = visit.ui.t
    rows = tuple(
        Row((Cell(p.code, code=True), Cell(p.message, note=p.hint), Cell(str(p.where), is_plain=True)))
        for p in problems[:MOST_PROBLEMS]
    )
    table = Table(
        t("What is wrong"), (t("Code"), t("Problem"), t("Place")), rows, Empty(t("Nothing is wrong"))
    )
    note = t("{count} problems", count=len(problems))
    return Card(t("What is wrong"), "circle-alert", table=table, note=note, id="problems")
