"""What the database holds now, read in a few statements: tables, columns, indexes and references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import LEDGER

RECORD_COLUMNS = frozenset({"id", "version", "title__key", "deletion"})
LINK_COLUMNS = frozenset({"id", "source", "created_by"})


@dataclass(slots=True)
class LiveTable:
    """One table as it is: type text by column, names of indexes, table pointed at by column."""

    name: str
    columns: dict[str, str] = field(default_factory=dict)
    indexes: set[str] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether it keeps records or links of ours: other tables of a shared database are left alone."""
        has = self.columns.keys()
        return self.name in LEDGER.tables or (
            "__" in self.name and (has >= RECORD_COLUMNS or has >= LINK_COLUMNS)
        )

    def facts(self) -> Iterable[str]:
        """All of it as text, in a stable order."""
        yield self.name
        yield from (f"{name} {kind}" for name, kind in sorted(self.columns.items()))
        yield from sorted(self.indexes)
        yield from (f"{name} > {there}" for name, there in sorted(self.references.items()))


@dataclass(frozen=True, slots=True)
class LiveSchema:
    """Our tables by name; `extras` are other names that the engine must know, such as the search index."""

    tables: Mapping[str, LiveTable]
    extras: frozenset[str]

    @property
    def base(self) -> str:
        """A hash of what is there: a plan made from it holds only while it is the same."""
        text = "\n".join(fact for name in sorted(self.tables) for fact in self.tables[name].facts())
        return sha256(text.encode()).hexdigest()


_SQLITE_COLUMNS = """
SELECT m.name, c.name, lower(c.type) FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND (m.name LIKE 'xrm!_%' ESCAPE '!' OR m.name LIKE '%!_!_%' ESCAPE '!')
"""
_SQLITE_INDEXES = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_SQLITE_REFERENCES = """
SELECT m.name, f."from", f."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
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
WHERE c.relnamespace = current_schema()::regnamespace AND x.indisvalid AND NOT x.indisprimary
"""
_POSTGRESQL_REFERENCES = """
SELECT c.relname, a.attname, t.relname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace
"""


def inspect(unit: UnitOfWork) -> LiveSchema:
    """The tables of ours that exist, as this transaction sees them."""
    if unit.dialect.is_sqlite:
        return _schema(unit, _SQLITE_COLUMNS, _SQLITE_INDEXES, _SQLITE_REFERENCES)
    return _schema(unit, _POSTGRESQL_COLUMNS, _POSTGRESQL_INDEXES, _POSTGRESQL_REFERENCES)


def _schema(unit: UnitOfWork, columns: str, indexes: str, references: str) -> LiveSchema:
    tables: dict[str, LiveTable] = {}
    for table, column, kind in _rows(unit, columns):
        tables.setdefault(table, LiveTable(table)).columns[column] = kind
    for table, index in _rows(unit, indexes):
        if table in tables:
            tables[table].indexes.add(index)
    for table, column, there in _rows(unit, references):
        if table in tables:
            tables[table].references[column] = there
    ours = {name: table for name, table in tables.items() if table.is_ours}
    return LiveSchema(ours, frozenset(tables.keys() - ours.keys()))


def _rows(unit: UnitOfWork, sql: str) -> Iterable[Any]:
    return unit.execute(sa.text(sql)).all()
