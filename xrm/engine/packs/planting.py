"""Seeds become records: each once, known by its external key, through the one write pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from xrm.engine.commands import (
    Actor,
    Command,
    Create,
    Outcome,
    Target,
    Transition,
    Update,
    inside,
)
from xrm.engine.packs.seeds import Planting, SeedRecord, key_of, plan_seed
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.world import World
from xrm.errors import Problem, XrmError
from xrm.metadata.expressions.environment import Context
from xrm.metadata.model import Model
from xrm.metadata.moments import is_moment, moved
from xrm.metadata.refs import with_refs

T = TypeVar("T")
BATCH = 200
KEYS_AT_ONCE = 500

Execute = Callable[[Sequence[Command]], Outcome]
Progress = Callable[[int, int], None]
Batch = Sequence[tuple[SeedRecord, Command]]


@dataclass(frozen=True, slots=True)
class Known:
    """A record that is there, perhaps in the trash: its id, its version and who changed it last."""

    id: UUID
    version: int
    changed_by: UUID | None
    is_trashed: bool

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has touched it since it was made."""
        return self.version == 1 and not self.is_trashed


def no_progress(done: int, total: int) -> None:
    """Nobody watches."""


class SeedRefused(XrmError):
    """The write pipeline refused records of a seed; the places are those of the seed files."""

    code, title = "P100", "The seed is refused"


@dataclass(frozen=True, slots=True)
class Planter:
    """Makes the records of seeds; `elsewhere` are the records that other seeds bring, by external key.

    Days that move with the planting are those of `zone`.
    """

    model: Model
    installer: Actor
    world: World
    zone: str
    elsewhere: Mapping[str, str]

    def plan(self, records: Sequence[SeedRecord]) -> Planting:
        """The rounds in which the records can be made; raises MetadataInvalid."""
        return plan_seed(records, self.elsewhere, self._can_wait)

    def plant(
        self,
        planting: Planting,
        known: Mapping[str, Known],
        execute: Execute,
        progress: Progress = no_progress,
    ) -> int:
        """Every record of the seed is there; gives how many were made now, besides the `known` ones."""
        ids = {key: found.id for key, found in known.items()}
        fresh = [tuple(r for r in round_ if r.key not in known) for round_ in planting.rounds]
        ids.update((r.key, self.world.new_id()) for round_ in fresh for r in round_)
        left = self._unfinished(planting, known)
        batches = self._batches(fresh, left, _Pointer(self.model, planting, ids, self._context()))
        total, done = sum(map(len, batches)), 0
        for batch in batches:
            self._run(batch, execute)
            done += len(batch)
            progress(done, total)
        return sum(map(len, fresh))

    def _context(self) -> Context:
        now = self.world.now()
        return Context(now.astimezone(ZoneInfo(self.zone)).date(), now, self.zone)

    def _unfinished(self, planting: Planting, known: Mapping[str, Known]) -> list[SeedRecord]:
        """Records with late lookups to fill or steps to take: new ones, and those that an interruption left."""
        late = {key for key, _ in planting.late}
        records = (r for r in planting.written if r.key in late or r.steps)
        return [r for r in records if r.key not in known or known[r.key].is_untouched]

    def _batches(
        self, fresh: Sequence[Sequence[SeedRecord]], left: Sequence[SeedRecord], pointer: _Pointer
    ) -> list[Batch]:
        """What makes the records, then what finishes them. A record is finished whole, so that an interruption
        leaves it untouched or done."""
        made = [
            chunk for round_ in fresh for chunk in chunks([(r, pointer.create(r)) for r in round_], BATCH)
        ]
        portions = _portions([(record, pointer.finish(record)) for record in left], BATCH)
        return [*made, *(_in_waves(portion) for portion in portions)]

    def _run(self, batch: Batch, execute: Execute) -> None:
        try:
            execute([command for _, command in batch])
        except XrmError as error:
            if error.facts.get("retry"):
                raise
            raise SeedRefused([_in_file(p, batch) for p in error.problems], facts=error.facts) from error

    def _can_wait(self, entity: str, name: str) -> bool:
        lookup = self.model.entities[entity].relationships.get(name)
        return lookup is not None and not lookup.required


@dataclass(frozen=True, slots=True)
class _Pointer:
    model: Model
    planting: Planting
    ids: Mapping[str, UUID]
    context: Context

    def create(self, record: SeedRecord) -> Create:
        """The command that makes the record, without its late lookups."""
        now = {n: v for n, v in record.values.items() if (record.key, n) not in self.planting.late}
        values = {"external_key": record.key, **self._pointed(record, now)}
        return Create(record.entity, values, id=self.ids[record.key])

    def finish(self, record: SeedRecord) -> list[Command]:
        """The commands that fill the record's late lookups and take its steps."""
        target = Target(self.ids[record.key])
        late = {n: v for n, v in record.values.items() if (record.key, n) in self.planting.late}
        filled: list[Command] = [Update(record.entity, target, self._pointed(record, late))] if late else []
        return [*filled, *(self._step(record, target, name) for name in record.steps)]

    def _step(self, record: SeedRecord, target: Target, name: str) -> Transition:
        lifecycle = self.model.entities[record.entity].lifecycle
        step = lifecycle.transitions.get(name) if lifecycle else None
        reason = record.reason if step and step.reason_required else ""
        return Transition(record.entity, target, name, reason=reason)

    def _pointed(self, record: SeedRecord, values: Mapping[str, Any]) -> dict[str, Any]:
        relationships = self.model.entities[record.entity].relationships
        moved_on = {n: self._moved(record, n, v) for n, v in values.items()}
        pointed = {n: with_refs(v, lambda ref: self._point(ref, record)) for n, v in moved_on.items()}
        nested = {n: v for n, v in pointed.items() if n in relationships and isinstance(v, list)}
        return {**pointed, **{name: {"create": items} for name, items in nested.items()}}

    def _moved(self, record: SeedRecord, name: str, value: Any) -> Any:
        """The value, or the day or instant that it says by the day of planting."""
        field = self.model.entities[record.entity].fields.get(name)
        is_said = field is not None and is_moment(field.type.name, value)
        return moved(field.type.name, value, self.context) if field and is_said else value

    def _point(self, ref: str, record: SeedRecord) -> dict[str, str]:
        key = key_of(ref, record)
        return {"entity": self.planting.entities[key], "id": str(self.ids[key])}


def known_records(unit: UnitOfWork, schema: Schema, entities: Mapping[str, str]) -> dict[str, Known]:
    """Those of the records that are there, trashed ones too, by external key."""
    by_entity: dict[str, list[str]] = {}
    for key, entity in entities.items():
        if entity in schema.entities:
            by_entity.setdefault(entity, []).append(key)
    found: dict[str, Known] = {}
    for entity, keys in by_entity.items():
        table = schema[entity].table
        for some in chunks(keys, KEYS_AT_ONCE):
            facts = (table.c.id, table.c.version, table.c.updated_by, table.c.deleted_at)
            wanted = sa.select(table.c.external_key, *facts)
            for row in unit.execute(wanted.where(table.c.external_key.in_(some))):
                trashed = row.deleted_at is not None
                found[row.external_key] = Known(row.id, row.version, row.updated_by, trashed)
    return found


def chunks(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """The items in portions."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _portions(
    items: Sequence[tuple[SeedRecord, list[Command]]], size: int
) -> list[list[tuple[SeedRecord, list[Command]]]]:
    """The items in portions of at most so many commands; each stays whole."""
    portions: list[list[tuple[SeedRecord, list[Command]]]] = []
    room = 0
    for item in items:
        if len(item[1]) > room:
            portions.append([])
            room = size
        portions[-1].append(item)
        room -= len(item[1])
    return portions


def _in_waves(portion: Sequence[tuple[SeedRecord, list[Command]]]) -> Batch:
    """The commands entity by entity, first all that come first, so that many go through the pipeline together."""
    entities = list(dict.fromkeys(record.entity for record, _ in portion))
    waves = [
        (entities.index(record.entity), wave, record, command)
        for record, commands in portion
        for wave, command in enumerate(commands)
    ]
    return [(record, command) for _, _, record, command in sorted(waves, key=lambda w: w[:2])]


def _in_file(problem: Problem, batch: Batch) -> Problem:
    """The problem at the place in the seed file that it is about."""
    place, told = inside(problem)
    record, command = batch[place or 0]
    if isinstance(command, Transition):
        return problem.at(record.place("steps", record.steps.index(command.transition)))
    steps = [int(s[:-1]) if s.endswith("]") else s for s in re.split(r"\.|\[", told.where.path) if s]
    return problem.at(record.place("values", *steps))
