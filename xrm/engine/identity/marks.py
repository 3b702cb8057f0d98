"""What a person keeps for themselves: favourites, records that they follow, and those that they looked at last.

A mark says nothing of the record but its id, and gives no right to it: whoever shows marks reads the records with
the rights of the moment, and one that may not be read any more is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from xrm.engine.commands import Actor
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import MARK
from xrm.engine.world import World
from xrm.errors import Place, Problem, TooLarge

FAVOURITE, FOLLOW, VISIT = "favourite", "follow", "visit"
KINDS = (FAVOURITE, FOLLOW)
MOST: Mapping[str, int] = {FAVOURITE: 100, FOLLOW: 500}
VISITS_KEPT = 20
AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Mark:
    """A record that somebody keeps, by the ledger number of its entity; `position` is set once they moved one."""

    kind: str
    entity: int
    record: UUID
    at: datetime
    position: int | None = None


class Marks:
    """The marks of everybody; each person reads and changes their own."""

    def __init__(self, database: Database, world: World) -> None:
        self._database, self._world = database, world
        mine = MARK.c.user == sa.bindparam("user", type_=MARK.c.user.type)
        here = MARK.c.record == sa.bindparam("record", type_=MARK.c.record.type)
        facts = (MARK.c.kind, MARK.c.entity, MARK.c.record, MARK.c.at, MARK.c.position)
        chosen = sa.select(*facts).where(mine, sa.or_(MARK.c.kind != FOLLOW, here))
        self._chosen = database.prepare(chosen.order_by(MARK.c.at.desc(), MARK.c.record))

    def of(self, actor: Actor, record: UUID | None = None) -> tuple[Mark, ...]:
        """The actor's favourites and what they looked at, newest first, and whether they follow this record."""
        with self._database.read(snapshot=False) as unit:
            rows = unit.run(self._chosen, {"user": actor.id, "record": record})
            return tuple(Mark(*self._chosen.read(row)) for row in rows)

    def put(self, actor: Actor, kind: str, entity: int, record: UUID) -> None:
        """The actor keeps the record in that way; raises TooLarge when they keep as many as one may."""

        def work(unit: UnitOfWork) -> None:
            held = sa.select(sa.func.count()).where(MARK.c.user == actor.id, MARK.c.kind == kind)
            if int(unit.execute(held).scalar_one()) >= MOST[kind]:
                raise _too_many(kind)
            self._put(unit, actor, kind, entity, record)

        self._database.transact(work)

    def take(self, actor: Actor, kind: str, record: UUID) -> None:
        """The actor does not keep the record in that way any more."""
        self._database.transact(lambda unit: _remove(unit, actor, kind, [record]))

    def arrange(self, actor: Actor, kind: str, records: Sequence[UUID]) -> None:
        """Those of the records that the actor still keeps stand in this order, before the others that they keep."""
        if not records:
            return
        mine = (MARK.c.user == actor.id, MARK.c.kind == kind)
        others = (*mine, MARK.c.record.not_in(records), MARK.c.position.is_not(None))
        behind = MARK.c.position + len(records)
        place = sa.case(*((MARK.c.record == record, n) for n, record in enumerate(records)))

        def work(unit: UnitOfWork) -> None:
            unit.execute(sa.update(MARK).where(*others).values(position=behind))
            unit.execute(sa.update(MARK).where(*mine, MARK.c.record.in_(records)).values(position=place))

        self._database.transact(work)

    def visited(self, actor: Actor, entity: int, record: UUID, known: Sequence[Mark]) -> None:
        """The record is the one that the actor looked at last; `known` is what `of` has just given.

        Looking at the same record again within a few minutes writes nothing, and only the last ones are kept.
        """
        visits = [mark for mark in known if mark.kind == VISIT]
        if visits and visits[0].record == record and self._world.now() - visits[0].at < AGAIN:
            return
        old = [mark.record for mark in visits if mark.record != record][VISITS_KEPT - 1 :]

        def work(unit: UnitOfWork) -> None:
            self._put(unit, actor, VISIT, entity, record)
            if old:
                _remove(unit, actor, VISIT, old)

        self._database.transact(work)

    def _put(self, unit: UnitOfWork, actor: Actor, kind: str, entity: int, record: UUID) -> None:
        """The mark is there, of this moment; two requests that set it at once both find it done."""
        row = {"user": actor.id, "kind": kind, "record": record, "entity": entity, "at": self._world.now()}
        key = [MARK.c.user, MARK.c.kind, MARK.c.record]
        if unit.dialect.is_sqlite:
            unit.execute(sqlite.insert(MARK).values(row).on_conflict_do_update(key, set_={"at": row["at"]}))
        else:
            made = postgresql.insert(MARK).values(row)
            unit.execute(made.on_conflict_do_update(index_elements=key, set_={"at": row["at"]}))


def _remove(unit: UnitOfWork, actor: Actor, kind: str, records: Iterable[UUID]) -> None:
    here = (MARK.c.user == actor.id, MARK.c.kind == kind, MARK.c.record.in_(list(records)))
    unit.execute(sa.delete(MARK).where(*here))


def _too_many(kind: str) -> TooLarge:
    message = f"You keep {MOST[kind]} records in this way, and that is the most."
    return TooLarge(Problem("L140", message, "Let go of some first.", Place(path="kind")))
