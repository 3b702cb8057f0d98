"""What a plan does before it keeps anybody from writing, in columns, indexes and constraints that nobody sees yet.

Each thing that can be done so is an `Ahead`. All of them make room, are filled, are built and catch up; what holds the
lock then gives names to what they have made, which is a step of the plan. Whatever is called `zz0__…` and was not
taken by a plan is what somebody left who was killed or refused, and is taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.alone import Work, alone, if_free
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.inspection import LiveSchema, inspect
from xrm.engine.storage.patience import patiently
from xrm.errors import Conflict, XrmError


class Ahead:
    """Something of a table, called as it is now, that is done before the lock; each part does nothing by itself."""

    __slots__ = ()

    def expansions(self, _dialect: SqlDialect) -> Iterable[str]:
        """What makes room for it, each in no time, whatever is stored."""
        return ()

    def fill(self, database: Database) -> None:
        """What is stored now is in that room."""

    def build(self, session: UnitOfWork) -> None:
        """What takes time and keeps nobody from writing is made, on PostgreSQL alone: by statements
        that are transactions of their own.
        """

    def catch_up(self, database: Database) -> None:
        """Little of what was written meanwhile is left for the lock."""

    def over(self) -> None:
        """The plan is carried out or given up, and nothing of this is remembered."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What work ahead rests on: the tables as they were planned for, if they are known.

    `demand` raises where the database is not the one that the plan was made for.
    """

    live: LiveSchema | None
    demand: Callable[[], None]


@contextmanager
def done_ahead(database: Database, work: Sequence[Ahead], grounds: Grounds) -> Iterator[None]:
    """All of it is done when the block begins; when the block raises, nothing is left of it.

    What somebody left who was killed is taken away before.
    """
    if not work and not (grounds.live and _left(grounds.live)):
        yield
        return
    with alone(database, Work.COPY) as session:
        take_away(database)
        grounds.demand()
        try:
            do(database, session, work, grounds)
            yield
        except BaseException:
            with suppress(XrmError):  # what is left then is taken away by the next
                take_away(database)
            raise
        finally:
            for each in work:
                each.over()


def do(database: Database, session: UnitOfWork | None, work: Sequence[Ahead], grounds: Grounds) -> None:
    """All of it is done; raises as `grounds` demand where others have changed the tables meanwhile."""
    dialect = database.engine.dialect
    try:
        patiently(database, partial(_say, [said for each in work for said in each.expansions(dialect)]))
        for each in work:
            each.fill(database)
        for each in work:
            each.catch_up(database)
        if session is not None:
            for each in work:
                each.build(session)
    except Conflict:
        grounds.demand()
        raise


def take_away(database: Database) -> None:
    """Nothing is left that was made ahead and that no plan has taken."""
    with database.read() as unit:
        found = _left(inspect(unit))
    quote = database.engine.dialect.identifier_preparer.quote
    for table, column in found:
        drop = f"ALTER TABLE {quote(table)} DROP COLUMN {quote(column)}"
        patiently(database, partial(_say, [drop]))


def clear_up(database: Database, live: LiveSchema | None) -> None:
    """What somebody left who was killed is gone, unless somebody else is at work now."""
    if live is None or not _left(live):
        return
    with if_free(database, Work.COPY) as is_free:
        if is_free:
            take_away(database)


def _say(statements: Sequence[str], unit: UnitOfWork) -> None:
    for statement in statements:
        unit.script(statement)


def _left(live: LiveSchema) -> list[tuple[str, str]]:
    tables = (*live.tables.values(), *live.kept.values())
    return [(table.name, column) for table in tables for column in table.copies]
