"""The content hash of a model: equal for equal meaning, on every machine, whatever the files look like."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final

import orjson

from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.model import Model

# Where things are written, how files are formatted and who uses what are no part of what the model means.
_LEFT_OUT: Final = frozenset({"place", "content", "references", "fingerprint", "former", "notes"})


def fingerprint_of(model: Model) -> str:
    """`sha256:` and the hash of the model's canonical form."""
    return f"sha256:{hashlib.sha256(canonical_json(model)).hexdigest()}"


def canonical_json(model: Model) -> bytes:
    """The model as JSON with sorted keys; what has its default value is left out."""
    return orjson.dumps(canonical(model), option=orjson.OPT_SORT_KEYS)


_PLAIN: Final = frozenset({str, int, bool, type(None)})


def canonical(value: Any) -> Any:
    """Any part of a model in plain values, without what has its default and without places."""
    kind: Any = type(value)
    return value if kind in _PLAIN else _writer(kind)(value)


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    """How values of this kind are written; asked once for each kind."""
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, tuple | list):
        return lambda value: [canonical(v) for v in value]
    if issubclass(kind, Mapping):
        return lambda value: {str(k): canonical(v) for k, v in value.items()}
    if issubclass(kind, frozenset):
        return lambda value: sorted(canonical(v) for v in value)
    if issubclass(kind, Expression):
        # A tree's repr holds all of it and nothing of how it was written.
        return lambda value: repr(value.tree)
    if issubclass(kind, FieldType):
        return lambda value: value.name
    return _fields_writer(kind) if is_dataclass(kind) else str


def _fields_writer(kind: Any) -> Callable[[Any], Any]:
    """Writes the fields that differ from their defaults."""
    counted = [(f.name, _default(f)) for f in fields(kind) if f.name not in _LEFT_OUT]
    return lambda value: {n: canonical(v) for n, d in counted if (v := getattr(value, n)) != d}


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default
