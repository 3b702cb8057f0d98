"""What waits to be found: values of a field, of the records from which a trail leads to certain ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import JOB, WAITING

CANCELLED = "cancelled"
TrailNumbers = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Values of `field`, of records of `entity`, that wait for a job; both are told by their numbers, as is the trail.

    A step of the trail has its way, where it begins, where it leads, and the relationship that it goes along. Records
    up to `after` have been found; a wait that was `refused` is left until the job is tried again.
    """

    number: int
    job: UUID
    entity: int
    field: int
    trail: TrailNumbers
    ends: tuple[UUID, ...]
    after: UUID | None = None
    refused: bool = False

    @property
    def mark(self) -> str:
        """The same for what waits for the same."""
        told = [self.entity, self.field, self.trail, sorted(map(str, self.ends))]
        return hashlib.sha256(orjson.dumps(told)).hexdigest()


def add_wait(unit: UnitOfWork, wait: Wait, at: datetime) -> None:
    """It waits from the commit on; its number is given by the database."""
    unit.execute(
        sa.insert(WAITING).values(
            job=wait.job, entity=wait.entity, field=wait.field, trail=[list(step) for step in wait.trail],
            ends=[str(end) for end in wait.ends], mark=wait.mark, refused=wait.refused, at=at,
        )
    )  # fmt: skip


def waits(unit: UnitOfWork, entities: Sequence[int] | None = None) -> list[Wait]:
    """Everything that waits, or what waits of these entities, in order."""
    chosen = sa.select(WAITING).order_by(WAITING.c.number)
    if entities is not None:
        chosen = chosen.where(WAITING.c.entity.in_(entities))
    return [_wait(row) for row in unit.execute(chosen)]


def any_wait(unit: UnitOfWork) -> bool:
    """Whether anything waits."""
    return unit.execute(sa.select(WAITING.c.number).limit(1)).first() is not None


def next_wait(unit: UnitOfWork, job: UUID) -> Wait | None:
    """What the job goes on with; one that it has begun comes first."""
    chosen = sa.select(WAITING).where(WAITING.c.job == job, WAITING.c.refused.is_(sa.false()))
    row = unit.execute(chosen.order_by(WAITING.c.number).limit(1)).one_or_none()
    return None if row is None else _wait(row)


def drop_same(unit: UnitOfWork, wait: Wait) -> None:
    """What waits for the same and is known by now waits no more: whoever begins now sees all that led to it."""
    same = (WAITING.c.mark == wait.mark, WAITING.c.number != wait.number)
    unit.execute(sa.delete(WAITING).where(*same))


def move_wait(unit: UnitOfWork, wait: Wait, after: UUID) -> None:
    """Records up to that one do not wait for this any more; nothing happens where somebody began with it anew."""
    unit.execute(sa.update(WAITING).where(WAITING.c.number == wait.number).values(after=after))


def drop_waits(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """These wait no more."""
    unit.execute(sa.delete(WAITING).where(WAITING.c.number.in_(numbers)))


def try_refused(unit: UnitOfWork, job: UUID) -> None:
    """What was refused is tried again, and what was left to a job that somebody cancelled is this one's."""
    cancelled = sa.select(JOB.c.id).where(JOB.c.state == CANCELLED)
    unit.execute(sa.update(WAITING).where(WAITING.c.job.in_(cancelled)).values(job=job))
    mine = (WAITING.c.job == job, WAITING.c.refused.is_(sa.true()))
    unit.execute(sa.update(WAITING).where(*mine).values(refused=False))


def _wait(row: sa.Row[tuple[object, ...]]) -> Wait:
    facts = row._asdict()
    del facts["mark"], facts["at"]
    facts["trail"] = tuple((str(way), int(a), int(b), int(c)) for way, a, b, c in facts["trail"])
    facts["ends"] = tuple(UUID(end) for end in facts["ends"])
    return Wait(**facts)
