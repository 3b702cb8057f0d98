"""The timeline of a record: what was changed on it, put into it, said about it and done about it, in one order.

Each source is read in its own order from its own place, so a page never repeats or leaves out what another page
gave, and costs as many statements for a thousand entries as for one. What the reader may not read is absent:
changes are masked as in the history, comments come with the record, activities have rights of their own.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.queries import attached, comments, histories
from xrm.engine.queries.attached import Held
from xrm.engine.queries.conditions import base_conditions
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.request import Page, Query, Trash, unreadable_cursor
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared
from xrm.metadata.fieldtypes.times import write_instant
from xrm.metadata.values import INT64_MAX

if TYPE_CHECKING:
    from xrm.engine.queries.service import QueryService

ACTIVITY, REGARDING = "activity", "regarding"
CHANGES, COMMENTS, ACTIVITIES, FILES = "changes", "comments", "activities", "files"
SOURCES = (ACTIVITIES, COMMENTS, CHANGES, FILES)
MOST_KINDS = 400  # SQLite takes 500 selects in one statement
_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Places:
    """How far a reader has come in each source: they go on below these."""

    change: int = INT64_MAX
    comment: tuple[datetime, UUID] = (_END, _LAST)
    activity: tuple[datetime, UUID] = (_END, _LAST)

    def encode(self) -> str:
        """The places as a cursor."""
        told = [self.change, *_told(self.comment), *_told(self.activity)]
        return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    @staticmethod
    def decode(text: str) -> Places:
        """The places that a cursor tells; raises Unreadable when none of ours does."""
        try:
            padded = text + "=" * (-len(text) % 4)
            told = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            change, *pairs = told
            found = Places(change, _heard(*pairs[:2]), _heard(*pairs[2:]))
        except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError, OverflowError):
            raise unreadable_cursor() from None
        if type(change) is not int or not 0 <= change <= INT64_MAX:
            raise unreadable_cursor()
        return found


def _told(place: tuple[datetime, UUID]) -> tuple[str, str]:
    return place[0].isoformat(), str(place[1])


def _heard(at: str, record: str) -> tuple[datetime, UUID]:
    return datetime.fromisoformat(at).astimezone(UTC), UUID(record)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on the timeline; `told` is absent for what the reader may not see. `after` is the place behind it."""

    at: datetime
    source: str
    after: Places
    told: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The next entries of one source, newest first, and whether there are more behind them."""

    entries: Sequence[Entry] = field(default_factory=tuple)
    goes_on: bool = False


def timeline(
    service: QueryService,
    unit: UnitOfWork,
    actor: Actor,
    entity: str,
    record: UUID,
    held: Held,
    sources: Sequence[str],
    limit: int,
    cursor: str,
) -> Page:
    """One page of the record's timeline, newest first; `held` are its files, by the fields that the actor may read.

    Files come with the changes that moved them, so they are a source of their own only where changes are not asked.
    """
    places = Places.decode(cursor) if cursor else Places()
    asked = _Asked(service, unit, actor, entity, record, held, places, limit)
    wanted = [s for s in SOURCES if s in sources and not (s == FILES and CHANGES in sources)]
    stretches = [_READERS[source](asked) for source in wanted]
    chosen, goes_on = merged(stretches, limit)
    for entry in chosen:
        places = _moved(places, entry)
    shown = [entry.told for entry in chosen if entry.told is not None]
    return Page(_whole(asked, shown), places.encode() if goes_on else None)


def merged(stretches: Sequence[Stretch], limit: int) -> tuple[list[Entry], bool]:
    """The newest entries of all, and whether there are more.

    Behind the last entry of a source that goes on nothing is known, so the page ends there.
    """
    left = [list(stretch.entries) for stretch in stretches]
    found: list[Entry] = []
    while len(found) < limit and any(left):
        if any(not entries and s.goes_on for entries, s in zip(left, stretches, strict=True)):
            return found, True
        newest = max((entries for entries in left if entries), key=lambda entries: entries[0].at)
        found.append(newest.pop(0))
    return found, any(left) or any(s.goes_on for s in stretches)


def _moved(places: Places, entry: Entry) -> Places:
    """The reader has come past this entry in its source; elsewhere they stay."""
    name = {COMMENTS: "comment", ACTIVITIES: "activity"}.get(entry.source, "change")
    return replace(places, **{name: getattr(entry.after, name)})


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose timeline is read by whom, from where, and how much of it."""

    service: QueryService
    unit: UnitOfWork
    actor: Actor
    entity: str
    record: UUID
    held: Held
    places: Places
    limit: int

    @property
    def kit(self) -> Kit:
        return self.service.kit(self.actor)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.service.parameters(self.actor)


# --- changes and comments ---------------------------------------------------------------------------


def _changes(asked: _Asked) -> Stretch:
    """What the history of the record tells, without the lines about comments."""
    return _logged(asked, CHANGES, ())


def _files(asked: _Asked) -> Stretch:
    """What the history tells of fields with files, and nothing else of it."""
    return _logged(asked, FILES, tuple(asked.held)) if asked.held else Stretch()


def _logged(asked: _Asked, source: str, fields: tuple[str, ...]) -> Stretch:
    """Lines of the log; with `fields` those that touch them, and of these nothing but the fields."""
    keys = tuple(histories.key_of(asked.kit.numbers, asked.entity, name) for name in fields)
    wanted = histories.Asked(asked.record, asked.places.change, asked.limit, keys, without_comments=True)
    rows, told, goes_on = histories.below(asked.kit, asked.unit, asked.parameters, wanted)
    if fields:
        told = [histories.of_fields(entry, fields) for entry in told]
    whole = attached.with_files(asked.unit, told, asked.held)
    entries = [
        Entry(row["at"], source, Places(change=row["position"]), entry and _item("change", entry))
        for row, entry in zip(rows, whole, strict=True)
    ]
    return Stretch(entries, goes_on)


def _item(kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "at": told["at"], kind: told}


def _comments(asked: _Asked) -> Stretch:
    rows = comments.below(asked.kit, asked.unit, asked.record, asked.places.comment, asked.limit + 1)
    told = comments.told(asked.kit, asked.unit, asked.parameters, rows[: asked.limit])
    entries = [
        Entry(
            row["created_at"],
            COMMENTS,
            Places(comment=(row["created_at"], row["id"])),
            {"kind": "comment", "at": shown["created_at"], "comment": shown},
        )
        for row, shown in zip(rows[: asked.limit], told, strict=True)
    ]
    return Stretch(entries, len(rows) > asked.limit)


# --- activities -------------------------------------------------------------------------------------


def _activities(asked: _Asked) -> Stretch:
    """The activities of every kind about the record that the actor may read: one statement for all kinds."""
    kinds = _kinds(asked.kit)
    if not kinds:
        return Stretch()
    kit = asked.kit
    prepared = kit.plan(("timeline", kinds), lambda: _about(kit, kinds))
    about = {"about": asked.record, "about_entity": kit.numbers.entities[asked.entity]}
    below = dict(zip(("at", "last"), asked.places.activity, strict=True))
    values = {**asked.parameters, **about, **below, "limit": asked.limit + 1}
    found = [prepared.read(row) for row in asked.unit.run(prepared, values)]
    entries = [_activity(kinds[place], at, i) for place, i, at in found[: asked.limit]]
    return Stretch(entries, len(found) > asked.limit)


def _activity(kind: str, at: datetime, id_: UUID) -> Entry:
    told = {"kind": kind, "at": write_instant(at), "id": id_}
    return Entry(at, ACTIVITIES, Places(activity=(at, id_)), told)


def _kinds(kit: Kit) -> tuple[str, ...]:
    """The kinds of activity that the actor may read, with what they are about."""
    model, reader = kit.desk.reader.model, kit.desk.reader
    shape = model.entities.get(ACTIVITY)
    names = shape.implementations if shape is not None else ()
    return tuple(
        n
        for n in names
        if reader.rights(n).can("read") and not reader.rights(n).cell("read", REGARDING).nowhere
    )[:MOST_KINDS]


def _about(kit: Kit, kinds: Sequence[str]) -> Prepared:
    both = sa.union_all(*(_newest(kit, place, kind) for place, kind in enumerate(kinds))).subquery()
    ordered = sa.select(both).order_by(both.c.at.desc(), both.c.id.desc())
    return kit.prepare(ordered.limit(sa.bindparam("limit", type_=sa.Integer())))


def _newest(kit: Kit, place: int, kind: str) -> sa.Select[Any]:
    """The newest activities of one kind about the record, below the place where the reader is."""
    frame = kit.desk.frame(kind)
    lookup, at = frame.stored.lookups[REGARDING], frame.own("created_at")
    if lookup.entity_column is None or lookup.record_column is None:
        raise AssertionError("an activity is about any record")
    pointed = frame.masked(REGARDING, frame.own(lookup.record_column.key))
    here = (
        frame.own(lookup.entity_column.key) == sa.bindparam("about_entity", type_=lookup.entity_column.type),
        pointed == sa.bindparam("about", type_=lookup.record_column.type),
    )
    below = sa.tuple_(at, frame.id) < sa.tuple_(
        sa.bindparam("at", type_=at.type), sa.bindparam("last", type_=frame.id.type)
    )
    found = (
        sa.select(frame.id.label("id"), at.label("at"))
        .where(*here, below, *base_conditions(frame, Trash.LIVE))
        .order_by(at.desc(), frame.id.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer()))
        .subquery()
    )
    return sa.select(sa.literal_column(str(place), sa.Integer()).label("place"), found.c.id, found.c.at)


def _whole(asked: _Asked, shown: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The entries with their activities as lists give them: a query for each kind on the page."""
    wanted: dict[str, dict[UUID, None]] = {}
    for item in shown:
        if "id" in item:
            wanted.setdefault(item["kind"], {})[item["id"]] = None
    known = {
        (kind, row["id"]): row
        for kind, ids in wanted.items()
        for row in asked.service.list_in(
            asked.unit, asked.actor, Query(kind, ids=tuple(ids), limit=len(ids))
        ).data
    }
    return [whole for item in shown if (whole := _filled(item, known)) is not None]


def _filled(
    item: Mapping[str, Any], known: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    if "id" not in item:
        return item
    row = known.get((item["kind"], str(item["id"])))
    return row and {"kind": item["kind"], "at": item["at"], "activity": row}


_READERS = {CHANGES: _changes, FILES: _files, COMMENTS: _comments, ACTIVITIES: _activities}
