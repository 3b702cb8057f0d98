"""The centre of a record's page: tables of what it owns, and tabs for its timeline, relationships and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from xrm.metadata.model import Entity
from xrm.ui.around import Centre, Paper, Papers
from xrm.ui.fields.view import Field
from xrm.ui.models import Action, Empty, Link, Section
from xrm.ui.pages.files import KINDS
from xrm.ui.pages.kin import kin_of
from xrm.ui.pages.timelines import timeline_of
from xrm.ui.pages.visit import Visit
from xrm.ui.record_pages import Related

TIMELINE, RELATIONSHIPS, FILES = "timeline", "relationships", "files"
HERE = "centre"  # on a phone the centre is far below the head, and a tab opens where it stands


def centre_of(
    visit: Visit,
    entity: Entity,
    id_: UUID,
    record: Mapping[str, Any],
    title: str,
    sections: Sequence[Section],
    related: Sequence[Related],
    edit: Action | None,
) -> Centre | None:
    """The tab that the address asks for, its siblings, and the tables above them; none for people and teams."""
    if entity.is_engine:
        return None
    holds_files = [f for s in sections for f in s.fields if f.kind in KINDS]
    known = [TIMELINE, RELATIONSHIPS, *([FILES] if holds_files else [])]
    tab = visit.arg("tab") if visit.arg("tab") in known else TIMELINE
    is_gone = bool(record.get("deleted_at"))
    return Centre(
        tabs=tuple(_tabs(visit, f"/r/{entity.name}/{id_}", known, tab, holds_files)),
        tables=tuple(s for s in sections if is_table(s)),
        timeline=timeline_of(visit, entity, id_, is_gone) if tab == TIMELINE else None,
        kin=kin_of(visit, entity, record, title, related) if tab == RELATIONSHIPS else None,
        papers=_papers(visit, holds_files, edit) if tab == FILES else None,
    )


def is_table(section: Section) -> bool:
    """Whether the section is a grid of owned children, which needs the width of the centre."""
    return any(field.kind == "rows" for field in section.fields)


def _tabs(visit: Visit, base: str, known: Sequence[str], tab: str, files: Sequence[Field]) -> Iterator[Link]:
    t = visit.ui.t
    labels = {TIMELINE: t("Timeline"), RELATIONSHIPS: t("Relationships"), FILES: t("Files")}
    count = sum(1 for _ in _held(files))
    for name in known:
        href = f"{base}#{HERE}" if name == TIMELINE else f"{base}?tab={name}#{HERE}"
        told = visit.ui.number(count) if name == FILES and count else ""
        yield Link(labels[name], href, current=name == tab, count=told)


def _papers(visit: Visit, files: Sequence[Field], edit: Action | None) -> Papers:
    found = tuple(_held(files))
    if found:
        return Papers(found)
    names = ", ".join(f.label for f in files)
    text = visit.ui.t("Files that are added to {fields} appear here.", fields=names)
    may = edit if edit is not None and not edit.disabled else None
    return Papers((), Empty(visit.ui.t("No files yet"), text, "paperclip", may))


def _held(files: Sequence[Field]) -> Iterator[Paper]:
    """The files in these fields."""
    for field in files:
        for value in field.value if isinstance(field.value, list) else [field.value]:
            if isinstance(value, Mapping):
                yield Paper(str(value["name"]), str(value["href"]), int(value["size"]), field.label)
