"""Roles as people name them, each known before anybody is given it."""

from __future__ import annotations

from collections.abc import Iterable

from xrm.errors import Invalid, Place, Problem
from xrm.registry import near_names


def checked_roles(chosen: Iterable[str], known: Iterable[str], path: str = "role") -> tuple[str, ...]:
    """The roles, each of which exists; raises Invalid with all that do not, at that place."""
    given, names = tuple(chosen), tuple(known)
    problems = [_unknown(role, names, path) for role in given if role not in names]
    if problems:
        raise Invalid(problems)
    return given


def _unknown(role: str, known: tuple[str, ...], path: str) -> Problem:
    near = near_names(role, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    return Problem("R120", f"There is no role {role!r}.", hint, Place(path=path))
