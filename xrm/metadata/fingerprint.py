"""The content hash of a model: equal for equal meaning, on every machine, whatever the files look like."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from functools import cache
from typing import Any, Final

import orjson

from xrm.errors import Place
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.model import Model

# Where things are written, how files are formatted and who uses what are no part of what the model means.
_LEFT_OUT: Final = frozenset({"place", "content", "references", "fingerprint"})


def fingerprint_of(model: Model) -> str:
    """`sha256:` and the hash of the model's canonical form."""
    return f"sha256:{hashlib.sha256(canonical_json(model)).hexdigest()}"


def canonical_json(model: Model) -> bytes:
    """The model as JSON with sorted keys; what has its default value is left out."""
    return orjson.dumps(_canonical(model), option=orjson.OPT_SORT_KEYS)


def _canonical(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, tuple | list):
        return [_canonical(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): _canonical(v) for k, v in value.items()}
    if isinstance(value, frozenset):
        return sorted(_canonical(v) for v in value)
    if isinstance(value, Expression):
        # A tree's repr holds all of it and nothing of how it was written.
        return repr(value.tree)
    if isinstance(value, FieldType):
        return value.name
    kind: Any = type(value)
    slots = _slots(kind)
    if slots is None:
        return str(value)
    return {name: _canonical(v) for name, default in slots if (v := getattr(value, name)) != default}


@cache
def _slots(kind: Any) -> tuple[tuple[str, Any], ...] | None:
    """The fields of a dataclass that count, with their defaults; None for anything else."""
    if not hasattr(kind, "__dataclass_fields__") or issubclass(kind, Place):
        return None
    found = []
    for field in fields(kind):
        if field.name not in _LEFT_OUT:
            made = field.default_factory() if field.default_factory is not MISSING else MISSING
            found.append((field.name, field.default if field.default is not MISSING else made))
    return tuple(found)
