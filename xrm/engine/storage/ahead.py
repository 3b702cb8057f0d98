"""What a plan does before it keeps anybody from writing, in columns, indexes and constraints that nobody sees yet.

Each thing that can be done so is an `Ahead`. All of them make room, are filled, are built and catch up; what holds the
lock then gives names to what they have made, which is a step of the plan. Whatever is called `zz0__…` and was not
taken by a plan is what somebody left who was killed or refused, and is taken away. The journal tells what was begun,
and what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage import progress
from xrm.engine.storage.alone import Work, alone, if_free
from xrm.engine.storage.crowding import with_room
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.faults import DRIVER_ERRORS, UNIQUE
from xrm.engine.storage.inspection import LiveSchema, inspect
from xrm.engine.storage.patience import patiently
from xrm.engine.storage.steps import Occasion
from xrm.errors import NOWHERE, Conflict, Place, PlanRefused, Problem, XrmError

KILLED = "Nothing is left of it: whoever did it has died."
BUILT = "What was made ahead has its names."


class Ahead:
    """Something of a table, called as it is now, that is done before the lock; each part does nothing by itself."""

    __slots__ = ()

    @property
    def leaves(self) -> bool:
        """Whether something is hidden when the plan has taken what was made, and has to go."""
        return False

    @property
    def place(self) -> Place:
        """Where it is defined, if that is one place."""
        return NOWHERE

    def begin(self, occasion: Occasion) -> None:
        """The plan is carried out on this occasion."""

    def told(self) -> str:
        """What it is, for whoever reads the journal."""
        raise NotImplementedError

    def for_rows_of(self) -> str | None:
        """The table in which something has to be stored, or all of it is left to the lock; None where it is not."""
        return None

    def expansions(self, _dialect: SqlDialect) -> Iterable[str]:
        """What makes room for it, each in no time, whatever is stored."""
        return ()

    def fill(self, database: Database) -> None:
        """What is stored now is in that room."""

    def build(self, session: UnitOfWork) -> None:
        """What takes time and keeps nobody from writing is made, on PostgreSQL alone: by statements that are
        transactions of their own. Raises Conflict where records clash.
        """

    def unbuilt(self, _dialect: SqlDialect) -> Iterable[str]:
        """What takes away what was not made because records clash, so that it is left to the lock."""
        return ()

    def catch_up(self, database: Database) -> None:
        """Little of what was written meanwhile is left for the lock."""

    def over(self) -> None:
        """The plan is carried out or given up, and nothing of this is remembered."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What work ahead rests on: the plan's hash, and the tables as they were planned for, if they are known.

    `demand` raises where the database is not the one that the plan was made for, and `clashes` tells what records do
    not fit by now. `now` is the time of the journal.
    """

    plan: str
    live: LiveSchema | None
    demand: Callable[[], None]
    clashes: Callable[[], Sequence[Problem]]
    now: Callable[[], datetime]


@contextmanager
def done_ahead(database: Database, work: Sequence[Ahead], grounds: Grounds) -> Iterator[None]:
    """All of it is done when the block begins; of what is hidden when the block ends nothing is left.

    What somebody left who was killed is taken away before.
    """
    due = list(_due(database, work, grounds))
    if not due and not (grounds.live and grounds.live.has_hidden):
        yield
        return
    with alone(database, Work.COPY) as session:
        take_away(database, KILLED, grounds.now())
        grounds.demand()
        try:
            do(database, session, due, grounds)
            yield
        except BaseException as error:
            _take_away_if_possible(database, _why(error), grounds.now())
            raise
        else:
            if any(each.leaves for each in work):
                _take_away_if_possible(database, BUILT, grounds.now())
        finally:
            for each in due:
                each.over()


def do(database: Database, session: UnitOfWork | None, work: Sequence[Ahead], grounds: Grounds) -> None:
    """All of it is done; raises as `grounds` demand where others have changed the tables meanwhile."""
    with _demanding(grounds):
        patiently(database, partial(_begin, work, grounds))
        for each in work:
            each.fill(database)
        for each in work:
            each.catch_up(database)
        if session is not None:
            for each in work:
                _build(database, session, each, grounds)
            for each in work:
                each.catch_up(database)


@contextmanager
def _demanding(grounds: Grounds) -> Iterator[None]:
    """What fails because tables are others by now is told as that."""
    try:
        yield
    except Conflict:
        grounds.demand()
        raise


def _take_away_if_possible(database: Database, why: str, now: datetime) -> None:
    """The same as `take_away`; what is left then is taken away by the next."""
    with suppress(XrmError, *DRIVER_ERRORS):
        take_away(database, why, now)


def _begin(work: Sequence[Ahead], grounds: Grounds, unit: UnitOfWork) -> None:
    dialect = unit.database.engine.dialect
    for each in work:
        with with_room(each.told(), each.place):
            _say(each.expansions(dialect), unit)
    if progress.is_kept(grounds.live):
        progress.begin(unit, grounds.plan, [each.told() for each in work], grounds.now())


def _build(database: Database, session: UnitOfWork, each: Ahead, grounds: Grounds) -> None:
    """What records clash in is told; where they do not, while one is written and another not yet, the lock looks."""
    try:
        each.build(session)
    except Conflict as error:
        if error.facts.get("kind") != UNIQUE:
            raise
        problems = grounds.clashes()
        if problems:
            raise PlanRefused(problems) from error
        patiently(database, partial(_say, list(each.unbuilt(database.engine.dialect))))


def _due(database: Database, work: Sequence[Ahead], grounds: Grounds) -> Iterable[Ahead]:
    """What cannot be left to the lock: there are rows; raises as `grounds` demand where a table is gone."""
    tables = dict.fromkeys(name for each in work if (name := each.for_rows_of()) is not None)
    if not tables:
        return work
    with _demanding(grounds), database.read() as unit:
        rows = {n: sa.select(sa.literal_column("1", sa.Integer())).select_from(sa.table(n)) for n in tables}
        asked = [sa.select(sa.literal(n)).where(each.exists()) for n, each in rows.items()]
        filled = {None, *unit.execute(sa.union_all(*asked)).scalars()}
    return [each for each in work if each.for_rows_of() in filled]


def _why(error: BaseException) -> str:
    return f"Given up: {error.first.message}" if isinstance(error, XrmError) else "Given up."


# --- what is left -----------------------------------------------------------------------------------


def take_away(database: Database, why: str, now: datetime) -> None:
    """Nothing is left that was made ahead and that no plan has taken, and the journal says why."""
    with database.read() as unit:
        live = inspect(unit)
        is_open = bool(progress.under_way(unit, live))
    quote = database.engine.dialect.identifier_preparer.quote
    for name in sorted(live.copies):
        patiently(database, partial(_say, [f"DROP TABLE {quote(name)}"]))
    for table in live.every:
        drops = [
            *(f"ALTER TABLE {quote(table.name)} DROP CONSTRAINT {quote(c)}" for c in sorted(table.bonds)),
            *(f"DROP INDEX {quote(index)}" for index in sorted(table.building)),
            *(f"ALTER TABLE {quote(table.name)} DROP COLUMN {quote(c)}" for c in table.copies),
        ]
        if drops:
            patiently(database, partial(_say, drops))
    if is_open:
        database.transact(lambda unit: progress.end(unit, why, now))


def clear_up(database: Database, live: LiveSchema | None, now: datetime) -> None:
    """What somebody left who was killed is gone, unless somebody else is at work now."""
    if live is None:
        return
    with database.read() as unit:
        is_left = live.has_hidden or progress.under_way(unit, live)
    if not is_left:
        return
    with if_free(database, Work.COPY) as is_free:
        if is_free:
            take_away(database, KILLED, now)


def _say(statements: Iterable[str], unit: UnitOfWork) -> None:
    for statement in statements:
        unit.script(statement)
