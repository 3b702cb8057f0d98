"""Failed sign-ins are counted in the database, by account and by address: guessing is slow everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import ATTEMPT
from xrm.engine.world import World
from xrm.errors import Problem, TooMany
from xrm.metadata.values import fold

WINDOW = timedelta(minutes=15)
ADDRESS_FACTOR = 10
KEY_LENGTH = 200


class Attempts:
    """The failed sign-ins of the last quarter of an hour."""

    def __init__(self, database: Database, world: World, most: int) -> None:
        self._database, self._world, self._most = database, world, most

    def begin(self, email: str, address: str) -> None:
        """One more attempt is on record; raises TooMany when there were too many before it."""
        now = self._world.now()
        with self._database.write() as unit:
            unit.execute(sa.delete(ATTEMPT).where(ATTEMPT.c.at < now - WINDOW))
            for key, most in self._keys(email, address):
                self._count(unit, key, most, now)

    def forget(self, email: str) -> None:
        """The account's failures no longer count."""
        with self._database.write() as unit:
            unit.execute(sa.delete(ATTEMPT).where(ATTEMPT.c.key == _account(email)))

    def _keys(self, email: str, address: str) -> list[tuple[str, int]]:
        by_address = [(f"address:{address}"[:KEY_LENGTH], self._most * ADDRESS_FACTOR)] if address else []
        return [(_account(email), self._most), *by_address]

    def _count(self, unit: UnitOfWork, key: str, most: int, now: datetime) -> None:
        at = sa.select(ATTEMPT.c.at).where(ATTEMPT.c.key == key).order_by(ATTEMPT.c.at).limit(most)
        found = unit.execute(at).scalars().all()
        if len(found) >= most:
            seconds = max(1, int((found[0] + WINDOW - now).total_seconds()))
            raise TooMany(
                Problem("A129", "There were too many attempts to sign in.", "Wait a while, then try again."),
                facts={"retry_after": seconds},
            )
        unit.execute(sa.insert(ATTEMPT), {"key": key, "at": now})


def _account(email: str) -> str:
    return f"account:{fold(email.strip())}"[:KEY_LENGTH]
