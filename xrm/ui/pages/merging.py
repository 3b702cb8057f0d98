"""Two people at one record: what is stored now, what each of them changed, and where the two meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from xrm.engine.records.permitted import Permitted
from xrm.errors import Conflict, Forbidden, Problem
from xrm.metadata.model import Entity, Shape
from xrm.ui.fields.parsing import RowInput
from xrm.ui.fields.view import Field
from xrm.ui.fields.words import in_words
from xrm.ui.models import ClashRow
from xrm.ui.pages.digests import canonical, cell_digests, digest, digests_of, is_untitled
from xrm.ui.pages.layout import TO, Ask, Layout, Slot, layout_of, order_of
from xrm.ui.pages.posting import KEEP, MINE, Post, PostedRow
from xrm.ui.pages.related import children
from xrm.ui.pages.visit import Visit

ROWS = 100
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it is now, with the form through which this person may change it.

    `layout` is what is shown for the values as they are, `reading` what could be shown for others.
    """

    entity: Entity
    record: Mapping[str, Any]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    layout: Layout
    reading: Layout
    digests: Mapping[str, Any]
    permitted: Permitted
    typed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ask(self) -> Ask:
        """What the form depends on, with what was typed."""
        return Ask(self.entity, {**self.record, **self.typed}, self.permitted.writable, is_new=False)

    @property
    def id(self) -> UUID:
        """The record's id."""
        return UUID(str(self.record["id"]))

    @property
    def version(self) -> int:
        """The record's version."""
        return int(self.record["version"])

    def with_values(self, visit: Visit, values: Mapping[str, Any]) -> Stored:
        """The same with the form as it is for these values: conditions are asked of what was typed."""
        again = replace(self, typed=values)
        return replace(again, layout=layout_of(visit, again.ask))


def load_stored(visit: Visit, entity: Entity, id_: UUID) -> Stored:
    """The record and its form; raises NotFound, Forbidden where nothing of it may be changed, Conflict in the trash.

    What was typed for a record that has gone to the trash since is still read: the write refuses it.
    """
    allowed = visit.records.permitted(visit.actor, entity.name, id_)
    record = visit.queries.get(visit.actor, entity.name, id_)
    if record.get("deleted_at") and not visit.is_post:
        raise Conflict(
            Problem("R141", visit.ui.t("This record is in the trash."), visit.ui.t("Restore it first."))
        )
    if not allowed.may("update"):
        message = visit.ui.t(
            "You may read this {label}, and not change it.", label=visit.label(entity).lower()
        )
        raise Forbidden(
            Problem("A102", message, visit.ui.t("Ask its owner, or an administrator for a role."))
        )
    layout = layout_of(visit, Ask(entity, record, allowed.writable, is_new=False))
    reading = layout_of(visit, Ask(entity, record, allowed.writable, is_new=False, everything=True))
    rows = _rows(visit, entity, id_, reading)
    return Stored(entity, record, rows, layout, reading, digests_of(reading, record, rows), allowed)


def _rows(visit: Visit, entity: Entity, id_: UUID, layout: Layout) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of every grid of the form, links with their attributes beside the record that they lead to."""
    grids = [s for s in layout.open if s.is_grid]
    if not grids:
        return {}
    return {s.name: [_row(s, r) for r in _far_side(visit, entity, id_, s)] for s in grids}


def _far_side(visit: Visit, entity: Entity, id_: UUID, slot: Slot) -> Sequence[Mapping[str, Any]]:
    """The children, or the linked records with their links."""
    side = slot.relationship
    if side is not None and side.shape is Shape.INVERSE:
        return children(visit, entity, id_, side, None, ROWS, order_of(visit, side)).data
    return visit.queries.links(visit.actor, entity.name, id_, slot.name, limit=ROWS).data


def _row(slot: Slot, record: Mapping[str, Any]) -> Mapping[str, Any]:
    link = record.get("link")
    if link is None or not any(c.name == TO for c in slot.columns):
        return record
    return {**link, TO: {"id": record["id"], "entity": record["entity"], "title": record["title"]}}


def clashes_of(visit: Visit, stored: Stored, post: Post) -> list[ClashRow]:
    """The values, cells and rows that were changed here and, to another value, elsewhere since the form was shown."""
    if not is_older(stored, post):
        return []
    fields = (_field_clash(visit, stored, post, s) for s in stored.reading.open if not s.is_grid)
    return [*(c for c in fields if c), *_row_clashes(visit, stored, post)]


def _field_clash(visit: Visit, stored: Stored, post: Post, slot: Slot) -> ClashRow | None:
    if slot.name not in post.values:
        return None
    shown, now = post.was.get(slot.name), stored.digests[slot.name]
    mine = digest(slot, post.values[slot.name])
    if mine == (shown or now) or now in (shown, mine):
        return None
    return _clash(visit, slot.field, slot.name, stored.record.get(slot.name), _titled(slot, post))


def _clash(visit: Visit, field: Field, name: str, theirs: Any, mine: Any) -> ClashRow:
    return ClashRow(field, KEEP + name, theirs, mine, visit.form.get(KEEP + name) or MINE)


# --- rows -------------------------------------------------------------------------------------------


def _row_clashes(visit: Visit, stored: Stored, post: Post) -> Iterator[ClashRow]:
    for slot in (s for s in stored.reading.open if s.is_grid):
        known = {str(r["id"]): r for r in stored.rows.get(slot.name, ())}
        for row in post.rows.get(slot.name, ()):
            if row.input.id and row.is_touched:
                yield from _clashes_of_row(visit, Meeting(slot, row, post, stored, known.get(row.input.id)))


@dataclass(frozen=True, slots=True)
class Meeting:
    """A row that was changed here, as it is stored now; nothing where somebody has removed it."""

    grid: Slot
    row: PostedRow
    post: Post
    stored: Stored
    now: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """The name of the row in the form."""
        return f"{self.grid.name}.{self.row.input.index}"

    @property
    def shown(self) -> object:
        """The digest of the row as the form showed it."""
        return (self.post.was.get(self.grid.name) or {}).get(self.row.input.id)

    @property
    def held(self) -> object:
        """The digest of the row as it is now."""
        return self.stored.digests[self.grid.name].get(self.row.input.id)


def _clashes_of_row(visit: Visit, met: Meeting) -> Iterator[ClashRow]:
    removed = visit.ui.t("removed")
    if met.now is None:
        if not met.row.input.removed:
            yield _whole(visit, met, removed, _row_title(visit, met.grid, met.row.values))
    elif met.row.input.removed:
        if met.shown not in (None, met.held):
            yield _whole(visit, met, _row_title(visit, met.grid, met.now), removed)
    else:
        yield from _cell_clashes(visit, met, met.now)


def _whole(visit: Visit, met: Meeting, theirs: str, mine: str) -> ClashRow:
    label = f"{met.grid.field.label} · {_row_title(visit, met.grid, met.now or met.row.values)}"
    return _clash(visit, Field(met.name, label, "line"), met.name, theirs, mine)


def _cell_clashes(visit: Visit, met: Meeting, now: Mapping[str, Any]) -> Iterator[ClashRow]:
    shown, held = cell_digests(met.grid, met.shown), cell_digests(met.grid, met.held)
    title = _row_title(visit, met.grid, now)
    for cell in (c for c in met.grid.columns if c.name in met.row.changed):
        mine = met.row.values[cell.name]
        if held[cell.name] not in (shown.get(cell.name), digest(cell, mine)):
            label = f"{met.grid.field.label} · {title} · {cell.field.label}"
            labelled = replace(cell.field, label=label)
            yield _clash(visit, labelled, f"{met.name}.{cell.name}", now.get(cell.name), mine)


def _row_title(visit: Visit, grid: Slot, values: Mapping[str, Any]) -> str:
    """What the first cell of the row says that says anything."""
    said = (in_words(c.field, values.get(c.name), visit.ui) for c in grid.columns if values.get(c.name))
    return next((words for words in said if words), visit.ui.t("Untitled"))


# --- both together ----------------------------------------------------------------------------------


def onto(stored: Stored, post: Post) -> Post:
    """What the person changed and nothing else, so that all the rest is shown as it is stored now."""
    mine = post.changed(stored.reading.open, stored.digests)
    rows = {s.name: tuple(_rows_onto(stored, s, post)) for s in stored.reading.open if s.is_grid}
    return replace(post, values={n: post.values[n] for n in mine}, rows=rows)


def _rows_onto(stored: Stored, slot: Slot, post: Post) -> Iterator[PostedRow]:
    """The posted rows with what was changed in them, and those that somebody has added meanwhile."""
    posted, now = post.rows.get(slot.name, ()), [str(r["id"]) for r in stored.rows.get(slot.name, ())]
    for row in posted:
        if row.input.id in now:
            yield replace(row, values={n: row.values[n] for n in row.changed})
        elif not row.input.id or (row.changed and not row.input.removed):
            yield row
    known = {row.input.id for row in posted}
    start = max((row.input.index for row in posted), default=-1) + 1
    for place, id_ in enumerate(i for i in now if i not in known):
        yield PostedRow(RowInput(start + place, {}, id_), {}, ())


def is_older(stored: Stored, post: Post) -> bool:
    """Whether the form was made from an earlier state of the record or of its rows."""
    return bool(post.was) and (post.version != stored.version or dict(post.was) != dict(stored.digests))


def _titled(slot: Slot, post: Post) -> Any:
    value = post.values[slot.name]
    if slot.field.kind == "lookup" and value and not is_untitled(value):
        return {"title": post.titles.get(slot.name, ""), "id": canonical(slot, value)}
    try:
        return canonical(slot, value)
    except (TypeError, ValueError):
        return value


def merged_note(visit: Visit, stored: Stored, post: Post) -> str:
    """Who changed what meanwhile."""
    who, what = _last(visit, stored, post)[0], _what(visit, stored, post)
    return visit.ui.t("{who} changed {what} meanwhile. Both sets of changes are kept.", who=who, what=what)


def changed_note(visit: Visit, stored: Stored, post: Post) -> str:
    """The same, and when, before anything is saved."""
    (who, when), what = _last(visit, stored, post), _what(visit, stored, post)
    return visit.ui.t(
        "{who} changed {what} while you were editing ({when}). What you typed is still here.",
        who=who, what=what, when=when,
    )  # fmt: skip


def _last(visit: Visit, stored: Stored, post: Post) -> tuple[str, str]:
    """Who changed something of it last, and when, as far as it is known: the record, or a row that is there still."""
    changed = [stored.record] if post.version != stored.version else []
    for name, rows in stored.rows.items():
        was = post.was.get(name) or {}
        changed += [r for r in rows if was.get(str(r["id"])) != stored.digests[name][str(r["id"])]]
    known = [r for r in changed if r.get("updated_at")]
    last = max(known, key=lambda r: str(r["updated_at"]), default={})
    who = (last.get("updated_by") or {}).get("title") or visit.ui.t("Somebody")
    return str(who), visit.ui.moment(last.get("updated_at") or visit.ui.now.isoformat())


def _what(visit: Visit, stored: Stored, post: Post) -> str:
    """The fields of the form that are not as it showed them, by label."""
    labels = [s.field.label for s in stored.reading.open if post.was.get(s.name) != stored.digests[s.name]]
    if not labels:
        return visit.ui.t("this record")
    return ", ".join(labels[:MOST_NAMED]) + ("…" if len(labels) > MOST_NAMED else "")
