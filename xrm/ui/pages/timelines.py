"""The timeline of a record in words: activities, comments, files and changes, those of one sitting together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from xrm.engine.queries.attached import file_fields
from xrm.engine.queries.timelines import ACTIVITIES, ACTIVITY, CHANGES, COMMENTS, FILES, REGARDING, SOURCES
from xrm.engine.records.commenting import COMMENT_LENGTH
from xrm.metadata.model import Entity
from xrm.ui.around import Composer, Entry, Paper, Piece, Timeline
from xrm.ui.fields.view import Option
from xrm.ui.fields.words import in_words
from xrm.ui.formatting import as_instant
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.controls import control_for, named, states
from xrm.ui.pages.happenings import events_of
from xrm.ui.pages.layout import form_of
from xrm.ui.pages.visit import Visit
from xrm.ui.record_pages import Change, Event

ENTRIES = 20
SITTING = timedelta(minutes=10)
EXCERPT = 280
WHOLE, MORE = "timeline", "timeline-more"
Happened = tuple[Mapping[str, Any], Event]
_WORDS = ("rich", "markdown", "area")
_WEB = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]")


def timeline_of(visit: Visit, entity: Entity, id_: UUID, is_gone: bool) -> Timeline:
    """The part of the timeline that the address asks for; a record in the trash takes no more comments."""
    base = f"/r/{entity.name}/{id_}"
    only = visit.arg("only") if visit.arg("only") in SOURCES else ""
    page = visit.queries.timeline(
        visit.actor,
        entity.name,
        id_,
        sources=(only,) if only else SOURCES,
        limit=ENTRIES,
        after=visit.arg("cursor"),
    )
    entries = entries_of(visit, entity, page.data, base, only)
    composer = Composer(f"{base}/comments", f"{base}/people", COMMENT_LENGTH)
    return Timeline(
        entries=entries,
        filters=tuple(_filters(visit, entity, base, only)),
        next_href=_address(base, only, page.next) if page.next else "",
        composer=None if is_gone else composer,
        adds=() if is_gone or visit.fragment == MORE else tuple(_adds(visit, entity, id_)),
        empty=None if entries or page.next else _nothing(visit, only),
    )


def _address(base: str, only: str, cursor: str = "") -> str:
    asked = {name: value for name, value in (("only", only), ("cursor", cursor)) if value}
    return f"{base}?{urlencode(asked)}" if asked else base


def _filters(visit: Visit, entity: Entity, base: str, only: str) -> Iterator[Link]:
    t = visit.ui.t
    labels = {
        "": t("Everything"),
        ACTIVITIES: t("Activities"),
        COMMENTS: t("Comments"),
        CHANGES: t("Changes"),
    }
    if file_fields(visit.queries.reader(visit.actor), entity.name):
        labels[FILES] = t("Files")
    for name, label in labels.items():
        yield Link(label, _address(base, name), current=name == only)


def _adds(visit: Visit, entity: Entity, id_: UUID) -> Iterator[Action]:
    """The kinds of activity that this person may add to the record."""
    shape = visit.model.entities.get(ACTIVITY)
    for name in shape.implementations if shape is not None else ():
        if visit.can("create", name) and REGARDING in visit.rights(name).names("create"):
            kind = visit.model.entities[name]
            href = f"/r/{name}/new?{REGARDING}={entity.name}/{id_}"
            yield Action(visit.label(kind), href, kind.icon)


def _nothing(visit: Visit, only: str) -> Empty:
    t = visit.ui.t
    if only == ACTIVITIES:
        text = t("Calls, meetings, tasks and notes about this record appear here.")
        return Empty(t("No activities yet"), text, "activity")
    if only == COMMENTS:
        text = t("Whoever may read this record can comment on it. Type @ to mention somebody.")
        return Empty(t("No comments yet"), text, "message-square")
    if only == FILES:
        return Empty(t("No files yet"), icon="paperclip")
    return Empty(t("Nothing has happened yet"), icon="history")


# --- entries ----------------------------------------------------------------------------------------


def entries_of(
    visit: Visit, entity: Entity, items: Sequence[Mapping[str, Any]], base: str, only: str = ""
) -> tuple[Entry, ...]:
    """The items as the page tells them, in their order; changes of one person in one sitting are one entry."""
    found: list[Entry] = []
    sitting: list[Happened] = []
    for thing in _things(visit, entity, items, base, only):
        if not isinstance(thing, Entry) and _goes_with(thing[0], sitting):
            sitting.append(thing)
            continue
        found += _sat(visit, sitting)
        sitting = []
        if isinstance(thing, Entry):
            found.append(thing)
        else:
            sitting = [thing]
    return (*found, *_sat(visit, sitting))


def _things(
    visit: Visit, entity: Entity, items: Sequence[Mapping[str, Any]], base: str, only: str
) -> Iterator[Entry | Happened]:
    """An entry for whatever stands by itself, and the changes, which may stand together.

    What a change did to files is an entry before that of the rest.
    """
    rows = [_without_files(item["change"]) for item in items if "change" in item]
    events = dict(zip((row["position"] for row in rows), events_of(visit, rows), strict=True))
    for item in items:
        if "comment" in item:
            yield _comment(visit, item["comment"], base)
        elif "activity" in item:
            yield _activity(visit, item["kind"], item["activity"])
        else:
            row, event = item["change"], events[item["change"]["position"]]
            files = row.get("files", ())
            if files:
                yield _filed(visit, entity, row, event, base)
            if not files or (only != FILES and (event.changes or event.text)):
                yield row, event


def _goes_with(row: Mapping[str, Any], sitting: Sequence[Happened]) -> bool:
    """Whether the change is an earlier one of the same person within ten minutes of the first that was told."""
    if not sitting:
        return False
    newest = sitting[0][0]
    if row["operation"] != "update" or any(other["operation"] != "update" for other, _ in sitting):
        return False
    if row["actor"] != newest["actor"] or row["reason"]:
        return False
    first, last = as_instant(row["at"]), as_instant(newest["at"])
    return first is not None and last is not None and last - first <= SITTING


def _sat(visit: Visit, sitting: Sequence[Happened]) -> Iterator[Entry]:
    if not sitting:
        return
    event = sitting[0][1]
    changes = _together([event.changes for _, event in sitting])
    yield Entry("change", event.who, event.what, event.at, event.icon, text=event.text, changes=changes)


def _together(told: Sequence[Sequence[Change]]) -> tuple[Change, ...]:
    """Each field once, from before the first change to after the last; told newest first."""
    found: dict[str, Change] = {}
    for changes in told:
        for change in changes:
            newer = found.get(change.label)
            after = newer.after if newer else change.after
            found[change.label] = Change(change.label, change.before, after)
    return tuple(c for c in found.values() if len(told) == 1 or c.before != c.after)


def _comment(visit: Visit, told: Mapping[str, Any], base: str) -> Entry:
    t, here = visit.ui.t, f"{base}/comments/{told['id']}"
    own = told["author"]["id"] == str(visit.actor.id)
    names = [str(m["title"]) for m in told["mentions"] if m["title"]]
    edit = Action(t("Edit the comment"), f"{here}/edit", "pencil")
    remove = Action(t("Remove the comment"), f"{here}/delete", "trash-2", post=True)
    return Entry(
        "comment",
        str(told["author"]["title"] or t("Somebody")),
        t("commented"),
        told["created_at"],
        "message-square",
        id=f"c-{told['id']}",
        pieces=tuple(pieces(told["text"], names)),
        edited_at=told["edited_at"] or "",
        edit=edit if own else None,
        remove=remove if own else None,
    )


def pieces(text: str, names: Iterable[str] = ()) -> Iterator[Piece]:
    """The text in pieces: web addresses become links, and `@` with one of the names a mention."""
    ways = [_WEB.pattern, *(f"@{re.escape(n)}(?!\\w)" for n in sorted(names, key=len, reverse=True))]
    at = 0
    for found in re.finditer("|".join(ways), text, re.IGNORECASE):
        if found.start() > at:
            yield Piece(text[at : found.start()])
        is_mention = found[0].startswith("@")
        yield Piece(found[0], "" if is_mention else found[0], is_mention)
        at = found.end()
    if at < len(text):
        yield Piece(text[at:])


# --- files ------------------------------------------------------------------------------------------


def _without_files(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The change without the fields of whose files it tells by name."""
    fields = {file["field"] for file in row.get("files", ())}
    return {**row, "changes": {name: c for name, c in row["changes"].items() if name not in fields}}


def _filed(visit: Visit, entity: Entity, row: Mapping[str, Any], event: Event, base: str) -> Entry:
    t, files = visit.ui.t, row["files"]
    came = sum(1 for file in files if file["added"])
    gone = len(files) - came
    what = t("added {count} files", count=came) if came else t("took {count} files out", count=gone)
    if came and gone:
        what = t("replaced files")
    papers = tuple(_paper(visit, entity, file, base) for file in files)
    said = event.what if row.get("undoes") else what
    return Entry("file", event.who, said, row["at"], "paperclip", papers=papers)


def _paper(visit: Visit, entity: Entity, file: Mapping[str, Any], base: str) -> Paper:
    control, name = named(visit, entity, file["field"]), file["name"]
    return Paper(
        name or visit.ui.t("A file that is not kept any more"),
        f"{base}/files/{file['field']}/{file['id']}" if name and file["held"] else "",
        file["size"],
        control.label if control is not None else file["field"],
        is_out=not file["added"],
    )


# --- activities -------------------------------------------------------------------------------------


START, END = "start", "end"


def _activity(visit: Visit, kind: str, row: Mapping[str, Any]) -> Entry:
    entity = visit.model.entities[kind]
    return Entry(
        "activity",
        str((row.get("created_by") or {}).get("title") or visit.ui.t("The system")),
        visit.ui.t("added {kind}", kind=visit.label(entity).lower()),
        row["created_at"],
        entity.icon,
        title=str(row.get("title") or visit.ui.t("Untitled")),
        href=f"/r/{kind}/{row['id']}",
        facts=tuple(_facts(visit, entity, row)),
        tag=_state(visit, entity, row),
        text=_excerpt(visit, entity, row),
    )


def _facts(visit: Visit, entity: Entity, row: Mapping[str, Any]) -> Iterator[str]:
    """When it was or has to be done, who looks after it, and what came of it."""
    ui, owner = visit.ui, row.get("owner") or {}
    if row.get(START) and control_for(visit, entity, START) is not None:
        yield ui.period(row[START], row.get(END))
    if row.get("done_at"):
        yield ui.t("Done {when}", when=ui.moment(row["done_at"]))
    elif row.get("due_at"):
        yield ui.t("Due {when}", when=ui.moment(row["due_at"]))
    if owner.get("title") and owner.get("title") != (row.get("created_by") or {}).get("title"):
        yield ui.t("Owner: {name}", name=owner["title"])
    for name in ("channel", "outcome"):
        control = control_for(visit, entity, name)
        text = in_words(control, row.get(name), visit.ui) if control is not None else ""
        if text:
            yield text


def _state(visit: Visit, entity: Entity, row: Mapping[str, Any]) -> Option | None:
    return next((o for o in states(visit, entity) if o.value == row.get("state")), None)


def _excerpt(visit: Visit, entity: Entity, row: Mapping[str, Any]) -> str:
    """The beginning of the first long text on its form."""
    names = (n for section in form_of(entity).sections for line in section.rows for n in line)
    for name in names:
        control = control_for(visit, entity, name) if row.get(name) else None
        if control is not None and control.kind in _WORDS:
            return _cut(in_words(control, row[name], visit.ui))
    return ""


def _cut(text: str) -> str:
    words = text.strip()
    return words if len(words) <= EXCERPT else f"{words[: EXCERPT - 1].rstrip()}…"
