"""Whose installation this is, in the one row that says which installation it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import INSTALLATION
from xrm.engine.storage.stamp import bump


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation's name, empty if none was given, and whether administrators are shown the first steps."""

    name: str = ""
    is_guided: bool = False


def read_organisation(unit: UnitOfWork) -> Organisation:
    """What this transaction sees of it."""
    row = unit.execute(sa.select(INSTALLATION.c.name, INSTALLATION.c.guided)).one_or_none()
    return Organisation() if row is None else Organisation(row.name or "", bool(row.guided))


def write_organisation(unit: UnitOfWork, *, name: str | None = None, is_guided: bool | None = None) -> None:
    """What is given is so now, and every process serves it."""
    given: dict[str, Any] = {"name": name, "guided": is_guided}
    values = {column: value for column, value in given.items() if value is not None}
    unit.execute(sa.update(INSTALLATION).values(values))
    bump(unit, model=True)
