"""Dumpers: raw driver rows to JSON-ready records, by converters chosen once per list instead of per value.

A row dumper is made from the fields of a contract's schema. For storages whose raw value is known it takes a
short cut; for anything else it goes the long way by the field type's own join and dump. Both give the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from xrm.engine.projection.contracts import RECORD_ID, Contract, TypedField
from xrm.engine.projection.references import LOOKUP
from xrm.engine.projection.row_code import Cell, Converter, RowDumper, row_function
from xrm.engine.storage.types import stored_type
from xrm.metadata.fieldtypes.base import FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.builtins import value_from, write_value
from xrm.metadata.fieldtypes.choices import MULTI_CHOICE, TAGS
from xrm.metadata.fieldtypes.columns import as_is, only
from xrm.metadata.fieldtypes.iso import currency_decimals
from xrm.metadata.fieldtypes.money import MONEY
from xrm.metadata.fieldtypes.numbers import DECIMAL, PERCENT
from xrm.metadata.fieldtypes.times import (
    BOOLEAN,
    DATE,
    DATETIME,
    DURATION,
    TIME,
    write_duration,
    write_instant,
)
from xrm.metadata.values import MONEY_SCALE

RowConverter = Callable[[Sequence[Any]], Any]
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_UTC_ZONES = (UTC, ZoneInfo("UTC"))
_NO_FRACTION = ".000000Z"
REMEMBERED_IDS = 10_000
_MOST_PLAIN_SCALE = 6  # str() of a Decimal with more places may take an exponent
_JSON_AS_READ = frozenset({Storage.TEXT, Storage.LONG_TEXT, Storage.CODE, Storage.INTEGER, Storage.JSON})


class RowField(NamedTuple):
    """One field of the records in a list: its name in JSON, its type, and how many raw columns it takes."""

    name: str
    type: FieldType
    params: Params
    width: int


class ForeignAmount(dict[str, str]):
    """An amount as JSON has it, which also knows what it is `worth` in the base currency."""

    __slots__ = ("worth",)

    def __init__(self, shown: Mapping[str, str], worth: str) -> None:
        super().__init__(shown)
        self.worth = worth


def to_json(records: Any) -> bytes:
    """The JSON text of records as dumpers and contracts give them."""
    return orjson.dumps(records, option=orjson.OPT_UTC_Z)


def row_fields(contract: Contract, names: Sequence[str]) -> tuple[RowField, ...]:
    """The fields of a contract's schema as a list shows them."""
    found = ((name, contract.schema.dump_fields[name]) for name in names)
    return tuple(RowField(n, f.type, f.params, len(f.parts)) for n, f in found if isinstance(f, TypedField))


def compile_row(
    fields: Sequence[RowField | tuple[str, FieldType, Params, int]], dialect: str, *, native: bool = False
) -> RowDumper:
    """A function from a raw driver row, whose columns are the fields' parts in order, to a record.

    A name with dots is a value of the record that the name before them points at, and stands in it.
    With `native`, dates and times stay the objects that the driver gave, wherever `to_json` writes
    them as the field type would; that is twice as fast on PostgreSQL. Else all values are plain JSON.
    """
    cells, at = [], 0
    for name, type_, params, width in fields:
        cells.append(_cell(tuple(name.split(".")), type_, params, dialect, at, width, native))
        at += width
    return row_function(cells)


def _cell(
    path: tuple[str, ...], type_: FieldType, params: Params, dialect: str, at: int, width: int, native: bool
) -> Cell:
    if width == 1:
        return Cell(path, at, column_converter(type_, params, dialect, native))
    if type_ is LOOKUP and len(params.get("targets", ())) == 1 and "numbers" not in params:
        return Cell(path, at, _pointer_id(dialect, native), entity=params["targets"][0])
    return Cell(path, at, whole=_wide_converter(type_, params, dialect, at, width, native))


def _pointer_id(dialect: str, native: bool) -> Converter | None:
    """How the id of a record pointed at is shown; the same ones come again and again."""
    show = column_converter(RECORD_ID, {}, dialect, native)
    return show and _POINTER_IDS.get(dialect, show)


def column_converter(
    type_: FieldType, params: Params, dialect: str, native: bool = False
) -> Converter | None:
    """From the raw value of a type's one column to its JSON form; None if they are the same."""
    part = type_.parts(params)[0]
    if type_.dump is as_is and type_.join is only and part.storage in _JSON_AS_READ:
        return stored_type(part).reader(dialect)
    if native and (id(type_), dialect) in _NATIVE:
        return _NATIVE[id(type_), dialect]
    short_cut = _SHORT_CUTS.get((id(type_), dialect))
    return short_cut(part) if short_cut is not None else _long_way(type_, params, part, dialect)


def _long_way(type_: FieldType, params: Params, part: Part, dialect: str) -> Converter:
    read = stored_type(part).reader(dialect) or _unchanged
    return lambda raw: write_value(type_, value_from(type_, (read(raw),), params), params)


def _unchanged(raw: Any) -> Any:
    return raw


def _wide_converter(
    type_: FieldType, params: Params, dialect: str, at: int, width: int, native: bool
) -> RowConverter:
    """From the raw values of a type's several columns to its JSON form."""
    if type_ is MONEY:
        return _money(at, dialect)
    if type_ is LOOKUP and "numbers" not in params:
        show = _pointer_id(dialect, native) or _unchanged
        return _pointed(at, params["targets"], show)
    parts = type_.parts(params)
    readers = tuple(stored_type(part).reader(dialect) or _unchanged for part in parts)

    def convert(raw: Sequence[Any]) -> Any:
        pairs = zip(raw[at : at + width], readers, strict=True)
        scalars = tuple(None if value is None else read(value) for value, read in pairs)
        return write_value(type_, value_from(type_, scalars, params), params)

    return convert


def _pointed(at: int, targets: Sequence[str], show: Converter) -> RowConverter:
    """Id, entity and title of the one target that is pointed at, of several."""
    places = tuple((at + 2 * index, entity) for index, entity in enumerate(targets))

    def convert(raw: Sequence[Any]) -> Any:
        for place, entity in places:
            if raw[place] is not None:
                return {"id": show(raw[place]), "entity": entity, "title": raw[place + 1]}
        return None

    return convert


def _money(at: int, dialect: str) -> RowConverter:
    """Amount and currency; the amount lies at four places and is shown at those of its currency.

    One that is worth another number in the base currency tells that to whoever asks for it; JSON does not.
    """
    shows = _SCALED_MONEY if dialect == SQLITE else _EXACT_MONEY
    code, base = at + 1, at + 2

    def convert(raw: Sequence[Any]) -> Any:
        amount = raw[at]
        if amount is None:
            return None
        currency = raw[code]
        shown = {"amount": shows[currency_decimals(currency)](amount), "currency": currency}
        worth = raw[base]
        return shown if worth is None or worth == amount else ForeignAmount(shown, shows[MONEY_SCALE](worth))

    return convert


def _rounded(stored: int, shown: int) -> Converter:
    """From units of a scale of `stored` places to text of `shown` places, halves rounded up."""
    shrink, write = 10 ** (stored - shown), _pointed_units(shown)

    def convert(units: int) -> str:
        if units < 0:
            return f"-{convert(-units)}"
        whole, rest = divmod(units, shrink)
        return str(write(whole + 1 if 2 * rest >= shrink else whole))

    return convert if shrink > 1 else write


def _pointed_units(scale: int) -> Converter:
    """Writes units of the last decimal with the point before `scale` decimals."""
    one = 10**scale

    def convert(units: int) -> str:
        digits = str(units)
        if units >= one:
            return f"{digits[:-scale]}.{digits[-scale:]}"
        if units < 0:
            return f"-{convert(-units)}"
        return f"0.{digits.zfill(scale)}"

    return convert if scale else str


def _of_decimal(write: Converter) -> Converter:
    return lambda amount: write(int(amount.scaleb(MONEY_SCALE)))


_SCALED_MONEY = tuple(_rounded(MONEY_SCALE, shown) for shown in range(MONEY_SCALE + 1))
_EXACT_MONEY = tuple(_of_decimal(write) for write in _SCALED_MONEY)


def _scaled(part: Part) -> Converter:
    return _pointed_units(part.scale)


def _exact(part: Part) -> Converter:
    return str if part.scale <= _MOST_PLAIN_SCALE else lambda value: format(value, "f")


def _instant_of_text(text: str) -> str:
    return text[:19] + "Z" if text.endswith(_NO_FRACTION) else text


def _id_of_bytes(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo in _UTC_ZONES else value.astimezone(UTC)


def _duration_of_seconds(seconds: int) -> str:
    return write_duration(timedelta(seconds=seconds))


def _always(convert: Converter | None) -> Callable[[Part], Converter | None]:
    return lambda part: convert


# By the identity of the type, for a type that replaces a built-in one must not be read by its short cut.
_SHORT_CUTS: Mapping[tuple[int, str], Callable[[Part], Converter | None]] = {
    **{(id(type_), SQLITE): _scaled for type_ in (DECIMAL, PERCENT)},
    **{(id(type_), POSTGRESQL): _exact for type_ in (DECIMAL, PERCENT)},
    **{(id(type_), SQLITE): _always(orjson.loads) for type_ in (MULTI_CHOICE, TAGS)},
    **{(id(type_), POSTGRESQL): _always(None) for type_ in (MULTI_CHOICE, TAGS)},
    **{(id(type_), SQLITE): _always(None) for type_ in (DATE, TIME)},
    (id(DATE), POSTGRESQL): _always(date.isoformat),
    (id(TIME), POSTGRESQL): _always(time.isoformat),
    (id(DATETIME), SQLITE): _always(_instant_of_text),
    (id(DATETIME), POSTGRESQL): _always(write_instant),
    (id(RECORD_ID), SQLITE): _always(_id_of_bytes),
    (id(RECORD_ID), POSTGRESQL): _always(None),
    (id(BOOLEAN), SQLITE): _always(bool),
    (id(BOOLEAN), POSTGRESQL): _always(None),
    (id(DURATION), SQLITE): _always(_duration_of_seconds),
    (id(DURATION), POSTGRESQL): _always(_duration_of_seconds),
}
_POINTER_IDS: Mapping[str, Converter] = {SQLITE: lru_cache(maxsize=REMEMBERED_IDS)(_id_of_bytes)}
_NATIVE: Mapping[tuple[int, str], Converter | None] = {
    **{(id(type_), POSTGRESQL): None for type_ in (DATE, TIME)},
    (id(DATETIME), POSTGRESQL): _in_utc,
}
