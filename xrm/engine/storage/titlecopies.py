"""Titles that are made before the lock, beside those that everybody sees, and how they take their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateIndex as CreateIndexSql

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.hidden import additions, hidden
from xrm.engine.storage.turning import settle
from xrm.engine.storage.types import Text, Uuid
from xrm.metadata.values import fold

TITLE, KEY = "title", "title__key"
OWN = (TITLE, KEY)


def added(table: sa.Table, live: str, dialect: SqlDialect) -> Iterator[str]:
    """What adds the columns that titles are made into; nobody who makes a record meanwhile knows them."""
    yield from (f"{said} DEFAULT ''" for said in additions([table.c[name] for name in OWN], live, dialect))


def put(unit: UnitOfWork, live: str, titles: Mapping[UUID, str]) -> None:
    """The records of the table have these titles there."""
    columns = {hidden(TITLE): list(titles.values()), hidden(KEY): [fold(title) for title in titles.values()]}
    table = sa.table(live, sa.column("id", Uuid()), *(sa.column(name, Text()) for name in columns))
    statement = sa.update(table).where(table.c.id == sa.bindparam("record_id", type_=Uuid()))
    prepared = unit.database.prepare(statement, list(columns))
    unit.run_columns(prepared, {**columns, "record_id": list(titles)}, len(titles))


def take(unit: UnitOfWork, table: sa.Table) -> None:
    """Records are called by the titles that were made; those of before are hidden in their place.

    What finds records by their titles is made anew, which reads every row and writes none.
    """
    settle(unit)
    quote = unit.database.engine.dialect.identifier_preparer.quote
    name, indexes = quote(table.name), [index for index in table.indexes if _reads(index)]
    for index in indexes:
        unit.script(f"DROP INDEX {quote(str(index.name))}")
    for column in OWN:
        unit.script(f"ALTER TABLE {name} RENAME COLUMN {column} TO {quote(hidden(f'was_{column}'))}")
        unit.script(f"ALTER TABLE {name} RENAME COLUMN {quote(hidden(column))} TO {column}")
        if not unit.dialect.is_sqlite:
            unit.script(f"ALTER TABLE {name} ALTER COLUMN {column} DROP DEFAULT")
    for index in indexes:
        unit.execute(CreateIndexSql(index))


def _reads(index: sa.Index) -> bool:
    terms: Sequence[Any] = [*index.expressions, *_conditions(index)]
    elements = (each for term in terms for each in sa.sql.visitors.iterate(sa.type_coerce(term, sa.Text())))
    return any(isinstance(each, sa.Column) and each.name in OWN for each in elements)


def _conditions(index: sa.Index) -> Iterator[Any]:
    for dialect in ("sqlite", "postgresql"):
        where = index.dialect_options[dialect].get("where")
        if where is not None:
            yield where
