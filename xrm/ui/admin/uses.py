"""Where something is used: references of the definitions, saved views, and counts of the API."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from xrm.engine.runtime.kept_uses import EXPRESSIONS, JOBS, PEOPLE, TEAMS, TOKENS, VIEWS, Kept
from xrm.engine.runtime.where_used import FormerlyCalled, UsedIn, WhereUsed
from xrm.errors import NotFound, Place
from xrm.metadata.model import Entity, Field, Relationship
from xrm.ui.admin.skin import Area, shown
from xrm.ui.admin.words import address
from xrm.ui.administration import Card, CardsPage, Cell, Question, Row, Table
from xrm.ui.fields.view import Option
from xrm.ui.models import Empty
from xrm.ui.pages.answers import page
from xrm.ui.pages.menu import USES
from xrm.ui.pages.visit import Visit

OF = "of"
LONGEST = 200
MOST = 500


class Uses(Area):
    """`/admin/uses`."""

    href = USES

    @shown()
    def index(self, visit: Visit) -> Response:
        """What uses the thing that was asked for."""
        given = visit.arg(OF).strip()[:LONGEST]
        found, note = None, ""
        try:
            found = visit.runtime.where_used(visit.actor, given) if given else None
        except NotFound as error:
            note = f"{error.first.message} {error.first.hint}"
        return page(visit, "admin/cards.html", _page(visit, given, found, note), current=USES)


def uses_address(name: str) -> str:
    """Where the uses of a thing are told."""
    return address(USES, of=name)


def _page(visit: Visit, given: str, found: WhereUsed | None, note: str) -> CardsPage:
    t = visit.ui.t
    question = Question(
        USES, OF, given, t("Name"), t("Ask"),
        t("As in account, account.phone, account.kind.firm, role:seller or options:tone.low."),
        tuple(Option(e.name, visit.plural(e)) for e in visit.model.entities.values()),
    )  # fmt: skip
    facts = tuple(_facts(visit, found)) if found else ()
    first = Card(
        t("What it is"), "circle-question-mark", facts=facts, note=note, question=question, id="what"
    )
    named = found.thing.name if found else ""
    return CardsPage(
        title=t("Where used"),
        crumbs=(),
        cards=(first, *(_cards(visit, found) if found else ())),
        facts=(named,) if named else (),
    )


def _facts(visit: Visit, found: WhereUsed) -> Iterator[tuple[str, Cell]]:
    t, thing = visit.ui.t, found.thing
    yield t("Label"), Cell(visit.text(thing.label, thing.name))
    yield t("Defined"), Cell(said_place(thing.place), code=True)
    for one in found.former:
        yield t("Former name"), Cell(one.name, code=True, note=_said_lately(visit, found, one))
    counted = ", ".join(f"{how} {visit.ui.number(count)}" for how, count in found.uses.items())
    yield t("Requests of the API in {days} days", days=found.days), Cell(counted)


def _said_lately(visit: Visit, found: WhereUsed, one: FormerlyCalled) -> str:
    t, count = visit.ui.t, visit.ui.number(one.uses)
    if one.since is None:
        return t("used {count} times in {days} days", count=count, days=found.days)
    day = visit.ui.date(one.since)
    return t("since {day}, used {count} times in {days} days", day=day, count=count, days=found.days)


def _cards(visit: Visit, found: WhereUsed) -> Iterator[Card]:
    t = visit.ui.t
    rows = tuple(
        Row(
            (
                Cell(one.source),
                Cell(said_place(one.place), code=True),
                Cell(one.layer, note=_note(visit, one)),
            )
        )
        for one in found.references[:MOST]
    )
    more = len(found.references) - MOST
    note = t("and {count} more", count=more) if more > 0 else ""
    columns = (t("Used by"), t("Place"), t("Layer"))
    table = Table(t("References"), columns, rows, Empty(t("No definition refers to it"), "", "package"))
    yield Card(t("References"), "link", table=table, note=note, id="references")
    yield _kept(visit, found)
    entity = visit.model.entities.get(found.thing.entity)
    if entity is not None and not found.thing.member:
        yield _members(visit, entity)


def _note(visit: Visit, one: UsedIn) -> str:
    return f"{one.floor}, {visit.ui.t('Disabled')}" if one.sleeps else one.floor


def _kept(visit: Visit, found: WhereUsed) -> Card:
    """How many of what people and programs keep use it, and those of them that are anybody's to know."""
    t = visit.ui.t
    kinds = {
        VIEWS: t("Saved views"), PEOPLE: t("Users"), TEAMS: t("Teams"), TOKENS: t("API tokens"), JOBS: t("Jobs"),
        EXPRESSIONS: t("Expressions in records"),
    }  # fmt: skip
    rows = tuple(
        Row((Cell(kinds[one.kind]), Cell(visit.ui.number(one.count)), Cell(_names(visit, one))))
        for one in found.kept
    )
    empty = Empty(t("Nobody keeps anything that uses it"), "", "package")
    columns = (t("Kind"), t("How many"), t("Which"))
    title = t("People and programs")
    return Card(title, "bookmark", table=Table(title, columns, rows, empty), id="kept")


def _names(visit: Visit, one: Kept) -> str:
    more = one.count - len(one.names)
    return ", ".join([*one.names, *([visit.ui.t("and {count} more", count=more)] if more else [])])


def _members(visit: Visit, entity: Entity) -> Card:
    """The fields and relationships of an entity, each with the way to its own uses."""
    t = visit.ui.t
    members: tuple[Field | Relationship, ...] = (*entity.fields.values(), *entity.relationships.values())
    rows = tuple(
        Row((Cell(visit.text(m.label, m.name), uses_address(f"{entity.name}.{m.name}"), note=m.name),))
        for m in members
    )
    empty = Empty(t("It has no fields"), "", "package")
    return Card(t("Fields"), "list", table=Table(t("Fields"), (t("Field"),), rows, empty), id="fields")


def said_place(place: Place) -> str:
    return str(place) if place.file else ""
