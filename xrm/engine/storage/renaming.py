"""The order in which names are taken: each is free by then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xrm.engine.storage.names import bounded, shadow_number

ASIDE = "zy__"  # before the name of what makes room for another, inside one transaction


def makes_room(name: str) -> bool:
    """Whether the name is one that something gets so that another can have its own."""
    return name.startswith(ASIDE) or shadow_number(name) is not None


def in_turn(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The renames in an order in which each new name is free; of a circle one makes room first."""
    left = dict(names)
    while left:
        ready = next((old for old, new in left.items() if new not in left), None)
        if ready is not None:
            yield ready, left.pop(ready)
            continue
        old = next(iter(left))
        aside = bounded(f"{ASIDE}{old}")
        yield old, aside
        left[aside] = left.pop(old)
