"""Comments as their readers see them; whoever calls has made sure that the record may be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.queries.plan import Kit
from xrm.engine.queries.references import titles_of
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import COMMENT, MENTION
from xrm.engine.storage.statements import any_of
from xrm.metadata.fieldtypes.times import write_instant

_COLUMNS = (COMMENT.c.id, COMMENT.c.author, COMMENT.c.text, COMMENT.c.created_at, COMMENT.c.edited_at)
_NAMES = tuple(c.key for c in _COLUMNS)
Row = Mapping[str, Any]


def below(kit: Kit, unit: UnitOfWork, record: UUID, place: tuple[datetime, UUID], limit: int) -> list[Row]:
    """The comments on the record that were written before the place, newest first."""
    prepared = kit.plan(("comments",), lambda: kit.prepare(_below()))
    values = {"record": record, "at": place[0], "last": place[1], "limit": limit}
    return [dict(zip(_NAMES, prepared.read(row), strict=True)) for row in unit.run(prepared, values)]


def _below() -> sa.Select[Any]:
    at, record = COMMENT.c.created_at, COMMENT.c.record
    place = sa.tuple_(sa.bindparam("at", type_=at.type), sa.bindparam("last", type_=COMMENT.c.id.type))
    here = (record == sa.bindparam("record", type_=record.type), sa.tuple_(at, COMMENT.c.id) < place)
    chosen = sa.select(*_COLUMNS).where(*here).order_by(at.desc(), COMMENT.c.id.desc())
    return chosen.limit(sa.bindparam("limit", type_=sa.Integer()))


def one(kit: Kit, unit: UnitOfWork, parameters: Mapping[str, Any], record: UUID, comment: UUID) -> Row | None:
    """The comment of that id on the record."""
    here = (COMMENT.c.id == comment, COMMENT.c.record == record)
    rows = unit.execute(sa.select(*_COLUMNS).where(*here)).mappings().all()
    return next(iter(told(kit, unit, parameters, [dict(row) for row in rows])), None)


def told(kit: Kit, unit: UnitOfWork, parameters: Mapping[str, Any], rows: Sequence[Row]) -> list[Row]:
    """The comments with their authors and whom they mention, by the names that the reader may know."""
    if not rows:
        return []
    meant = _mentions(kit, unit, [row["id"] for row in rows])
    people = {row["author"] for row in rows}.union(*meant.values())
    names = titles_of(kit, unit, "user", sorted(people), parameters)
    return [_told(row, meant.get(row["id"], ()), names) for row in rows]


def _mentions(kit: Kit, unit: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    chosen = sa.select(MENTION.c.comment, MENTION.c.user).where(any_of(MENTION.c.comment, "ids"))
    prepared = kit.plan(("mentions",), lambda: kit.prepare(chosen.order_by(MENTION.c.user)))
    found: dict[UUID, list[UUID]] = {}
    for row in unit.run(prepared, {"ids": list(ids)}):
        comment, user = prepared.read(row)
        found.setdefault(comment, []).append(user)
    return found


def _told(row: Row, meant: Sequence[UUID], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "text": row["text"],
        "author": person(row["author"], names),
        "created_at": write_instant(row["created_at"]),
        "edited_at": row["edited_at"] and write_instant(row["edited_at"]),
        "mentions": [person(user, names) for user in meant if str(user) in names],
    }


def person(user: UUID, names: Mapping[str, str]) -> dict[str, Any]:
    """A user as lookups show one; the title is empty where the reader may not know it."""
    return {"id": str(user), "entity": "user", "title": names.get(str(user))}
