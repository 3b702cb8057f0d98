"""The change log: one row per change, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xrm.engine.commands import Actor, Change
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.storage.numbers import Numbers

COLUMNS = (
    "at", "actor", "door", "cause", "reason", "entity", "record", "version", "operation", "title",
    "before", "after",
)  # fmt: skip


class ChangeLog:
    """Writes changes under the ledger numbers of entities and fields, so that a rename rewrites nothing."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def append(self, unit: UnitOfWork, actor: Actor, changes: Sequence[Change]) -> None:
        """The changes are in the log, in this order."""
        if changes:
            unit.insert_many(CHANGE, COLUMNS, [self._row(actor, change) for change in changes])

    def _row(self, actor: Actor, change: Change) -> dict[str, Any]:
        return {
            "at": change.at,
            "actor": actor.id,
            "door": actor.door,
            "cause": actor.cause or None,
            "reason": change.reason or None,
            "entity": self._numbers.entities[change.entity],
            "record": change.record,
            "version": change.version,
            "operation": change.operation,
            "title": change.title,
            "before": self._numbered(change.entity, change.before),
            "after": self._numbered(change.entity, change.after),
        }

    def _numbered(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self._key(entity, name): value for name, value in values.items()}

    def _key(self, entity: str, name: str) -> str:
        number = self._numbers.fields.get((entity, name))
        return name if number is None else str(number)
