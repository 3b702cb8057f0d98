"""Packs: what is installed, what each brings, what is at hand, and its installation after a look at the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask import Response

from xrm.engine.packs.layers import InstalledLayer
from xrm.engine.packs.lost_views import LostView
from xrm.engine.packs.shelf import AtHand, Choices, Planned
from xrm.engine.storage.steps import CreateIndex, Effect, Step
from xrm.errors import Forbidden, NotFound, Problem, XrmError
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.model import text_of
from xrm.metadata.sources import Layer
from xrm.ui.admin.conflicts import choices_in, conflict_cards, values_of
from xrm.ui.admin.roles import entities_shown
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.uses import uses_address
from xrm.ui.admin.words import at
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table, TablePage
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import PACKS, ROLES, USERS, admin_tabs
from xrm.ui.pages.refusals import status_of
from xrm.ui.pages.visit import Visit

MARK = "mark"
UNINSTALL = "/admin/uninstall"
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
        return _shown(visit, pack, choices_in(visit.args), None)

    @posted("/<pack>/install")
    def install(self, visit: Visit, pack: str) -> Response:
        """The pack is installed as its plan was shown, and served by every process; or what stands against it."""
        choices = choices_in(visit.form.to_dict(flat=False))
        try:
            done = visit.runtime.shelf.install(visit.actor, pack, visit.form.get(MARK, ""), choices)
        except (NotFound, Forbidden):
            raise
        except XrmError as error:
            return _shown(visit, pack, choices, error)
        named = ", ".join(f"{layer.name} {layer.version}".strip() for layer in done.layers)
        return moved(f"{PACKS}/{pack}", visit.ui.t("Installed: {packs}", packs=named or pack))

    @posted("/<pack>/disable")
    def disable(self, visit: Visit, pack: str) -> Response:
        """Nothing of the pack is served any more; or what stands against it is shown."""
        return _switched(visit, pack, on=False)

    @posted("/<pack>/enable")
    def enable(self, visit: Visit, pack: str) -> Response:
        """All of the pack is served as it was."""
        return _switched(visit, pack, on=True)


def _switched(visit: Visit, pack: str, *, on: bool) -> Response:
    try:
        visit.runtime.switches.switch(visit.actor, pack, on=on)
    except (NotFound, Forbidden):
        raise
    except XrmError as error:
        return _shown(visit, pack, {}, error)
    t, label = visit.ui.t, _label(visit, pack)
    return moved(
        f"{PACKS}/{pack}", t("Enabled: {pack}", pack=label) if on else t("Disabled: {pack}", pack=label)
    )


def _shown(visit: Visit, pack: str, choices: Choices, error: XrmError | None) -> Response:
    layer, found = _layer(visit, pack), _at_hand(visit, pack)
    if layer is None and found is None:
        raise NotFound(Problem("R104", "There is no such pack."))
    status = status_of(error) if error else 200
    model = _cards(visit, pack, layer, found, tuple(_planned_cards(visit, pack, found, choices, error)))
    return page(visit, "admin/cards.html", model, status=status, current=PACKS)


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
    label = known.label if known else visit.model.disabled.get(name, {})
    return visit.text(label, name)


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
    summary = _summary(visit, pack, found)
    return CardsPage(
        title=_label(visit, pack),
        crumbs=(Link(visit.ui.t("Packs"), PACKS, "package"),),
        cards=(*planned, *_about(visit, pack, layer, found)),
        facts=(pack, summary) if summary else (pack,),
        tags=(_state(visit, layer, found),),
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
        action = Action(t("Enable"), f"{PACKS}/{pack}/enable", "power", primary=True, post=True)
    else:
        note = t(
            "Disabled, its pages, menu, forms, rules and roles are away; tables and records stay as they are."
        )
        action = Action(t("Disable"), f"{PACKS}/{pack}/disable", "power-off", post=True)
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


def _planned_cards(
    visit: Visit, pack: str, found: AtHand | None, choices: Choices, error: XrmError | None
) -> Iterator[Card]:
    """What an installation would come to, with what has to be decided first; or what stands against it."""
    told = (*(error.problems if error else ()), *(found.problems if found else ()))
    planned, problems = None, told
    if found is not None and not found.is_same and not found.problems:
        planned, problems = _plan(visit, pack, choices, told)
    if problems:
        yield problems_card(visit, problems)
    if planned is not None:
        yield from conflict_cards(visit, planned.reconciled, f"{PACKS}/{pack}#plan")
    if planned is not None and not planned.is_open:
        yield _plan_card(visit, pack, planned)
        yield from views_card(visit, planned.views)


def _plan(
    visit: Visit, pack: str, choices: Choices, told: tuple[Problem, ...]
) -> tuple[Planned | None, tuple[Problem, ...]]:
    try:
        return visit.runtime.shelf.plan(visit.actor, pack, choices), told
    except XrmError as error:
        return None, tuple(dict.fromkeys((*told, *error.problems)))


def _plan_card(visit: Visit, pack: str, planned: Planned) -> Card:
    """The steps, with the button that takes them."""
    t = visit.ui.t
    install = Action(
        t("Confirm and install") if planned.removes else t("Install"),
        f"{PACKS}/{pack}/install",
        "package",
        primary=True,
        post=True,
        values={MARK: planned.mark, **values_of(planned.reconciled)},
    )
    packs = (layer for layer in planned.layers if layer[0] != CUSTOMISATION)
    named = ", ".join(f"{name} {version}".strip() for name, version in packs)
    card = steps_card(visit, planned.steps, t("Comes in: {packs}.", packs=named))
    return replace(card, label=t("Plan"), actions=(install,))


def views_card(visit: Visit, views: Sequence[LostView]) -> Iterator[Card]:
    """The saved views that ask for something which goes, if there are any."""
    t = visit.ui.t
    rows = tuple(
        Row(
            (
                Cell(v.name or t("A private view")),
                Cell(_entity_called(visit, v.entity)),
                Cell(", ".join(v.lost)),
            )
        )
        for v in views
    )
    if rows:
        table = Table(t("Saved views"), (t("View"), t("Entity"), t("What goes")), rows, Empty(t("Nothing")))
        note = t("They are shown without what goes, until that comes back.")
        yield Card(t("Saved views"), "bookmark", table=table, note=note, id="views")


def _entity_called(visit: Visit, name: str) -> str:
    found = visit.model.entities.get(name)
    return visit.plural(found) if found else name


def steps_card(visit: Visit, steps: Sequence[Step], note: str = "") -> Card:
    """The steps of a plan: what each says, its kind, how many rows it touches, and the way back.

    Indexes come with a new table: there is nothing to decide about them, and they are counted only.
    """
    t = visit.ui.t
    told = [step for step in steps if not _is_of_new_table(step)]
    more, indexes = len(told) - MOST_STEPS, len(steps) - len(told)
    rows = tuple(_step(visit, step) for step in told[:MOST_STEPS])
    said = (
        note,
        t("and {count} more", count=more) if more > 0 else "",
        t("New tables come with {count} indexes.", count=indexes) if indexes else "",
    )
    empty = Empty(t("No table changes"), t("Only definitions are new; they work at once."), "shapes")
    columns = (t("Step"), t("Kind"), t("Rows"), t("Way back"))
    table = Table(t("Steps"), columns, rows, empty)
    return Card(t("Steps"), "list-checks", table=table, note=" ".join(filter(None, said)), id="plan")


def _is_of_new_table(step: Step) -> bool:
    """Whether the step makes an index of a table that is new, too; that of another one reads its rows."""
    return isinstance(step, CreateIndex) and step.effect is Effect.INSTANT


def _step(visit: Visit, step: Step) -> Row:
    cells = (
        Cell(step.sentence, note=" · ".join(step.rows.samples)),
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
