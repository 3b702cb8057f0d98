"""Which record answers for one that was merged into it, and what went over with it besides changes of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import COMMENT, FILE, MARK, MERGE, MERGED

COMMENTS = "comment"
MARKS = ("favourite", "follow")
_LONGEST_LINE = 50  # of records merged into each other, one after the other
_PORTION = 500


def answering(unit: UnitOfWork, records: Iterable[UUID]) -> dict[UUID, UUID]:
    """For each of the records that was merged, the one that answers for it now."""
    wanted, found = list(records), dict[UUID, UUID]()
    for start in range(0, len(wanted), _PORTION):
        found |= _next(unit, wanted[start : start + _PORTION])
    for _ in range(_LONGEST_LINE):
        further = _next(unit, set(found.values()))
        if not further:
            break
        found = {record: further.get(kept, kept) for record, kept in found.items()}
    return found


def _next(unit: UnitOfWork, records: Iterable[UUID]) -> dict[UUID, UUID]:
    wanted = list(records)
    if not wanted:
        return {}
    chosen = sa.select(MERGE.c.record, MERGE.c.kept).where(MERGE.c.record.in_(wanted))
    return {row.record: row.kept for row in unit.execute(chosen)}


def note_merges(
    unit: UnitOfWork, entity: int, others: Sequence[UUID], kept: UUID, at: datetime, actor: UUID
) -> None:
    """The kept record answers for the others, and has their comments and the marks that people set on them."""
    rows = [{"record": o, "entity": entity, "kept": kept, "at": at, "actor": actor} for o in others]
    unit.execute(sa.insert(MERGE), rows)
    for other in others:
        chosen = sa.select(COMMENT.c.id).where(COMMENT.c.record == other, COMMENT.c.entity == entity)
        comments = list(unit.execute(chosen).scalars())
        _note(unit, other, COMMENTS, comments)
        unit.execute(sa.update(COMMENT).where(COMMENT.c.id.in_(comments)).values(record=kept))
        for kind in MARKS:
            _hand_marks(unit, kind, other, kept)


def _hand_marks(unit: UnitOfWork, kind: str, other: UUID, kept: UUID) -> None:
    """Whoever marked the one marks the other; who has marked both keeps what they have."""
    have = sa.select(MARK.c.user).where(MARK.c.kind == kind, MARK.c.record == kept)
    mine = (MARK.c.kind == kind, MARK.c.record == other)
    users = list(unit.execute(sa.select(MARK.c.user).where(*mine, MARK.c.user.not_in(have))).scalars())
    _note(unit, other, kind, users)
    unit.execute(sa.update(MARK).where(*mine, MARK.c.user.in_(users)).values(record=kept))


def copy_files(unit: UnitOfWork, record: UUID, copies: Mapping[UUID, UUID]) -> None:
    """The record has a file of the second id for each of the first, of the same content; these stay where they are."""
    rows = unit.execute(sa.select(FILE).where(FILE.c.id.in_(copies))).mappings().all()
    made = [{**row, "id": copies[row["id"]], "record": record} for row in rows]
    if made:
        unit.execute(sa.insert(FILE), made)


def _note(unit: UnitOfWork, other: UUID, what: str, things: Sequence[UUID]) -> None:
    if things:
        unit.execute(sa.insert(MERGED), [{"record": other, "what": what, "thing": t} for t in things])


def part(unit: UnitOfWork, records: Iterable[UUID]) -> None:
    """The records that were merged answer for themselves again, and have back what had gone over."""
    for other, kept in _next(unit, records).items():
        rows = unit.execute(sa.select(MERGED.c.what, MERGED.c.thing).where(MERGED.c.record == other)).all()
        by_kind: dict[str, list[UUID]] = {}
        for row in rows:
            by_kind.setdefault(row.what, []).append(row.thing)
        mine = (COMMENT.c.id.in_(by_kind.get(COMMENTS, ())), COMMENT.c.record == kept)
        unit.execute(sa.update(COMMENT).where(*mine).values(record=other))
        for kind in MARKS:
            held = (MARK.c.kind == kind, MARK.c.record == kept, MARK.c.user.in_(by_kind.get(kind, ())))
            unit.execute(sa.update(MARK).where(*held).values(record=other))
        unit.execute(sa.delete(MERGED).where(MERGED.c.record == other))
        unit.execute(sa.delete(MERGE).where(MERGE.c.record == other))
