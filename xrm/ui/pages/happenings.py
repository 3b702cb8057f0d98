"""What happened: the history of a record, and the latest changes of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response

from xrm.metadata.model import POINTERS, Entity, Shape
from xrm.ui.fields.view import Field
from xrm.ui.fields.words import in_words
from xrm.ui.pages.answers import page
from xrm.ui.pages.controls import named
from xrm.ui.pages.crumbs import called, to_record
from xrm.ui.pages.files import KINDS as FILE_KINDS
from xrm.ui.pages.files import ids_in
from xrm.ui.pages.reasons import why
from xrm.ui.pages.related import link_facts
from xrm.ui.pages.titles import titles_of
from xrm.ui.pages.visit import Visit, record_id
from xrm.ui.record_pages import Change, Event, HistoryPage

EVENTS = 50
LONGEST = 200
_ICONS = {
    "create": "plus", "update": "pencil", "delete": "trash-2", "restore": "undo-2", "transition": "arrow-right",
    "link": "link", "unlink": "unlink", "share": "users", "unshare": "users",
    "comment": "message-square", "comment_edit": "message-square", "comment_delete": "message-square",
}  # fmt: skip
_HIDDEN = ("title", "version", "state_since")


def history(visit: Visit, entity: str, record: str) -> Response:
    """`GET /r/<entity>/<id>/history?field=`: every change of the record, or of one field, that may be read."""
    found = visit.entity(entity)
    id_, field = record_id(record), visit.arg("field")
    if field in found.fields and found.fields[field].formula is not None:
        return why(visit, found, id_, found.fields[field])
    shown = visit.queries.get(visit.actor, entity, id_, fields=(("title",),))
    rows = visit.queries.history(
        visit.actor, entity, id_, limit=EVENTS, after=visit.arg("cursor"), field=field
    )
    control = named(visit, found, field) if field else None
    here = f"/r/{entity}/{id_}/history"
    asked = {"field": field} if field else {}
    events = events_of(visit, rows.data)
    model = HistoryPage(
        title=called(visit, found, shown),
        crumbs=to_record(visit, found, id_, shown),
        events=events,
        next_href=f"{here}?{urlencode({**asked, 'cursor': rows.next})}" if rows.next else "",
        field=control.label if control is not None else "",
        whole_href=here if field else "",
    )
    return page(visit, "history.html", model, current=entity)


def events_of(visit: Visit, rows: Sequence[Mapping[str, Any]], with_title: bool = False) -> tuple[Event, ...]:
    """The changes as events, the records that they name by their titles."""
    names = _Titles(visit, rows)
    return tuple(_event(visit, row, names, with_title) for row in rows)


def _event(visit: Visit, row: Mapping[str, Any], names: _Titles, with_title: bool) -> Event:
    operation = str(row["operation"])
    entity = visit.model.entities[row["entity"]]
    return Event(
        who=str((row.get("actor") or {}).get("title") or visit.ui.t("The system")),
        what=_what(visit, row, str(row.get("title") or "") if with_title else ""),
        at=row["at"],
        icon="undo-2" if row.get("undoes") else _ICONS.get(operation, "pencil"),
        text=row.get("reason") or "",
        changes=tuple(_changes(visit, entity, operation, row["changes"], names)),
    )


def _what(visit: Visit, row: Mapping[str, Any], title: str) -> str:
    t, operation = visit.ui.t, row["operation"]
    is_anew = operation == "link" and _was_there(row)
    done = t("changed a link") if is_anew else deeds(visit).get(operation, operation)
    said = t("took a change back") if row.get("undoes") else done
    return f"{said}: {title}" if title else said


def deeds(visit: Visit) -> dict[str, str]:
    """What can be done to a record, as one tells it afterwards."""
    t = visit.ui.t
    return {
        "create": t("created it"),
        "update": t("changed it"),
        "delete": t("moved it to the trash"),
        "restore": t("restored it"),
        "transition": t("took a step"),
        "link": t("added a link"),
        "unlink": t("removed a link"),
        "share": t("shared it"),
        "unshare": t("ended a share"),
        "comment": t("commented on it"),
        "comment_edit": t("changed a comment"),
        "comment_delete": t("removed a comment"),
    }


def _was_there(row: Mapping[str, Any]) -> bool:
    """Whether the link stood before the change."""
    return any(change["before"] for change in row["changes"].values())


def _changes(
    visit: Visit, entity: Entity, operation: str, changes: Mapping[str, Any], names: _Titles
) -> Iterator[Change]:
    for name, change in changes.items():
        control = named(visit, entity, name)
        if name in _HIDDEN:
            continue
        if control is None:
            yield from _link_change(visit, entity, name, change, names)
            continue
        before, after = (_text(visit, control, change[end], names) for end in ("before", "after"))
        if before or after:
            yield Change(control.label, before, after)


def _text(visit: Visit, control: Field, value: Any, names: _Titles) -> str:
    if control.kind == "lookup":
        return names.of(control, value)
    if control.kind in FILE_KINDS:
        return ", ".join(names.file(file) for file in ids_in(value))[:LONGEST]
    return in_words(control, value, visit.ui)[:LONGEST]


def _link_change(
    visit: Visit, entity: Entity, name: str, change: Mapping[str, Any], names: _Titles
) -> Iterator[Change]:
    """A link that came or went, by the title of the record at its end; of one that stays, what it says of itself."""
    side = entity.relationships.get(name)
    if side is None or side.shape is Shape.LOOKUP:
        return
    label, (before, after) = visit.text(side.label, side.name), (change["before"], change["after"])
    if before and after:
        facts = (link_facts(visit, side, link) for link in (before, after))
        yield Change(f"{label}: {names.title(after.get('to'))}", *facts)
        return
    yield Change(label, *(names.title((link or {}).get("to")) for link in (before, after)))


class _Titles:
    """Titles of the records and files named in changes: a statement for each entity, none for each record."""

    def __init__(self, visit: Visit, rows: Sequence[Mapping[str, Any]]) -> None:
        self._visit = visit
        by_entity: dict[str, set[str]] = {}
        for entity, record in _named_in(rows):
            by_entity.setdefault(entity, set()).add(record)
        self._known = {entity: titles_of(visit, entity, ids) for entity, ids in by_entity.items()}
        self._files = visit.runtime.uploads.facts(_files_in(visit, rows))

    def file(self, file: UUID) -> str:
        """The name of a file."""
        known = self._files.get(file)
        return known.name if known else self._visit.ui.t("A file that is not kept any more")

    def of(self, control: Field, value: Any) -> str:
        """What a lookup pointed at."""
        if isinstance(value, str):
            return self.title({"entity": POINTERS.get(control.name, ""), "id": value})
        return self.title(value)

    def title(self, value: Any) -> str:
        """The title of a reference; one that may not be read is only said to be a record."""
        if not isinstance(value, Mapping) or not value.get("id"):
            return ""
        known = self._known.get(str(value.get("entity") or ""), {}).get(str(value["id"]))
        return str(value.get("title") or known or self._visit.ui.t("a record that you may not read"))


def _files_in(visit: Visit, rows: Sequence[Mapping[str, Any]]) -> Iterator[UUID]:
    """The id of each file that the changes name."""
    for row in rows:
        fields = visit.model.entities[row["entity"]].fields
        for name, change in row["changes"].items():
            if name in fields and fields[name].type.holds_files:
                yield from (file for end in ("before", "after") for file in ids_in(change[end]))


def _named_in(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Entity and id of each record that the changes name without its title."""
    for row in rows:
        for name, change in row["changes"].items():
            for value in (change["before"], change["after"]):
                found = value.get("to", value) if isinstance(value, Mapping) else value
                if isinstance(found, Mapping) and found.get("entity") and found.get("id"):
                    yield str(found["entity"]), str(found["id"])
                elif isinstance(found, str) and name in POINTERS:
                    yield POINTERS[name], found
