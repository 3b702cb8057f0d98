"""The freshness stamp: three counters in one row, read with every request, by which every cache is keyed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import INSTALLATION


@dataclass(frozen=True, slots=True)
class Stamp:
    """How often the model, the rights and the sessions have changed."""

    model: int
    rights: int
    sessions: int

    @staticmethod
    def parse(text: str) -> Stamp:
        """The stamp that a statement brought along as text."""
        model, rights, sessions = map(int, text.split("."))
        return Stamp(model, rights, sessions)


def stamp_column() -> sa.Label[str]:
    """The stamp as one more column of any select: `Stamp.parse` reads it."""
    counters = (INSTALLATION.c.model, INSTALLATION.c.rights, INSTALLATION.c.sessions)
    first, *rest = (sa.cast(counter, sa.Text()) for counter in counters)
    text: Any = first
    for part in rest:
        text = text.concat(sa.literal_column("'.'")).concat(part)
    return sa.select(text).scalar_subquery().label("stamp")


def model_column() -> sa.Label[int]:
    """How often the model has changed, as one more column of any select."""
    return sa.select(INSTALLATION.c.model).scalar_subquery().label("model")


class Epoch(Protocol):
    """The model by which a request works from its beginning to its end, or is refused."""

    @property
    def model(self) -> int:
        """How often the model had changed when it came into force."""
        ...

    @property
    def opening(self) -> str:
        """With what a transaction that writes is opened, so that `hold` needs no statement."""
        ...

    def hold(self, unit: UnitOfWork) -> None:
        """The model is in force and stays it until this transaction ends; raises DefinitionChanged."""
        ...

    def demand(self, unit: UnitOfWork) -> None:
        """The model is in force, as this transaction sees it; raises DefinitionChanged."""
        ...

    def asking(self) -> AbstractContextManager[UnitOfWork]:
        """Each statement of the block is of its own moment; `demand` tells at its end whether all are of the model.

        Raises DefinitionChanged in place of whatever the block raised where the model was not in force.
        """
        ...

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Everything read in the block is of one moment at which the model was in force.

        Raises DefinitionChanged in place of whatever the block raised where it was not.
        """
        ...


def bump(unit: UnitOfWork, *, model: bool = False, rights: bool = False, sessions: bool = False) -> None:
    """Whoever reads the stamp after the commit learns that the named things have changed."""
    columns = INSTALLATION.c
    steps = {
        "model": columns.model + int(model),
        "rights": columns.rights + int(rights),
        "sessions": columns.sessions + int(sessions),
    }
    unit.execute(sa.update(INSTALLATION).values(steps))


class StampReader:
    """Reads the stamp of one database with a statement compiled once, for every request."""

    def __init__(self, database: Database) -> None:
        columns = (INSTALLATION.c.model, INSTALLATION.c.rights, INSTALLATION.c.sessions)
        self._database, self._prepared = database, database.prepare(sa.select(*columns))

    def read(self) -> Stamp:
        """The stamp as it is now; all zero where nothing is installed yet."""
        with self._database.read(snapshot=False) as unit:
            row = unit.one(self._prepared)
        return Stamp(0, 0, 0) if row is None else Stamp(*row)
