"""Roles as packs define them: who holds each, what each grants, and all of them beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask import Response

from xrm.engine.commands import ADMINISTRATOR
from xrm.errors import NotFound, Problem
from xrm.metadata.model import OPERATIONS, Entity, Role
from xrm.ui.admin.skin import Area, shown
from xrm.ui.admin.telling import Line, because, lines_of, rows_in_words
from xrm.ui.admin.uses import uses_address
from xrm.ui.administration import Card, CardsPage, Cell, MatrixCell, MatrixPage, MatrixRow, Row, Table
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import page
from xrm.ui.pages.menu import ROLES, USERS, admin_tabs
from xrm.ui.pages.operations import operations
from xrm.ui.pages.visit import Visit

READ = "read"


class Roles(Area):
    """`/admin/roles`."""

    href = ROLES

    @shown()
    def index(self, visit: Visit) -> Response:
        """Every role, and on which entities each may do one chosen operation."""
        chosen = visit.arg("f.can") if visit.arg("f.can") in OPERATIONS else READ
        pack = visit.arg("f.pack")
        return page(visit, "admin/roles.html", _matrix(visit, chosen, pack), current=ROLES)

    @shown("/on/<entity>")
    def on(self, visit: Visit, entity: str) -> Response:
        """What every role may do with one entity."""
        found = visit.model.entities.get(entity)
        if found is None or found.abstract:
            raise NotFound(Problem("R104", "There is no such entity."))
        return page(visit, "admin/cards.html", _of_entity(visit, found), current=ROLES)

    @shown("/<role>")
    def one(self, visit: Visit, role: str) -> Response:
        """What one role may do, and how many hold it."""
        found = visit.snapshot.policy.roles.get(role)
        if found is None:
            raise NotFound(Problem("R104", "There is no such role."))
        return page(visit, "admin/cards.html", _of_role(visit, found), current=ROLES)


def _label(visit: Visit, role: Role) -> str:
    return visit.text(role.label, role.name)


def _sorted(visit: Visit) -> list[Role]:
    return sorted(visit.snapshot.policy.roles.values(), key=lambda role: _label(visit, role).casefold())


def _pack(visit: Visit, name: str) -> str:
    found = visit.model.packs.get(name)
    return visit.text(found.label, name) if found else name


def entities_shown(visit: Visit, pack: str = "") -> list[Entity]:
    """The entities that rights are about, by pack and name."""
    known = (e for e in visit.model.entities.values() if not e.abstract and (not pack or e.pack == pack))
    return sorted(known, key=lambda e: (_pack(visit, e.pack).casefold(), visit.plural(e).casefold()))


# --- all of them ------------------------------------------------------------------------------------


def _matrix(visit: Visit, operation: str, pack: str) -> MatrixPage:
    t, roles = visit.ui.t, _sorted(visit)
    held = visit.runtime.overview.holders(visit.actor)
    words = operations(visit)
    packs = sorted({e.pack for e in entities_shown(visit)}, key=lambda name: _pack(visit, name).casefold())
    filters = (
        Field(
            "can", t("Who may"), "select", operation, options=tuple(Option(o, w) for o, w in words.items())
        ),
        Field("pack", t("Pack"), "select", pack, options=tuple(Option(p, _pack(visit, p)) for p in packs)),
    )
    return MatrixPage(
        title=t("Roles"),
        icon="shield-check",
        tabs=admin_tabs(visit, ROLES),
        action=ROLES,
        filters=filters,
        table=_listed(visit, roles, held),
        label=t("Who may {what}", what=words[operation]),
        roles=tuple(Link(_label(visit, role), f"{ROLES}/{role.name}") for role in roles),
        rows=tuple(_rows(visit, roles, operation, pack)),
    )


def _listed(visit: Visit, roles: Iterable[Role], held: Mapping[str, int]) -> Table:
    t = visit.ui.t
    rows = tuple(
        Row(
            (
                Cell(_label(visit, role), f"{ROLES}/{role.name}", note=role.name),
                Cell(_pack(visit, role.pack)),
                _holders(visit, role, held),
            )
        )
        for role in roles
    )
    return Table(t("Roles"), (t("Role"), t("Comes with"), t("Held by")), rows, Empty(t("No roles yet")))


def _holders(visit: Visit, role: Role, held: Mapping[str, int]) -> Cell:
    count = held.get(role.name, 0)
    said = visit.ui.t("{count} users", count=count)
    return Cell(said, f"{USERS}?f.role={role.name}") if count else Cell(said)


def _rows(visit: Visit, roles: list[Role], operation: str, pack: str) -> Iterator[MatrixRow]:
    for entity in entities_shown(visit, pack):
        cells = tuple(_cell(visit, role, entity, operation) for role in roles)
        yield MatrixRow(
            visit.plural(entity), f"{ROLES}/on/{entity.name}", entity.icon, _pack(visit, entity.pack), cells
        )


def _cell(visit: Visit, role: Role, entity: Entity, operation: str) -> MatrixCell:
    rights = visit.snapshot.policy.rights_of([role.name], entity.name)
    rule = rights.rows_for(operation)
    if rule.nowhere:
        return MatrixCell(visit.ui.t("no"))
    says = rows_in_words(visit, rule)
    return MatrixCell(says, f"{ROLES}/{role.name}#{entity.name}", "all" if rule.everywhere else "some")


# --- one of them ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class About:
    """Who or what lines of rights are told of: the first cell of a row, and its anchor."""

    name: str
    href: str
    anchor: str = ""


def rights_row(visit: Visit, about: About, line: Line, says_why: str) -> Row:
    """One line of rights as a row of a table."""
    words = operations(visit)
    return Row(
        (
            Cell(about.name, about.href, id=about.anchor),
            Cell(", ".join(words[o] for o in line.operations)),
            Cell(line.records, is_plain=True),
            Cell(line.fields, is_plain=True),
            Cell(says_why, is_plain=True),
        )
    )


def rights_columns(visit: Visit, first: str) -> tuple[str, ...]:
    """The headings over lines of rights."""
    t = visit.ui.t
    return (first, t("May"), t("Records"), t("Fields"), t("Because of"))


def _of_role(visit: Visit, role: Role) -> CardsPage:
    t = visit.ui.t
    held = visit.runtime.overview.holders(visit.actor).get(role.name, 0)
    facts = (t("Comes with {pack}", pack=_pack(visit, role.pack)), t("{count} users", count=held))
    rows = tuple(_role_rows(visit, role))
    note = t("Everything, on every record and field.") if role.name == ADMINISTRATOR else ""
    empty = Empty(t("It grants nothing"), "", "shield-check")
    table = Table(t("What it grants"), rights_columns(visit, t("On")), rows, empty)
    return CardsPage(
        title=_label(visit, role),
        crumbs=(Link(t("Roles"), ROLES, "shield-check"),),
        cards=(Card(t("What it grants"), "shield-check", table=None if note else table, note=note),),
        facts=(*facts, t("For people outside")) if role.portal else facts,
        actions=(Action(t("Who holds it"), f"{USERS}?f.role={role.name}", "users"),),
        more=(Action(t("Where used"), uses_address(f"role:{role.name}"), "search"),),
    )


def _role_rows(visit: Visit, role: Role) -> Iterator[Row]:
    for entity in entities_shown(visit):
        rights = visit.snapshot.policy.rights_of([role.name], entity.name)
        for number, line in enumerate(lines_of(visit, entity, rights)):
            anchor = "" if number else entity.name
            about = About(visit.plural(entity), f"{ROLES}/on/{entity.name}", anchor)
            yield rights_row(visit, about, line, ", ".join(_places(visit, role, line)))


def _places(visit: Visit, role: Role, line: Line) -> Iterator[str]:
    """Where the grants behind a line are written; what only follows from others says so."""
    for reason in line.reasons:
        grant = role.grants.get(reason.removeprefix(f"{role.name}."))
        if grant is not None:
            yield f"{grant.name} ({grant.place})" if str(grant.place) else grant.name
        else:
            yield from because(visit, [reason], {})


def _of_entity(visit: Visit, entity: Entity) -> CardsPage:
    t = visit.ui.t
    rows = tuple(row for role in _sorted(visit) for row in _entity_rows(visit, role, entity))
    empty = Empty(t("No role grants anything on it"), "", "shield-check")
    table = Table(t("Roles"), rights_columns(visit, t("Role")), rows, empty)
    return CardsPage(
        title=visit.plural(entity),
        crumbs=(Link(t("Roles"), ROLES, "shield-check"),),
        cards=(Card(t("What each role may do"), "shield-check", table=table),),
        facts=(t("Comes with {pack}", pack=_pack(visit, entity.pack)),),
    )


def _entity_rows(visit: Visit, role: Role, entity: Entity) -> Iterator[Row]:
    about = About(_label(visit, role), f"{ROLES}/{role.name}")
    for line in lines_of(visit, entity, visit.snapshot.policy.rights_of([role.name], entity.name)):
        yield rights_row(visit, about, line, ", ".join(_places(visit, role, line)))
