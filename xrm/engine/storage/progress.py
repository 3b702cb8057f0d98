"""What the journal says of work that is done ahead of a plan: what was begun, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.inspection import LiveSchema
from xrm.engine.storage.ledger import JOURNAL

COLUMNS = ("plan", "step", "sql", "at", "phase")


class Phase(StrEnum):
    """Of which kind a line is; those of steps that were taken say nothing."""

    BEGUN = "begun"
    DONE = "done"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Begun:
    """Something that is done ahead of the plan with this hash, and of which the journal knows no end."""

    plan: str
    what: tuple[str, ...]
    at: datetime


def is_kept(live: LiveSchema | None) -> bool:
    """Whether the journal tells it: that of an earlier program does not yet."""
    journal = live.tables.get(JOURNAL.name) if live else None
    return live is None or (journal is not None and "phase" in journal.columns)


def begin(unit: UnitOfWork, plan: str, what: Sequence[str], now: datetime) -> None:
    """These are under way."""
    _write(unit, plan, what, Phase.BEGUN, now)


def carry_out(unit: UnitOfWork, plan: str, step: str, now: datetime) -> None:
    """What was under way for the plan is a part of what is there."""
    if any(begun.plan == plan for begun in under_way(unit)):
        _write(unit, plan, [step], Phase.DONE, now)


def end(unit: UnitOfWork, why: str, now: datetime) -> None:
    """Nothing is under way any more."""
    for begun in under_way(unit):
        _write(unit, begun.plan, [why], Phase.GIVEN_UP, now)


def under_way(unit: UnitOfWork, live: LiveSchema | None = None) -> tuple[Begun, ...]:
    """What has been begun and has no end; nothing in a database `live` of before the journal told."""
    if not is_kept(live):
        return ()
    told = sa.select(JOURNAL.c.plan, JOURNAL.c.step, JOURNAL.c.at, JOURNAL.c.phase)
    found: dict[str, Begun] = {}
    for row in unit.execute(told.where(JOURNAL.c.phase.is_not(None)).order_by(JOURNAL.c.number)):
        if row.phase != Phase.BEGUN:
            found.pop(row.plan, None)
        else:
            known = found.get(row.plan, Begun(row.plan, (), row.at))
            found[row.plan] = Begun(row.plan, (*known.what, row.step), known.at)
    return tuple(found.values())


def _write(unit: UnitOfWork, plan: str, steps: Sequence[str], phase: Phase, now: datetime) -> None:
    rows = [{"plan": plan, "step": step, "sql": "", "at": now, "phase": phase.value} for step in steps]
    unit.insert_many(JOURNAL, COLUMNS, rows)
