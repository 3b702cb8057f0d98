"""The change log: one row per change, written in the transaction of the change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from xrm.engine.commands import Actor, Change
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.statements import Columns, Insert, Same

_NOTHING: Mapping[str, Any] = {}


class ChangeLog:
    """Writes changes under the ledger numbers of entities and fields, so that a rename rewrites nothing."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._keys: dict[str, dict[str, str]] = defaultdict(dict)
        for (entity, name), number in numbers.fields.items():
            self._keys[entity][name] = str(number)

    def append(
        self, unit: UnitOfWork, actor: Actor, changes: Sequence[Change], act: UUID | None = None
    ) -> None:
        """The changes are in the log, in this order, as parts of `act`; what has none is not taken back."""
        unit.insert_all([self.insert_of(actor, changes, act)])

    def insert_of(self, actor: Actor, changes: Sequence[Change], act: UUID | None = None) -> Insert:
        """What puts the changes into the log, in this order."""
        entities = self._numbers.entities
        columns: Columns = {
            "at": [change.at for change in changes],
            "actor": Same(actor.id),
            "door": Same(actor.door),
            "cause": Same(actor.cause or None),
            "reason": [change.reason or None for change in changes],
            "entity": [entities[change.entity] for change in changes],
            "record": [change.record for change in changes],
            "version": [change.version for change in changes],
            "operation": [change.operation for change in changes],
            "title": [change.title for change in changes],
            "act": Same(act),
            "before": [self._numbered(change.entity, change.before) for change in changes],
            "after": [self._numbered(change.entity, change.after) for change in changes],
        }
        return Insert(CHANGE, columns, len(changes))

    def _numbered(self, entity: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if not values:
            return _NOTHING
        keys = self._keys[entity]
        return {keys.get(name, name): value for name, value in values.items()}
