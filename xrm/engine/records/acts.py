"""Acts in the change log: everything that one batch changed, and what was changed on the same records since.

The changes of an act stand next to each other in the order of the log, for an act is of one transaction. So
it is found by walking from one of its changes in both directions, without an index of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Outcome
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.feed import FeedPosition
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.storage.numbers import Numbers

PORTION = 500
LINKING = ("link", "unlink")
COMMENTING = ("comment", "comment_edit", "comment_delete")
_COLUMNS = tuple(CHANGE.c)

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """A change as the log keeps it, with names of today; a name that is gone stays a number."""

    position: int
    at: datetime
    actor: UUID | None
    act: UUID | None
    entity: str
    record: UUID
    version: int
    operation: str
    title: str
    before: Values
    after: Values
    reason: str = ""

    @property
    def link(self) -> str:
        """The id of the link that it is about; empty for a change of the record itself."""
        return str(self._told_of_link.get("id", ""))

    @property
    def far(self) -> Mapping[str, str]:
        """Entity and id of the record at the end of that link; empty for a change of the record itself."""
        return self._told_of_link.get("to") or {}

    @property
    def _told_of_link(self) -> Values:
        told: Any = next(iter((self.after or self.before).values()), {})
        return told if self.operation in LINKING and isinstance(told, Mapping) else {}


def place_of(unit: UnitOfWork, outcome: Outcome) -> str:
    """Where the first change of the outcome stands in the log; empty if nothing was changed."""
    if not outcome.changes:
        return ""
    chosen = (
        sa.select(CHANGE.c.transaction, CHANGE.c.position)
        .where(CHANGE.c.record == outcome.changes[0].record, CHANGE.c.act == outcome.act)
        .order_by(CHANGE.c.position)
        .limit(1)
    )
    row = unit.execute(chosen).one()
    return str(FeedPosition(row.transaction, row.position))


def act_at(unit: UnitOfWork, numbers: Numbers, place: FeedPosition) -> list[Past]:
    """All changes of the act to which the one at this place belongs, in their order; none for no act."""
    row = unit.execute(
        sa.select(*_COLUMNS).where(
            CHANGE.c.position == place.position, CHANGE.c.transaction == place.transaction
        )
    ).one_or_none()
    if row is None or row.act is None:
        return []
    earlier = list(_walk(unit, row, backward=True))
    found = [*reversed(earlier), row, *_walk(unit, row, backward=False)]
    return [_past(numbers, one) for one in found]


def later_changes(unit: UnitOfWork, numbers: Numbers, records: Iterable[UUID], last: int) -> list[Past]:
    """What was changed on these records after that position, the latest last."""
    wanted = list(records)
    found: list[Past] = []
    for start in range(0, len(wanted), PORTION):
        chosen = sa.select(*_COLUMNS).where(
            CHANGE.c.record.in_(wanted[start : start + PORTION]), CHANGE.c.position > last
        )
        found += [_past(numbers, row) for row in unit.execute(chosen)]
    return sorted(found, key=lambda past: past.position)


def _walk(unit: UnitOfWork, row: Any, *, backward: bool) -> Iterator[Any]:
    """The rows of the same act before this one or after it, the nearest first."""
    at = row.position
    while True:
        beyond = CHANGE.c.position < at if backward else CHANGE.c.position > at
        chosen = sa.select(*_COLUMNS).where(CHANGE.c.transaction == row.transaction, beyond)
        order = CHANGE.c.position.desc() if backward else CHANGE.c.position
        portion: Sequence[Any] = unit.execute(chosen.order_by(order).limit(PORTION)).all()
        for one in portion:
            if one.act != row.act:
                return
            yield one
        if len(portion) < PORTION:
            return
        at = portion[-1].position


def _past(numbers: Numbers, row: Any) -> Past:
    return Past(
        position=row.position,
        at=row.at,
        actor=row.actor,
        act=row.act,
        entity=numbers.names.get(row.entity, ""),
        record=row.record,
        version=row.version,
        operation=row.operation,
        title=row.title or "",
        before=_named(numbers, row.before),
        after=_named(numbers, row.after),
        reason=row.reason or "",
    )


def _named(numbers: Numbers, values: Values) -> Values:
    return {_name(numbers, key): value for key, value in values.items()}


def _name(numbers: Numbers, key: str) -> str:
    found = numbers.field_names.get(int(key)) if key.isdecimal() else None
    return found[1] if found else key
