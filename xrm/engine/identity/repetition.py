"""What a caller has asked under an idempotency key, so that a repetition is answered and not done again.

The claim is written in the very transaction that does the work, with an answer that is good enough; the
full answer replaces it once it is known. So the work and the memory of it are durable together or not at all,
and a second request with the same key waits for the first one's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import IDEMPOTENCY
from xrm.engine.world import World
from xrm.errors import Conflict


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a key remembers it: who, under which key, and the digest of what."""

    actor: UUID
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a key gives again; `digest` is of the request that it belongs to.

    Without a `status` the full answer is on its way, or was lost in a crash: the key only says what was done,
    or which job does it.
    """

    digest: str
    status: int | None
    headers: Mapping[str, str]
    body: bytes
    age: timedelta = timedelta()
    job: UUID | None = None


class AskedBefore(Exception):
    """Another request with the same key was first; the transaction has to be given up."""


class Repetition:
    """The idempotency keys of an installation; each is remembered for `hours`."""

    def __init__(self, database: Database, world: World, hours: int) -> None:
        self._database, self._world, self._lasts = database, world, timedelta(hours=hours)

    def find(self, asked: Asked) -> Kept | None:
        """What the key answers, unless it is unknown or forgotten."""
        table = IDEMPOTENCY.c
        wanted: sa.Select[Any] = sa.select(
            table.digest, table.status, table.headers, table.body, table.created_at, table.job
        )
        now = self._world.now()
        wanted = wanted.where(_is(asked), table.created_at > now - self._lasts)
        with self._database.read(snapshot=False) as unit:
            row = unit.execute(wanted).one_or_none()
        if row is None:
            return None
        age = now - row.created_at
        return Kept(row.digest, row.status, row.headers, bytes(row.body), age, row.job)

    def claim(self, unit: UnitOfWork, asked: Asked, job: UUID | None = None) -> None:
        """The key is this request's; raises AskedBefore when it is another's, whose transaction has ended.

        Where a job does the work, the key stands for that job from the moment there is one.
        """
        now = self._world.now()
        forgotten = IDEMPOTENCY.c.created_at <= now - self._lasts
        unit.execute(sa.delete(IDEMPOTENCY).where(_is(asked), forgotten))
        row = {
            "actor": asked.actor,
            "key": asked.key,
            "digest": asked.digest,
            "headers": {},
            "body": b"",
            "job": job,
            "created_at": now,
        }
        try:
            with unit.savepoint():
                unit.execute(sa.insert(IDEMPOTENCY), row)
        except Conflict:
            raise AskedBefore from None

    def keep(self, unit: UnitOfWork, asked: Asked, kept: Kept) -> None:
        """The key answers this from now on, if it is this request's."""
        change = sa.update(IDEMPOTENCY).where(_is(asked), IDEMPOTENCY.c.digest == asked.digest)
        unit.execute(change.values(status=kept.status, headers=dict(kept.headers), body=kept.body))

    def settle(self, asked: Asked, kept: Kept) -> None:
        """The key answers this from now on, if no other request was first; keys past their time are forgotten."""
        with self._database.write() as unit:
            if self._is_new(unit, asked):
                with suppress(AskedBefore):
                    self.claim(unit, asked)
            self.keep(unit, asked, kept)
            unit.execute(
                sa.delete(IDEMPOTENCY).where(IDEMPOTENCY.c.created_at <= self._world.now() - self._lasts)
            )

    def _is_new(self, unit: UnitOfWork, asked: Asked) -> bool:
        """Whether the work did not claim the key itself, because repeating it does no harm."""
        known = IDEMPOTENCY.c.created_at > self._world.now() - self._lasts
        return unit.execute(sa.select(IDEMPOTENCY.c.digest).where(_is(asked), known)).first() is None


def _is(asked: Asked) -> sa.ColumnElement[bool]:
    return sa.and_(IDEMPOTENCY.c.actor == asked.actor, IDEMPOTENCY.c.key == asked.key)
