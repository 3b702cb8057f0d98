"""The field types that every installation has, in the order in which a reader meets them."""

from __future__ import annotations

from typing import Any

from xrm.metadata.fieldtypes.autonumber import AUTONUMBER
from xrm.metadata.fieldtypes.base import FieldType, Params
from xrm.metadata.fieldtypes.choices import CHOICE_TYPES
from xrm.metadata.fieldtypes.files import FILE_TYPES
from xrm.metadata.fieldtypes.money import MONEY_TYPES
from xrm.metadata.fieldtypes.numbers import NUMBER_TYPES
from xrm.metadata.fieldtypes.people import PEOPLE_TYPES
from xrm.metadata.fieldtypes.places import PLACE_TYPES
from xrm.metadata.fieldtypes.plain_json import JSON
from xrm.metadata.fieldtypes.problems import is_blank
from xrm.metadata.fieldtypes.special import SPECIAL_TYPES
from xrm.metadata.fieldtypes.text import TEXT_TYPES
from xrm.metadata.fieldtypes.times import TIME_TYPES
from xrm.registry import Registry

BUILTIN_TYPES: tuple[FieldType, ...] = (
    *TEXT_TYPES,
    *NUMBER_TYPES,
    *MONEY_TYPES,
    *TIME_TYPES,
    *CHOICE_TYPES,
    *PEOPLE_TYPES,
    *PLACE_TYPES,
    *FILE_TYPES,
    AUTONUMBER,
    JSON,
    *SPECIAL_TYPES,
)


def builtin_registry() -> Registry[FieldType]:
    """A new registry that holds the built-in types and takes more until it is frozen."""
    registry: Registry[FieldType] = Registry("field type")
    for type_ in BUILTIN_TYPES:
        registry.register(type_.name, type_)
    return registry


def read_value(type_: FieldType, raw: Any, params: Params) -> Any:
    """The value that JSON input means for this type, None for null and all that means null."""
    return None if is_blank(raw) else type_.parse(raw, params)


def write_value(type_: FieldType, value: Any, params: Params) -> Any:
    """The JSON form of a value of this type, None for None."""
    return None if value is None else type_.dump(value, params)


def storage_scalars(type_: FieldType, value: Any, params: Params) -> tuple[Any, ...]:
    """One scalar per part of this type; all None for None."""
    return (None,) * len(type_.parts(params)) if value is None else type_.split(value, params)


def value_from(type_: FieldType, scalars: tuple[Any, ...], params: Params) -> Any:
    """The value that these scalars hold; None if they are all None."""
    return None if all(scalar is None for scalar in scalars) else type_.join(scalars, params)
