"""What follows in more records than one transaction should hold is left to a job, which is part of the transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol
from uuid import UUID

from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.origins import MANY, count_all, origins
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.rows import hold
from xrm.engine.storage.waits import TrailNumbers, Wait, add_wait
from xrm.metadata.dependencies import Step, Trail, Watch, Way
from xrm.metadata.model import POINTERS


class Postponer(Protocol):
    """Whoever begins jobs that find what was left for later."""

    def prepare(self) -> None:
        """Jobs can be begun; called outside of any transaction."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether jobs can be begun inside of a transaction."""
        ...

    def begin(self, unit: UnitOfWork) -> UUID:
        """A job goes on when the transaction has committed; gives its id."""
        ...


def within_bound(setting: Setting, trail: Trail, ends: Collection[UUID]) -> Collection[UUID] | None:
    """The records from which the trail leads to the ends; None if these are too many to be found at once.

    Without a trail they are the ends themselves, which the transaction has in hand.
    """
    if not trail:
        return ends
    most = MANY if setting.later is None else setting.limits.fan_out
    found = origins(setting, trail, ends, most + 1)
    return None if len(found) > most else found


def postpone(setting: Setting, tally: Tally, watch: Watch, trail: Trail, ends: Collection[UUID]) -> None:
    """A job finds the value in every record from which the trail leads to the ends, once this is committed.

    Who finds one of these values at the same moment from what was before has done so when that job begins.
    """
    job = _job(setting, tally)
    writer = setting.writers[watch.entity]
    if writer.programs.formula_reaches[watch.field].loose:
        hold(setting.unit, f"rule:{writer.name}.{watch.field}")
    numbers = setting.writers.numbers
    field = numbers.fields[watch.entity, watch.field]
    wait = Wait(0, job, writer.number, field, tuple(_numbers_of(setting, trail)), tuple(sorted(ends)))
    add_wait(setting.unit, wait, setting.now)


def is_beyond(setting: Setting, entity: str) -> bool:
    """Whether the entity has more records than are found at once, where a job can find them."""
    most = setting.limits.fan_out
    return setting.later is not None and count_all(setting, entity, most=most + 1) > most


def postpone_all(setting: Setting, tally: Tally, entity: str, field: str) -> None:
    """A job finds the value in every record of the entity, once this is committed."""
    numbers = setting.writers.numbers
    wait = Wait(0, _job(setting, tally), numbers.entities[entity], numbers.fields[entity, field], (), ())
    add_wait(setting.unit, wait, setting.now)


def _job(setting: Setting, tally: Tally) -> UUID:
    """The job of the transaction."""
    if tally.job is None:
        if setting.later is None:
            raise AssertionError("nothing is left for later where nobody does it")
        tally.job = setting.later(setting.unit)
    return tally.job


def _numbers_of(setting: Setting, trail: Trail) -> Iterator[tuple[str, int, int, int]]:
    """The steps of the trail in numbers, which stay when names change."""
    entities, fields = setting.numbers, setting.writers.numbers.fields
    for step in trail:
        relationship = fields[step.owner, step.relationship]
        yield step.way.value, entities[step.entity], entities[step.to], relationship


def trail_of(setting: Setting, numbers: TrailNumbers) -> Trail | None:
    """The trail by the names of now; None if something on it is no longer there."""
    names, fields = setting.entity_names, setting.writers.numbers.field_names
    steps = []
    for way, entity, to, relationship in numbers:
        owner, name = fields.get(relationship, ("", ""))
        step = Step(Way(way), names.get(entity, ""), names.get(to, ""), name)
        if step.owner != owner or owner not in setting.writers:
            return None
        stored = setting.writers[owner].table
        kept = stored.links if step.way in (Way.LINKED, Way.LINKING) else {*stored.lookups, *POINTERS}
        if name not in kept:
            return None
        steps.append(step)
    return tuple(steps)
