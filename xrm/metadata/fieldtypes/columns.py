"""What field types of one column share: their parts, and values that are stored and shown as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xrm.metadata.expressions.types import Type
from xrm.metadata.fieldtypes.base import Params, Part, Storage


def column(storage: Storage) -> Callable[[Params], tuple[Part, ...]]:
    """The parts of a type that has one column of this storage whatever its parameters."""
    parts = (Part("", storage),)
    return lambda params: parts


def typed(kind: Type) -> Callable[[Params], Type]:
    """The expression type of a field type that has the same one whatever its parameters."""
    return lambda params: kind


def as_is(value: Any, params: Params) -> Any:
    """`value`, for types whose JSON form is the value itself."""
    return value


def as_text(value: Any, params: Params) -> str:
    """The value as text."""
    return str(value)


def alone(value: Any, params: Params) -> tuple[Any, ...]:
    """The scalars of a type whose one column holds the value itself."""
    return (value,)


def only(scalars: tuple[Any, ...], params: Params) -> Any:
    """The value of a type whose one column holds it."""
    return scalars[0]


def schema(**keywords: Any) -> Callable[[Params], Mapping[str, Any]]:
    """The JSON schema of a type that has the same one whatever its parameters."""
    return lambda params: dict(keywords)
