"""The mark of a restore: while one is under way, or was interrupted, nobody is served."""

from __future__ import annotations

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import RESTORE
from xrm.errors import Problem, Unavailable


def is_interrupted(unit: UnitOfWork) -> bool:
    """Whether a restore has begun here that is not over."""
    if not sa.inspect(unit.connection).has_table(RESTORE.name):
        return False
    begun = sa.select(RESTORE.c.id).where(RESTORE.c.finished_at.is_(None))
    return unit.execute(begun).first() is not None


def demand_whole(database: Database) -> None:
    """No restore is under way or was interrupted; raises Unavailable."""
    with database.read() as unit:
        if is_interrupted(unit):
            hint = "Wait for it, or repeat it: xrm restore ARCHIVE."
            message = "A restore into this database is under way or was interrupted, so nothing is served."
            raise Unavailable(Problem("B107", message, hint), facts={"status": 503, "retry_after": 60})
