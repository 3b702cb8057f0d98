"""What others did that concerns a person: changes of the records that they follow, and comments that mention them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from xrm.engine.queries import histories
from xrm.engine.queries.kept import titles
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.references import titles_of
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE, COMMENT, MARK, MENTION
from xrm.metadata.fieldtypes.times import write_instant

FOLLOW = "follow"
FOLLOWED_FOR = timedelta(days=60)


def followed(
    kit: Kit, unit: UnitOfWork, now: datetime, parameters: Mapping[str, Any], limit: int
) -> list[dict[str, Any]]:
    """What others did lately to the records that the actor follows, since they do, newest first."""
    prepared = kit.plan(("followed",), lambda: kit.prepare(_followed()))
    values = {**parameters, "since": now - FOLLOWED_FOR, "limit": limit}
    rows = unit.run(prepared, values)
    return histories.shown(kit, unit, parameters, prepared, rows) if rows else []


def _followed() -> sa.Select[Any]:
    user, actor = MARK.c.user, CHANGE.c.actor
    me = sa.bindparam("me", type_=user.type)
    joined = CHANGE.join(MARK, sa.and_(MARK.c.record == CHANGE.c.record, MARK.c.entity == CHANGE.c.entity))
    # In the order of the sum no index stands, so the rows are found by record and not by reading the whole log.
    position = CHANGE.c.position + 0
    return (
        sa.select(*CHANGE.c)
        .select_from(joined)
        .where(
            user == me,
            MARK.c.kind == FOLLOW,
            CHANGE.c.at >= MARK.c.at,
            CHANGE.c.at >= sa.bindparam("since", type_=CHANGE.c.at.type),
            sa.or_(actor.is_(None), actor != me),
        )
        .order_by(position.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer()))
    )


def mentions(kit: Kit, unit: UnitOfWork, parameters: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """The last comments in which others mentioned the actor, on records that they may read."""
    prepared = kit.plan(("mentions of me",), lambda: kit.prepare(_mentions()))
    found = [prepared.read(row) for row in unit.run(prepared, {**parameters, "limit": limit})]
    if not found:
        return []
    names = kit.numbers.names
    records = titles(
        kit, unit, [(names.get(entity, ""), record) for _, entity, record, *_ in found], parameters
    )
    people = titles_of(kit, unit, "user", sorted({row[3] for row in found}), parameters)
    return [
        {
            "comment": str(comment),
            "entity": names[entity],
            "record": str(record),
            "title": records[names[entity], record],
            "author": people.get(str(author)),
            "at": write_instant(at),
            "text": text,
        }
        for comment, entity, record, author, at, text in found
        if (names.get(entity, ""), record) in records
    ]


def _mentions() -> sa.Select[Any]:
    user = MENTION.c.user
    me = sa.bindparam("me", type_=user.type)
    facts = (
        COMMENT.c.id,
        COMMENT.c.entity,
        COMMENT.c.record,
        COMMENT.c.author,
        COMMENT.c.created_at,
        COMMENT.c.text,
    )
    return (
        sa.select(*facts)
        .join(MENTION, MENTION.c.comment == COMMENT.c.id)
        .where(user == me, COMMENT.c.author != me)
        .order_by(COMMENT.c.created_at.desc(), COMMENT.c.id.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer()))
    )
