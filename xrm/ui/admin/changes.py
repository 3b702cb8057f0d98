"""The change log: who did what to what, and the way to its history or back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from uuid import UUID

from flask import Response

from xrm.engine.identity.audit import ACCESS
from xrm.engine.queries.logs import LogAsked, LogEntry
from xrm.metadata.model import Field as FieldOf
from xrm.metadata.model import Relationship
from xrm.metadata.values import INT64_MAX
from xrm.ui.admin.roles import entities_shown
from xrm.ui.admin.skin import Area, shown
from xrm.ui.admin.words import AFTER, address, at
from xrm.ui.administration import Cell, Row, Search, Table, TablePage
from xrm.ui.fields.view import Field, Option
from xrm.ui.formatting import as_date, zone_of
from xrm.ui.models import Action, Empty
from xrm.ui.pages.answers import page
from xrm.ui.pages.happenings import deeds
from xrm.ui.pages.menu import CHANGES, TEAMS, USERS, admin_tabs
from xrm.ui.pages.visit import Visit, version_in

NAMES = ("search", "f.entity", "f.act", "f.at.from", "f.at.to")
LONGEST = 200
MOST_FIELDS = 8
NO_ACT = ("create", "delete", "restore")


class Changes(Area):
    """`/admin/changes`."""

    href = CHANGES

    @shown()
    def index(self, visit: Visit) -> Response:
        """Changes newest first, narrowed by who, entity, act and time."""
        said = {name: visit.arg(name).strip()[:LONGEST] for name in NAMES}
        return page(visit, "admin/table.html", _listed(visit, said), current=CHANGES)


def _listed(visit: Visit, said: dict[str, str]) -> TablePage:
    t, below = visit.ui.t, version_in(visit.arg(AFTER))
    asked = LogAsked(
        said["search"], said["f.entity"], said["f.act"],
        _midnight(visit, said["f.at.from"]), _midnight(visit, said["f.at.to"], after=1),
    )  # fmt: skip
    found = visit.runtime.log.page(
        visit.actor, visit.snapshot.numbers, asked, INT64_MAX if below is None else below
    )
    narrowed = any(said.values())
    empty = Empty(
        t("Nothing like that was done") if narrowed else t("Nothing was done yet"), "", "scroll-text"
    )
    columns = (t("Record"), t("What was done"), t("Who"), t("When"), t("Fields"))
    next_href = address(CHANGES, after=found.next, **said) if found.next else ""
    table = Table(t("Change log"), columns, tuple(_rows(visit, found.rows)), empty, next_href)
    search = Search(
        CHANGES, said["search"], t("Who did it"), tuple(_filters(visit, said)), CHANGES if narrowed else ""
    )
    return TablePage(t("Change log"), "scroll-text", admin_tabs(visit, CHANGES), table, search)


def _midnight(visit: Visit, day: str, after: int = 0) -> datetime | None:
    """The beginning of a day in the zone of whoever reads, or of a later one."""
    found = as_date(day)
    if found is None or not 1 < found.year < 9999:
        return None
    return datetime.combine(found, time(), zone_of(visit.ui.zone)) + timedelta(days=after)


def _filters(visit: Visit, said: dict[str, str]) -> Iterator[Field]:
    t = visit.ui.t
    entities = tuple(Option(e.name, visit.plural(e)) for e in entities_shown(visit))
    about = (Option(ACCESS, t("Sign-in and rights")), *entities)
    acts = tuple(Option(name, word) for name, word in _words(visit).items())
    yield Field("entity", t("On"), "select", said["f.entity"], options=about)
    yield Field("act", t("What was done"), "select", said["f.act"], options=acts)
    yield Field("at", t("When"), "date", {"from": said["f.at.from"], "to": said["f.at.to"]})


def _words(visit: Visit) -> dict[str, str]:
    """Everything that the log tells, in words."""
    t = visit.ui.t
    return deeds(visit) | {
        "sign_in": t("signed in"),
        "sign_out": t("signed out"),
        "sign_out_everywhere": t("signed out everywhere"),
        "end_session": t("ended a session"),
        "end_sessions": t("ended all sessions"),
        "offer_password": t("made a password link"),
        "set_password": t("set a password"),
        "assign_roles": t("changed the roles"),
        "add_member": t("added a member"),
        "remove_member": t("removed a member"),
        "create_token": t("made a token"),
        "revoke_token": t("revoked a token"),
        "set_rate": t("set an exchange rate"),
        "remove_rate": t("removed an exchange rate"),
    }


def _rows(visit: Visit, entries: tuple[LogEntry, ...]) -> Iterator[Row]:
    words, told = _words(visit), set[UUID | None]()
    for entry in entries:
        is_first = entry.act not in told
        told.add(entry.act)
        cells = (
            Cell(entry.title or visit.ui.t("Untitled"), _href(visit, entry), note=_about(visit, entry)),
            Cell(_deed(visit, entry, words), note=entry.reason),
            Cell(entry.who or visit.ui.t("The system"), f"{USERS}/{entry.actor}" if entry.actor and entry.who else "",
                 note=entry.door),
            at(entry.at),
            Cell(_fields(visit, entry), is_plain=True),
        )  # fmt: skip
        yield Row(cells, (_undo(visit, entry),) if is_first and _may_undo(visit, entry) else ())


def _deed(visit: Visit, entry: LogEntry, words: dict[str, str]) -> str:
    done = words.get(entry.operation, entry.operation)
    return f"{visit.ui.t('took a change back')} ({done})" if entry.is_undo else done


def _about(visit: Visit, entry: LogEntry) -> str:
    entity = visit.model.entities.get(entry.entity or entry.kind)
    return visit.label(entity) if entity else entry.entity


def _href(visit: Visit, entry: LogEntry) -> str:
    """Where one goes on: the history of the record, or the page of the user or team."""
    if not entry.entity:
        return f"{TEAMS if entry.kind == 'team' else USERS}/{entry.record}"
    return f"/r/{entry.entity}/{entry.record}/history" if entry.entity in visit.model.entities else ""


def _fields(visit: Visit, entry: LogEntry) -> str:
    entity = visit.model.entities.get(entry.entity)
    if entity is None or entry.operation in NO_ACT:
        return ""
    known: dict[str, FieldOf | Relationship] = {**entity.fields, **entity.relationships}
    named = [visit.text(known[n].label, n) if n in known else n for n in entry.fields]
    more = len(named) - MOST_FIELDS
    shown = ", ".join(named[:MOST_FIELDS])
    return f"{shown} {visit.ui.t('and {count} more', count=more)}" if more > 0 else shown


def _may_undo(visit: Visit, entry: LogEntry) -> bool:
    """Whether the act may be one to take back: one's own, of late; the records decide when it is tried."""
    limit = timedelta(minutes=visit.runtime.settings.limits.undo_minutes)
    is_late = entry.at >= visit.runtime.world.now() - limit
    return entry.act is not None and entry.actor == visit.actor.id and is_late


def _undo(visit: Visit, entry: LogEntry) -> Action:
    values = {"back": CHANGES}
    return Action(visit.ui.t("Undo"), f"/undo/{entry.position}", "undo-2", post=True, values=values)
