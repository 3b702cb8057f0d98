"""What the database holds now, read in a few statements: tables, columns, indexes and references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import LEDGER, SHADOW
from xrm.engine.storage.names import COPY, shadow_number
from xrm.engine.storage.shadows import Shadow, read_shadows

RECORD_COLUMNS = frozenset({"id", "version", "title__key", "deletion"})
LINK_COLUMNS = frozenset({"id", "source", "created_by"})


@dataclass(slots=True)
class LiveTable:
    """One table as it is: type text by column, names of indexes, table pointed at by column.

    On PostgreSQL, where constraints have names that can change, `keys` gives that of each reference by column, and
    `checks` the columns of each check. Columns of shadows are set apart, and so is what is made before a plan is
    carried out, which is no part of what is there: `copies`, the columns that values are copied into; indexes that
    are in `building`, some of which may be broken; and `bonds`, constraints.
    """

    name: str
    columns: dict[str, str] = field(default_factory=dict)
    indexes: set[str] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    checks: dict[str, frozenset[str]] = field(default_factory=dict)
    shadows: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    building: set[str] = field(default_factory=set)
    bonds: set[str] = field(default_factory=set)

    @property
    def is_ours(self) -> bool:
        """Whether it keeps records or links of ours: other tables of a shared database are left alone."""
        has = self.columns.keys()
        return self.name in LEDGER.tables or (
            "__" in self.name and (has >= RECORD_COLUMNS or has >= LINK_COLUMNS)
        )

    @property
    def has_hidden(self) -> bool:
        """Whether something is there that is made before a plan is carried out."""
        return bool(self.copies or self.building or self.bonds)

    def facts(self) -> Iterable[str]:
        """All of it as text, in a stable order."""
        yield self.name
        yield from (f"{name} {kind}" for name, kind in sorted(self.columns.items()))
        yield from sorted(self.indexes)
        yield from (f"{name} > {there}" for name, there in sorted(self.references.items()))
        yield from (f"{name} {kind}" for name, kind in sorted(self.shadows.items()))


@dataclass(frozen=True, slots=True)
class LiveSchema:
    """Our tables by name; `extras` are other names that the engine must know, such as the search index.

    `kept` holds the tables that are shadows as a whole, and `shadows` what the ledger says of all shadows. `copies` are
    tables that are filled before a plan is carried out, which are no part of what is there.
    """

    tables: Mapping[str, LiveTable]
    extras: frozenset[str]
    kept: Mapping[str, LiveTable] = field(default_factory=dict)
    shadows: tuple[Shadow, ...] = ()
    copies: frozenset[str] = frozenset()

    @property
    def every(self) -> tuple[LiveTable, ...]:
        """All tables, those that are shadows as well."""
        return (*self.tables.values(), *self.kept.values())

    @property
    def has_hidden(self) -> bool:
        """Whether something is there that is made before a plan is carried out."""
        return bool(self.copies) or any(table.has_hidden for table in self.every)

    @property
    def stored(self) -> Mapping[str, LiveTable]:
        """All tables with all that they hold, shadows included."""
        every = {**self.tables, **self.kept}
        return {n: replace(t, columns={**t.columns, **t.shadows}) for n, t in every.items()}

    @property
    def base(self) -> str:
        """A hash of what is there: a plan made from it holds only while it is the same."""
        return sha256("\n".join(self.facts()).encode()).hexdigest()

    def without(self, tables: Set[str]) -> LiveSchema:
        """The same but for these tables."""
        return replace(self, tables={name: t for name, t in self.tables.items() if name not in tables})

    def facts(self) -> Iterable[str]:
        """All of it as text, in a stable order: first the name of a table, then what it has."""
        for tables in (self.tables, self.kept):
            yield from (fact for name in sorted(tables) for fact in tables[name].facts())
        yield from (shadow.facts() for shadow in self.shadows)

    @property
    def next_shadow(self) -> int:
        """A number that no shadow has, and nothing that a purge has left."""
        names = (*self.kept, *(c for t in (*self.tables.values(), *self.kept.values()) for c in t.shadows))
        numbers = (*(shadow_number(name) or 0 for name in names), *(shadow.number for shadow in self.shadows))
        return max(numbers, default=0) + 1


_SQLITE_COLUMNS = """
SELECT m.name, c.name, lower(c.type) FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND (m.name LIKE 'xrm!_%' ESCAPE '!' OR m.name LIKE '%!_!_%' ESCAPE '!')
"""
_SQLITE_INDEXES = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_SQLITE_REFERENCES = """
SELECT m.name, f."from", f."table", '' FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
WHERE m.type = 'table'
"""
_POSTGRESQL_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
  AND a.attnum > 0 AND NOT a.attisdropped
  AND (c.relname LIKE 'xrm!_%' ESCAPE '!' OR c.relname LIKE '%!_!_%' ESCAPE '!')
"""
_POSTGRESQL_INDEXES = """
SELECT c.relname, i.relname
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT x.indisprimary
  AND (x.indisvalid OR i.relname LIKE 'zz0!_!_%' ESCAPE '!')
"""
_SQLITE_CHECKS = "SELECT '', '', '' WHERE 0"
_POSTGRESQL_REFERENCES = """
SELECT c.relname, a.attname, t.relname, k.conname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace
"""
_POSTGRESQL_CHECKS = """
SELECT c.relname, k.conname, a.attname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'c' AND c.relnamespace = current_schema()::regnamespace
"""


def inspect(unit: UnitOfWork) -> LiveSchema:
    """The tables of ours that exist, as this transaction sees them."""
    if unit.dialect.is_sqlite:
        return _schema(unit, _SQLITE_COLUMNS, _SQLITE_INDEXES, _SQLITE_REFERENCES, _SQLITE_CHECKS)
    return _schema(unit, _POSTGRESQL_COLUMNS, _POSTGRESQL_INDEXES, _POSTGRESQL_REFERENCES, _POSTGRESQL_CHECKS)


def _schema(unit: UnitOfWork, columns: str, indexes: str, references: str, checks: str) -> LiveSchema:
    tables: dict[str, LiveTable] = {}
    for table, column, kind in _rows(unit, columns):
        _kept_by(tables.setdefault(table, LiveTable(table)), column)[column] = kind
    for table, index in _rows(unit, indexes):
        if table in tables:
            live = tables[table]
            (live.building if _is_hidden(index) else live.indexes).add(index)
    for table, column, there, name in _rows(unit, references):
        if table in tables and _is_hidden(name):
            tables[table].bonds.add(name)
        elif table in tables and not _is_hidden(column):
            tables[table].references[column] = there
            tables[table].keys[column] = name
    for table, check, column in _rows(unit, checks):
        if table in tables and _is_hidden(check):
            tables[table].bonds.add(check)
        elif table in tables:
            known = tables[table].checks
            known[check] = known.get(check, frozenset()) | {column}
    ours = {name: table for name, table in tables.items() if table.is_ours}
    copies = frozenset(name for name in ours if shadow_number(name) == COPY)
    kept = {n: table for n, table in ours.items() if n not in copies and shadow_number(n) is not None}
    shadows = read_shadows(unit) if SHADOW.name in ours else ()
    living = {name: table for name, table in ours.items() if name not in kept and name not in copies}
    return LiveSchema(living, frozenset(tables.keys() - ours.keys()), kept, shadows, copies)


def _is_hidden(name: str) -> bool:
    return shadow_number(name) == COPY


def _kept_by(live: LiveTable, column: str) -> dict[str, str]:
    """The columns among which this one is."""
    number = shadow_number(column)
    return live.columns if number is None else live.copies if number == COPY else live.shadows


def _rows(unit: UnitOfWork, sql: str) -> Iterable[Any]:
    return unit.execute(sa.text(sql)).all()
