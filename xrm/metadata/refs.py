"""Records named inside of values, as in `{ref: name}`, of seeds and of scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def is_ref(value: Any) -> bool:
    """Whether the value names another record, perhaps with attributes of the link to it."""
    return isinstance(value, Mapping) and isinstance(value.get("ref"), str)


def refs_in(value: Any) -> Iterator[str]:
    """Every ref inside a value."""
    if is_ref(value):
        yield value["ref"]
    elif isinstance(value, Mapping):
        yield from (ref for inner in value.values() for ref in refs_in(inner))
    elif isinstance(value, list | tuple):
        yield from (ref for inner in value for ref in refs_in(inner))


def with_refs(value: Any, point: Callable[[str], Mapping[str, str]]) -> Any:
    """The value with what `point` gives in the place of every ref."""
    if is_ref(value):
        return {**{n: v for n, v in value.items() if n != "ref"}, **point(value["ref"])}
    if isinstance(value, Mapping):
        return {name: with_refs(inner, point) for name, inner in value.items()}
    return [with_refs(inner, point) for inner in value] if isinstance(value, list | tuple) else value
