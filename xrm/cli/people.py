"""Teams and units as they are named on the command line, each known before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from xrm.errors import NotFound, Place, Problem

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime


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
