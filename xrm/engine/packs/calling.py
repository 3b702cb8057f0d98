"""Titles, and words of the search, that are made before the lock of what is stored and what it becomes.

Whoever holds the lock then makes those of the records alone that were written meanwhile, as their versions tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.packs.reindexing import Before, Compared
from xrm.engine.projection.programs import Program, names_read, program_of
from xrm.engine.records.searched import searched_words
from xrm.engine.records.titling import title_in
from xrm.engine.storage.ahead import Ahead
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable, Schema
from xrm.engine.storage.matching import Match, Past, Standing
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.relinkrows import Place, key_of
from xrm.engine.storage.rowversions import Versions
from xrm.engine.storage.search import SLOTS, TITLE_SLOT, SearchEntries, SearchIndex
from xrm.engine.storage.titlecopies import TITLE, added, put
from xrm.engine.storage.turning import FIRST, PORTION, Conversion, Found, in_portions
from xrm.metadata.expressions.environment import Context
from xrm.metadata.model import STATE_FIELDS, Model

FEW: Final = 200  # records that are left to whoever holds the lock
PASSES: Final = 3
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Called(Ahead):
    """The titles of one entity, and what of its words is laid into which free slots of the index, by name.

    Words in a slot that nothing is known to be in are found by nobody. `versions` are those of the records whose titles
    and words are made.
    """

    stored: EntityTable
    standing: Standing
    number: int
    names: Mapping[int, str]
    context: Context
    index: SearchIndex
    slots: Mapping[str, int]
    versions: Versions = field(default_factory=dict)

    @property
    def is_titled(self) -> bool:
        """Whether records are called otherwise."""
        return TITLE in self.slots

    def told(self) -> str:
        """What it is, for whoever reads the journal."""
        return f"Make {' and '.join(sorted(self.slots))} of {self.standing.live.name} to be found."

    @property
    def leaves(self) -> bool:
        """The titles of before are hidden until they go."""
        return self.is_titled

    def expansions(self, dialect: SqlDialect) -> Iterator[str]:
        """The columns for titles are there."""
        if self.is_titled:
            yield from added(self.stored.table, self.standing.live.name, dialect)

    def fill(self, database: Database) -> None:
        """Every record has its title and words; of those whose values do not fit they are left for the lock."""
        last: UUID | None = FIRST
        while last is not None:
            with database.read() as unit:
                rows = self._portion(unit, last)
                whole = self._as_they_shall_be(unit, rows)
            last = rows[-1]["id"] if len(rows) == PORTION else None
            self._keep(database, whole)

    def catch_up(self, database: Database) -> None:
        """Few of the records that were written meanwhile are left."""
        for _ in range(PASSES):
            with database.read() as unit:
                ids = Place(self.standing.live.name).written_since(unit, self.versions)
            if len(ids) <= FEW:
                return
            for some in in_portions(ids):
                with database.read() as unit:
                    whole = self._as_they_shall_be(unit, self._of(unit, some))
                self._keep(database, whole)

    def over(self) -> None:
        """No version is remembered."""
        self.versions.clear()

    # --- rows as they shall be ------------------------------------------------------------------------

    def _portion(self, unit: UnitOfWork, after: UUID) -> Rows:
        ident, chosen = self._chosen()
        found = unit.execute(chosen.where(ident > after).order_by(ident).limit(PORTION))
        return [dict(row) for row in found.mappings()]

    def _of(self, unit: UnitOfWork, ids: Sequence[UUID]) -> Rows:
        ident, chosen = self._chosen()
        return [dict(row) for row in unit.execute(chosen.where(ident.in_(ids)).order_by(ident)).mappings()]

    def _chosen(self) -> tuple[sa.ColumnClause[Any], sa.Select[Any]]:
        """What is stored, by the names that it shall have."""
        wanted, there = self.stored.table.c, self.standing.columns
        columns = {name: sa.column(there[name], wanted[name].type) for name in there}
        rows = sa.table(self.standing.live.name, *columns.values())
        named = (rows.c[column.name].label(name) for name, column in columns.items())
        return rows.c[there["id"]], sa.select(*named)

    def _as_they_shall_be(self, unit: UnitOfWork, rows: Rows) -> Rows:
        """The rows with what their values become, without those of which one does not fit."""
        empty, ids = dict.fromkeys(self.stored.table.c.keys()), [row["id"] for row in rows]
        whole = {row["id"]: {**empty, **row} for row in rows}
        for turn in self.standing.turned if ids else ():
            made = Conversion(unit.database, turn, self.standing.live.name, Found()).of(unit, ids)
            became = {row.id: turn.stored.split(row.value) for row in made}
            whole = {id_: {**row, **became[id_]} for id_, row in whole.items() if id_ in became}
        return list(whole.values())

    # --- what is made of them -------------------------------------------------------------------------

    def _keep(self, database: Database, rows: Rows) -> None:
        if not rows:
            return
        program = self._program
        titles = {
            r["id"]: title_in(self.stored, self.names, program, self.context, r)
            if self.is_titled
            else r[TITLE]
            for r in rows
        }
        words = self._words([row for row in rows if row["deleted_at"] is None], titles)

        def work(unit: UnitOfWork) -> None:
            if self.is_titled:
                put(unit, self.standing.live.name, titles)
            self.index.lay(unit, words)

        database.transact(work)
        self.versions.update((key_of(database, row["id"]), row["version"]) for row in rows)

    @property
    def _program(self) -> Program | None:
        title = self.stored.entity.title
        return None if title is None else program_of(title)

    def _words(self, rows: Rows, titles: Mapping[UUID, str]) -> SearchEntries:
        records = [{**self.stored.join(row, self.names), TITLE: titles[row["id"]]} for row in rows]
        ids = [row["id"] for row in rows]
        title = self.slots.get(TITLE, TITLE_SLOT)
        return SearchEntries(self.number, ids, searched_words(self.stored.entity, self.slots, records), title)


# --- what can be made so ----------------------------------------------------------------------------


def called_ahead(
    before: Before, schema: Schema, matched: Match, past: Past, index: SearchIndex, context: Context
) -> Iterator[Called]:
    """What of titles and words of the search can be made ahead, for each entity of which some are others."""
    if before.model is None:
        return
    then = foreseen(before.numbers, past, schema.model)
    for stored in schema:
        standing = matched.standings.get(str(stored.table.name))
        number = then.entities[stored.entity.name]
        is_new = number < 0  # its table may be there, of an attempt that was interrupted
        if standing is None or standing.shadow is not None or stored.entity.is_engine or is_new:
            continue
        names = Compared(before, stored, then, context.settings).others
        read = {
            n for name in names for n in ([*names_read(stored.entity.title)] if name == TITLE else [name])
        }
        if names and not _waits(stored, before, read):
            slots = dict(zip(sorted(names), _free_slots(then, stored.entity.name), strict=False))
            if len(slots) == len(names):
                yield Called(stored, standing, number, then.names, context, index, slots)


def foreseen(numbers: Numbers, past: Past, model: Model) -> Numbers:
    """The numbers as they would be, those of new things below zero."""
    which = past.identities
    entities = {name: k.number for name, k in which.entities.items()}
    fields = {part: k.number for part, k in which.fields.items()}
    for place, entity in enumerate(model.entities.values()):
        entities.setdefault(entity.name, -1 - place)
        for member in (*entity.fields, *entity.relationships):
            fields.setdefault((entity.name, member), -1 - len(fields))
    slot_of = {numbers.fields[part]: slot for part, slot in numbers.slots.items()}
    called = {numbers.names[number]: name for name, number in entities.items() if number in numbers.names}
    slots = {part: slot_of[number] for part, number in fields.items() if number in slot_of}
    slots |= {
        (called[e], n): s
        for (e, n), s in numbers.slots.items()
        if e in called and (called[e], n) not in slots
    }
    names, field_names = {n: name for name, n in entities.items()}, {n: part for part, n in fields.items()}
    return Numbers(entities, fields, slots, names, field_names)


def _waits(stored: EntityTable, before: Before, read: Iterable[str]) -> bool:
    """Whether something that they are made of is known with the lock alone: a reference, a state, an option's key."""
    entity = stored.entity
    rekeyed = {name for owner, name in before.rekeyed if owner == entity.name}
    return any(name in entity.relationships or name in STATE_FIELDS or name in rekeyed for name in read)


def _free_slots(numbers: Numbers, entity: str) -> list[int]:
    """Those in which no words are, the last first; numbers for new fields are given from the first on."""
    taken = {slot for (owner, _), slot in numbers.slots.items() if owner == entity}
    taken |= set() if (entity, TITLE) in numbers.slots else {TITLE_SLOT}
    return [slot for slot in reversed(range(SLOTS)) if slot not in taken]
