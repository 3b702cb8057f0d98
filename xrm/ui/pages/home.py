"""Home: what this person has to do, what is theirs, who meant them, and what happened to what they follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response

from xrm.engine.commands import ADMINISTRATOR
from xrm.engine.queries.agenda import Agenda
from xrm.engine.queries.counting import Counted
from xrm.metadata.model import Entity
from xrm.ui.fields.view import Option
from xrm.ui.formatting import as_instant
from xrm.ui.models import Action, Empty
from xrm.ui.own_pages import HomePage, Lesson, Tile
from xrm.ui.pages.answers import page
from xrm.ui.pages.happenings import events_of
from xrm.ui.pages.menu import PACKS, USERS, menu_entities
from xrm.ui.pages.related import counted_text
from xrm.ui.pages.visit import Visit
from xrm.ui.record_pages import Related, RelatedRow

TILES, BOARDS, RECENT = 8, 4, 5
COMING, FOLLOWED, MENTIONED = 8, 8, 5
WORK = "work"
QUOTED = 120
MORNING, NOON, EVENING = 5, 12, 18


@dataclass(frozen=True, slots=True)
class Found:
    """What was read for the page: counts of all and of one's own records, and everything that is one's own."""

    entities: tuple[Entity, ...]
    counts: Mapping[str, Counted]
    owned: Mapping[str, Counted]
    agenda: Agenda
    mentions: Sequence[Mapping[str, Any]]
    followed: Sequence[Mapping[str, Any]]
    changed: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def is_bare(self) -> bool:
        """Whether nothing here is this person's own yet."""
        has_own = any(c.count for c in self.owned.values()) or any(self.changed.values())
        return not (has_own or self.agenda.open or self.mentions or self.followed)


def show(visit: Visit) -> Response:
    """`GET /`: this person's own work, and counts of what the menu leads to."""
    found = _found(visit)
    boards = [*_work(visit, found), *_meant(visit, found), *_followed(visit, found), *_changed(visit, found)]
    lessons_title, lessons, hide = _beginning(visit, found)
    model = HomePage(
        title=_greeting(visit),
        tiles=tuple(_tiles(visit, found)),
        boards=tuple(boards),
        lessons=lessons,
        lessons_title=lessons_title,
        hide_lessons=hide,
        empty=None if found.entities else _nothing(visit),
    )
    return page(visit, "home.html", model, current="home")


def _found(visit: Visit) -> Found:
    entities = tuple(menu_entities(visit))
    names = [e.name for e in entities]
    queries, actor = visit.queries, visit.actor
    counts = dict(zip(names, queries.counts(actor, names), strict=True))
    filled = [n for n in names if counts[n].count]
    return Found(
        entities,
        counts,
        queries.owned(actor, filled),
        queries.agenda(actor, COMING),
        queries.mentions(actor, MENTIONED),
        queries.followed(actor, FOLLOWED),
        queries.recent(actor, filled, RECENT + 1),
    )


def _greeting(visit: Visit) -> str:
    t, name = visit.ui.t, visit.actor.name.split(" ")[0]
    hour = visit.ui.now.astimezone(ZoneInfo(visit.ui.zone)).hour
    if MORNING <= hour < NOON:
        return t("Good morning, {name}", name=name)
    if NOON <= hour < EVENING:
        return t("Good afternoon, {name}", name=name)
    return t("Good evening, {name}", name=name)


# --- tiles ------------------------------------------------------------------------------------------


def _tiles(visit: Visit, found: Found) -> Iterator[Tile]:
    """One's open work, then one's own records, then as many others as there is room for."""
    tiles = [*_work_tiles(visit, found.agenda), *_own_tiles(visit, found)]
    filled = sorted(
        (e for e in found.entities if not _owns(found, e)), key=lambda e: -found.counts[e.name].count
    )
    yield from tiles[:TILES]
    for entity in filled[: TILES - len(tiles)] if len(tiles) < TILES else ():
        count = found.counts[entity.name]
        tone = "" if count.count else "empty"
        yield Tile(
            visit.plural(entity),
            counted_text(visit, count),
            href=f"/r/{entity.name}",
            icon=entity.icon,
            tone=tone,
        )


def _work_tiles(visit: Visit, agenda: Agenda) -> Iterator[Tile]:
    if not agenda.open:
        return
    t, number, href = visit.ui.t, visit.ui.number, f"#{WORK}"
    late = t("The time has passed") if agenda.overdue else t("Nothing is late")
    tone = "bad" if agenda.overdue else "good"
    yield Tile(t("Overdue"), number(agenda.overdue), late, href, "clock-alert", tone)
    yield Tile(t("Due today"), number(agenda.today), t("of your open work"), href, "calendar-check")
    yield Tile(t("Due within a week"), number(agenda.week), t("today included"), href, "calendar-days")


def _own_tiles(visit: Visit, found: Found) -> Iterator[Tile]:
    """How many records of each kind are this person's, most first."""
    mine = sorted((e for e in found.entities if _owns(found, e)), key=lambda e: -found.owned[e.name].count)
    for entity in mine:
        every = visit.ui.t("of {count} in all", count=found.counts[entity.name].count)
        href = f"/r/{entity.name}?{urlencode({'f.owner': 'me'})}"
        label = visit.ui.t("{plural} of yours", plural=visit.plural(entity))
        yield Tile(label, counted_text(visit, found.owned[entity.name]), every, href, entity.icon)


def _owns(found: Found, entity: Entity) -> bool:
    own = found.owned.get(entity.name)
    return own is not None and own.count > 0


# --- boards -----------------------------------------------------------------------------------------


def _work(visit: Visit, found: Found) -> Iterator[Related]:
    """What is due first; what is late says so in words, too."""
    if not found.agenda.open:
        return
    late = Option("late", visit.ui.t("Overdue"), "red")
    rows = tuple(_due(visit, row, late) for row in found.agenda.next)
    yield Related(
        visit.ui.t("Your open work"), "list-checks", rows, visit.ui.number(found.agenda.open), id=WORK
    )


def _due(visit: Visit, row: Mapping[str, Any], late: Option) -> RelatedRow:
    due = as_instant(row["due_at"])
    return RelatedRow(
        str(row["title"] or visit.ui.t("Untitled")),
        f"/r/{row['entity']}/{row['id']}",
        tag=late if due is not None and due < visit.ui.now else None,
        figure=visit.ui.moment(row["due_at"]),
    )


def _meant(visit: Visit, found: Found) -> Iterator[Related]:
    """Who mentioned this person, and in which words."""
    if not found.mentions:
        return
    rows = tuple(
        RelatedRow(
            str(row["title"] or visit.ui.t("Untitled")),
            f"/r/{row['entity']}/{row['record']}#c-{row['comment']}",
            figure=visit.ui.moment(row["at"]),
            lead=f"{row['author'] or visit.ui.t('Somebody')}: {_quoted(row['text'])}",
        )
        for row in found.mentions
    )
    yield Related(visit.ui.t("You were mentioned"), "at-sign", rows)


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= QUOTED else f"{words[: QUOTED - 1].rstrip()}…"


def _followed(visit: Visit, found: Found) -> Iterator[Related]:
    """What others did to the records that this person follows."""
    if not found.followed:
        return
    events = events_of(visit, found.followed)
    rows = tuple(
        RelatedRow(
            str(row["title"] or visit.ui.t("Untitled")),
            f"/r/{row['entity']}/{row['record']}",
            figure=visit.ui.moment(event.at),
            lead=f"{event.who} {event.what}",
        )
        for row, event in zip(found.followed, events, strict=True)
    )
    yield Related(visit.ui.t("What you follow"), "bell", rows)


def _changed(visit: Visit, found: Found) -> Iterator[Related]:
    """What this person changed last, of each entity where there is something."""
    filled = [e for e in found.entities if found.changed.get(e.name)]
    for entity in sorted(filled, key=lambda e: -found.counts[e.name].count)[:BOARDS]:
        rows = found.changed[entity.name]
        listed = tuple(_recent(visit, entity, row) for row in rows[:RECENT])
        href = "/r/" + entity.name + "?" + urlencode({"f.updated_by": "me", "sort": "-updated_at"})
        label = visit.ui.t("{plural} that you changed", plural=visit.plural(entity))
        yield Related(label, entity.icon, listed, href=href if len(rows) > RECENT else "")


def _recent(visit: Visit, entity: Entity, row: Mapping[str, Any]) -> RelatedRow:
    title = str(row["title"] or visit.ui.t("Untitled"))
    return RelatedRow(title, f"/r/{entity.name}/{row['id']}", figure=visit.ui.moment(row["updated_at"]))


# --- for whoever is new -----------------------------------------------------------------------------


def _beginning(visit: Visit, found: Found) -> tuple[str, tuple[Lesson, ...], Action | None]:
    """The first steps of an installation for who administers it, else lessons while nothing is one's own."""
    t = visit.ui.t
    if visit.snapshot.organisation.is_guided and ADMINISTRATOR in visit.actor.roles:
        hide = Action(t("Hide these"), "/admin/organisation/guide", "x", post=True)
        return t("First steps"), tuple(_steps(visit, found)), hide
    lessons = tuple(_lessons(visit, found)) if found.entities and found.is_bare else ()
    return t("Make this page yours"), lessons, None


def _steps(visit: Visit, found: Found) -> Iterator[Lesson]:
    """What makes an installation one's own; each is ticked as soon as it was done by anybody."""
    t, done = visit.ui.t, visit.runtime.first_run.steps()
    new = next((e for e in found.entities if visit.can("create", e.name) and not e.append_only), None)
    make = (
        Action(t("New {label}", label=visit.label(new).lower()), f"/r/{new.name}/new", "plus")
        if new
        else None
    )
    load = Action(t("Import"), f"/r/{new.name}/import", "upload") if new else None
    yield _step(
        "package",
        t("Choose what you manage"),
        t("Packs bring entities, forms, roles and sample data."),
        Action(t("Packs"), PACKS, "package"),
        done.pack,
    )
    yield _step(
        "square-pen", t("Add a record"), t("Whatever you type is saved with its history."), make, done.record
    )
    yield _step(
        "upload",
        t("Bring your own data"),
        t("A CSV file of any program; it is tried out before anything is written."),
        load,
        done.imported,
    )
    yield _step(
        "user-plus",
        t("Invite a colleague"),
        t("Give them a role, and they see what it lets them see."),
        Action(t("Users"), USERS, "users"),
        done.colleague,
    )
    yield _step(
        "bookmark",
        t("Make a view of your own"),
        t("Narrow a list and choose Save for me: it stands among the tabs from then on."),
        Action(visit.plural(new), f"/r/{new.name}", new.icon) if new else None,
        done.view,
    )


def _step(icon: str, title: str, text: str, action: Action | None, is_done: bool) -> Lesson:
    return Lesson(icon, title, text, None if is_done else action, is_done)


def _lessons(visit: Visit, found: Found) -> Iterator[Lesson]:
    """What fills this page, and how."""
    t = visit.ui.t
    new = next((e for e in found.entities if visit.can("create", e.name) and not e.append_only), None)
    make = t("New {label}", label=visit.label(new).lower()) if new else ""
    yield Lesson(
        "square-pen",
        t("Add a record, or change one"),
        t("What you own, what is due and what you changed last then stands here."),
        Action(make, f"/r/{new.name}/new", "plus") if new else None,
    )
    first = next((e for e in found.entities if found.counts[e.name].count), found.entities[0])
    yield Lesson(
        "star",
        t("Keep what you need often"),
        t("The star of a record puts it into the menu; the bell shows here what others do to it."),
        Action(t("Open {list}", list=visit.plural(first)), f"/r/{first.name}", first.icon),
    )
    yield Lesson(
        "keyboard",
        t("Go anywhere with Ctrl K"),
        t("Type a name or a command. The question mark shows all keys."),
        Action(t("Show the keys"), "/help/keys", "keyboard"),
    )


def _nothing(visit: Visit) -> Empty:
    t = visit.ui.t
    return Empty(
        t("Nothing to show yet"),
        t("You hold no role that lets you read records. Ask an administrator."),
        "lock",
    )
