"""Failed sign-ins are counted in the database, by account and by address: guessing is slow everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import ATTEMPT
from xrm.engine.storage.rows import hold
from xrm.engine.world import World
from xrm.errors import Problem, TooMany
from xrm.metadata.values import fold

WINDOW = timedelta(minutes=15)
ADDRESS_FACTOR = 10
KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that has begun: the key of its account, and its rows."""

    account: str
    numbers: tuple[int, ...]


class Attempts:
    """The failed sign-ins of the last quarter of an hour."""

    def __init__(self, database: Database, world: World, most: int) -> None:
        self._database, self._world, self._most = database, world, most

    def begin(self, email: str, address: str) -> Attempt:
        """One more attempt is on record as a failure until it is known to be none.

        Raises TooMany when there were too many before it. Because it is written before the password is
        looked at, so many guesses at the same time are no more than so many one after another.
        """
        now = self._world.now()
        with self._database.write() as unit:
            unit.execute(sa.delete(ATTEMPT).where(ATTEMPT.c.at < now - WINDOW))
            numbers = [self._count(unit, key, most, now) for key, most in self._keys(email, address)]
        return Attempt(_account(email), tuple(numbers))

    def forget(self, attempt: Attempt) -> None:
        """The attempt was no failure, and the failures of its account no longer count; its address keeps others'."""
        with self._database.write() as unit:
            mine = sa.or_(ATTEMPT.c.key == attempt.account, ATTEMPT.c.number.in_(attempt.numbers))
            unit.execute(sa.delete(ATTEMPT).where(mine))

    def _keys(self, email: str, address: str) -> list[tuple[str, int]]:
        by_address = [(f"address:{address}"[:KEY_LENGTH], self._most * ADDRESS_FACTOR)] if address else []
        return [(_account(email), self._most), *by_address]

    def _count(self, unit: UnitOfWork, key: str, most: int, now: datetime) -> int:
        """One more under this key; gives the number of its row."""
        hold(unit, f"xrm_attempt {key}")
        at = sa.select(ATTEMPT.c.at).where(ATTEMPT.c.key == key).order_by(ATTEMPT.c.at).limit(most)
        found = unit.execute(at).scalars().all()
        if len(found) >= most:
            seconds = max(1, int((found[0] + WINDOW - now).total_seconds()))
            raise TooMany(
                Problem("A129", "There were too many attempts to sign in.", "Wait a while, then try again."),
                facts={"retry_after": seconds},
            )
        written = unit.execute(sa.insert(ATTEMPT).values(key=key, at=now).returning(ATTEMPT.c.number))
        return int(written.scalar_one())


def _account(email: str) -> str:
    return f"account:{fold(email.strip())}"[:KEY_LENGTH]
