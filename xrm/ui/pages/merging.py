"""Two people at one record: what is stored now, what each of them changed, and where the two meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from xrm.engine.records.permitted import Permitted
from xrm.errors import Conflict, Forbidden, Problem
from xrm.metadata.model import Entity, Shape
from xrm.ui.models import ClashRow
from xrm.ui.pages.layout import TO, Ask, Layout, Slot, layout_of
from xrm.ui.pages.posting import KEEP, MINE, Post, canonical, digest, digests_of, is_untitled, row_digest
from xrm.ui.pages.refusals import Said
from xrm.ui.pages.related import children
from xrm.ui.pages.visit import Visit

ROWS = 100


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
        ask = Ask(self.entity, {**self.record, **values}, self.permitted.writable, is_new=False)
        return replace(self, layout=layout_of(visit, ask))


def load_stored(visit: Visit, entity: Entity, id_: UUID) -> Stored:
    """The record and its form; raises NotFound, Forbidden where nothing of it may be changed, Conflict in the trash."""
    allowed = visit.records.permitted(visit.actor, entity.name, id_)
    record = visit.queries.get(visit.actor, entity.name, id_)
    if record.get("deleted_at"):
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
        return children(visit, entity, id_, side, None, ROWS).data
    return visit.queries.links(visit.actor, entity.name, id_, slot.name, limit=ROWS).data


def _row(slot: Slot, record: Mapping[str, Any]) -> Mapping[str, Any]:
    link = record.get("link")
    if link is None or not any(c.name == TO for c in slot.columns):
        return record
    return {**link, TO: {"id": record["id"], "entity": record["entity"], "title": record["title"]}}


def clashes_of(visit: Visit, stored: Stored, post: Post) -> list[ClashRow]:
    """The fields that were changed here and, to another value, elsewhere since the form was shown."""
    if not _is_older(stored, post):
        return []
    slots = {s.name: s for s in stored.reading.open}
    mine = post.changed(stored.reading.open, stored.digests)
    both = [n for n in mine if post.was.get(n) != stored.digests.get(n)]
    return [
        _clash(visit, stored, post, slots[n])
        for n in both
        if digest(slots[n], post.values[n]) != stored.digests[n]
    ]


def row_clashes_of(visit: Visit, stored: Stored, post: Post) -> list[Said]:
    """The rows that were changed here, and elsewhere changed or removed since the form was shown."""
    if not _is_older(stored, post):
        return []
    found = []
    for slot in (s for s in stored.reading.open if s.is_grid):
        shown, now = post.was.get(slot.name) or {}, stored.digests[slot.name]
        for row in post.rows.get(slot.name, ()):
            name = f"{slot.name}.{row.input.index}.{slot.columns[0].name}"
            if not row.changed or row.input.removed or not row.input.id:
                continue
            if row.input.id not in now:
                found.append(
                    Said(visit.ui.t("Somebody removed this row meanwhile. Save again to add it anew."), name)
                )
            elif now[row.input.id] not in (shown.get(row.input.id), row_digest(slot, row.values)):
                found.append(
                    Said(visit.ui.t("Somebody changed this row meanwhile. Save again to keep yours."), name)
                )
    return found


def _is_older(stored: Stored, post: Post) -> bool:
    """Whether the form was made from an earlier state of the record or of its rows."""
    return bool(post.was) and (post.version != stored.version or dict(post.was) != dict(stored.digests))


def _clash(visit: Visit, stored: Stored, post: Post, slot: Slot) -> ClashRow:
    name = KEEP + slot.name
    return ClashRow(
        slot.field, name, stored.record.get(slot.name), _titled(slot, post), visit.form.get(name) or MINE
    )


def _titled(slot: Slot, post: Post) -> Any:
    value = post.values[slot.name]
    if slot.field.kind == "lookup" and value and not is_untitled(value):
        return {"title": post.titles.get(slot.name, ""), "id": canonical(slot, value)}
    try:
        return canonical(slot, value)
    except (TypeError, ValueError):
        return value


def merged_note(visit: Visit, stored: Stored) -> str:
    """Who changed the record meanwhile."""
    who = (stored.record.get("updated_by") or {}).get("title") or visit.ui.t("Somebody")
    return visit.ui.t("{who} changed this record meanwhile. Both sets of changes are kept.", who=who)


def changed_note(visit: Visit, stored: Stored) -> str:
    """The same, before anything is saved."""
    who = (stored.record.get("updated_by") or {}).get("title") or visit.ui.t("Somebody")
    return visit.ui.t(
        "{who} changed this record while you were editing it. What you typed is still here.", who=who
    )
