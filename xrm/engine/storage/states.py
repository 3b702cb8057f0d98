"""Records of an entity whose lifecycle is new or has fewer states: each is in a state that there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xrm.engine.storage.beings import STATE
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable
from xrm.engine.storage.matching import Match, Past, Standing
from xrm.engine.storage.steps import Begin, Effect, Occasion, Rows, Step, told
from xrm.engine.storage.turning import SAMPLES, Failing, lost_state
from xrm.engine.storage.types import Code, Text, Uuid
from xrm.errors import Problem
from xrm.metadata.model import Lifecycle

if TYPE_CHECKING:
    from alembic.operations import Operations


def begins(matched: Match, past: Past) -> Iterator[Step]:
    """A step for each entity with records that are in no state of its lifecycle, which begins for them."""
    for standing, stored, lifecycle in _living(matched, past):
        before = _states_before(standing, past, stored)
        if before is None or (standing.shadow is not None and not before <= lifecycle.states.keys()):
            yield _begin(standing, lifecycle)


def lost_states(unit: UnitOfWork, matched: Match, past: Past) -> Iterator[Problem]:
    """A problem for each state that would be gone, and in which records are; with a decision the plan looks itself."""
    for standing, stored, lifecycle in _living(matched, past):
        before = _states_before(standing, past, stored) or frozenset()
        is_told = standing.shadow is not None or STATE in standing.turns
        for state in sorted(() if is_told else before - lifecycle.states.keys()):
            problem = _held(unit, standing, state, lifecycle)
            if problem is not None:
                yield problem


def _living(matched: Match, past: Past) -> Iterator[tuple[Standing, EntityTable, Lifecycle]]:
    """What is stored of entities that have a lifecycle."""
    for stored in past.wanted or ():
        standing, lifecycle = matched.standings.get(str(stored.table.name)), stored.entity.lifecycle
        if standing is not None and lifecycle is not None and past.before is not None:
            yield standing, stored, lifecycle


def _states_before(standing: Standing, past: Past, stored: EntityTable) -> frozenset[str] | None:
    """The states that its records can be in now; None if they have none."""
    if standing.shadow is not None:
        kept: Any = standing.shadow.definition
        lifecycle = kept.get("lifecycle") if isinstance(kept, dict) else None
        return frozenset(lifecycle["states"]) if lifecycle else None
    former = (
        past.before.model.entities.get(past.identities.present(stored.entity.name)) if past.before else None
    )
    return frozenset(former.lifecycle.states) if former is not None and former.lifecycle is not None else None


def _begin(standing: Standing, lifecycle: Lifecycle) -> Step:
    initial, there = lifecycle.initial.name, standing.columns.get("state")

    def stateless(state: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        return sa.or_(state.is_(None), state.not_in(sorted(lifecycle.states)))

    def note(unit: UnitOfWork, occasion: Occasion) -> None:
        table = standing.table
        begun = sa.update(table).values(state=initial, state_since=occasion.at)
        unit.execute(begun.where(stateless(table.c.state)))

    def measure(unit: UnitOfWork) -> Rows:
        rows = sa.table(standing.live.name, sa.column("id", Uuid()))
        counted = sa.select(sa.func.count()).select_from(rows)
        if there is not None:
            counted = counted.where(stateless(sa.column(there, Code())))
        return Rows(int(unit.execute(counted).scalar_one()))

    sentence = f"Begin the lifecycle of {told(standing.table)} for records that are in none of its states: {initial}."
    inverse = "Take the lifecycle out; the states are kept for a time."
    return Begin(sentence, lambda op: _run(op, standing), inverse, Effect.REWRITE, measure=measure, note=note)


def _run(op: Operations, standing: Standing) -> None:
    """A database administrator is told what a program does with the rows."""
    if op.get_context().as_sql:
        op.execute(f"-- records of {standing.table.name} without a state get the first one from xrm")


def _held(unit: UnitOfWork, standing: Standing, state: str, lifecycle: Lifecycle) -> Problem | None:
    there: sa.ColumnClause[Any] = sa.column(standing.columns["state"], Code())
    rows = sa.table(standing.live.name, sa.column("id", Uuid()), sa.column("title", Text()), there)
    held = sa.select(sa.func.count()).select_from(rows).where(there == state)
    count = int(unit.execute(held).scalar_one())
    if not count:
        return None
    some = sa.select(rows.c.title, rows.c.id).where(there == state).order_by(rows.c.id).limit(SAMPLES)
    failing = Failing(count, [f"{row.title} ({row.id})" for row in unit.execute(some)])
    return lost_state(standing.table.info["entity"], state, failing, lifecycle.place)
