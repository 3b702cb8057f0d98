"""Which options may be chosen as the other values of a record are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from xrm.engine.projection.programs import Scene
from xrm.engine.records.writer import Writer


def not_offered(
    writer: Writer, name: str, new: Mapping[str, Any], scene: Scene, kept: Collection[str] = ()
) -> list[str]:
    """Those of the keys that a field would hold which may not be chosen there, but for those that are kept."""
    offered = writer.programs.options[name]
    asked = (key for key in keys_of(new.get(name)) if key in offered and key not in kept)
    return [key for key in asked if offered[key](scene) is not True]


def without(value: Any, wrong: Collection[str]) -> Any:
    """The value without these keys; None where nothing is left."""
    return (
        tuple(key for key in keys_of(value) if key not in wrong) or None if isinstance(value, tuple) else None
    )


def keys_of(value: Any) -> tuple[str, ...]:
    """The keys that a choice, or one of several, holds."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, tuple | list | frozenset) else (str(value),)
