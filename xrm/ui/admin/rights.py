"""What one user may do: every entity with what is granted on it, and the roles behind it; and one record, asked for."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.identity.overview import Account
from xrm.errors import NotFound
from xrm.metadata.model import Entity
from xrm.ui.admin.roles import About, entities_shown, rights_columns, rights_row
from xrm.ui.admin.telling import because, lines_of
from xrm.ui.admin.words import active_tag, held_tags
from xrm.ui.administration import Card, CardsPage, Cell, Question, Row, Table
from xrm.ui.models import Empty, Link
from xrm.ui.pages.menu import ROLES, USERS
from xrm.ui.pages.operations import operations
from xrm.ui.pages.visit import Visit, record_id

RECORD = "record"
ASKED = ("read", "update", "delete", "transition", "assign", "share")
LONGEST = 400


def rights_of(visit: Visit, user: Account) -> CardsPage:
    """All that the user may do, and what they may do with the record that was asked for."""
    t = visit.ui.t
    href = f"{USERS}/{user.id}"
    cards = [_asked(visit, user)] if user.active else []
    return CardsPage(
        title=t("What {name} may do", name=user.name),
        crumbs=(Link(t("Users"), USERS, "user"), Link(user.name, href)),
        cards=(*cards, _everything(visit, user)),
        tags=(active_tag(visit, user.active), *held_tags(visit, user)),
    )


def _everything(visit: Visit, user: Account) -> Card:
    t = visit.ui.t
    empty = Empty(t("Nothing is open to them"), t("They hold no role that grants anything."), "shield-check")
    columns, rows = rights_columns(visit, t("On")), tuple(_rows(visit, user)) if user.active else ()
    note = "" if user.active else t("They may not sign in, so they may do nothing.")
    table = Table(t("What the roles give"), columns, rows, empty)
    return Card(t("What the roles give"), "shield-check", table=None if note else table, note=note)


def _rows(visit: Visit, user: Account) -> Iterator[Row]:
    through = {role: [team.name for team in teams] for role, teams in user.team_roles.items()}
    through = {role: teams for role, teams in through.items() if role not in user.roles}
    for entity in entities_shown(visit):
        rights = visit.snapshot.policy.rights_of(user.all_roles, entity.name)
        for line in lines_of(visit, entity, rights):
            why = ", ".join(dict.fromkeys(because(visit, line.reasons, through)))
            yield rights_row(visit, About(visit.plural(entity), f"{ROLES}/on/{entity.name}"), line, why)


# --- one record -------------------------------------------------------------------------------------


def _asked(visit: Visit, user: Account) -> Card:
    t, given = visit.ui.t, visit.arg(RECORD).strip()[:LONGEST]
    question = Question(
        f"{USERS}/{user.id}/rights", RECORD, given, t("Address of a record"), t("Ask"),
        t("The address of its page, as the browser shows it."),
    )  # fmt: skip
    found = _record(visit, given) if given else None
    note = t("No record is at this address.") if given and found is None else ""
    facts = tuple(_answers(visit, user, *found)) if found else ()
    return Card(t("One record"), "circle-question-mark", facts=facts, note=note, question=question, id="one")


def _record(visit: Visit, given: str) -> tuple[Entity, UUID] | None:
    """The record whose page has that address, if the administrator may read it."""
    parts = given.partition("?")[0].partition("/r/")[2].split("/")
    entity = visit.model.entities.get(parts[0])
    if entity is None or entity.abstract or len(parts) < 2:
        return None
    try:
        id_ = record_id(parts[1])
        visit.queries.get(visit.actor, entity.name, id_, fields=(("title",),))
    except NotFound:
        return None
    return entity, id_


def _answers(visit: Visit, user: Account, entity: Entity, record: UUID) -> Iterator[tuple[str, Cell]]:
    """Yes or no for each operation, as the services answer the user."""
    t, words = visit.ui.t, operations(visit)
    them = visit.runtime.identity.actor(user.id, door="page")
    title = visit.queries.get(visit.actor, entity.name, record, fields=(("title",),))["title"]
    yield visit.label(entity), Cell(str(title or record), f"/r/{entity.name}/{record}")
    allowed = _allowed(visit, them, entity, record)
    for operation in ASKED:
        yield words[operation], Cell(_answer(visit, them, entity, operation, operation in allowed))
    if not allowed:
        yield t("Where they look"), Cell(t("For them there is no such record."))


def _allowed(visit: Visit, them: Actor, entity: Entity, record: UUID) -> frozenset[str]:
    try:
        visit.queries.get(them, entity.name, record, fields=(("title",),))
    except NotFound:
        return frozenset()
    if entity.is_engine:
        return frozenset({"read"})
    return visit.records.permitted(them, entity.name, record).operations | {"read"}


def _answer(visit: Visit, them: Actor, entity: Entity, operation: str, allowed: bool) -> str:
    t = visit.ui.t
    if allowed:
        return t("yes")
    if visit.snapshot.policy.rights(them, entity.name).can(operation):
        return t("no: their roles grant it on other records only")
    return t("no: no role of theirs grants it")
