"""From the cells of a row to the JSON values of a record; what they mean is decided by its contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from xrm.engine.transfer.formulas import original
from xrm.engine.transfer.mapping import Columns, Target
from xrm.engine.transfer.reader import Row
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.fieldtypes.base import Control, Option
from xrm.metadata.values import fold

Convert = Callable[[str], Any]
DATES = ("iso", "dmy", "mdy")
DECIMALS = (".", ",")
_DATE = re.compile(r"\s*(\d{1,2})[./-](\d{1,2})[./-](\d{4})\s*\Z")
_NUMBER = re.compile(r"\D*(\d[\d.,]*)\D*")
_POINTS = re.compile(r"\D*\d{1,3}(\.\d{3})+\D*")
_COMMAS = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
_NUMERIC = (Control.NUMBER, Control.DECIMAL, Control.PERCENT, Control.MONEY, Control.RATING)
_LIST = re.compile(r"[,;|\n]")


@dataclass(frozen=True, slots=True)
class Formats:
    """How a file writes what differs between countries."""

    date: str = "iso"
    decimal: str = "."

    @staticmethod
    def of(given: Mapping[str, Any]) -> Formats:
        """The formats that were said; raises Invalid for others."""
        allowed: Mapping[str, Sequence[str]] = {"date": DATES, "decimal": DECIMALS}
        for name, value in given.items():
            if value not in allowed.get(name, ()):
                known = ", ".join(f"{n}: {' or '.join(v)}" for n, v in allowed.items())
                where = Place(path=f"formats.{name}")
                raise Invalid(Problem("I114", f"The format {name} = {value!r} is not known.", known, where))
        return Formats(**given)


class Shaped(NamedTuple):
    """A row as values of a record. `meant` says by which text each lookup names its record."""

    row: Row
    values: dict[str, Any]
    meant: dict[Target, str]
    problems: tuple[Problem, ...] = ()


class Shaper:
    """Shapes the rows of one file, column by column; made once per import."""

    def __init__(self, columns: Columns, formats: Formats) -> None:
        self._width = len(columns.columns)
        self._plan = tuple((i, target, _converter(target, formats)) for i, target in columns.taken)
        self._has_parts = any(target.part and not target.is_lookup for _, target, _ in self._plan)

    def shape(self, rows: Sequence[Row]) -> list[Shaped]:
        """The values that the cells of each row mean; an empty cell is an empty value."""
        shaped = [Shaped(row, {}, {}, self._surplus(row)) for row in rows]
        for index, target, convert in self._plan:
            texts = [original(row.cells[index]) if index < len(row.cells) else "" for row in rows]
            if target.is_lookup:
                _mean(shaped, target, texts)
            else:
                _put(shaped, target, [convert(text) if text else None for text in texts])
        if self._has_parts:
            for one in shaped:
                _empty_parts(one.values)
        return shaped

    def _surplus(self, row: Row) -> tuple[Problem, ...]:
        if len(row.cells) <= self._width or not any(row.cells[self._width :]):
            return ()
        message = f"The row has {len(row.cells)} cells, and the heading {self._width} columns."
        return (Problem("I105", message, "Put quotes around texts that hold the separator."),)


def _mean(shaped: Sequence[Shaped], target: Target, texts: Sequence[str]) -> None:
    """What the texts mean is looked for later; until then the lookup is empty."""
    for one, text in zip(shaped, texts, strict=True):
        one.values[target.name] = None
        if text:
            one.meant[target] = text


def _put(shaped: Sequence[Shaped], target: Target, values: Sequence[Any]) -> None:
    for one, value in zip(shaped, values, strict=True):
        if target.part:
            _put_part(one.values, target, value)
        else:
            one.values[target.name] = value


def _put_part(values: dict[str, Any], target: Target, value: Any) -> None:
    """A part joins the others; an amount that stands under the field's own name is its main part."""
    whole = values.get(target.name)
    if not isinstance(whole, dict):
        whole = values[target.name] = {} if whole is None else {"amount": whole}
    whole[target.part] = value


def _empty_parts(values: dict[str, Any]) -> None:
    """A whole of which only empty parts came is empty, and so is an amount of which only the currency did."""
    for name, value in values.items():
        if isinstance(value, dict):
            kept = {part: v for part, v in value.items() if v is not None}
            values[name] = kept if kept.keys() - {"currency"} else None


def _converter(target: Target, formats: Formats) -> Convert:
    field = target.field
    if field is None:
        return _as_it_is
    control = field.type.control
    if control is Control.DATE and formats.date != "iso":
        return lambda text: _iso_date(text, formats.date)
    if _is_numeric(target):
        return _pointed if formats.decimal == "," else _without_commas
    if control is Control.SELECT:
        return _option_of(field.params.get("options", ()))
    if control is Control.MULTI_SELECT:
        one = _option_of(field.params.get("options", ()))
        return lambda text: [one(item.strip()) for item in _LIST.split(text) if item.strip()]
    return _as_it_is


def _as_it_is(text: str) -> str:
    return text


def _iso_date(text: str, order: str) -> str:
    found = _DATE.match(text)
    if found is None:
        return text
    first, second, year = found.groups()
    day, month = (first, second) if order == "dmy" else (second, first)
    return f"{year}-{int(month):02}-{int(day):02}"


def _pointed(text: str) -> str:
    """The number with a point before its decimals; points that do not part thousands stay where they are."""
    whole, comma, rest = text.partition(",")
    bare = whole.replace(".", "") if _POINTS.fullmatch(whole) else whole
    return f"{bare}.{rest}" if comma else bare


def _without_commas(text: str) -> str:
    """The number without commas, where a point shows that they part thousands."""
    return text.replace(",", "") if _COMMAS.fullmatch(text) else text


def _is_numeric(target: Target) -> bool:
    return target.field is not None and target.field.type.control in (*_NUMERIC, Control.GEO)


def decimal_of(columns: Columns, rows: Iterable[Row]) -> str:
    """What stands before decimals in this file: a comma where numbers show it and none shows a point.

    `1,234` shows neither; whoever writes `12,5` in another row means a comma there, too.
    """
    places = [index for index, target in columns.taken if _is_numeric(target)]
    seen: set[str] = set()
    for row in rows if places else ():
        seen.update(_mark_in(row.cells[index]) for index in places if index < len(row.cells))
        if "." in seen:
            return "."
    return "," if "," in seen else "."


def _mark_in(text: str) -> str:
    """The sign before the decimals of a number, as far as it can be told; else nothing."""
    found = _NUMBER.fullmatch(text)
    number = found[1] if found else ""
    mark = max(DECIMALS, key=number.rfind)
    other = "," if mark == "." else "."
    if mark not in number or (other in number and number.count(mark) > 1):
        return ""
    if number.count(mark) > 1:
        return other
    has_thousands = len(number.rpartition(mark)[2]) == 3 and other not in number
    return "" if has_thousands else mark


def _option_of(options: Sequence[Option]) -> Convert:
    """The key of an option, given as the key or as its label in any language."""
    keys = {fold(label): o.key for o in reversed(options) for label in o.label.values()}
    keys |= {fold(option.key): option.key for option in options}
    return lambda text: keys.get(fold(text), text)
