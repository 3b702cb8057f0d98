"""How often requests of the API use each entity and name, by day: counted by each process, written now and then.

Counts only, no values and no people. No request waits for it; what a process has counted and not written yet is lost
when it dies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from xrm.engine.queries.former import Said, Use
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.former import ITSELF
from xrm.engine.storage.later import Later
from xrm.engine.storage.ledger import USE
from xrm.engine.storage.numbers import Numbers
from xrm.engine.world import World
from xrm.errors import Unavailable

SECONDS = 30.0
DAYS: Final = 30  # that are told
KEPT: Final = timedelta(days=90)
FORMER: Final = "former"
REQUEST: Final = "request"  # how a role is used
_NOTHING: Final = 0  # the number of no entity
_AT_ONCE = 200  # rows of one statement


class Key(NamedTuple):
    """What is counted: how a field of an entity, or the entity itself, was used, and by which former name if any.

    An option is counted by its key, with its field; a role, which is nothing of an entity, by its name.
    """

    entity: int
    field: int
    how: str
    name: str = ""


class Usage:
    """The counts of one process, and those that all processes have written."""

    def __init__(self, database: Database, world: World) -> None:
        self._database, self.world = database, world
        self._lock, self._later = Lock(), Later("xrm-usage", self.write)
        self._waiting: Counter[Key] = Counter()
        self._cleared = ""

    def note(self, numbers: Numbers, uses: Iterable[Use]) -> None:
        """Each of these was used once more; what has no number is not counted."""
        keys = [key for use in uses if (key := _key(numbers, use)) is not None]
        with self._lock:
            for key in keys:
                self._waiting[key] += 1

    def note_roles(self, roles: Iterable[str]) -> None:
        """Somebody who holds these roles made a request."""
        with self._lock:
            for role in roles:
                self._waiting[Key(_NOTHING, ITSELF, REQUEST, role)] += 1

    def note_former(self, numbers: Numbers, said: Iterable[Said]) -> None:
        """Each of these former names was said once more."""
        uses = ((one, Use(one.entity or one.present, one.entity and one.present, FORMER)) for one in said)
        keys = [key._replace(name=one.former) for one, use in uses if (key := _key(numbers, use)) is not None]
        with self._lock:
            for key in keys:
                self._waiting[key] += 1

    def write(self) -> None:
        """What was counted is in the database; raises Unavailable, and then it still waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        day = day_of(self.world.now())
        try:
            self._database.transact(lambda unit: self._add(unit, day, waiting))
        except Unavailable:
            with self._lock:
                self._waiting.update(waiting)
            raise

    def keep_writing(self, seconds: float = SECONDS) -> None:
        """A thread of this process writes from now on, until the process ends or `stop` is called."""
        self._later.keep_writing(seconds)

    def stop(self) -> None:
        """Nothing is written by itself any more."""
        self._later.stop()

    def counts(self, unit: UnitOfWork, entity: int = _NOTHING, days: int = DAYS) -> Sequence[tuple[Key, int]]:
        """How often the entity and each of its names were used in the last days, as far as it is written.

        Without an entity, of roles.
        """
        first = day_of(self.world.now() - timedelta(days=days - 1))
        total = sa.func.sum(USE.c.count).label("count")
        wanted = sa.select(USE.c.entity, USE.c.field, USE.c.how, USE.c.name, total)
        wanted = wanted.where(USE.c.entity == entity, USE.c.day >= first)
        grouped = wanted.group_by(USE.c.entity, USE.c.field, USE.c.how, USE.c.name)
        rows = unit.execute(grouped).mappings()
        return [
            (Key(row["entity"], row["field"], row["how"], row["name"]), int(row["count"])) for row in rows
        ]

    def _add(self, unit: UnitOfWork, day: str, waiting: Counter[Key]) -> None:
        rows = [{"day": day, **key._asdict(), "count": count} for key, count in sorted(waiting.items())]
        for start in range(0, len(rows), _AT_ONCE):
            unit.execute(_added(unit, rows[start : start + _AT_ONCE]))
        if self._cleared != day:
            before = day_of(self.world.now() - KEPT)
            unit.execute(sa.delete(USE).where(USE.c.day < before))
            self._cleared = day


def day_of(moment: datetime) -> str:
    """The day of an instant, by the clock of the world."""
    return moment.date().isoformat()


def _key(numbers: Numbers, use: Use) -> Key | None:
    entity = numbers.entities.get(use.entity)
    field = numbers.fields.get((use.entity, use.name)) if use.name else ITSELF
    return None if entity is None or field is None else Key(entity, field, use.how, use.option)


def _added(unit: UnitOfWork, rows: Sequence[dict[str, Any]]) -> sa.Insert:
    """The rows, or their counts on top of those that are there."""
    key = [USE.c.day, USE.c.entity, USE.c.field, USE.c.how, USE.c.name]
    if unit.dialect.is_sqlite:
        made = sqlite.insert(USE).values(rows)
        return made.on_conflict_do_update(key, set_={"count": USE.c.count + made.excluded["count"]})
    inserted = postgresql.insert(USE).values(rows)
    more = {"count": USE.c.count + inserted.excluded["count"]}
    return inserted.on_conflict_do_update(index_elements=key, set_=more)
