"""What a field type is: a frozen value that names its storage, its control and its conversions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto
from typing import Any

from xrm.errors import Problem
from xrm.metadata.expressions.types import Type
from xrm.metadata.values import Worth

Params = Mapping[str, Any]
# What a value of a type, with the parameters of its field, is as JSON input of another type.
Say = Callable[[Any, Params], Any]


class Storage(StrEnum):
    """The closed set of ways a part is kept in a column."""

    TEXT = "text"  # with a folded twin column
    LONG_TEXT = "long_text"
    CODE = "code"  # short machine text, exact only: option keys, currency codes, colours
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    JSON = "json"
    UUID = "uuid"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Part:
    """One column of a field: `suffix` is empty for the only or main column, else `<field>__<suffix>`."""

    suffix: str
    storage: Storage
    precision: int = 18
    scale: int = 0
    max_length: int | None = None


class Control(StrEnum):
    """The closed set of form controls; each has faces for input, read, cell and filter."""

    LINE = "line"
    AREA = "area"
    RICH = "rich"
    MARKDOWN = "markdown"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    NUMBER = "number"
    DECIMAL = "decimal"
    PERCENT = "percent"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    SELECT = "select"
    MULTI_SELECT = "multi_select"
    TAGS = "tags"
    RATING = "rating"
    COLOR = "color"
    READONLY = "readonly"
    PERSON_NAME = "person_name"
    ADDRESS = "address"
    GEO = "geo"
    FILE = "file"
    IMAGE = "image"
    JSON = "json"
    SECRET = auto()
    EXPRESSION = "expression"
    LOOKUP = "lookup"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Option:
    """One allowed value of a choice: its stored key, labels by language, tag colour and former keys."""

    key: str
    label: Mapping[str, str]
    color: str = ""
    renamed_from: tuple[str, ...] = ()


class BadValue(ValueError):
    """An input that the type cannot take; `problem` has code R110-R129, message and hint.

    The message says what the field wants and starts with a verb ("Must be a date, for example 2026-05-31"),
    so that a label can stand before it. The path, if any, is the place inside the value.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the engine numbers new records: the name of the counter's span on a day, and the `n`-th number.

    Where numbers `may_skip`, one that is given to a record that does not come about is not given again.
    """

    span: Callable[[Params, date], str]
    number: Callable[[Params, int, date], str]
    may_skip: Callable[[Params], bool] = lambda _params: False


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field type as pure data and five pure functions; the only truth about its input.

    `params` is a JSON Schema (properties only) of the type's own keys in YAML.
    `parts(params)` names its columns. `parse(raw, params)` turns JSON input into the Python value or raises
    BadValue; null never reaches it, and an empty string or list means null and never reaches it either. It
    gives None for what turns out to be empty: blanks, a rich text without words, a structure of nulls.
    `dump(value, params)` gives the JSON form. `split(value, params)` gives one storage scalar per part, in
    order, and `join(scalars, params)` undoes it (all None gives None).
    `expression(params)` is the type that the field has in expressions; `part_types` those of `field.part`.
    `words(value, params)` is what search reads of it. `faults(params)` says in sentences what is wrong with
    parameters that their schema alone cannot refuse.

    `sorted_by` names the parts by which records are ordered, the first of them first; if none, it is the first part.
    `numbering` makes the values of new records. `in_base(value, worth)` is the value as it is stored where
    amounts are `worth` that in the base currency. A value `is_sealed` at rest, or is the id of files that the record
    takes in (`holds_files`), of pictures only (`holds_pictures`).

    A field can change its type where one is known to the other: `made_into` says values as input of types by name,
    `made_from` values of types by name as input of this one. Those between built-in types stand in one table.
    """

    name: str
    summary: str
    example: str
    control: Control
    parts: Callable[[Params], tuple[Part, ...]]
    parse: Callable[[Any, Params], Any]
    dump: Callable[[Any, Params], Any]
    split: Callable[[Any, Params], tuple[Any, ...]]
    join: Callable[[tuple[Any, ...], Params], Any]
    expression: Callable[[Params], Type]
    params: Mapping[str, Any] = field(default_factory=dict)
    required_params: tuple[str, ...] = ()
    part_types: Callable[[Params], Mapping[str, Type]] = lambda params: {}
    json_schema: Callable[[Params], Mapping[str, Any]] = lambda params: {}
    words: Callable[[Any, Params], str] = lambda value, params: ""
    faults: Callable[[Params], tuple[str, ...]] = lambda params: ()
    is_writable: bool = True
    is_readable: bool = True
    is_sortable: bool = True
    can_be_unique: bool = True
    can_be_searched: bool = False
    sorted_by: tuple[str, ...] = ()
    numbering: Numbering | None = None
    in_base: Callable[[Any, Worth], Any] | None = None
    is_sealed: bool = False
    holds_files: bool = False
    holds_pictures: bool = False
    made_into: Mapping[str, Say] = field(default_factory=dict)
    made_from: Mapping[str, Say] = field(default_factory=dict)
