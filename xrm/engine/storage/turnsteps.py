"""The step of a plan with which values of a field become others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.beings import say_since
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.forms import DECIDED, NOTHING_DECIDED, Decided
from xrm.engine.storage.hidden import additions
from xrm.engine.storage.ledger import ACTIVATION
from xrm.engine.storage.lineage import state_of
from xrm.engine.storage.matching import Past, Standing
from xrm.engine.storage.names import shadow_name
from xrm.engine.storage.shadows import Shadow, forget, keep
from xrm.engine.storage.steps import COMPARED, Effect, Occasion, Step, TurnValues, says
from xrm.engine.storage.turn import Turn
from xrm.engine.storage.turnahead import copies_of
from xrm.engine.storage.turning import looked, write
from xrm.metadata.fingerprint import canonical

if TYPE_CHECKING:
    from alembic.operations import Operations


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the columns of a turned field go: those of now into shadow `number`, those that come back to their names.

    `aside` gives for each column of now, by its former name, the one of the shadow.
    """

    number: int
    aside: Mapping[str, str]
    back: Mapping[str, str]

    @property
    def names(self) -> Mapping[str, str]:
        """All new names by the present ones."""
        return {**self.aside, **self.back}


def setting_of(turn: Turn, standing: Standing, number: int) -> Setting:
    """The names of the columns after the plan."""
    aside = {column: shadow_name(number, column) for column in turn.aside}
    return Setting(number, aside, {there: name for name, there in turn.back.items()})


def aside_words(turn: Turn, after: str) -> str:
    """What a renamed column is about."""
    is_back = any(after == column.name for column in turn.wanted)
    return (
        f"Take out the values of {turn.name} that were kept" if is_back else f"Keep the values of {turn.name}"
    )


def turn_step(
    turn: Turn, standing: Standing, setting: Setting, shadow: Shadow | None, dialect: SqlDialect, past: Past
) -> Step:
    """The columns are those that are wanted and hold what the values become; those of now are a shadow."""
    there = dict(zip(turn.columns, (c.name for c in turn.stored.columns), strict=False)) if turn.fills else {}
    names = {**setting.names, **there}

    def note(unit: UnitOfWork, occasion: Occasion) -> None:
        if turn.shadow is not None:
            forget(unit, [turn.shadow.number])
        if shadow is not None:
            keep(unit, replace(shadow, turned=_turned(unit, turn, shadow.number)), occasion)
        if turn.returning is not None:
            forget(unit, [turn.returning.number])
        versions, is_held = past.copied.get(turn.name, {}), turn.holder in past.made
        write(unit, turn, standing.table.name, versions, names, is_held=is_held)
        if turn.is_state:
            say_since(unit, standing.table, occasion.at)

    used = turn.change.uses(turn.change.decided) != NOTHING_DECIDED
    return TurnValues(
        " ".join((_sentence(turn, standing, past.days), *decided(turn))),
        _running(turn, standing, dialect),
        _inverse(turn),
        Effect.DECISION if used else Effect.REWRITE,
        measure=lambda unit: looked(unit, turn, standing.live.name, past.seen).rows,
        note=note,
        holds=COMPARED,
        place=turn.stored.field.place,
    )


def _running(turn: Turn, standing: Standing, dialect: SqlDialect) -> Callable[[Operations], None]:
    """The columns get their names; a database administrator is told what was done before that."""
    table, quote = standing.table.name, dialect.identifier_preparer.quote
    names = copies_of(turn) if turn.adds else {}
    add = says(additions(turn.wanted, table, dialect) if turn.adds else ())
    name = says(
        f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {quote(new)}" for new, old in names.items()
    )

    def run(op: Operations) -> None:
        if op.get_context().as_sql:
            add(op)
            op.execute(f"-- each value of {turn.name} is read, converted and written by xrm")
        name(op)

    return run


def _turned(unit: UnitOfWork, turn: Turn, number: int) -> dict[str, Any]:
    """What the ledger has to know to bring the values back: their state, of which versions, and what led to others."""
    version = int(unit.execute(sa.select(sa.func.max(ACTIVATION.c.number))).scalar() or 0)
    last, back = turn.last.turned if turn.last else None, turn.returning
    state, edges = state_of(turn.last), list(last["edges"]) if last else []
    now = back.turned["state"] if back else f"{version}.{number}"
    if back is None:
        before, after = (
            turn.definition or (turn.shadow and turn.shadow.definition),
            canonical(turn.stored.field),
        )
        said = turn.change.decided.as_json()
        edges.append({"from": state, "to": now, "before": before, "after": after, DECIDED: said})
    return {
        "state": state,
        "now": now,
        "edges": edges,
        "version": version,
        "versions": [*(last["next"] if last else ()), [last["version"] + 1 if last else 0, version]],
        "next": back.turned["versions"] if back else [],
    }


# --- words ------------------------------------------------------------------------------------------


def _sentence(turn: Turn, standing: Standing, days: int) -> str:
    name, table, change = turn.name, standing.table.name, turn.change
    kept = f"the values of now are kept for {days} days."
    if turn.fills:
        return f"Fill in {name} ({table}) where a record has no value."
    if turn.is_new:
        return f"Add the field {name} ({table}), filled in for the records that are there."
    if turn.returning is not None:
        return f"Bring back the values of {name} ({table}), with what was changed since; {kept}"
    if turn.is_state:
        return (
            f"Move records of {turn.entity} ({table}) out of states that will be gone, without a step; {kept}"
        )
    if turn.shadow is not None:
        return f"Bring back {name} ({table}) so that its values fit; those that were removed are kept for {days} days."
    if change.before.type.name != change.after.type.name:
        return f"Turn {name} ({table}) from {change.before.type.name} into {change.after.type.name}; {kept}"
    return f"Change values of {name} ({table}) so that they fit; {kept}"


def decided(turn: Turn) -> Iterator[str]:
    """What was decided about the values, in sentences."""
    made: Decided = turn.change.uses(turn.change.decided)
    if made.unfit is not None:
        yield f"A value that does not fit becomes {made.unfit or 'empty'}."
    if made.empty is not None:
        yield f"A record without a value gets {made.empty}."
    for option, said in sorted(made.options.items()):
        yield f"The {'state' if turn.is_state else 'option'} {option} becomes {said or 'empty'}."


def _inverse(turn: Turn) -> str:
    if turn.is_new:
        return f"Remove {turn.name}; its values are kept for a time."
    return "Roll back: the values of before come back, with what is changed until then."
