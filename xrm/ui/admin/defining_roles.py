"""Who may use an entity that was made here: a level for each role, written as its grant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xrm.engine.commands import ADMINISTRATOR
from xrm.metadata.granting import granted, with_grant
from xrm.metadata.model import OPERATIONS, Entity
from xrm.ui.admin.bench import Bench, hidden
from xrm.ui.admin.forms import Values
from xrm.ui.admin.words import role_options
from xrm.ui.administration import Card, Cell, Row, Table
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, FormPage, Link, Section
from xrm.ui.pages.menu import DEFINITIONS

NOTHING, OTHER = "none", "other"
_LEVELS: Mapping[str, frozenset[str]] = {
    "read": frozenset({"read"}),
    "work": frozenset({"create", "read", "update"}),
    "all": frozenset({"create", "read", "update", "delete", "share", "export", "import"}),
}


def roles_card(bench: Bench, entity: Entity) -> Card:
    """The roles that may use the entity, and how much."""
    t, known = bench.visit.ui.t, _levels(bench, entity)
    rows = tuple(
        Row((Cell(role.label), Cell(_words(bench)[level]))) for role, level in known if level != NOTHING
    )
    change = Action(t("Say who"), f"{DEFINITIONS}/e/{entity.name}/roles", "shield-check")
    empty = Empty(
        t("Only administrators so far"),
        t("Nobody else sees it, in the menu or anywhere else."),
        "lock",
        change,
    )
    table = Table(t("Who may use it"), (t("Role"), t("May do")), rows, empty)
    return Card(
        t("Who may use it"), "shield-check", table=table, actions=(change,) if rows else (), id="roles"
    )


def roles_form(bench: Bench, entity: Entity) -> FormPage:
    """A level for each role."""
    t, href = bench.visit.ui.t, f"{DEFINITIONS}/e/{entity.name}"
    note = t("Who may write adds and changes records, all that there are. Administrators may do everything.")
    inputs = tuple(_input(bench, role, level) for role, level in _levels(bench, entity))
    return FormPage(
        title=t("Who may use it"),
        action=f"{href}/roles",
        submit=t("Save in the draft"),
        cancel_href=href,
        sections=(Section("", inputs, note),),
        crumbs=(Link(t("Definitions"), DEFINITIONS, "shapes"), Link(bench.visit.plural(entity), href)),
        hidden=hidden(bench),
    )


def changed_roles(bench: Bench, entity: Entity, values: Values) -> None:
    """The draft grants each role what was chosen for it; what was not changed stays as it is written."""
    desk = bench.desk
    for role, level in _levels(bench, entity):
        chosen = str(values.get(_control(role.value)) or level)
        if chosen != level:
            desk = with_grant(desk, role.value, entity.name, _operations(entity, chosen))
    bench.keep(desk)


def _levels(bench: Bench, entity: Entity) -> Iterator[tuple[Option, str]]:
    """Every role but that of administrators, with its level."""
    known = granted(bench.desk, entity.name)
    for role in role_options(bench.visit):
        if role.value != ADMINISTRATOR:
            yield role, _level(entity, known.get(role.value, frozenset()))


def _level(entity: Entity, can: frozenset[str] | None) -> str:
    found = (level for level in (NOTHING, *_LEVELS) if frozenset(_operations(entity, level)) == can)
    return next(found, OTHER)


def _operations(entity: Entity, level: str) -> list[str]:
    """What a level lets do, in the order in which operations are told."""
    can = _LEVELS.get(level, frozenset())
    if "update" in can and entity.lifecycle is not None:
        can |= {"transition"}
    if "delete" in can and entity.is_owned:
        can |= {"assign"}
    return [operation for operation in OPERATIONS if operation in can]


def _words(bench: Bench) -> Mapping[str, str]:
    t = bench.visit.ui.t
    return {
        NOTHING: t("Nothing"), "read": t("Read"), "work": t("Write"), "all": t("Everything"),
        OTHER: t("What the files say"),
    }  # fmt: skip


def _input(bench: Bench, role: Option, level: str) -> Input:
    words = _words(bench)
    shown = [key for key in words if key != OTHER or level == OTHER]
    options = tuple(Option(key, words[key]) for key in shown)
    return Input(_control(role.value), role.label, "select", level, options=options, required=True)


def _control(role: str) -> str:
    return f"role_{role}"
