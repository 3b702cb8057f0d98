"""The freshness stamp: three counters in one row that say whether what a process remembers is still true.

Every request reads them; activation bumps `model`, a change of people or roles `rights`, a sign-out or a
revoked token `sessions`. The row also makes such changes wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import INSTALLATION

_COUNTERS = ("model", "rights", "sessions")
_READ = sa.select(*(INSTALLATION.c[name] for name in _COUNTERS)).limit(1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The counters at one moment; equal stamps mean that nothing changed in between."""

    model: int
    rights: int
    sessions: int

    @classmethod
    def parse(cls, text: str) -> Stamp:
        """The stamp that `stamp_column` gave."""
        return cls(*map(int, text.split(".")))


def stamp_column() -> sa.Label[Any]:
    """A column for any select: the stamp as text, read in the same statement as everything else."""
    counters = [sa.cast(INSTALLATION.c[name], sa.String) for name in _COUNTERS]
    joined = counters[0] + "." + counters[1] + "." + counters[2]
    return sa.select(joined).limit(1).scalar_subquery().label("stamp")


def read_stamp(unit: UnitOfWork) -> Stamp:
    """The stamp as it is now."""
    row = unit.execute(_READ).one_or_none()
    return Stamp(0, 0, 0) if row is None else Stamp(*row)


class StampReader:
    """Reads the stamp of one database with a statement compiled once, for every request."""

    def __init__(self, database: Database) -> None:
        self._database, self._prepared = database, database.prepare(_READ)

    def read(self) -> Stamp:
        """The stamp as it is now."""
        with self._database.read(snapshot=False) as unit:
            row = unit.one(self._prepared)
        return Stamp(0, 0, 0) if row is None else Stamp(*row)


def bump(unit: UnitOfWork, *, model: bool = False, rights: bool = False, sessions: bool = False) -> None:
    """Every process that reads the stamp after this commit forgets what these counters stand for."""
    wanted = dict(zip(_COUNTERS, (model, rights, sessions), strict=True))
    changes = {name: INSTALLATION.c[name] + 1 for name, is_wanted in wanted.items() if is_wanted}
    if changes:
        unit.execute(sa.update(INSTALLATION).values(changes))
