"""Roles, teams and units as they are named on the command line, each known before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from xrm.errors import Invalid, NotFound, Place, Problem
from xrm.registry import near_names

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime


def checked_roles(runtime: Runtime, roles: Iterable[str]) -> tuple[str, ...]:
    """The roles, each of which exists; raises Invalid with all that do not."""
    chosen, known = tuple(roles), runtime.current().policy.roles
    problems = [_unknown_role(role, known) for role in chosen if role not in known]
    if problems:
        raise Invalid(problems)
    return chosen


def _unknown_role(role: str, known: Iterable[str]) -> Problem:
    near = near_names(role, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    return Problem("R120", f"There is no role {role!r}.", hint, Place(path="role"))


def demand_team(runtime: Runtime, name: str) -> UUID:
    """The team with this name; raises NotFound."""
    return _demand(runtime.directory.team, "team", name)


def demand_unit(runtime: Runtime, name: str) -> UUID:
    """The business unit with this name; raises NotFound."""
    return _demand(runtime.directory.unit, "unit", name)


def _demand(find: Callable[[str], UUID | None], kind: str, name: str) -> UUID:
    found = find(name)
    if found is None:
        raise NotFound(Problem("R104", f"There is no {kind} {name!r}.", "Check the name.", Place(path=kind)))
    return found
