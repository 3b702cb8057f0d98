"""What an actor may do with one stored record: for pages, which offer only what will not be refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from xrm.engine.records.batch import Setting
from xrm.engine.records.permits import passing_rule, rights
from xrm.engine.records.writer import Writer
from xrm.metadata.model import SETTABLE

_ASKED = ("update", "delete", "transition", "assign", "share")


@dataclass(frozen=True, slots=True)
class Permitted:
    """The operations granted on a record, and the names that an update may touch."""

    operations: frozenset[str]
    writable: frozenset[str]

    def may(self, operation: str) -> bool:
        """Whether the operation is granted on this record."""
        return operation in self.operations


def permitted(setting: Setting, writer: Writer, record: UUID) -> Permitted:
    """What the actor's grants give on this record as it is stored now; one statement for each other rule."""
    known = rights(setting, writer)
    answers: dict[tuple[str, ...], bool] = {}

    def holds(operation: str, name: str = "") -> bool:
        rule = known.cell(operation, name) if name else known.rows_for(operation)
        if rule.texts not in answers:
            answers[rule.texts] = record in passing_rule(setting, writer, rule, [record])
        return answers[rule.texts]

    operations = frozenset(o for o in _ASKED if known.can(o) and holds(o))
    names = frozenset(n for n in known.names("update") if holds("update", n))
    return Permitted(operations, names.union(SETTABLE) if "update" in operations else names)
