"""Which tables need no plan: they are as they are wanted, and mean what they meant.

Most plans are about one entity, and a whole installation has a hundred tables; those that are settled are not compared
column by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.numbers import members_of
from xrm.engine.storage.steps import type_text

if TYPE_CHECKING:
    from xrm.engine.storage.matching import Past
    from xrm.metadata.model import Entity


# By the wanted table and the database, how that would tell of it.
_wanted: WeakKeyDictionary[sa.Table, dict[str, LiveTable]] = WeakKeyDictionary()


def settled(live: LiveSchema, wanted: Sequence[sa.Table], past: Past, dialect: SqlDialect) -> frozenset[str]:
    """The names of the tables that are as they are wanted, keep what they kept, and of which nothing is removed."""
    shadowed = {name for shadow in live.shadows for name in (shadow.table, shadow.was)}
    same = _Same(past)
    return frozenset(
        str(table.name)
        for table in wanted
        if table.name not in shadowed
        and _is_there(live.tables.get(table.name), _as_told(table, dialect))
        and same.is_same(table)
    )


def _is_there(live: LiveTable | None, wanted: LiveTable) -> bool:
    """Whether there is what is wanted, and nothing else."""
    return live is not None and (live.columns, live.indexes, live.references) == (
        wanted.columns, wanted.indexes, wanted.references,
    )  # fmt: skip


def _as_told(table: sa.Table, dialect: SqlDialect) -> LiveTable:
    known = _wanted.setdefault(table, {})
    if dialect.name not in known:
        known[dialect.name] = LiveTable(
            str(table.name),
            {column.name: type_text(column, dialect) for column in table.columns},
            {str(index.name) for index in table.indexes},
            {key.columns[0].name: key.referred_table.name for key in table.foreign_key_constraints},
        )
    return known[dialect.name]


class _Same:
    """Whether entities are defined as before, and all their names mean what they meant."""

    def __init__(self, past: Past) -> None:
        self._past, self._known = past, dict[str, bool]()

    def is_same(self, table: sa.Table) -> bool:
        """Whether the table is of such an entity, or of none."""
        name = table.info.get("entity")
        if name is None or (self._past.before is None and self._past.wanted is None):
            return True
        if name not in self._known:
            self._known[name] = self._is(name)
        return self._known[name]

    def _is(self, name: str) -> bool:
        before, wanted = self._past.before, self._past.wanted
        now = wanted.model.entities.get(name) if wanted else None
        return (
            now is not None
            and before is not None
            and before.model.entities.get(name) == now
            and self._means_the_same(name, now)
        )

    def _means_the_same(self, entity: str, wanted: Entity) -> bool:
        """Whether the entity and its parts have the numbers by which the ledger knows what has their names."""
        numbers, known = self._past.numbers, self._past.identities
        one = known.entities.get(entity)
        if one is None or one.gone or numbers.entities.get(entity) != one.number:
            return False
        return all(
            (part := known.fields.get((entity, name))) is not None
            and not part.gone
            and numbers.fields.get((entity, name)) == part.number
            for name in members_of(wanted)
        )
