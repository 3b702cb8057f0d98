"""Column types: how a Python scalar lies in a column of each database, exactly.

Each type names its SQLAlchemy implementation per dialect and two plain converters, `writer` and `reader`.
SQLAlchemy's own result path uses them, and so does the raw path, which talks to the driver directly.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.types import TypeEngine

from xrm.metadata.fieldtypes.base import Part, Storage
from xrm.metadata.values import round_half_up

Converter = Callable[[Any], Any]
POSTGRESQL = "postgresql"


class Declared(sa.types.UserDefinedType[Any]):
    """A type name of SQLite. It says what is meant, and by the letters in it how SQLite compares.

    A name with INT, TEXT or BLOB in it has that affinity; the rest of the name lets the planner see that a
    field has another type now, where both lie in columns of one affinity.
    """

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **words: Any) -> str:
        """The name as it stands in CREATE TABLE."""
        return self.name

    def literal_processor(self, dialect: SqlDialect) -> Converter:
        """How a constant of an index condition is written out."""
        return _written_out


def _written_out(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


class StoredType(sa.types.TypeDecorator[Any]):
    """A type with one exact meaning on both databases. Converters never see None."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.Text
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        """The column type on PostgreSQL."""
        raise NotImplementedError

    def on_sqlite(self) -> TypeEngine[Any]:
        """The column type on SQLite."""
        raise NotImplementedError

    def writer(self, dialect: str) -> Converter | None:
        """Python scalar to driver value; None when the driver takes it as it is."""
        return None

    def reader(self, dialect: str) -> Converter | None:
        """Driver value to Python scalar; None when the driver gives it as it is."""
        return None

    def load_dialect_impl(self, dialect: SqlDialect) -> TypeEngine[Any]:
        """SQLAlchemy asks for the implementation here."""
        return self.on_postgresql() if dialect.name == POSTGRESQL else self.on_sqlite()

    def process_bind_param(self, value: Any, dialect: SqlDialect) -> Any:
        """SQLAlchemy sends a value through here."""
        convert = self.writer(dialect.name)
        return value if value is None or convert is None else convert(value)

    def process_result_value(self, value: Any, dialect: SqlDialect) -> Any:
        """SQLAlchemy hands a value back through here."""
        convert = self.reader(dialect.name)
        return value if value is None or convert is None else convert(value)


class Text(StoredType):
    """Text, compared byte by byte on both databases; lengths are the service's business."""

    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return sa.Text(collation="C")

    def on_sqlite(self) -> TypeEngine[Any]:
        return sa.Text()


class LongText(Text):
    """Text that is neither sorted nor searched in its column."""

    cache_ok = True


class Code(Text):
    """Short machine text: option keys, currency codes, colours."""

    cache_ok = True


class Integer(StoredType):
    """A whole number of 64 bits."""

    impl = sa.BigInteger
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return sa.BigInteger()

    def on_sqlite(self) -> TypeEngine[Any]:
        return sa.BigInteger()


class ScaledDecimal(StoredType):
    """A decimal with a fixed number of places: NUMERIC on PostgreSQL, a scaled integer on SQLite."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__()
        self.precision, self.scale = precision, scale

    def on_postgresql(self) -> TypeEngine[Any]:
        return sa.Numeric(self.precision, self.scale)

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared(f"SCALED_INT_{self.precision}_{self.scale}")

    def writer(self, dialect: str) -> Converter | None:
        scale = self.scale
        if dialect == POSTGRESQL:
            return lambda value: round_half_up(Decimal(value), scale)
        return lambda value: int(round_half_up(Decimal(value), scale).scaleb(scale))

    def reader(self, dialect: str) -> Converter | None:
        if dialect == POSTGRESQL:
            return None
        scale = self.scale
        return lambda value: Decimal(value).scaleb(-scale)


class Boolean(StoredType):
    """True or false."""

    impl = sa.Boolean
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return sa.Boolean()

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared("BOOLEAN_INT")

    def writer(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else int

    def reader(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else bool


class Date(StoredType):
    """A day without zone."""

    impl = sa.Date
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return sa.Date()

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared("DATE_TEXT")

    def writer(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else date.isoformat

    def reader(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else date.fromisoformat


def instant_text(value: datetime) -> str:
    """The instant in UTC as text of fixed width, so that text order is time order."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Instant(StoredType):
    """An instant, in UTC."""

    impl = sa.DateTime
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return postgresql.TIMESTAMP(timezone=True)

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared("INSTANT_TEXT")

    def writer(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else instant_text

    def reader(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else datetime.fromisoformat


class Time(StoredType):
    """A time of day without zone, to the second."""

    impl = sa.Time
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return sa.Time()

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared("TIME_TEXT")

    def writer(self, dialect: str) -> Converter | None:
        if dialect == POSTGRESQL:
            return lambda value: value.replace(microsecond=0)
        return lambda value: value.isoformat(timespec="seconds")

    def reader(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else time.fromisoformat


class Duration(StoredType):
    """A length of time in whole seconds."""

    impl = sa.BigInteger
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return sa.BigInteger()

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared("DURATION_INT")

    def writer(self, dialect: str) -> Converter | None:
        return lambda value: value.days * 86400 + value.seconds

    def reader(self, dialect: str) -> Converter | None:
        return lambda value: timedelta(seconds=value)


def json_text(value: Any) -> str:
    """The value as compact JSON text."""
    return orjson.dumps(value).decode()


class Json(StoredType):
    """Plain data: jsonb on PostgreSQL, JSON text on SQLite."""

    impl = sa.JSON
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return postgresql.JSONB(none_as_null=True)

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared("JSON_TEXT")

    def writer(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else json_text

    def reader(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else orjson.loads


class Uuid(StoredType):
    """An id: uuid on PostgreSQL, whose driver gives it as text; 16 bytes on SQLite."""

    impl = sa.Uuid
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return postgresql.UUID(as_uuid=True)

    def on_sqlite(self) -> TypeEngine[Any]:
        return Declared("UUID_BLOB")

    def writer(self, dialect: str) -> Converter | None:
        return None if dialect == POSTGRESQL else _uuid_bytes

    def reader(self, dialect: str) -> Converter | None:
        return UUID if dialect == POSTGRESQL else _uuid_of


def _uuid_bytes(value: UUID) -> bytes:
    return value.int.to_bytes(16, "big")  # what `bytes` gives, without a property between


def _uuid_of(value: bytes) -> UUID:
    return UUID(bytes=value)


class Bytes(StoredType):
    """Bytes as they are."""

    impl = sa.LargeBinary
    cache_ok = True

    def on_postgresql(self) -> TypeEngine[Any]:
        return postgresql.BYTEA()

    def on_sqlite(self) -> TypeEngine[Any]:
        return sa.LargeBinary()


_PLAIN: dict[Storage, type[StoredType]] = {
    Storage.TEXT: Text,
    Storage.LONG_TEXT: LongText,
    Storage.CODE: Code,
    Storage.INTEGER: Integer,
    Storage.BOOLEAN: Boolean,
    Storage.DATE: Date,
    Storage.DATETIME: Instant,
    Storage.TIME: Time,
    Storage.DURATION: Duration,
    Storage.JSON: Json,
    Storage.UUID: Uuid,
    Storage.BYTES: Bytes,
}


def stored_type(part: Part) -> StoredType:
    """The column type of a part."""
    if part.storage is Storage.DECIMAL:
        return ScaledDecimal(part.precision, part.scale)
    return _PLAIN[part.storage]()


def writer_of(type_: TypeEngine[Any], dialect: SqlDialect) -> Converter | None:
    """What turns a Python value of this type into a driver value; None when nothing needs to."""
    if isinstance(type_, StoredType) and not (isinstance(type_, Json) and dialect.name == POSTGRESQL):
        return type_.writer(dialect.name)
    return type_.dialect_impl(dialect).bind_processor(dialect)


def reader_of(type_: TypeEngine[Any], dialect: SqlDialect) -> Converter | None:
    """What turns a raw driver value of this type into a Python scalar; None when nothing needs to."""
    if isinstance(type_, StoredType):
        return type_.reader(dialect.name)
    if isinstance(type_, sa.Numeric):
        return None  # its processor asks for the driver's type code; the drivers give the number itself
    if isinstance(type_, sa.Float):
        return None  # both drivers give a float
    return type_.dialect_impl(dialect).result_processor(dialect, None)
