"""What a backup keeps: every table of ours that is there, also those that no definition asks for any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import sqlalchemy as sa

from xrm.engine.backup.kinds import kind_named, kind_of_column, kind_of_live
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.feed import FeedPosition, after
from xrm.engine.storage.inspection import LiveTable, inspect
from xrm.engine.storage.ledger import (
    ATTEMPT,
    CHANGE,
    CONSUMER,
    INSTALLATION,
    JOB,
    LEDGER,
    PASSWORD_LINK,
    RESTORE,
    SESSION,
    WORKER,
)
from xrm.engine.storage.shadows import Shadow
from xrm.engine.storage.types import Converter
from xrm.errors import Conflict, Problem

# Who is signed in, tries to or works here is a matter of this place and moment.
LEFT_OUT = frozenset(table.name for table in (SESSION, ATTEMPT, PASSWORD_LINK, WORKER, RESTORE))
ROWS_AT_ONCE = 200  # a row may hold a document of megabytes
_LINE = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
OVER = ("done", "failed", "cancelled")
SPAN = "duration"
NOBODY = "archive"  # a worker that does not live: the first one that does takes its jobs over


@dataclass(frozen=True)
class KeptTable:
    """A table as a backup keeps it: the kind of each column, by name, and what its rows are ordered by."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]

    @cached_property
    def table(self) -> sa.Table:
        """The table as statements name it, each column with the type of its kind."""
        columns: list[sa.Column[Any]] = [sa.Column(n, kind_named(k).type) for n, k in self.columns.items()]
        return sa.Table(self.name, sa.MetaData(), *columns)


def kept_tables(unit: UnitOfWork, wanted: Iterable[sa.MetaData]) -> tuple[KeptTable, ...]:
    """The tables of ours, by name; `wanted` are those that definitions ask for, and tell more than the database.

    Raises Conflict for columns that this program does not write.
    """
    known = {t.name: t for metadata in (LEDGER, *wanted) for t in metadata.tables.values()}
    schema = inspect(unit)
    live, spans = schema.stored, frozenset(_spans(schema.shadows))
    problems: list[Problem] = []
    found = [_kept(live[name], known.get(name), spans, problems) for name in sorted(live.keys() - LEFT_OUT)]
    if problems:
        raise Conflict(problems)
    return tuple(found)


def _spans(shadows: Iterable[Shadow]) -> Iterator[tuple[str, str]]:
    """Table and column of the shadows that hold lengths of time: PostgreSQL keeps those like whole numbers."""
    for shadow in shadows:
        told = shadow.definition or {}
        if shadow.is_table:
            fields = told.get("fields") or told.get("attributes") or {}
            yield from ((shadow.table, name) for name, field in fields.items() if field.get("type") == SPAN)
        elif told.get("type") == SPAN:
            yield from ((shadow.table, now) for now in shadow.columns.values())


def _kept(
    live: LiveTable, known: sa.Table | None, spans: frozenset[tuple[str, str]], problems: list[Problem]
) -> KeptTable:
    columns = {}
    for name, text in sorted(live.columns.items()):
        is_known = known is not None and name in known.c
        kind = kind_of_column(known.c[name]) if known is not None and is_known else kind_of_live(text)
        if (live.name, name) in spans:
            kind = SPAN
        if kind is None:
            message = f"The column {name} of {live.name} is of the type {text}, which xrm does not write."
            problems.append(
                Problem("B109", message, "Remove it from the table, or keep it in a table of its own.")
            )
        else:
            columns[name] = kind
    key = [c.name for c in known.primary_key] if known is not None else []
    return KeptTable(live.name, columns, tuple(key or (["id"] if "id" in columns else columns)))


def lines_of(unit: UnitOfWork, kept: KeptTable) -> Iterator[list[bytes]]:
    """The rows as canonical lines, in the order of their key; a value that is empty is left out."""
    columns = kept.table.c
    chosen = sa.select(*columns).order_by(*(columns[name] for name in kept.key))
    prepared = unit.database.prepare(chosen)
    dialect = unit.dialect.name
    converters = tuple((n, kind_named(kind).canonical(dialect)) for n, kind in kept.columns.items())
    settle = _SETTLED[kept.name](unit) if kept.name in _SETTLED else None
    for rows in unit.stream(prepared, rows=ROWS_AT_ONCE):
        values = [_canonical(row, converters) for row in rows]
        if settle is not None:
            for each in values:
                settle(each)
        yield [orjson.dumps(each, option=_LINE) for each in values]


def _canonical(row: tuple[Any, ...], converters: tuple[tuple[str, Converter | None], ...]) -> dict[str, Any]:
    return {
        name: value if convert is None else convert(value)
        for value, (name, convert) in zip(row, converters, strict=True)
        if value is not None
    }


# --- what is said in another way, because it would not hold elsewhere -----------------------------------

Settle = Callable[[dict[str, Any]], None]


def _change(unit: UnitOfWork) -> Settle:
    """Numbers of transactions mean nothing in another database; there the order is that of positions."""
    return lambda row: row.update(transaction=0)


def _consumer(unit: UnitOfWork) -> Settle:
    """A consumer stands before the first change that it has not seen; a few it may see twice."""

    def settle(row: dict[str, Any]) -> None:
        place = FeedPosition(row["transaction"], row["position"])
        row.update(transaction=0, position=_before_unseen(unit, place))

    return settle


def _before_unseen(unit: UnitOfWork, place: FeedPosition) -> int:
    bound = {"transaction": place.transaction, "position": place.position}
    unseen = sa.select(sa.func.min(CHANGE.c.position)).where(after())
    first = unit.execute(unseen, bound).scalar()
    if first is not None:
        return int(first) - 1
    last = unit.execute(sa.select(sa.func.max(CHANGE.c.position))).scalar()
    return place.position if last is None else int(last)


def _installation(unit: UnitOfWork) -> Settle:
    """No session comes along."""
    return lambda row: row.update(sessions=0)


def _job(unit: UnitOfWork) -> Settle:
    """A job that is not over has lost its worker: the runs of the engine below do not come along."""

    def settle(row: dict[str, Any]) -> None:
        if row["state"] not in OVER:
            row.update(state="running", worker=NOBODY)

    return settle


_SETTLED: Mapping[str, Callable[[UnitOfWork], Settle]] = {
    CHANGE.name: _change,
    CONSUMER.name: _consumer,
    INSTALLATION.name: _installation,
    JOB.name: _job,
}


# --- numbers that the database gives ------------------------------------------------------------------


def sequences_of(unit: UnitOfWork) -> dict[str, int]:
    """The last number that each counting column of a kept table has given, as `table.column`; 0 for none."""
    return {f"{table}.{column}": _last_number(unit, table, column) for table, column in counting_columns()}


def counting_columns() -> Iterator[tuple[str, str]]:
    """The tables whose numbers the database gives, each with its column."""
    for table in LEDGER.tables.values():
        for column in table.primary_key:
            if column.autoincrement is True and table.name not in LEFT_OUT:
                yield table.name, column.name


def _last_number(unit: UnitOfWork, table: str, column: str) -> int:
    if unit.dialect.is_sqlite:
        asked = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(unit.execute(asked, {"name": table}).scalar() or 0)
    asked = sa.text(
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(:name, :column)::regclass), 0)"
    )
    return int(unit.execute(asked, {"name": f'"{table}"', "column": column}).scalar_one())


def continue_sequences(unit: UnitOfWork, numbers: Mapping[str, int]) -> None:
    """Every counting column goes on after that number."""
    for name, number in numbers.items():
        table, _, column = name.partition(".")
        if unit.dialect.is_sqlite:
            unit.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
            last = {"name": table, "seq": number}
            unit.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), last)
        else:
            told = {"name": f'"{table}"', "column": column, "last": max(number, 1), "used": number > 0}
            asked = "SELECT setval(pg_get_serial_sequence(:name, :column), :last, :used)"
            unit.execute(sa.text(asked), told)
