"""Statements compiled once: the driver's text, the order of its parameters and their converters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import Compiled, SQLCompiler

from xrm.engine.storage.types import POSTGRESQL, Converter, reader_of, writer_of

Values = Mapping[str, Any]
NO_VALUES: Values = {}
_MANY = re.compile(r"/\*many\*/(\?|%s)")


@dataclass(frozen=True, slots=True)
class Same:
    """A column in which every row has this value."""

    value: Any


Columns = Mapping[str, Sequence[Any] | Same]


class Insert(NamedTuple):
    """Rows that are to be in a table: so many, given by column."""

    table: sa.Table
    columns: Columns
    size: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter position: whose value goes there and how it is converted.

    A constant is a value that was part of the statement, converted already. `many` takes a list.
    """

    name: str
    convert: Converter | None
    is_constant: bool = False
    constant: Any = None
    many: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as the driver takes it. `readers` turn each selected raw value into a Python scalar.

    `plain` holds name and converter of each slot where all of them take one value of the caller's.
    """

    sql: str
    slots: tuple[Slot, ...]
    readers: tuple[Converter | None, ...] = ()
    expands: bool = False
    plain: tuple[tuple[str, Converter | None], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that a caller gives."""
        return tuple(dict.fromkeys(s.name for s in self.slots if not s.is_constant))

    def bind(self, values: Values) -> list[Any]:
        """The driver's parameters, in order."""
        if not self.plain:
            return [_bound(slot, values) for slot in self.slots]
        return [
            value if (value := values[name]) is None or convert is None else convert(value)
            for name, convert in self.plain
        ]

    def bind_columns(self, columns: Columns, count: int) -> Iterator[tuple[Any, ...]]:
        """The driver's parameters of `count` rows, each in order; a column is converted in one go."""
        if count == 1:
            return iter([tuple(self.bind(_only_row(columns)))])
        bound = self.bound_columns(columns)
        full = (repeat(c.value, count) if isinstance(c, Same) else c for c in bound)
        return zip(*full, strict=True)

    def bound_columns(self, columns: Columns) -> list[Sequence[Any] | Same]:
        """The driver's parameters of many rows by column, in the order of the slots."""
        return [_bound_column(slot, columns) for slot in self.slots]

    def read(self, row: Sequence[Any], start: int = 0) -> tuple[Any, ...]:
        """The raw row as Python scalars, from the column at `start` on."""
        pairs = zip(row[start:], self.readers[start:], strict=True)
        return tuple(v if v is None or read is None else read(v) for v, read in pairs)

    def ready(self, values: Values) -> tuple[str, list[Any]]:
        """The driver's text and parameters; a list on SQLite becomes as many places as it needs."""
        bound = self.bind(values)
        return _expand(self.sql, self.slots, bound) if self.expands else (self.sql, bound)


@dataclass(frozen=True, slots=True)
class Lifted:
    """The literals of a statement set apart: `values` by name, as the driver takes them.

    Statements of one shape are equal but for these values, so one plan serves them all.
    """

    shape: tuple[Any, ...]
    literals: tuple[sa.BindParameter[Any], ...]
    values: Values


def lift(statement: sa.Select[Any], dialect: SqlDialect) -> Lifted:
    """The statement's literals, and what is left of it; `prepare` makes parameters of the literals."""
    found = {
        id(b): b for b in visitors.iterate(statement) if isinstance(b, sa.BindParameter) and _is_literal(b)
    }
    literals = tuple(found.values())
    values = {f"literal{n}": _literal(bind, dialect) for n, bind in enumerate(literals)}
    left = prepare(statement, dialect, literals=literals)
    slots = tuple((s.name, s.many, s.is_constant, repr(s.constant)) for s in left.slots)
    return Lifted((left.sql, slots), literals, values)


def _is_literal(bind: sa.BindParameter[Any]) -> bool:
    return not bind.required and bind.value is not None


def _literal(bind: sa.BindParameter[Any], dialect: SqlDialect) -> Any:
    slot = Slot("value", writer_of(bind.type, dialect), many=bind.expanding)
    return _bound(slot, {"value": bind.effective_value})


def _bound(slot: Slot, values: Values) -> Any:
    if slot.is_constant:
        return slot.constant
    value = values[slot.name]
    if slot.many:
        return list(value) if slot.convert is None else [slot.convert(item) for item in value]
    return value if value is None or slot.convert is None else slot.convert(value)


def _only_row(columns: Columns) -> Values:
    return {name: c.value if isinstance(c, Same) else c[0] for name, c in columns.items()}


def _bound_column(slot: Slot, columns: Columns) -> Sequence[Any] | Same:
    if slot.is_constant:
        return Same(slot.constant)
    column, convert = columns[slot.name], slot.convert
    if isinstance(column, Same):
        return Same(_bound(slot, {slot.name: column.value}))
    if convert is None:
        return column
    return [value if value is None else convert(value) for value in column]


def _expand(sql: str, slots: tuple[Slot, ...], bound: Sequence[Any]) -> tuple[str, list[Any]]:
    sizes, flat = [], []
    for slot, value in zip(slots, bound, strict=True):
        items = _padded(value) if slot.many else [value]
        flat.extend(items)
        if slot.many:
            sizes.append(len(items))
    return _with_places(sql, tuple(sizes)), flat


def _padded(items: list[Any]) -> list[Any]:
    """As many as the next power of two, the last repeated, so that few texts exist per statement."""
    if not items:
        return items
    size = 1 << (len(items) - 1).bit_length()
    return items + items[-1:] * (size - len(items))


@lru_cache(maxsize=2048)
def _with_places(sql: str, sizes: tuple[int, ...]) -> str:
    waiting = iter(sizes)
    return _MANY.sub(lambda found: ", ".join(found.group(1) * next(waiting)), sql)


@lru_cache(maxsize=1024)
def together(inserts: tuple[str, ...]) -> str:
    """One statement that does what all of these inserts do; their parameters follow each other."""
    *others, last = inserts
    return f"WITH {', '.join(f'i{n} AS ({sql})' for n, sql in enumerate(others))} {last}"


def any_of(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """True where the column is one of the list bound to `name`; an empty list matches nothing."""
    return column.in_(sa.bindparam(name, type_=column.type, expanding=True))


def order_by(
    column: sa.ColumnElement[Any], descending: bool = False, *, nullable: bool | None = None
) -> sa.ColumnElement[Any]:
    """The order in which empty comes first when ascending and last when descending, as indexes are built.

    A column that is never empty needs no such words; say `nullable` where a join can make it empty.
    """
    ordered = column.desc() if descending else column.asc()
    if not (getattr(column, "nullable", True) if nullable is None else nullable):
        return ordered
    return ordered.nulls_last() if descending else ordered.nulls_first()


def prepare(
    statement: sa.Executable,
    dialect: SqlDialect,
    columns: Sequence[str] | None = None,
    literals: Sequence[sa.BindParameter[Any]] = (),
) -> Prepared:
    """The statement in the driver's words; `columns` are the keys that an insert or update is given.

    Each of the `literals` is a parameter instead of a constant: `literal0`, `literal1` and so on.
    """
    compiled = _compiled(statement, dialect, columns)
    names = compiled.positiontup or []
    sql, expands = _with_markers(compiled, dialect)
    lifted = {id(bind): f"literal{n}" for n, bind in enumerate(literals)}
    slots = tuple(_slot(compiled, name, dialect, lifted) for name in names)
    if not lifted.keys() <= {id(bind) for bind in compiled.binds.values()}:
        raise AssertionError("a literal would stay behind as a constant")
    return Prepared(sql, slots, _readers(statement, dialect), expands, _plain(slots))


def _plain(slots: tuple[Slot, ...]) -> tuple[tuple[str, Converter | None], ...]:
    """What is left of the slots when none is a constant or takes a list; else nothing."""
    if any(s.is_constant or s.many for s in slots):
        return ()
    return tuple((s.name, s.convert) for s in slots)


def _compiled(statement: Any, dialect: SqlDialect, columns: Sequence[str] | None) -> SQLCompiler:
    keys = None if columns is None else list(columns)
    compiled: Compiled = statement.compile(dialect=dialect, column_keys=keys)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"{type(statement).__name__} is not a statement with parameters")
    return compiled


def _slot(compiled: SQLCompiler, name: str, dialect: SqlDialect, lifted: Mapping[int, str]) -> Slot:
    bind = compiled.binds[name]
    if id(bind) in lifted:
        return Slot(lifted[id(bind)], None, many=bind.expanding)  # `lift` has converted it
    convert = writer_of(bind.type, dialect)
    if bind.required or (bind.value is None and bind.callable is None):
        return Slot(bind.key, convert, many=bind.expanding)
    slot = Slot(name, convert, many=bind.expanding)
    return Slot(name, None, True, _bound(slot, {name: bind.effective_value}), bind.expanding)


def _readers(statement: Any, dialect: SqlDialect) -> tuple[Converter | None, ...]:
    chosen = getattr(statement, "exported_columns", None)
    return () if chosen is None else tuple(reader_of(column.type, dialect) for column in chosen)


_LATE = re.compile(r"(NOT )?IN \(__\[POSTCOMPILE_([^\]~]+)[^\]]*\]\)")


def _with_markers(compiled: SQLCompiler, dialect: SqlDialect) -> tuple[str, bool]:
    """Lists become one array on PostgreSQL, and on SQLite a mark where their places go."""
    if dialect.name != POSTGRESQL:
        text = _LATE.sub(r"\1IN (/*many*/?)", compiled.string)
        return text, text != compiled.string
    return _LATE.sub(lambda found: _as_array(found, compiled, dialect), compiled.string), False


def _as_array(found: re.Match[str], compiled: SQLCompiler, dialect: SqlDialect) -> str:
    element = compiled.binds[found.group(2)].type.compile(dialect=dialect).split(" COLLATE")[0]
    return f"{'<> ALL' if found.group(1) else '= ANY'} (%s::{element}[])"
