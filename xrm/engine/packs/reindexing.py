"""Titles and the search index over a change of definitions: they tell what is stored now, and nothing that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from xrm.engine.projection.programs import names_read
from xrm.engine.records.searched import TITLE, index_rows
from xrm.engine.records.titling import retitled
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable, Schema
from xrm.engine.storage.ledger import FIELD
from xrm.engine.storage.numbers import Numbers, read_numbers, retire
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.relinkrows import Place
from xrm.engine.storage.rowversions import Versions, read_versions_again
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.shadows import Shadow, read_shadows
from xrm.engine.storage.stamp import bump
from xrm.engine.storage.titlecopies import take
from xrm.engine.storage.turning import in_portions
from xrm.metadata.expressions.environment import Context
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.model import Entity, Field, Model
from xrm.metadata.setting_values import asked_in

AT_ONCE: Final = 1000
NO_SETTINGS: Final[Mapping[str, object]] = {}
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Before:
    """What was searched before a change: the model, its numbers, and what was kept of what had been removed.

    The values of the fields in `turned`, by their present names, have become others, or the keys of their options:
    these are `rekeyed`.
    """

    model: Model | None
    numbers: Numbers
    shadows: Sequence[Shadow]
    turned: Set[tuple[str, str]] = frozenset()
    rekeyed: Set[tuple[str, str]] = frozenset()

    def entity(self, number: int) -> Entity | None:
        """What the entity with this number was."""
        return None if self.model is None else self.model.entities.get(self.numbers.names.get(number, ""))

    def field(self, number: int) -> Field | None:
        """What the field with this number was."""
        entity, name = self.numbers.field_names.get(number, ("", ""))
        was = self.entity(self.numbers.entities.get(entity, 0))
        return was.fields.get(name) if was else None


def before_change(former: Schema | None, numbers: Numbers, plan: SchemaPlan) -> Before:
    """What was searched before the plan."""
    shadows = plan.live.shadows if plan.live else ()
    model = former.model if former else None
    return Before(model, numbers, shadows, plan.turned | plan.rekeyed, plan.rekeyed)


_NOTHING: Final = Before(None, Numbers({}, {}, {}, {}, {}), ())


def organisation_context(model: Model, now: datetime, zone: str) -> Context:
    """What the organisation itself evaluates stored values by."""
    return Context(now.astimezone(ZoneInfo(zone)).date(), now, zone, settings=model.setting_values)


class Done(Protocol):
    """What was made before the lock of one entity: its titles, and words of the search, in other slots of the index."""

    @property
    def number(self) -> int:
        """The number of the entity."""
        ...

    @property
    def slots(self) -> Mapping[str, int]:
        """The slot of each name of which the words were made."""
        ...

    @property
    def versions(self) -> Versions:
        """The versions of the records of which that was made."""
        ...


def follow_values(
    unit: UnitOfWork,
    index: SearchIndex,
    before: Before,
    schema: Schema,
    numbers: Numbers,
    context: Context,
    done: Sequence[Done] = (),
) -> Numbers:
    """Titles say what records hold now, and records are found by it, whatever was searched before the change.

    What a field that comes back held when it was removed is in the index still; then only records that were written
    since are read; and of what was `done` before the lock, those that were written meanwhile. Gives the numbers, with
    the slots that hold what was done.
    """
    ready = {each.number: each for each in done if _take_slots(unit, each, numbers)}
    numbers = read_numbers(unit) if ready else numbers
    for stored in schema:
        number, is_engine = numbers.entities[stored.entity.name], stored.entity.is_engine
        if before.model is not None and number in before.numbers.names and not is_engine:
            compared = Compared(before, stored, numbers, context.settings)
            following = _Following(unit, index, compared, stored, numbers)
            if number in ready:
                following.catch_up(ready[number], context)
            else:
                following.titles(context)
                following.search()
    return numbers


def _take_slots(unit: UnitOfWork, done: Done, numbers: Numbers) -> bool:
    """The words that were made are in force; not so where a new field has got the slot of some."""
    entity = numbers.names[done.number]
    own = {numbers.fields[entity, name]: slot for name, slot in done.slots.items()}
    others = {slot for (e, name), slot in numbers.slots.items() if e == entity and name not in done.slots}
    if others & set(own.values()):
        return False
    for number, slot in own.items():
        unit.execute(sa.update(FIELD).where(FIELD.c.number == number).values(slot=slot))
    return True


@dataclass(frozen=True, slots=True)
class Compared:
    """One entity as it is from now on, beside what it was before."""

    before: Before
    stored: EntityTable
    numbers: Numbers
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def others(self) -> Set[str]:
        """The searched fields of which every record has to be read, and the title if records are called otherwise."""
        entity = self.stored.entity
        numbers = {self.numbers.fields[entity.name, name]: name for name in self._searched}
        return {numbers[n] for n in self.turned | self.new} | (set() if self.is_called_alike else {TITLE})

    @property
    def turned(self) -> Set[int]:
        """The searched fields whose values are others, by their numbers."""
        return {self.numbers.fields[self.stored.entity.name, n] for n in self._other} & set(self.searched)

    @property
    def searched(self) -> Sequence[int]:
        """The searched fields, by their numbers."""
        return [self.numbers.fields[self.stored.entity.name, name] for name in self._searched]

    @property
    def new(self) -> Set[int]:
        """The fields that are searched newly; where words of one are laid, those of another may lie."""
        return {n for n in self.searched if (was := self.before.field(n)) is None or not was.search}

    @property
    def _searched(self) -> Iterator[str]:
        return (field.name for field in self.stored.entity.fields.values() if field.search)

    @property
    def _other(self) -> Set[str]:
        """The fields whose values, or the keys of whose options, are others now."""
        entity = self.stored.entity
        return {
            name
            for name, field in entity.fields.items()
            if (entity.name, name) in self.before.turned or self._has_other_keys(field)
        }

    def _asks_alike(self, was: Entity) -> bool:
        """Whether the settings of which titles are made have the values that they had."""
        known = self.before.model.setting_values if self.before.model else NO_SETTINGS
        asked = asked_in(self.stored.entity.title) | asked_in(was.title)
        return all(self.settings.get(name) == known.get(name) for name in asked)

    def _has_other_keys(self, field: Field) -> bool:
        was = self.before.field(self.numbers.fields[self.stored.entity.name, field.name])
        return was is not None and not {o.key for o in was.options} <= {o.key for o in field.options}

    @property
    def is_called_alike(self) -> bool:
        """Whether titles are made as before, of values as before; not so of what was no entity."""
        entity = self.stored.entity
        was = self.before.entity(self.numbers.entities[entity.name])
        if was is None:
            return False
        now = said_of(entity.title, entity.name, self.numbers)
        is_same = now == said_of(was.title, was.name, self.before.numbers) and self._asks_alike(was)
        return is_same and not names_read(entity.title) & self._other


def said_of(expression: Expression | None, entity: str, numbers: Numbers) -> str:
    """What the expression says of a record of the entity, whatever its fields are called."""

    def number(name: re.Match[str]) -> str:
        return str(numbers.fields.get((entity, name[0]), name[0]))

    return "" if expression is None else _NAME.sub(number, expression.text)


@dataclass(frozen=True, slots=True)
class _Following:
    """One entity that was there before the change, after it."""

    unit: UnitOfWork
    index: SearchIndex
    compared: Compared
    stored: EntityTable
    numbers: Numbers

    def titles(self, context: Context) -> None:
        """Every record is called by what it holds now, and found by that."""
        if not self.compared.is_called_alike:
            self._retitle(_portions(self.unit, sa.select(self.stored.table)), context)

    def search(self) -> None:
        """Records are found by what is searched now, and by the values that they have."""
        compared, new = self.compared, self.compared.new
        if compared.turned:
            self.index_all(None)
        elif new:
            before = compared.before
            still_there = all(_slot(before.numbers, n) == _slot(self.numbers, n) for n in new)
            number = self.numbers.entities[self.stored.entity.name]
            self.index_all(_written_since(before.shadows if still_there else (), number, new))

    def catch_up(self, done: Done, context: Context) -> None:
        """What was made before the lock is in force, and is made of the records that were written since."""
        table = self.stored.table
        if TITLE in done.slots:
            take(self.unit, table)
        read_versions_again(self.unit, str(table.name))
        for ids in in_portions(Place(str(table.name)).written_since(self.unit, done.versions)):
            rows = self.unit.execute(sa.select(table).where(table.c.id.in_(ids))).mappings()
            whole = [dict(row) for row in rows]
            if TITLE in done.slots:
                titles = retitled(self.unit, self.stored, self.numbers, context, iter([whole]))
                whole = list({row["id"]: row for row in (*whole, *next(titles))}.values())
            self._index(whole)

    def _retitle(self, portions: Iterator[Sequence[Mapping[str, Any]]], context: Context) -> None:
        for rows in retitled(self.unit, self.stored, self.numbers, context, portions):
            self._index(rows)

    def index_all(self, since: datetime | None) -> None:
        """The live records, or those that were written since, are found by what is searched of them now."""
        columns = self.stored.table.c
        wanted = sa.select(self.stored.table).where(columns.deleted_at.is_(None))
        if since is None:
            _free_gone(self.unit, self.numbers.entities[self.stored.entity.name])
        else:
            wanted = wanted.where(columns.updated_at >= since)
        for rows in _portions(self.unit, wanted):
            self._index(rows)

    def _index(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """These rows are found by nothing else, so that what is gone has to be read anew when it comes back."""
        if rows:
            _free_gone(self.unit, self.numbers.entities[self.stored.entity.name])
            index_rows(self.unit, self.index, self.stored, self.numbers, rows)


def forget_destroyed(index: SearchIndex, plan: SchemaPlan, schema: Schema | None, unit: UnitOfWork) -> None:
    """The words of what the plan has destroyed are in the index no longer, and its places there are free.

    A field that is defined under its name later is another one, with a history of its own.
    """
    left, numbers = {shadow.number for shadow in read_shadows(unit)}, read_numbers(unit)
    shadows = [s for s in (plan.live.shadows if plan.live else ()) if s.number not in left]
    for shadow in shadows:
        if shadow.is_table and not shadow.is_link and shadow.entity is not None:
            index.remove_entity(unit, shadow.entity)
    kept = (s for s in shadows if s.columns and s.member is not None)
    read = (s for s in kept if _has_slot(numbers, s.member) or _was_searched(s.definition))
    for entity in sorted({s.entity for s in read if s.entity is not None}):
        name = numbers.names.get(entity, "")
        if schema and name in schema.entities and entity not in numbers.gone_entities:
            _Following(
                unit, index, Compared(_NOTHING, schema[name], numbers), schema[name], numbers
            ).index_all(None)
    still = {shadow.member for shadow in read_shadows(unit)}
    retire(unit, {s.member for s in shadows if s.member is not None and s.member not in still})
    bump(unit, model=True)  # whoever has read the numbers reads them again


def _has_slot(numbers: Numbers, member: int | None) -> bool:
    return numbers.field_names.get(member or 0, ("", "")) in numbers.slots


def _free_gone(unit: UnitOfWork, entity: int) -> None:
    """The fields that are gone have no places in the index; one that comes back is read anew."""
    gone = sa.and_(FIELD.c.entity == entity, FIELD.c.gone)
    unit.execute(sa.update(FIELD).where(gone).values(slot=None))


def _slot(numbers: Numbers, field: int) -> int | None:
    return numbers.slots.get(numbers.field_names.get(field, ("", "")))


def _written_since(shadows: Sequence[Shadow], entity: int, fields: Set[int]) -> datetime | None:
    """Since when the index may lack something; None where that is everything."""
    whole = next((s.at for s in shadows if s.is_table and not s.is_link and s.entity == entity), None)
    if whole is not None:
        return whole
    kept = {s.member: s for s in shadows if s.columns and _was_searched(s.definition)}
    times = [kept[number].at if number in kept else None for number in fields]
    return min((at for at in times if at is not None), default=None) if None not in times else None


def _was_searched(definition: Any) -> bool:
    return isinstance(definition, Mapping) and bool(definition.get("search"))


def _portions(unit: UnitOfWork, wanted: sa.Select[Any]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The rows in the order of their ids, so many at a time."""
    ident = wanted.selected_columns["id"]
    wanted, last = wanted.order_by(ident).limit(AT_ONCE), None
    while True:
        chosen = wanted if last is None else wanted.where(ident > last)
        rows = [dict(row) for row in unit.execute(chosen).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]
