"""Tells consumers of every change in the log, in order, at least once, and none that commits late is missed.

Audit, change feed and outbox are the same rows. Each consumer has a position of its own, which moves in the
transaction in which the consumer handled the changes: what it writes there is written exactly once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.feed import FeedPosition, after, in_order, settled
from xrm.engine.storage.ledger import CHANGE, CONSUMER
from xrm.engine.storage.rows import hold
from xrm.engine.world import World
from xrm.errors import XrmError
from xrm.registry import Registry

AT_ONCE = 500
SHORTEST_WAIT, LONGEST_WAIT = 0.2, 5.0
log = logging.getLogger(__name__)

_COLUMNS = (
    CHANGE.c.transaction, CHANGE.c.position, CHANGE.c.at, CHANGE.c.actor, CHANGE.c.door, CHANGE.c.cause,
    CHANGE.c.entity, CHANGE.c.record, CHANGE.c.version, CHANGE.c.operation, CHANGE.c.before, CHANGE.c.after,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Logged:
    """A row of the change log; entity and fields are ledger numbers, as they are written there."""

    transaction: int
    position: int
    at: datetime
    actor: UUID | None
    door: str
    cause: str | None
    entity: int
    record: UUID
    version: int
    operation: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def place(self) -> FeedPosition:
        """Where it stands in the order of the feed."""
        return FeedPosition(self.transaction, self.position)


class Consumer(Protocol):
    """Whoever is told of changes."""

    @property
    def name(self) -> str:
        """What its position is kept under; a consumer with a new name begins at the first change."""
        ...

    def handle(self, unit: UnitOfWork, changes: Sequence[Logged]) -> None:
        """The changes are handled; when this raises, they come again, all of them."""
        ...


class Dispatcher:
    """Reads the log for each consumer, in any number of processes: a consumer is served by one at a time."""

    def __init__(self, database: Database, world: World) -> None:
        self._database, self._world = database, world
        self._consumers: Registry[Consumer] = Registry("consumer")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="xrm-dispatcher", daemon=True)

    def register(self, consumer: Consumer) -> None:
        """The consumer is told of every change from the first one on."""
        self._consumers.register(consumer.name, consumer)

    def start(self) -> None:
        """Consumers are served until `stop`; without any, nothing is read."""
        if self._consumers:
            self._thread.start()

    def stop(self) -> None:
        """No consumer is being served any more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def serve_all(self) -> int:
        """Every consumer has been told of its next changes, at most `AT_ONCE`; gives how many they were."""
        return sum(self._carefully(consumer) for consumer in self._consumers.values())

    def serve(self, consumer: Consumer) -> int:
        """The consumer has been told of the next changes; gives how many they were."""

        def tell(unit: UnitOfWork) -> int:
            hold(unit, f"consumer:{consumer.name}")
            changes = _next(unit, _position(unit, consumer.name))
            if changes:
                consumer.handle(unit, changes)
                self._move(unit, consumer.name, changes[-1].place)
            return len(changes)

        return self._database.transact(tell)

    def _carefully(self, consumer: Consumer) -> int:
        """A consumer that fails is told again at the next turn, and holds up no other."""
        try:
            return self.serve(consumer)
        except XrmError as error:
            log.warning("consumer %s could not go on: %s", consumer.name, error)
        except Exception:
            log.exception("consumer %s failed", consumer.name)
        return 0

    def _run(self) -> None:
        wait = SHORTEST_WAIT
        while not self._over.wait(wait):
            wait = SHORTEST_WAIT if self.serve_all() else min(2 * wait, LONGEST_WAIT)

    def _move(self, unit: UnitOfWork, name: str, to: FeedPosition) -> None:
        values = {"transaction": to.transaction, "position": to.position, "updated_at": self._world.now()}
        moved = unit.execute(sa.update(CONSUMER).where(CONSUMER.c.name == name).values(values))
        if moved.rowcount == 0:
            unit.execute(sa.insert(CONSUMER).values(name=name, **values))


def _position(unit: UnitOfWork, name: str) -> FeedPosition:
    wanted = sa.select(CONSUMER.c.transaction, CONSUMER.c.position).where(CONSUMER.c.name == name)
    row = unit.execute(wanted).one_or_none()
    return FeedPosition() if row is None else FeedPosition(row.transaction, row.position)


def _next(unit: UnitOfWork, position: FeedPosition) -> list[Logged]:
    wanted = sa.select(*_COLUMNS).where(settled(), after()).order_by(*in_order()).limit(AT_ONCE)
    bound = {"transaction": position.transaction, "position": position.position}
    return [Logged(**row._asdict()) for row in unit.execute(wanted, bound)]
