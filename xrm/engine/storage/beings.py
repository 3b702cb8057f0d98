"""The state of a record as a value like others: which state of its lifecycle it is in, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable, StoredField
from xrm.engine.storage.forms import BEING, Change, Decided, Decisions, Fault, Form, Unfit, undecided
from xrm.errors import Problem
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import Control, FieldType, Option, Params, Part, Storage
from xrm.metadata.fieldtypes.choices import options_of
from xrm.metadata.model import Field, Lifecycle

STATE = "state"
STATE_COLUMNS = (STATE, "state_since")


class Being(NamedTuple):
    """A record is in this state since then; it has yet to be said since when where a plan puts it there."""

    state: str
    since: datetime | None = None

    def is_after(self, moment: datetime | None) -> bool:
        """Whether the record came to it after that."""
        return self.since is not None and moment is not None and self.since > moment


def _parts(params: Params) -> tuple[Part, ...]:
    return Part("", Storage.CODE), Part("since", Storage.DATETIME)


def _expression(params: Params) -> Type:
    return Type(Kind.CHOICE, options=tuple(option.key for option in options_of(params)))


# No field has this type: records get their state by steps, and by a plan that takes a state out.
LIFECYCLE = FieldType(
    name=BEING,
    summary="The state of a record, and since when.",
    example="open",
    control=Control.READONLY,
    parts=_parts,
    parse=lambda raw, params: Being(raw),
    dump=lambda value, params: value.state,
    split=lambda value, params: tuple(value),
    join=lambda scalars, params: Being(*scalars),
    expression=_expression,
    is_writable=False,
)


def state_field(lifecycle: Lifecycle) -> Field:
    """What keeps the states of this lifecycle."""
    options = tuple(Option(state.name, state.label, state.color) for state in lifecycle.states.values())
    return Field(STATE, LIFECYCLE, {}, params={"options": options}, place=lifecycle.place)


def stored_state(stored: EntityTable) -> StoredField | None:
    """Where the entity keeps the states of its records; None if it has no lifecycle."""
    lifecycle = stored.entity.lifecycle
    if lifecycle is None:
        return None
    return StoredField(
        state_field(lifecycle), (stored.table.c.state, stored.table.c.state_since), (None, None)
    )


def decided_states(decisions: Decisions, entity: str) -> Decided:
    """Those of the decisions that say where records of this entity go from a state that will be gone."""
    start = f"{Fault.STATE}:{entity}."
    return Decided(options={k.removeprefix(start): to for k, to in decisions.items() if k.startswith(start)})


@dataclass(frozen=True)
class ChangeOfStates(Change):
    """From the states of one lifecycle to those of another. Records go where it was decided, without a step."""

    @cached_property
    def lost_options(self) -> frozenset[str]:
        """The states that will be gone."""
        return frozenset(self._before) - frozenset(self._after)

    @property
    def _before(self) -> Mapping[str, Option]:
        return {option.key: option for option in options_of(self.before.params)}

    @cached_property
    def _after(self) -> Mapping[str, Option]:
        return {option.key: option for option in options_of(self.after.params)}

    def value(self, value: Any, used: list[tuple[Fault, str]] | None = None) -> Any:
        """The state that the record is in then; raises Unfit where it would be gone and nothing was decided."""
        if value is None or value.state in self._after:
            return value
        to = self.decided.options.get(value.state)
        if to is None:
            raise Unfit(Fault.STATE, option=value.state)
        if used is not None:
            used.append((Fault.STATE, value.state))
        return Being(to)

    def faults(self, entity: str, name: str) -> Iterator[Problem]:
        """What is wrong with the decisions themselves."""
        for key, to in self.decided.options.items():
            if to not in self._after:
                there = ", ".join(self._after)
                yield undecided(
                    f"{Fault.STATE}:{entity}.{key}", f"{to!r} is no state of {entity}; it has {there}."
                )

    def uses(self, decided: Decided) -> Decided:
        """Those of the decisions that are about something that can happen."""
        return Decided(options={key: to for key, to in decided.options.items() if key in self.lost_options})


def change_between(before: Form, after: Form, decided: Decided, currency: str) -> Change:
    """From one form to another, be they forms of a field or of states."""
    kind = ChangeOfStates if before.type.name == BEING else Change
    return kind(before, after, decided, currency)


def say_since(unit: UnitOfWork, table: sa.Table, at: datetime) -> None:
    """Records that a plan has put in a state are in it since then."""
    put = sa.update(table).values(state_since=at)
    unit.execute(put.where(table.c.state.is_not(None), table.c.state_since.is_(None)))
